"""Since when the lines of each origin are here, where only the last ones of each were asked for."""

from collections.abc import Collection, Sequence

from collectors.log_lines import LineKind, LogLine
from screens.log_ring import LogRing


class Beginnings:
    """Knows the origins that have older lines than those here: of which as many have come as were asked for.

    An origin that is not among them is here from its first line on, or from the first of the ring.
    """

    def __init__(self, ring: LogRing) -> None:
        self._ring = ring
        self._tail, self._until_ns = 0, 0
        self._counts: dict[int, int] = {}
        self._first_ns: dict[int, int] = {}
        self._begins: dict[int, int] = {}

    def expect(self, tail: int | None, now_ns: int) -> None:
        """Expect the last ``tail`` lines of each origin that were written until now; None: no origin is cut."""
        self._tail, self._until_ns = tail or 0, now_ns

    def see(self, lines: Sequence[LogLine]) -> None:
        """Look at lines that have come; those written after the beginning cost nothing."""
        if not self._tail or lines[0].at_ns >= self._until_ns:
            return
        counts = self._counts
        for line in lines:
            if line.kind != LineKind.LINE or line.at_ns >= self._until_ns:
                continue
            origin = line.origin
            self._first_ns.setdefault(origin, line.at_ns)
            counts[origin] = count = counts.get(origin, 0) + 1
            if count == self._tail:
                self._begins[origin] = self._first_ns[origin]

    def later(self, origins: Collection[int]) -> dict[int, int]:
        """Return since when (ns) those of some origins are here that begin after the first line that is here."""
        ring = self._ring
        if not len(ring):
            return {}
        first_ns = ring.at_ns(ring.first)
        return {each: at_ns for each, at_ns in self._begins.items() if at_ns > first_ns and each in origins}

    def all_here(self, origins: Collection[int]) -> None:
        """Take note that some origins have no older lines."""
        for origin in origins:
            self._begins.pop(origin, None)

    def here_from(self, origins: Collection[int], at_ns: int) -> None:
        """Take note that of some origins all lines are here from a moment on; some of them from earlier."""
        for origin in origins:
            if origin in self._begins:
                self._begins[origin] = min(self._begins[origin], at_ns)

    def gone_before(self, at_ns: int) -> None:
        """Take note that what was here before a moment has gone."""
        self._begins = {origin: max(begin, at_ns) for origin, begin in self._begins.items()}
