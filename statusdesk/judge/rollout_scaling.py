"""A service that is given more pods: scaling, of which nobody is alarmed as long as it has what it had before.

Source: the noise rules for rollouts: the revision is unchanged, and the Deployment has come through.
"""

from collections.abc import Iterable, Sequence

from statusdesk.facts import Pod, Workload
from statusdesk.judge.pods import condition_of
from statusdesk.judge.rollout_counts import SCALING, desired_of, template_changed
from statusdesk.judge.rollout_findings import of_pod
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollout_scene import Finding, Scene, worst
from statusdesk.states import Level, RolloutState

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


def scaled_from(workload: Workload, before: RolloutState | None, memory: Memory | None) -> int | None:
    """Return how many pods were wanted before the number was changed; None when nobody has seen that."""
    if memory is not None and memory.scaling and memory.revision == workload.revision:
        return memory.scaled_from
    return before.desired if before is not None and before.desired != desired_of(workload) else None


def added_pods(
    workload: Workload,
    pods: Sequence[Pod],
    before: RolloutState | None,
    from_desired: int | None,
    looked_ms: int | None,
    scene: Scene,
) -> frozenset[str]:
    """Return the names of the pods that a scale-up adds: not ready, and none that the service had before.

    None are when the service has had less than before for a while: then what is new may be in place of what was lost.
    """
    seen_ms = scene.now_ms if looked_ms is None else looked_ms
    if before is not None and before.level is Level.SCALING and before.level_since_ms:
        seen_ms = before.level_since_ms
    since_ms = scene.lasts_since("scaling", seen_ms) - EARLY_MS
    had = from_desired if from_desired is not None else sum((pod.created_ms or 0) < since_ms for pod in pods)
    had = min(had, desired_of(workload))
    if not had or not (workload.available or workload.ready):
        return frozenset()  # nobody is served
    if workload.available < had and workload.ready < had:
        lost_ms = scene.lasts_since("less than before", scene.now_ms)
        if scene.reached(lost_ms + int(scene.thresholds.unavailable_warn_s * 1000)):
            return frozenset()
    return frozenset([pod.name for pod in pods if not pod.ready and (pod.created_ms or 0) >= since_ms])


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
