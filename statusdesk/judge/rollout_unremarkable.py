"""A workload that is as well as it was, as most are most of the time: told without a look at each of its parts."""

from collections.abc import Sequence

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Pod, Workload
from statusdesk.states import RolloutState


def unremarkable(
    workload: Workload, pods: Sequence[Pod], before: RolloutState, thresholds: RolloutThresholds, now_ms: int
) -> str | None:
    """Return the hash of the pods when nothing can have changed for the worse, else None (then judge in full)."""
    desired = workload.desired
    if (
        not desired
        or desired != before.desired
        or workload.updated != desired
        or workload.replicas != desired
        or workload.ready != desired
        or workload.available != desired
        or workload.observed_generation != workload.generation
        or workload.revision != before.revision
        or workload.version != before.version
        or workload.image != before.image
        or workload.paused
        or workload.deleting_ms is not None
    ):
        return None
    for condition in workload.conditions:
        if condition.status != "True" or condition.type == "ReplicaFailure":
            return None
    settled_ms = now_ms - int(max(thresholds.latch_s, workload.min_ready_s) * 1000)
    revision = ""
    for pod in pods:
        if pod.deleting_ms is not None:
            return None  # it may be stuck
        if not pod.ready or pod.ready_changed_ms is None or pod.ready_changed_ms > settled_ms:
            return None
        if pod.revision != revision:
            if revision:
                return None
            revision = pod.revision
    return revision or None


def well_as_before(workload: Workload, before: RolloutState) -> RolloutState:
    """Return its row with the counts of now."""
    return RolloutState(
        key=before.key,
        cluster=before.cluster,
        namespace=before.namespace,
        kind=before.kind,
        name=before.name,
        app=workload.app,
        level=before.level,
        reason=before.reason,
        message=before.message,
        version=before.version,
        revision=before.revision,
        image=before.image,
        digest=before.digest,
        previous_version=before.previous_version,
        desired=before.desired,
        updated=workload.updated,
        ready=workload.ready,
        available=workload.available,
        started_ms=before.started_ms,
        version_since_ms=before.version_since_ms,
        build=workload.build,
        init_ms=before.init_ms,
        well_since_ms=before.well_since_ms,
    )
