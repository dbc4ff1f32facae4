"""The lines of the platform: jobs that others rely on, and what their silence would mean; environments. Pure."""

from screens.build_marks import put_progress, word
from screens.pen import ROW_LINES, Pen
from screens.strips import Line, cells, fit, right
from statusdesk.board import Mark
from statusdesk.job_names import shown_build, shown_job
from statusdesk.marks import LEVEL_MARKS
from statusdesk.states import TROUBLED, EnvironmentState, PlatformState
from statusdesk.states_builds import HALF_DESTROYED
from statusdesk.text import age, counted, span

MEANS = {
    "seed": "if it fell silent, job definitions would grow old",
    "renewal": "if it fell silent, the tokens that it renews would lapse",
    "environment": "if it fell silent, environments would stay half made or left up",
}
OTHERWISE = "if it fell silent, nobody would be told by anything else"
CLASS, RESULT, AGE, EVERY, MOST_NAME = 11, 16, 9, 5, 32
BY, JOB_FROM, KIND_FROM = 14, 120, 100


def platform_title(pen: Pen) -> Line:
    """Return the titles of the block."""
    line = Line().put(" " * (2 + len(pen.glyph(Mark.OK))), pen.ink.title)
    titles = [fit("JOB", _name(pen)), *([fit("KIND", CLASS)] if pen.width >= KIND_FROM else [])]
    titles += [fit("LAST RUN", RESULT), right("SUCCEEDED", AGE), right("EVERY", EVERY), "NEXT"]
    return line.put("  ".join(titles), pen.ink.title)


def _name(pen: Pen) -> int:
    return max(12, min(MOST_NAME, pen.width - (56 if pen.width < KIND_FROM else 69)))


def draw_platform(state: PlatformState, told: bool, pen: Pen) -> list[Line]:
    """Return how it stands, and what its silence means or would mean; ``told``: the job above has said that."""
    ink, mark = pen.ink, LEVEL_MARKS[state.level]
    bad = state.level in TROUBLED
    face = ink.plain if bad else ink.quiet
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    job = shown_job(state.job)
    name = f"{job} for {state.namespace}" if bad and state.namespace else job
    line.put(fit(name, _name(pen), pen.dots) + "  ", ink.strong if bad else face)
    if pen.width >= KIND_FROM:
        line.put(fit(state.job_class, CLASS) + "  ", face)
    run = f"#{state.number} {word(state.result)}" if state.number is not None else "no result"
    pen.put_cell(line, "disabled" if state.disabled else run, RESULT, ink.words.get(mark, face))
    line.put(right(pen.ago(state.last_success_ms) if state.last_success_ms else "never", AGE) + "  ", face)
    line.put(right(_every(state), EVERY) + "  ", face)
    _put_next(line, state, pen)
    if told and not (bad or state.jobs_added or state.jobs_removed):
        return [line]
    indent = 4 + len(pen.glyph(mark))
    said = state.message if bad else MEANS.get(state.job_class, OTHERWISE)
    if state.jobs_added or state.jobs_removed:
        said += f"; since its last good run {counted(state.jobs_added, 'job')} came, {state.jobs_removed} went"
    below = Line().put(" " * indent, ink.plain)
    return [line, *pen.put_folded([below], said, ink.plain if bad else ink.quiet, ROW_LINES if bad else 1)]


def _every(state: PlatformState) -> str:
    """Return how often it should run; of an uneven timer the longest that lies between its runs."""
    if not state.period_s:
        return ""
    return f"{'<' if state.period_rule == 'longest' else ''}{age(state.period_s * 1000)}"


def _put_next(line: Line, state: PlatformState, pen: Pen) -> None:
    if state.running_number is not None:
        usual_ms = state.duration_ms or None
        line.put(f"#{state.running_number} ", pen.ink.plain)
        put_progress(line, state.running_since_ms, usual_ms, pen, pen.width - line.x - 1)
    elif state.queued_since_ms is not None:
        line.put(f"queued {pen.ago(state.queued_since_ms)}", pen.ink.words[Mark.WARNING])
    elif state.next_expected_ms is not None:
        left_ms = state.next_expected_ms - pen.now_ms
        words = f"in {age(left_ms)}" if left_ms >= 0 else f"overdue {age(-left_ms)}"
        line.put(words, pen.ink.quiet if left_ms >= 0 else pen.ink.words[Mark.WARNING])


