"""What a view of a log does not hold of what has come, said where it is missing."""

from collections.abc import Iterable

from collectors.log_lines import LineKind, LogLine
from screens.log_ring import OF_ALL, LogRing, missed_text
from statusdesk.text import counted


def said_before(ring: LogRing) -> LogLine | None:
    """Return what stands before the first line: that older ones have gone to make room."""
    if not ring.lines_before or not len(ring):
        return None
    text = f"{counted(ring.lines_before, 'older line')} not held any more"
    return LogLine(ring.at_ns(ring.first), OF_ALL, text, LineKind.CUT)


def with_missing(ring: LogRing, numbers: Iterable[int]) -> list[LogLine]:
    """Return lines with what is to be said before the first and behind the last of all that are held."""
    before, lines = said_before(ring), [ring[number] for number in numbers]
    if before is not None:
        lines.insert(0, before)
    if ring.missed and len(ring):
        lines.append(LogLine(ring.at_ns(ring.end - 1), OF_ALL, missed_text(ring.missed), LineKind.SKIPPED))
    return lines
