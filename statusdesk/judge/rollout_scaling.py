"""A service that is given more pods: scaling, of which nobody is alarmed as long as it has what it had before.

Source: the noise rules for rollouts: the revision is unchanged, and the Deployment has come through.
"""

from collections.abc import Iterable, Sequence

from statusdesk.facts import Pod, Workload
from statusdesk.judge.pods import condition_of
from statusdesk.judge.rollout_counts import SCALING, desired_of, template_changed
from statusdesk.judge.rollout_findings import of_pod
from statusdesk.judge.rollout_memory import Lasts, Memory
from statusdesk.judge.rollout_scene import Finding, Scene, worst
from statusdesk.states import Level, RolloutState

SCALED = Lasts("scaling")
_LESS = Lasts("less than before", only_seen=True)
EARLY_MS = 5000  # pods and workloads come in streams of their own, and the API cuts times to whole seconds


def is_scaling(workload: Workload, before: RolloutState | None, memory: Memory | None) -> bool:
    """Return whether the number wanted was changed, by nobody who rolls out, and is not reached yet."""
    if before is None or before.revision != workload.revision or workload.kind == "DaemonSet":
        return False
    if template_changed(workload, before) or _rolls(workload):
        return False
    if before.desired != desired_of(workload):
        return True
    if memory is not None and memory.revision == workload.revision:
        return memory.scaling
    return before.reason.startswith(SCALING)


def _rolls(workload: Workload) -> bool:
    """Return whether a Deployment says that its revision is still on its way."""
    progressing = condition_of(workload, "Progressing") if workload.kind == "Deployment" else None
    return progressing is not None and progressing.reason in _ON_ITS_WAY


_ON_ITS_WAY = ("NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated", "ReplicaSetCreateError")


def owed_of(workload: Workload, before: RolloutState | None, memory: Memory | None) -> int:
    """Return how many pods a service that is scaled was to have before, and still is; those it had if nobody knows.

    What has been scaled down since is owed no more, though the number was raised again meanwhile.
    """
    desired = desired_of(workload)
    if before is None:
        return desired
    if memory is not None and memory.scaling and memory.revision == workload.revision:
        return min(memory.owed, before.desired, desired)
    had = max(before.available, before.ready) if before.reason.startswith(SCALING) else before.desired
    return min(had, before.desired, desired)


def fresh_pods(pods: Sequence[Pod], before: RolloutState | None, looked_ms: int | None, scene: Scene) -> frozenset[str]:
    """Return the names of the pods that are not ready and were made since the number was changed."""
    seen_ms = scene.now_ms if looked_ms is None else looked_ms
    if before is not None and before.level is Level.SCALING and before.level_since_ms:
        seen_ms = before.level_since_ms
    since_ms = scene.lasts_since(SCALED, seen_ms) - EARLY_MS
    return frozenset([pod.name for pod in pods if not pod.ready and (pod.created_ms or 0) >= since_ms])


def added_pods(workload: Workload, fresh: frozenset[str], owed: int, scene: Scene) -> frozenset[str]:
    """Return those of the fresh pods that a scale-up adds, so that nobody has missed them so far.

    None are when the service has had less than it is owed for a while: they may be in place of what was lost.
    """
    if not owed or not (workload.available or workload.ready):
        return frozenset()  # nobody is served
    if workload.available < owed and workload.ready < owed:
        lost_ms = scene.lasts_since(_LESS, scene.now_ms)
        if scene.reached(lost_ms + int(scene.thresholds.unavailable_warn_s * 1000)):
            return frozenset()
    return fresh


def scaling_to(workload: Workload, served: str, added: Iterable[Pod], scene: Scene) -> Finding:
    """Return that the number is not reached yet, and what it waits for, which is no reason for an alarm."""
    message = f"scaling to {desired_of(workload)}, {served}"
    slow = worst(of_pod(pod, scene) for pod in added)
    if slow is None:
        return Finding(level=Level.SCALING, reason=SCALING, message=message)
    return Finding(
        level=Level.SCALING,
        reason=SCALING + slow.reason,
        message=f"{message}: {slow.message}",
        look=slow.look,
        pod=slow.pod,
        container=slow.container,
        exit_code=slow.exit_code,
    )
