"""The logs screen as a person uses it: from the board to the line, filtered, paused, side by side, taken along."""

import asyncio
import threading

import pytest
from msgspec.structs import replace

from collectors.log_lines import FollowStatus, Target
from screens.board import BoardScreen
from screens.choice import Choice
from screens.copying import CopyScreen
from screens.log_dialogs import LineScreen
from screens.logs import LogsScreen
from screens.prompts import Prompt
from screens.rollout import RolloutScreen
from statusdesk.config import BoardSettings
from tests.screens import boards, rollouts
from tests.screens.desk import desk, lines, text, until
from tests.screens.log_hand import HOSTILE, STORY, HandDoors, line, numbered

WIDE = (140, 40)


def open_desk(lines=STORY, board=None, **more):
    doors = HandDoors(lines)
    app = desk(board or rollouts.failing_init(), readings=rollouts.READINGS, logs=doors, **more)
    app.doors = doors
    return app


async def logs(pilot, key="l"):
    """Open the logs and wait until all lines are on the screen."""
    app = pilot.app
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, LogsScreen) and bool(app.doors.opened))
    await until(pilot, lambda: not app.doors.last._lines and app.screen.pane.feed.shown.complete)
    await pilot.pause()
    return app.screen


def body(app):
    """Return the lines of the log that are in sight."""
    return [each for each in lines(app)[3:-1] if each]


async def test_l_on_a_red_cell_shows_what_fails_and_a_all_pods_of_the_app_in_that_stage():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        assert app.doors.last.selection.containers == ("vault-agent",) and app.doors.last.selection.run_before
        assert "failing: vault-agent \u2715  a: all pods" in lines(app)[2]
        await logs(pilot, "a")
        assert app.doors.last.selection.targets == (Target(cluster="eu", namespace="staging", app="orders"),)
        assert not app.doors.last.selection.containers and "failing:" not in lines(app)[2]
        assert "a: only vault-agent" in lines(app)[2]
        assert app.doors.last.started and app.doors.threads[0] is not threading.main_thread()
        shown = lines(app)
        assert "staging \u203a orders \u203a logs" in shown[0]
        assert " following  2 pods, 3 containers  last 200 lines of each" in shown[2]
        assert shown[3].startswith(" 09:35:10.000 fq26d vault-agent | [INFO]  authenticating to https://vault:8200")
        assert "-- fq26d vault-agent restarted: exit 1 Error (5th) --" in shown[7]
        assert "| WARN  slow query took_s=1.2 trace=8c1d" in shown[9]
        assert "no connection  [+4] Caused by: java.net.ConnectException: refused" in shown[11]
        assert "-- 12,304 lines skipped here --" in shown[12]
        assert shown[15].endswith("\u22ef")
        assert "f follow" in shown[-1] and "e exclude" in shown[-1] and "x side by side" in shown[-1]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        assert app.doors.last.closed


async def test_nothing_of_a_log_goes_on_after_the_end():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("q")
    assert app.doors.last.closed and app.return_code == 0


async def test_a_log_that_is_left_while_it_is_opened_is_closed_when_it_opens():
    app = open_desk()
    app.doors.may_open.clear()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "Opening the log" in text(app) and bool(app.doors.threads))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        app.doors.may_open.set()
        await until(pilot, lambda: bool(app.doors.opened) and app.doors.last.closed)
        assert not app.doors.last.started


async def test_what_cannot_be_opened_says_why():
    app = open_desk()
    app.doors.problem = LookupError("there is no cluster 'eu' [/x]")
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "there is no cluster 'eu' [/x]" in text(app))
        assert "ended" in lines(app)[2]


