"""A source that is slow at the first opening of a log: its lines stand below younger ones until a place is sought."""

import time
from itertools import pairwise
from operator import attrgetter
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.log_lines import CUT_TEXT, LineKind, PartlyReadError
from screens import log_asking
from screens.log_asking import read_older
from screens.log_feed import LogFeed
from screens.log_filter import Filters
from screens.log_order import set_in_order
from screens.log_request import LogRequest
from screens.log_ring import OF_ALL
from tests.screens.desk import until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import HandDoors, HandFollower, S, line

LATER = 1000  # seconds
EVERYTHING = Filters()


class SlowFollower(HandFollower):
    """Has logs, and gives the last lines of each when it answers; it can be asked for what is before from then on."""

    def __init__(self, selection, lines=(), logs=()):
        super().__init__(selection, lines)
        self.logs = [[line(f"{origin}: {n}", at_s, origin) for n, at_s in enumerate(log)] for origin, log in logs]
        self.answered, self.refused = set(), set()

    def answer(self, place, tail):
        log = self.logs[place]
        self.answered.add(log[0].origin)
        lines = log[-tail:]
        self.give(*[replace(lines[0], text=CUT_TEXT, kind=LineKind.CUT)] * (tail < len(log)), *lines)

    def write(self, text, at_s):
        for origin in sorted(self.answered):
            more = line(f"{origin}: {text}", at_s, origin)
            self.give(more)
            self.logs[origin].append(more)

    def older(self, before_ns, origins, limit, wanted=None):
        unread = self.refused.intersection(origins)
        if unread and unread.issuperset(origins):
            raise ConnectionError("not now")
        origins = unread.symmetric_difference(origins)
        if unread:
            raise PartlyReadError("not now", self._older(before_ns, origins, limit), frozenset(unread))
        return self._older(before_ns, origins, limit)

    def _older(self, before_ns, origins, limit):
        lines = [each for log in self.logs for each in log if each.origin in self.answered.intersection(origins)]
        return sorted((each for each in lines if each.at_ns < before_ns), key=attrgetter("at_ns"))[-limit:]


class Log:
    """A log that is read from such a follower, as a pane does it."""

    def __init__(self, logs, most_lines=1000):
        doors = HandDoors([], logs=list(logs))
        doors.make = SlowFollower
        self.feed = LogFeed(LogRequest(), doors, most_lines)
        self.feed.open(0).open()
        self.source = doors.last
        self.asked = None

    def take(self):
        while self.source._lines:
            self.feed.take(1.0)

    def ask_older(self, filters=EVERYTHING):
        """Ask further back; return whether anything came."""
        self.begin_to_ask(filters)
        return self.put_answer()

    def begin_to_ask(self, filters=EVERYTHING):
        feed = self.feed
        feed.set_in_order()
        feed.came_back()
        asking = feed.further.asking(filters, (LATER + 10**9) * S)
        self.asked = asking, read_older(self.source, asking), (feed.placed, feed.ring.first), feed.ring.end

    def put_answer(self):
        """Put what was asked for before; it is asked for again where it may be here by now, or what was has gone."""
        (asking, older, before, end), self.asked, feed = self.asked, None, self.feed
        if (feed.placed, feed.ring.first) != before or feed.came_since(end, asking):
            return self.ask_older(asking.filters)
        if not older.lines and asking.filters.any:
            return False
        feed.further.put(asking, older, "only some are here" if asking.filters.any else "")
        feed.are_fetched(older.lines)
        return bool(older.lines)

    def of(self, origin):
        ring = self.feed.ring
        return [each for number in range(ring.first, ring.end) if (each := ring.kept(number)).origin == origin]

    @property
    def texts(self):
        ring = self.feed.ring
        return [ring.kept(number).text for number in range(ring.first, ring.end)]


