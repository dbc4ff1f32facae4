"""What is asked for next of a container, and of how many last lines."""

import pytest

from collectors.log_lane import Lane
from collectors.log_lines import Selection
from collectors.log_reading import Position
from collectors.log_track import Track

OPENED_MS = 1_795_348_800_000
SECOND_NS = 1_000_000_000


def track(newest_s=0, **fields):
    position = Position()
    position.newest_ns = newest_s * SECOND_NS
    return Track(
        namespace="testing",
        pod="orders-1",
        uid="u",
        container="app",
        origin=0,
        position=position,
        lane=Lane(0),
        **fields,
    )


@pytest.mark.parametrize(
    ("read", "selected", "bounded", "asked", "tail"),
    [
        ({}, {"tail": 200}, False, {"tailLines": "201"}, 200),
        ({}, {"tail": 0}, False, {"tailLines": "0"}, 0),
        ({}, {"tail": None}, False, {}, None),
        ({}, {"tail": 9, "since_ms": OPENED_MS}, False, {"tailLines": "10", "sinceTime": "2026-11-22T12:00:00Z"}, 9),
        ({}, {"tail": None, "since_ms": OPENED_MS}, False, {"sinceTime": "2026-11-22T12:00:00Z"}, None),
        ({"from_start": True}, {"tail": 9, "since_ms": OPENED_MS}, False, {}, None),
        ({"newest_s": OPENED_MS // 1000}, {"tail": 9}, False, {"sinceTime": "2026-11-22T11:59:59Z"}, None),
        ({"newest_s": 2}, {"tail": 9}, True, {"sinceTime": "1970-01-01T00:00:01Z", "tailLines": "10"}, 9),
        ({"newest_s": 2}, {"tail": None}, True, {"sinceTime": "1970-01-01T00:00:01Z"}, None),
        ({"opened_ms": OPENED_MS}, {"tail": None}, False, {}, None),
    ],
)
def test_what_is_asked_for_says_of_how_many_last_lines_it_is(read, selected, bounded, asked, tail):
    query, told = track(**read).query(Selection(targets=(), **selected), False, False, bounded)
    got = dict(query)
    assert (got.pop("container"), got.pop("timestamps")) == ("app", "true")
    assert (got, told) == (asked, tail)


def test_of_a_log_that_was_open_without_a_line_all_is_new():
    query, tail = track(opened_ms=OPENED_MS).query(Selection(targets=(), tail=9), True, False, False)
    assert tail is None and dict(query)["sinceTime"] < "2026-11-22T12:00:00Z" and "tailLines" not in dict(query)