async def test_what_is_waited_for_is_said():
    app = open_desk([])
    waiting = FollowStatus(open=0, waiting=1, waiting_for=("fq26d app: PodInitializing",), found=True, listed=True)
    app.doors.more["status"] = waiting
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "waiting for fq26d app: PodInitializing" in text(app))
        assert "1 waiting" in lines(app)[2]
        app.doors.last.now = replace(waiting, problems=("eu: 403 no access to pods/log",))
        await until(pilot, lambda: "eu: 403 no access to pods/log  (and 1 more)" in text(app))
        app.doors.last.now = FollowStatus(found=False, listed=True)
        await until(pilot, lambda: "What failed has gone" in text(app))
        await pilot.press("a")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        app.doors.last.now = FollowStatus(found=False, listed=True)
        await until(pilot, lambda: "There is no pod to follow" in text(app))
        await pilot.press("p")
        await until(pilot, lambda: len(app.doors.opened) == 3)
        app.doors.last.now = FollowStatus(found=True, listed=True, ended=True)
        await until(pilot, lambda: "There is no run before." in text(app))


async def test_moving_up_pauses_and_counts_what_is_new():
    app = open_desk(numbered(100))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        assert "/orders/99 " in body(app)[-1]
        await pilot.press("up")
        before = body(app)
        app.doors.last.give(*numbered(20, 100), *numbered(1184, 120, every_s=10.0))
        await until(pilot, lambda: "PAUSED  +1,184 new" in lines(app)[2])
        assert body(app) == before
        await pilot.press("f")
        await until(pilot, lambda: "/orders/1303 " in body(app)[-1])
        assert "following" in lines(app)[2]
        await pilot.press("home")
        await until(pilot, lambda: "/orders/0 " in body(app)[0])
        await pilot.press("G")
        await until(pilot, lambda: "/orders/1303 " in body(app)[-1])
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: "/orders/1303 " not in text(app))


async def test_a_paused_view_stays_in_a_flood_and_what_had_no_room_is_told():
    app = open_desk(numbered(900), log_lines=1000)
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("up")
        before = body(app)
        for start in range(900, 5900, 500):
            app.doors.last.give(*numbered(500, start))
        await until(pilot, lambda: "skipped" in lines(app)[2])
        await until(pilot, lambda: not app.doors.last._lines)
        assert body(app) == before
        await pilot.press("f")
        await until(pilot, lambda: "lines skipped here" in text(app))


