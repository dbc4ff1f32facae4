"""What a simulated cluster itself knows about its rollouts, for tests to hold the desk's picture against."""

from collections import Counter
from collections.abc import Iterable

from statusdesk.demo.kube_kinds import Obj
from statusdesk.demo.kube_model import WorkloadModel
from statusdesk.demo.kube_podobject import hash_label


def tell_truth(workloads: Iterable[WorkloadModel]) -> list[Obj]:
    """Return one entry a workload, in order of namespace and name."""
    ordered = sorted(workloads, key=lambda w: (w.namespace, w.name, w.kind))
    return [_entry(workload) for workload in ordered]


def _state(workload: WorkloadModel) -> str:
    if workload.fault is not None and not workload.paused:
        return "degraded" if workload.complete else "failing"
    if workload.paused:
        return "paused"
    if workload.replicas == 0 and workload.kind != "DaemonSet":
        return "idle"
    return "ok" if workload.complete and workload.observed >= workload.generation else "progressing"


def _entry(workload: WorkloadModel) -> Obj:
    newest = workload.newest()
    state = _state(workload)
    failing = state in ("failing", "degraded") and workload.fault is not None
    reason, since_ms = workload.fault if failing and workload.fault else ("", None)
    pods = [pod for pod in workload.pods() if pod.active]
    ready = Counter(pod.revision.template.version for pod in pods if pod.ready)
    return {
        "namespace": workload.namespace,
        "kind": workload.kind,
        "name": workload.name,
        "app": workload.app,
        "version": workload.template.version,
        "revision": newest.number if newest else None,
        "hash": newest.hash if newest else "",
        "state": state,
        "reason": reason,
        "failing_since_ms": since_ms,
        "started_ms": workload.rollout_ms,
        "replicas": workload.replicas,
        "versions": dict(ready),
        "pods": [
            {
                "name": pod.name,
                "version": pod.revision.template.version,
                "hash": pod.labels[hash_label(workload.kind)],
                "new": pod.revision is newest,
                "ready": pod.ready,
                "restarts": sum(c.restarts for c in pod.containers),
                "fault": pod.fault[0] if pod.fault else "",
            }
            for pod in pods
        ],
    }
