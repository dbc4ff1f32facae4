"""The status of a Deployment in a simulated cluster: counts and conditions, as its controller tells them."""

from statusdesk.demo.kube_model import Condition, RevisionModel, WorkloadModel
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_trouble import rollout_complete


def set_condition(workload: WorkloadModel, name: str, status: str, reason: str, message: str, now_ms: int) -> None:
    """Set a condition: nothing moves while status and reason stay, and the transition only with the status."""
    known = workload.condition(name)
    if known is not None and (known.status, known.reason) == (status, reason):
        return
    changed_ms = known.changed_ms if known is not None and known.status == status else now_ms
    if known is not None:
        workload.conditions.remove(known)
    workload.conditions.append(Condition(name, status, reason, message, changed_ms, now_ms))


def tell_status(parts: KubeParts, workload: WorkloadModel) -> bool:
    """Bring status and conditions up to date; return whether anything changed."""
    newest = workload.newest()
    before = workload.status
    workload.status = _counts(workload, newest)
    now_ms = parts.now_ms()
    available = workload.status.get("availableReplicas", 0)
    if available >= workload.replicas - workload.replicas // 4:
        text = "Deployment has minimum availability."
        set_condition(workload, "Available", "True", "MinimumReplicasAvailable", text, now_ms)
    else:
        text = "Deployment does not have minimum availability."
        set_condition(workload, "Available", "False", "MinimumReplicasUnavailable", text, now_ms)
    if workload.paused:
        set_condition(workload, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now_ms)
    elif newest is not None:
        _tell_progress(parts, workload, newest, before)
    _tell_failure(workload, newest, now_ms)
    shown = (
        workload.generation,
        workload.observed,
        tuple(workload.status.items()),
        tuple((c.type, c.status, c.reason, c.message, c.updated_ms) for c in workload.conditions),
        tuple(workload.annotations.items()),
    )
    changed = shown != workload.shown
    workload.shown = shown
    return changed


def _counts(workload: WorkloadModel, newest: RevisionModel | None) -> dict[str, int]:
    ready = sum(r.counts.ready for r in workload.revisions)
    counts = {
        "replicas": sum(r.counts.replicas for r in workload.revisions),
        "updatedReplicas": newest.counts.replicas if newest else 0,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, sum(r.replicas for r in workload.revisions) - ready),
    }
    told = {name: count for name, count in counts.items() if count}
    told["terminatingReplicas"] = sum(r.counts.terminating for r in workload.revisions)
    return told


def _tell_progress(parts: KubeParts, workload: WorkloadModel, newest: RevisionModel, before: dict[str, int]) -> None:
    now_ms = parts.now_ms()
    status, progress = workload.status, workload.condition("Progressing")
    replicas, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    done = progress is not None and progress.reason == "NewReplicaSetAvailable"
    if done and replicas == updated:
        return
    if rollout_complete(workload):
        workload.complete = True
        text = f'ReplicaSet "{newest.name}" has successfully progressed.'
        set_condition(workload, "Progressing", "True", "NewReplicaSetAvailable", text, now_ms)
        return
    moved = (
        updated > before.get("updatedReplicas", 0)
        or replicas - updated < before.get("replicas", 0) - before.get("updatedReplicas", 0)
        or status.get("readyReplicas", 0) > before.get("readyReplicas", 0)
    )
    if moved:
        text = f'ReplicaSet "{newest.name}" is progressing.'
        set_condition(workload, "Progressing", "True", "ReplicaSetUpdated", text, now_ms)
        latest = workload.condition("Progressing")
        if latest is not None:
            latest.updated_ms, latest.message = now_ms, text
        return
    if done or progress is None or progress.reason == "ProgressDeadlineExceeded":
        return
    if now_ms - progress.updated_ms >= parts.clock.wall_s(workload.deadline_s) * 1000:
        text = f'ReplicaSet "{newest.name}" has timed out progressing.'
        set_condition(workload, "Progressing", "False", "ProgressDeadlineExceeded", text, now_ms)


def _tell_failure(workload: WorkloadModel, newest: RevisionModel | None, now_ms: int) -> None:
    failures = [newest.failure] if newest and newest.failure else []
    failures += [r.failure for r in workload.revisions if r is not newest and r.failure]
    known = workload.condition("ReplicaFailure")
    if failures:
        set_condition(workload, "ReplicaFailure", "True", "FailedCreate", failures[0][0], now_ms)
    elif known is not None:
        workload.conditions.remove(known)
