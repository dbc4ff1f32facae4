"""A list of entries under fixed titles, and a screen that is such a list.

An entry is drawn when it comes in sight; one whose height nobody knows is drawn at once, to know it.
"""

from collections.abc import Callable, Sequence

import msgspec
from textual import on
from textual.message import Message
from textual.strip import Strip

from screens.frame import Setup
from screens.ink import Ink
from screens.lineview import KeyedLines
from screens.list_screen import ListScreen
from screens.pen import MOST_LINES, Pen
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit, fold
from statusdesk.board import Board

Drawing = Callable[[Pen], Sequence[Line]]


class Entry(msgspec.Struct, frozen=True):
    """Lines that belong together: ``height`` of them are drawn (0: as many as there are in the width that there is).

    The cursor stops there when it has a key.
    """

    draw: Drawing
    key: str = ""
    height: int = 1


def sentence(text: str) -> Entry:
    """Return an entry of one sentence, in as many lines as it needs."""

    def draw(pen: Pen) -> list[Line]:
        indent = " " * min(3 + len(text) - len(text.lstrip()), pen.width // 2)
        parts = fold(text, max(1, pen.width - len(indent) - 1), MOST_LINES, pen.dots)
        return [Line().put(indent, pen.ink.plain).put(part, pen.ink.plain) for part in parts]

    return Entry(draw, height=0)


def fact(label: str, size: int, words: Callable[[Pen], str]) -> Entry:
    """Return an entry of a label of so many cells and what is known, in as many lines as it needs."""

    def draw(pen: Pen) -> list[Line]:
        lines = [Line().put(f"   {fit(label, size, pen.dots)} ", pen.ink.quiet)]
        return pen.put_folded(lines, words(pen), pen.ink.plain)

    return Entry(draw, height=0)


def blank() -> Entry:
    return Entry(lambda _pen: [Line()])


def heading(text: str, beside: str = "", good: bool = False) -> Entry:
    """Return the title of a block, with what is to be said about all of it."""

    def draw(pen: Pen) -> list[Line]:
        line = Line().put(f" {text} ", pen.ink.strong)
        style = pen.ink.good if good else pen.ink.quiet
        room = pen.width - line.x - 2
        parts = fold(beside, max(1, room), 3, pen.dots) if cells(beside) > room else [beside]
        if len(parts) > 2:  # it would be cut beside the title, and has more room below it
            below = fold(beside, max(1, pen.width - 4), 3, pen.dots)
            return [line, *(Line().put(f"   {part}", style) for part in below)]
        lines = [line.put(f" {parts[0]}", style)] if parts else [line]
        return [*lines, *(Line().to(line.x - cells(parts[0]), pen.ink.plain).put(part, style) for part in parts[1:])]

    return Entry(draw, height=0)


class EntryLines(KeyedLines):
    """The lines of all entries."""

    BINDING_GROUP_TITLE = "List"

    class Scrolled(Message):
        """Other lines are in sight."""

    def __init__(self, ink: Ink, ascii_only: bool) -> None:
        super().__init__(ink, ascii_only, id="entries", titles=0)
        self._entries: Sequence[Entry] = ()
        self._places: list[tuple[int, int]] = []
        self._title: Line | None = None
        self._pen: Pen | None = None
        self._measured: dict[int, Sequence[Line]] = {}
        self._drawn: dict[int, list[Strip]] = {}

    def show_entries(self, entries: Sequence[Entry], title: Line | None, pen: Pen) -> None:
        """Take the entries and the line of titles."""
        self._entries, self._title, self._pen = entries, title, pen
        self.titles = 0 if title is None else 1
        self._drawn.clear()
        self._measured = {index: entry.draw(pen) for index, entry in enumerate(entries) if not entry.height}
        heights = [entry.height or len(self._measured[index]) for index, entry in enumerate(entries)]
        self._places = [(index, part) for index, height in enumerate(heights) for part in range(height)]
        self.cursor_span = (0, pen.width)
        self.lay_out([entries[index].key for index, _ in self._places])
        self.repaint_changed()

    def tick(self, pen: Pen) -> None:
        """Let time pass."""
        self._pen = pen
        self._drawn.clear()
        self._measured.clear()
        self.repaint_changed()

    def keys_in_sight(self) -> list[str]:
        """Return the keys of the entries that are in sight or would be after one page."""
        height = max(1, self.size.height)
        top = max(0, self.scroll_offset.y - height)
        places = self._places[top : top + 3 * height]
        return list(dict.fromkeys(key for index, _ in places if (key := self._entries[index].key)))

    def draw_title(self, index: int) -> Strip:
        assert self._title is not None
        return self._title.fitted(self.size.width, self.ink.plain, ASCII_DOTS if self.ascii else DOTS)

    def draw_line(self, index: int) -> Strip:
        place, part = self._places[index]
        drawn = self._drawn.get(place)
        if drawn is None:
            assert self._pen is not None
            width = self.size.width
            lines = self._measured.pop(place, None) or self._entries[place].draw(self._pen)
            drawn = [line.fitted(width, self.ink.plain, self._pen.dots) for line in lines]
            drawn += [Strip.blank(width, self.ink.plain)] * (part + 1 - len(drawn))
            self._drawn[place] = drawn
        return drawn[part]

    def draw_cursor(self, strip: Strip) -> Strip:
        from screens.strips import overlay_ground

        return overlay_ground(strip, 0, self.ink.plain, self.ink.cell)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())


class EntryScreen(ListScreen[EntryLines]):
    """A screen that is a list; subclasses give ``where``, ``entries``, ``column_titles``, and open what is selected."""

    AUTO_FOCUS = "#entries"

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.list = EntryLines(ink, setup.ascii)
        self.problem = ""

    def where(self) -> tuple[str, ...]:
        """Return the way to this screen."""
        raise NotImplementedError

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return what is shown of a board."""
        raise NotImplementedError

    def column_titles(self, pen: Pen) -> Line | None:
        """Return the titles of the columns."""
        return None

    def read_more(self) -> None:
        """Ask the feed for what the entries in sight need beside the board, if that may be another now."""

    def draw(self, board: Board | None) -> None:
        """Draw all entries of a board."""
        if board is not None and self.list.size.width:
            pen = self.pen()
            entries = [sentence(self.problem), blank()] if self.problem else []
            self.list.show_entries([*entries, *self.entries(board, pen)], self.column_titles(pen), pen)
            self.read_more()

    def draw_again(self) -> None:
        """Draw what the screen has been told beside the board."""
        self.draw(self.shown_board)

    def draw_time(self) -> None:
        if self.shown_board is not None:
            self.list.tick(self.pen())
            self.read_more()

    def show_lines(self, board: Board | None) -> None:
        self.header_line.where = self.where()
        super().show_lines(board)

    @on(EntryLines.Scrolled)
    def _scrolled(self) -> None:
        self.read_more()
