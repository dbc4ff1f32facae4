"""What a view does not hold of a log is said where it is missing: on the screen, and in what is saved of it."""

import pytest

from collectors.log_lines import LineKind, LogLine
from screens.log_missing import said_before
from screens.log_ring import OF_ALL, LogRing
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import line, numbered


async def saved(pilot, path, *choose):
    """Save what is here, and return the lines of the file; ``choose``: the keys that say which of it."""
    app = pilot.app
    await pilot.press("S")
    if choose:
        await until(pilot, lambda: "everything that is here" in text(app))
        await pilot.press(*choose)
    await until(pilot, lambda: "Save to" in text(app))
    await pilot.press("ctrl+u", *str(path), "enter")
    await until(pilot, lambda: app.screen.query("LogPane") and path.exists())
    await app.workers.wait_for_complete()
    return [each.partition("Z ")[2] for each in path.read_text().splitlines()]


async def opened_again(pilot, *keys):
    """Press keys that open the log anew, and wait until its lines are here."""
    app = pilot.app
    count = len(app.doors.opened)
    await pilot.press(*keys)
    await until(pilot, lambda: len(app.doors.opened) > count and not app.doors.last._lines)


@pytest.mark.parametrize("count", [100, 400])
async def test_lines_that_had_to_make_room_are_told_at_the_top_and_in_files(tmp_path, count):
    gone = count > 100
    app = open_desk(numbered(count), log_lines=100)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await opened_again(pilot, "s", "end", "enter")
        told = "-- 300 older lines not held any more"
        await until(pilot, lambda: ("only 100 lines held" if gone else "all there is") in lines(app)[2])
        assert told not in text(app), "at the end it is not seen"
        await pilot.press("home")
        await until(pilot, lambda: f"/orders/{count - 100} " in text(app))
        assert (f"{told}: o asks for them --" in body(app)[0]) is gone
        assert screen.pane.view.cursor == count - 100, "what is said is no line to stand on"
        every = await saved(pilot, tmp_path / "a")
        assert (every[0] == told) is gone and len(every) == 100 + gone
        await pilot.press("i", *"/99 ", "enter")
        await until(pilot, lambda: len(screen.pane.feed.shown) == (0 if gone else 1))
        assert [each.startswith(told) for each in await saved(pilot, tmp_path / "b", "enter")] == [gone]


async def test_lines_that_had_to_make_room_are_not_told_any_more_when_they_are_back(tmp_path):
    every = numbered(120)
    app = open_desk(every, log_lines=100)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        app.doors.last.older_lines = every[:20]
        await pilot.press("home")
        await until(pilot, lambda: "-- 20 older lines not held any more" in body(app)[0])
        await pilot.press("o")
        await until(pilot, lambda: len(screen.pane.feed.ring) == 120)
        await pilot.press("home")
        await until(pilot, lambda: "/orders/0 " in body(app)[0])
        assert len(await saved(pilot, tmp_path / "a")) == 120


async def test_lines_that_come_while_the_view_is_paused_are_told_at_the_end_of_files(tmp_path):
    app = open_desk(numbered(100), log_lines=100)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("home")
        app.doors.last.give(*numbered(400, 100))
        await until(pilot, lambda: screen.pane.feed.ring.missed == 400)
        every = await saved(pilot, tmp_path / "a")
        assert every[-1] == "-- 400 lines skipped here: no room for what came while the view was paused"
        assert len(every) == 101 and "/orders/99 " in every[-2]


def test_older_lines_that_had_no_room_and_those_that_went_for_new_ones_are_counted():
    ring = LogRing(100)
    ring.extend(numbered(50, 1000))
    assert ring.prepend(numbered(1000)) == 75 and ring.lines_before == 925
    ring.extend(numbered(60, 1050))
    assert len(ring) == 100 and ring.lines_before == 925 + 85
    ring = LogRing(100)
    ring.extend(numbered(50, 1000))
    assert ring.prepend(numbered(40, 960)) == 40 and ring.lines_before == 0
    ring.extend([line(f"new {n}", 2000 + n) for n in range(20)])
    assert ring.lines_before == 10, "ten that had been fetched made room"


async def test_what_was_read_from_a_moment_on_says_so_in_files_until_older_lines_are_here(tmp_path):
    app = open_desk(numbered(100))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        assert "| INFO" in (await saved(pilot, tmp_path / "a"))[0]
        await pilot.press("t")
        await until(pilot, lambda: app.screen is not screen)
        await opened_again(pilot, *"09:20", "enter")
        await saved(pilot, tmp_path / "b")
        first = (tmp_path / "b").read_text().splitlines()[0]
        assert first == "2025-11-22T09:18:00.000Z -- older lines were not asked for"
        await pilot.press("i", *"/99 ", "enter")
        assert (await saved(pilot, tmp_path / "c", "enter"))[0] == "-- older lines were not asked for"
        await pilot.press("backspace", "o")
        await until(pilot, lambda: "There is nothing further back." in text(app))
        assert "| INFO" in (await saved(pilot, tmp_path / "d"))[0]


def test_what_the_first_line_says_itself_is_not_said_twice():
    ring, gone = LogRing(10), numbered(20)
    ring.extend(gone)
    assert said_before(ring).text == "10 older lines not held any more"
    ring.prepend([LogLine(gone[9].at_ns, OF_ALL, "older lines are not here", LineKind.CUT), gone[9]])
    assert ring.lines_before == 9 and said_before(ring) is None
