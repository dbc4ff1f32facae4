"""Reads a moment as people type it: ``09:12``, ``20 Nov 09:12``, ``2026-11-20 09:12``, ``10m``, ``2h ago``."""

import datetime
import re

_AGO = re.compile(r"-?(\d+)\s*([smhd])(?:\s+ago)?")
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DATED = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_CLOCK = ("%H:%M:%S", "%H:%M")
EXAMPLES = "09:12, 2h ago, 2026-11-20 09:12"


def parse_moment(text: str, now_ms: int, zone: datetime.tzinfo) -> int:
    """Return the moment in milliseconds of UTC; a bare clock time is the last time it was that late.

    Raises: ValueError with a sentence for the reader, also when the moment is still to come.
    """
    text = text.strip().removesuffix("Z").strip()
    ago = _AGO.fullmatch(text)
    if ago:
        past_ms = now_ms - int(ago[1]) * _UNITS_MS[ago[2]]
        if past_ms < 0:
            raise ValueError("not a time that any board knows")
        return past_ms
    now = datetime.datetime.fromtimestamp(now_ms / 1000, tz=zone)
    moment = _dated(text, zone) or _clock(text, now)
    if moment is None:
        raise ValueError(f"not a time: try {EXAMPLES}")
    if moment > now:
        raise ValueError("that is still to come")
    return int(moment.timestamp() * 1000)


def _dated(text: str, zone: datetime.tzinfo) -> datetime.datetime | None:
    for pattern in _DATED:
        try:
            return datetime.datetime.strptime(text, pattern).replace(tzinfo=zone)
        except ValueError:
            continue
    return None


def _clock(text: str, now: datetime.datetime) -> datetime.datetime | None:
    for pattern in _CLOCK:
        try:
            clock = datetime.datetime.strptime(text, pattern).replace(tzinfo=now.tzinfo).timetz()
        except ValueError:
            continue
        moment = datetime.datetime.combine(now.date(), clock)
        return moment if moment <= now else moment - datetime.timedelta(days=1)
    return None
