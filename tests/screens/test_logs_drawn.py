"""How lines are drawn in the logs screen, side by side and in full, and how they are taken along."""

import datetime
import threading

import pytest

from collectors.log_lines import NotWholeError
from screens.board import BoardScreen
from screens.copying import CopyScreen
from screens.log_dialogs import LineScreen
from screens.prompts import Prompt
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import HOSTILE, ORIGINS, STORY, line


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


async def test_what_of_a_line_cannot_be_had_any_more_is_said_where_it_is_shown_and_copied():
    app = open_desk([line("x" * 16_384, 1, cut_bytes=43_624)])
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        app.doors.last.problem = NotWholeError("the pod has gone, and its log with it")
        await pilot.press("enter")
        said = "The last 43.6 kB of it are missing: the pod has gone, and its log with it."
        await until(pilot, lambda: said in text(app) and "16,384 characters" in text(app))
        await pilot.press("y")
        await until(pilot, lambda: "What is here of it was copied, if the terminal allows it." in text(app))
        assert text(app).count("43.6 kB of it are missing") == 2 and app.clipboard == "x" * 16_384


async def test_what_is_told_of_a_line_before_its_dialog_is_composed_is_shown_once_it_is():
    app = open_desk()
    async with app.run_test(size=WIDE):
        dialog = LineScreen(line("x" * 50, 1, cut_bytes=100), None, datetime.UTC, reading=True, redacted=True)
        dialog.show_missing("before it is pushed")
        shown = app.push_screen(dialog)
        assert dialog.is_attached and not dialog.children
        dialog.show_missing("The last 100 bytes are missing: no.")
        dialog.show_text("x" * 60)
        await shown
        assert dialog.query_one("#line-missing").display
        for words in ("The last 100 bytes are missing: no.", "x" * 60, "60 characters   y: copy"):
            assert words in text(app)
        assert "reading the rest" not in text(app)


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


@pytest.mark.parametrize(("stand", "leave"), [((), "x"), (("home",), "escape")])
async def test_what_was_picked_is_what_is_put_side_by_side_and_is_there_again_afterwards(stand, leave):
    app = open_desk([*STORY, line("INFO  the newest line, of another container", 490.0)])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press(*stand, "c", *["down"] * 3, "enter")
        await until(pilot, lambda: screen.pane.filters.container == "sidecar" and len(screen.pane.feed.shown) == 2)
        await pilot.press("i", *"GET", "enter")
        picked = screen.pane.filters
        await pilot.press("x")
        await until(pilot, lambda: "and the run before of it" in text(app))
        first = next(each for each in lines(app) if "and the run before of it" in each)
        assert "dmwbp sidecar, and" in first, "not of a line that is not shown"
        await pilot.press(*["down"] * 3, "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        assert app.doors.last.selection.containers == ("sidecar",), "of the other pod, too"
        assert screen.panes[0].filters.names == (ORIGINS[1].pod, "sidecar")
        assert screen.panes[1].request.where[1:] == (ORIGINS[0].pod, "sidecar")
        await pilot.press("tab", leave)
        await until(pilot, lambda: len(screen.panes) == 1)
        assert screen.pane.filters == picked


async def test_what_is_picked_while_two_logs_are_side_by_side_stays():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("x", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        await pilot.press("c", "down", "enter")
        await until(pilot, lambda: screen.pane.filters.container == "vault-agent")
        await pilot.press("x")
        await until(pilot, lambda: len(screen.panes) == 1)
        assert screen.pane.filters.names == ("vault-agent",)


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
