"""Text at the edge: outside text made harmless once, and ages, times and glyphs for people."""

import datetime
import re
import unicodedata
from collections.abc import Callable, Sequence

SEQUENCE = (
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI
    "|\x1b[\\]PX^_].*?(?:\x1b\\\\|\x07|$)"  # OSC, DCS, SOS, PM, APC up to their end
    "|\x1b[ -/]*[0-~]?"  # any other escape
    "|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u180e]"  # direction and zero-width marks
)
"""What text is freed of, as an expression in which a dot is any character: sequences of a terminal, and the like."""
_HIDDEN = re.compile(SEQUENCE, re.DOTALL)
_BLANKS = re.compile(r"\s+")
AHEAD_MS = 2_000  # so far two processes may be apart that read the same clock
MAX_CHARS = 300
MOST_NAMED = 3
"""Of many things in one sentence so many are named, and the others counted."""
CUT = "\u2026"  # stands at the end of what was longer
HIDDEN = "[hidden]"  # stands in the place of a secret


def clean(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return outside text on one line, without control, direction or private characters, cut to ``max_chars``."""
    if len(text) <= max_chars and text.isascii() and text.isprintable():
        return text
    text = _HIDDEN.sub("", text[: max_chars * 8])
    text = _BLANKS.sub(" ", text).strip()
    text = "".join(c if unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)
    return text if len(text) <= max_chars else text[: max_chars - 1] + CUT


def clean_line(text: str, max_chars: int = MAX_CHARS) -> str:
    """Return one line of outside text as ``clean`` does, but with its blanks as they are; tabs become blanks."""
    if len(text) <= max_chars and text.isascii() and text.isprintable():
        return text
    text = visible(_HIDDEN.sub("", text[: max_chars * 8]).expandtabs(8).rstrip())
    return text if len(text) <= max_chars else text[: max_chars - 1] + CUT


def visible(text: str) -> str:
    """Return a text of as many characters, with something to be seen in the place of those that cannot be."""
    return "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else _stand_in(c) for c in text)


def _stand_in(char: str) -> str:
    return " " if char.isspace() else "\ufffd"


def age(ms: int | None) -> str:
    """Return a short age: ``4s``, ``12m``, ``3h``, ``9d``; empty for None; never negative."""
    if ms is None:
        return ""
    seconds = max(0, ms // 1000)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 48 * 3600:
        return f"{seconds // 3600}h"
    return f"{seconds // 86400}d"


def span(ms: int) -> str:
    """Return a duration in its two largest units: ``2h 10m``, ``5m 21s``, ``4d 2h``."""
    seconds = max(0, ms // 1000)
    units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
    for index, (size, name) in enumerate(units):
        if seconds >= size and index + 1 < len(units):
            smaller, smaller_name = units[index + 1]
            rest = seconds % size // smaller
            return f"{seconds // size}{name} {rest}{smaller_name}" if rest else f"{seconds // size}{name}"
    return f"{seconds}s"


def lasted(since_ms: int, now_ms: int, words: Callable[[int], str] = span) -> str:
    """Return ``for 5m 21s``; of what has yet to begin, when it did by the clock before that was set back."""
    if since_ms - now_ms > AHEAD_MS:
        return f"since {iso(since_ms)[11:16]}Z by another clock"
    return f"for {words(now_ms - since_ms)}"


def counted(count: int, noun: str) -> str:
    """Return how many there are of something: ``1 build``, ``1,200 builds``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def few(words: Sequence[str], most: int = MOST_NAMED, apart: str = ", ") -> str:
    """Return the first of several, and how many more there are: ``a, b, c and 2 more``, ``a; b; c; and 2 more``."""
    more = len(words) - most
    return apart.join(words[:most]) + (f"{'' if apart == ', ' else apart.rstrip()} and {more} more" if more > 0 else "")


def iso(ms: int | None) -> str:
    """Return ISO 8601 UTC with ``Z``, to the millisecond; empty for None."""
    if ms is None:
        return ""
    moment = datetime.datetime.fromtimestamp(ms / 1000, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def local(ms: int, zone: datetime.tzinfo, pattern: str) -> str:
    """Return a moment in a time zone, by a ``strftime`` pattern; the one place where local time exists."""
    return datetime.datetime.fromtimestamp(ms / 1000, tz=zone).strftime(pattern)


def stamp(ms: int, zone: datetime.tzinfo, now_ms: int) -> str:
    """Return a moment in at most six characters: ``09:38`` today, ``20 Nov`` on any other day."""
    today = local(now_ms, zone, "%Y-%m-%d")
    return local(ms, zone, "%H:%M" if local(ms, zone, "%Y-%m-%d") == today else "%d %b")


def as_of(ms: int, zone: datetime.tzinfo, now_ms: int | None) -> str:
    """Return a moment to the second, with its year unless that is the year of ``now_ms`` (None: now is not known)."""
    this_year = now_ms is not None and local(ms, zone, "%Y") == local(now_ms, zone, "%Y")
    return local(ms, zone, "%a %d %b %H:%M:%S %Z" if this_year else "%a %d %b %Y %H:%M:%S %Z")
