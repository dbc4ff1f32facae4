"""How the width of the board is shared out: pure arithmetic, from 200 columns down to a list below 60."""

from collections.abc import Sequence

import msgspec

from screens.strips import cells
from statusdesk.board import Row

LIST_BELOW = 60
BUILD_FROM = 100
SHORT_VERSION = 7
MARKS = 3  # " ⇣2"; also room for "1/3" where there are no ages
GAP = 2
NAME_MIN, NAME_MAX = len("APPLICATION"), 32
VERSION_MIN, VERSION_MAX = 5, 16
BUILD_MIN, BUILD_MAX = 18, 30


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Widths in cells. ``marks``, ``age`` or ``build`` is 0 when that part is not shown.

    ``first`` and ``count`` say which stages are shown when not all fit. ``listed`` means: no stages at all, one line
    per application that is not well.
    """

    width: int
    glyph: int
    name: int
    version: int = SHORT_VERSION
    marks: int = 0
    age: int = 0
    gap: int = GAP
    build: int = 0
    first: int = 0
    count: int = 0
    stretch: int = 0
    listed: bool = False

    @property
    def left(self) -> int:
        """Where the first stage begins."""
        return self.glyph + 1 + self.name + self.gap

    @property
    def cell(self) -> int:
        """Cells of one stage without the gap behind it."""
        return self.glyph + 1 + self.version + self.marks + self.age + self.stretch

    @property
    def step(self) -> int:
        return self.cell + self.gap

    @property
    def build_at(self) -> int:
        return self.left + self.count * self.step

    def start(self, stage: int) -> int:
        """Where a stage begins; only for those that are shown."""
        return self.left + (stage - self.first) * self.step

    def stage_at(self, x: int) -> int | None:
        """Return the stage at a column, None left and right of them."""
        index = (x - self.left) // self.step if self.count else -1
        return self.first + index if 0 <= index < self.count else None


def natural_widths(rows: Sequence[Row]) -> tuple[int, int]:
    """Return the widths that names and versions would like to have."""
    name = max((cells(row.app) for row in rows), default=0)
    versions = {cell.version for row in rows for cell in row.cells if cell is not None}
    version = max(map(cells, versions), default=0)
    return min(max(name, NAME_MIN), NAME_MAX), min(max(version, VERSION_MIN), VERSION_MAX)


def share_out(
    width: int,
    stages: int,
    natural: tuple[int, int],
    *,
    glyph: int,
    age: int,
    shown_stage: int = 0,
    listed: bool = False,
) -> Columns:
    """Return the columns for a width: first LAST BUILD goes, then the ages, then versions shrink to seven.

    ``age`` is what an age may take with a blank before it; ``shown_stage`` is kept in sight when not all stages fit.
    ``listed`` asks for one line without stages.
    """
    name, version = natural
    if listed or not stages:
        return Columns(width=width, glyph=glyph, name=min(name, max(8, width // 3)), listed=True)
    name = min(name, NAME_MAX if width >= 140 else max(NAME_MIN, width // 5))
    short = min(version, SHORT_VERSION)
    tries = (
        (BUILD_MIN, MARKS, age, GAP, version),
        (BUILD_MIN, MARKS, age, GAP, short),
        (0, MARKS, age, GAP, version),
        (0, MARKS, age, GAP, short),
        (0, MARKS, 0, GAP, version),
        (0, MARKS, 0, 1, short),
        (0, 0, 0, 1, short),
    )
    for build, marks, age_cells, gap, wanted in tries:
        if build and width < BUILD_FROM:
            continue
        plan = Columns(
            width=width, glyph=glyph, name=name, version=wanted, marks=marks, age=age_cells, gap=gap, count=stages
        )
        spare = width - plan.build_at + (0 if build else gap) - build  # nothing needs a gap behind it at the edge
        if spare >= 0:
            return _stretched(plan, spare, build)
    return _window(plan, stages, shown_stage)


def _stretched(plan: Columns, spare: int, build: int) -> Columns:
    """Give what is left over to the stages (a little), then to LAST BUILD."""
    stretch = min(3, spare // plan.count)
    spare -= stretch * plan.count
    return _with(plan, stretch=stretch, build=min(BUILD_MAX, build + spare) if build else 0)


def _window(plan: Columns, stages: int, shown_stage: int) -> Columns:
    """Show as many stages as fit, the wanted one among them."""
    count = max(1, (plan.width - plan.left) // plan.step)
    return _with(plan, count=min(count, stages), first=max(0, min(shown_stage - count + 1, stages - count)))


def _with(plan: Columns, **changes: int) -> Columns:
    return msgspec.structs.replace(plan, **changes)
