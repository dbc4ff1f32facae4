"""The logs screen as a person opens it: from the board to the lines, waited for, paused, in a flood, closed again."""

import asyncio
import threading

import pytest
from msgspec.structs import replace

from collectors.log_lines import FollowStatus, SoFar, Target
from screens.board import BoardScreen
from screens.choice import Choice
from screens.logs import LogsScreen
from screens.rollout import RolloutScreen
from statusdesk.config import BoardSettings
from tests.screens import boards
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import ORIGINS, line, numbered


async def test_l_on_a_red_cell_shows_what_fails_and_a_all_pods_of_the_app_in_that_stage():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        narrow = app.doors.last.selection
        assert narrow.failing.containers == ("vault-agent",) and narrow.run_before
        assert "failing: vault-agent \u2715  a: all pods" in lines(app)[2]
        await logs(pilot, "a")
        assert app.doors.last.selection.targets == (Target(cluster="eu", namespace="staging", app="orders"),)
        assert app.doors.last.selection.failing is None and "failing:" not in lines(app)[2]
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


async def test_it_is_said_when_what_failed_has_gone_and_what_it_goes_by_is_known_to_the_next_follower():
    app = open_desk(numbered(3))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        so_far = SoFar(there={("eu", "staging"): frozenset({"uid-1"})}, pods=frozenset({("eu", "uid-2")}))
        app.doors.last.now = FollowStatus(listed=True, pods=0, others=2, so_far=so_far)
        await until(
            pilot, lambda: "What failed has gone; 2 pods of which nothing fails are there. One that" in text(app)
        )
        await logs(pilot, "a")
        assert app.doors.last.selection.failing is None
        app.doors.last.now = FollowStatus(listed=True, pods=2, found=True)
        await logs(pilot, "a")
        assert app.doors.last.selection.failing.so_far == so_far
        app.doors.last.now = FollowStatus(listed=True, pods=1, found=True)
        await until(pilot, lambda: "What failed" not in text(app))


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
        await until(pilot, lambda: "The run before has written nothing." in text(app))
        app.doors.last.now = FollowStatus(listed=True, ended=True)
        await until(pilot, lambda: "There is no pod to follow" in text(app))


@pytest.mark.parametrize(
    ("problem", "never"),
    [
        ("eu: 127.0.0.1:6443 answers 503: down", False),
        ("orders-1/app: reader may not read pods/log in staging", False),
        ("orders-1/app: the run before is not kept any more", False),
        ("no previous run of orders-1/app: none has been restarted", True),
    ],
)
async def test_that_there_is_no_run_before_is_said_only_where_that_is_known(problem, never):
    app = open_desk([])
    told = FollowStatus(found=never, listed=True, ended=True, problems=(problem,), unrestarted=never)
    app.doors.more["status"] = told
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("l", "p")
        wanted = "There is no run before." if never else "The run before cannot be read:"
        await until(pilot, lambda: wanted in text(app))
        shown = text(app)
        assert ("There is no run before" in shown) == never
        assert f" {problem} " in shown[shown.index(wanted) :].replace("\n", " ")


async def test_whose_run_before_it_is_is_said_where_only_one_of_several_pods_was_restarted():
    app = open_desk([line("why it died", 1, 0)])
    app.doors.more |= {"origins": ORIGINS[1:2], "status": FollowStatus(found=True, listed=True, ended=True, pods=2)}
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "previous run" in lines(app)[2] and "why it died" in text(app))
        assert "2 pods" in lines(app)[2]
        assert next(each for each in lines(app) if "why it died" in each).split("|")[0].endswith(" dmwbp ")
        app.doors.last.now = replace(app.doors.last.now, pods=1)
        await until(pilot, lambda: "dmwbp" not in text(app))


async def test_at_80_columns_the_remedy_can_be_read_and_that_nothing_is_followed():
    app = open_desk([])
    why = "eu: reader may not read pods/log in staging: " + "kubectl apply -n staging -f rights.yaml; " * 2 + "END"
    app.doors.more["status"] = FollowStatus(open=0, waiting=1, problems=(why,), found=True, listed=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: text(app).count("END") == 2)
        assert "cannot read" in lines(app)[2] and "following" not in lines(app)[2]