async def test_filters_are_live_and_can_be_taken_away():
    app = open_desk(numbered(5000))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *"/42\\d\\b")
        await until(pilot, lambda: "include: /42\\d\\b \u2715" in lines(app)[2])
        await until(pilot, lambda: screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 10, "it filters while one types"
        await pilot.press("escape")
        await until(pilot, lambda: "include" not in lines(app)[2] and screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 5000
        await pilot.press("i", *"/42\\d\\b", "enter", "e", *"425", "enter")
        await until(pilot, lambda: "exclude: 425 \u2715" in lines(app)[2] and screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 9
        app.doors.last.give(line("INFO GET /427 again", 9000), line("INFO else", 9001))
        await until(pilot, lambda: len(screen.pane.feed.shown) == 10)
        await pilot.press("backspace")
        await until(pilot, lambda: "exclude" not in lines(app)[2])
        x = lines(app)[2].index("include")
        await pilot.click("#log-bar-0", offset=(x + 2, 0))
        await until(pilot, lambda: not screen.pane.filters.any)


async def test_what_the_filters_let_nothing_through_is_said():
    app = open_desk(numbered(17))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("i", *"zebra", "enter")
        await until(pilot, lambda: "The filters let none of the lines through: 17 are here" in text(app))


async def test_letters_that_come_fast_go_to_the_filter():
    from textual import events

    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        for key in "iERROR":
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: bool(screen.pane.filters.includes))
        assert screen.pane.filters.includes[0].text == "ERROR"
        await until(pilot, lambda: len(body(app)) == 4)
        assert all("ERROR" in each or "-- " in each for each in body(app)), "what is missing is never filtered away"
        assert "/ search" in lines(app)[-1]


async def test_plain_text_and_what_is_no_expression():
    app = open_desk(HOSTILE)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", "left_square_bracket", "slash", "x", "enter")
        await until(pilot, lambda: 'include: "[/x" \u2715' in lines(app)[2])
        await until(pilot, lambda: "taken as text" in text(app))
        await pilot.press("backspace", "i", "a", "full_stop", "ctrl+r", "enter")
        await until(pilot, lambda: 'include: "a." \u2715' in lines(app)[2])
        assert not screen.pane.filters.includes[0].regex


async def test_only_what_is_not_well():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "not well \u2715" in lines(app)[2])
        assert not any("INFO" in each or "DEBUG" in each for each in body(app))
        assert any("FATAL" in each for each in body(app)) and any("slow query" in each for each in body(app))


async def test_search_goes_up_first_and_then_both_ways():
    app = open_desk(numbered(3000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        view = screen.pane.view
        await pilot.press("slash", *"00 200", "enter")
        await until(pilot, lambda: view.cursor == 2900 and not view.following)
        assert "/00 200" in lines(app)[2]
        await pilot.press("N")
        await until(pilot, lambda: view.cursor == 2800)
        await pilot.press("n", "n")
        await until(pilot, lambda: view.cursor == 100)
        await until(pilot, lambda: "Again from the other end" in text(app))
        await pilot.press("escape")
        assert screen.pane.search is None and app.screen is screen
        await pilot.press("slash", *"zebra", "enter")
        await until(pilot, lambda: "No line here has /zebra" in text(app))


async def test_further_back_is_asked_with_what_the_filters_look_for():
    app = open_desk(numbered(50, 1000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        app.doors.last.older_lines = numbered(30, 100)
        await pilot.press("i", *"GET", "enter", "o")
        await until(pilot, lambda: "30 older lines" in text(app))
        [(what, before_ns, _, pattern, thread)] = app.doors.last.asked
        assert (what, before_ns, pattern) == ("older", numbered(1, 1000)[0].at_ns, "GET")
        assert thread != threading.main_thread().name
        assert len(screen.pane.feed.shown) == 80 and "/orders/129 " in text(app)
        app.doors.last.older_lines, app.doors.last.problem = [], OSError("the network is away")
        await pilot.press("o")
        await until(pilot, lambda: "the network is away" in text(app))


async def test_a_trace_and_a_line_in_full():
    app = open_desk([*STORY, line("x" * 16_384, 486.0, cut_bytes=4_900_000)])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        assert "    at com" not in text(app)
        for _ in range(20):
            if "IllegalState" in (screen.line() or STORY[0]).text:
                break
            await pilot.press("up")
        await pilot.press("enter")
        await until(pilot, lambda: "    at com.example.Orders.store(Orders.java:88)" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "    at com" not in text(app))
        await pilot.press("z")
        await until(pilot, lambda: "    at com" in text(app))
        app.doors.last.whole_text = "x" * 16_384 + "the end" + "z" * 4_900_000
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await until(pilot, lambda: "4,916,391 characters" in text(app))
        assert app.doors.last.asked[-1][2] != threading.main_thread().name
        await pilot.press("y")
        await until(pilot, lambda: len(app.clipboard) == 4_916_391)
        await pilot.press("escape")
        assert app.screen is screen


async def test_wrap_times_raw_wide_and_sideways():
    app = open_desk()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await logs(pilot)
        await pilot.press("w")
        await until(pilot, lambda: sum("INFO  x" in each for each in body(app)) >= 2)
        await pilot.press("w", "right")
        await until(pilot, lambda: "authenticating" not in text(app))
        await pilot.press("left", "r")
        await until(pilot, lambda: '{"level":"warn"' in text(app))
        await pilot.press("T")
        await until(pilot, lambda: "   6m fq26d" in text(app) or "   7m fq26d" in text(app))
        await pilot.press("T")
        await until(pilot, lambda: any(each.startswith(" fq26d") for each in body(app)))
        await pilot.press("T", "W")
        await until(pilot, lambda: any(each.startswith("[INFO]  auth") for each in lines(app)[:3]))
        await pilot.press("escape")
        await until(pilot, lambda: "statusdesk" in lines(app)[0])


async def test_times_of_another_zone_and_of_utc():
    app = open_desk(timezone="Europe/Berlin")
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        assert body(app)[0].startswith(" 10:35:10.000")
        await pilot.press("T")
        await until(pilot, lambda: body(app)[0].startswith(" 09:35:10.000"))


async def test_previous_since_secrets_and_init_containers_ask_anew():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        first = app.doors.last
        await pilot.press("p")
        await until(pilot, lambda: app.doors.last.selection.previous and first.closed)
        await until(pilot, lambda: "previous run" in lines(app)[2])
        await pilot.press("p", "s")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: app.doors.last.selection.since_ms == boards.NOW - 900_000)
        assert app.doors.last.selection.tail is None
        await until(pilot, lambda: "since 15m" in lines(app)[2])
        await pilot.press("R")
        await until(pilot, lambda: not app.doors.last.selection.redact)
        await until(pilot, lambda: "SECRETS SHOWN" in lines(app)[2])
        await until(pilot, lambda: len(screen.pane.feed.origins) == 3)
        await pilot.press("c")
        await until(pilot, lambda: "container sidecar" in text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.doors.last.selection.init)
        assert sum(not follower.closed for follower in app.doors.opened) == 1


async def test_one_container_is_picked_from_what_is_here():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("c", "down", "down", "down", "enter")
        await until(pilot, lambda: "only sidecar \u2715" in lines(app)[2])
        assert len(screen.pane.feed.shown) == 2 and len(app.doors.opened) == 1


@pytest.mark.parametrize("downs", [0, 3])
async def test_side_by_side(downs):
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("home", "x")
        await until(pilot, lambda: "vault-agent, and the run before of it" in text(app))
        await pilot.press(*["down"] * downs, "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2 and app.doors.last.started)
        selection = app.doors.last.selection
        assert selection.previous is (downs == 0)
        assert selection.targets[0].pods == ("orders-7cc6f9fbf5-" + ("fq26d" if downs == 0 else "dmwbp"),)
        await until(pilot, lambda: len(screen.panes[1].feed.shown) > 5)
        await pilot.pause()
        assert screen.panes[0].size.width == screen.panes[1].size.width == 70
        assert all(len(each) <= 140 for each in lines(app))
        await pilot.press("tab")
        await until(pilot, lambda: screen.panes[1].view.has_focus)
        await pilot.press("exclamation_mark")
        assert screen.panes[1].filters.grave and not screen.panes[0].filters.grave
        await pilot.press("x")
        await until(pilot, lambda: len(screen.panes) == 1 and app.doors.opened[1].closed)
        assert not app.doors.opened[0].closed
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))


async def test_copying_what_is_in_sight_from_a_mark_and_one_line():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("C")
        await until(pilot, lambda: isinstance(app.screen, CopyScreen))
        assert "13 lines" in text(app) and app.clipboard.count("\n") == 12
        await pilot.press("escape", "home", "m", "down", "down", "C")
        await until(pilot, lambda: isinstance(app.screen, CopyScreen))
        assert [each.partition("| ")[2] for each in app.clipboard.splitlines()] == [each.text for each in STORY[:3]]
        assert app.clipboard.startswith("2025-11-22T09:35:10.000Z orders-7cc6f9fbf5-fq26d/vault-agent | [INFO]")
        await pilot.press("escape", "y")
        await until(pilot, lambda: app.clipboard.endswith("403"))
        await pilot.press("escape", "end", "apostrophe")
        await until(pilot, lambda: app.screen.pane.view.cursor == 0)
        assert body(app)[0].startswith("*")


async def test_saving_asks_where_and_never_writes_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = open_desk()
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await logs(pilot)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        saved = tmp_path / "staging-orders-20251122-094210.log"
        await until(pilot, lambda: "17 lines saved to" in text(app))
        await app.workers.wait_for_complete()
        assert len(saved.read_text().splitlines()) == 17
        await pilot.press("i", *"ERROR", "enter", "S")
        await until(pilot, lambda: "what the filters let through: 4 lines" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: "choose another name" in text(app))
        await pilot.press(*"2", "enter")
        await until(pilot, lambda: (tmp_path / f"{saved.name}2").exists())
        await app.workers.wait_for_complete()
        assert len((tmp_path / f"{saved.name}2").read_text().splitlines()) == 4


async def test_a_pod_of_a_rollout_opens_at_the_moment_of_its_failure():
    late = numbered(4000, 0, 0.25)
    app = open_desk(late)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen) and app.screen.view.reading is not None)
        await until(pilot, lambda: app.screen.pod is not None)
        assert app.screen.pod.name.endswith("8x2lm")
        screen = await logs(pilot)
        selection = app.doors.last.selection
        assert selection.targets == (Target(cluster="eu", namespace="staging", pods=("orders-7cc6f9fbf5-8x2lm",)),)
        failed = boards.NOW - 20_000
        assert selection.since_ms == failed - 120_000 and selection.tail is None
        await until(pilot, lambda: not screen.pane.view.following)
        at_ns = screen.pane.feed.ring[screen.pane.view.cursor].at_ns
        assert 0 <= at_ns - failed * 1_000_000 <= 1_000_000_000
        assert "around 09:41:50 UTC" in lines(app)[2]
        await pilot.press("escape", "L")
        await until(pilot, lambda: "init vault-agent: the run before, exit 1" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        assert app.doors.last.selection.containers == ("vault-agent",) and app.doors.last.selection.previous


async def test_a_time_that_is_here_and_one_that_is_not():
    app = open_desk(numbered(1000))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"09:30", "enter")
        await until(pilot, lambda: app.screen is screen and screen.pane.view.cursor == 340)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"08:30", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        assert app.doors.last.selection.since_ms == boards.NOW - 72 * 60_000 - 10_000 - 120_000


async def test_the_console_of_a_build():
    app = open_desk([line("Started by timer"), line("Finished: SUCCESS")])
    async with app.run_test(size=WIDE) as pilot:
        app.open_console("deploy-orders", 412)
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "Finished: SUCCESS" in text(app))
        assert app.doors.last.selection == ("deploy-orders", 412, True)
        assert "deploy-orders #412 \u203a console" in lines(app)[0]


