"""Platform jobs: the seed job, token renewals, environments, others. What harms is the absence of a success.

A job that is run for namespaces is judged for each of them: the newest build of one says nothing of another.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from statusdesk.facts import Build, Job, JobClass, QueueItem
from statusdesk.job_names import shown_build, shown_job
from statusdesk.judge.environments import Act, left_by
from statusdesk.judge.periods import Period
from statusdesk.judge.platform_pairs import Pair, newest, pairs_of
from statusdesk.states import TROUBLED, Level, PlatformState
from statusdesk.states_builds import NO_RESULT, OVERDUE, Overdue
from statusdesk.text import age, counted

FIRST_PERIODS = 1.0
LATE_PERIODS = 1.5
OVERDUE_PERIODS = 2.0
MOST_NAMED = 4
_WORST = (Level.UNKNOWN, Level.IDLE, Level.OK, Level.WARNING, Level.FAILING)
"""What is not known of one namespace hides nothing of the others."""
_MEANS = {
    JobClass.RENEWAL: "the tokens that it renews run down",
    JobClass.ENVIRONMENT: "it makes or destroys no environment",
    JobClass.OTHER: "what it does is not done",
}


class Surroundings(NamedTuple):
    """What is known beside the builds of a job. ``stuck`` are the URLs of builds that take far too long.

    ``awaited_ms``: since when a first success is waited for, as far as that was told before. ``periods``: those of
    some namespaces, where these are others than ``period``. ``settled_ms``: by namespace, before when what was done
    there is history; ``act``: what the job does with an environment. ``queue_ms``: when it was told last what waits,
    where that is not now.
    """

    period: Period | None = None
    queued: QueueItem | None = None
    stuck: tuple[str, ...] = ()
    quieting_down: bool = False
    no_executor: bool = False
    stale_ms: int = 7 * 86_400_000
    queue_warn_ms: int = 600_000
    jobs_added: int = 0
    jobs_removed: int = 0
    awaited_ms: int | None = None
    periods: Mapping[str, Period | None] = MappingProxyType({})
    settled_ms: Mapping[str, int] = MappingProxyType({})
    act: Act | None = None
    queue_ms: int | None = None


class _Known(NamedTuple):
    """A job with what is known of its builds for one namespace."""

    job: Job
    pair: Pair
    decisive: Build | None
    success: Build | None
    running: Build | None
    around: Surroundings
    now_ms: int
    awaited_ms: int | None

    @property
    def period(self) -> Period | None:
        around = self.around
        return around.periods.get(self.pair.namespace, around.period) if self.pair.awaited else None

    @property
    def next_ms(self) -> int | None:
        """When the next success is, or was, due."""
        period, since_ms = self.period, self.since_ms
        return since_ms + round(period.every_s * 1000) if period is not None and since_ms is not None else None

    @property
    def where(self) -> str:
        return f" for {self.pair.namespace}" if self.pair.namespace else ""

    @property
    def success_ms(self) -> int | None:
        return None if self.success is None else self.success.started_ms + self.success.duration_ms

    def periods_late(self) -> float:
        """Return how many periods have passed since the last success began; 0 where that cannot be told.

        Where there never was one, since the first run, or since the job is known.
        """
        period, since_ms = self.period, self.since_ms
        if period is None or since_ms is None:
            return 0.0
        return (self.now_ms - since_ms) / (period.every_s * 1000)

    @property
    def since_ms(self) -> int | None:
        return self.awaited_ms if self.success is None else self.success.started_ms

    @property
    def is_late(self) -> bool:
        """A run may be late by half a period; the first success that ever was to be had its period, no more."""
        return self.periods_late() > self.periods_allowed

    @property
    def periods_allowed(self) -> float:
        return FIRST_PERIODS if self.success is None else LATE_PERIODS


class _Judged(NamedTuple):
    known: _Known
    level: Level
    reason: str
    message: str

    @property
    def rank(self) -> tuple[int, float, int]:
        """What is higher is worse; of those that are long overdue the one that was the last to fall silent."""
        late = min(self.known.periods_late(), OVERDUE_PERIODS) if self.level in TROUBLED else 0.0
        return _WORST.index(self.level), late, _number(self.known) or 0


def judge_platform(job: Job, builds: Sequence[Build], around: Surroundings, now_ms: int) -> PlatformState:
    """Judge a platform job by the worst of its namespaces; how, ``PlatformState`` tells. Source: notes on job classes.

    Where all are well, by the one whose build is the newest.
    """
    pairs = pairs_of(builds, around.settled_ms)
    before_ms = around.awaited_ms if len(pairs) == 1 else None
    judged = [
        _Judged(known, *_verdict(known)) for pair in pairs for known in [_known(job, pair, around, before_ms, now_ms)]
    ]
    worst = max(judged, key=lambda each: each.rank)
    awaited = [each.known for each in judged if each.known.next_ms is not None]
    bad = [each for each in judged if each.level in TROUBLED and not _is_told_by(worst, each)]
    shown = worst.known
    if worst.level not in TROUBLED or shown.next_ms is None:
        shown = min(awaited, key=lambda known: known.next_ms or 0, default=shown)
    said = f"{worst.message}; {_named(bad)} not well either" if bad else worst.message
    state = _state(worst._replace(message=said), newest([build for build in builds if build.building]))
    return replace(
        state,
        period_s=round(shown.period.every_s) if shown.period is not None else None,
        period_rule=shown.period.rule if shown.period is not None else "",
        next_expected_ms=shown.next_ms,
        overdue=tuple(_overdue_of(each) for each in judged if each.reason == OVERDUE),
    )


def _named(bad: Sequence[_Judged]) -> str:
    """Return namespaces in words: the failing ones first, and of these the last to fall silent."""
    ordered = sorted(bad, key=lambda each: (-_WORST.index(each.level), each.known.periods_late(), each.known.where))
    names = [each.known.pair.namespace for each in ordered]
    if len(names) > MOST_NAMED:
        names[MOST_NAMED - 1 :] = [counted(len(names) - MOST_NAMED + 1, "other")]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _overdue_of(judged: _Judged) -> Overdue:
    known = judged.known
    period, since_ms = known.period, known.since_ms
    assert period is not None and since_ms is not None
    return Overdue(
        namespace=known.pair.namespace,
        message=judged.message,
        url=known.decisive.url if known.decisive is not None else known.job.url,
        since_ms=since_ms + round(period.every_s * 1000 * known.periods_allowed),
        number=_number(known),
        result=(known.decisive.result or "") if known.decisive is not None else "",
    )


def _known(job: Job, pair: Pair, around: Surroundings, before_ms: int | None, now_ms: int) -> _Known:
    running = newest([build for build in pair.builds if build.building])
    awaited_ms = _awaited_ms(job, pair.builds, pair.success, before_ms, now_ms)
    return _Known(job, pair, pair.decisive, pair.success, running, around, now_ms, awaited_ms)


def _is_told_by(worst: _Judged, each: _Judged) -> bool:
    """Whether the message of the worst tells of a namespace already: by what stops the job or was left by its build.

    That of the whole job tells of the namespaces of its build, and the whole job is no other namespace.
    """
    if not each.known.pair.namespace or each.message == worst.message:
        return True
    return not worst.known.pair.namespace and _number(each.known) == _number(worst.known) is not None


def _number(known: _Known) -> int | None:
    return known.decisive.number if known.decisive is not None else None


def _state(judged: _Judged, running: Build | None) -> PlatformState:
    """Return the state of a job by that of one of its namespaces; ``running``: whatever it is for."""
    known = judged.known
    job, decisive, success, around = known.job, known.decisive, known.success, known.around
    queued = around.queued
    return PlatformState(
        key=f"{job.source}/{job.name}",
        source=job.source,
        job=job.name,
        namespace=known.pair.namespace,
        job_class=job.job_class.value,
        level=judged.level,
        reason=judged.reason,
        message=judged.message,
        url=decisive.url if decisive is not None else job.url,
        disabled=job.disabled,
        number=decisive.number if decisive is not None else None,
        result=(decisive.result or "") if decisive is not None else "",
        started_ms=decisive.started_ms if decisive is not None else None,
        duration_ms=decisive.duration_ms if decisive is not None else 0,
        cause=decisive.cause if decisive is not None else "",
        last_success_number=success.number if success is not None else None,
        last_success_ms=known.success_ms,
        running_number=running.number if running is not None else None,
        running_since_ms=running.started_ms if running is not None else None,
        queued_since_ms=queued.since_ms if queued is not None else None,
        queued_why=queued.why if queued is not None else "",
        awaited_ms=known.awaited_ms,
        jobs_added=around.jobs_added,
        jobs_removed=around.jobs_removed,
    )


def _awaited_ms(
    job: Job, builds: Sequence[Build], success: Build | None, before_ms: int | None, now_ms: int
) -> int | None:
    """Return since when a first success is waited for; None once there is one, or where older builds may hold one.

    One among newer builds that are not told yet neither begins the waiting nor ends it.
    """
    is_told = job.is_read if before_ms is None else job.is_read_back
    if success is not None or not (is_told or job.last_number is None):
        return None
    starts = [build.started_ms for build in builds if build.started_ms]
    return min([*starts, now_ms if before_ms is None else before_ms])


def _verdict(known: _Known) -> tuple[Level, str, str]:
    """Return level, reason and message: what stops it goes before what failed, and both before how old it is."""
    means = _meaning(known)
    stopped = _stopped(known)
    is_renewal = known.job.job_class is JobClass.RENEWAL
    late = known.periods_late() if is_renewal else 0.0
    name = shown_job(known.job.name)
    if stopped is not None:
        reason, why = stopped
        level = Level.FAILING if late > OVERDUE_PERIODS else Level.WARNING
        return level, reason, f"{name} {why}: {means}"
    if is_renewal and known.is_late:
        level = Level.FAILING if late > OVERDUE_PERIODS else Level.WARNING
        return level, OVERDUE, f"{_overdue(known)}: {means}"
    if known.decisive is None:
        return Level.UNKNOWN, NO_RESULT, f"{name} has no conclusive build{_as_read(known.job)}"
    if known.decisive.result != "SUCCESS" and known.pair.settled:
        run = shown_build(known.job.name, known.decisive.number)
        return Level.IDLE, "Settled", f"{run} did not go well{known.where}, which was made or destroyed since"
    if known.decisive.result != "SUCCESS":
        return _failed(known, known.decisive, means)
    if known.job.job_class is JobClass.SEED and _is_stale(known):
        return Level.WARNING, "SeedStale", f"{name} succeeded last {_ago(known)} ago{known.where}: {means}"
    return Level.OK, "Succeeded", f"{shown_build(known.job.name, known.decisive.number)} succeeded{known.where}"


def _failed(known: _Known, build: Build, means: str) -> tuple[Level, str, str]:
    unstable = build.result == "UNSTABLE"
    where = known.where
    if known.job.job_class is JobClass.ENVIRONMENT:
        act = known.around.act  # without one, it neither makes nor destroys any
        means, where = (_left_by(build, act), "") if act is not None else ("", where)
    said = f"{shown_build(known.job.name, build.number)} {'is unstable' if unstable else 'failed'}{where}"
    said += f": {means}" if means else ""
    match known.job.job_class:
        case JobClass.SEED:
            return Level.WARNING if unstable else Level.FAILING, "SeedFailed", said
        case JobClass.RENEWAL:
            return Level.WARNING, "RenewalFailed", said
        case _:
            return (Level.WARNING, "Unstable", said) if unstable else (Level.FAILING, "Failed", said)


def _stopped(known: _Known) -> tuple[str, str] | None:
    """Return why the job does not run, where anything stops it."""
    around, queued = known.around, known.around.queued
    if known.job.disabled:
        return "Disabled", "is disabled"
    if queued is not None and queued.stuck:
        return "Stuck", f"is stuck in the queue ({queued.why})" if queued.why else "is stuck in the queue"
    if known.running is not None and known.running.url in around.stuck:
        return "Stuck", f"#{known.running.number} runs far longer than it ever did"
    queue_ms = known.now_ms if around.queue_ms is None else around.queue_ms
    if queued is not None and queued.since_ms and queue_ms - queued.since_ms > around.queue_warn_ms:
        waited = age(queue_ms - queued.since_ms)
        return "Queued", f"waits in the queue for {waited}" + (f" ({queued.why})" if queued.why else "")
    return None


def _overdue(known: _Known) -> str:
    period = known.period
    assert period is not None
    said = f"{shown_job(known.job.name)} succeeded last {_ago(known)} ago{known.where}"
    if known.success is None:
        waited = age(known.now_ms - (known.awaited_ms or known.now_ms))
        as_read = _as_read(known.job)
        never = f"has no success{as_read}" if as_read else "has never succeeded"
        said = f"{shown_job(known.job.name)} {never}{known.where}, for {waited}"
    every = age(round(period.every_s * 1000))
    said += f", its runs are {every} apart at most" if period.rule == "longest" else f", it should every {every}"
    if known.around.quieting_down:
        return f"{said}, and Jenkins prepares for shutdown and starts nothing"
    if known.around.no_executor:
        return f"{said}, and no executor is online"
    last = known.decisive
    return f"{said}, #{last.number} failed" if last is not None and last.result == "FAILURE" else said


def _as_read(job: Job) -> str:
    """Say of which builds it is told that there is none, where older ones are not read."""
    if job.is_whole or job.last_number is None:
        return ""
    return f" among the newest {job.read_builds:,}" if job.has_only_newest else " as far as its builds are read"


def _meaning(known: _Known) -> str:
    if known.job.job_class is JobClass.ENVIRONMENT and known.around.act is None:
        return _MEANS[JobClass.OTHER]
    if known.job.job_class is not JobClass.SEED:
        return _MEANS.get(known.job.job_class, _MEANS[JobClass.OTHER])
    return f"job definitions are as of {_ago(known)} ago" if known.success is not None else "job definitions may be old"


def _left_by(build: Build, act: Act) -> str:
    """Return what a run of an environment's job that did not go well has done: that is no word about the others."""
    names = build.all_namespaces or ("an environment",)
    several = f"{names[0]} and {counted(len(names) - 1, 'other')}" if len(names) > 1 else names[0]
    return f"{several} {left_by(act, build.result, several=len(names) > 1)}"


def _is_stale(known: _Known) -> bool:
    if known.success_ms is None or not known.pair.awaited:
        return False
    period = known.period
    periods = known.periods_late() > OVERDUE_PERIODS if period is not None else False
    return periods or known.now_ms - known.success_ms > known.around.stale_ms


def _ago(known: _Known) -> str:
    return age(max(0, known.now_ms - (known.success_ms or known.now_ms)))
