"""Draws the lines of the matrix: the titles, one row, its reason. Pure: from a row, columns and ink to strips."""

from collections.abc import Callable

import msgspec
from textual.strip import Strip

from screens.columns import Columns
from screens.ink import TINTS, Ink
from screens.lens import WELL
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit, right
from statusdesk.board import Cell, Mark, Row
from statusdesk.last_build import last_build
from statusdesk.marks import GLYPHS
from statusdesk.states import BuildState, Level

RESULT_MARKS = {"SUCCESS": Mark.OK, "FAILURE": Mark.FAILING, "UNSTABLE": Mark.WARNING}
BECAUSE = ", because "
ARROW = "\u21e2"
STALE_WORDS = {Mark.ABSENT: "not here", Mark.NO_ACCESS: "no access"}


class Drawing(msgspec.Struct, frozen=True):
    """What rows are drawn with just now."""

    columns: Columns
    ink: Ink
    ascii: bool
    stages: tuple[str, ...]

    @property
    def dots(self) -> str:
        return ASCII_DOTS if self.ascii else DOTS

    def glyph(self, mark: Mark) -> str:
        return fit(GLYPHS[mark][1 if self.ascii else 0], self.columns.glyph)


def height(row: Row) -> int:
    """Return how many lines a row takes: a row that is not well carries its reason, another what is new of it."""
    return 2 if row.note or (row.message and row.mark not in WELL) else 1


def ages(row: Row, stamp: Callable[[int], str]) -> tuple[str, ...]:
    """Return the age texts of a row: all that it shows of the passing of time. ``stamp`` turns a moment into one."""
    return tuple("" if cell is None or cell.since_ms is None else stamp(cell.since_ms) for cell in row.cells)


def draw_titles(drawing: Drawing) -> Strip:
    """Return the line of column titles."""
    columns, ink = drawing.columns, drawing.ink
    if not drawing.stages:
        return Strip.blank(columns.width, ink.plain)
    line = Line().put(" " * (columns.glyph + 1), ink.title).put(fit("APPLICATION", columns.name), ink.title)
    if columns.listed:
        return Line().put(fit("  NOT WELL", columns.width), ink.title).strip(columns.width, ink.plain)
    last = columns.first + columns.count
    for stage in range(columns.first, last):
        name = drawing.stages[stage]
        if stage == columns.first > 0:
            name = f"< {name}"
        if stage == last - 1 and last < len(drawing.stages):
            name = f"{fit(name, columns.cell - 2, drawing.dots)} >"
        line.to(columns.start(stage), ink.title).put(fit(name, columns.cell, drawing.dots), ink.title)
    if columns.build:
        line.to(columns.build_at, ink.title).put(fit("LAST BUILD", columns.build), ink.title)
    return line.strip(columns.width, ink.plain)


def draw_row(row: Row, ages: tuple[str, ...], drawing: Drawing) -> tuple[Strip, ...]:
    """Return the one or two lines of a row."""
    columns, ink = drawing.columns, drawing.ink
    well = row.mark in WELL
    line = Line()
    if well:
        line.put(" " * (columns.glyph + 1), ink.plain)
    else:
        line.put(drawing.glyph(row.mark), ink.badges[row.mark]).put(" ", ink.plain)
    line.put(fit(row.app, columns.name, drawing.dots), ink.quiet if well else ink.strong)
    if columns.listed:
        _put_worst(line, row, ages, drawing)
    for stage in range(columns.first, columns.first + columns.count):
        cell = row.cells[stage] if stage < len(row.cells) else None
        line.to(columns.start(stage), ink.plain)
        if cell is not None:
            _put_cell(line, cell, ages[stage], well, drawing)
    if columns.build and row.build is not None:
        line.to(columns.build_at, ink.plain)
        _put_build(line, row.build, well, drawing)
    first = line.strip(columns.width, ink.plain)
    return (first, _draw_message(row, drawing)) if height(row) == 2 else (first,)


def _put_worst(line: Line, row: Row, ages: tuple[str, ...], drawing: Drawing) -> None:
    """Append the worst stage only: the list of a very narrow terminal."""
    for index, stage in enumerate(drawing.stages):
        cell = row.cells[index]
        if cell is not None and stage == row.worst_stage:
            words = f" {stage} {cell.version} {ages[index]}".rstrip()
            room = max(1, drawing.columns.width - line.x)
            line.put(fit(words, room, drawing.dots).rstrip(), drawing.ink.words.get(cell.mark, drawing.ink.quiet))


