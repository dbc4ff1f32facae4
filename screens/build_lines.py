"""The lines of the builds screen: what runs, one row per (job, namespace), the titles. Pure."""

from collections.abc import Sequence

import msgspec

from screens.build_marks import RESULT_MARKS, is_running, put_progress, put_strip, took, word
from screens.build_unread import never_well
from screens.pen import Pen
from screens.strips import Line, cells, fit, right
from statusdesk.board import Mark
from statusdesk.facts import Build, Job
from statusdesk.job_names import shown_job
from statusdesk.marks import LEVEL_MARKS
from statusdesk.states import TROUBLED, BuildState, RunningBuild
from statusdesk.text import span

USUAL_FROM, CAUSE_FROM, FULL_STRIP_FROM = 112, 124, 112
RESULT, NUMBER, AGE, TOOK, USUAL = 9, 7, 6, 7, 7


class BuildColumns(msgspec.Struct, frozen=True):
    """Widths; 0 for what there is no room for. ``by_job``: rows name the namespace, headings the job."""

    name: int
    version: int
    strip: int
    took: int
    usual: int
    cause: int
    by_job: bool


def share_out(rows: Sequence[BuildState], by_job: bool, width: int) -> BuildColumns:
    """Return the widths for these rows; names get what is left."""
    names = [(row.namespace or "-") if by_job else shown_job(row.job) for row in rows]
    version = min(14, max([7, *(cells(row.version) for row in rows)]))
    strip = 20 if width >= FULL_STRIP_FROM else 10
    usual = USUAL if width >= USUAL_FROM else 0
    took_size = TOOK + 5 if width >= USUAL_FROM else TOOK
    cause = 0
    if width < 76:
        version, strip = min(version, 7), 10 if width >= 70 else 0
    fixed = 4 + RESULT + 2 + NUMBER + 2 + version + 2 + AGE + 2 + took_size + 2
    fixed += (usual + 2 if usual else 0) + (strip + 2 if strip else 0)
    name = max(10, min(width - fixed, max([12, *map(cells, names)])))
    if width >= CAUSE_FROM:
        cause = max(0, width - fixed - name - 2)
    return BuildColumns(name, version, strip, took_size, usual, cause if cause >= 10 else 0, by_job)


def draw_titles(columns: BuildColumns, pen: Pen) -> Line:
    style = pen.ink.title
    line = Line().put(" " * (2 + len(pen.glyph(Mark.OK))), style)
    titles = [("NAMESPACE" if columns.by_job else "JOB", columns.name), ("RESULT", RESULT), ("BUILD", NUMBER)]
    for title, size in [*titles, ("VERSION", columns.version)]:
        line.put(fit(title, size) + "  ", style)
    line.put(right("WHEN", AGE) + "  " + fit("TOOK", columns.took) + "  ", style)
    if columns.usual:
        line.put(fit("USUAL", columns.usual) + "  ", style)
    if columns.strip:
        line.put(right(f"LAST {columns.strip}", columns.strip) + "  ", style)
    return line.put("CAUSE", style) if columns.cause else line


def height_of(state: BuildState) -> int:
    return 2 if state.level in TROUBLED else 1


def draw_build(
    state: BuildState, columns: BuildColumns, history: Sequence[Build] | None, pen: Pen, unread: Job | None = None
) -> list[Line]:
    """Return the line of a (job, namespace); one that is not well says below when it was well last.

    ``unread``: its job, where older builds of it are not read.
    """
    ink, mark = pen.ink, LEVEL_MARKS[state.level]
    bad = state.level in TROUBLED
    face = ink.plain if bad else ink.quiet
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    name = (state.namespace or "-") if columns.by_job else shown_job(state.job)
    line.put(fit(name, columns.name, pen.dots) + "  ", ink.strong if bad else face)
    result = word(state.result) if state.reason != "Destroyed" else "destroyed"
    pen.put_cell(line, result, RESULT, ink.words.get(mark, face) if bad else face)
    line.put(fit(f"#{state.number}" if state.number is not None else "-", NUMBER, pen.dots) + "  ", face)
    line.put(fit(state.version or "-", columns.version, pen.dots) + "  ", face)
    line.put(right(pen.ago(state.started_ms) if state.started_ms else "", AGE) + "  ", ink.quiet)
    words, style = took(state.duration_ms, state.usual_ms, pen)
    line.put(fit(words if columns.usual else words.partition(f" {pen.times}")[0], columns.took) + "  ", style)
    if columns.usual:
        line.put(fit(span(state.usual_ms) if state.usual_ms else "", columns.usual, pen.dots) + "  ", ink.quiet)
    if columns.strip:
        put_strip(line, history, columns.strip, pen).put("  ", ink.plain)
    if columns.cause:
        line.put(fit(_cause(state), columns.cause, pen.dots), ink.quiet)
    return [line, _below(state, columns, pen, unread)] if bad else [line]


def _cause(state: BuildState) -> str:
    newer = ""
    if state.other_number is not None:
        newer = f"#{state.other_number} {'runs' if is_running(state) else word(state.other_result)}; "
    return newer + (state.cause or (f"by {state.user}" if state.user else ""))


def _below(state: BuildState, columns: BuildColumns, pen: Pen, unread: Job | None) -> Line:
    """Say when it was well last; by whom and of what it was built, where there is no column for it."""
    parts = [never_well(unread)]
    if state.last_success_number is not None and state.last_success_ms is not None:
        parts = [f"last success #{state.last_success_number} {pen.since(state.last_success_ms)}"]
    if not columns.cause:
        parts.append(_cause(state))
    parts.append(f"git {state.git_revision[:7]}" if state.git_revision else "")
    indent = 4 + len(pen.glyph(Mark.OK))
    said = fit("   ".join(filter(None, parts)), pen.width - indent - 1, pen.dots)
    return Line().put(" " * indent, pen.ink.plain).put(said.rstrip(), pen.ink.plain)


def draw_running(state: BuildState, run: RunningBuild, pen: Pen) -> list[Line]:
    """Return the line of a build that runs, with our own estimate of what is left."""
    ink, mark = pen.ink, Mark.PAUSED if run.waits else Mark.PROGRESSING
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    job = shown_job(state.job)
    name = f"{job} {pen.arrow} {state.namespace}" if state.namespace else job
    room = max(20, pen.width // 3 if pen.width >= USUAL_FROM else pen.width - 56)
    line.put(fit(name, room, pen.dots) + "  ", ink.plain)
    line.put(fit(f"#{run.number}", NUMBER) + "  ", ink.plain)
    line.put(fit(run.version or "-", 10, pen.dots) + "  ", ink.plain)
    left = pen.width - line.x - 1
    if run.waits:
        waits = f"waits for a person to decide, began {pen.since(run.started_ms)}"
        line.put(fit(waits, min(cells(waits), left), pen.dots), ink.plain)
    else:
        put_progress(line, run.started_ms, state.usual_ms, pen, left)
    before = RESULT_MARKS.get(state.result)
    said = run.cause
    if state.level in TROUBLED and before is not None:
        said = f"the last one {word(state.result)}" + (f"; {said}" if said else "")
    if said and pen.width - line.x > 12:
        line.put("   ", ink.plain).put(fit(said, min(cells(said), pen.width - line.x - 1), pen.dots), ink.quiet)
    return [line]