def environment_title(pen: Pen) -> Line:
    """Return the titles of the environments."""
    line = Line().put(" " * (2 + len(pen.glyph(Mark.OK))), pen.ink.title)
    titles = [fit("ENVIRONMENT", _place(pen)), fit("MADE BY", BY), right("UP SINCE", 8), right("LAST 7 DAYS", 11)]
    titles += [right("AFTER HOURS", 11)] if pen.width >= 70 else []
    return line.put("  ".join([*titles, "BY BUILD" if pen.width >= JOB_FROM else ""]), pen.ink.title)


def _place(pen: Pen) -> int:
    return max(14, min(34, pen.width - 60))


def draw_environment(state: EnvironmentState, pen: Pen) -> list[Line]:
    """Return the line of an environment; one that is not well says why below."""
    ink, mark = pen.ink, LEVEL_MARKS[state.level]
    bad = state.level in TROUBLED
    face = ink.plain if bad else ink.quiet
    line = pen.put_mark(Line().put(" ", ink.plain), mark)
    name = f"{state.namespace} in {state.cluster}" if state.cluster else state.namespace
    line.put(fit(name, _place(pen), pen.dots) + "  ", ink.strong if bad else ink.plain)
    line.put(fit(state.made_by or "not known", BY, pen.dots) + "  ", face)
    line.put(right(pen.ago(state.up_since_ms) if state.up_since_ms else "-", 8) + "  ", face)
    line.put(right(_hours(state.week_up_min), 11) + "  ", face)
    if pen.width >= 70:
        late = ink.words[Mark.WARNING] if state.left_up_ms is not None else face
        line.put(right(_hours(state.week_after_hours_min), 11) + "  ", late)
    if pen.width >= JOB_FROM and state.last_job:
        build = f"{shown_build(state.last_job, state.last_number)} {word(state.last_result)}"
        line.put(fit(build, min(cells(build), pen.width - line.x), pen.dots), face)
    if (state.reason == "Up" and not _has_more(state)) or not state.message:
        return [line]
    said = _made(state, pen.now_ms) if state.reason == "Up" else state.message
    if state.left_up_ms is not None:
        said = _left_up(state, span(pen.now_ms - state.left_up_ms), pen.now_ms)
        if state.last_result == "ABORTED":
            said += f"; {shown_build(state.last_job, state.last_number)} was aborted: it {HALF_DESTROYED}"
    if state.reason in ("Up", "LeftUp"):
        said += _job_gone(state, pen.now_ms)
    indent = 4 + len(pen.glyph(mark))
    return [line, *pen.put_folded([Line().put(" " * indent, ink.plain)], said, ink.plain, ROW_LINES)]


def _has_more(state: EnvironmentState) -> bool:
    """Whether the line of one that is up leaves out much: half made at first, renewed by another, its job is gone."""
    by_another = state.renewed_by not in ("", state.made_by)
    return _is_whole_later(state) or by_another or state.job_gone_ms is not None


def _job_gone(state: EnvironmentState, now_ms: int) -> str:
    """Say that the job which made it is not in Jenkins any more."""
    if state.job_gone_ms is None:
        return ""
    if not state.job_gone_ms:
        return f"; its job {shown_job(state.job)} is not in Jenkins"
    return f"; its job {shown_job(state.job)} went from Jenkins {span(now_ms - state.job_gone_ms)} ago"


def _is_whole_later(state: EnvironmentState) -> bool:
    """Whether something of it was up before the build that made it whole."""
    return state.made_ms is not None and state.made_ms != state.up_since_ms


def _made(state: EnvironmentState, now_ms: int) -> str:
    """Say with which build it was made and by whom; when, where that is not since when anything of it is up."""
    build = f" with {shown_build(state.job, state.number)}" if state.job else ""
    by = f"{build}{f' by {state.made_by}' if state.made_by else ''}"
    if state.renewed_ms is not None:
        renewed = shown_build(state.renewed_job, state.renewed_number)
        by += f", renewed {span(now_ms - state.renewed_ms)} ago with {renewed}"
        by += f" by {state.renewed_by}" if state.renewed_by else ""
    if not _is_whole_later(state):
        return f"made{by}"
    whole = span(now_ms - (state.made_ms or now_ms))
    return f"half made {span(now_ms - (state.up_since_ms or now_ms))} ago, made whole {whole} ago{by}"


def _left_up(state: EnvironmentState, late: str, now_ms: int) -> str:
    """Say since when it should be down: since the last working day ended, or since it was made after that."""
    made = _made(state, now_ms)
    if state.left_up_ms == state.up_since_ms:
        since = f"up {'on a day off' if state.day_off else 'after hours'}, "
        return since + (made if _is_whole_later(state) else made.replace("made", f"made {late} ago", 1))
    if state.day_off:
        return f"still up on a day off, {late} after the last working day ended, {made}"
    return f"still up {late} after the working day ended, {made}"


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f} h" if minutes else "-"
