"""All lines of the rollout screen: head, pods, what happened beside the proof, containers, conditions. Pure."""

import re
from collections.abc import Sequence

import msgspec
from textual.strip import Strip

from screens.pen import Pen
from screens.rollout_head import draw_head
from screens.rollout_pods import KEY_PREFIX, draw_containers, draw_pods
from screens.story import Entry, tell, tell_events
from screens.strips import Line, fit, fold
from statusdesk.board import Mark
from statusdesk.facts import Condition
from statusdesk.rollout_view import RolloutView
from statusdesk.states import Evidence, Level

PROOF_BESIDE_FROM = 110
PROOF_LINES = 14
STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*(?:Z|[+-]\d\d:?\d\d)?\]?\s+")
LOUD = re.compile(r"error|fatal|panic|denied|refused|exception|critical|fail", re.IGNORECASE)


class Asked(msgspec.Struct, frozen=True):
    """What the reader has chosen: the pod under the cursor, all pods of a long list, all events."""

    cursor: str = ""
    all_pods: bool = False
    events: bool = False


def draw_rollout(view: RolloutView, asked: Asked, pen: Pen, problem: str = "") -> list[tuple[str, Strip]]:
    """Return the lines with the key of the pod that each belongs to, empty for all others.

    ``problem`` says why nothing could be read.
    """
    lines: list[tuple[str, Strip]] = [("", strip) for strip in draw_head(view, pen)]
    if problem or view.reading is None:
        style = pen.ink.words[Mark.WARNING] if problem else pen.ink.quiet
        said = Line().put(f" {problem or 'reading pods and history'}", style)
        lines += [("", said.strip(pen.width, pen.ink.plain)), _blank(pen)]
    if view.reading is None:
        return lines
    if not view.past and not view.gone:
        lines += [_blank(pen), *draw_pods(view, pen, asked.all_pods)]
    lines += [_blank(pen), *_matter(view, asked, pen)]
    pod = next((pod for pod in view.pods if KEY_PREFIX + pod.key == asked.cursor), None)
    below = draw_containers(pod, pen) if pod is not None else []
    below += _conditions(view, pen, spaced=bool(below))
    if below:
        lines += [_blank(pen), *(("", line.strip(pen.width, pen.ink.plain)) for line in below)]
    return lines


def _blank(pen: Pen) -> tuple[str, Strip]:
    return "", Strip.blank(pen.width, pen.ink.plain)


def _matter(view: RolloutView, asked: Asked, pen: Pen) -> list[tuple[str, Strip]]:
    """Return the story, and the proof at its right, or below it where it is narrow."""
    proof = choose_evidence(view, asked.cursor)
    beside = proof is not None and bool(proof.lines) and pen.width >= PROOF_BESIDE_FROM
    story_width = pen.width * 55 // 100 if beside else pen.width
    story = _story(view, asked, msgspec.structs.replace(pen, width=story_width))
    if proof is None:
        lines = story
    elif beside:
        right = msgspec.structs.replace(pen, width=pen.width - story_width)
        lines = _zip(story, _proof(proof, view, right, max(PROOF_LINES, len(story) - 1)), story_width, pen)
    else:
        lines = [*story, Line(), *_proof(proof, view, pen, PROOF_LINES)]
    return [("", line.strip(pen.width, pen.ink.plain)) for line in lines]


def _zip(left: Sequence[Line], right: Sequence[Line], width: int, pen: Pen) -> list[Line]:
    rows = max(len(left), len(right))
    padded = [*left, *(Line() for _ in range(rows - len(left)))]
    others = [*right, *(Line() for _ in range(rows - len(right)))]
    return [line.to(width, pen.ink.plain).add(other) for line, other in zip(padded, others, strict=True)]


def _story(view: RolloutView, asked: Asked, pen: Pen) -> list[Line]:
    ink = pen.ink
    entries = tell_events(view) if asked.events else tell(view)
    title = " ALL EVENTS" if asked.events else " WHAT HAPPENED"
    lines = [Line().put(title, ink.title)]
    if not entries:
        none = "Kubernetes tells of no event" if asked.events else "nothing is known yet"
        return [*lines, Line().put(f"   {none}", ink.quiet)]
    dated = any(not pen.is_today(entry.ms) for entry in entries)
    for entry in entries:
        lines += _entry(entry, dated, pen)
    return lines


