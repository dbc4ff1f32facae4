"""The top line: where am I, how many are bad, how old is this, what time is it."""

import datetime

from rich.style import Style

from screens.ink import Ink
from screens.lens import Lens
from screens.linewidget import LineWidget
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit
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
# What goes where there is no room for all, the least important first.
DROPS = ("title", "words", "name", "seconds", "way back", "counts", "age")
Shown = frozenset[str]


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
        """Return the line; where it is too long, what matters less goes first, and the clock stays whole."""
        for dropped in range(len(DROPS) + 1):
            shown = frozenset(DROPS[dropped:])
            left, right = self._left(width, shown), self._right(width, shown)
            if left.x + right.x <= width:
                break
        room = width - right.x
        if left.x > room:
            left = Line().cut(left, room)
        return left.to(room, self.ink.plain).add(right)

    def _left(self, width: int, shown: Shown) -> Line:
        line = Line()
        if "name" in shown:
            line.put(" statusdesk", self.ink.strong)
        if self.where:
            self._put_where(line, width)
        elif "title" in shown and self.board is not None and self.board.title and width >= 70:
            line.put("  " + fit(self.board.title, min(cells(self.board.title), 24), self._dots), self.ink.plain)
        line.put(" " if "name" not in shown else "  " if width < 100 else "    ", self.ink.plain)
        self._put_past(line, shown)
        if self.board is not None and "counts" in shown:
            for text, style in self._counts(self.board, "words" in shown):
                line.put(text, style)
        asked = self._asked()
        return line.put(f"{asked}  ", self.ink.key) if asked else line

    @property
    def _dots(self) -> str:
        return ASCII_DOTS if self.ascii else DOTS

    def _put_where(self, line: Line, width: int) -> None:
        """Append the way to this screen: stage, application."""
        for name in self.where:
            room = max(8, width // 6)
            line.put(" > " if self.ascii else " \u203a ", self.ink.quiet)
            line.put(fit(name, min(cells(name), room), self._dots), self.ink.plain)

    def _put_past(self, line: Line, shown: Shown) -> None:
        if self.past_ms is not None:
            back = ", esc: now " if self.can_return and "way back" in shown else " "
            text = f" as of {as_of(self.past_ms, self.zone, self.now_ms if self.can_return else None)}{back}"
            line.put(text, self.ink.past).put("  ", self.ink.plain)

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
        asked += ["in the configured order"] if self.lens.by_name else []
        return "  ".join(asked)

    def _right(self, width: int, shown: Shown) -> Line:
        line, clock = Line(), self._clock(width, shown)
        self._put_data_age(line, width - len(clock) - 3, shown)
        return line.put(f"   {clock} " if line.x else f" {clock} ", self.ink.plain) if clock else line

    def _clock(self, width: int, shown: Shown) -> str:
        """Return the time of day, always with its zone; empty while the past is all there is."""
        if not self.now_ms:
            return ""
        if self.zone is not datetime.UTC and width >= 120 and "seconds" in shown:
            utc = local(self.now_ms, datetime.UTC, "%H:%M:%S")
            return f"{utc} UTC ({local(self.now_ms, self.zone, '%H:%M %Z')})"
        return local(self.now_ms, self.zone, "%H:%M:%S %Z" if "seconds" in shown and width >= 60 else "%H:%M %Z")

    def _put_data_age(self, line: Line, room: int, shown: Shown) -> None:
        """Append how old the data is, or why it grows no younger."""
        ink, board = self.ink, self.board
        if self.problem:
            line.put(fit(f" {self.problem} ", min(cells(self.problem) + 2, room), self._dots), ink.alarm)
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
        elif (ms := board.data_age_ms + later) >= OLD_MS:
            line.put(f"data {age(ms)}", ink.words[Mark.WARNING])
        elif "age" in shown:
            line.put(f"data {age(ms)}", ink.quiet)
