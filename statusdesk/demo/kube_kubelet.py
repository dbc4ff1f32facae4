"""Scheduler and kubelets of a simulated cluster: how a pod comes to life, fails, and ends.

The delays are those of the recordings in seconds of the world.
"""

from collections.abc import Callable

from statusdesk.demo.kube_events import About
from statusdesk.demo.kube_kinds import PODS
from statusdesk.demo.kube_model import Behaviour, Condition, ContainerModel, PodModel, Run
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_refusals import NOT_READY, Refusals, kubelet_delay_s
from statusdesk.demo.kube_trouble import note_fault, settle_fault

PodStep = Callable[[PodModel], None]
_READY_S = 2.0
_SLOW_S = 60.0
_LIVES_S = {Behaviour.CRASH: 1.0, Behaviour.OOM: 3.0}
_GRACE_S = 30
_JOB_TAKES_S = 5.0


class Kubelet:
    """Leads pods through their lives; ``moved`` is told of every pod whose counting has changed."""

    def __init__(self, parts: KubeParts, moved: Callable[[PodModel], None]) -> None:
        self._parts = parts
        self._moved = moved
        self.refusals = Refusals(parts, self.later, self._start_main)

    def later(self, pod: PodModel, seconds: float, step: PodStep) -> None:
        """Let a step of a pod's life happen, unless its life takes another course before."""
        epoch = pod.epoch

        def go() -> None:
            if pod.epoch == epoch and not pod.gone:
                step(pod)

        self._parts.agenda.after(seconds * self._parts.chance.uniform(0.95, 1.05), go)

    def tell(self, pod: PodModel, reason: str, message: str, container: ContainerModel | None = None) -> None:
        """Record an event of the kubelet."""
        about = about_pod(pod, container)
        warning = reason in ("BackOff", "Failed", "Unhealthy", "Evicted") and "pulling image" not in message
        self._parts.events.record(about, reason, message, "kubelet", warning=warning, host=pod.node)

    def admit(self, pod: PodModel) -> None:
        """Take a pod that a controller has just made."""
        self._parts.show(pod)
        self.later(pod, 0.02, self._schedule)

    def _schedule(self, pod: PodModel) -> None:
        parts = self._parts
        if pod.behaviour is Behaviour.UNSCHEDULABLE:
            self.refusals.unschedulable(pod)
            self.later(pod, 300, self._schedule)
            return
        settle_fault(pod)
        if not pod.node:
            pod.node = parts.chance.choice(parts.nodes)
        set_condition(pod, "PodScheduled", True, parts.now_ms())
        parts.show(pod)
        where = f"{pod.namespace}/{pod.name} to {pod.node}"
        parts.events.record(about_pod(pod), "Scheduled", f"Successfully assigned {where}", "default-scheduler")
        self.later(pod, 0.02, self.accept)

    def accept(self, pod: PodModel) -> None:
        """Let the node's kubelet take the pod."""
        now_ms = self._parts.now_ms()
        pod.accepted = True
        pod.start_ms = now_ms
        pod.host_ip = self._parts.host_address(pod.node)
        for container in pod.containers:
            container.state = "waiting"
            container.reason = "PodInitializing" if pod.inits else "ContainerCreating"
        set_condition(pod, "PodReadyToStartContainers", False, now_ms)
        tell_readiness(pod, now_ms)
        self._parts.show(pod)
        self.later(pod, 0.15, self._begin)

    def _begin(self, pod: PodModel) -> None:
        pod.ip = self._parts.address()
        set_condition(pod, "PodReadyToStartContainers", True, self._parts.now_ms())
        if pod.inits:
            self._run_init(pod)
        else:
            self._start_main(pod)

    def _run(self, pod: PodModel, container: ContainerModel) -> None:
        container.last = container.run or container.last
        container.run = Run(self._parts.container_id(), self._parts.now_ms(), pod.behaviour)
        container.state, container.reason, container.message = "running", "", ""
        container.started = not container.init
        self.tell(pod, "Created", f"Created container: {container.name}", container)
        self.tell(pod, "Started", f"Started container {container.name}", container)

    def _run_init(self, pod: PodModel) -> None:
        container = pod.inits[0]
        self.tell(pod, "Pulled", f'Container image "{container.image}" already present on machine', container)
        self._run(pod, container)
        self._parts.show(pod)
        self.later(pod, 0.8, self._end_init)

    def _end_init(self, pod: PodModel) -> None:
        container = pod.inits[0]
        if pod.behaviour is Behaviour.INIT_CRASH:
            self._exit(pod, container, 1, "Error")
            return
        self._finish(container, 0, "Completed")
        container.ready = True
        settle_fault(pod)
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        self._start_main(pod)

    def _start_main(self, pod: PodModel) -> None:
        container = pod.mains[0]
        if self.refusals.refuses(pod, container):
            return
        settle_fault(pod)
        if (pod.node, container.image) in self._parts.pulled:
            self.tell(pod, "Pulled", f'Container image "{container.image}" already present on machine', container)
            self.later(pod, 0.15, self._run_main)
            return
        self.tell(pod, "Pulling", f'Pulling image "{container.image}"', container)
        self.later(pod, 0.6, self._pulled)

    def _pulled(self, pod: PodModel) -> None:
        container = pod.mains[0]
        self._parts.pulled.add((pod.node, container.image))
        took = "601ms (601ms including waiting). Image size: 74123456 bytes."
        self.tell(pod, "Pulled", f'Successfully pulled image "{container.image}" in {took}', container)
        self._run_main(pod)

    def _run_main(self, pod: PodModel) -> None:
        self._run(pod, pod.mains[0])
        pod.phase = "Running"
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        self.live(pod)

    def live(self, pod: PodModel) -> None:
        """Plan what becomes of a running pod."""
        if pod.workload.kind == "Job":
            self._become_ready(pod)
            self.later(pod, _JOB_TAKES_S, self._end_job)
        elif pod.behaviour in _LIVES_S:
            self.later(pod, _LIVES_S[pod.behaviour], self.crash)
        elif pod.behaviour is Behaviour.NEVER_READY:
            note_fault(pod, "NeverReady", self._parts.now_ms())
            self.later(pod, 4.5, self._probe_fails)
        else:
            self.later(pod, _SLOW_S if pod.behaviour is Behaviour.SLOW else _READY_S, self._become_ready)

    def _end_job(self, pod: PodModel) -> None:
        """Let the pod of a Job end, which is not started again."""
        bad = pod.behaviour in _LIVES_S
        reason = "OOMKilled" if pod.behaviour is Behaviour.OOM else "Error"
        self._finish(pod.mains[0], (137 if reason == "OOMKilled" else 1) if bad else 0, reason if bad else "Completed")
        pod.phase = "Failed" if bad else "Succeeded"
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        self._moved(pod)

    def _become_ready(self, pod: PodModel) -> None:
        pod.mains[0].ready = True
        settle_fault(pod)
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        self._moved(pod)

    def _probe_fails(self, pod: PodModel) -> None:
        if pod.behaviour is not Behaviour.NEVER_READY:
            self._become_ready(pod)
            return
        self.tell(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", pod.mains[0])
        self.later(pod, 10, self._probe_fails)

    def lose_readiness(self, pod: PodModel) -> None:
        """Let a running pod's readiness probe begin to fail."""
        pod.mains[0].ready = False
        note_fault(pod, "NeverReady", self._parts.now_ms())
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        self._moved(pod)
        self._probe_fails(pod)

    def _finish(self, container: ContainerModel, code: int, reason: str) -> None:
        container.state, container.ready, container.started = "terminated", False, False
        if container.run is not None:
            container.run.ended_ms = self._parts.now_ms()
            container.run.exit_code, container.run.reason = code, reason

    def crash(self, pod: PodModel) -> None:
        """Let the app container exit as its behaviour says."""
        if pod.behaviour not in _LIVES_S:
            self._become_ready(pod)
            return
        oom = pod.behaviour is Behaviour.OOM
        self._exit(pod, pod.mains[0], 137 if oom else 1, "OOMKilled" if oom else "Error")

    def kill(self, pod: PodModel) -> None:
        """Let the app container run out of memory, once."""
        if pod.mains[0].state == "running":
            pod.epoch += 1
            pod.mains[0].crashes = 0
            self._exit(pod, pod.mains[0], 137, "OOMKilled")

    def _exit(self, pod: PodModel, container: ContainerModel, code: int, reason: str) -> None:
        was_ready = pod.ready
        self._finish(container, code, reason)
        container.crashes += 1
        note_fault(pod, "InitCrash" if container.init else reason, self._parts.now_ms())
        tell_readiness(pod, self._parts.now_ms())
        self._parts.show(pod)
        if was_ready:
            self._moved(pod)
        self.later(pod, 1.0, self._restart if container.crashes == 1 else self._back_off)

    def _failed(self, pod: PodModel) -> ContainerModel:
        return next((c for c in pod.inits if not c.ready), pod.mains[0])

    def _back_off(self, pod: PodModel) -> None:
        container = self._failed(pod)
        wait_s = kubelet_delay_s(container.crashes - 1)
        self.wait(pod, container, wait_s)
        container.last = container.run
        self._parts.show(pod)
        self._complain(pod)
        self.later(pod, wait_s - 1, self._restart)

    def wait(self, pod: PodModel, container: ContainerModel, wait_s: int) -> None:
        """Let a container wait in CrashLoopBackOff."""
        where = f"container={container.name} pod={pod.name}_{pod.namespace}({pod.uid})"
        container.state, container.reason = "waiting", "CrashLoopBackOff"
        container.message = f"back-off {_go_duration(wait_s)} restarting failed {where}"

    def _complain(self, pod: PodModel) -> None:
        container = self._failed(pod)
        if container.state == "waiting" and container.reason == "CrashLoopBackOff":
            where = f"{container.name} in pod {pod.name}_{pod.namespace}({pod.uid})"
            self.tell(pod, "BackOff", f"Back-off restarting failed container {where}", container)
            crashes = container.crashes
            self.later(pod, 12, lambda again: self._complain(again) if container.crashes == crashes else None)

    def _restart(self, pod: PodModel) -> None:
        container = self._failed(pod)
        container.restarts += 1
        if container.init:
            self._run_init(pod)
            return
        if self.refusals.refuses(pod, container):
            return
        self.tell(pod, "Pulled", f'Container image "{container.image}" already present on machine', container)
        self._run_main(pod)

    def resume(self, pod: PodModel) -> None:
        """Go on with a pod after the cause of its failure has been taken away."""
        pod.epoch += 1
        container = self._failed(pod)
        container.crashes = 0
        if not pod.accepted:
            self.later(pod, 0.5, self._schedule)
        elif container.state == "running":
            self.later(pod, 1.0, self._end_init if container.init else self._become_ready)
        elif container.run is not None and (container.init or container.reason != "CreateContainerConfigError"):
            self.later(pod, 1.0, self._restart)
        else:
            self.later(pod, 1.0, self._run_init if container.init else self._start_main)

    def follow(self, pod: PodModel) -> None:
        """Go on with a pod that was placed in the middle of its failure."""
        container = self._failed(pod)
        if not pod.accepted:
            self.later(pod, 300, self._schedule)
        elif container.reason == "CrashLoopBackOff":
            self._complain(pod)
            self.later(pod, kubelet_delay_s(container.crashes - 1) * 0.9, self._restart)
        elif container.state == "running":
            self.later(pod, 10, self._probe_fails)
        else:
            self.later(pod, 10, self._start_main)

    def terminate(self, pod: PodModel) -> None:
        """Delete a pod gracefully."""
        if pod.deletion_ms is not None or pod.gone:
            return
        now_ms = self._parts.now_ms()
        pod.epoch += 1
        pod.generation += 1
        pod.deletion_ms = now_ms + _GRACE_S * 1000
        self._parts.show(pod)
        for container in pod.containers:
            if container.state == "running":
                self.tell(pod, "Killing", f"Stopping container {container.name}", container)
        self._moved(pod)
        self.later(pod, 1.0 if pod.accepted else 0.02, self._stopped)

    def _stopped(self, pod: PodModel) -> None:
        for container in pod.containers:
            if container.state == "running":
                self._finish(container, 0, "Completed")
        if pod.accepted and pod.phase != "Failed":
            tell_readiness(pod, self._parts.now_ms())
            self._parts.show(pod)
        self.vanish(pod)

    def vanish(self, pod: PodModel) -> None:
        """Remove a pod at once."""
        pod.generation = max(2, pod.generation)
        pod.deletion_ms = self._parts.now_ms()
        pod.grace_s = 0
        self._parts.show(pod)
        pod.gone = True
        pod.epoch += 1
        self._parts.store.remove(PODS, pod.namespace, pod.name)
        pod.revision.pods.pop(pod.name, None)
        self._moved(pod)

    def evict(self, pod: PodModel) -> None:
        """Evict a pod from its node; what is left of it stays."""
        pod.epoch += 1
        now_ms = self._parts.now_ms()
        pod.phase, pod.reason = "Failed", "Evicted"
        wanting = "Threshold quantity: 100Mi, available: 76508Ki."
        pod.message = f"The node was low on resource: memory. {wanting} "
        for container in pod.containers:
            if container.state == "running":
                self._finish(container, 137, "Error")
        set_condition(pod, "DisruptionTarget", True, now_ms, "TerminationByKubelet", pod.message)
        tell_readiness(pod, now_ms)
        self._parts.show(pod)
        self.tell(pod, "Evicted", pod.message)
        self._moved(pod)


def about_pod(pod: PodModel, container: ContainerModel | None = None) -> About:
    """Return what an event of a pod or its container is about."""
    path = ""
    if container is not None:
        path = f"spec.{'initContainers' if container.init else 'containers'}{{{container.name}}}"
    return About("Pod", "v1", pod.namespace, pod.name, pod.uid, pod.version, path)


def set_condition(pod: PodModel, name: str, true: bool, now_ms: int, reason: str = "", message: str = "") -> None:
    """Set a condition of a pod; its time moves only when its status does."""
    status = "True" if true else "False"
    known = pod.conditions.get(name)
    if known is None:
        pod.conditions[name] = Condition(name, status, reason, message, now_ms, now_ms)
        return
    if known.status != status:
        known.status, known.changed_ms = status, now_ms
    known.reason, known.message = reason, message


def tell_readiness(pod: PodModel, now_ms: int) -> None:
    """Set the conditions that follow from the states of the containers."""
    undone = [c.name for c in pod.inits if not c.ready]
    text = f"containers with incomplete status: [{' '.join(undone)}]" if undone else ""
    set_condition(pod, "Initialized", not undone, now_ms, "ContainersNotInitialized" if undone else "", text)
    unready = [c.name for c in pod.mains if not c.ready]
    text = f"containers with unready status: [{' '.join(unready)}]" if unready else ""
    for name in ("ContainersReady", "Ready"):
        set_condition(pod, name, not unready, now_ms, NOT_READY if unready else "", text)


def _go_duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