TIMES = st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True).map(sorted)
LOGS = st.tuples(TIMES, TIMES, TIMES)
SCALES = st.sampled_from([1, 0.1, 0.3])
TAILS = st.tuples(*[st.integers(1, 10)] * 3)
ANSWERS = st.permutations(range(3))
SIZES = st.sampled_from([8, 16, 30, 1000])
WHAT = st.sampled_from(["answer", "write", "ask", "begin to ask", "put", "jump"])
FILTERS = [EVERYTHING, Filters(container="app"), Filters(container="sidecar"), Filters(container="vault-agent")]


def is_told(rows, origin):
    return any(each.kind != LineKind.LINE and each.origin in (origin, OF_ALL) for each in rows)


def check(log):
    """See that each line is there once, in its order, and that where others are missing between two, it is told."""
    ring = log.feed.ring
    rows = [ring.kept(number) for number in range(ring.first, ring.end)]
    for origin in log.source.answered:
        known = log.source.logs[origin]
        places = [place for place, each in enumerate(rows) if each.origin == origin and each.kind == LineKind.LINE]
        here = [known.index(rows[place]) for place in places]
        assert here == sorted(set(here))
        for (one, next_one), (at, next_at) in zip(pairwise(here), pairwise(places), strict=True):
            assert next_one == one + 1 or is_told(rows[at:next_at], origin)


def scaled(times, scale):
    return enumerate([[at_s * scale for at_s in some] for some in times])


@settings(max_examples=300, deadline=None)
@given(LOGS, SCALES, TAILS, ANSWERS, st.lists(WHAT, max_size=14), SIZES)
def test_each_line_is_there_once_however_late_its_source_answers(times, scale, tails, answers, events, most_lines):
    """Each of three logs gives its tail when it answers; they write on, and older lines are asked for in between."""
    log, waiting = Log(scaled(times, scale), most_lines), list(answers)
    with patch.object(log_asking, "MOST_OLDER", 7):
        for number, what in enumerate([*events, *["answer"] * 3, *["put", "ask"] * 20]):
            if what == "answer" and waiting:
                place = waiting.pop()
                log.source.answer(place, tails[place])
            elif what == "write":
                log.source.write(f"live {number}", LATER + number * scale)
            elif what == "begin to ask" and log.source.answered:
                log.begin_to_ask()
            elif what == "put" and log.asked is not None:
                log.put_answer()
            elif what == "ask" and log.source.answered:
                log.ask_older()
            elif what == "jump":
                log.feed.set_in_order(line("", 30 * scale).at_ns)
                log.feed.came_back()
            log.take()
            check(log)
    if most_lines == 1000:
        assert [log.of(origin) for origin in range(3)] == log.source.logs


WHICH = st.sampled_from(["answer", "write", *FILTERS])


@settings(max_examples=300, deadline=None)
@given(LOGS, SCALES, TAILS, ANSWERS, st.lists(WHICH, max_size=14), SIZES)
def test_each_line_is_there_once_where_some_were_asked_for_with_a_filter(
    times, scale, tails, answers, events, most_lines
):
    log, waiting = Log(scaled(times, scale), most_lines), list(answers)
    with patch.object(log_asking, "MOST_OLDER", 7):
        for number, what in enumerate([*events, *["answer"] * 3, *[EVERYTHING] * 25]):
            if what == "answer" and waiting:
                place = waiting.pop()
                log.source.answer(place, tails[place])
            elif what == "write":
                log.source.write(f"live {number}", LATER + number * scale)
            elif isinstance(what, Filters) and log.source.answered:
                log.ask_older(what)
            log.take()
            check(log)
    if most_lines == 1000:
        assert [log.of(origin) for origin in range(3)] == log.source.logs


def slow_and_quick(most_lines=1000):
    """A quiet log over an hour that answers late, and one of the last seconds that has answered before."""
    log = Log([(0, range(0, 3600, 60)), (1, range(3580, 3600))], most_lines)
    log.source.answer(1, 10)
    log.take()
    log.source.answer(0, 20)
    log.take()
    return log


def test_what_is_asked_for_first_puts_what_came_late_in_its_place():
    log = slow_and_quick()
    assert log.texts[0] == log.texts[11] == CUT_TEXT, "in the order of arrival until then"
    assert log.ask_older()
    assert log.texts.count(CUT_TEXT) == 0
    assert log.of(0) == log.source.logs[0]
    assert log.of(1) == log.source.logs[1]
    assert not log.ask_older()


