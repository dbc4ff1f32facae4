"""The Job controller of a simulated cluster: pods that are to end, tried again when they end badly."""

from dataclasses import dataclass

from statusdesk.demo.kube_deploystatus import set_condition
from statusdesk.demo.kube_events import stamp
from statusdesk.demo.kube_kinds import JOBS, Obj
from statusdesk.demo.kube_kubelet import Kubelet
from statusdesk.demo.kube_model import RevisionModel, WorkloadModel
from statusdesk.demo.kube_objects import condition_object, managed, owned_fields, owner, template_object
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_podobject import hash_label
from statusdesk.demo.kube_pods import PodMaker, refusal_delay_s

_FIRST_BACK_OFF_S = 10.0
_MOST_BACK_OFF_S = 360.0


@dataclass(slots=True, eq=False)
class JobModel(WorkloadModel):
    """A Job; ``replicas`` are its completions. ``cron`` is the name of the CronJob that made it."""

    backoff_limit: int = 6
    cron: str = ""
    cron_uid: str = ""
    ended_ms: int | None = None
    not_before_ms: int = 0

    def phase(self, name: str) -> int:
        """Return how many pods are in a phase."""
        return sum(1 for pod in self.pods() if pod.phase == name)

    @property
    def active(self) -> int:
        """How many pods live."""
        return sum(1 for pod in self.pods() if pod.active)

    @property
    def ready(self) -> int:
        """How many of them are ready."""
        return sum(1 for pod in self.pods() if pod.active and pod.ready)


class JobController:
    """Makes Jobs real, one pod at a time; ``jobs`` are those that exist, by namespace and name."""

    def __init__(self, parts: KubeParts, pods: PodMaker, kubelet: Kubelet) -> None:
        self._parts = parts
        self._pods = pods
        self._kubelet = kubelet
        self.jobs: dict[tuple[str, str], JobModel] = {}

    def begin(self, job: JobModel) -> None:
        """Take a Job that has just been made.

        Raises: ValueError when there is one of that name.
        """
        if (job.namespace, job.name) in self.jobs:
            raise ValueError(f"a Job {job.name} is there already")
        self.jobs[job.namespace, job.name] = job
        revision = RevisionModel(job.name, job.uid, job.uid, job.template, 1, job.created_ms)
        job.revisions.append(revision)
        self.show(job)
        self.enqueue(job)

    def forget(self, job: JobModel) -> None:
        """Delete a Job; its pods go with it."""
        job.gone = True
        del self.jobs[job.namespace, job.name]
        self._parts.store.remove(JOBS, job.namespace, job.name)
        for pod in list(job.pods()):
            self._kubelet.vanish(pod)

    def enqueue(self, job: WorkloadModel, delay_s: float = 0.02) -> None:
        """Look at a Job soon."""
        if not job.queued and isinstance(job, JobModel):
            job.queued = True
            self._parts.agenda.after(delay_s, lambda: self._sync(job))

    def show(self, job: JobModel) -> None:
        """Write a Job to the store if it has changed."""
        counts = (job.active, job.ready, job.phase("Succeeded"), job.phase("Failed"))
        shown = (job.generation, counts, job.ended_ms, tuple(condition.type for condition in job.conditions))
        if job.shown == shown:
            return
        job.shown = shown
        job.updated_ms = self._parts.now_ms()
        fields = {"metadata.name": job.name, "metadata.namespace": job.namespace}
        self._parts.store.put(JOBS, job_object(job), fields)

    def _sync(self, job: JobModel) -> None:
        job.queued = False
        if job.gone:
            return
        job.observed = job.generation
        succeeded, failed = job.phase("Succeeded"), job.phase("Failed")
        if job.ended_ms is None:
            if succeeded >= job.replicas:
                self._end(job, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
            elif failed > job.backoff_limit:
                self._end(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
            elif not job.active:
                self._try(job, failed)
        self.show(job)

    def _try(self, job: JobModel, failed: int) -> None:
        now_ms = self._parts.now_ms()
        if failed and not job.not_before_ms:
            wait_s = min(_MOST_BACK_OFF_S, _FIRST_BACK_OFF_S * 2.0 ** (failed - 1))
            job.not_before_ms = now_ms + int(self._parts.clock.wall_s(wait_s) * 1000)
            self.enqueue(job, wait_s)
            return
        if now_ms < job.not_before_ms:
            self.enqueue(job, self._parts.clock.world_s((job.not_before_ms - now_ms) / 1000) + 0.001)
            return
        job.not_before_ms = 0
        revision = job.revisions[0]
        if not self._pods.create(self._pods.generated(revision, job)):
            self.enqueue(job, refusal_delay_s(revision.refusals))

    def _end(self, job: JobModel, type_: str, reason: str, message: str) -> None:
        now_ms = self._parts.now_ms()
        job.ended_ms = now_ms
        job.complete = type_ == "Complete"
        set_condition(job, "SuccessCriteriaMet" if job.complete else "FailureTarget", "True", reason, message, now_ms)
        set_condition(job, type_, "True", reason, message, now_ms)


def job_object(job: JobModel) -> Obj:
    """Return a Job."""
    label = (hash_label("Job"), job.uid)
    template = template_object(job.template, label)
    template["spec"]["restartPolicy"] = "Never"
    meta: Obj = {
        "name": job.name,
        "namespace": job.namespace,
        "uid": job.uid,
        "resourceVersion": "",
        "generation": job.generation,
        "creationTimestamp": stamp(job.created_ms),
        "labels": job.labels,
        "annotations": dict(job.annotations),
    }
    if job.cron:
        meta["ownerReferences"] = owner("CronJob", job.cron, job.cron_uid, "batch/v1")
    spec = {
        "parallelism": 1,
        "completions": job.replicas,
        "backoffLimit": job.backoff_limit,
        "selector": {"matchLabels": {label[0]: label[1]}},
        "template": template,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }
    made = owned_fields({"metadata": {"labels": job.labels}, "spec": spec})
    meta["managedFields"] = [managed("kubectl", job.created_ms, made, api="batch/v1", operation="Apply")]
    return {"metadata": meta, "spec": spec, "status": _status(job)}


def _status(job: JobModel) -> Obj:
    counts = {"active": job.active, "succeeded": job.phase("Succeeded"), "failed": job.phase("Failed")}
    status: Obj = {name: count for name, count in counts.items() if count}
    status["ready"] = job.ready
    if job.observed:
        status |= {"startTime": stamp(job.created_ms), "terminating": 0, "uncountedTerminatedPods": {}}
    if job.complete:
        status["completionTime"] = stamp(job.ended_ms)
    if job.conditions:
        told = [condition_object(condition) for condition in job.conditions]
        for condition in told:
            condition["lastProbeTime"] = condition.pop("lastUpdateTime")
        status["conditions"] = told
    return status
