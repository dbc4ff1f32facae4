"""A log that is read anew in the screen: lines that are here and cannot be had again stay where they are wanted."""

import pytest
from msgspec.structs import replace

from collectors.log_lines import CUT_TEXT, LineKind
from screens import log_feed
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import ORIGINS, POD, HandFollower, hidden, line

GONE = [
    line("FATAL d", 1, 0),
    line("ended: exit 1", 1, 0, LineKind.MARK),
    line("left: the pod has gone", 4, 0, LineKind.MARK),
]
RUN_1 = [line("run 1 begins", 2), line("restarted: exit 137 OOMKilled", 3, 1, LineKind.MARK)]
RUN_2 = [line("run 2 begins", 5), line("run 2 goes on", 6)]
OTHER = [line("healthy", 2.5, 2), line("healthy still", 5.5, 2)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A source of a test gives at once what it has."""
    monkeypatch.setattr(log_feed, "SETTLED_S", 0.05)
    monkeypatch.setattr(log_feed, "ANSWER_S", 0.5)


def texts(app):
    ring = app.screen.pane.feed.ring
    return [ring[number].text for number in range(ring.first, ring.end)]


def of(*parts):
    return [each.text for each in sorted(sum(parts, []), key=lambda each: each.at_ns)]


def are_in(rows, wanted):
    return all(any(words in row for row in rows) for words in wanted)


async def pressed(pilot, keys, wanted):
    """Press keys by which it is read anew, and wait until all that is wanted is there."""
    app, opened = pilot.app, len(pilot.app.doors.opened)
    await pilot.press(*keys)
    await until(pilot, lambda: len(app.doors.opened) == opened + 1)
    await until(pilot, lambda: not app.screen.pane.feed.is_anew and app.screen.pane.feed.shown.complete)
    await until(pilot, lambda: texts(app) == wanted)
    await until(pilot, lambda: are_in(body(app), wanted))


async def test_what_has_gone_stays_among_all_pods_and_is_all_there_is_of_what_failed():
    app = open_desk(lambda selection: GONE if not app.doors.opened else [] if selection.failing else OTHER)
    app.doors.make = lambda selection, some: HandFollower(selection, some, ORIGINS[: 2 if selection.failing else 3])
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        assert texts(app) == of(GONE)
        await pressed(pilot, "a", of(GONE, OTHER))
        await pressed(pilot, "a", of(GONE))
        app.doors.last.give(line("ERROR e", 8, 1))
        await until(pilot, lambda: texts(app) == [*of(GONE), "ERROR e"])
        app.doors.lines = []  # what was healthy has gone, too
        await pressed(pilot, "a", [*of(GONE, OTHER), "ERROR e"])


REVISION = [replace(ORIGINS[0], pod=f"{POD}{end}", init=False) for end in ("fq26d", "bbbbb", "ccccc", "ddddd")]
FATAL = [line("FATAL d", 1, 0), line("ended: exit 1", 1, 0, LineKind.MARK)]


def written(origin, since_s, until_s):
    return [line(f"{REVISION[origin].pod} at {second}", second, origin) for second in range(since_s, until_s)]


def revision(fail, *more):
    """Open logs of pods of one revision that go on writing, ten lines since the last look; the first of them failed.

    Where only what fails is followed that is what ``fail`` says, which write ``more``.
    """
    app = open_desk()

    def make(selection, _):
        followed, since_s = fail() if selection.failing else range(4), 10 * len(app.doors.opened)
        lasting = [written(origin, since_s, since_s + 10) for origin in followed if origin and not selection.failing]
        some = sorted(sum(lasting, [*FATAL, *(more if selection.failing else ())]), key=lambda each: each.at_ns)
        here = [replace(each, origin=list(followed).index(each.origin)) for each in some if each.origin in followed]
        return HandFollower(selection, here, [REVISION[origin] for origin in followed])

    app.doors.make = make
    return app


async def test_pods_of_the_revision_that_serve_are_left_out_again_though_they_go_on_writing():
    app = revision(lambda: (0,))
    async with app.run_test(size=(140, 90)) as pilot:
        await logs(pilot)
        await pressed(pilot, "a", of(FATAL, *(written(each, 10, 20) for each in (1, 2, 3))))
        await pressed(pilot, "a", of(FATAL))
        assert "1 pod " in lines(app)[2] and "failing: vault-agent" in lines(app)[2]
        both = [written(each, since_s, since_s + 10) for each in (1, 2, 3) for since_s in (10, 30)]
        await pressed(pilot, "a", of(FATAL, *both))
        await pressed(pilot, "a", of(FATAL))


async def test_what_a_pod_wrote_stays_that_fails_now_though_it_did_not_when_only_that_was_looked_at():
    fail = [0]
    app = revision(lambda: fail, line("run 2 begins", 60, 2))
    async with app.run_test(size=(140, 90)) as pilot:
        await logs(pilot)
        await pressed(pilot, "a", of(FATAL, *(written(each, 10, 20) for each in (1, 2, 3))))
        fail.append(2)
        await pressed(pilot, "a", [*of(FATAL, written(2, 10, 20)), "run 2 begins"])


async def test_no_line_is_there_twice_and_none_goes_whatever_of_it_comes_again():
    app = open_desk([*RUN_1, *RUN_2])
    app.doors.lines = lambda selection: RUN_2 if app.doors.opened else [*RUN_1, *RUN_2]
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pressed(pilot, "a", of(RUN_1, RUN_2))
        app.doors.lines = [*RUN_2, line("run 2 has more", 7)]
        await pressed(pilot, "a", [*of(RUN_1, RUN_2), "run 2 has more"])
        app.doors.last.give(*RUN_1, line("new", 9))  # a stream that was not free till now
        await until(pilot, lambda: texts(app)[-1] == "new")
        assert texts(app) == [*of(RUN_1, RUN_2), "run 2 has more", "new"]


async def test_a_log_that_cannot_be_opened_again_keeps_what_is_here():
    app = open_desk(RUN_1)
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        app.doors.problem = OSError("the network is away")
        await pilot.press("a")
        await until(pilot, lambda: texts(app) == of(RUN_1) and "the network is away" in text(app))


async def test_the_run_before_has_its_own_lines_and_those_of_all_runs_come_back():
    own = line("the run before", 2)
    app = open_desk(RUN_1)
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        app.doors.lines, app.doors.more["origins"] = [own], [replace(each, previous=True) for each in ORIGINS]
        await pressed(pilot, "p", ["the run before"])
        del app.doors.more["origins"]
        app.doors.lines = RUN_2
        await pressed(pilot, "p", of(RUN_1, RUN_2))


async def test_of_a_shorter_time_only_that_stays_and_of_a_longer_one_all():
    early, late = line("early", 100), line("late", 850, 0)
    app = open_desk([early, late])
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        app.doors.lines = []
        await pressed(pilot, ("s", "down", "enter"), ["late"])
        await pressed(pilot, ("s", "end", "enter"), ["early", "late"])
        await pressed(pilot, ("s", "home", "enter"), ["early", "late"])


async def test_of_the_last_lines_of_each_no_more_than_these_stay_and_where_they_begin_is_said():
    some = [line(f"line {n}", n) for n in range(300)]
    app = open_desk(some)
    async with app.run_test(size=(140, 330)) as pilot:
        await logs(pilot)
        await pressed(pilot, ("s", "end", "enter"), [each.text for each in some])
        app.doors.lines = []
        await pressed(pilot, ("s", "home", "enter"), [CUT_TEXT, *(each.text for each in some[100:])])
        await pressed(pilot, ("s", "end", "enter"), [each.text for each in some])


async def test_the_cursor_stays_on_its_line_and_what_is_hidden_can_be_shown():
    secret = hidden("password=[hidden]", "password=hunter2", 2)
    app = open_desk([secret, *RUN_2])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        app.doors.lines = RUN_2
        await pilot.press("a")
        await until(pilot, lambda: texts(app) == of(RUN_2))
        await pilot.press("up")
        assert screen.pane.feed.ring[screen.pane.view.cursor].text == "run 2 begins"
        await until(pilot, lambda: texts(app) == ["password=[hidden]", *of(RUN_2)])
        await until(pilot, lambda: screen.pane.feed.ring[screen.pane.view.cursor].text == "run 2 begins")
        await pilot.press("R")
        await until(pilot, lambda: "password=hunter2" in text(app))


@pytest.mark.parametrize("wanted", ["a", "p"])
async def test_keys_that_come_before_it_was_read_anew_lose_nothing(wanted):
    app = open_desk([*RUN_1, *RUN_2])
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        app.doors.lines = []
        await pilot.press(wanted, wanted)
        await until(pilot, lambda: texts(app) == of(RUN_1, RUN_2))
