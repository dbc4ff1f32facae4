"""The lines of the page of one build. Pure."""

from collections.abc import Iterable, Sequence
from functools import partial

from screens.build_marks import mark_of, put_progress, took, word
from screens.entries import Entry, blank, fact, heading, sentence
from screens.pen import Pen
from screens.strips import Line, cells, fit, right
from statusdesk.board import Mark
from statusdesk.build_view import BuildKey, BuildReading
from statusdesk.facts import Build, BuildDetails, Commit, Stage
from statusdesk.job_names import shown_build, shown_job
from statusdesk.marks import LEVEL_MARKS
from statusdesk.states import BuildState, JobEvent, RolloutState
from statusdesk.text import span

RULES = {
    "parameter": "by its parameter",
    "upstream": "by the build that started it",
    "default": "by the parameter's default",
    "pattern": "by the name of the job",
    "folder": "by its folder",
}
STAGE_MARKS = {
    "SUCCESS": Mark.OK,
    "FAILED": Mark.FAILING,
    "UNSTABLE": Mark.WARNING,
    "IN_PROGRESS": Mark.PROGRESSING,
    "PAUSED_PENDING_INPUT": Mark.PAUSED,
}
NOT_READ = "Its stages and changes were not looked up."
ASKED_FOR = "Its stages and changes are asked for."
LABEL, MOST_LABEL, MOST_EVENTS, BESIDE_FROM = 12, 26, 60, 110


def draw_page(
    key: BuildKey,
    state: BuildState | None,
    reading: BuildReading | None,
    rollouts: Sequence[RolloutState],
    pen: Pen,
    unread: str = NOT_READ,
) -> list[Entry]:
    """Return all entries; what can be opened has a key: ``rollout:…`` or ``build:…``.

    ``unread`` says why nothing was looked up where that is so.
    """
    if reading is None:
        return [sentence("reading")]
    build, details = reading.build, reading.details
    if build is None:
        return [sentence(f"The store does not know {key} (any more)."), blank(), *_history(key, reading)]
    height = len(_verdict(build, state, pen))
    entries = [Entry(partial(_verdict, build, state), height=height), *_facts(build, details), blank()]
    entries += _rollouts(build, rollouts)
    entries += _stages(details, unread)
    if details is not None and details.runs:
        entries += [heading("RUNS OF ITS AXES"), *(_pair(name, url) for name, url in details.runs), blank()]
    parameters = details.parameters if details is not None and details.parameters else build.parameters
    if parameters:
        entries += [heading("PARAMETERS"), *(_pair(name, value) for name, value in parameters), blank()]
    entries += _changes(details)
    entries += _job_events(reading.job_events)
    return entries + _history(key, reading)


def _verdict(build: Build, state: BuildState | None, pen: Pen) -> list[Line]:
    ink, mark = pen.ink, mark_of(build)
    said = "runs" if build.building else word(build.result or "VANISHED")
    line = Line().put(f" {pen.glyph(mark)} {said}", ink.badges[mark]).put("  ", ink.plain)
    where = ", ".join(build.all_namespaces)
    line.put(shown_build(build.job, build.number), ink.strong)
    if where:
        line.put(f" {pen.arrow} {where}", ink.plain)
    usual_ms = state.usual_ms if state is not None else None
    line.put(f"   {pen.since(build.started_ms)}   ", ink.quiet)
    lines = [line]
    if pen.width < BESIDE_FROM:
        lines.append(Line().put("   ", ink.plain))
    if build.building:
        put_progress(lines[-1], build.started_ms, usual_ms, pen)
        return lines
    words, style = took(build.duration_ms, usual_ms, pen)
    lines[-1].put(f"took {words}" if words else "", style)
    lines[-1].put(f", usually {span(usual_ms)}" if usual_ms and words else "", ink.quiet)
    return lines


def _facts(build: Build, details: BuildDetails | None) -> list[Entry]:
    causes = "; ".join(details.causes) if details is not None and details.causes else build.cause
    by = f" ({build.user})" if build.user and build.user not in causes else ""
    upstream = shown_build(build.upstream_job, build.upstream_number) if build.upstream_job else ""
    commit = f"{build.git_revision[:12]}   {build.git_branch}".strip()
    rule = RULES.get(build.attributed_by, "")
    where = f"{', '.join(build.all_namespaces)}   {rule}" if build.all_namespaces else "could not be told"
    deleted = "in Jenkins, after it was seen here: nothing is judged by it any more" if build.deleted else ""
    facts = [("deleted", deleted)]
    facts += [("version", build.version), ("cause", f"{causes}{by}"), ("started by", upstream), ("git", commit)]
    facts += [("namespace", where), ("link", build.url)]
    if details is not None:
        facts += [("waits", "for a person to decide" if details.waits_for_input else ""), ("note", details.description)]
        facts += [("not read", details.problem)]
    return [_pair(name, value) for name, value in facts if value]


def _pair(name: str, value: str) -> Entry:
    return fact(name, max(LABEL, min(cells(name), MOST_LABEL)), lambda _pen: value)


def _rollouts(build: Build, rollouts: Sequence[RolloutState]) -> list[Entry]:
    entries = [Entry(partial(_rollout, each), f"rollout:{each.key}", height=0) for each in rollouts]
    if entries:
        return [heading("THE ROLLOUT IT MADE" if len(entries) == 1 else "THE ROLLOUTS IT MADE"), *entries, blank()]
    if build.building or not build.namespace:
        return []
    words = "No workload runs what it rolled out; another build may have rolled out since."
    return [sentence(words if build.result == "SUCCESS" else "It made no rollout that is known."), blank()]