def test_lines_of_a_full_ring_that_had_gone_are_asked_for_where_older_ones_of_another_come_to_stand_before():
    log = Log([(0, range(0, 3600, 60)), (1, range(3000, 3600)), (2, range(3000, 3600))], 400)
    for place, tail in ((1, 300), (2, 300), (0, 60)):
        log.source.answer(place, tail)
        log.take()
    assert log.feed.ring.lines_before
    assert log.ask_older()
    for origin in range(3):
        here = [each for each in log.of(origin) if each.kind == LineKind.LINE]
        known = log.source.logs[origin]
        assert here == known[known.index(here[0]) :][: len(here)], "without a hole"


def test_the_line_of_a_moment_is_found_where_its_source_answered_late():
    log = slow_and_quick()
    at_ns = log.source.logs[0][45].at_ns
    log.feed.set_in_order(at_ns)
    ring = log.feed.ring
    assert ring.kept(ring.place_of_time(at_ns)).text == "0: 45"
    assert log.feed.came_back() is not None


def test_lines_whose_clocks_differ_a_little_stay_where_they_came():
    log = Log([(0, [0, 2, 4]), (1, [1, 3, 5])])
    for place in (0, 1):
        log.source.answer(place, 3)
        log.take()
    assert set_in_order(log.feed.ring, log.feed.further, {0, 1}) is None
    assert log.texts == ["0: 0", "0: 1", "0: 2", "1: 0", "1: 1", "1: 2"]


@pytest.mark.parametrize("refused", [{1}, {1, 2}])
def test_what_could_not_be_read_of_some_is_asked_for_again_though_others_had_older_lines(refused):
    log = Log([(0, range(0, 3000, 60)), (1, range(0, 3600, 7)), (2, range(0, 3600, 9))])
    for place, first in ((1, 300), (2, 234)):  # what was read of these is all since a moment, which is not told
        log.source.answered.add(place)
        log.source.give(*log.source.logs[place][first:])
    log.source.answer(0, 10)
    log.take()
    log.source.refused = refused
    assert log.ask_older()
    log.source.refused = set()
    while log.ask_older():
        pass
    assert [log.of(origin) for origin in range(3)] == log.source.logs


def test_what_comes_of_a_source_whose_older_lines_were_fetched_before_goes_on_behind_these():
    log = Log([(0, range(0, 3600, 60)), (1, range(3000, 3600))])
    log.source.answer(1, 100)
    log.take()
    log.source.answered.add(0)  # it can be asked, and has not told its last lines yet
    assert log.ask_older()
    log.source.answer(0, 2)
    log.take()
    while log.ask_older():
        pass
    assert [log.of(origin) for origin in range(2)] == log.source.logs


def test_a_clock_that_is_behind_does_not_have_it_asked_again():
    log = Log([(0, range(60)), (1, range(600, 660))])
    for place in (0, 1):
        log.source.answer(place, 10)
    log.take()
    log.begin_to_ask()
    number = log.feed.ring.end
    log.source.give(line("of a clock that is behind", 70, 0))
    log.take()
    assert not log.feed.came_since(number, log.asked[0])
    log.source.give(line("of a source that had not told anything", 30, 2))
    log.take()
    assert log.feed.came_since(number, log.asked[0])


def test_a_stack_trace_that_goes_on_later_belongs_to_its_line_wherever_that_was_put():
    log = Log([(0, range(0, 3600, 60)), (1, range(3580, 3600))])
    log.source.answer(1, 10)
    log.source.give(line("com.example.NoStockException: none left", 3601, 1))
    log.take()
    log.source.answer(0, 20)
    log.take()
    assert log.ask_older()
    log.source.give(line("    at com.example.Orders.put(Orders.java:41)", 3601, 1))
    log.take()
    ring = log.feed.ring
    assert ring.kept(ring.head(ring.end - 1)).text == "com.example.NoStockException: none left"
    assert ring.trace_of(ring.head(ring.end - 1)) == [ring.end - 1]


