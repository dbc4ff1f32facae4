"""Development environments: which are up, since when and by whom, half-made ones, and those still up after hours."""

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from statusdesk.facts import Build
from statusdesk.job_names import shown_build, shown_job
from statusdesk.judge.working_hours import Span, WorkingHours, overlap_ms
from statusdesk.states import EnvironmentHours, EnvironmentState, Level
from statusdesk.states_builds import HALF_DESTROYED
from statusdesk.text import age

WEEK_MS = 7 * 86_400_000
STEP_MIN = 10  # minutes up are told in steps, so that a row is not written for every minute
_GOOD = ("SUCCESS", "UNSTABLE")


class Act(enum.StrEnum):
    """What a run of an environment job is for."""

    CREATE = "create"
    DESTROY = "destroy"


def left_by(act: Act, result: str | None, *, several: bool = False) -> str:
    """Return what a run that ended so, and not as a success, has done with an environment, or ``several``."""
    if result in _GOOD:
        return f"{'are' if several else 'is'} {'made' if act is Act.CREATE else 'destroyed'}"
    return "may be half made" if act is Act.CREATE else HALF_DESTROYED


class Settled(NamedTuple):
    """When an environment was destroyed last, and when the last run began that made or destroyed it well.

    What any job did for it before it was destroyed is history; how a job went wrong that makes or destroys it is, once
    a run that began later went well.
    """

    destroyed_ms: int | None = None
    good_ms: int | None = None

    def before_ms(self, act: Act | None) -> int | None:
        """Return the moment before which what a job did is history that makes or destroys it, or does neither."""
        return self.good_ms if act is not None else self.destroyed_ms

    def later(self, other: "Settled") -> "Settled":
        """Return the later moment of each kind."""
        return Settled(
            *(max((ms for ms in both if ms is not None), default=None) for both in zip(self, other, strict=True))
        )

    def moved(self, step_ms: int) -> "Settled":
        """Return the same by a clock that was set."""
        return Settled(*(None if ms is None else ms + step_ms for ms in self))


class Run(NamedTuple):
    """One run of an environment job for one namespace.

    ``gone_ms``: since when Jenkins has no such job any more, 0 where that is not known; None: it has it.
    """

    act: Act
    build: Build
    gone_ms: int | None = None

    @property
    def ended_ms(self) -> int:
        return self.build.started_ms + self.build.duration_ms


class Story(NamedTuple):
    """What the runs of one namespace come to: when it was up, the run that made it, and the last that counts.

    ``renewed``: the last that made it once more, when it was whole already. ``destroyed_ms``: when it was destroyed
    last, made anew or not, also where nothing is known of who had made it. ``good_ms``: when the last run began that
    made or destroyed it well.
    """

    spans: tuple[tuple[int, int | None], ...] = ()
    made: Run | None = None
    last: Run | None = None
    running: Run | None = None
    renewed: Run | None = None
    destroyed_ms: int | None = None
    good_ms: int | None = None

    @property
    def is_up(self) -> bool:
        return bool(self.spans) and self.spans[-1][1] is None

    def known_spans(self, now_ms: int) -> list[Span]:
        return [(since_ms, now_ms if until_ms is None else until_ms) for since_ms, until_ms in self.spans]


def story_of(runs: Sequence[Run]) -> Story:
    """Read the runs of one namespace in the order in which they began.

    A run that failed or was aborted on the way leaves something behind: the namespace is up, if not whole. A second
    successful creation makes a half-made environment whole; one that is whole it renews. What a run destroyed before it
    was aborted nobody knows, so that it makes nothing better than a failure left it. How a run ended whose job has gone
    meanwhile nobody knows: what was not up may be half made.
    """
    story = Story()
    for run in sorted(runs, key=lambda each: (each.build.started_ms, each.build.number)):
        if run.build.building and run.gone_ms is None:
            story = story._replace(running=run)
        elif _counts(run, story.is_up):
            story = _created(story, run) if run.act is Act.CREATE else _destroyed(story, run)
    return story


def _counts(run: Run, up: bool) -> bool:
    if run.build.building:  # when its job went
        return run.act is Act.CREATE and not up
    return run.build.result not in (None, "NOT_BUILT")


