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
        self._ended_ns: dict[int, int] = {}  # origin -> up to when lines are here when more of another run come

    def see(self, lines: Sequence[LogLine]) -> None:
        """Look at lines that have come."""
        for line in [line for line in lines if line.kind]:
            if line.kind == LineKind.CUT:
                self._gaps.append(Gap(line.origin, line.at_ns, self._ended_ns.get(line.origin, 0)))
            elif line.kind == LineKind.MARK:
                self._ended_ns[line.origin] = line.at_ns

    def are_here(self, lines: Sequence[LogLine]) -> None:
        """Take note of lines that are here, and have not come: what comes of their origins may begin behind them."""
        for line in lines:
            if line.kind == LineKind.LINE:
                self._ended_ns[line.origin] = max(line.at_ns, self._ended_ns.get(line.origin, 0))

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
        if any(gap.until_ns < first_ns for gap in self._gaps):
            marks = self.marks()  # what has come late stands below younger lines
            self._gaps = [gap for gap in self._gaps if gap.until_ns >= first_ns or _place(gap) in marks]
        return tuple(gap for gap in self._gaps if gap.origin in origins)

    def marks(self) -> dict[tuple[int, int], int]:
        """Return the lines that say where some are missing, by moment and origin."""
        told = ((number, self._ring.kept(number)) for number in self._ring.marks())
        return {(line.at_ns, line.origin): number for number, line in told if line.kind == LineKind.CUT}

    def marks_of(self, gaps: Collection[Gap]) -> set[int]:
        """Return the lines that say where some gaps are, as far as they are here."""
        marks = self.marks() if gaps else {}
        return {marks[_place(gap)] for gap in gaps if _place(gap) in marks}

    def fill(self, filled: Collection[Gap], left: Collection[Gap]) -> None:
        """Take note that lines have come into some, and what is left of these."""
        self._gaps = [*(gap for gap in self._gaps if gap not in filled), *left]

    def gone_before(self, at_ns: int) -> None:
        """Take note that what was here before a moment has gone."""
        self._gaps = [msgspec.structs.replace(gap, until_ns=max(gap.until_ns, at_ns)) for gap in self._gaps]


def _place(gap: Gap) -> tuple[int, int]:
    return gap.until_ns, gap.origin
