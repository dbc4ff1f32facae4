"""Lines that come when younger ones of their origin are here already: a source may be slow to answer."""

from collections.abc import Iterable, Sequence

from collectors.log_lines import LineKind, LogLine, Origin
from screens.log_begins import Beginnings
from screens.log_ring import LogRing
from screens.log_staying import Staying


class Late:
    """Tells which of the lines that come belong before others of their origin, and keeps them till they are put there.

    That is so until an origin goes on beyond what is here of it: what it writes then stands in the order of arrival.
    """

    def __init__(self) -> None:
        self._came: dict[int, LogLine] = {}
        """The last line that came of each origin."""
        self._here_ns: dict[int, int] = {}
        """Of origins whose lines have still to come, the newest one that is here."""
        self._lines: list[LogLine] = []
        self._before: dict[int, LogLine | None] = {}
        """What came of each origin before the first one that is kept."""

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def came(self) -> frozenset[int]:
        """The origins of which lines have come, or are here."""
        return frozenset(self._came) | frozenset(self._here_ns)

    def are_here(self, lines: Iterable[LogLine]) -> None:
        """Take note of lines that are here, and have not come."""
        newest_ns = dict[int, int]()
        for line in lines:
            if line.kind == LineKind.LINE:
                newest_ns[line.origin] = max(line.at_ns, newest_ns.get(line.origin, 0))
        for origin, at_ns in newest_ns.items():
            came = self._came.get(origin)
            if at_ns > (came.at_ns if came is not None else 0):  # those of a console have no times
                self._here_ns[origin] = max(at_ns, self._here_ns.get(origin, 0))

    def sift(self, came: list[LogLine]) -> tuple[list[LogLine], list[LogLine]]:
        """Return of lines that have come those that stand behind all others, and those that are late, and kept."""
        last = {line.origin: line for line in came if line.kind == LineKind.LINE}
        here_ns, late = self._here_ns, list[LogLine]()
        if here_ns and not here_ns.keys().isdisjoint({line.origin for line in came}):
            came, late = self._split(came)
            self._before = {line.origin: self._came.get(line.origin) for line in late} | self._before
            self._lines += late
        self._came.update(last)
        return came, late

    def _split(self, came: list[LogLine]) -> tuple[list[LogLine], list[LogLine]]:
        last, late = list[LogLine](), list[LogLine]()
        for line in came:
            until_ns = self._here_ns.get(line.origin, -1)
            (last if line.at_ns > until_ns else late).append(line)
            if line.at_ns > until_ns >= 0 and line.kind == LineKind.LINE:
                del self._here_ns[line.origin]
        return last, late

    def taken_out(self, ring: LogRing, origins: Sequence[Origin]) -> Staying:
        """Return what is to be put among the lines of a ring; it is not kept any more."""
        before = [line for line in self._before.values() if line is not None]
        lines, self._lines, self._before = self._lines, [], {}
        begins = Beginnings(ring)
        begins.see(lines)
        return Staying(list(origins), [*before, *lines], begins.all)
