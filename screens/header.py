"""The top line: where am I, how many are bad, how old is this, what time is it."""

import datetime

from rich.style import Style

from screens.ink import Ink
from screens.lens import Lens
from screens.linewidget import LineWidget
from screens.strips import Line, cells, fit
from statusdesk.board import Board, Mark
from statusdesk.marks import GLYPHS
from statusdesk.text import age, as_of, local

COUNTERS = (
    ("failing", Mark.FAILING, "failing"),
    ("on_its_way", Mark.ON_ITS_WAY, "on its way"),
    ("warning", Mark.WARNING, "warning"),
    ("moving", Mark.PROGRESSING, "moving"),
    ("unknown", Mark.UNKNOWN, "unknown"),
    ("ok", Mark.OK, ""),
)
OLD_MS = 30_000


class HeaderLine(LineWidget):
    """Title, counters, age of the data, clock; and in their place what is wrong with the data.

    ``where`` says in which screen this is; empty for the board, which shows its title instead.
    """

    def __init__(self, ink: Ink, zone: datetime.tzinfo, ascii_only: bool) -> None:
        super().__init__(ink, id="header")
        self.zone, self.ascii = zone, ascii_only
        self.board: Board | None = None
        self.lens = Lens()
        self.now_ms = 0
        self.problem = ""
        self.past_ms: int | None = None
        self.can_return = False
        self.where: tuple[str, ...] = ()

    def draw(self, width: int) -> Line:
        right = self._right(width)
        line = Line().put(" statusdesk", self.ink.strong)
        if self.where:
            self._put_where(line, width)
        elif self.board is not None and self.board.title and width >= 70:
            line.put("  " + fit(self.board.title, min(len(self.board.title), 24)).rstrip(), self.ink.plain)
        line.put("  " if width < 100 else "    ", self.ink.plain)
        self._put_past(line)
        asked = self._asked()
        if self.board is not None:
            self._put_counts(line, width - line.x - right.x - cells(asked) - 2)
        if asked:
            line.put(fit(asked, min(cells(asked), max(0, width - line.x - right.x))), self.ink.key)
        line.to(width - right.x, self.ink.plain)
        for segment in right.segments:
            line.put(segment.text, segment.style or self.ink.plain)
        return line

    def _put_where(self, line: Line, width: int) -> None:
        """Append the way to this screen: stage, application."""
        for name in self.where:
            room = max(8, width // 6)
            line.put(" > " if self.ascii else " \u203a ", self.ink.quiet)
            line.put(fit(name, min(cells(name), room)), self.ink.plain)

    def _put_past(self, line: Line) -> None:
        if self.past_ms is not None:
            back = ", esc: now " if self.can_return else " "
            text = f" as of {as_of(self.past_ms, self.zone, self.now_ms if self.can_return else None)}{back}"
            line.put(text, self.ink.past).put("  ", self.ink.plain)

    def _put_counts(self, line: Line, room: int) -> None:
        """Append the counters: with words when there is room, as bare numbers when not."""
        assert self.board is not None
        for words in (True, False):
            pieces = self._counts(self.board, words)
            if sum(len(text) for text, _ in pieces) < room or not words:
                for text, style in pieces:
                    if line.x + len(text) < line.x + room:
                        line.put(text, style)
                return

    def _counts(self, board: Board, words: bool) -> list[tuple[str, Style]]:
        pieces: list[tuple[str, Style]] = []
        for field, mark, word in COUNTERS:
            number = getattr(board.counts, field)
            if not number and mark in (Mark.WARNING, Mark.ON_ITS_WAY):
                continue
            glyph = GLYPHS[mark][1 if self.ascii else 0]
            text = f"{glyph} {number} {word}".rstrip() if words else f"{glyph}{number}"
            quiet = not number or mark is Mark.OK
            style = self.ink.quiet if quiet else self.ink.badges[mark]
            pieces += [(text, style), ("  " if words else " ", self.ink.plain)]
        return pieces

    def _asked(self) -> str:
        """Return what the reader has filtered, so that a short board is never taken for a good one."""
        asked = [f"/{self.lens.text}"] if self.lens.text else []
        asked += ["only not well"] if self.lens.only_bad else []
        asked += ["by name"] if self.lens.by_name else []
        return "  ".join(asked)

    def _right(self, width: int) -> Line:
        line = Line()
        self._put_data_age(line)
        clock = local(self.now_ms, self.zone, "%H:%M:%S %Z" if width >= 60 else "%H:%M %Z") if self.now_ms else ""
        if clock and self.zone is not datetime.UTC and width >= 120:
            clock = f"{local(self.now_ms, datetime.UTC, '%H:%M:%S')} UTC ({local(self.now_ms, self.zone, '%H:%M %Z')})"
        return line.put(f"   {clock} ", self.ink.plain)

    def _put_data_age(self, line: Line) -> None:
        """Append how old the data is, or why it grows no younger."""
        ink, board = self.ink, self.board
        if self.problem:
            line.put(f" {self.problem} ", ink.alarm)
            return
        if board is None or self.past_ms is not None:
            return
        later = max(0, self.now_ms - board.at_ms)
        if board.collector_lost_ms is not None:
            stopped = board.collector is not None and board.collector.stopped_ms is not None
            words = "collector ended" if stopped else "collector stopped"
            line.put(f" {words} {age(board.collector_lost_ms + later)} ago ", ink.alarm)
        elif board.data_age_ms is None:
            line.put("no data yet", ink.quiet)
        else:
            ms = board.data_age_ms + later
            line.put(f"data {age(ms)}", ink.words[Mark.WARNING] if ms >= OLD_MS else ink.quiet)
