"""Reads a moment as people type it: ``09:12``, ``20 Nov 09:12``, ``2026-11-20T09:12Z``, ``10m``, ``2h ago``."""

import datetime

from statusdesk.durations import parse_duration_ms
from statusdesk.text import as_of, span

EXAMPLES = "09:12, 2h ago, 2026-11-20 09:12"
_CLOCK = ("%H:%M:%S", "%H:%M")
_DAYS = ("%d %b %H:%M:%S", "%d %b %H:%M", "%d %b", "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y")


def parse_moment_ms(text: str, now_ms: int, zone: datetime.tzinfo = datetime.UTC) -> int:
    """Return a moment in milliseconds of UTC: ``7d`` or ``7d ago`` is seven days before ``now_ms``.

    A time without an offset is in ``zone``; a date is its first moment; a bare clock time is the last time it was that
    late, and a day without a year is the last one of that name.

    Raises: ValueError with a sentence when the text is no moment.
    """
    text = " ".join(text.split())
    if text == "now":
        return now_ms
    ago_ms = _ago(text)
    if ago_ms is not None:
        return max(0, now_ms - ago_ms)
    try:
        now = datetime.datetime.fromtimestamp(now_ms / 1000, tz=zone)
        moment = _clock(text, now) or _day(text, now) or _iso(text, zone)
        if moment is not None:
            return max(0, round(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"not a time: try {EXAMPLES}")


def parse_future_ms(text: str, now_ms: int, zone: datetime.tzinfo = datetime.UTC) -> int:
    """Return a moment to come: ``2h`` from now, ``18:00`` today or tomorrow, or a date.

    Raises: ValueError with a sentence when the text is no moment, or one that has passed.
    """
    try:
        return now_ms + parse_duration_ms(text.strip().removeprefix("+"))
    except ValueError:
        moment_ms = parse_moment_ms(text, now_ms, zone)
    if moment_ms <= now_ms and _clock(text.strip(), datetime.datetime.fromtimestamp(now_ms / 1000, tz=zone)):
        moment_ms += 86_400_000
    if moment_ms <= now_ms:
        raise ValueError("that has passed; name a time to come, such as 2h or 18:00")
    return moment_ms


def until_words(ends_ms: int, now_ms: int, zone: datetime.tzinfo) -> str:
    """Return until when something holds, as it was understood: ``until Tue 24 Nov 09:00:00 CET, for 20h 58m``."""
    return f"until {as_of(ends_ms, zone, now_ms)}, for {span(ends_ms - now_ms)}"


def parse_past_ms(text: str, now_ms: int, zone: datetime.tzinfo = datetime.UTC) -> int:
    """Return a moment of which a board can be shown.

    Raises: ValueError with a sentence, also when the moment is still to come, or before all boards.
    """
    moment_ms = parse_moment_ms(text, now_ms, zone)
    if moment_ms > now_ms:
        raise ValueError("that is still to come")
    if moment_ms == 0:
        raise ValueError("not a time that any board knows")
    return moment_ms


def _ago(text: str) -> int | None:
    try:
        return parse_duration_ms(text.removeprefix("-").removesuffix(" ago").replace(" ", ""))
    except ValueError:
        return None


def _clock(text: str, now: datetime.datetime) -> datetime.datetime | None:
    for pattern in _CLOCK:
        clock = _parsed(text, pattern)
        if clock is not None:
            moment = datetime.datetime.combine(now.date(), clock.time(), tzinfo=now.tzinfo)
            return moment if moment <= now else moment - datetime.timedelta(days=1)
    return None


def _day(text: str, now: datetime.datetime) -> datetime.datetime | None:
    for pattern in _DAYS:
        if "%Y" in pattern:
            moment = _parsed(text, pattern)
            if moment is not None:
                return moment.replace(tzinfo=now.tzinfo)
            continue
        for year in (now.year, now.year - 1):
            # strptime alone would take 1900, and that has no 29 February.
            moment = _parsed(f"{year} {text}", f"%Y {pattern}")
            if moment is not None and moment.replace(tzinfo=now.tzinfo) <= now:
                return moment.replace(tzinfo=now.tzinfo)
    return None


def _iso(text: str, zone: datetime.tzinfo) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _parsed(text: str, pattern: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, pattern)  # noqa: DTZ007 - the callers give it its zone
    except ValueError:
        return None