def _created(story: Story, run: Run) -> Story:
    good = _is_good(run)
    story = story._replace(last=run, good_ms=run.build.started_ms if good else story.good_ms)
    if not story.is_up:
        return story._replace(made=run, spans=(*story.spans, (run.ended_ms, None)))
    if not good:
        return story
    return story._replace(renewed=run) if _is_good(story.made) else story._replace(made=run)


def _destroyed(story: Story, run: Run) -> Story:
    if not _is_good(run):
        return story if _is_aborted(run) and not _is_good(story.last) else story._replace(last=run)
    spans, ended_ms = story.spans, run.ended_ms
    if story.is_up:
        since_ms, _ = spans[-1]
        spans = (*spans[:-1], (since_ms, max(since_ms, ended_ms)))
    destroyed_ms = max(ended_ms, story.destroyed_ms or 0)
    return Story(spans, None, run, story.running, None, destroyed_ms, run.build.started_ms)


def _is_good(run: Run | None) -> bool:
    return run is not None and not run.build.building and run.build.result in _GOOD


def _is_aborted(run: Run) -> bool:
    return not run.build.building and run.build.result == "ABORTED"


def with_what_was_told(story: Story, runs: Sequence[Run], told: EnvironmentState) -> Story:
    """Return the story of a namespace that was ``told`` to be up, where the runs at hand do not go back as far.

    Nothing but a run that destroyed it has ended it: the builds may have gone with a job that was made anew, or many
    may have come since.
    """
    since_ms = told.up_since_ms
    if since_ms is None or (story.is_up and (story.spans[-1][0] <= since_ms)):
        return story
    if any(run.act is Act.DESTROY and _is_good(run) and run.ended_ms >= since_ms for run in runs):
        return story
    build = Build(
        source="",
        job=told.job,
        number=told.number or 0,
        url=told.url,
        result="SUCCESS" if told.made_ms is not None else "FAILURE",
        started_ms=since_ms,
        user=told.made_by,
    )
    return story_of([Run(Act.CREATE, build), *runs])


def judge_environment(
    cluster: str, namespace: str, story: Story, hours: WorkingHours, grace_ms: int, now_ms: int
) -> EnvironmentState | None:
    """Judge one environment; None when there is none any more, and none is being made."""
    making = story.running is not None and story.running.act is Act.CREATE
    if not story.is_up and not making:
        return None
    up_since_ms = story.spans[-1][0] if story.is_up else None
    left_up_ms = _left_up_ms(hours, grace_ms, now_ms, up_since_ms)
    level, reason = _verdict(story, left_up_ms)
    last = story.running or story.last
    # who is named is who started the build that is named: a whole one that is made once more is not its maker's fault
    by = last if reason in ("Making", "HalfMade") else story.made
    whole_ms, after_ms = week_of(story, hours, now_ms)
    state = EnvironmentState(
        key=f"{cluster}/{namespace}",
        cluster=cluster,
        namespace=namespace,
        level=level,
        reason=reason,
        up_since_ms=up_since_ms,
        made_by=by.build.user if by is not None else "",
        job=by.build.job if by is not None else "",
        number=by.build.number if by is not None else None,
        url=by.build.url if by is not None else "",
        last_job=last.build.job if last is not None else "",
        last_number=last.build.number if last is not None else None,
        last_result=("" if last.build.building else last.build.result or "") if last is not None else "",
        last_url=last.build.url if last is not None else "",
        left_up_ms=left_up_ms if reason == "LeftUp" else None,
        day_off=reason == "LeftUp" and hours.is_day_off(now_ms),
        week_up_min=_minutes(whole_ms),
        week_after_hours_min=_minutes(after_ms),
        made_ms=by.ended_ms if by is not None and by is story.made and _is_good(by) else None,
        job_gone_ms=by.gone_ms if by is not None else None,
    )
    return _with_message(_renewed(state, story.renewed) if by is story.made else state, now_ms)


def week_of(story: Story, hours: WorkingHours, now_ms: int) -> tuple[int, int]:
    """Return for how long it was up within the last seven days, and of this after hours; milliseconds."""
    spans = [(max(a, now_ms - WEEK_MS), b) for a, b in story.known_spans(now_ms) if b > now_ms - WEEK_MS]
    whole_ms = sum(b - a for a, b in spans)
    return whole_ms, whole_ms - overlap_ms(spans, hours.spans(now_ms - WEEK_MS, now_ms)) if spans else 0


