"""A line's own time is left out only where it tells the one that stands before it."""

import datetime
import json

import pytest

from screens.ink import make_ink
from screens.log_levels import Gravity
from screens.log_names import make_names
from screens.log_rows import How, draw_line, word_style
from screens.log_times import is_about
from tests.screens.log_hand import ORIGINS, S, line

INK = make_ink({"background": "#101010", "foreground": "#d0d0d0"}, False)
AT = line("x", 10).at_ns  # 2025-11-22T09:27:20Z


def how(**more):
    return How(ink=INK, ascii=False, zone=datetime.UTC, width=160, names=make_names(ORIGINS, INK), **more)


def row(text, **more):
    return draw_line(line(text, 10), how(**more))[0].text.partition("| ")[2].rstrip()


@pytest.mark.parametrize(
    "own",
    [
        "2025-11-22T09:27:20Z", "2025-11-22T09:27:19.123456789Z", "2025-11-22 09:27:21,999", "[2025/11/22 09:27:20]",
        "2025-11-22T10:27:20+01:00", "2025-11-22T04:27:20-0500", "2025-11-22 15:12:20",
        "2025-11-22 09:27:20 UTC",
    ],
)  # fmt: skip
def test_a_time_that_is_about_that_of_the_line_is_left_out(own):
    assert row(f"{own} ERROR x") == "ERROR x"


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-20 09:12:00 was the last successful import",
        "2025-11-20 03:00:01,123 ERROR [main] nightly",
        "2025-11-22T09:27:23Z three seconds after",
        "2025-11-22T10:27:20Z of another zone, and it tells its own",
        "2025-11-22T09:27:20+01:00 an hour before",
        "2025-11-22 09:30:00 of no zone",
        "2025-11-20 09:27:20 of no zone, two days before",
        "2025-13-22 09:27:20 of no calendar",
    ],
)
def test_any_other_time_stays_in_the_row(text):
    assert row(text) == text


def test_the_word_of_a_level_stands_out_behind_a_time_that_stays():
    pieces = draw_line(line("2025-11-20T03:00:01Z error: no", 10), how())[0]
    assert [piece.text for piece in pieces if piece.style == word_style(Gravity.ERROR, INK)] == ["error"]
    pieces = draw_line(line("2025-11-22T09:27:20Z error: no", 10), how())[0]
    assert [piece.text for piece in pieces if piece.style == word_style(Gravity.ERROR, INK)] == ["error"]


@pytest.mark.parametrize("key", ["time", "ts", "@timestamp"])
def test_json_keeps_a_time_that_is_another(key):
    old, same = "2025-11-20T21:27:20Z", "2025-11-22T09:27:20.5Z"
    assert row(json.dumps({key: old, "level": "error", "msg": "late", "n": 1})) == f"ERROR late {key}={old} n=1"
    assert row(json.dumps({key: same, "level": "error", "msg": "now", "n": 1})) == "ERROR now n=1"
    mongo = {"t": {"$date": old}, "s": "E", "c": "NETWORK", "msg": "no"}
    assert row(json.dumps(mongo)) == f"ERROR NETWORK: no time={old}"
    assert row(json.dumps({**mongo, "t": {"$date": same}})) == "ERROR NETWORK: no"
    untimed = type(line("x"))(0, 1, json.dumps({key: same, "msg": "x"}))
    assert f"x {key}={same}" in draw_line(untimed, how())[0].text


@pytest.mark.parametrize(
    ("value", "about"),
    [
        (AT // S, True), (AT / S + 0.5, True), (AT // 1_000_000, True), (AT // 1000, True), (AT, True), (str(AT), True),
        ({"$date": "2025-11-22T09:27:20.000+00:00"}, True), ("2025-11-22T09:27:20", True),
        (AT // S - 60, False), (0.034, False), (-1, False), (True, False), ("x", False), ("9" * 30, False),
        (10**300, False), ({"$date": 1, "x": 2}, False), (None, False), ([AT], False), ("09:27:20", False),
    ],
)  # fmt: skip
def test_values_of_fields_that_are_times(value, about):
    assert is_about(value, AT) is about
