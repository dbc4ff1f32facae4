"""Platform jobs: the seed job, token renewals, environments, others. What harms is the absence of a success."""

from collections.abc import Sequence
from typing import NamedTuple

from statusdesk.facts import CONCLUSIVE, Build, Job, JobClass, QueueItem
from statusdesk.judge.periods import Period
from statusdesk.states import Level, PlatformState
from statusdesk.states_builds import NO_RESULT
from statusdesk.text import age, counted

FIRST_PERIODS = 1.0
LATE_PERIODS = 1.5
OVERDUE_PERIODS = 2.0
_MEANS = {
    JobClass.RENEWAL: "the tokens that it renews run down",
    JobClass.ENVIRONMENT: "it makes or destroys no environment",
    JobClass.OTHER: "what it does is not done",
}


class Surroundings(NamedTuple):
    """What is known beside the builds of a job. ``stuck`` are the URLs of builds that take far too long.

    ``awaited_ms``: since when a first success is waited for, as far as that was told before.
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


class _Known(NamedTuple):
    job: Job
    decisive: Build | None
    success: Build | None
    running: Build | None
    around: Surroundings
    now_ms: int
    awaited_ms: int | None

    @property
    def success_ms(self) -> int | None:
        return None if self.success is None else self.success.started_ms + self.success.duration_ms

    def periods_late(self) -> float:
        """Return how many periods have passed since the last success began; 0 where that cannot be told.

        Where there never was one, since the first run, or since the job is known.
        """
        period, since_ms = self.around.period, self.since_ms
        if period is None or since_ms is None:
            return 0.0
        return (self.now_ms - since_ms) / (period.every_s * 1000)

    @property
    def since_ms(self) -> int | None:
        return self.awaited_ms if self.success is None else self.success.started_ms

    @property
    def is_late(self) -> bool:
        """A run may be late by half a period; the first success that ever was to be had its period, no more."""
        return self.periods_late() > (FIRST_PERIODS if self.success is None else LATE_PERIODS)


def judge_platform(job: Job, builds: Sequence[Build], around: Surroundings, now_ms: int) -> PlatformState:
    """Judge a platform job; how, ``PlatformState`` tells. Source: notes on job classes."""
    decisive = _newest([b for b in builds if not b.building and b.result in CONCLUSIVE])
    success = _newest([b for b in builds if not b.building and b.result == "SUCCESS"])
    running = _newest([b for b in builds if b.building])
    known = _Known(job, decisive, success, running, around, now_ms, _awaited_ms(job, builds, success, around, now_ms))
    level, reason, said = _verdict(known)
    period, queued = around.period, around.queued
    return PlatformState(
        key=f"{job.source}/{job.name}",
        source=job.source,
        job=job.name,
        job_class=job.job_class.value,
        level=level,
        reason=reason,
        message=said,
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
        period_s=round(period.every_s) if period is not None else None,
        period_rule=period.rule if period is not None else "",
        next_expected_ms=(
            known.since_ms + round(period.every_s * 1000) if period is not None and known.since_ms is not None else None
        ),
        awaited_ms=known.awaited_ms,
        jobs_added=around.jobs_added,
        jobs_removed=around.jobs_removed,
    )


def _awaited_ms(
    job: Job, builds: Sequence[Build], success: Build | None, around: Surroundings, now_ms: int
) -> int | None:
    """Return since when a first success is waited for; None once there is one, or where older builds may hold one."""
    if success is not None or not (job.complete or job.last_number is None):
        return None
    starts = [build.started_ms for build in builds if build.started_ms]
    return min([*starts, now_ms if around.awaited_ms is None else around.awaited_ms])


def _verdict(known: _Known) -> tuple[Level, str, str]:
    """Return level, reason and message: what stops it goes before what failed, and both before how old it is."""
    means = _meaning(known)
    stopped = _stopped(known)
    is_renewal = known.job.job_class is JobClass.RENEWAL
    late = known.periods_late() if is_renewal else 0.0
    name = known.job.name
    if stopped is not None:
        reason, why = stopped
        level = Level.FAILING if late > OVERDUE_PERIODS else Level.WARNING
        return level, reason, f"{name} {why}: {means}"
    if is_renewal and known.is_late:
        level = Level.FAILING if late > OVERDUE_PERIODS else Level.WARNING
        return level, "RenewalOverdue", f"{_overdue(known)}: {means}"
    if known.decisive is None:
        return Level.UNKNOWN, NO_RESULT, f"{name} has no conclusive build"
    if known.decisive.result != "SUCCESS":
        return _failed(known, known.decisive, means)
    if known.job.job_class is JobClass.SEED and _is_stale(known):
        return Level.WARNING, "SeedStale", f"{name} succeeded last {_ago(known)} ago: {means}"
    return Level.OK, "Succeeded", f"{name} #{known.decisive.number} succeeded"


def _failed(known: _Known, build: Build, means: str) -> tuple[Level, str, str]:
    unstable = build.result == "UNSTABLE"
    if known.job.job_class is JobClass.ENVIRONMENT:
        means = _left_by(build)
    said = f"{known.job.name} #{build.number} {'is unstable' if unstable else 'failed'}: {means}"
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
    if queued is not None and queued.since_ms and known.now_ms - queued.since_ms > around.queue_warn_ms:
        waited = age(known.now_ms - queued.since_ms)
        return "Queued", f"waits in the queue for {waited}" + (f" ({queued.why})" if queued.why else "")
    return None


def _overdue(known: _Known) -> str:
    period = known.around.period
    assert period is not None
    said = f"{known.job.name} succeeded last {_ago(known)} ago"
    if known.success is None:
        said = f"{known.job.name} has never succeeded, for {age(known.now_ms - (known.awaited_ms or known.now_ms))}"
    said += f", it should every {age(round(period.every_s * 1000))}"
    if known.around.quieting_down:
        return f"{said}, and Jenkins prepares for shutdown and starts nothing"
    if known.around.no_executor:
        return f"{said}, and no executor is online"
    last = known.decisive
    return f"{said}, #{last.number} failed" if last is not None and last.result == "FAILURE" else said


def _meaning(known: _Known) -> str:
    if known.job.job_class is not JobClass.SEED:
        return _MEANS.get(known.job.job_class, _MEANS[JobClass.OTHER])
    return f"job definitions are as of {_ago(known)} ago" if known.success is not None else "job definitions may be old"


def _left_by(build: Build) -> str:
    """Return what a run of an environment's job that went wrong may have left: that is no word about the others."""
    names = build.namespaces or ((build.namespace or "an environment"),)
    several = f"{names[0]} and {counted(len(names) - 1, 'other')}" if len(names) > 1 else names[0]
    return f"{several} may be made or destroyed by half"


def _is_stale(known: _Known) -> bool:
    if known.success_ms is None:
        return False
    period = known.around.period
    periods = known.periods_late() > OVERDUE_PERIODS if period is not None else False
    return periods or known.now_ms - known.success_ms > known.around.stale_ms


def _ago(known: _Known) -> str:
    return age(max(0, known.now_ms - (known.success_ms or known.now_ms)))


def _newest(builds: Sequence[Build]) -> Build | None:
    return max(builds, key=lambda build: build.number, default=None)