def _entry(entry: Entry, dated: bool, pen: Pen) -> list[Line]:
    """Return a line of the story, or two: when, what it made of the rollout, what happened."""
    ink = pen.ink
    line = Line().put(f" {fit(pen.when(entry.ms), 12 if dated else 8)}  ", ink.quiet)
    if entry.mark is not None:
        pen.put_mark(line, entry.mark)
    line.to(line.x if entry.mark is not None else line.x + len(pen.glyph(Mark.OK)) + 1, ink.plain)
    indent, lines = line.x, [line]
    cause = "  likely cause" if entry.cause else ""
    loud = entry.mark in (Mark.FAILING, Mark.WARNING) or entry.cause
    style = ink.plain if loud else ink.quiet
    for index, part in enumerate(fold(entry.words, pen.width - indent - 2, 2, pen.dots)):
        if index:
            lines.append(Line().to(indent, ink.plain))
        lines[-1].put(part, style)
    if cause and lines[-1].x + len(cause) >= pen.width:
        lines.append(Line().to(indent - 2, ink.plain))
    lines[-1].put(cause, ink.words[Mark.WARNING])
    return lines


def choose_evidence(view: RolloutView, cursor: str = "") -> Evidence | None:
    """Return the evidence to show: of the newest failure, of the pod under the cursor, the run that ended."""
    saved = view.reading.evidence if view.reading is not None else ()
    if not saved:
        return None
    newest = [each for each in saved if each.since_ms == saved[0].since_ms]

    def order(each: Evidence) -> tuple[bool, bool, bool]:
        return (not each.lines, not (each.pod and cursor.endswith(f"/{each.pod}")), not each.previous)

    return min(newest, key=order)


def evidence_title(proof: Evidence) -> str:
    """Return whose last lines these are."""
    if not proof.container:
        return "EVIDENCE"
    return f"LAST LINES OF {proof.container}{' (previous)' if proof.previous else ''}"


def why_no_lines(proof: Evidence) -> str:
    """Return why there are no last lines: only a container whose log was read can have written none."""
    return proof.problem or (
        "it wrote nothing" if proof.container else "no container is to blame: no log was asked for"
    )


def _proof(proof: Evidence, view: RolloutView, pen: Pen, most: int) -> list[Line]:
    """Return the last lines of the container that is to blame; those that shout stand out."""
    ink = pen.ink
    old = view.state is not None and view.level is not Level.FAILING
    head = Line().put(f" {evidence_title(proof)}", ink.title)
    head.put(f"  of the failure at {pen.when(proof.since_ms)}" if old else f"  {pen.when(proof.at_ms)}", ink.quiet)
    if not proof.lines:
        return [head, Line().put(f"   {why_no_lines(proof)}", ink.quiet)]
    lines: list[Line] = []
    for text in proof.lines[-most:]:
        loud = LOUD.search(text)
        parts = fold(STAMP.sub("", text), pen.width - 4, 2 if loud else 1, pen.dots)
        for index, part in enumerate(parts):
            indent = "   " if index else " "
            lines.append(Line().put(indent, ink.plain).put(part, ink.plain if loud else ink.quiet))
    return [head, *lines[-most:]]


def _conditions(view: RolloutView, pen: Pen, *, spaced: bool) -> list[Line]:
    """Return the workload's conditions, while it is not well."""
    ink = pen.ink
    if view.state is None or not view.state.conditions or view.gone:
        return []
    lines = [Line()] if spaced else []
    lines.append(Line().put(" CONDITIONS", ink.title))
    width = max(len(condition.type) for condition in view.state.conditions)
    for condition in sorted(view.state.conditions, key=lambda condition: not is_bad(condition)):
        bad = is_bad(condition)
        line = pen.put_mark(Line().put(" ", ink.plain), Mark.WARNING if bad else Mark.OK)
        style = ink.plain if bad else ink.quiet
        line.put(f"{fit(condition.type, min(width, 24), pen.dots)}  {condition.status:<7}  ", style)
        line.put(f"{condition.reason}  ", style)
        if condition.updated_ms or condition.changed_ms:
            line.put(f"{pen.ago(condition.updated_ms or condition.changed_ms or 0)}  ", ink.quiet)
        room = pen.width - line.x - 1
        lines.append(line.put(fit(condition.message, max(0, room), pen.dots).rstrip(), ink.quiet))
    return lines


def is_bad(condition: Condition) -> bool:
    """Return whether a condition is not as it should be; unknown is not."""
    return condition.status != ("False" if condition.type.endswith("Failure") else "True")
