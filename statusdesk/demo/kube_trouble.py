"""What a simulated cluster itself knows about failures: since when, and why."""

from statusdesk.demo.kube_model import PodModel, WorkloadModel


def note_fault(pod: PodModel, reason: str, now_ms: int) -> None:
    """Keep the first sign of a failure of a pod, and the first of its revision."""
    if pod.fault is None:
        pod.fault = (reason, now_ms)
    if pod.revision is pod.workload.newest() and pod.workload.fault is None:
        pod.workload.fault = pod.fault


def settle_fault(pod: PodModel) -> None:
    """Note that a pod has got over what ailed it."""
    pod.fault = None
    workload = pod.workload
    newest = workload.newest()
    if newest is None or newest.failure or any(other.fault for other in newest.active()):
        return
    workload.fault = None


def rollout_complete(workload: WorkloadModel) -> bool:
    """Return whether every pod of a Deployment is of its present template and available."""
    counts, wanted = workload.status, workload.replicas
    names = ("replicas", "updatedReplicas", "availableReplicas")
    return workload.observed >= workload.generation and all(counts.get(name, 0) == wanted for name in names)
