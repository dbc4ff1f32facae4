"""A simulated Kubernetes cluster: what scenarios and tests drive."""

import asyncio
import functools
import random
from collections import Counter
from collections.abc import Callable, Sequence

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_access import Access, Asked
from statusdesk.demo.kube_agenda import Agenda
from statusdesk.demo.kube_changes import Changes
from statusdesk.demo.kube_deployment import DeploymentController
from statusdesk.demo.kube_events import EventRecorder
from statusdesk.demo.kube_jobs import JobController, JobModel
from statusdesk.demo.kube_kinds import NAMESPACES, PODS, Obj
from statusdesk.demo.kube_kubelet import Kubelet
from statusdesk.demo.kube_model import Applied as Applied
from statusdesk.demo.kube_model import Behaviour as Behaviour
from statusdesk.demo.kube_model import PodModel, WorkloadModel
from statusdesk.demo.kube_objects import namespace_object
from statusdesk.demo.kube_ordered import OrderedController
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_past import Past
from statusdesk.demo.kube_pods import PodMaker
from statusdesk.demo.kube_store import KubeStore
from statusdesk.demo.kube_truth import tell_truth

_EPOCH_S = 1_700_000_000
_FAIL_WITHIN_S = 4.0
_CLUSTER_AGE_S = 90 * 86400.0
_IN_PLACE = (Behaviour.CRASH, Behaviour.OOM, Behaviour.NEVER_READY)
_HEALTHY = (Behaviour.GOOD, Behaviour.SLOW)


