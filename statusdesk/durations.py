"""Durations as people write them: ``60ms``, ``30s``, ``1h30m``, ``7d``."""

import re

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_LONGEST_MS = 100 * 366 * 86_400_000


def parse_duration_ms(text: str) -> int:
    """Return the duration in milliseconds.

    Raises: ValueError with a sentence when the text is no duration or longer than a century.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError('must be a duration such as "30s", "5m", "2h" or "7d"')
    total = sum(float(number) * _UNIT_MS[unit] for number, unit in _PART.findall(text))
    if total > _LONGEST_MS:
        raise ValueError("must be a duration of less than a century")
    return round(total)