async def test_workloads_open_logs_too():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("w")
        await until(pilot, lambda: "WORKLOAD" in text(app))
        await logs(pilot, "p")
        assert app.doors.last.selection.previous and app.doors.last.selection.targets[0].namespace == "staging"


async def test_keys_are_answered_in_a_flood():
    app = open_desk([])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *"GET", "enter")
        for start in range(0, 40_000, 4000):
            app.doors.last.give(*numbered(4000, start, 0.001))
        began = asyncio.get_running_loop().time()
        await pilot.press("f")
        assert not screen.pane.view.following and asyncio.get_running_loop().time() - began < 2
        await until(pilot, lambda: not app.doors.last._lines)
        assert BoardSettings().log_lines == 100_000


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (140, 40)])
async def test_hostile_lines(size):
    app = open_desk(HOSTILE)
    async with app.run_test(size=size) as pilot:
        await logs(pilot)
        for key in ("w", "T", "r", "W", "W", "home", "right", "left", "z", "enter", "escape", "slash", "x", "enter"):
            await pilot.press(key)
            assert "\x1b" not in text(app)
        assert "hunter2" not in text(app)


async def test_ascii():
    app = open_desk(ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await logs(pilot)
        for keys in (("up",), ("x",), ("escape",), ("i", "e"), ("enter",), ("c",), ("escape",), ("exclamation_mark",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert text(app).isascii(), [each for each in text(app) if not each.isascii()]
