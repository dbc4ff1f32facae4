"""Making and removing the pods of a revision in a simulated cluster."""

from statusdesk.demo.kube_events import About
from statusdesk.demo.kube_kubelet import Kubelet
from statusdesk.demo.kube_model import Behaviour, ContainerModel, PodModel, RevisionModel, WorkloadModel
from statusdesk.demo.kube_objects import init_image
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_podobject import hash_label
from statusdesk.demo.kube_trouble import settle_fault

_CONTROLLERS = {"Deployment": "replicaset", "StatefulSet": "statefulset", "DaemonSet": "daemonset", "Job": "job"}


class PodMaker:
    """Makes and removes pods on behalf of a controller."""

    def __init__(self, parts: KubeParts, kubelet: Kubelet) -> None:
        self._parts = parts
        self._kubelet = kubelet

    def new_pod(self, workload: WorkloadModel, revision: RevisionModel, name: str, generate: str = "") -> PodModel:
        """Return a pod that nobody has seen yet."""
        template = revision.template
        containers = [ContainerModel("app", template.image, False)]
        if template.init_container:
            containers.insert(0, ContainerModel(template.init_container, init_image(template), True))
        labels = template.labels | {hash_label(workload.kind): revision.hash}
        if workload.kind == "StatefulSet":
            index = name.rpartition("-")[2]
            labels |= {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": index}
        if workload.kind == "Job":
            labels["batch.kubernetes.io/job-name"] = workload.name
        if workload.kind == "DaemonSet":
            labels["pod-template-generation"] = str(workload.generation)
        return PodModel(
            workload.namespace,
            name,
            self._parts.uid(),
            f"kube-api-access-{self._parts.letters(5)}",
            workload,
            revision,
            self._parts.now_ms(),
            labels,
            containers,
            generate,
        )

    def generated(self, revision: RevisionModel, workload: WorkloadModel) -> PodModel:
        """Return a pod with a generated name."""
        prefix = f"{revision.name}-" if workload.kind == "Deployment" else f"{workload.name}-"
        return self.new_pod(workload, revision, prefix + self._parts.letters(5), prefix)

    def create(self, pod: PodModel) -> bool:
        """Create a pod; False when the namespace's quota refuses it."""
        workload, revision = pod.workload, pod.revision
        controller = f"{_CONTROLLERS[workload.kind]}-controller"
        if pod.behaviour is Behaviour.QUOTA:
            used = sum(1 for other in workload.pods() if other.active) or 1
            why = f"exceeded quota: compute-resources, requested: pods=1, used: pods={used}, limited: pods={used}"
            message = f'pods "{pod.name}" is forbidden: {why}{self._parts.flourish}'
            if revision.failure is None:
                revision.failure = (message, self._parts.now_ms())
                if workload.fault is None and revision is workload.newest():
                    workload.fault = ("Quota", self._parts.now_ms())
            revision.refusals += 1
            about = self._about(workload, revision)
            self._parts.events.record(about, "FailedCreate", f"Error creating: {message}", controller, warning=True)
            return False
        if revision.failure is not None:
            revision.failure = None
            revision.refusals = 0
            settle_fault(pod)
        revision.pods[pod.name] = pod
        self._kubelet.admit(pod)
        made = f"Created pod: {pod.name}"
        if workload.kind == "StatefulSet":
            made = f"create Pod {pod.name} in StatefulSet {workload.name} successful"
        self._parts.events.record(self._about(workload, revision), "SuccessfulCreate", made, controller)
        return True

    def delete(self, pod: PodModel) -> None:
        """Delete a pod gracefully, on behalf of its controller."""
        workload = pod.workload
        controller = f"{_CONTROLLERS[workload.kind]}-controller"
        gone = f"Deleted pod: {pod.name}"
        if workload.kind == "StatefulSet":
            gone = f"delete Pod {pod.name} in StatefulSet {workload.name} successful"
        self._parts.events.record(self._about(workload, pod.revision), "SuccessfulDelete", gone, controller)
        self._kubelet.terminate(pod)

    def _about(self, workload: WorkloadModel, revision: RevisionModel) -> About:
        if workload.kind == "Deployment":
            return About("ReplicaSet", "apps/v1", workload.namespace, revision.name, revision.uid)
        api = "batch/v1" if workload.kind == "Job" else "apps/v1"
        return About(workload.kind, api, workload.namespace, workload.name, workload.uid)


def victims(pods: list[PodModel], count: int) -> list[PodModel]:
    """Return the pods to delete when a ReplicaSet shrinks: without a node, pending, unready and young ones first."""

    def rank(pod: PodModel) -> tuple[int, int, int, int, int]:
        restarts = sum(c.restarts for c in pod.containers)
        return (1 if pod.node else 0, 1 if pod.phase == "Running" else 0, int(pod.ready), -restarts, -pod.created_ms)

    return sorted(pods, key=rank)[:count]


def refusal_delay_s(refusals: int) -> float:
    """Return how long a controller waits after its nth refused creation, in seconds of the world."""
    return float(min(300.0, 0.01 * 2.0 ** min(refusals, 20)))
