"""What the lines of a screen are written with: ink, size, moment; and the forms that ages, times and marks take."""

import datetime

import msgspec
from rich.style import Style

from screens.ink import Ink
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit, fold
from statusdesk.board import Mark
from statusdesk.marks import GLYPHS
from statusdesk.text import age, local

MOST_LINES = 12
"""Of a sentence that is told in full; what is longer than that is no sentence."""
ROW_LINES = 4
"""Of a sentence that belongs to a row: others are to stay in sight."""
TODAY, ANY_DAY = "%H:%M:%S", "%d %b %H:%M"


class Pen(msgspec.Struct, frozen=True, kw_only=True):
    """``absolute``: times of day in place of ages."""

    ink: Ink
    ascii: bool
    zone: datetime.tzinfo
    now_ms: int
    width: int
    absolute: bool = False

    @property
    def dots(self) -> str:
        return ASCII_DOTS if self.ascii else DOTS

    @property
    def arrow(self) -> str:
        return "->" if self.ascii else "\u21e2"

    @property
    def times(self) -> str:
        return "x" if self.ascii else "\u00d7"

    def glyph(self, mark: Mark) -> str:
        return fit(GLYPHS[mark][1 if self.ascii else 0], 2 if self.ascii else 1)

    def put_mark(self, line: Line, mark: Mark) -> Line:
        """Append a glyph and a blank; what is well is dim."""
        style = self.ink.well_glyph if mark is Mark.OK else self.ink.badges[mark]
        return line.put(self.glyph(mark), style).put(" ", self.ink.plain)

    def put_cell(self, line: Line, text: str, size: int, style: Style) -> Line:
        """Append a text in so many cells and two blanks; a ground of its own does not reach beyond the text."""
        said = fit(text, size, self.dots).rstrip()
        return line.put(said, style).put(" " * (size - cells(said) + 2), self.ink.plain)

    def put_folded(self, lines: list[Line], text: str, style: Style, most: int = MOST_LINES) -> list[Line]:
        """Append a text to the last line, and what has no room there to lines below, under its beginning."""
        indent = lines[-1].x
        for index, part in enumerate(fold(text, max(1, self.width - indent - 1), most, self.dots)):
            if index:
                lines.append(Line().to(indent, self.ink.plain))
            lines[-1].put(part, style)
        return lines

    def when(self, ms: int) -> str:
        """Return a time of day, with the date on any other day."""
        return local(ms, self.zone, TODAY if self.is_today(ms) else ANY_DAY)

    def is_today(self, ms: int) -> bool:
        return local(ms, self.zone, "%Y-%m-%d") == local(self.now_ms, self.zone, "%Y-%m-%d")

    def ago(self, ms: int) -> str:
        """Return ``4m``, or the time where the reader wants times."""
        return self.when(ms) if self.absolute else age(self.now_ms - ms)

    def since(self, ms: int) -> str:
        """Return ``4m ago``, or ``at 09:38:10``."""
        return f"at {self.when(ms)}" if self.absolute else f"{age(self.now_ms - ms)} ago"

    def bar(self, share: float, size: int) -> tuple[str, str]:
        """Return the full and the empty part of a bar; signs that are narrow in every terminal."""
        full = max(0, min(size, round(share * size)))
        if self.ascii:
            return "#" * full, "." * (size - full)
        return "\u25b0" * full, "\u25b1" * (size - full)


def clock(ms: int) -> str:
    """Return a countdown: ``5:21``, ``1:02:03``."""
    seconds = max(0, ms // 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