def _put_cell(line: Line, cell: Cell, age: str, well: bool, drawing: Drawing) -> None:
    columns, ink = drawing.columns, drawing.ink
    calm = well and cell.mark is Mark.OK
    quiet = ink.quiet
    line.put(drawing.glyph(cell.mark), ink.well_glyph if cell.mark is Mark.OK else ink.glyphs[cell.mark])
    word = STALE_WORDS.get(cell.mark)
    if word is not None:
        known = f"{word} {cell.version}".rstrip()  # of what may not be read any more, the last that was known
        line.put(" ", ink.plain).put(fit(known, columns.cell - columns.glyph - 1, drawing.dots), quiet)
        return
    tint = (ink.well_tints if calm else ink.tints)[cell.tint % TINTS]
    style = ink.words.get(cell.mark, tint)
    line.put(" ", style if cell.mark in (Mark.FAILING, Mark.ON_ITS_WAY) else ink.plain)
    version = fit(cell.version.strip() or "-", columns.version, drawing.dots)
    end = line.x + columns.cell - columns.glyph - 1
    line.put(version.rstrip(), style)
    if cell.level in (Level.PROGRESSING, Level.SCALING) and cell.desired > 0:
        _put_count(line, f" {cell.ready}/{cell.desired}", end - line.x, drawing)
        return
    asked = _asked(cell, drawing)
    if asked and _fits(asked, line, end - line.x, drawing):
        _put_count(line, asked, end - line.x, drawing, Mark.HELD)
        return
    line.put(" " * (len(version) - len(version.rstrip())), ink.plain)
    _put_tail(line, cell, age, drawing, calm)


def _put_count(line: Line, text: str, room: int, drawing: Drawing, mark: Mark = Mark.PROGRESSING) -> None:
    """Append how far a rollout is, apart from its version; nothing where it does not fit whole."""
    text = text if _fits(text, line, room, drawing) else ""
    line.put(right(text, max(room, cells(text))), drawing.ink.glyphs[mark])


def _fits(text: str, line: Line, room: int, drawing: Drawing) -> bool:
    most = min(room + drawing.columns.gap - 1, drawing.columns.width - line.x)  # of the gap, one blank is enough
    return cells(text) <= most


def _asked(cell: Cell, drawing: Drawing) -> str:
    """Return what is held back: the version that no pod runs, or how many run the one that is shown; empty for none."""
    held = cell.held
    if held is None or cell.level is not Level.OK or cell.digest_differs:
        return ""
    if held.updated:
        return f" {held.updated}/{held.desired}"
    return f" {'->' if drawing.ascii else ARROW}{held.version}"


def _put_tail(line: Line, cell: Cell, age: str, drawing: Drawing, calm: bool) -> None:
    """Append the marks and the age."""
    columns, ink = drawing.columns, drawing.ink
    quiet_mark = calm and not cell.digest_differs
    line.put(fit(difference(cell, drawing.ascii), columns.marks), ink.quiet if quiet_mark else ink.glyphs[Mark.SKEW])
    if columns.age:
        line.put(right(age, columns.age + columns.stretch), ink.quiet)


def difference(cell: Cell, ascii_only: bool) -> str:
    """Return the mark for how a cell differs from the stage to its left: another digest, or versions behind."""
    if cell.digest_differs:
        return " !=" if ascii_only else " \u2262"
    if cell.drift:
        return (" -" if ascii_only else " \u21e3") + (str(cell.drift) if cell.drift < 10 else "+")
    return ""


def _put_build(line: Line, build: BuildState, well: bool, drawing: Drawing) -> None:
    """Append the newest build: number, outcome, where to; a running one in place of the finished one."""
    ink = drawing.ink
    last = last_build(build)
    if last is None:
        return
    mark = Mark.PROGRESSING if last.running else build_mark(build)
    line.put(f"#{last.number}".ljust(6), ink.quiet if well else ink.plain)
    line.put(drawing.glyph(mark), ink.well_glyph if mark is Mark.OK else ink.glyphs[mark])
    words = build.other_result.lower() if build.other_result else build.namespace
    room = drawing.columns.width - line.x - 1
    line.put(
        " " + fit(words, min(room, drawing.columns.build - 8 - drawing.columns.glyph + 1), drawing.dots), ink.quiet
    )


def build_mark(build: BuildState) -> Mark:
    """Return the mark of a build's outcome; aborted and never built are not failed."""
    if build.other_result:
        return Mark.ABSENT
    return RESULT_MARKS.get(build.result, Mark.ABSENT)


def _squeezed(said: str, room: int, dots: str) -> str:
    """Return a reason with what is said before its cause cut, where both do not fit: the cause is what to mend."""
    head, found, cause = said.rpartition(BECAUSE)
    if not found or cells(said) <= room:
        return said
    cause = f"{found.lstrip(',')}{cause}"
    return fit(head, max(room - cells(cause), room * 2 // 5), dots).rstrip() + cause


def _draw_message(row: Row, drawing: Drawing) -> Strip:
    """Return the reason line: the stage stands out, the sentence is plain; or, quietly, what is new."""
    columns, ink = drawing.columns, drawing.ink
    line = Line().put(" " * (columns.glyph + 3), ink.plain)
    room = max(1, columns.width - line.x - 1)
    stage = f"{row.worst_stage}:"
    said = row.words.replace(" \u00b7 ", " - ") if drawing.ascii else row.words
    text = fit(_squeezed(said, room, drawing.dots), room, drawing.dots).rstrip()
    if not row.message:
        return line.put(text, ink.quiet).strip(columns.width, ink.plain)
    if row.worst_stage and text.startswith(stage):
        loud = row.mark in (Mark.FAILING, Mark.ON_ITS_WAY)
        head = ink.badges[Mark.FAILING] if loud and ink.badges[Mark.FAILING].color else ink.strong
        line.put(stage, head)
        text = text[len(stage) :]
    return line.put(text, ink.plain).strip(columns.width, ink.plain)
