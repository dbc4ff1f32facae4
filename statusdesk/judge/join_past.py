"""What the past of a workload says of its builds: who made a revision before, and what an undo goes back to."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.facts import Build
from statusdesk.judge.join_versions import same_version
from statusdesk.states import BuildRule, BuildState, RolloutState

CLOCKS_MS = 5_000  # Jenkins and the cluster need not agree on the time to the second
SETTLE_MS = 120_000  # a cluster changes within this of the end of its deploy job
APART_MS = 300_000  # how long after the end of a build a rollout of its version may begin
LATE_MS = 1_800_000  # an annotation is not about a rollout that began this long after its build
_SURE = (BuildRule.ANNOTATION, BuildRule.VERSION)
_MADE = (*_SURE, BuildRule.TIME)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of a workload before a rollout.

    ``earlier`` are the periods of the revisions before, oldest first, with their builds; ``tags`` the versions that it
    had, here and in other namespaces; ``beside`` those of the other workloads of its app. ``clocks_ms``: by how much
    Jenkins may stamp a build later than it began. ``now_named``: what jobs are called now that had other names.
    """

    earlier: tuple[RolloutState, ...] = ()
    tags: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    clocks_ms: int = CLOCKS_MS
    now_named: Mapping[str, str] = msgspec.field(default_factory=dict)


NO_PAST = Past()


def is_work_of(rollout: RolloutState, build: BuildState) -> bool:
    """Return whether a rollout was joined to a build."""
    return (rollout.build_job, rollout.build_number) == (build.job, build.number)


def is_later(rollout: RolloutState, build: BuildState) -> bool:
    """Return whether a rollout may have begun after a build did."""
    if rollout.started_ms is None or build.started_ms is None:
        return True
    return rollout.started_ms >= build.started_ms - CLOCKS_MS


def revisions_before(rollout: RolloutState, periods: Sequence[RolloutState]) -> tuple[RolloutState, ...]:
    """Return the periods before those of a rollout, oldest first: an undo may bring back the name of an old revision.

    A new version is seen under the number of the revision before it until the cluster has counted: that is no
    revision of its own.
    """
    end = len(periods)
    while end and _what(periods[end - 1]) == _what(rollout):
        end -= 1
    late = end
    while late and _what(periods[late - 1]) == (periods[end - 1].revision, rollout.version):
        late -= 1
    counted_late = 0 < late < end and periods[late - 1].revision == periods[end - 1].revision
    return tuple(periods[: late if counted_late else end])


def _what(rollout: RolloutState) -> tuple[str, str]:
    return (rollout.revision, rollout.version)


def is_spent(build: Build, rollout: RolloutState, at_ms: int, earlier: Sequence[RolloutState]) -> bool:
    """Return whether a build made an earlier revision of the workload, and cannot have made this one as well.

    One build may make several while it runs, all of one version. It does not make another one later, nor the same
    again after somebody else had changed it.
    """
    mine = [each for each in earlier if _made(build, each)]
    if not mine:
        return False
    sure = [each for each in mine if each.build_rule in _SURE]
    if any(_differ(each.version, rollout.version) for each in sure):
        return True
    if not _made(build, earlier[-1]) and _differ(earlier[-1].version, rollout.version):
        return True
    first_ms = min((each.started_ms for each in mine if each.started_ms is not None), default=at_ms)
    return not build.building and at_ms > first_ms + build.duration_ms + CLOCKS_MS


def did_nothing(build: Build) -> bool:
    """Return whether a build ended before it began: NOT_BUILT, as one that another has overtaken in the queue."""
    return build.result == "NOT_BUILT" and not build.building and build.duration_ms <= CLOCKS_MS


def went_back_to(rollout: RolloutState, earlier: Sequence[RolloutState]) -> RolloutState | None:
    """Return the newest earlier period, of a known build, whose version came back after another one; None if none."""
    if not rollout.version or not earlier or earlier[-1].version == rollout.version:
        return None
    same = (each for each in reversed(earlier) if each.version == rollout.version and each.build_number is not None)
    return next(same, None)


def _made(build: Build, period: RolloutState) -> bool:
    return period.build_rule in _MADE and (period.build_job, period.build_number) == (build.job, build.number)


def _differ(one: str, other: str) -> bool:
    return bool(one) and bool(other) and not same_version(one, other)
