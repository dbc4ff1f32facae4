"""What is read of a log through cuts while the clock of its node is set back: all of it, and what is twice is told."""

import datetime
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import log_reading
from collectors.log_lines import Manner
from collectors.log_reading import SET_BACK, Position, Reading

SECOND_NS = 10**9
NOON_NS = 1_795_348_800 * SECOND_NS
WAITS_NS = st.integers(1, 3 * SECOND_NS)


class Log:
    """The log of a container as a kubelet gives it: in the order in which it was written, without what is too old."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.position = Position()
        self.read: list[str] = []
        self.told: list[str] = []

    def write(self, *times: int) -> None:
        self.times += times

    def open(self, first: int = 0, at_once: int = 7) -> None:
        """Ask for what was not yet read, of a file that begins with the line ``first``, and read it to its end.

        So many lines come ``at_once``.
        """
        reading = Reading(0, self.position, Manner(redact=False), gap=lambda told, _: self.told.append(told))
        since_ns = self.position.since_s * SECOND_NS
        numbered = list(enumerate(self.times))[first:]
        given = [f"{stamp(at_ns)} {number}\n".encode() for number, at_ns in numbered if at_ns >= since_ns]
        for at in range(0, len(given), at_once):
            self.read += [line.text for line in reading.feed(b"".join(given[at : at + at_once]))]

    @property
    def written(self) -> list[str]:
        return [str(number) for number in range(len(self.times))]


def stamp(at_ns: int) -> str:
    second = datetime.datetime.fromtimestamp(at_ns // SECOND_NS, tz=datetime.UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{at_ns % SECOND_NS:09d}Z"


def every(count: int, wait_ns: int, begin_ns: int = NOON_NS) -> list[int]:
    return [begin_ns + number * wait_ns for number in range(count)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9000), st.lists(WAITS_NS, min_size=1, max_size=20)), min_size=1, max_size=4),
    st.lists(st.lists(WAITS_NS, max_size=9), min_size=1, max_size=5),
)
def test_a_clock_that_is_set_back_loses_no_line_at_a_cut_and_repeats_none(steps, written_between_cuts):
    log, at_ns = Log(), NOON_NS
    for back_s, waits in steps:
        at_ns -= back_s * SECOND_NS
        log.write(*list(accumulate(waits, initial=at_ns))[1:])
        at_ns = log.times[-1]
    log.open()
    for waits in written_between_cuts:
        log.write(*list(accumulate(waits, initial=log.times[-1]))[1:])
        log.open()
    assert (log.read, log.told) == (log.written, [])


def test_what_is_not_known_any_more_comes_twice_and_is_told(monkeypatch):
    monkeypatch.setattr(log_reading, "KNOWN_LINES", 10)
    monkeypatch.setattr(log_reading, "_TOGETHER", 1)
    log = Log()
    log.write(*every(400, SECOND_NS), *every(20, SECOND_NS, NOON_NS + 300 * SECOND_NS))
    log.open()
    for _ in range(2):
        log.write(*every(20, SECOND_NS, log.times[-1] + SECOND_NS))
        log.open()
    assert list(dict.fromkeys(log.read)) == log.written and len(log.read) > len(log.written)
    assert set(log.told) == {SET_BACK}


@pytest.mark.parametrize("back_ms", [500, 1900, 2000, 2100, 10_000])
@pytest.mark.parametrize("beyond_ms", [-9000, -1900, -100, 100, 1000, 3000])
def test_of_many_lines_none_comes_twice_unmarked_wherever_the_cut_is(monkeypatch, back_ms, beyond_ms):
    monkeypatch.setattr(log_reading, "KNOWN_LINES", 10)
    monkeypatch.setattr(log_reading, "_TOGETHER", 1)
    log, wait_ns = Log(), SECOND_NS // 100
    log.write(*every(500, wait_ns))
    log.write(*every(max(1, (back_ms + beyond_ms) // 10), wait_ns, log.times[-1] - back_ms * 10**6))
    log.open()
    for _ in range(2):
        log.write(*every(10, wait_ns, log.times[-1] + wait_ns))
        log.open()
    assert set(log.read) == set(log.written)
    assert log.told or log.read == log.written
    assert back_ms > 2000 or not log.told, "all is known"


def test_what_comes_at_once_before_a_line_that_is_known_is_none_that_is_new(monkeypatch):
    monkeypatch.setattr(log_reading, "KNOWN_LINES", 10)
    monkeypatch.setattr(log_reading, "_TOGETHER", 1)
    log = Log()
    log.write(*every(400, SECOND_NS), *every(20, SECOND_NS, NOON_NS + 300 * SECOND_NS))
    log.open()
    log.write(*every(20, SECOND_NS, log.times[-1] + SECOND_NS))
    log.open(at_once=1000)
    assert (log.read, log.told) == (log.written, [])


def test_a_log_that_was_rotated_while_its_clock_is_set_back_loses_no_line_that_is_there():
    log = Log()
    log.write(*every(400, SECOND_NS), *every(20, SECOND_NS, NOON_NS - 3600 * SECOND_NS))
    log.open()
    for _ in range(3):
        log.write(*every(20, SECOND_NS, log.times[-1] + SECOND_NS))
        log.open(first=420)
    assert (log.read, log.told) == (log.written, [SET_BACK])


def test_a_cut_while_old_lines_come_again_loses_none(monkeypatch):
    monkeypatch.setattr(log_reading, "KNOWN_LINES", 10)
    monkeypatch.setattr(log_reading, "_TOGETHER", 1)
    log = Log()
    log.write(*every(400, SECOND_NS), NOON_NS, NOON_NS + SECOND_NS)
    log.open()
    log.write(*every(20, SECOND_NS, NOON_NS + 2 * SECOND_NS))
    reading = Reading(0, log.position, Manner(redact=False), gap=lambda told, _: log.told.append(told))
    assert reading.feed("".join(f"{stamp(log.times[at])} {at}\n" for at in range(200)).encode())
    log.open()
    assert set(log.written) == set(log.read)


def test_what_lines_are_known_by_is_bounded_however_long_a_clock_is_behind():
    log = Log()
    log.write(*every(100, SECOND_NS), *every(4 * log_reading.KNOWN_LINES, SECOND_NS // 5, NOON_NS - 86400 * SECOND_NS))
    log.open()
    kept = sum(log.position.seen().values())
    assert kept < 2 * log_reading.KNOWN_LINES