def _rollout(state: RolloutState, pen: Pen) -> list[Line]:
    ink, mark = pen.ink, LEVEL_MARKS[state.level]
    line = pen.put_mark(Line().put("  ", ink.plain), mark)
    line.put(f"{state.namespace}/{state.name} in {state.cluster}", ink.plain).put(f"   {state.version}", ink.strong)
    line.put(f"   {state.level} {pen.ago(state.level_since_ms or state.since_ms)}", ink.words.get(mark, ink.quiet))
    cause = f"because {state.cause}" if state.cause and state.cause not in state.message else ""
    words, room = ", ".join(filter(None, (state.message, cause))), max(0, pen.width - line.x - 4)
    if not cause or cells(words) <= room:
        return [line.put(f"   {fit(words, min(cells(words), room), pen.dots)}" if words else "", ink.plain)]
    line.put(f"   {fit(state.message, min(cells(state.message), room), pen.dots)}", ink.plain)
    indent = 4 + len(pen.glyph(mark))
    said = fit(cause, max(0, min(cells(cause), pen.width - indent - 1)), pen.dots)
    return [line, Line().put(" " * indent, ink.plain).put(said, ink.words.get(mark, ink.plain))]


def _stages(details: BuildDetails | None, unread: str) -> list[Entry]:
    if details is None:
        return [sentence(unread), blank()]
    if details.stages:
        return [heading("STAGES"), *(Entry(partial(_stage, each)) for each in details.stages), blank()]
    return [sentence(details.stages_problem), blank()] if details.stages_problem else []


def _stage(stage: Stage, pen: Pen) -> list[Line]:
    ink, mark = pen.ink, STAGE_MARKS.get(stage.status, Mark.IDLE)
    line = pen.put_mark(Line().put("  ", ink.plain), mark)
    room = max(16, min(36, pen.width // 3))
    line.put(fit(stage.name, room, pen.dots), ink.quiet if mark is Mark.OK else ink.plain)
    line.put(f"  {right(span(stage.duration_ms), 8)}", ink.quiet)
    said = [stage.status.lower().replace("_", " ") if mark is not Mark.OK else "", stage.error]
    said += [f"paused {span(stage.paused_ms)}" if stage.paused_ms else ""]
    words = "   ".join(filter(None, said))
    room = max(0, min(cells(words), pen.width - line.x - 3))
    return [line.put("  ", ink.plain).put(fit(words, room, pen.dots), ink.words.get(mark, ink.quiet))]


def _changes(details: BuildDetails | None) -> list[Entry]:
    if details is None or not (details.commits or details.more_commits):
        return []
    more = [sentence(f"and {details.more_commits} more")] if details.more_commits else []
    return [heading("CHANGES"), *(Entry(partial(_commit, each), height=0) for each in details.commits), *more, blank()]


def _commit(commit: Commit, pen: Pen) -> list[Line]:
    line = Line().put(f"   {commit.revision[:7]:<7}  ", pen.ink.quiet)
    line.put(fit(commit.author, 14, pen.dots) + "  ", pen.ink.quiet)
    return pen.put_folded([line], commit.message, pen.ink.plain)


def _job_events(events: Sequence[JobEvent]) -> list[Entry]:
    """Tell which jobs came and went by a seed."""
    if not events:
        return []
    counts = {what: sum(event.what == what for event in events) for what in dict.fromkeys(e.what for e in events)}
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    names = [(event.what, map(shown_job, (event.name, event.other))) for event in events[:MOST_EVENTS]]
    lines = [_pair(what, " ".join(each).strip()) for what, each in names]
    more = [sentence(f"and {len(events) - MOST_EVENTS} more")] if len(events) > MOST_EVENTS else []
    return [heading("JOBS THAT CHANGED BY IT", said), *lines, *more, blank()]


def _history(key: BuildKey, reading: BuildReading) -> list[Entry]:
    builds = reading.history
    if not builds:
        return []
    namespace = reading.build.namespace if reading.build is not None else ""
    where = f" FOR {namespace}" if namespace else ""
    return [heading(f"LAST BUILDS{where}"), *_builds(key, builds)]


def _builds(key: BuildKey, builds: Iterable[Build]) -> Iterable[Entry]:
    return [Entry(partial(_build, build, build.number == key.number), f"build:{build.number}") for build in builds]


def _build(build: Build, this: bool, pen: Pen) -> list[Line]:
    ink, mark = pen.ink, mark_of(build)
    face = ink.strong if this else ink.quiet
    line = Line().put("  ", ink.plain)
    line = line.put(pen.glyph(mark) + " ", ink.quiet) if build.deleted else pen.put_mark(line, mark)
    line.put(fit(f"#{build.number}", 7) + " ", face)
    said = "runs" if build.building else word(build.result or "VANISHED")
    pen.put_cell(line, said, 9, ink.quiet if build.deleted else ink.words.get(mark, face))
    line.put(fit(build.version, 12, pen.dots) + "  ", face)
    line.put(right(pen.ago(build.started_ms), 6) + "  ", ink.quiet)
    line.put(fit(span(build.duration_ms) if build.duration_ms else "", 7, pen.dots) + "  ", ink.quiet)
    cause = build.cause or build.user
    cause = f"deleted in Jenkins{', ' if cause else ''}{cause}" if build.deleted else cause
    return [line.put(fit(cause, max(0, min(cells(cause), pen.width - line.x - 1)), pen.dots), ink.quiet)]
