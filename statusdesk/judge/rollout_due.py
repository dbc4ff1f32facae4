"""What a rollout is due to replace, and which pods of the old revision rightly stay: these are the running service.

Source: ``updateStrategy`` of StatefulSets and DaemonSets (partition, OnDelete), ``spec.paused`` of Deployments.
"""

from collections.abc import Sequence

from statusdesk.facts import Pod, Workload
from statusdesk.judge.pods import is_live, is_observed
from statusdesk.judge.rollout_counts import desired_of


def due_of(workload: Workload) -> int:
    """Return how many pods are to be of the new revision when the rollout is done; all of them when it is the first."""
    desired = desired_of(workload)
    if workload.strategy == "OnDelete" and workload.kind == "DaemonSet":
        return 0 if workload.replicas > workload.updated else desired
    if not _may_keep_others(workload):
        return desired
    return 0 if workload.strategy == "OnDelete" else max(0, desired - (workload.partition or 0))


def has_come_through(
    workload: Workload, pods: Sequence[Pod], new_pods: Sequence[Pod], held: Sequence[Pod], was_completed: bool
) -> bool:
    """Return whether the rollout is done for what is due, so that what is bad now is the service.

    ``new_pods``: the live ones of the new revision; ``held``: those of the old one that stay.
    """
    return _is_due_done(workload, new_pods) or (was_completed and not _is_due_again(workload, pods, held))


def _is_due_done(workload: Workload, new_pods: Sequence[Pod]) -> bool:
    """Return whether all that is due is ready, where pods of the old revision stay beside it."""
    due = due_of(workload)
    if due >= desired_of(workload) or not is_observed(workload) or workload.updated < due:
        return False
    if workload.strategy == "OnDelete" and workload.updated < workload.replicas:
        return all(pod.ready for pod in new_pods)  # as many as were replaced by hand
    return sum(pod.ready for pod in new_pods) >= due


def held_pods(workload: Workload, pods: Sequence[Pod], revision: str) -> tuple[Pod, ...]:
    """Return the live pods that are not of the revision (its hash) and that no rollout will replace by itself.

    Of a Deployment that goes on, or has come through, there are none: its old pods are about to go.
    """
    if workload.kind == "Deployment":
        stays = workload.paused and workload.replicas > workload.updated
    elif workload.strategy == "OnDelete":
        stays = bool(revision) or workload.replicas > workload.updated
    else:
        stays = workload.kind == "StatefulSet" and bool(workload.partition) and bool(revision)
    if not stays:
        return ()
    old = [pod for pod in pods if pod.revision != revision and is_live(pod)]
    if workload.kind == "StatefulSet" and workload.strategy != "OnDelete":
        due = due_of(workload)
        if due == desired_of(workload) or workload.updated < due:
            old = [pod for pod in old if _ordinal(pod) < (workload.partition or 0)]
    return tuple(sorted(old, key=lambda pod: pod.name))


def _is_due_again(workload: Workload, pods: Sequence[Pod], held: Sequence[Pod]) -> bool:
    """Return whether pods of the old revision are to go though the rollout was done: its partition was lowered."""
    if not _may_keep_others(workload):
        return False
    return any(pod.revision != workload.update_revision and is_live(pod) and pod not in held for pod in pods)


def _may_keep_others(workload: Workload) -> bool:
    """Return whether a StatefulSet may have pods of another revision than the newest.

    Its ``currentRevision`` is the newest one too where that was undone: pods of the one that was given up stay then.
    """
    if workload.kind != "StatefulSet" or not workload.current_revision:
        return False
    return workload.current_revision != workload.update_revision or workload.updated < workload.replicas


def _ordinal(pod: Pod) -> int:
    number = pod.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
