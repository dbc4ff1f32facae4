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


def everything(merge, count):
    """Take until there are so many lines."""
    taken = []
    while len(taken) < count:
        merge.wait(5.0)
        some = merge.take(64)
        taken += some
        assert some or len(taken) < count
    return taken


@pytest.mark.parametrize("patient", [True, False])
def test_what_there_was_is_in_the_order_of_times_however_far_one_is_ahead_and_nothing_is_lost(patient):
    merge = Merge(patient=patient, lane_bytes=1000)
    fast, slow = merge.lane(0), merge.lane(1)
    for lane in (fast, slow):
        merge.begin(lane, 10**9, None, 30.0)

    def push():
        for start in range(0, 3000, 50):
            merge.push(fast, lines(0, *range(start, start + 50)), 600)
        merge.begun(fast)

    thread = threading.Thread(target=push)
    thread.start()
    merge.push(slow, lines(1, *range(5, 3000, 100)), 10)
    merge.begun(slow)
    taken = everything(merge, 3030)
    thread.join(5)
    assert [line.at_ns for line in taken] == sorted(line.at_ns for line in taken) and not merge.skipped


def test_of_a_tail_the_line_too_much_goes_and_says_that_there_are_more(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    cut, whole, silent = merge.lane(0), merge.lane(1), merge.lane(2)
    for lane in (cut, whole, silent):
        merge.begin(lane, 1000, 2)
    merge.push(cut, lines(0, 1), 10)
    merge.push(whole, lines(1, 4, 5), 10)
    clock.now_s = 0.05
    merge.push(cut, lines(0, 2, 3), 10)
    assert merge.take(9) == [], "it is not known yet what the third has, nor whether the second has more"
    clock.now_s = 0.3
    taken = merge.take(9)
    assert texts(taken) == ["older lines of this run are not here", "0:2", "0:3", "1:4", "1:5"]
    assert (taken[0].kind, taken[0].at_ns) == (LineKind.CUT, 2)


@pytest.mark.parametrize("ends", [False, True])
def test_a_tail_whose_lines_come_late_says_late_that_there_are_more(clock, ends):
    merge = Merge(hold_s=0.2, clock=clock)
    lane = merge.lane(0)
    merge.begin(lane, 1000, 2)
    merge.push(lane, lines(0, 1, 2), 10)
    clock.now_s = 0.5
    assert texts(merge.take(9)) == ["0:1", "0:2"]
    if ends:
        merge.await_end(lane)
    merge.push(lane, lines(0, 3), 10)
    late = merge.take(9)
    assert [(line.kind, line.at_ns) for line in late] == [(LineKind.CUT, 1), (LineKind.LINE, 3)]


def test_lines_that_are_written_now_are_none_that_a_tail_has_too_much(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    lane = merge.lane(0)
    merge.begin(lane, 1000, 2)
    merge.push(lane, lines(0, 1, 2), 10)
    clock.now_s = 0.5
    merge.push(lane, lines(0, 1001), 10)
    merge.push(lane, lines(0, 1002), 10)
    assert texts(merge.take(9)) == ["0:1", "0:2", "0:1001", "0:1002"]


def test_a_mark_overtakes_no_lines_that_are_kept_back(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    lane = merge.lane(0)
    merge.begin(lane, 1000, 2)
    merge.mark(lane, "waiting for the server")
    assert texts(merge.take(9)) == ["waiting for the server"], "there is nothing before it"
    merge.push(lane, lines(0, 1), 10)
    merge.mark(lane, "ended: exit 1", 5)
    assert merge.take(9) == [] and not merge.is_empty
    merge.push(lane, lines(0, 6, 7), 10)
    merge.mark(lane, "left")
    clock.now_s = 0.3
    assert texts(merge.take(9)) == ["older lines of this run are not here", "ended: exit 1", "0:6", "0:7", "left"]


def test_one_whose_clock_is_behind_holds_the_others_up_for_a_moment_only(clock):
    merge = Merge(hold_s=0.2, clock=clock)
    late, other = merge.lane(0), merge.lane(1)
    hour_ns, step_ns = 3600 * 10**9, 10**8
    for lane in (late, other):
        merge.begin(lane, hour_ns, None, 0.6)
    merge.push(other, lines(1, hour_ns), 10)
    taken = []
    for tick in range(25):
        clock.now_s = tick / 10
        merge.push(late, lines(0, 10**9 + tick * step_ns), 10)
        taken += merge.take(99)
    assert f"1:{hour_ns}" in texts(taken)


def test_a_mark_has_the_time_that_it_is_given_and_stands_after_the_lines_before_it(clock):
    merge = Merge(hold_s=0.0, clock=clock)
    lane, second_ns = merge.lane(0), 10**9
    merge.push(lane, lines(0, 5 * second_ns + 7), 10)
    merge.mark(lane, "ended within that second", 5 * second_ns)
    merge.mark(lane, "ended hours later", 9000 * second_ns)
    merge.push(lane, lines(0, 8000 * second_ns), 10)
    merge.mark(lane, "the clock was set back", 60 * second_ns)
    merge.mark(lane, "nobody knows when")
    at_ns = [line.at_ns for line in merge.take(9)]
    of_marks = [at_ns[index] for index in (1, 2, 4, 5)]
    assert of_marks == [5 * second_ns + 7, 9000 * second_ns, 60 * second_ns, 0]
    assert at_ns[3] == 8000 * second_ns, "after the mark that was before it"
