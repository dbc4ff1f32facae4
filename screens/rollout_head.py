"""The head of the rollout screen: the cause in words, the countdown, what changed, old and new revision. Pure."""

from collections.abc import Mapping

from rich.style import Style
from textual.strip import Strip

from screens.evicted import evicted_words
from screens.pen import Pen, clock
from screens.revisions import Side, sides
from screens.strips import Line, cells, fit, fold
from statusdesk.board import Mark
from statusdesk.facts import Build
from statusdesk.job_names import shown_build
from statusdesk.marks import GLYPHS, LEVEL_MARKS
from statusdesk.rollout_view import RolloutView
from statusdesk.states import CALM, BuildRule, Level, RolloutState
from statusdesk.text import age
from statusdesk.unbuilt import back_to

BAR = 14
SIDE_BY_SIDE_FROM = 100
GAP = "    "
RESULT_MARKS = {"SUCCESS": Mark.OK, "FAILURE": Mark.FAILING, "UNSTABLE": Mark.WARNING}
RULES: Mapping[str, str] = {
    BuildRule.ANNOTATION: "",
    BuildRule.VERSION: ", told by its version",
    BuildRule.TIME: ", told by its time",
    BuildRule.NAMESPACE: ", perhaps: no other may have made it",
}
Piece = tuple[tuple[str, Style], ...]


def draw_head(view: RolloutView, pen: Pen) -> list[Strip]:
    """Return the lines above the pods."""
    lines = [*_verdict(view, pen), *_flow(_facts(view, pen), pen), Line()]
    lines += _revisions(view, pen)
    return [line.strip(pen.width, pen.ink.plain) for line in lines]


def _verdict(view: RolloutView, pen: Pen) -> list[Line]:
    """Say how it stands, since when and why, beside the countdown; below, what to look at."""
    ink, state = pen.ink, view.state
    line = Line().put(" ", ink.plain)
    if state is None:
        words = "this rollout is not there" if view.gone else "reading"
        return [line.put(words, ink.strong)]
    if view.gone:
        when = f" {pen.since(view.gone_ms)}" if view.gone_ms is not None else ""
        line.put(f"{pen.glyph(Mark.ABSENT)} gone{when}", ink.badges[Mark.UNKNOWN]).put("  ", ink.plain)
        line.put(f"{state.kind} {state.namespace}/{state.name} is not in {state.cluster} any more", ink.strong)
        return [line, Line().put(f"   last known: {_words(state.level)} {state.message}".rstrip(), ink.quiet)]
    mark = LEVEL_MARKS[view.level]
    since_ms = state.runs_since_ms if state.level in CALM else state.level_since_ms
    silent = view.level is not state.level
    if silent:
        mark, since_ms = Mark.NO_ACCESS if view.closed else mark, view.known_ms
    words = GLYPHS[mark].word if silent else _words(view.level)
    line.put(f"{pen.glyph(mark)} {words} {pen.ago(since_ms) if since_ms else ''}".rstrip(), ink.badges[mark])
    line.put("  ", ink.plain)
    if silent:
        where = f"{state.namespace} may not be read" if view.closed else f"no news from {state.cluster}"
        said = f"{where}; last known: {_words(state.level)} {state.message}".rstrip()
    else:
        said = state.message or _calm(state)
    countdown = Line() if silent else _countdown(state, pen)  # what is not seen may have ended long ago
    lines = _said(line, said, countdown, pen)
    if state.look:
        lines.append(Line().put("   look at: ", ink.quiet).put(state.look, ink.plain))
    if evicted := evicted_words([state]):
        lines.append(Line().put(f"   {fit(evicted, pen.width - 4, pen.dots).rstrip()}", ink.quiet))
    return [*lines, *_remarks(view, pen)]


def _remarks(view: RolloutView, pen: Pen) -> list[Line]:
    """Return what the newest deploys say that the cluster does not: a green one that changed nothing."""
    ink, lines = pen.ink, []
    said = [(text, ink.words[Mark.WARNING]) for text in view.faults] + [(text, ink.plain) for text in view.notes]
    for text, style in said:
        for index, part in enumerate(fold(text, pen.width - 11, dots=pen.dots)):
            lines.append(Line().put(" " * 10 if index else "   build: ", ink.quiet).put(part, style))
    return lines


