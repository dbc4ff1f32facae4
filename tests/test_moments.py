"""Moments as they are typed, at the board and on the command line."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusdesk.moments import parse_future_ms, parse_moment_ms, parse_past_ms, until_words
from statusdesk.text import as_of, iso

NOON_MS = 1_795_348_800_000  # 2026-11-22T12:00:00Z
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EAST = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("now", NOON_MS),
        ("7d", NOON_MS - 7 * DAY_MS),
        ("2h ago", NOON_MS - 2 * HOUR_MS),
        ("-2h", NOON_MS - 2 * HOUR_MS),
        (" 2 h  ago ", NOON_MS - 2 * HOUR_MS),
        ("1h30m ago", NOON_MS - 90 * 60_000),
        ("99w", NOON_MS - 99 * 7 * DAY_MS),
        ("2026-11-22T12:00:00Z", NOON_MS),
        ("2026-11-22T13:00+01:00", NOON_MS),
        ("2026-11-22 14:00", NOON_MS),  # in the zone: two hours ahead
        ("2026-11-22", NOON_MS - 14 * HOUR_MS),
        ("14:00", NOON_MS),
        ("13:30:00", NOON_MS - HOUR_MS // 2),
        ("14:01", NOON_MS - DAY_MS + 60_000),  # not yet today: yesterday
        ("20 Nov 14:00", NOON_MS - 2 * DAY_MS),
        ("20 Nov", NOON_MS - 2 * DAY_MS - 14 * HOUR_MS),
        ("22 Nov 2025 14:00", NOON_MS - 365 * DAY_MS),
        ("24 Dec 14:00", NOON_MS - (365 - 32) * DAY_MS),  # not yet this year: the last one
        ("2026-12-01", NOON_MS - 14 * HOUR_MS + 9 * DAY_MS),
    ],
)
def test_moments_are_read(text, ms):
    assert iso(parse_moment_ms(text, NOON_MS, EAST)) == iso(ms)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "25:00", "5", "7 d d", "29 Feb 2026", "[/x]", "-"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="not a time: try 09:12, 2h ago"):
        parse_moment_ms(text, NOON_MS)


@pytest.mark.parametrize("text", ["2026-11-22T12:00:01Z", "24 Dec 2026", "2999-01-01"])
def test_a_board_of_the_future_there_is_none(text):
    with pytest.raises(ValueError, match="that is still to come"):
        parse_past_ms(text, NOON_MS)


def test_a_leap_day_is_found_in_its_year():
    march_2028_ms = round(datetime.datetime(2028, 3, 1, tzinfo=datetime.UTC).timestamp() * 1000)
    assert iso(parse_moment_ms("29 Feb", march_2028_ms)) == "2028-02-29T00:00:00.000Z"


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_moment_or_a_sentence(text):
    try:
        assert parse_moment_ms(text, NOON_MS, ZoneInfo("Europe/Berlin")) >= 0
    except ValueError as error:
        assert "not a time" in str(error)


def test_the_year_is_told_unless_it_is_this_one():
    assert as_of(NOON_MS, datetime.UTC, NOON_MS + DAY_MS) == "Sun 22 Nov 12:00:00 UTC"
    assert as_of(NOON_MS, datetime.UTC, NOON_MS + 365 * DAY_MS) == "Sun 22 Nov 2026 12:00:00 UTC"
    assert as_of(NOON_MS, datetime.UTC, None) == "Sun 22 Nov 2026 12:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2h", NOON_MS + 2 * HOUR_MS),
        ("+1d", NOON_MS + DAY_MS),
        ("18:00", NOON_MS + 6 * HOUR_MS),
        ("09:00", NOON_MS + 21 * HOUR_MS),  # tomorrow
        ("2026-11-23 12:00", NOON_MS + DAY_MS),
    ],
)
def test_a_time_to_come(text, ms):
    assert parse_future_ms(text, NOON_MS) == ms


@pytest.mark.parametrize("text", ["2026-11-21", "2h ago", "now", "soon", ""])
def test_what_has_passed_or_is_no_time_is_no_time_to_come(text):
    with pytest.raises(ValueError, match="has passed|not a time"):
        parse_future_ms(text, NOON_MS)


def test_what_holds_until_tomorrow_says_so():
    berlin = ZoneInfo("Europe/Berlin")
    ends_ms = parse_future_ms("09:00", NOON_MS, berlin)
    assert until_words(ends_ms, NOON_MS, berlin) == "until Mon 23 Nov 09:00:00 CET, for 20h"
