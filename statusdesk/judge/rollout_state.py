"""The row of a rollout: what was found, with what the workload and its pods tell beside it."""

from msgspec.structs import replace

from statusdesk.judge.held_back import HeldBack, held_back
from statusdesk.judge.pods import is_observed
from statusdesk.judge.rollout_counts import (
    deadline_ms,
    desired_of,
    digest_of,
    passed_over,
    template_changed,
    version_of_old,
)
from statusdesk.judge.rollout_nodes import evicted_from, lost_nodes
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.judge.soaking import well_since_ms
from statusdesk.states import RESTING, Level, RolloutState


def state_of(rollout: Rollout, finding: Finding, scene: Scene, rolling_since_ms: int | None) -> RolloutState:
    """Return the row, without what only others know: its build, its cause, the stamps of the writer."""
    workload = rollout.workload
    held = held_back(rollout)
    previous, version_since_ms, digest = _past(rollout, scene, held)
    moves = scene.rolling and finding.level not in RESTING
    counting = moves and is_observed(workload) and not workload.paused
    state = RolloutState(
        key="/".join(workload.key),
        cluster=workload.cluster,
        namespace=workload.namespace,
        kind=workload.kind,
        name=workload.name,
        app=workload.app,
        level=finding.level,
        reason=finding.reason,
        message=finding.message,
        version=workload.version,
        revision=workload.revision,
        look=finding.look,
        pod=finding.pod,
        container=finding.container,
        exit_code=finding.exit_code,
        image=workload.image,
        digest=digest,
        previous_version=previous,
        desired=desired_of(workload),
        updated=workload.updated,
        started_ms=scene.started_ms,
        rolling_since_ms=rolling_since_ms,
        deadline_ms=deadline_ms(workload) if counting else None,
        fails_ms=finding.fails_ms if finding.level is Level.WARNING else None,
        version_since_ms=version_since_ms,
        is_out=finding.is_out,
        found=finding.found,
        held_by=held.by,
        held_version=held.version,
        held_since_ms=held.since_ms,
    )
    return _with_parts(state, rollout, scene, counting=counting)


def _with_parts(state: RolloutState, rollout: Rollout, scene: Scene, *, counting: bool) -> RolloutState:
    """Return a state with its conditions and what its pods tell: who is ready, how long inits took, what has gone."""
    workload = rollout.workload
    evicted = () if rollout.calm else evicted_from(rollout.all_pods)
    all_well = state.level in RESTING or scene.all_ready
    return replace(
        state,
        ready=workload.ready,
        available=workload.available,
        build=workload.build,
        conditions=() if state.level in RESTING else workload.conditions,
        new_ready=sum(pod.ready for pod in rollout.pods) if counting and not scene.ends else None,
        init_ms=tuple(scene.waits.init_ms.items()),
        evicted=sum(number for _, number in evicted),
        evicted_from=evicted,
        lost=() if all_well else lost_nodes(rollout.all_pods, scene.lost),
        well_since_ms=well_since_ms(rollout.before, state, scene.now_ms),
    )


def _past(rollout: Rollout, scene: Scene, held: HeldBack) -> tuple[str, int | None, str]:
    """Return the version before this one, since when this one is here, and the digest of what runs.

    The digest is kept while no pod tells it. A version that was held back from all pods is here since one runs it.
    """
    workload, before = rollout.workload, rollout.before
    is_whole = bool(held.by) and not workload.updated
    digests = _digests(rollout, held, is_whole)
    digest = next(iter(digests)) if len(digests) == 1 else ""  # of two images of one version neither is the one
    if before is None:
        previous = version_of_old(workload, rollout.all_pods, rollout.revision) if rollout.revision else ""
        since_ms = (
            scene.now_ms if is_whole else scene.started_ms
        )  # nothing came of it that would tell when it was asked
        return "" if previous == workload.version else previous, since_ms, digest
    if before.version != workload.version:
        previous = passed_over(workload, rollout.all_pods, rollout.revision, before.version)
        was_here = before.is_held_whole and before.held_version == workload.version  # it was asked back
        since_ms = before.held_since_ms if was_here else scene.started_ms
        return previous or before.version or before.previous_version, since_ms, digest
    if not digests and before.is_held_whole == is_whole and not template_changed(workload, before):
        digest = before.digest
    came = before.is_held_whole and workload.updated > 0
    since_ms = scene.now_ms if came else before.version_since_ms
    return before.previous_version, since_ms, digest


def _digests(rollout: Rollout, held: HeldBack, is_whole: bool) -> set[str]:
    """Return the digests of the version that runs: pods that stay may run another image of it than the others."""
    running = [rollout.held if is_whole else rollout.pods]
    if rollout.completed and not held.by:
        running = [rollout.pods, rollout.held]
    return {digest_of(rollout.workload, pods) for pods in running} - {""}