def _said(line: Line, said: str, countdown: Line, pen: Pen) -> list[Line]:
    """Put the sentence behind the level, folded where it is long.

    The countdown stands at the right of the first line, or below where it would cost the end of the sentence.
    """
    indent, lines = line.x, [line]
    room = pen.width - indent - countdown.x - 4
    beside = bool(countdown.x) and room >= 36 and " ".join(fold(said, room)).split() == said.split()
    parts = fold(said, room if beside else pen.width - indent - 1, dots=pen.dots)
    for index, part in enumerate(parts):
        if index:
            lines.append(Line().to(indent, pen.ink.plain))
        lines[-1].put(part, pen.ink.strong)
    if beside:
        line.to(pen.width - countdown.x - 1, pen.ink.plain).add(countdown)
    elif countdown.x:
        lines.append(Line().to(3, pen.ink.plain).add(countdown))
    return lines


def _calm(state: RolloutState) -> str:
    if state.level is Level.IDLE:
        return "scaled to zero"
    return f"{state.come} of {state.desired} ready" if state.desired else state.reason


def _words(level: Level) -> str:
    return str(level) if level in (Level.SCALING, Level.PAUSED) else GLYPHS[LEVEL_MARKS[level]].word


def _countdown(state: RolloutState, pen: Pen) -> Line:
    """Return ``failing in 2:10, deadline in 5:21`` with a bar of the time used up; empty when nothing is waited for."""
    line, ink = Line(), pen.ink
    if state.level not in (Level.PROGRESSING, Level.WARNING, Level.FAILING):
        return line
    if state.fails_ms is not None and state.fails_ms > pen.now_ms:
        line.put(f"failing in {clock(state.fails_ms - pen.now_ms)}", ink.words[Mark.WARNING])
    apart = ", " if line.x else ""
    if state.deadline_ms is None:
        if state.kind in ("StatefulSet", "DaemonSet") and not apart:
            line.put(f"no deadline: a {state.kind} waits for ever", ink.quiet)
        return line
    left_ms = state.deadline_ms - pen.now_ms
    if left_ms <= 0:
        return line.put(f"{apart}deadline passed {age(-left_ms)} ago", ink.words[Mark.FAILING])
    whole_ms = max(1, state.deadline_ms - min(state.started_ms or pen.now_ms, pen.now_ms))
    full, empty = pen.bar(1 - left_ms / whole_ms, BAR)
    mark = Mark.PROGRESSING if state.level is Level.PROGRESSING else Mark.WARNING
    line.put(f"{apart}deadline in {clock(left_ms)} ", ink.plain)
    return line.put(full, ink.glyphs[mark]).put(empty, ink.rule)


def _facts(view: RolloutView, pen: Pen) -> list[Piece]:
    """Return what is known in short: versions, revisions, build, commit, the same version elsewhere."""
    state, ink = view.state, pen.ink
    if state is None:
        return []
    pieces: list[Piece] = [_change("", state.held_version or state.previous_version, state.version or "-", pen)]
    if state.revision and state.kind == "Deployment":
        pieces.append(_change("revision ", _revision_before(view), state.revision, pen))
    pieces += _build(view, pen)
    pieces += _elsewhere(view, state, pen)
    pieces.append(((f"{state.kind} {state.namespace}/{state.name} in {state.cluster}", ink.quiet),))
    return pieces


def _change(label: str, before: str, now: str, pen: Pen) -> Piece:
    ink = pen.ink
    if not before or before == now:
        return ((label, ink.quiet), (now, ink.strong))
    return ((label, ink.quiet), (f"{before} {pen.arrow} ", ink.quiet), (now, ink.strong))


def _revision_before(view: RolloutView) -> str:
    """Return the revision of the period before this revision's first one."""
    assert view.state is not None
    others = [p.revision for p in (view.reading.periods if view.reading else ()) if p.revision != view.state.revision]
    return others[-1] if others else ""


def _build(view: RolloutView, pen: Pen) -> list[Piece]:
    """Name the build that did it; say so where none did, and where it is only the newest for this namespace."""
    ink, state, row = pen.ink, view.state, view.build
    assert state is not None
    if state.build_rule == BuildRule.NONE:
        back = f", {back_to(state)}" if back_to(state) else ""
        return [(("changed without a build", ink.words[Mark.WARNING]), (back, ink.plain))]
    if state.build_number is not None:
        build = _known_build(view, state.build_job, state.build_number)
        name = shown_build(state.build_job, state.build_number)
        pieces: list[Piece] = [(("build ", ink.quiet), (name, ink.plain), *_outcome(build, state, pen))]
        if build is not None and build.git_revision:
            pieces.append((("git ", ink.quiet), (build.git_revision[:7], ink.plain)))
        return pieces
    if row is None or row.number is None:
        return []
    mark = RESULT_MARKS.get(row.result, Mark.ABSENT)
    when = f", {pen.since(row.started_ms)}" if row.started_ms else ""
    name = f"{shown_build(row.job, row.number)} "
    glyph = (pen.glyph(mark), ink.well_glyph if mark is Mark.OK else ink.glyphs[mark])
    return [(("last build here ", ink.quiet), (name, ink.plain), glyph, (when, ink.quiet))]


