"""The workloads of one cell, side by side, where there are several."""

from screens.ink import Ink
from screens.linewidget import LineWidget
from screens.strips import Line, cells
from statusdesk.board import Mark
from statusdesk.marks import GLYPHS, LEVEL_MARKS
from statusdesk.rollout_view import RolloutView
from statusdesk.states import Level, RolloutState


class TabsLine(LineWidget):
    """One entry per workload, the shown one stands out; each can be clicked. Not shown when there is only one."""

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, id="tabs")
        self.ascii = ascii_only
        self.display = False
        self._siblings: tuple[RolloutState, ...] = ()
        self._levels: tuple[Level, ...] = ()
        self._key = ""

    def show_siblings(self, view: RolloutView) -> None:
        """Take the workloads of the view's cell."""
        self._siblings, self._levels, self._key = view.siblings, view.sibling_levels, view.key
        self.display = len(view.siblings) > 1
        self.redraw()

    def draw(self, width: int) -> Line:
        ink, line = self.ink, Line().put(" ", self.ink.plain)
        places = {sibling.cluster for sibling in self._siblings}
        for index, (sibling, level) in enumerate(zip(self._siblings, self._levels, strict=True)):
            name = f"{sibling.cluster} {sibling.name}" if len(places) > 1 else sibling.name
            mark = LEVEL_MARKS[level]
            glyph = GLYPHS[mark][1 if self.ascii else 0]
            if line.x + cells(name) + cells(glyph) + 16 > width and index:
                return line.put(f"+{len(self._siblings) - index} more  tab: next", ink.quiet)
            start = line.x
            line.put(f"{glyph} ", ink.well_glyph if mark is Mark.OK else ink.badges[mark])
            line.put(name, ink.strong if sibling.key == self._key else ink.quiet)
            self.spots.append((start, line.x, f"screen.go({index})"))
            line.put("    ", ink.plain)
        return line.put("tab: next", ink.quiet)
