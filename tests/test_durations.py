import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusdesk.durations import format_duration, parse_duration_ms, parse_moment_ms

NOON_MS = 1_795_348_800_000  # 2026-11-22T12:00:00Z


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("60ms", 60),
        ("30s", 30_000),
        ("1.5s", 1500),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("7d", 604_800_000),
        ("2w", 1_209_600_000),
        (" 1s ", 1000),
        ("0s", 0),
    ],
)
def test_durations_are_read(text, ms):
    assert parse_duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "5x", "m", "1h 30m", "1e3s", "٣s ", "9" * 30 + "d", "5m!"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration_ms(text)


@given(st.integers(min_value=0, max_value=10**11))
def test_a_formatted_duration_is_read_back(ms):
    assert parse_duration_ms(format_duration(ms)) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("now", NOON_MS),
        ("7d", NOON_MS - 604_800_000),
        ("2026-11-22T12:00:00Z", NOON_MS),
        ("2026-11-22T13:00+01:00", NOON_MS),
        ("2026-11-22 14:00", NOON_MS),  # in the zone: two hours ahead
        ("2026-11-22", NOON_MS - 14 * 3_600_000),
        ("99w", NOON_MS - 99 * 7 * 86_400_000),
    ],
)
def test_moments_are_read(text, ms):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert parse_moment_ms(text, NOON_MS, zone) == ms


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00", "7 d", "5"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="must be a time"):
        parse_moment_ms(text, NOON_MS)
