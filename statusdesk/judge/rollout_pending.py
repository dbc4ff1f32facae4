"""What a rollout or a service is waiting for though nothing is wrong with a pod: old pods that end, new that start."""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import ContainerRole, Pod, Workload
from statusdesk.judge.pods import back_ms, condition_of, is_live
from statusdesk.judge.rollout_counts import DEGRADED, REPLACING, STARTING
from statusdesk.judge.rollout_memory import SETTLE_MS, Lasts
from statusdesk.judge.rollout_nodes import of_lost
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.states import Level
from statusdesk.text import counted

NOT_READY = DEGRADED + "NotReady"
ENDING = Lasts("ending")  # pods in whose place a rollout makes new ones


def of_held_up(
    workload: Workload, new_pods: Sequence[Pod], going: Sequence[Pod], counts: str, scene: Scene
) -> Finding | None:
    """Return for which old pods a rollout waits that makes new ones only in their place; None where for none."""
    if workload.kind == "Deployment" and workload.strategy != "Recreate":
        return None
    found = of_leaving_slowly(going, counts, scene)
    if found is None or found.level is Level.UNKNOWN:
        return found
    scene.since[ENDING] = scene.now_ms
    return found if all(pod.ready for pod in new_pods) else None


def of_leaving_slowly(going: Sequence[Pod], counts: str, scene: Scene) -> Finding | None:
    """Return for which old pods a rollout waits: those of a lost node, or those that end and are not late with it."""
    lost = of_lost(going, scene.lost)
    if lost is not None:
        return msgspec.structs.replace(lost, message=f"{lost.message}, {counts}")
    # ``deletionTimestamp`` holds the grace period already
    wait_ms = int(scene.thresholds.terminating_s * 1000)
    ending = [pod for pod in going if pod.deleting_ms is not None and not scene.reached(pod.deleting_ms + wait_ms)]
    if not ending:
        return None
    whom = f"pod {ending[0].name}" if len(ending) == 1 else f"{len(ending)} old pods"
    return Finding(level=Level.PROGRESSING, reason="Rolling", message=f"waits for {whom} to end, {counts}")


def soaking_until(workload: Workload, new_pods: Sequence[Pod], progressed_ms: int | None) -> int | None:
    """Return the last progress: later than now while new pods are ready, and not yet for ``minReadySeconds``."""
    soak_ms = workload.min_ready_s * 1000
    if progressed_ms is None or not soak_ms:
        return progressed_ms
    soaked = [pod.ready_changed_ms + soak_ms for pod in new_pods if pod.ready and pod.ready_changed_ms is not None]
    return max([progressed_ms, *soaked])


def of_unready(
    workload: Workload, pods: Sequence[Pod], all_pods: Sequence[Pod], owed: int, served: str, scene: Scene
) -> Finding:
    """Return why not all of a service is there, at whose live ``pods`` nothing is found; ``served`` says how much is.

    ``owed``: of how many. A pod that was ready and is not any more is none that moves: for a while that is only said,
    then it is a warning, and where no pod is left it is one at once.
    """
    completed_ms = _completed_ms(workload)
    unready = [pod for pod in pods if not pod.ready]
    dropped = sorted((pod for pod in unready if _was_ready(pod, completed_ms)), key=lambda pod: pod.name)
    if dropped:
        since_ms = min(pod.ready_changed_ms or scene.now_ms for pod in dropped)
        nothing = len(dropped) == len(pods) >= owed
        late = scene.reached(since_ms + int(scene.thresholds.unavailable_warn_s * 1000))
        one = dropped[0]
        what = f"pod {one.name} is" if len(dropped) == 1 else f"{len(dropped)} pods are"
        return Finding(
            level=Level.WARNING if nothing or late else Level.PROGRESSING,
            reason=NOT_READY,
            message=f"{what} not ready any more, {served}",
            look=f"readiness probe and log of {one.name}",
            pod=one.name,
            fails_ms=since_ms + int(scene.thresholds.unavailable_fail_s * 1000) if nothing else None,
        )
    going = any(pod.deleting_ms is not None for pod in all_pods if not is_live(pod))
    if not unready and not going and len(pods) >= owed:
        message = f"not all pods are available, {served}"  # their counts came first, or they are not old enough
        return Finding(level=Level.PROGRESSING, reason=NOT_READY, message=message)
    if not unready or going:
        return Finding(level=Level.PROGRESSING, reason=REPLACING, message=f"pods are being replaced, {served}")
    verb = "starts" if len(unready) == 1 else "start"
    message = f"{counted(len(unready), 'pod')} {verb}, {served}"
    return Finding(level=Level.PROGRESSING, reason=STARTING, message=message)


def _completed_ms(workload: Workload) -> int | None:
    """Return when a Deployment was complete last, as far as it says so itself."""
    progressing = condition_of(workload, "Progressing")
    if progressing is None or progressing.reason != "NewReplicaSetAvailable":
        return None
    return progressing.updated_ms


def _was_ready(pod: Pod, completed_ms: int | None) -> bool:
    """Return whether a pod was ready before: the rollout was complete with it, or it became unready while it ran."""
    apps = [container for container in pod.containers if container.role is ContainerRole.APP]
    if not apps or any(container.state != "running" for container in apps):
        return False
    if back_ms(pod) is not None:
        return False  # it starts anew on a node that is back
    if completed_ms is not None and (pod.created_ms or completed_ms) < completed_ms:
        return True
    made_ms = max(pod.created_ms or 0, pod.scheduled_changed_ms or 0)
    changed_ms = pod.ready_changed_ms
    if changed_ms is None or changed_ms <= made_ms + SETTLE_MS:
        return False
    return all(container.since_ms is not None and container.since_ms < changed_ms for container in apps)
