import pytest

from statusdesk.durations import parse_duration_ms


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
