"""A text of any length, wrapped; only what is in sight is drawn, so that a line of megabytes opens at once."""

from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.strips import cells


class WholeText(ScrollView, can_focus=True):
    """Wraps a text at the width of the widget, anywhere; scrolls up and down."""

    DEFAULT_CSS = "WholeText { scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto; }"
    ALLOW_SELECT = False

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._rows: list[str] = []
        self._wrapped_at = 0

    def show(self, text: str) -> None:
        """Show another text."""
        self._text, self._wrapped_at = text, 0
        self._wrap()

    def on_resize(self, _event: Resize) -> None:
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if not width or width == self._wrapped_at:
            return
        self._wrapped_at = width
        self._rows = [row for line in self._text.split("\n") for row in wrapped(line, width)]
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        text = self._rows[at] if at < len(self._rows) else ""
        style = self.rich_style
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in pieces of at most ``width`` cells."""
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)] or [""]
    rows, row, size = [], "", 0
    for char in text:
        wide = cells(char)
        if size + wide > width:
            rows.append(row)
            row, size = "", 0
        row += char
        size += wide
    return [*rows, row]
