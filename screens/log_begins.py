"""Where older lines of an origin are missing, as the marks say that come with the lines."""

from collections.abc import Collection, Sequence

import msgspec

from collectors.log_lines import LineKind, LogLine
from screens.log_ring import LogRing


class Gap(msgspec.Struct, frozen=True):
    """Lines of an origin are missing before a moment (ns of UTC): those of one run, the one before ended earlier."""

    origin: int
    until_ns: int
    after_ns: int = 0


class Beginnings:
    """Knows where the runs begin of which only the last lines were asked for. All others are here from their start."""

    def __init__(self, ring: LogRing) -> None:
        self._ring = ring
        self._gaps: list[Gap] = []
        self._ended_ns: dict[int, int] = {}  # origin -> when what was marked last has happened

    def see(self, lines: Sequence[LogLine]) -> None:
        """Look at lines that have come."""
        for line in [line for line in lines if line.kind]:
            if line.kind == LineKind.CUT:
                self._gaps.append(Gap(line.origin, line.at_ns, self._ended_ns.get(line.origin, 0)))
            elif line.kind == LineKind.MARK:
                self._ended_ns[line.origin] = line.at_ns

    @property
    def all(self) -> tuple[Gap, ...]:
        """All that was seen."""
        return tuple(self._gaps)

    def of(self, origins: Collection[int]) -> tuple[Gap, ...]:
        """Return where lines of some origins are missing, not before the first line that is here."""
        ring = self._ring
        if not len(ring) or not self._gaps:
            return ()
        first_ns = ring.at_ns(ring.first)
        self._gaps = [gap for gap in self._gaps if gap.until_ns >= first_ns]
        return tuple(gap for gap in self._gaps if gap.origin in origins)

    def mark_of(self, gap: Gap) -> int | None:
        """Return the line that says where one is; None where it is not here."""
        ring = self._ring
        number = ring.place_of_time(gap.until_ns)
        while number < ring.end and ring.at_ns(number) == gap.until_ns:
            line = ring[number]
            if line.kind == LineKind.CUT and line.origin == gap.origin:
                return number
            number += 1
        return None

    def fill(self, filled: Collection[Gap], left: Collection[Gap]) -> None:
        """Take note that lines have come into some, and what is left of these."""
        self._gaps = [*(gap for gap in self._gaps if gap not in filled), *left]

    def gone_before(self, at_ns: int) -> None:
        """Take note that what was here before a moment has gone."""
        self._gaps = [msgspec.structs.replace(gap, until_ns=max(gap.until_ns, at_ns)) for gap in self._gaps]