class KubeCluster:
    """One cluster with its controllers and kubelets, driven by calls, seen over HTTP (``kube_http.kube_app``).

    All calls are made on the event loop's thread, none of them waits; ``run`` lets time pass. ``kind`` is Deployment,
    StatefulSet or DaemonSet; a workload is named after its app unless ``apply`` was given a name, and the calls on a
    workload then take that name. Calls on a workload or pod that does not exist raise KeyError.
    """

    def __init__(
        self,
        clock: WorldClock,
        *,
        seed: int = 1,
        nodes: int = 3,
        token: str | None = None,
        deadline_s: int = 600,
        history: int = 5000,
    ) -> None:
        """Make an empty cluster; ``token`` is the bearer token asked for, ``history`` the events kept per kind."""
        # Versions start with the time, so that those of a world that ran before are older than any of this one.
        store = KubeStore(max(1000, clock.now_ms() // 1000 - _EPOCH_S), history)
        names = [f"node-{number}" for number in range(1, nodes + 1)]
        events = EventRecorder(clock, store)
        self.parts = KubeParts(clock, Agenda(clock), store, events, random.Random(seed), names, set())
        self.parts.make_nodes(_CLUSTER_AGE_S)
        self.access = Access()
        self.asked: Counter[Asked] = Counter()
        self.token = token
        self._kubelet = Kubelet(self.parts, self._moved)
        self._maker = PodMaker(self.parts, self._kubelet)
        self._deployments = DeploymentController(self.parts, self._maker)
        self._ordered = OrderedController(self.parts, self._maker)
        self._jobs = JobController(self.parts, self._maker, self._kubelet)
        past = Past(self.parts, self._maker, self._kubelet, self._kubelet.refusals)
        self._changes = Changes(self.parts, self._deployments, self._ordered, past, deadline_s)
        self._namespaces: dict[str, Obj] = {}
        self._faults: str | int | None = None
        self._cuts: set[Callable[[bool], None]] = set()
        self.log_cuts: list[Callable[[bool], None]] = []
        self._compacted: list[Callable[[], None]] = []
        for name in ("default", "kube-system"):
            self.add_namespace(name, age_s=_CLUSTER_AGE_S)
        self.parts.agenda.after(60, self._sweep_events)

    @property
    def faults(self) -> str | int | None:
        """What every request gets: None (the truth), "refuse", 401, 403, 429, 500, "html", "truncated" or "hang"."""
        return self._faults

    @faults.setter
    def faults(self, fault: str | int | None) -> None:
        if fault not in (None, "refuse", 401, 403, 429, 500, "html", "truncated", "hang"):
            raise ValueError(f"no such fault: {fault}")
        self._faults = fault
        self.cut_watches()

    @property
    def flourish(self) -> str:
        """Text added to messages, events and logs from now on, for hostile tests."""
        return self.parts.flourish

    @flourish.setter
    def flourish(self, text: str) -> None:
        self.parts.flourish = text

    def cut_watches(self, *, mid_line: bool = False) -> None:
        """Cut every open watch and log stream, as a restarted API server does; ``mid_line`` after half an event."""
        for cut in list(self._cuts):
            cut(mid_line)

    def on_cut(self, cut: Callable[[bool], None]) -> Callable[[], None]:
        """Let ``cut`` be called when streams are to be cut (in the middle of a line?); return how to take that back."""
        self._cuts.add(cut)
        return lambda: self._cuts.discard(cut)

    def cut_logs(self, count: int, *, mid_line: bool = False) -> None:
        """Cut some of the open log streams, chosen by chance."""
        for cut in self.parts.chance.sample(self.log_cuts, min(count, len(self.log_cuts))):
            cut(mid_line)

    def compact(self) -> None:
        """Let all resource versions before the present one expire (410)."""
        self.parts.store.compact()
        for forget in self._compacted:
            forget()

    def on_compact(self, forget: Callable[[], None]) -> None:
        """Let ``forget`` be called when old versions expire."""
        self._compacted.append(forget)

    async def run(self) -> None:
        """Let the cluster live until cancelled."""
        await self.parts.agenda.run()

    def pass_time(self, world_seconds: float) -> None:
        """Let the cluster live ``world_seconds`` at once; only for a clock over ``SteppedTime``."""
        self.parts.agenda.pass_time(world_seconds)

    def _sweep_events(self) -> None:
        self.parts.events.forget()
        self.parts.agenda.after(self.parts.clock.world_s(60), self._sweep_events)

    def _moved(self, pod: PodModel) -> None:
        if pod.workload.kind == "Deployment":
            self._deployments.enqueue_set(pod.workload, pod.revision)
        elif pod.workload.kind == "Job":
            self._jobs.enqueue(pod.workload)
        else:
            self._ordered.enqueue(pod.workload)

    def _workload(self, namespace: str, name: str, kind: str) -> WorkloadModel:
        return self._changes.workloads[kind, namespace, name]

    def _pod(self, namespace: str, name: str) -> PodModel:
        for workload in (*self._changes.workloads.values(), *self._jobs.jobs.values()):
            if workload.namespace == namespace:
                for revision in workload.revisions:
                    if name in revision.pods:
                        return revision.pods[name]
        raise KeyError(name)

    def model_of_pod(self, namespace: str, name: str) -> PodModel | None:
        """Return the model of a pod, for its logs."""
        try:
            return self._pod(namespace, name)
        except KeyError:
            return None

    def add_namespace(self, name: str, labels: dict[str, str] | None = None, age_s: float = 0.0) -> None:
        """Make a namespace, as if ``age_s`` seconds ago; ``apply`` makes those that are missing."""
        if name not in self._namespaces:
            made_ms = int(self.parts.now_ms() - age_s * 1000)
            made = namespace_object(name, self.parts.uid(), labels or {}, made_ms)
            self._namespaces[name] = made
            self.parts.store.put(NAMESPACES, made, {"metadata.name": name, "status.phase": "Active"})

    def has_namespace(self, name: str) -> bool:
        """Tell whether a namespace is there and not on its way out."""
        return name in self._namespaces

    def delete_namespace(self, name: str) -> None:
        """Delete a namespace and everything in it (pods terminate first)."""
        ending = self._namespaces.pop(name) | {"status": {"phase": "Terminating"}}
        self.parts.store.put(NAMESPACES, ending, {"metadata.name": name, "status.phase": "Terminating"})
        for kind, namespace, app in list(self._changes.workloads):
            if namespace == name:
                self.delete(namespace, app, kind=kind)
        for job in [job for job in self._jobs.jobs.values() if job.namespace == name]:
            self._jobs.forget(job)
        self.parts.agenda.after(3, lambda: self._drop_namespace(name))

    def _drop_namespace(self, name: str) -> None:
        if name not in self._namespaces:
            self.parts.store.remove(NAMESPACES, "", name)

    def apply(
        self,
        namespace: str,
        app: str,
        version: str,
        *,
        kind: str = "Deployment",
        name: str | None = None,
        replicas: int = 2,
        behaviour: Behaviour = Behaviour.GOOD,
        init_container: str | None = "vault-agent",
        build: str | None = None,
        labels: dict[str, str] | None = None,
        deadline_s: int | None = None,
        settled: bool = False,
        age_s: float = 86400.0,
    ) -> Applied:
        """Apply a manifest as a deploy job does; ``build`` (``deploy-orders#42``) is written into annotations.

        ``settled`` places the workload directly in the state it would be in ``age_s`` seconds after the rollout:
        nothing moves, times lie in the past. ``labels`` are added to workload and pods.
        """
        self.add_namespace(namespace, age_s=max(age_s, _CLUSTER_AGE_S) if settled else 0.0)
        template = self._changes.template(namespace, app, version, behaviour, init_container, labels or {})
        key = (kind, namespace, name or app)
        past_ms = int(self.parts.now_ms() - age_s * 1000) if settled else None
        return self._changes.apply(key, template, replicas, build, deadline_s, past_ms)

    def run_job(
        self,
        namespace: str,
        name: str,
        version: str,
        *,
        app: str | None = None,
        behaviour: Behaviour = Behaviour.GOOD,
        completions: int = 1,
        backoff_limit: int = 6,
        cron: str = "",
    ) -> None:
        """Make a Job, which is not among the rollouts of ``truth``; ``cron`` names the CronJob that makes it.

        With CRASH or OOM every try fails. Raises: ValueError when there is one of that name.
        """
        self.add_namespace(namespace)
        template = self._changes.template(namespace, app or cron or name, version, behaviour, None, {})
        now_ms, uid = self.parts.now_ms(), self.parts.uid()
        job = JobModel(
            "Job", namespace, name, uid, template.app, now_ms, template, completions, 0, dict(template.labels)
        )
        job.backoff_limit, job.cron, job.cron_uid = backoff_limit, cron, self.parts.uid() if cron else ""
        self._jobs.begin(job)

    def delete_job(self, namespace: str, name: str) -> None:
        """Delete a Job and its pods, as a CronJob does with those that are too many."""
        self._jobs.forget(self._jobs.jobs[namespace, name])

    def jobs(self, namespace: str) -> Sequence[str]:
        """Return the names of the Jobs of a namespace, oldest first."""
        return [job.name for job in self._jobs.jobs.values() if job.namespace == namespace]

    def scale(self, namespace: str, app: str, replicas: int, *, kind: str = "Deployment") -> None:
        """Set the number of pods without a new revision."""
        workload = self._workload(namespace, app, kind)
        if workload.replicas != replicas:
            workload.replicas = replicas
            self._changes.changed(workload)

    def pause(self, namespace: str, app: str) -> None:
        """Pause a Deployment's rollout."""
        workload = self._workload(namespace, app, "Deployment")
        workload.paused = True
        self._changes.changed(workload)

    def resume(self, namespace: str, app: str) -> None:
        """Resume a paused Deployment."""
        self._changes.resume(self._workload(namespace, app, "Deployment"))

    def undo(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Go back to the revision before, as ``kubectl rollout undo``."""
        self._changes.undo(self._workload(namespace, app, kind))

    def restart(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Replace all pods with the same version, as ``kubectl rollout restart``."""
        self._changes.restart(self._workload(namespace, app, kind))

    def delete(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Delete the workload; its pods terminate."""
        workload = self._workload(namespace, app, kind)
        self._changes.forget(workload)
        for pod in list(workload.pods()):
            self._kubelet.terminate(pod)

    def delete_pod(self, namespace: str, pod: str) -> None:
        """Delete one pod gracefully; its controller makes another."""
        self._kubelet.terminate(self._pod(namespace, pod))

    def kill(self, namespace: str, pod: str) -> None:
        """Let the app container of a pod run out of memory, once; it is started again after a second."""
        self._kubelet.kill(self._pod(namespace, pod))

    def evict(self, namespace: str, pod: str) -> None:
        """Evict one pod from its node: phase Failed, reason Evicted, left lying about."""
        self._kubelet.evict(self._pod(namespace, pod))

    def fail_now(self, namespace: str, app: str, behaviour: Behaviour, *, kind: str = "Deployment") -> None:
        """Let the running pods of the present revision begin to fail, one after the other within seconds.

        CRASH, OOM and NEVER_READY happen where the pods are; for the others the pods are replaced and the new ones
        fail.
        """
        workload = self._workload(namespace, app, kind)
        newest = workload.newest()
        workload.template.behaviour = behaviour
        for pod in newest.active() if newest and behaviour not in _HEALTHY else ():
            within_s = self.parts.chance.uniform(0, _FAIL_WITHIN_S)
            self.parts.agenda.after(within_s, functools.partial(self._fail, pod, pod.epoch, behaviour))

    def _fail(self, pod: PodModel, epoch: int, behaviour: Behaviour) -> None:
        if pod.epoch != epoch or pod.behaviour is not behaviour:
            return
        if behaviour not in _IN_PLACE:
            self._maker.delete(pod)
        elif pod.mains[0].state == "running":
            pod.epoch += 1
            if behaviour is Behaviour.NEVER_READY:
                self._kubelet.lose_readiness(pod)
            else:
                self._kubelet.crash(pod)

    def recover(self, namespace: str, app: str, *, kind: str = "Deployment") -> None:
        """Take the cause of a failure away: what ``behaviour`` or ``fail_now`` broke becomes good again."""
        workload = self._workload(namespace, app, kind)
        workload.template.behaviour = Behaviour.GOOD
        newest = workload.newest()
        for pod in newest.active() if newest else ():
            if pod.fault:
                self._kubelet.resume(pod)
        self._changes.look_again(workload)

    def pods(self, namespace: str, app: str, *, kind: str = "Deployment") -> Sequence[str]:
        """Return the names of a workload's live pods."""
        return [pod.name for pod in self._workload(namespace, app, kind).pods() if pod.active]

    def truth(self) -> dict[str, object]:
        """Return what the cluster knows: ``{"rollouts": [...]}``, one entry a workload.

        An entry has namespace, kind, name, app, version, revision, hash, state, reason, failing_since_ms, started_ms,
        replicas, versions (version: ready pods) and pods. ``state`` is ok, progressing, failing, degraded (failing
        after its rollout was complete), paused or idle. ``reason`` is Error, OOMKilled, InitCrash, ImagePull,
        ConfigMissing, NeverReady, Unschedulable or Quota.
        """
        return {"rollouts": tell_truth(self._changes.workloads.values())}

    async def churn(self, changes_per_s: float, *, replace: bool = False) -> None:
        """Touch random pods, that many times a second, until cancelled: each is one MODIFIED for every watch.

        ``replace`` deletes them instead, and their controllers make new ones.
        """
        pods = self.parts.store.names(PODS)
        done, start_s = 0, asyncio.get_running_loop().time()
        while True:
            due = int((asyncio.get_running_loop().time() - start_s) * changes_per_s)
            for _ in range(min(due - done, 500)):
                namespace, name = self.parts.chance.choice(pods)
                if self.parts.store.get(PODS, namespace, name) is None:
                    pods = self.parts.store.names(PODS)
                elif replace:
                    self.delete_pod(namespace, name)
                else:
                    self.parts.store.touch(PODS, namespace, name)
            done = due
            await asyncio.sleep(0.01)
