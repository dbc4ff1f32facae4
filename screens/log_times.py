"""The time that a line of a log tells itself, and whether that is the one that stands before it."""

import datetime
import re

_MOMENT = r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?"
_OWN_TIME = re.compile(rf"\[?{_MOMENT}\]?:?\s{{1,8}}")
_ONLY_TIME = re.compile(_MOMENT)
MOST_TIME_CHARS = 50
TIME_BEGINS = frozenset("[12")
_S = 1_000_000_000
ABOUT_NS = 2 * _S  # a line is stamped when it is read from its container, a moment after its program has made it
_QUARTER_NS = 15 * 60 * _S
# Zones are whole quarters of an hour from 12 h behind UTC to 14 h before it. Source: the tz database.
_LEAST_ZONE_NS, _MOST_ZONE_NS = -12 * 3600 * _S, 14 * 3600 * _S
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_UNITS = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (0, _S))  # from so many on, a number counts these ns


def own_time_chars(text: str) -> int:
    """Return how much of a line is the time that it begins with, if there is more than that."""
    told = _OWN_TIME.match(text) if text[:1] in TIME_BEGINS else None
    return told.end() if told is not None and told.end() < len(text) else 0


def same_time_chars(text: str, at_ns: int) -> int:
    """Return how much of a line is the time that it begins with, where that is about the moment it was written."""
    chars = own_time_chars(text)
    told = _OWN_TIME.match(text) if chars else None
    return chars if told is not None and _is_near(told, at_ns) else 0


def is_about(value: object, at_ns: int) -> bool:
    """Tell whether the value of a field is about a moment: ISO 8601, a count since 1970, or a ``$date`` of these."""
    if isinstance(value, dict):
        return len(value) == 1 and "$date" in value and is_about(value["$date"], at_ns)
    if isinstance(value, str):
        told = _ONLY_TIME.fullmatch(value)
        if told is not None:
            return _is_near(told, at_ns)
        if not value.isdecimal() or len(value) > 19:
            return False
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    unit = next((unit for least, unit in _UNITS if value >= least), 0)
    return abs(int(value * unit) - at_ns) <= ABOUT_NS


def _is_near(told: re.Match[str], at_ns: int) -> bool:
    """Tell whether a time is about a moment; one without a zone may be that of any zone."""
    *parts, fraction, zone = told.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return False
    away_ns = int((moment - _EPOCH).total_seconds()) * _S + int((fraction or "0").ljust(9, "0")) - at_ns
    if zone is None:
        in_zones = _LEAST_ZONE_NS - ABOUT_NS <= away_ns <= _MOST_ZONE_NS + ABOUT_NS
        return in_zones and (away_ns + ABOUT_NS) % _QUARTER_NS <= 2 * ABOUT_NS
    if zone[0] in "+-":
        ahead_s = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        away_ns += -ahead_s * _S if zone[0] == "+" else ahead_s * _S
    return abs(away_ns) <= ABOUT_NS
