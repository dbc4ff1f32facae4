"""What a view of a log does not hold of what has come, said where it is missing."""

from collections.abc import Iterable

from collectors.log_lines import LineKind, LogLine
from screens.log_ring import OF_ALL, LogRing, missed_text
from statusdesk.text import counted


def said_before(ring: LogRing) -> LogLine | None:
    """Return what is to stand before the first line: that older ones have gone, unless it says so itself."""
    if not ring.lines_before or not len(ring):
        return None
    first = ring[ring.first]
    if first.kind == LineKind.CUT and first.origin == OF_ALL:
        return None
    text = f"{counted(ring.lines_before, 'older line')} not held any more"
    return LogLine(first.at_ns, OF_ALL, text, LineKind.CUT)


def with_missing(ring: LogRing, numbers: Iterable[int], asked_from_ns: int | None = None) -> list[LogLine]:
    """Return lines with what is to be said before the first and behind the last of all that are held.

    ``asked_from_ns``: only lines from that moment on were asked for; None: others too.
    """
    before, lines = said_before(ring), [ring[number] for number in numbers]
    if before is None and asked_from_ns is not None:
        before = LogLine(asked_from_ns, OF_ALL, "older lines were not asked for", LineKind.CUT)
    if before is not None:
        lines.insert(0, before)
    if ring.missed and len(ring):
        lines.append(LogLine(ring.at_ns(ring.end - 1), OF_ALL, missed_text(ring.missed), LineKind.SKIPPED))
    return lines
