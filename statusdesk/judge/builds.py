"""Builds: how the newest conclusive build of a job went for one namespace, with a newer inconclusive one beside it."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from statusdesk.facts import Build, Job, JobClass
from statusdesk.job_names import shown_job
from statusdesk.judge.environments import Act, Settled, left_by
from statusdesk.states import BuildState, Level, RunningBuild
from statusdesk.states_builds import NO_RESULT

USUAL_OF = 5
_CONCLUSIVE = {
    "SUCCESS": (Level.OK, "Succeeded", "succeeded"),
    "FAILURE": (Level.FAILING, "Failed", "failed"),
    "UNSTABLE": (Level.WARNING, "Unstable", "is unstable"),
}
_VANISHED = "VANISHED"  # it has ended, and its result is not known: Jenkins was killed, or the build has gone
_OTHER_WORDS = {
    "": "runs",
    "ABORTED": "was aborted",
    "NOT_BUILT": "was not built",
    _VANISHED: "ended without a known result",
}
_MEANS = {
    JobClass.SEED: "job definitions stay as they were",
    JobClass.RENEWAL: "the tokens that it renews are running down",
}


def judge_builds(
    source: str,
    job: Job | None,
    job_name: str,
    namespace: str,
    builds: Sequence[Build],
    settled: Settled | None = None,
    before: BuildState | None = None,
    *,
    act: Act | None = None,
    now_ms: int,
) -> BuildState:
    """Judge a job for one namespace by the builds attributed to it; ``job`` is None where it is not known (yet).

    Only SUCCESS, UNSTABLE and FAILURE are conclusive: an aborted build says nothing about the version. A running
    build counts as running whatever its result says so far. ``before``: what was judged last, for not all builds are
    at hand for ever. A deleted build counts for nothing but since when it is well: it was red, or not, all the same.
    ``settled``: before when what was done there is history; ``act``: what the job does with an environment.
    """
    told, builds = builds, [build for build in builds if not build.deleted]
    job_class = job.job_class if job is not None else JobClass.OTHER
    count = _counting(builds)
    since_ms, history = _history(count.decisive, settled, act)
    level, reason = _verdict(count.decisive, history)
    green_ms, was_red = (since_ms, True) if level is Level.IDLE else _green_since(told, before, now_ms)
    state = BuildState(
        key=f"{source}/{job_name}@{namespace}",
        source=source,
        job=job_name,
        namespace=namespace,
        job_class=job_class.value,
        level=level,
        reason=reason,
        message=_message(shown_job(job_name), job, _means(job_class, act), namespace, count, history),
        usual_ms=_usual_ms(builds),
        green_since_ms=green_ms,
        was_red=was_red,
        deploys=_deploys(job, builds),
    )
    return _with_builds(state, job, count)


def _deploys(job: Job | None, builds: Sequence[Build]) -> bool:
    """Tell whether it deploys: of all parameters only those that tell namespace and version are kept."""
    return any(build.parameters for build in builds) or (job is not None and job.namespace_default is not None)


class _Counting(NamedTuple):
    """The builds that count: the newest that is conclusive, a newer one, the newest success, and those that run."""

    decisive: Build | None
    other: Build | None
    success: Build | None
    running: list[Build]


def _counting(builds: Sequence[Build]) -> _Counting:
    decisive = _newest(build for build in builds if _is_conclusive(build))
    return _Counting(
        decisive=decisive,
        other=_newest(build for build in builds if decisive is None or build.number > decisive.number),
        success=_newest(build for build in builds if _is_conclusive(build) and build.result == "SUCCESS"),
        running=sorted((build for build in builds if build.building), key=lambda build: build.number),
    )


def _history(decisive: Build | None, settled: Settled | None, act: Act | None) -> tuple[int | None, str]:
    """Return since when how a build went is history, and what has become of the environment; empty: it is none."""
    ended_ms = settled.before_ms(act) if settled is not None else None
    if decisive is None or settled is None or ended_ms is None or decisive.started_ms >= ended_ms:
        return None, ""
    destroyed_ms, good_ms = settled.destroyed_ms or 0, settled.good_ms or 0  # it may be the run that destroyed it
    is_destroyed = good_ms <= destroyed_ms or decisive.started_ms + decisive.duration_ms < destroyed_ms
    return ended_ms, "Destroyed" if is_destroyed else "Made"


def _verdict(decisive: Build | None, history: str) -> tuple[Level, str]:
    """Return level and reason by the build that counts; ``history``: what has become of its environment after it."""
    if decisive is None:
        return Level.UNKNOWN, NO_RESULT
    level, reason, _ = _CONCLUSIVE[decisive.result or ""]
    return (Level.IDLE, history) if history and level is not Level.OK else (level, reason)


def _with_builds(state: BuildState, job: Job | None, count: _Counting) -> BuildState:
    """Return a state with what its builds tell: the last that counts, a later one, the last that went well."""
    decisive, other, success, running = count
    shown = decisive or other
    return replace(
        state,
        number=decisive.number if decisive is not None else None,
        result=(decisive.result or "") if decisive is not None else "",
        version=shown.version if shown is not None else "",
        url=shown.url if shown is not None else (job.url if job is not None else ""),
        started_ms=decisive.started_ms if decisive is not None else None,
        duration_ms=decisive.duration_ms if decisive is not None else 0,
        cause=shown.cause if shown is not None else "",
        git_revision=shown.git_revision if shown is not None else "",
        attributed_by=shown.attributed_by if shown is not None else "",
        other_number=other.number if other is not None else None,
        other_result=_other_result(other),
        other_started_ms=other.started_ms if other is not None else None,
        last_success_number=success.number if success is not None else None,
        last_success_ms=_ended_ms(success),
        user=shown.user if shown is not None else "",
        trigger=shown.trigger if shown is not None else "",
        git_branch=shown.git_branch if shown is not None else "",
        upstream_job=shown.upstream_job if shown is not None else "",
        upstream_number=shown.upstream_number if shown is not None else None,
        other_url=other.url if other is not None else "",
        other_version=other.version if other is not None else "",
        other_cause=other.cause if other is not None else "",
        running=tuple(RunningBuild(b.number, b.started_ms, b.url, b.version, b.cause) for b in running),
    )


def _usual_ms(builds: Sequence[Build]) -> int | None:
    """Return the median of how long the newest builds took that succeeded; Jenkins' own estimate costs it reading."""
    good = sorted((b for b in builds if not b.building and b.result == "SUCCESS"), key=lambda b: -b.number)
    return round(statistics.median(b.duration_ms for b in good[:USUAL_OF])) if good else None


