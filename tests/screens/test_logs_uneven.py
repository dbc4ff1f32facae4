"""Pods of unequal rates: of each the last lines are here, and so of each another stretch of time."""

import itertools
import re

import pytest

from collectors.log_lines import CUT_TEXT, FollowStatus, LineKind, LogLine
from screens import log_asking
from screens.log_filter import Filters
from screens.log_saving import save
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, logs, open_desk
from tests.screens.log_hand import ORIGINS, HandFollower, line, numbered

BUSY, QUIET = 1, 2
EVERY = sorted(
    [
        *(line(f"{'ERROR' if n % 100 == 7 else 'INFO'} busy {n}", n * 0.1, BUSY) for n in range(6000)),
        *(line(f"INFO quiet {n}", n * 1.0 + 0.05, QUIET) for n in range(600)),
    ],
    key=lambda each: each.at_ns,
)
"""Ten minutes: of one origin 6,000 lines, of the other 600."""


def cut(first):
    return LogLine(first.at_ns, first.origin, CUT_TEXT, LineKind.CUT)


class TwoPods(HandFollower):
    """Answers as two pods do whose logs are ``EVERY``; those of ``gone`` cannot be asked any more."""

    gone = ()

    def __init__(self, selection, *_, **__):
        tail = selection.tail
        since_ns = (selection.since_ms or 0) * 1_000_000
        own = [[each for each in EVERY if each.origin == origin and each.at_ns >= since_ns] for origin in (BUSY, QUIET)]
        begun = [cut(some[-tail]) if tail and len(some) > tail else None for some in own]
        chosen = [each for some in own for each in some[-tail if tail else 0 :]]
        chosen = sorted([*filter(None, begun), *chosen], key=lambda each: each.at_ns)
        super().__init__(selection, chosen, ORIGINS, FollowStatus(open=2, found=True, listed=True))

    def older(self, before_ns, origins, limit, wanted=None):
        self.asked.append((before_ns, tuple(origins), wanted))
        if set(origins) <= set(self.gone):
            raise OSError("it has gone")
        is_wanted = wanted.of_one() if wanted is not None else bool
        there = [each for each in EVERY if each.origin in origins and each.origin not in self.gone]
        return [each for each in there if each.at_ns < before_ns and is_wanted(each)][-limit:]


@pytest.fixture
def app():
    made = open_desk()
    made.doors.make = TwoPods
    return made


def here(screen, origin):
    ring = screen.pane.feed.ring
    every = [ring[number] for number in range(ring.first, ring.end)]
    return [each.text for each in every if each.origin == origin and each.kind == LineKind.LINE]


def of(origin, pattern=""):
    return [each.text for each in EVERY if each.origin == origin and re.search(pattern, each.text)]


async def older(pilot, app, asked):
    count = len(app.doors.last.asked)
    await pilot.press("o")
    await until(pilot, lambda: len(app.doors.last.asked) >= count + asked and not app.screen.pane.busy)


async def test_further_back_is_asked_of_each_from_its_own_first_line(app):
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        assert "are missing" not in text(app), "what is in sight at the end has no hole"
        await pilot.press("home")
        await until(pilot, lambda: "before 09:36:50 lines of orders-7cc6f9fbf5-dmwbp/app are missing: o" in text(app))
        await older(pilot, app, 2)
        busy, quiet = here(screen, BUSY), here(screen, QUIET)
        assert busy == of(BUSY)[-len(busy) :], "no line between those that are here is missing"
        assert quiet == of(QUIET)[-len(quiet) :] and len(busy) + len(quiet) == 2400 and len(busy) > 2000
        while len(here(screen, BUSY)) < 6000:
            await older(pilot, app, 1)
        assert here(screen, QUIET) == of(QUIET) and here(screen, BUSY) == of(BUSY)
        await older(pilot, app, 1)
        await until(pilot, lambda: "There is nothing further back." in text(app))
        assert "are missing" not in text(app)


async def test_what_the_filters_look_for_is_found_before_the_first_line_of_each(app):
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *"ERROR", "enter")
        await older(pilot, app, 2)
        assert [each for each in here(screen, BUSY) if "ERROR" in each] == of(BUSY, "ERROR")
        await until(pilot, lambda: "58 older lines" in text(app))
        assert len(here(screen, QUIET)) == 200
        await older(pilot, app, 1)
        await until(pilot, lambda: "nothing further back that the filters look for" in text(app))


async def test_what_was_asked_of_one_alone_hides_no_hole_of_the_other(app):
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        screen.set_filters(Filters(container="sidecar"))
        await older(pilot, app, 1)
        assert here(screen, QUIET) == of(QUIET) and len(here(screen, BUSY)) == 200
        screen.set_filters(Filters())
        await older(pilot, app, 2)
        busy, quiet = here(screen, BUSY), here(screen, QUIET)
        assert busy == of(BUSY)[-len(busy) :] and len(busy) > 1000
        assert quiet == of(QUIET)[-len(quiet) :]


