"""What builds add to a row: the newest one, and deploys of which the cluster knows nothing."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.board import Cell
from statusdesk.facts import JobClass
from statusdesk.states import BuildState, Level, RolloutState

SETTLE_MS = 60_000  # after its deploy job has ended, a cluster has this long to change
CLOCKS_MS = 5_000  # Jenkins and the cluster need not agree on the time to the second
DEPLOYS = (JobClass.DEPLOY, JobClass.OTHER)


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence about a stage that makes a row a warning."""

    stage: int
    message: str


def is_deploy(build: BuildState) -> bool:
    """Return whether a job can be what brings an app into a namespace."""
    return build.job_class in DEPLOYS


def last_touched_ms(build: BuildState) -> int:
    """Return when the newest build of the pair started, conclusive or not; 0 when there is none."""
    return max(build.started_ms or 0, build.other_started_ms or 0)


def remarks(
    builds: Sequence[BuildState],
    cells: Sequence[Cell | None],
    stage_of: Mapping[str, int],
    now_ms: int,
    looks: list[int],
) -> list[Remark]:
    """Return what is bad about the newest deploys of an app; ``looks`` collects when to look again.

    A failed deploy, with whether the cluster has changed; and a green one for a version that the namespace does not
    run though no rollout has begun since.
    """
    found: list[Remark] = []
    for build in builds:
        stage = stage_of.get(build.namespace)
        cell = cells[stage] if stage is not None and is_deploy(build) else None
        if stage is None or cell is None or build.started_ms is None:
            continue
        rollouts = [r for r in cell.rollouts if r.namespace == build.namespace]
        unchanged = bool(rollouts) and not any(_began_after(r, build.started_ms) for r in rollouts)
        if build.level is Level.FAILING:
            tail = ", cluster unchanged" if unchanged else ""
            found.append(Remark(stage=stage, message=f"{build.message}{tail}"))
        elif build.level is Level.OK and unchanged and build.version and not _runs(rollouts, build.version):
            settled_ms = build.started_ms + build.duration_ms + SETTLE_MS
            if settled_ms > now_ms:
                looks.append(settled_ms)
                continue
            number = f"{build.job} #{build.number}"
            message = f"{number} is green for {build.version}, cluster unchanged at {rollouts[0].version}"
            found.append(Remark(stage=stage, message=message))
    return found


def _began_after(rollout: RolloutState, started_ms: int) -> bool:
    return rollout.started_ms is None or rollout.started_ms >= started_ms - CLOCKS_MS


def _runs(rollouts: Sequence[RolloutState], version: str) -> bool:
    """Whether the version runs there; ``v1.5.0`` and ``1.5.0`` are one."""
    return any(not r.version or r.version in version or version in r.version for r in rollouts)
