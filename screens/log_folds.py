"""Stack traces among the lines of a log: each may be folded into the line that begins it."""

from collections.abc import Mapping

import msgspec


class Trace(msgspec.Struct):
    """What belongs to a line that begins a stack trace: so many lines, the last of them, and that of its cause."""

    lines: int = 0
    last: int = 0
    cause: int | None = None


def past_traces(traces: Mapping[int, Trace], number: int) -> int:
    """Return the first line from a number on at which no stack trace is cut: before it, lines may get other numbers."""
    for head in sorted(traces):
        if head < number <= traces[head].last:
            number = traces[head].last + 1
    return number
