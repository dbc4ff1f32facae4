"""A source that is slow to answer: lines that come when others stand there already are put in their places."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.log_lines import CUT_TEXT, LineKind
from screens import log_feed
from screens.log_asking import read_older
from screens.log_begins import Gap
from screens.log_feed import LogFeed
from screens.log_filter import Filters
from screens.log_request import LogRequest
from screens.log_staying import Staying
from tests.screens.desk import until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import ORIGINS, HandDoors, line

SOME = [line(f"line {n}", n) for n in range(12)]
TEXTS = [each.text for each in SOME]


def cut(number, origin=1):
    return line(CUT_TEXT, number, origin, LineKind.CUT)


def tail(number, lines=SOME):
    """Return the lines from one on, with it said that there are older ones."""
    return [*([cut(number)] if number else []), *lines[number:]]


def read_anew(*stood, gaps=()):
    """Return a log that is read anew where lines stood, and the source that has told nothing yet."""
    doors = HandDoors([])
    feed = LogFeed(LogRequest(), doors, 1000, Staying(list(ORIGINS), list(stood), gaps))
    feed.open(0).open()
    return feed, doors.last


def came(feed, source, *lines):
    source.give(*lines)
    feed.take(1.0)


def there(feed):
    return [feed.ring.kept(number) for number in range(feed.ring.first, feed.ring.end)]


NUMBER = st.integers(0, len(SOME) - 1)


ENDS = st.sets(st.integers(2, len(SOME)))  # what begins a tail comes with its first line


@given(NUMBER, NUMBER, ENDS, NUMBER, st.booleans())
def test_however_late_a_source_is_each_line_is_there_once_in_its_place(stood, again, ends, placed, goes_on):
    """Lines from ``stood`` on were here; those from ``again`` on come in pieces, others are put among some of them."""
    feed, source = read_anew(*tail(stood), gaps=[Gap(1, SOME[stood].at_ns)] * (stood > 0))
    later = [line("live", 20), line("live still", 21)] * goes_on
    coming, others = [*tail(again), *later], [line("other", 0.5, 2), line("other still", 30, 2)]
    pieces = [coming[start:end] for start, end in zip([0, *sorted(ends)], [*sorted(ends), None], strict=True)]
    for number, piece in enumerate(pieces):
        if number == placed:
            feed.put_back()
        came(feed, source, *piece, *others[number : number + 1])
        if number > placed and number % 2:
            feed.put_back()
    came(feed, source, *others[len(pieces) :])
    feed.put_back()
    feed.put_back()
    first = min(stood, again)
    assert [each for each in there(feed) if each.origin == 1] == [*tail(first), *later]
    assert [each for each in there(feed) if each.origin == 2] == others
    assert feed.further.begins.of((1,)) == ((Gap(1, SOME[first].at_ns),) if first else ())


def test_what_comes_while_the_clock_of_its_node_is_behind_what_was_here_stands_in_the_order_of_arrival():
    feed, source = read_anew(*SOME)
    feed.put_back()
    came(feed, source, *SOME, line("goes on", 20))
    came(feed, source, line("the clock was set back", 5), line("and goes on", 6))
    feed.put_back()
    assert [each.text for each in there(feed)][-3:] == ["goes on", "the clock was set back", "and goes on"]


def test_what_had_come_out_of_order_before_is_in_order_among_what_is_put_back():
    feed, source = read_anew(line("gone", 3, 0), *SOME)
    came(feed, source, line("of another", 20, 2))
    came(feed, source, *SOME[:3])
    feed.put_back()
    texts = [each.text for each in there(feed)]
    assert texts == ["line 0", "line 1", "line 2", "gone", *(each.text for each in SOME[3:]), "of another"]


async def test_lines_that_a_slow_source_gives_later_are_shown_in_their_places_and_the_cursor_stays(monkeypatch):
    monkeypatch.setattr(log_feed, "ANSWER_S", 0.1)
    app = open_desk(tail(5))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        app.doors.lines = []
        await pilot.press("s", "end", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        await until(pilot, lambda: len(screen.pane.feed.ring) == 8 and screen.pane.feed.shown.complete)
        await pilot.press("home", "down")
        assert screen.pane.feed.ring[screen.pane.view.cursor].text == "line 5"
        app.doors.last.give(*SOME, line("live", 20))
        await until(pilot, lambda: [each.text for each in there(screen.pane.feed)] == [*TEXTS, "live"])
        assert screen.pane.feed.ring[screen.pane.view.cursor].text == "line 5"
        await until(pilot, lambda: [row.partition("| ")[2] for row in body(app)][:2] == TEXTS[:2])


@pytest.mark.parametrize("is_known", [False, True])
def test_what_was_fetched_from_further_back_before_the_source_has_answered_is_there_once(is_known):
    feed, source = read_anew(*SOME[8:] * is_known)
    source.older_lines = SOME[2:7]
    asking = feed.further.asking(Filters(), SOME[-1].at_ns + 1)
    older = read_older(source, asking)
    feed.further.put(asking, older, "")
    feed.are_fetched(older.lines)
    came(feed, source, *SOME[:4])
    came(feed, source, *SOME[4:])
    feed.put_back()
    feed.put_back()
    assert there(feed) == SOME


async def test_what_is_asked_for_is_asked_again_where_lines_were_put_among_others_meanwhile(monkeypatch):
    monkeypatch.setattr(log_feed, "SETTLED_S", 60.0)
    app = open_desk(SOME[5:])
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        app.doors.lines = SOME[8:]
        await pilot.press("a")
        await until(pilot, lambda: len(app.doors.opened) == 2 and len(screen.pane.feed.ring) == 4)
        may_answer, asked, feed = threading.Event(), [], screen.pane.feed

        def older(before_ns, *_):
            asked.append(before_ns)
            assert may_answer.wait(30)
            return [each for each in SOME if each.at_ns < before_ns]

        app.doors.last.older = older
        await pilot.press("o")
        await until(pilot, lambda: asked)
        monkeypatch.setattr(log_feed, "SETTLED_S", 0.01)
        await until(pilot, lambda: feed.placed)
        may_answer.set()
        await until(pilot, lambda: [each.text for each in there(feed)] == TEXTS)
        assert asked == [SOME[8].at_ns + 1, SOME[5].at_ns + 1]
