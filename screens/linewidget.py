"""A widget of one hand-drawn line: cheaper to start and to update than a ``Static``."""

from textual.events import Click, Resize
from textual.strip import Strip
from textual.widget import Widget

from screens.ink import Ink
from screens.strips import Line


class LineWidget(Widget):
    """One line that subclasses draw with ``draw``; ``redraw`` repaints only when the line is another one."""

    DEFAULT_CSS = "LineWidget { height: 1; }"
    ALLOW_SELECT = False

    def __init__(self, ink: Ink, *, id: str) -> None:
        super().__init__(id=id)
        self.ink = ink
        self.spots: list[tuple[int, int, str]] = []
        self._drawn: Strip | None = None

    def draw(self, width: int) -> Line:
        """Return the line for a width; may append clickable ``spots`` (from, to, action)."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and repaint if anything has changed."""
        if not self.size.width:
            return
        strip = self._make_strip()
        if strip != self._drawn:
            self._drawn = strip
            self.refresh()

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self._drawn = None
        self.redraw()

    def on_resize(self, _event: Resize) -> None:
        self.redraw()

    async def on_click(self, event: Click) -> None:
        for start, end, action in self.spots:
            if start <= event.x < end:
                await self.run_action(action)

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self.ink.plain)
        if self._drawn is None or self._drawn.cell_length != self.size.width:
            self._drawn = self._make_strip()
        return self._drawn

    def _make_strip(self) -> Strip:
        self.spots.clear()
        return self.draw(self.size.width).strip(self.size.width, self.ink.plain)