def _green_since(builds: Sequence[Build], before: BuildState | None, now_ms: int) -> tuple[int | None, bool]:
    """Return the end of the first of the successes that are not broken until now, and whether it was red before.

    None where the newest is no success. Where a deleted build is what broke them last, it is well since it was seen to
    be deleted, which is now if it was not told ``before``.
    """
    conclusive = sorted(filter(_is_conclusive, builds), key=lambda b: -b.number)
    standing = next((build for build in conclusive if not build.deleted), None)
    if standing is None or standing.result != "SUCCESS":
        return None, False
    before_ms = before.green_since_ms if before is not None else None
    first: Build | None = None
    for build in conclusive:
        if build.result == "SUCCESS":
            first = build
            continue
        if first is not None:
            return _ended_ms(first), True
        return now_ms if before_ms is None or before_ms < build.started_ms + build.duration_ms else before_ms, True
    ended_ms = _ended_ms(first)
    was_red = before is not None and before.was_red
    if before_ms is None or ended_ms is None or (ended_ms < before_ms and not was_red):
        return ended_ms, False
    return before_ms, was_red


def _ended_ms(build: Build | None) -> int | None:
    return None if build is None else build.started_ms + build.duration_ms


def _is_conclusive(build: Build) -> bool:
    return not build.building and build.result in _CONCLUSIVE


def _newest(builds: Iterable[Build]) -> Build | None:
    return max(builds, key=lambda build: build.number, default=None)


def _other_result(other: Build | None) -> str:
    if other is None:
        return ""
    return "" if other.building else other.result or _VANISHED


def _means(job_class: JobClass, act: Act | None) -> str:
    """Return what it means that a run of a job failed; empty where that is the job's own matter."""
    if act is not None:
        return f"the environment {left_by(act, 'FAILURE')}"
    return _MEANS.get(job_class, "")


def _message(name: str, job: Job | None, means: str, namespace: str, count: _Counting, history: str) -> str:
    """Return what is told of a pair, also of builds that run beside a newer one; ``means``: what a failure does.

    ``history``: what has become of the environment since.
    """
    decisive, other = count.decisive, count.other
    where = f" for {namespace}" if namespace else ""
    parts = []
    if decisive is not None:
        level, _, words = _CONCLUSIVE[decisive.result or ""]
        parts.append(f"{name} #{decisive.number} {words}{where}")
        if level is Level.FAILING and means:
            parts[0] += f": {means}"
    if other is not None:
        words = _OTHER_WORDS.get(_other_result(other), f"ended as {other.result}")
        parts.append(f"#{other.number} {words}" if parts else f"{name} #{other.number} {words}{where}")
    below = [build.number for build in count.running if build is not other]
    if below:
        numbers = " and ".join(f"#{number}" for number in below)
        parts.append(f"{numbers} {'run' if len(below) > 1 else 'runs'} besides")
    if not parts:
        parts.append(f"{name} has no build{where}")
    if job is not None and job.disabled:
        parts.append("the job is disabled")
    if history:
        parts.append(f"and the environment was {history.lower()} since")
    return ", ".join(parts)
