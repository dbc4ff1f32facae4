"""Placing workloads of a simulated cluster directly in the state they reached some time ago."""

from statusdesk.demo.kube_kinds import PODS
from statusdesk.demo.kube_kubelet import Kubelet, set_condition, tell_readiness
from statusdesk.demo.kube_model import Behaviour, Condition, ContainerModel, PodModel, RevisionModel, Run, WorkloadModel
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_pods import PodMaker
from statusdesk.demo.kube_refusals import Refusals, kubelet_delay_s
from statusdesk.demo.kube_trouble import note_fault

HEALTHY = (Behaviour.GOOD, Behaviour.SLOW)


class Past:
    """Places pods as if they had lived for a while."""

    def __init__(self, parts: KubeParts, maker: PodMaker, kubelet: Kubelet, refusals: Refusals) -> None:
        self._parts = parts
        self._maker = maker
        self._kubelet = kubelet
        self._refusals = refusals

    def fill(self, workload: WorkloadModel, newest: RevisionModel, at_ms: int) -> None:
        """Give a workload the pods it has when its newest revision, begun at ``at_ms``, is as far as it gets."""
        old = [pod for pod in workload.pods() if pod.revision is not newest]
        healthy = newest.template.behaviour in HEALTHY
        wanted = len(self._parts.nodes) if workload.kind == "DaemonSet" else workload.replicas
        count = wanted
        if not healthy and old:
            count = -(-wanted // 4) if workload.kind == "Deployment" else min(1, wanted)
        elif not healthy and workload.kind == "StatefulSet":
            count = min(1, wanted)
        replaced = old if healthy else []
        if not healthy and workload.kind != "Deployment":
            replaced = old[-count:] if count else []
        for pod in list(newest.pods.values()) + replaced:
            self._drop(pod)
        newest.replicas = count
        for index in range(count):
            if newest.template.behaviour is Behaviour.QUOTA:
                self._maker.create(self._maker.generated(newest, workload))
                if newest.failure:
                    newest.failure = (newest.failure[0], at_ms)
                    workload.fault = ("Quota", at_ms)
                break
            self._place(self._new(workload, newest, index, replaced), at_ms)

    def _drop(self, pod: PodModel) -> None:
        pod.gone = True
        pod.epoch += 1
        self._parts.store.remove(PODS, pod.namespace, pod.name)
        pod.revision.pods.pop(pod.name, None)

    def _new(self, workload: WorkloadModel, newest: RevisionModel, index: int, replaced: list[PodModel]) -> PodModel:
        if workload.kind == "StatefulSet":
            name = replaced[index].name if index < len(replaced) else f"{workload.name}-{index}"
            return self._maker.new_pod(workload, newest, name, f"{workload.name}-")
        pod = self._maker.generated(newest, workload)
        if workload.kind == "DaemonSet":
            pod.node = replaced[index].node if index < len(replaced) else self._parts.nodes[index]
        return pod

    def _place(self, pod: PodModel, at_ms: int) -> None:
        pod.revision.pods[pod.name] = pod
        pod.created_ms = at_ms
        behaviour = pod.behaviour
        if behaviour is Behaviour.UNSCHEDULABLE:
            self._refusals.unschedulable(pod)
            pod.conditions["PodScheduled"].changed_ms = at_ms
            self._date_fault(pod, at_ms)
            self._parts.show(pod)
            self._kubelet.follow(pod)
            return
        self._settle_on_node(pod, at_ms)
        if behaviour is Behaviour.INIT_CRASH and pod.inits:
            self._crash_looping(pod, pod.inits[0], "InitCrash", 1, "Error", at_ms)
        else:
            for container in pod.inits:
                container.run = Run(self._parts.container_id(), at_ms, behaviour, at_ms + 1000)
                container.state, container.ready = "terminated", True
            self._place_main(pod, at_ms + 2000)
        tell_readiness(pod, at_ms + 4000)
        self._parts.show(pod)
        if behaviour not in HEALTHY:
            self._kubelet.follow(pod)

    def _settle_on_node(self, pod: PodModel, at_ms: int) -> None:
        pod.node = pod.node or self._parts.chance.choice(self._parts.nodes)
        pod.host_ip = self._parts.host_address(pod.node)
        pod.ip = self._parts.address()
        pod.accepted, pod.start_ms = True, at_ms
        set_condition(pod, "PodScheduled", True, at_ms)
        set_condition(pod, "PodReadyToStartContainers", True, at_ms)

    def _place_main(self, pod: PodModel, at_ms: int) -> None:
        container, behaviour = pod.mains[0], pod.behaviour
        if behaviour is Behaviour.CRASH:
            self._crash_looping(pod, container, "Error", 1, "Error", at_ms)
        elif behaviour is Behaviour.OOM:
            self._crash_looping(pod, container, "OOMKilled", 137, "OOMKilled", at_ms)
        elif behaviour in (Behaviour.IMAGE_MISSING, Behaviour.CONFIG_MISSING):
            container.reason, container.message = self._refusals.standing(container, behaviour)
            container.crashes = 6
            note_fault(pod, "ImagePull" if behaviour is Behaviour.IMAGE_MISSING else "ConfigMissing", at_ms)
            self._date_fault(pod, at_ms)
            return
        else:
            container.run = Run(self._parts.container_id(), at_ms, behaviour)
            container.state, container.started = "running", True
            container.ready = behaviour is not Behaviour.NEVER_READY
            if not container.ready:
                note_fault(pod, "NeverReady", at_ms)
                self._date_fault(pod, at_ms)
        pod.phase = "Running"
        self._parts.pulled.add((pod.node, container.image))

    def _crash_looping(
        self, pod: PodModel, container: ContainerModel, fault: str, code: int, reason: str, at_ms: int
    ) -> None:
        now_ms = self._parts.now_ms()
        at_s, crashes = 2.0, 2
        while at_s < (now_ms - at_ms) / 1000:
            at_s += kubelet_delay_s(crashes - 1) + 1
            crashes += 1
        container.crashes, container.restarts = crashes, crashes - 1
        container.run = Run(self._parts.container_id(), now_ms - 2000, pod.behaviour, now_ms - 1000, code, reason)
        container.last = container.run
        wait_s = kubelet_delay_s(crashes - 1)
        self._kubelet.wait(pod, container, wait_s)
        note_fault(pod, fault, at_ms)
        self._date_fault(pod, at_ms)

    def _date_fault(self, pod: PodModel, at_ms: int) -> None:
        if pod.fault is not None:
            pod.fault = (pod.fault[0], at_ms)
            if pod.revision is pod.workload.newest():
                pod.workload.fault = pod.fault


def settled_conditions(workload: WorkloadModel, newest: RevisionModel, at_ms: int, now_ms: int) -> list[Condition]:
    """Return the conditions of a Deployment whose newest revision was begun at ``at_ms``."""
    healthy = newest.template.behaviour in HEALTHY
    ready = sum(1 for pod in workload.pods() if pod.ready)
    if ready >= workload.replicas - workload.replicas // 4:
        available = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        available = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    deadline_ms = at_ms + workload.deadline_s * 1000
    done_ms = at_ms + 8000
    if healthy:
        progress = ("True", "NewReplicaSetAvailable", f'ReplicaSet "{newest.name}" has successfully progressed.')
        began_ms = at_ms
    elif now_ms >= deadline_ms:
        progress = ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{newest.name}" has timed out progressing.')
        began_ms = done_ms = deadline_ms
    else:
        progress = ("True", "ReplicaSetUpdated", f'ReplicaSet "{newest.name}" is progressing.')
        began_ms, done_ms = at_ms, at_ms + 1000
    return [
        Condition("Available", *available, at_ms + 8000, at_ms + 8000),
        Condition("Progressing", *progress, began_ms, done_ms),
    ]
