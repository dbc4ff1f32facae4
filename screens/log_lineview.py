"""The rows of a log: follows its end or stands where the reader reads, and draws only what is in sight."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip

from screens.ink import Ink
from screens.lineview import LineView
from screens.log_missing import said_before
from screens.log_ring import LogRing
from screens.log_rows import Fold, How, draw_line, words_of
from screens.log_shown import Shown
from screens.strips import Line, fold, overlay, overlay_ground

CACHED = 2000
BEFORE = -1  # the row above the first one
MOST_NOTE_ROWS = 8  # of one sentence that says why there is nothing to see
WHEEL_ROWS = 3
KEEP_ABOVE = 2000  # lines above the place where the reader stands that stay while the view is paused
Drawn = tuple[Fold | None, bool, tuple[Strip, ...]]


class LogLineView(LineView):
    """Shows the lines of ``shown``. While ``following`` the newest is at the bottom; else ``top`` stays at the top."""

    BINDING_GROUP_TITLE = "Log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "up", id="cursor.up", tooltip="One line up; stops following", show=False),
        Binding("down,j", "cursor(1)", "down", id="cursor.down", tooltip="One line down", show=False),
        Binding("pageup", "page(-1)", "page up", id="cursor.page_up", tooltip="One screen up", show=False),
        Binding("pagedown", "page(1)", "page down", id="cursor.page_down", tooltip="One screen down", show=False),
        Binding("home,g", "edge(-1)", "first", id="cursor.first", tooltip="The oldest line that is here", show=False),
        Binding("end,G", "edge(1)", "last", id="cursor.last", tooltip="To the end, and follow", show=False),
        Binding("left", "aside(-1)", "left", id="cursor.left", tooltip="Scroll to the left", show=False),
        Binding("right", "aside(1)", "right", id="cursor.right", tooltip="Scroll to the right", show=False),
    ]

    class Moved(Message):
        """The view follows, or has stopped following, or stands elsewhere. ``opened``: by a double click."""

        def __init__(self, opened: bool = False) -> None:
            super().__init__()
            self.opened = opened

    def __init__(self, ink: Ink, ascii_only: bool, ring: LogRing, shown: Shown, how: How, *, id: str) -> None:
        super().__init__(ink, ascii_only, id=id)
        self.ring, self.shown, self.how = ring, shown, how
        self.following = True
        self.notes: tuple[str, ...] = ()
        self.cursor: int | None = None
        self.marked: set[int] = set()
        self._top, self._top_row = 0, 0
        self._page: list[tuple[int, int]] = []  # of each row in sight: the number of its line, and which row of it
        self._rows: list[Strip] = []
        self._cache: dict[int, Drawn] = {}
        self._width = self._rows_high = 0

    def show(self, ring: LogRing, shown: Shown) -> None:
        """Show other lines."""
        self.ring, self.shown = ring, shown
        self.following, self.cursor, self._top, self._top_row = True, None, 0, 0
        self.marked.clear()
        self._cache.clear()

    def renumber(self, before: int, numbers: Mapping[int, int]) -> None:
        """Forget what was drawn before a line, and let the marks stand on their lines, which have other numbers."""
        self._cache.clear()
        now_at = {number: number if number >= before else numbers.get(number) for number in self.marked}
        self.marked = {number for number in now_at.values() if number is not None}

    def set_how(self, how: How) -> None:
        """Draw lines in another way."""
        if how != self.how:
            self.how = how
            self._cache.clear()

    # -- what is shown ----------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Lay out anew what is in sight, and repaint the rows that are others now."""
        width, height = self.size
        if not height or not width:
            return
        self._width, self._rows_high = width, height
        self._page = self._from_end() if self.following else self._from_top()
        if not self.following and self._page:
            self.ring.held_from = max(self.ring.first, self._page[0][0] - KEEP_ABOVE)
        self._say_before(height)
        self._rows = [self._row(number, part) for number, part in self._page]
        if not self._page:
            rows = [row for text in self.notes for row in fold(text, width - 6, MOST_NOTE_ROWS, self.how.dots) or [""]]
            self._rows = [Line().put(f"   {row}", self.ink.plain).strip(width, self.ink.plain) for row in rows]
        self._rows += [Strip.blank(width, self.ink.plain)] * (height - len(self._rows))
        self._lay_rail()
        self.repaint_changed()

    def _say_before(self, height: int) -> None:
        """Put before the oldest line that older ones have gone; not where the cursor would lose its row by it."""
        page = self._page
        if not page or not self.shown.complete or said_before(self.ring) is None or page[0] != (self.shown[0], 0):
            return
        if len(page) < height or not (self.following or page[-1][0] == self.cursor):
            self._page = [(page[0][0], BEFORE), *page[: height - 1]]

    def strip_at(self, y: int) -> Strip:
        return self._rows[y] if y < len(self._rows) else Strip.blank(self._width, self.ink.plain)

    def _lay_rail(self) -> None:
        """Show in the rightmost cells where in all lines those in sight are."""
        total, height, seen = len(self.shown), self._rows_high, len(self._page)
        if total <= seen or not seen:
            return
        size = max(1, height * seen // total)
        place = self.shown.place(self._page[0][0])
        start = round((height - size) * min(1.0, place / max(1, total - seen)))
        colour = self.ink.rule.color
        rail = Strip.blank(1, Style(bgcolor=colour) if colour is not None else Style(reverse=True))
        for y in range(start, min(height, start + size)):
            self._rows[y] = Strip.join([self._rows[y].crop(0, self._width - 1), rail])

    def _drawn(self, number: int) -> tuple[Strip, ...]:
        fold, marked = self._fold(number), number in self.marked
        known = self._cache.get(number)
        if known is None or known[0] != fold or known[1] is not marked:
            if len(self._cache) > CACHED:
                self._cache.clear()
            known = (fold, marked, draw_line(self.ring[number], self.how, marked=marked, fold=fold))
            self._cache[number] = known
        return known[2]

    def _fold(self, number: int) -> Fold | None:
        trace = self.ring.traces.get(number) if self.shown.folded and number not in self.shown.opened else None
        if trace is None:
            return None
        cause = self.ring[trace.cause] if trace.cause is not None and trace.cause in self.ring else None
        text = words_of(cause, raw=self.how.raw, redacted=self.how.redacted).text.strip() if cause is not None else ""
        return Fold(trace.lines, text)

    def _row(self, number: int, part: int) -> Strip:
        if part == BEFORE and (before := said_before(self.ring)) is not None:
            return draw_line(before, self.how)[0]
        strips = self._drawn(number)
        strip = strips[min(part, len(strips) - 1)]
        if number != self.cursor or self.following:
            return strip
        ground = overlay_ground(strip, 0, self.ink.plain, self.ink.row)
        if part:
            return ground
        readable = self.ink.cell + Style(color=self.ink.plain.color, dim=False)
        return overlay(ground, 0, min(9, self._width), readable)

    # -- laying out -------------------------------------------------------------------------------------------------

    def _height(self, number: int) -> int:
        return len(self._drawn(number)) if self.how.wrap else 1

    def _from_end(self) -> list[tuple[int, int]]:
        rows: list[tuple[int, int]] = []
        place = len(self.shown) - 1
        while place >= 0 and len(rows) < self._rows_high:
            number = self.shown[place]
            rows += [(number, part) for part in reversed(range(self._height(number)))]
            place -= 1
        return rows[: self._rows_high][::-1]

    def _from_top(self) -> list[tuple[int, int]]:
        rows: list[tuple[int, int]] = []
        place, skip = self.shown.place(self._top), self._top_row
        while place < len(self.shown) and len(rows) < self._rows_high + skip:
            number = self.shown[place]
            if not rows and number != self._top:
                skip = 0
            rows += [(number, part) for part in range(self._height(number))]
            place += 1
        rows = rows[skip : skip + self._rows_high]
        return rows if len(rows) == self._rows_high else self._from_end()

    # -- moving -----------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop following: what is in sight stays in sight."""
        if self.following:
            self.following = False
            self._page = self._from_end()
            if self._page:
                self._top, self._top_row = self._page[0]
                self.cursor = self._page[-1][0]
                self.ring.held_from = max(self.ring.first, self._top - KEEP_ABOVE)
            else:
                self.ring.held_from = None

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.ring.release()
        self.shown.take_new()
        self.following, self.cursor = True, None
        self._turned()

    def stand_on(self, number: int) -> None:
        """Put the cursor on a line (or the next one that is shown) and show it in the middle; stops following."""
        if not len(self.shown):
            return
        self.pause()
        place = min(self.shown.place(number), len(self.shown) - 1)
        self.cursor = self.shown[place]
        in_sight = {line for line, _ in self._page[:-1]}
        if self.cursor not in in_sight:
            rows, above = self._height(self.cursor), place
            while above and rows < self._rows_high // 2:
                above -= 1
                rows += self._height(self.shown[above])
            self._top, self._top_row = self.shown[above], 0
        self._turned()

    def action_cursor(self, step: int) -> None:
        """Go to the next line; a long line that is wrapped is scrolled through first."""
        if not len(self.shown):
            return
        was_following = self.following
        self.pause()
        if self.cursor is None or was_following and step > 0:
            return self._turned()
        place = self.shown.place(self.cursor) + step
        if 0 <= place < len(self.shown):
            self.cursor = self.shown[place]
            self._bring_in_sight()
        self._turned()

    def action_page(self, pages: int) -> None:
        if not len(self.shown):
            return
        self.pause()
        self.scroll_rows(pages * max(1, self._rows_high - 1))
        page = self._from_top()
        if page:
            self.cursor = page[0 if pages < 0 else -1][0]
        self._turned()

    def action_edge(self, edge: int) -> None:
        if edge > 0:
            self.follow()
        elif len(self.shown):
            self.pause()
            self._top, self._top_row = self.shown[0], 0
            self.cursor = self._top
            self._turned()

    def action_aside(self, step: int) -> None:
        """Scroll lines that are too long to the side."""
        left = max(0, self.how.left + step * max(8, self._width // 3))
        if not self.how.wrap and left != self.how.left:
            self.set_how(msgspec.structs.replace(self.how, left=left))
            self._turned()

    def scroll_rows(self, rows: int) -> None:
        """Move what is in sight by so many rows."""
        place, part = self.shown.place(self._top), self._top_row + rows
        while part < 0 and place > 0:
            place -= 1
            part += self._height(self.shown[place])
        while place < len(self.shown) - 1 and part >= self._height(self.shown[place]):
            part -= self._height(self.shown[place])
            place += 1
        self._top, self._top_row = self.shown[max(0, place)], max(0, part)
        page = self._from_top()
        if page:
            self._top, self._top_row = page[0]

    def _bring_in_sight(self) -> None:
        """Scroll just so far that the line of the cursor is in sight."""
        if self.cursor is None:
            return
        page = self._from_top()
        if any(number == self.cursor for number, _ in page) and page[-1][0] != self.cursor:
            return
        if not page or self.cursor <= page[0][0]:
            self._top, self._top_row = self.cursor, 0
            return
        rows, place = self._height(self.cursor), self.shown.place(self.cursor)
        while place and rows < self._rows_high:
            place -= 1
            rows += self._height(self.shown[place])
        self._top, self._top_row = self.shown[place], max(0, rows - self._rows_high)

    def _turned(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self._wheel(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        if not self.following:
            self._wheel(WHEEL_ROWS)

    def _wheel(self, rows: int) -> None:
        if len(self.shown):
            self.pause()
            self.scroll_rows(rows)
            self._turned()

    def on_click(self, event: Click) -> None:
        if event.y < len(self._page):
            number = self._page[event.y][0]
            self.pause()
            self.cursor = number
            self.redraw()
            self.post_message(self.Moved(opened=event.chain == 2))

    def on_resize(self, _event: Resize) -> None:
        self._cache.clear()
        self.post_message(self.Moved())

    def in_sight(self) -> list[int]:
        """Return the numbers of the lines in sight."""
        return list(dict.fromkeys(number for number, _ in self._page))

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self._cache.clear()
        self._painted = []