def hours_down(source: str, stories: Iterable[Story], hours: WorkingHours, now_ms: int) -> EnvironmentHours:
    """Return what environments that are down now add to the hours up of the week."""
    weeks = [week for story in stories if (week := week_of(story, hours, now_ms))[0] > 0]
    return EnvironmentHours(
        source=source,
        namespaces=len(weeks),
        week_up_min=_minutes(sum(whole_ms for whole_ms, _ in weeks)),
        week_after_hours_min=_minutes(sum(after_ms for _, after_ms in weeks)),
    )


def _renewed(state: EnvironmentState, run: Run | None) -> EnvironmentState:
    if run is None:
        return state
    build = run.build
    return msgspec.structs.replace(
        state,
        renewed_ms=run.ended_ms,
        renewed_by=build.user,
        renewed_job=build.job,
        renewed_number=build.number,
    )


def _left_up_ms(hours: WorkingHours, grace_ms: int, now_ms: int, up_since_ms: int | None) -> int | None:
    """Return the moment since when it should be down: the end of the working day, or later where it was made later."""
    ended_ms = hours.ended_ms(now_ms)
    if ended_ms is None or up_since_ms is None:
        return None
    since_ms = max(ended_ms, up_since_ms)
    return since_ms if now_ms >= since_ms + grace_ms else None


def _verdict(story: Story, left_up_ms: int | None) -> tuple[Level, str]:
    if story.running is not None:
        return Level.PROGRESSING, "Making" if story.running.act is Act.CREATE else "Destroying"
    assert story.last is not None
    cut_short = story.last.act is Act.DESTROY and _is_aborted(story.last)
    if not _is_good(story.last) and not cut_short:
        if story.last.act is Act.DESTROY:
            return Level.FAILING, "HalfDestroyed"
        if not _is_good(story.made):
            unsure = story.last.build.building or story.last.build.result == "ABORTED"
            return Level.WARNING if unsure else Level.FAILING, "HalfMade"
        return Level.FAILING, "HalfMade"
    if left_up_ms is not None:
        return Level.WARNING, "LeftUp"
    return (Level.WARNING, "HalfDestroyed") if cut_short else (Level.OK, "Up")


def _made(state: EnvironmentState) -> str:
    """Return by whom it was made, with which build; it was up before that where another left it half made."""
    build = f" with {shown_build(state.job, state.number)}" if state.job else ""
    by = f"{f' by {state.made_by}' if state.made_by else ''}{build}"
    if state.renewed_ms is not None:
        renewer = f" by {state.renewed_by}" if state.renewed_by else ""
        by += f", renewed{renewer} with {shown_build(state.renewed_job, state.renewed_number)}"
    if state.made_ms is None or state.made_ms == state.up_since_ms:
        return f"made{by}"
    return f"half made at first, made whole{by}"


def _with_message(state: EnvironmentState, now_ms: int) -> EnvironmentState:
    by = f" by {state.made_by}" if state.made_by else ""
    last = shown_build(state.last_job, state.last_number)
    match state.reason:
        case "Making":
            said = f"{last} makes it{by}"
        case "Destroying":
            said = f"{last} destroys it"
        case "HalfMade":
            how = _how(state) if state.last_result else "ran when it was seen last"
            said = f"{last} {how}: it {left_by(Act.CREATE, state.last_result)}{by}"
        case "HalfDestroyed":
            said = f"{last} {_how(state)}: it {left_by(Act.DESTROY, state.last_result)}, or not at all"
        case "LeftUp":
            since_ms = state.left_up_ms or now_ms
            when = "on a day off" if state.day_off else "after hours"
            said = f"it is up {when}, {_made(state)}, for {age(now_ms - since_ms)} now"
            if state.last_result == "ABORTED":
                said += f"; {last} {_how(state)}: it {left_by(Act.DESTROY, state.last_result)}"
        case _:
            said = _made(state)
    if state.job_gone_ms is not None:
        gone = f"went from Jenkins {age(now_ms - state.job_gone_ms)} ago" if state.job_gone_ms else "is not in Jenkins"
        said += f"; its job {shown_job(state.job)} {gone}"
    return msgspec.structs.replace(state, message=said)


def _how(state: EnvironmentState) -> str:
    return "was aborted" if state.last_result == "ABORTED" else "failed"


def _minutes(ms: int) -> int:
    return max(0, ms) // 60_000 // STEP_MIN * STEP_MIN
