"""One line of styled text, measured in terminal cells (a CJK character or an emoji takes two)."""

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

DOTS, ASCII_DOTS = "\u22ef", "~"


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


@lru_cache(4096)
def fit(text: str, width: int, dots: str = DOTS) -> str:
    """Return the text in exactly ``width`` cells: padded, or cut and marked with ``dots`` as cut."""
    if width <= 0:
        return ""
    size = cells(text)
    if size <= width:
        return text + " " * (width - size)
    return set_cell_size(text, width - 1) + dots


def right(text: str, width: int) -> str:
    """Return the text at the right of ``width`` cells, cut when longer."""
    size = cells(text)
    return " " * (width - size) + text if size <= width else set_cell_size(text, width)


def fold(text: str, width: int, most: int = 3, dots: str = DOTS) -> list[str]:
    """Return the text in lines of at most ``width`` cells, broken at blanks; what exceeds ``most`` lines is cut."""
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < most - 1 and cells(rest) > width > 0:
        head = set_cell_size(rest, width)
        if not rest[len(head) : len(head) + 1].isspace() and " " in head.strip():
            head = head[: head.rstrip().rindex(" ")]
        head = head if rest.startswith(head) and head else rest[: max(1, len(head) - 1)]
        lines.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return lines + ([fit(rest, min(cells(rest), width), dots)] if rest else [])


class Line:
    """Collects styled pieces of one line; ``x`` is how many cells it has so far."""

    __slots__ = ("segments", "x")

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.x = 0

    def put(self, text: str, style: Style) -> "Line":
        """Append a piece. Text is drawn as it is, never as markup."""
        if text:
            self.segments.append(Segment(text, style))
            self.x += cells(text)
        return self

    def to(self, x: int, style: Style) -> "Line":
        """Append blanks up to a column."""
        return self.put(" " * (x - self.x), style) if x > self.x else self

    def add(self, other: "Line") -> "Line":
        """Append another line."""
        self.segments += other.segments
        self.x += other.x
        return self

    def cut(self, other: "Line", room: int) -> "Line":
        """Append as much of another line as there is room for."""
        kept = Strip(other.segments, other.x).crop(0, max(0, room))
        self.segments += kept
        self.x += kept.cell_length
        return self

    def cut_marked(self, other: "Line", room: int, dots: str) -> "Line":
        """Append as much of another line as there is room for before the mark that it was cut."""
        kept = other.fitted(max(0, room), Style.null(), dots) if room > 0 else Strip([])
        self.segments += kept
        self.x += kept.cell_length
        return self

    def fitted(self, width: int, fill: Style, dots: str) -> Strip:
        """Return the line in exactly ``width`` cells, marked with ``dots`` where more of it is than has room."""
        if self.x <= width or not "".join(segment.text for segment in Strip(self.segments, self.x).crop(width)).strip():
            return self.strip(width, fill)
        kept = Strip(self.segments, self.x).crop(0, max(0, width - 1))
        return Strip([*kept, Segment(dots, self.segments[-1].style)]).adjust_cell_length(width, fill)

    def strip(self, width: int, fill: Style) -> Strip:
        """Return the line in exactly ``width`` cells."""
        return Strip(self.segments, self.x).adjust_cell_length(width, fill)


def overlay(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Return the strip with a style laid over some of its cells."""
    left, middle, rest = strip.crop(0, start), strip.crop(start, end), strip.crop(end, strip.cell_length)
    return Strip.join([left, Strip(Segment.apply_style(middle, None, style), middle.cell_length), rest])


def overlay_ground(strip: Strip, start: int, ground: Style, style: Style) -> Strip:
    """Return the strip with a style laid over what stands on the plain ground, from a cell on; badges keep theirs."""
    left, rest = strip.crop(0, start), strip.crop(start, strip.cell_length)
    plain = ground.bgcolor
    segments = [
        Segment(text, own + style if own is not None and own.bgcolor == plain else own) for text, own, _ in rest
    ]
    return Strip.join([left, Strip(segments, rest.cell_length)])
