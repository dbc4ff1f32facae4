"""Draws one line of a log, as one row or as several; pure: from a line and how it is wished to strips."""

import datetime
from collections.abc import Sequence

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from collectors.log_lines import LineKind, LogLine
from screens.ink import Ink
from screens.log_filter import Pattern
from screens.log_gravity import level_of
from screens.log_json import said_in
from screens.log_levels import Gravity, span_of_level
from screens.log_names import Names, middle
from screens.log_times import own_time_chars, same_time_chars
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit, right
from statusdesk.board import Mark
from statusdesk.redact import redact
from statusdesk.text import age, counted, local

TIMES = ("local", "UTC", "age", "off")
FULL_TIMES_FROM = 100
WIDE_NAMES, NARROW_NAMES = 24, 12
LEAST_NAME = 6  # of a pod: the five letters that are made up for it
LEAST_TEXT = 8
MOST_ROWS = 200  # of one wrapped line; the rest is to be had with enter
Span = tuple[int, int, Style]


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How lines are drawn: in ``width`` cells, and a blank one.

    ``left``: so many cells are scrolled out; ``now_ms`` is 0 where no age is shown.
    ``named``: lines tell where they come from, if that can be more than one place; it can be where there are ``others``
    of which no line is here.
    """

    ink: Ink
    ascii: bool
    zone: datetime.tzinfo
    width: int
    names: Names
    times: str = "local"
    dated: bool = False
    now_ms: int = 0
    wrap: bool = False
    wide: bool = False
    left: int = 0
    raw: bool = False
    folded: bool = True
    redacted: bool = True
    named: bool = True
    others: bool = False
    search: Pattern | None = None
    includes: tuple[Pattern, ...] = ()

    @property
    def widest_name(self) -> int:
        return WIDE_NAMES if self.width >= FULL_TIMES_FROM else NARROW_NAMES

    @property
    def dots(self) -> str:
        return ASCII_DOTS if self.ascii else DOTS


class Fold(msgspec.Struct, frozen=True):
    """What is folded into a line: so many more, of which one names the cause."""

    lines: int
    cause: str = ""

    @property
    def mark(self) -> str:
        """How it is told at the end of a row: ``[+12]``."""
        return f"[+{self.lines:,}]"


class Worded(msgspec.Struct, frozen=True):
    """The text of a line as it is shown, and the lines of a stack trace that was in it.

    ``level_chars``: so many at its beginning tell the level, where that is told by a field. ``told_chars``: so many
    are the message and what stands before it, if that is known. ``left_out``: so many were left out before the text.
    """

    text: str
    level_chars: int = 0
    told_chars: int | None = None
    trace: tuple[str, ...] = ()
    cause: str = ""
    left_out: int = 0

    @property
    def fold(self) -> Fold | None:
        """The trace, folded."""
        return Fold(len(self.trace), self.cause) if self.trace else None


def words_of(line: LogLine, *, raw: bool, redacted: bool, timed: bool = False) -> Worded:
    """Return what is shown of a line; ``timed``: its time stands before it, so that it need not tell the same one."""
    if raw or line.kind != LineKind.LINE:
        return Worded(line.text)
    if timed and line.at_ns and (start := same_time_chars(line.text, line.at_ns)):
        return Worded(line.text[start:], left_out=start)
    said = said_in(line.text, line.at_ns)
    if said is None:
        return Worded(line.text)
    hidden = redact if redacted else str
    text = hidden(said.words)
    told_chars = said.told_chars if text == said.words else None
    if not said.taken:
        return Worded(text, said.level_chars, told_chars)
    trace = tuple(hidden("\n".join(said.trace)).split("\n"))
    return Worded(text, said.level_chars, told_chars, trace, hidden(said.taken[-1].cause))


def draw_line(line: LogLine, how: How, *, marked: bool = False, fold: Fold | None = None) -> tuple[Strip, ...]:
    """Return the rows of a line: one, or where lines are wrapped as many as it takes."""
    if line.kind != LineKind.LINE:
        return (_event(line, how),)
    prefix = Line() if how.wide else _prefix(line, how, marked)
    if how.width - prefix.x < LEAST_TEXT:
        prefix = Line()
    room = max(1, how.width - prefix.x)
    words = words_of(line, raw=how.raw, redacted=how.redacted, timed=how.times != "off" and not how.wide)
    opened = words.trace if how.wrap and not how.folded else ()
    inner = words.fold if not opened else None
    styled = _styled(line, words, how, inner, fold)
    if not how.wrap:
        marks = "".join(each.mark for each in (inner, fold) if each is not None)
        return (_joined(prefix, _one_row(styled, how, room, marks), how),)
    rows, blank = list[Strip](), Line().to(prefix.x, how.ink.plain)
    for strip in (styled, *(Strip(pieces(each, how.ink.plain, _found(each, how))) for each in opened[:MOST_ROWS])):
        for at in range(0, max(1, strip.cell_length), room):
            rows.append(_joined(blank if rows else prefix, strip.crop(at, at + room), how))
            if len(rows) == MOST_ROWS:
                return tuple(rows)
    return tuple(rows)


def _one_row(styled: Strip, how: How, room: int, marks: str) -> Strip:
    """Return what is in sight of a line on one row; an arrow of dots says that there is more, and what is folded."""
    row = styled.crop(how.left, how.left + room) if how.left or styled.cell_length > room else styled
    if styled.cell_length <= how.left + room or room <= 4:
        return row
    end = f"{how.dots} {marks}" if marks and marks not in row.text and len(marks) <= room // 2 else how.dots
    return Strip.join([row.crop(0, room - len(end)), Strip([Segment(end, how.ink.key)], len(end))])


def _joined(prefix: Line, row: Strip, how: How) -> Strip:
    fill = how.width + 1 - prefix.x - row.cell_length  # one cell more, for the rail at the right
    return Strip([*prefix.segments, *row, Segment(" " * fill, how.ink.plain)], how.width + 1)


def _event(line: LogLine, how: How) -> Strip:
    """Return a row that says what happened here: a container has begun or ended, lines are missing."""
    ink = how.ink
    skipped, cut = line.kind == LineKind.SKIPPED, line.kind == LineKind.CUT
    out = Line().put(" ", ink.plain)
    if how.times != "off" and not how.wide:
        out.put(f"{_time(line, how)} ", ink.quiet)
    style = ink.words[Mark.WARNING] if skipped or cut else ink.glyphs[Mark.PROGRESSING]
    name = how.names.names[line.origin] if line.origin < len(how.names.names) and not skipped else None
    if name is not None:
        out.put("-- ", ink.rule).put(middle(name.pod, how.widest_name, how.dots), name.style).put(
            f" {name.container}" if name.container else "", ink.quiet
        )
        out.put(" ", ink.rule)
    else:
        out.put("-- ", ink.rule)
    text = f"{line.text}: o asks for them" if cut else line.text
    said = fit(text, min(cells(text), max(8, how.width - out.x - 6)), how.dots)
    out.put(said, style).put(" ", ink.rule)
    return out.put("-" * max(0, how.width - out.x), ink.rule).strip(how.width + 1, ink.plain)


def _prefix(line: LogLine, how: How, marked: bool) -> Line:
    ink = how.ink
    out = Line().put("*" if marked else " ", ink.past if marked else ink.plain)
    if how.times != "off":
        out.put(f"{_time(line, how)} ", ink.quiet)
    width = min(how.names.width, how.widest_name)
    if how.named and (len(how.names.names) > 1 or how.others) and line.origin < len(how.names.names):
        name = how.names.names[line.origin]
        start = out.x
        if name.container and cells(name.pod) + 1 + cells(name.container) > width:
            out.put(
                middle(name.pod, max(LEAST_NAME, width - 1 - cells(name.container), width // 2), how.dots), name.style
            )
        else:
            out.put(middle(name.pod, width, how.dots), name.style)
        if name.container:
            out.put(" ", ink.plain).put(fit(name.container, max(0, width - (out.x - start)), how.dots), ink.quiet)
        out = Line().cut(out, start + width).to(start + width, ink.plain).put(" ", ink.plain)
    return out.put("| ", ink.rule)


def _time(line: LogLine, how: How) -> str:
    """Return when a line was written, always in the same number of cells."""
    if how.times == "age":
        return right(age(how.now_ms - line.at_ns // 1_000_000), 4) if line.at_ns else "    "
    zone = datetime.UTC if how.times == "UTC" else how.zone
    ms = line.at_ns // 1_000_000
    pattern = "%d %b %H:%M:%S" if how.dated else "%H:%M:%S"
    full = how.width >= FULL_TIMES_FROM
    if not line.at_ns:
        return " " * (len(pattern) - (2 if how.dated else 0) + (4 if full else 0))
    said = local(ms, zone, pattern)
    return f"{said}.{ms % 1000:03d}" if full else said


def _styled(line: LogLine, words: Worded, how: How, inner: Fold | None, fold: Fold | None) -> Strip:
    """Return all of a line; what is folded of its own text stands behind its message, what follows it at its end."""
    ink, text, level = how.ink, words.text, level_of(line.text)
    found, start, end = (level, 0, words.level_chars) if words.level_chars else _level_span(line, words)
    spans: list[Span] = []
    if end and found is level >= Gravity.WARNING:
        spans.append((start, end, word_style(level, ink)))
    limit = 2 * (how.left + how.width) + 64 if not how.wrap else MOST_ROWS * how.width
    body = text[:limit]
    whole = Strip(pieces(body, style_of(level, ink), spans + _found(body, how)))
    if inner is not None:
        at = cells(body[: words.told_chars])
        whole = Strip.join([whole.crop(0, at), Strip(_folded(inner, how)), whole.crop(at)])
    segments = list(whole)
    if line.cut_bytes:
        segments.append(Segment(f" [cut here, {size(line.cut_bytes)} more: enter]", ink.words[Mark.WARNING]))
    return Strip(segments + (_folded(fold, how) if fold is not None else []))


def _level_span(line: LogLine, words: Worded) -> tuple[Gravity, int, int]:
    """Return what the word of a line says of how grave it is, and where that stands in what is shown."""
    if line.text[words.left_out :] != words.text:
        return span_of_level(words.text)
    level, start, end = span_of_level(line.text, own_time_chars(line.text))
    return level, max(0, start - words.left_out), max(0, end - words.left_out)


def _folded(fold: Fold, how: How) -> list[Segment]:
    cause = [Segment(f" {fold.cause[: how.width]}", style_of(Gravity.ERROR, how.ink))] if fold.cause else []
    return [Segment(f"  {fold.mark}", how.ink.key), *cause]


def _found(text: str, how: How) -> list[Span]:
    """Return where in a text what is looked for stands out."""
    spans = [(*span, Style(underline=True)) for pattern in how.includes for span in pattern.spans(text)]
    return spans + ([(*span, how.ink.past) for span in how.search.spans(text)] if how.search is not None else [])


def style_of(level: Gravity, ink: Ink) -> Style:
    """Return what the text of a line is written in: errors stand out, what only tells how it goes is calm."""
    if level >= Gravity.ERROR:
        failing = ink.badges[Mark.FAILING]
        return Style(color=failing.color, bgcolor=ink.plain.bgcolor) if failing.color else ink.plain
    return ink.quiet if level is Gravity.DEBUG else ink.plain


def word_style(level: Gravity, ink: Ink) -> Style:
    """Return what the word of a level is written in."""
    if level is Gravity.FATAL:
        return ink.alarm
    return ink.badges[Mark.FAILING] if level is Gravity.ERROR else ink.words[Mark.WARNING]


def pieces(text: str, base: Style, spans: Sequence[Span]) -> list[Segment]:
    """Return a text in pieces of one style each; where spans overlap, the later one is laid over the earlier."""
    if not spans:
        return [Segment(text, base)]
    edges = sorted({0, len(text), *(min(edge, len(text)) for span in spans for edge in span[:2])})
    found = []
    for start, end in zip(edges, edges[1:], strict=False):
        style = base
        for first, last, laid in spans:
            if first <= start and end <= last:
                style = style + laid
        found.append(Segment(text[start:end], style))
    return found


def size(count: int) -> str:
    """Return bytes for people: ``4.9 MB``."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return counted(count, "byte")