async def test_lines_that_come_faster_than_older_ones_are_read_are_said_to():
    app = open_desk([line(f"quick {n}", 900 + n, 1) for n in range(5)])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        pane, source, asked = screen.pane, app.doors.last, []

        def older(before_ns, *_):
            asked.append(before_ns)
            source.give(line(f"early {len(asked)}", -len(asked), 0))
            count = len(pane.feed.ring)
            for _ in range(500):
                if len(pane.feed.ring) > count:
                    break
                time.sleep(0.01)
            return [line("before all", -100, 1)]

        source.older = older
        await pilot.press("o")
        await until(pilot, lambda: len(asked) == 3 and not pane.busy)
        words = "Lines come faster than older ones are read: o asks again."
        await until(pilot, lambda: words in [note.message for note in app._notifications])
        assert "before all" not in [pane.feed.ring[n].text for n in range(pane.feed.ring.first, pane.feed.ring.end)]


async def test_a_mark_stays_on_a_line_that_is_read_anew_without_the_filter_that_found_it():
    whole = [line(f"{'ERROR' if n % 5 == 0 else 'INFO'} {n}", n, 1) for n in range(30)]
    app = open_desk(whole[25:])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        pane, source = screen.pane, app.doors.last
        source.older_lines = whole[:21:5]
        await pilot.press("i", *"ERROR", "enter", "o")
        await until(pilot, lambda: pane.feed.ring.kept(pane.feed.ring.first).text == "ERROR 0")
        await pilot.press("home", "down", "m", "backspace")
        source.older_lines = whole[:25]
        await pilot.press("o")
        await until(pilot, lambda: len(pane.feed.ring) == 30)
        assert [pane.feed.ring.kept(number).text for number in pane.view.marked] == ["ERROR 5"]


async def test_the_cursor_and_the_marks_stay_on_their_lines_where_others_are_put_in_order():
    app = open_desk([])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        pane = screen.pane
        quick, late = [line(f"quick {n}", 900 + n, 1) for n in range(5)], [line(f"late {n}", n, 0) for n in range(5)]
        app.doors.last.give(*quick)
        await until(pilot, lambda: len(pane.feed.ring) == 5)
        app.doors.last.give(*late)
        await until(pilot, lambda: len(pane.feed.ring) == 10)
        await pilot.press("home", "down", "m")
        app.doors.last.older_lines = [line("before all", -1, 0)]
        await pilot.press("o")
        await until(pilot, lambda: len(pane.feed.ring) == 11 and pane.feed.shown.complete)
        ring = pane.feed.ring
        assert [ring[number].text for number in pane.view.marked] == ["quick 1"]
        expected = ["before all", *(each.text for each in [*late, *quick])]
        await until(pilot, lambda: [row.partition("| ")[2].strip() for row in body(app)][:11] == expected)
        assert ring[pane.view.cursor].text == "before all"


async def test_what_comes_late_while_older_lines_are_asked_for_is_not_put_there_twice():
    app = open_desk([])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        pane, source = screen.pane, app.doors.last
        quick, late = [line(f"quick {n}", 900 + n, 1) for n in range(5)], [line(f"late {n}", n, 0) for n in range(5)]
        source.give(*quick)
        await until(pilot, lambda: len(pane.feed.ring) == 5)
        before, asked = line("before", -1, 0), []

        def older(before_ns, *_):
            asked.append(before_ns)
            assert source.may_answer.wait(30)
            return [each for each in (before, *late) if each.at_ns < before_ns]

        source.older = older
        source.may_answer.clear()
        await pilot.press("o")
        await until(pilot, lambda: asked)
        source.give(*late)
        await until(pilot, lambda: len(pane.feed.ring) == 10)
        source.may_answer.set()
        await until(pilot, lambda: len(pane.feed.ring) > 10 and not pane.busy)
        expected = [each.text for each in [before, *late, *quick]]
        assert [pane.feed.ring[number].text for number in range(pane.feed.ring.first, pane.feed.ring.end)] == expected
        assert len(asked) == 2
