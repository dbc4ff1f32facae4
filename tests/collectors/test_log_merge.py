"""Lines of many streams in one order: that of each stream always, that of the times among those of a moment."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.log_lines import LineKind, LogLine
from collectors.log_merge import Merge


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def lines(origin, *times):
    return [LogLine(at_ns, origin, f"{origin}:{at_ns}") for at_ns in times]


def texts(taken):
    return [line.text for line in taken]


def test_lines_of_a_moment_are_in_the_order_of_their_times(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    first, second = merge.lane(0), merge.lane(1)
    merge.push(second, lines(1, 2, 4, 9), 10)
    merge.push(first, lines(0, 1, 3, 5), 10)
    assert merge.take(10) == []
    clock.now_s = 0.3
    assert texts(merge.take(4)) == ["0:1", "1:2", "0:3", "1:4"]
    assert texts(merge.take(4)) == ["0:5", "1:9"]
    assert merge.is_empty


def test_a_younger_line_goes_with_those_that_it_belongs_before(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    first, second = merge.lane(0), merge.lane(1)
    merge.push(first, lines(0, 1), 10)
    clock.now_s = 1.0
    assert texts(merge.take(9)) == ["0:1"]
    merge.push(first, lines(0, 10), 10)
    clock.now_s = 1.15
    merge.push(second, lines(1, 5, 20), 10)
    clock.now_s = 1.25
    assert texts(merge.take(9)) == ["1:5", "0:10"]
    clock.now_s = 1.4
    assert texts(merge.take(9)) == ["1:20"]


def test_at_the_beginning_nothing_waits_longer_than_for_the_last_stream(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    first, second = merge.lane(0), merge.lane(1)
    merge.push(first, lines(0, 10), 10)
    clock.now_s = 0.05
    assert merge.take(9) == []
    merge.push(second, lines(1, 5), 10)
    assert texts(merge.take(9)) == ["1:5", "0:10"]


def test_a_single_stream_waits_for_nobody(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    merge.push(merge.lane(0), lines(0, 10), 10)
    assert texts(merge.take(9)) == ["0:10"]


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 50), min_size=1, max_size=5)), max_size=12))
def test_the_order_within_a_stream_is_that_of_arrival_and_nothing_is_lost(pushed):
    clock = Clock()
    merge = Merge(hold_s=1.0, clock=clock)
    lanes = [merge.lane(origin) for origin in range(3)]
    given_on, taken = {0: [], 1: [], 2: []}, []
    for number, (origin, times) in enumerate(pushed):
        clock.now_s += 0.3
        some = [LogLine(at_ns, origin, f"{number}/{index}") for index, at_ns in enumerate(times)]
        given_on[origin] += texts(some)
        merge.push(lanes[origin], some, 1)
        taken += merge.take(3)
    clock.now_s += 5
    taken += merge.take(10_000)
    for origin in given_on:
        assert [line.text for line in taken if line.origin == origin] == given_on[origin]


def test_what_has_no_room_is_counted_where_it_is_missing_and_marks_stay(clock):
    merge = Merge(hold_s=0.0, lane_bytes=100, clock=clock)
    lane = merge.lane(0)
    merge.push(lane, lines(0, 1, 2), 60)
    merge.mark(lane, "restarted")
    merge.push(lane, lines(0, 3), 60)
    merge.push(lane, lines(0, 4, 5), 60)
    taken = merge.take(9)
    assert [line.kind for line in taken] == [LineKind.SKIPPED, LineKind.MARK, LineKind.LINE, LineKind.LINE]
    assert taken[0].text == "3 lines skipped here" and texts(taken)[2:] == ["0:4", "0:5"]
    assert merge.skipped == 3
    merge.push(lane, lines(0, 6), 60)
    assert texts(merge.take(9)) == ["0:6"]


def test_a_patient_reader_holds_the_stream_up_instead():
    merge = Merge(patient=True, hold_s=0.0, lane_bytes=100)
    lane = merge.lane(0)

    def push():
        for at_ns in range(1, 20):
            merge.push(lane, lines(0, at_ns), 60)

    thread = threading.Thread(target=push)
    thread.start()
    taken = []
    while len(taken) < 19:
        merge.wait(1.0)
        taken += merge.take(5)
    thread.join(5)
    assert texts(taken) == [f"0:{at_ns}" for at_ns in range(1, 20)] and not merge.skipped
    merge.close()


def test_what_happens_is_marked_without_waiting_for_a_patient_reader():
    merge = Merge(patient=True, hold_s=0.0, lane_bytes=100)
    lane = merge.lane(0)
    merge.push(lane, lines(0, 1), 1000)
    merge.mark(lane, "ended")
    assert texts(merge.take(9)) == ["0:1", "ended"]


def test_a_lane_that_is_over_is_forgotten_when_all_of_it_was_taken(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    first, second = merge.lane(0), merge.lane(1)
    merge.push(first, lines(0, 10), 10)
    merge.mark(first, "left")
    merge.end(first)
    clock.now_s = 0.1
    merge.push(second, lines(1, 5), 10)
    assert texts(merge.take(9)) == ["1:5", "0:10", "left"]
    merge.push(second, lines(1, 20), 10)  # nobody is left to be waited for
    assert texts(merge.take(9)) == ["1:20"]


def test_a_lane_that_ends_empty_is_forgotten_at_once(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    first, second = merge.lane(0), merge.lane(1)
    merge.end(first)
    merge.push(second, lines(1, 20), 10)
    assert texts(merge.take(9)) == ["1:20"]
