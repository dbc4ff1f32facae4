"""What people and deploy jobs change in a simulated cluster: manifests applied, undone, restarted, resumed."""

import dataclasses

from statusdesk.demo.kube_deployment import REVISION, DeploymentController
from statusdesk.demo.kube_deploystatus import set_condition, tell_status
from statusdesk.demo.kube_events import stamp
from statusdesk.demo.kube_kinds import REPLICA_SETS, REVISIONS, WORKLOADS
from statusdesk.demo.kube_model import Applied, Behaviour, RevisionModel, Template, WorkloadModel
from statusdesk.demo.kube_objects import REGISTRY
from statusdesk.demo.kube_ordered import OrderedController
from statusdesk.demo.kube_parts import KubeParts
from statusdesk.demo.kube_past import HEALTHY, Past, settled_conditions

Key = tuple[str, str, str]
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
BUILD = "shop.example/jenkins-build"


class Changes:
    """The workloads of a cluster by (kind, namespace, name), and the changes that are made to them."""

    def __init__(
        self,
        parts: KubeParts,
        deployments: DeploymentController,
        ordered: OrderedController,
        past: Past,
        deadline_s: int,
    ) -> None:
        self._parts = parts
        self._deployments = deployments
        self._ordered = ordered
        self._past = past
        self._deadline_s = deadline_s
        self.workloads: dict[Key, WorkloadModel] = {}

    def template(
        self,
        namespace: str,
        app: str,
        version: str,
        behaviour: Behaviour,
        init_container: str | None,
        labels: dict[str, str],
    ) -> Template:
        """Return the pod template of a manifest."""
        own = {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop"} | labels
        return Template(app, version, f"{REGISTRY}/{app}:{version}", behaviour, behaviour, init_container, own)

    def _show(self, workload: WorkloadModel) -> None:
        (self._deployments if workload.kind == "Deployment" else self._ordered).show(workload)

    def look_again(self, workload: WorkloadModel) -> None:
        """Let the controllers look at a workload now."""
        if workload.kind != "Deployment":
            workload.queued = False  # it may be waiting out a refusal
            self._ordered.enqueue(workload)
            return
        for revision in workload.revisions:
            if revision.failure:
                revision.queued = False
            self._deployments.enqueue_set(workload, revision)

    def changed(self, workload: WorkloadModel) -> None:
        """Write a new generation and let the controllers see it."""
        workload.generation += 1
        workload.applied_ms = self._parts.now_ms()
        self._show(workload)
        workload.queued = False
        (self._deployments if workload.kind == "Deployment" else self._ordered).enqueue(workload)

    def apply(
        self,
        key: Key,
        template: Template,
        replicas: int,
        build: str | None,
        deadline_s: int | None,
        past_ms: int | None,
    ) -> Applied:
        """Apply a manifest; with ``past_ms`` it has been finished since then."""
        known = self.workloads.get(key)
        if known is not None:
            template.restarted_at = known.template.restarted_at
            same = template.identity == known.template.identity
            if same and replicas == known.replicas and past_ms is None:
                if build:
                    self._note_build(known, build)
                    self._show(known)
                return Applied.UNCHANGED
        at_ms = self._parts.now_ms() if past_ms is None else past_ms
        workload = known or self._make(key, template, replicas, at_ms)
        workload.replicas = replicas
        workload.deadline_s = deadline_s or (workload.deadline_s if known else self._deadline_s)
        self._note_build(workload, build)
        if known is not None:
            self._turn(workload, template, at_ms)
        if past_ms is not None:
            self._settle(workload, past_ms, known is not None)
        elif known is None:
            self._show(workload)
            (self._deployments if workload.kind == "Deployment" else self._ordered).enqueue(workload)
        else:
            self.changed(workload)
        return Applied.CONFIGURED if known else Applied.CREATED

    def _make(self, key: Key, template: Template, replicas: int, at_ms: int) -> WorkloadModel:
        kind, namespace, name = key
        workload = WorkloadModel(
            kind,
            namespace,
            name,
            self._parts.uid(),
            template.app,
            at_ms,
            template,
            replicas,
            self._deadline_s,
            dict(template.labels),
            applied_ms=at_ms,
            rollout_ms=at_ms,
        )
        if kind == "DaemonSet":
            workload.annotations[TEMPLATE_GENERATION] = "1"
        self.workloads[key] = workload
        return workload

    def _note_build(self, workload: WorkloadModel, build: str | None) -> None:
        if build:
            workload.annotations[BUILD] = build
            workload.annotations["kubernetes.io/change-cause"] = f"jenkins {build}"

    def _turn(self, workload: WorkloadModel, template: Template, at_ms: int) -> None:
        """Give a workload another template; one that it has had before comes back with its revision."""
        if template.identity == workload.template.identity:
            return
        workload.template = next(
            (r.template for r in workload.revisions if r.template.identity == template.identity), template
        )
        if TEMPLATE_GENERATION in workload.annotations:
            workload.annotations[TEMPLATE_GENERATION] = str(int(workload.annotations[TEMPLATE_GENERATION]) + 1)
        workload.labels = dict(workload.template.labels)
        workload.rollout_ms = at_ms
        workload.complete = False
        workload.fault = None
        newest = workload.newest()
        for pod in newest.active() if newest else ():
            if pod.fault and (workload.fault is None or pod.fault[1] < workload.fault[1]):
                workload.fault = pod.fault

    def resume(self, workload: WorkloadModel) -> None:
        """Resume a paused Deployment."""
        workload.paused = False
        now_ms = self._parts.now_ms()
        set_condition(workload, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now_ms)
        self.changed(workload)

    def undo(self, workload: WorkloadModel) -> None:
        """Go back to the revision before.

        Raises: KeyError when there is none.
        """
        newest = workload.newest()
        others = [r for r in workload.revisions if r is not newest]
        if not others:
            raise KeyError(f"no revision before that of {workload.name}")
        self._turn(workload, max(others, key=lambda r: r.number).template, self._parts.now_ms())
        self.changed(workload)

    def restart(self, workload: WorkloadModel) -> None:
        """Replace all pods with the same version."""
        template = dataclasses.replace(workload.template, pod_fields=None)
        template.restarted_at = stamp(self._parts.now_ms())
        self._turn(workload, template, self._parts.now_ms())
        self.changed(workload)

    def forget(self, workload: WorkloadModel) -> None:
        """Delete a workload and its revisions; the pods are left to the kubelet."""
        workload.gone = True
        del self.workloads[workload.kind, workload.namespace, workload.name]
        kind = REPLICA_SETS if workload.kind == "Deployment" else REVISIONS
        for revision in workload.revisions:
            self._parts.store.remove(kind, workload.namespace, revision.name)
        self._parts.store.remove(WORKLOADS[workload.kind], workload.namespace, workload.name)

    def _settle(self, workload: WorkloadModel, at_ms: int, known: bool) -> None:
        """Place a workload in the state that it reached after ``at_ms``."""
        if known:
            workload.generation += 1
        workload.applied_ms = at_ms
        healthy = workload.template.behaviour in HEALTHY
        if workload.kind == "Deployment":
            newest = self._settled_set(workload, at_ms)
            self._past.fill(workload, newest, at_ms)
            self._settle_sets(workload, newest, healthy)
            workload.observed = workload.generation
            workload.complete = healthy
            workload.conditions = settled_conditions(workload, newest, at_ms, self._parts.now_ms())
            tell_status(self._parts, workload)
            self._show(workload)
            if not healthy:
                self._deployments.enqueue(workload, 1.0)
            return
        newest = self._ordered.make_revision(workload)
        newest.created_ms = at_ms
        self._past.fill(workload, newest, at_ms)
        workload.observed = workload.generation
        workload.complete = healthy
        self._ordered.tell_status(workload, newest)

    def _settled_set(self, workload: WorkloadModel, at_ms: int) -> RevisionModel:
        newest = workload.newest()
        number = max((r.number for r in workload.revisions), default=0) + 1
        if newest is None:
            digest = self._parts.letters(10)
            name = f"{workload.name}-{digest}"
            newest = RevisionModel(name, digest, self._parts.uid(), workload.template, number, at_ms)
            workload.revisions.append(newest)
        elif newest.number != number - 1:
            newest.history.append(newest.number)
            newest.number = number
        workload.annotations[REVISION] = str(newest.number)
        return newest

    def _settle_sets(self, workload: WorkloadModel, newest: RevisionModel, healthy: bool) -> None:
        for revision in workload.revisions:
            if revision is not newest and healthy:
                revision.replicas = 0
            revision.desired = workload.replicas
            revision.observed = revision.generation
            self._deployments.count(revision)
            self._deployments.show_set(workload, revision)
