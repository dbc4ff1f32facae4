"""Widgets that draw lines themselves: only what is in sight, and repaint only the lines that differ."""

from collections.abc import Sequence

from rich.style import Style
from textual.binding import Binding
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.ink import Ink
from screens.strips import overlay, overlay_ground


class LineView(ScrollView, can_focus=True):
    """A widget of lines; subclasses give the strip of each line of the viewport by ``strip_at``."""

    ALLOW_SELECT = False

    def __init__(self, ink: Ink, ascii_only: bool, *, id: str) -> None:
        super().__init__(id=id)
        self.ink, self.ascii = ink, ascii_only
        self._painted: list[Strip] = []

    def strip_at(self, y: int) -> Strip:
        """Return a line of the viewport."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        return self.strip_at(y)

    def repaint_changed(self) -> None:
        """Compare each line in sight with what was painted there, and repaint those that differ."""
        height = self.size.height
        now = [self.strip_at(y) for y in range(height)]
        before = self._painted
        if len(before) != len(now):
            self.refresh()
        else:
            changed = [y for y in range(height) if now[y] is not before[y] and now[y] != before[y]]
            for start, count in _runs(changed):
                self.refresh(Region(0, start, self.size.width, count))
        self._painted = now

    def repaint_all(self) -> None:
        """Forget what was painted."""
        self._painted = []
        self.repaint_changed()


class KeyedLines(LineView):
    """Lines under fixed titles, some of which belong to a key: the cursor stands on one of these, and stays with it.

    Subclasses draw with ``draw_line`` and ``draw_title``, and number their lines by ``lay_out``.
    """

    BINDINGS = [
        Binding("up,k", "cursor(-1)", "up", id="cursor.up", tooltip="One up", show=False),
        Binding("down,j", "cursor(1)", "down", id="cursor.down", tooltip="One down", show=False),
        Binding("pageup", "page(-1)", "page up", id="cursor.page_up", tooltip="One screen up", show=False),
        Binding("pagedown", "page(1)", "page down", id="cursor.page_down", tooltip="One screen down", show=False),
        Binding("home,g", "edge(-1)", "first", id="cursor.first", tooltip="The first line", show=False),
        Binding("end,G", "edge(1)", "last", id="cursor.last", tooltip="The last line", show=False),
    ]

    class Selected(Message):
        """The cursor has moved to another key. ``opened``: by a double click."""

        def __init__(self, key: str, opened: bool = False) -> None:
            super().__init__()
            self.key, self.opened = key, opened

    class Sized(Message):
        """The widget has another size: its lines must be drawn anew."""

    def __init__(self, ink: Ink, ascii_only: bool, *, id: str, titles: int = 0) -> None:
        super().__init__(ink, ascii_only, id=id)
        self.titles = titles
        self.cursor_span = (0, 0)  # the cells that stand out on the line of the cursor
        self.cursor = ""
        self._keys: Sequence[str] = ()
        self._order: list[str] = []
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def draw_line(self, index: int) -> Strip:
        """Return a line, without the cursor."""
        raise NotImplementedError

    def draw_title(self, index: int) -> Strip:
        """Return a line that does not scroll."""
        raise NotImplementedError

    def draw_cursor(self, strip: Strip) -> Strip:
        """Return the first line of the key under the cursor: what shouts keeps its own ground."""
        readable = self.ink.cell + Style(color=self.ink.plain.color, dim=False)
        return overlay(overlay_ground(strip, 0, self.ink.plain, self.ink.row), *self.cursor_span, readable)

    def lay_out(self, keys: Sequence[str]) -> None:
        """Take the key of each line (empty: the cursor does not stop there). The cursor stays on its key.

        If its key is gone, it goes to the one that has taken its place. What is at the top stays at the top.
        """
        at_top = self.scroll_offset.y == 0
        old_line = self._first.get(self.cursor)
        old_place = self._order.index(self.cursor) if self.cursor in self._first else 0
        self._keys, self._first, self._last = keys, {}, {}
        for line, key in enumerate(keys):
            if key:
                self._first.setdefault(key, line)
                self._last[key] = line
        self._order = list(self._first)
        if self.cursor not in self._first:
            self.cursor = self._order[min(old_place, len(self._order) - 1)] if self._order else ""
        size = Size(self.size.width, len(keys) + self.titles)
        if size != self.virtual_size:
            self.virtual_size = size
        new_line = self._first.get(self.cursor)
        if not at_top and old_line is not None and new_line is not None and new_line != old_line:
            self.scroll_to(y=self.scroll_offset.y + new_line - old_line, animate=False)

    def strip_at(self, y: int) -> Strip:
        if y < self.titles:
            return self.draw_title(y)
        line = y - self.titles + self.scroll_offset.y
        if line >= len(self._keys):
            return Strip.blank(self.size.width, self.ink.plain)
        strip, key = self.draw_line(line), self._keys[line]
        if not key or key != self.cursor:
            return strip
        if line != self._first[key]:
            return overlay_ground(strip, 0, self.ink.plain, self.ink.row)
        return self.draw_cursor(strip)

    def select(self, key: str, opened: bool = False) -> bool:
        """Move the cursor to a key; False when there is no such line."""
        if key not in self._first:
            return False
        moved = key != self.cursor
        self.cursor = key
        self._keep_in_sight()
        self.repaint_changed()
        if moved or opened:
            self.post_message(self.Selected(key, opened))
        return True

    def shows_cursor(self) -> bool:
        """Tell whether the cursor is in sight; where it is not, bring it there: nothing unseen is acted upon."""
        if self.cursor in self._first and not self._is_in_sight(self.cursor):
            self._keep_in_sight()
            return False
        return True

    def step_on(self, key: str) -> None:
        """Move the cursor from a key to the next one, to the one before where it is the last."""
        if key in self._first and key == self.cursor and len(self._order) > 1:
            place = self._order.index(key)
            self.select(self._order[place + 1 if place + 1 < len(self._order) else place - 1])

    def action_cursor(self, step: int) -> None:
        """Go to the next key; beyond the last one, and from one that is out of sight, scroll."""
        place = self._order.index(self.cursor) + step if self.cursor in self._first else -1
        if 0 <= place < len(self._order) and self._is_in_sight(self.cursor):
            self.select(self._order[place])
        else:
            self._scroll(self.scroll_offset.y + step)

    def action_page(self, pages: int) -> None:
        lines = max(1, self.size.height - self.titles - 1)
        self._scroll(self.scroll_offset.y + pages * lines)
        top = self.scroll_offset.y + (0 if pages < 0 else lines)
        near = min(self._order, key=lambda key: abs(self._first[key] - top), default="")
        if near and self._first[near] >= self.scroll_offset.y:
            self.select(near)

    def action_edge(self, edge: int) -> None:
        if self._order:
            self.select(self._order[0 if edge < 0 else -1])
        self._scroll(0 if edge < 0 else len(self._keys))

    def on_click(self, event: Click) -> None:
        line = event.y - self.titles + self.scroll_offset.y
        if event.y >= self.titles and 0 <= line < len(self._keys) and self._keys[line]:
            self.select(self._keys[line], opened=event.chain == 2)

    def on_resize(self, _event: Resize) -> None:
        self._keep_in_sight()
        self.repaint_all()
        self.post_message(self.Sized())

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=y, animate=False)
        self.repaint_changed()

    def _is_in_sight(self, key: str) -> bool:
        offset = self.scroll_offset.y
        return offset <= self._first[key] < offset + max(1, self.size.height - self.titles)

    def _keep_in_sight(self) -> None:
        """Scroll just so far that the lines of the cursor are in sight; at the first key show what is above it too."""
        if self.cursor not in self._first or not self.size.height:
            return
        lines = self.size.height - self.titles
        top, bottom = self._first[self.cursor], self._last[self.cursor] + 1
        if self.cursor == self._order[0] and bottom <= lines:
            top = 0
        offset = self.scroll_offset.y
        if top < offset:
            self.scroll_to(y=top, animate=False)
        elif bottom > offset + lines:
            self.scroll_to(y=bottom - lines, animate=False)


def _runs(lines: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbouring lines as (first, count)."""
    runs: list[tuple[int, int]] = []
    for y in lines:
        if runs and sum(runs[-1]) == y:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((y, 1))
    return runs