async def test_one_that_has_gone_keeps_its_lines_and_the_other_is_asked(app):
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        app.doors.last.gone = (BUSY,)
        await older(pilot, app, 2)
        assert here(screen, BUSY) == of(BUSY)[-200:] and here(screen, QUIET) == of(QUIET)
        await until(pilot, lambda: "it has gone" in text(app) and "are missing: o asks for them" in text(app))


async def go_to(pilot, screen, moment):
    await pilot.press("t")
    await until(pilot, lambda: pilot.app.screen is not screen)
    await pilot.press(*moment, "enter")
    await until(pilot, lambda: pilot.app.screen is screen)


async def test_a_time_before_the_first_line_of_one_is_read_again_and_told_as_the_last_that_was_asked(app):
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await go_to(pilot, screen, "09:37:00")
        assert len(app.doors.opened) == 1
        await go_to(pilot, screen, "09:35")
        await until(pilot, lambda: len(app.doors.opened) == 2 and "around 09:35:00 UTC" in lines(app)[2])
        await until(pilot, lambda: len(here(screen, BUSY)) == 2500)
        await go_to(pilot, screen, "09:34")
        await until(pilot, lambda: "around 09:34:00 UTC" in lines(app)[2])
        assert len(app.doors.opened) == 2


async def test_a_time_that_a_full_view_has_no_room_for_is_read_again():
    app = open_desk(numbered(100), log_lines=100)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("home")
        app.doors.last.give(*numbered(400, 100))
        await until(pilot, lambda: screen.pane.feed.ring.missed_ever == 400)
        await go_to(pilot, screen, "09:32:30")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        assert app.doors.last.selection.since_ms == line("", 200).at_ns // 1_000_000


CRASHED = [line(f"before {n}", n * 0.1) for n in range(1000)]
AGAIN = [line(f"after {n}", 200 + n // 150) for n in range(1000)]
"""Two runs of one container: of the second there are 150 lines of each moment."""


class TwoRuns(HandFollower):
    """Answers as a container does that has crashed: of each of its runs the last lines are here."""

    def __init__(self, selection, *_, **__):
        restarted = LogLine(CRASHED[-1].at_ns, 1, "restarted: exit 137 OOMKilled", LineKind.MARK)
        story = [cut(CRASHED[-200]), *CRASHED[-200:], restarted, cut(AGAIN[-200]), *AGAIN[-200:]]
        super().__init__(selection, story, ORIGINS, FollowStatus(open=1, found=True, listed=True))

    def older(self, before_ns, origins, limit, wanted=None):
        self.asked.append((before_ns, tuple(origins), wanted))
        return [each for each in (*CRASHED, *AGAIN) if each.at_ns < before_ns and each.origin in origins][-limit:]


async def test_the_lines_between_a_restart_and_the_last_ones_of_the_run_are_told_and_fetched(app, tmp_path):
    app.doors.make = TwoRuns
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await until(pilot, lambda: len(screen.pane.feed.ring) == 403)
        await pilot.press("home")
        await until(pilot, lambda: "older lines of this run are not here: o asks for them" in text(app))
        assert "lines of orders-7cc6f9fbf5-dmwbp/app are missing: o asks for them" in text(app)
        saved, whole = tmp_path / "saved", screen.pane.feed.follower.whole
        ring = screen.pane.feed.ring
        save(saved, [ring[number] for number in range(ring.first, ring.end)], ORIGINS, whole)
        marked = [at for at, each in enumerate(saved.read_text().splitlines()) if "are not here" in each]
        assert marked == [0, 202], "at the head, and where the second run begins"
        await older(pilot, app, 2)
        every = [ring[number].text for number in range(ring.first, ring.end)]
        restarted = "restarted: exit 137 OOMKilled"
        assert every == [*(each.text for each in CRASHED), restarted, *(each.text for each in AGAIN)]
        await until(pilot, lambda: "1,600 older lines" in text(app))


async def test_more_lines_than_are_asked_for_at_a_time_are_marked_as_missing_until_they_are_here(app, monkeypatch):
    monkeypatch.setattr(log_asking, "MOST_OLDER", 300)
    app.doors.make = TwoRuns
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await until(pilot, lambda: len(screen.pane.feed.ring) == 403)
        ring = screen.pane.feed.ring
        for _ in range(6):
            await older(pilot, app, 1)
            every = [ring[number] for number in range(ring.first, ring.end)]
            for before, after in itertools.pairwise(every):
                numbers = [int(each.text.split()[-1]) for each in (before, after) if each.kind == LineKind.LINE]
                assert len(numbers) < 2 or numbers[0] + 1 == numbers[1], "what is missing is told"
        assert [each.text for each in every if not each.kind] == [each.text for each in (*CRASHED, *AGAIN)]
        assert not [each for each in every if each.kind == LineKind.CUT]


def test_what_one_question_knows_is_not_known_to_the_next():
    first, second = (log_asking.Asking(1, Filters()) for _ in range(2))
    first.edge[1, BUSY, "busy"] += 1
    assert not second.edge and not log_asking.Asking(1, Filters()).edge