async def test_side_by_side_at_80_columns_both_heads_say_whose_they_are_and_what_is_chosen():
    pod = "orchestration-engine-for-the-payment-gateway-eu-region-9hj"
    origins = [replace(each, pod=f"{pod}{each.pod[-5:]}") for each in ORIGINS]
    app = open_desk(numbered(100))
    app.doors.more["origins"] = origins
    async with app.run_test(size=(80, 24)) as pilot:
        await logs(pilot)
        await pilot.press("x", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        await pilot.press("up", "R", "i", *"GET", "enter")
        await until(pilot, lambda: "include: GET" in text(app) and "SECRETS SHOWN" in text(app))
        await pilot.press("up")
        await until(pilot, lambda: lines(app)[2].count("PAUSED") == 1)
        left, right = lines(app)[2][:40], lines(app)[2][40:]
        assert "dmwbp" in left and "dmwbp" in right
        assert "following" in right and "the run before" in right and "the run before" not in left
        assert "previous run" in text(app)


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


async def test_previous_since_and_init_containers_ask_anew():
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
        await until(pilot, lambda: len(screen.pane.feed.origins) == 3)
        await pilot.press("c")
        await until(pilot, lambda: "container sidecar" in text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.doors.last.selection.init)
        assert sum(not follower.closed for follower in app.doors.opened) == 1


async def test_where_the_next_run_has_not_begun_there_is_no_run_before_to_compare_with():
    app = open_desk()
    app.doors.more["status"] = FollowStatus(
        open=3, found=True, listed=True, resting=frozenset((0, 1, 2)), single=frozenset((0, 1, 2))
    )
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "This is the run before already" in text(app))
        assert len(app.doors.opened) == 1
        await pilot.press("x")
        await until(pilot, lambda: "and pod orders-7cc6f9fbf5-" in text(app))
        assert "the run before of it" not in text(app)
        await pilot.press("escape")
        app.doors.last.now = replace(app.doors.last.now, resting=frozenset((1, 2)))
        await until(pilot, lambda: not screen.pane.only_resting)
        await pilot.press("p")
        await until(pilot, lambda: len(app.doors.opened) == 2)


async def test_of_what_was_never_restarted_no_run_before_is_offered():
    app = open_desk()
    app.doors.more["status"] = FollowStatus(open=3, found=True, listed=True, single=frozenset((1, 2)))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("x")
        await until(pilot, lambda: "and pod orders-7cc6f9fbf5-" in text(app))
        assert text(app).count("the run before of it") == 1 and "vault-agent, and the run before of it" in text(app)


async def test_it_is_said_when_a_log_does_not_go_back_to_the_moment_that_was_asked_for():
    app = open_desk([line("INFO  the first that is left", 890.0), line("INFO  later", 895.0)])
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen) and app.screen.view.reading is not None)
        await until(pilot, lambda: app.screen.pod is not None)
        await logs(pilot)
        await until(pilot, lambda: "No line is as early as 09:41:50" in text(app))


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


async def test_the_console_of_a_build():
    app = open_desk([line("Started by timer"), line("Finished: SUCCESS")])
    async with app.run_test(size=WIDE) as pilot:
        app.open_console("deploy-orders", 412)
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "Finished: SUCCESS" in text(app))
        assert app.doors.last.selection == ("deploy-orders", 412)
        assert "deploy-orders #412 \u203a console" in lines(app)[0]
        assert "dmwbp" not in lines(app)[2]
        assert "09:" not in lines(app)[4]  # no room is kept for times that a console has not
        for words in ("previous", "side by side", "containers", "since", "times"):
            assert words not in lines(app)[-1]
        await pilot.press("p", "x", "c", "s")
        assert isinstance(app.screen, LogsScreen) and len(app.doors.opened) == 1


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