def _known_build(view: RolloutView, job: str, number: int) -> Build | None:
    builds = view.reading.builds if view.reading is not None else ()
    return next((build for build in builds if build.number == number and build.job == job), None)


def _outcome(build: Build | None, state: RolloutState, pen: Pen) -> Piece:
    ink, rule = pen.ink, RULES.get(state.build_rule, "")
    if build is None:
        return ((rule, ink.quiet),)
    mark = Mark.PROGRESSING if build.building else RESULT_MARKS.get(build.result or "", Mark.ABSENT)
    cause = f" {build.cause[:1].lower()}{build.cause[1:]}" if build.cause else ""
    words = f"{cause}, {pen.since(build.started_ms)}{rule}"
    glyph = (f" {pen.glyph(mark)}", ink.well_glyph if mark is Mark.OK else ink.glyphs[mark])
    return (glyph, (words, ink.quiet))


def _elsewhere(view: RolloutView, state: RolloutState, pen: Pen) -> list[Piece]:
    """Return the other stages in which the same version runs, and whether it is the same image there."""
    ink = pen.ink
    pieces: list[Piece] = []
    for cell in view.elsewhere:
        if not state.runs or cell.version != state.runs:
            continue
        mark = LEVEL_MARKS[cell.level]
        ours = (other for other in cell.rollouts if other.kind == state.kind and other.name == state.name)
        digests = [other.digest for other in ours if other.digest]
        differs = bool(state.digest) and bool(digests) and state.digest not in digests
        aged = f" {pen.ago(cell.since_ms)}" if cell.since_ms is not None else ""
        pieces.append(
            (
                ("" if pieces else "also in: ", ink.quiet),
                (f"{cell.stage} ", ink.plain),
                (pen.glyph(mark), ink.well_glyph if mark is Mark.OK else ink.glyphs[mark]),
                (aged, ink.quiet),
                (" with another digest" if differs else "", ink.words[Mark.WARNING]),
            )
        )
    return pieces


def _flow(pieces: list[Piece], pen: Pen) -> list[Line]:
    """Put pieces beside each other, and on the next line where they do not fit."""
    lines: list[Line] = []
    for piece in pieces:
        size = sum(cells(text) for text, _ in piece)
        if not lines or lines[-1].x + len(GAP) + size > pen.width:
            lines.append(Line().put(" ", pen.ink.plain))
        else:
            lines[-1].put(GAP, pen.ink.plain)
        for text, style in piece:
            lines[-1].put(text, style)
    return lines


def _revisions(view: RolloutView, pen: Pen) -> list[Line]:
    """Return new and old side by side, or one below the other where it is narrow."""
    shown = sides(view)
    beside = len(shown) > 1 and pen.width >= SIDE_BY_SIDE_FROM
    half = pen.width // 2
    room = half - 2 if beside else pen.width
    short = all(_what(side, pen).x + _which(side, pen).x + 8 <= room for side in shown)
    blocks = [_side(side, pen, short) for side in shown]
    if not beside:
        return [line for block in blocks for line in block]
    return [left.to(half, pen.ink.plain).add(right) for left, right in zip(*blocks, strict=True)]


def _side(side: Side, pen: Pen, short: bool) -> list[Line]:
    """Return a revision in one line where that is short enough, else in two."""
    first = Line().put(f" {side.label:<4}", pen.ink.title).add(_what(side, pen))
    if short:
        return [first.put("   ", pen.ink.plain).add(_which(side, pen))]
    return [first, Line().put("     ", pen.ink.plain).add(_which(side, pen))]


def _what(side: Side, pen: Pen) -> Line:
    """Return version and pods."""
    ink = pen.ink
    style = ink.strong if side.label == "NEW" else ink.plain
    line = Line().put(side.version or "-", style).put("   ", ink.plain)
    return line.put(side.ready_words, style if side.ready < side.wanted else ink.quiet)


def _which(side: Side, pen: Pen) -> Line:
    """Return name, age and digest."""
    parts = [side.name, pen.ago(side.since_ms) if side.since_ms is not None else ""]
    parts += [side.digest.removeprefix("sha256:")[:12], f"and {side.more} older" if side.more else ""]
    return Line().put("   ".join(filter(None, parts)), pen.ink.quiet)
