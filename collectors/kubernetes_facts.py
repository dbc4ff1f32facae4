"""From the wire to facts: pods and workloads, their text cleaned and their times as milliseconds.

This runs once per pod of a list and once per event of a watch, so it is written for speed: text that repeats (images,
nodes, reasons, times) is cleaned once and kept, and a fact is made in one call.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict

from collectors.kubernetes_names import APP_LABEL, AppRules
from collectors.kubernetes_remembered import Apps, Messages, Texts, Times
from collectors.kubernetes_wire import (
    ConditionWire,
    ContainerStatusWire,
    ContainerWire,
    OwnerWire,
    PodConditionWire,
    PodLabelsWire,
    PodMetaWire,
    PodSpecWire,
    PodStatusWire,
    PodWire,
    ProbeWire,
    SelectorWire,
    TemplateContainerWire,
    TemplateMetaWire,
    TerminatedWire,
    WorkloadMetaWire,
    WorkloadSpecWire,
    WorkloadStatusWire,
    WorkloadWire,
)
from statusdesk.facts import Condition, Container, ContainerRole, Pod, Workload
from statusdesk.text import clean

INIT, SIDECAR, APP = ContainerRole.INIT, ContainerRole.SIDECAR, ContainerRole.APP
OWNING_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})
MAX_SELECTOR_CHARS = 1_000
CRON_JOB = "CronJob"
JOB_REVISION_CHARS = 8
NO_DEADLINE_S = 2**31 - 1
BUILD_ANNOTATION = "statusdesk.io/build"
BUILD_ANNOTATION_END = "/jenkins-build"
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
TEMPLATE_GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"

_NOTHING: Mapping[str, str] = {}
_NO_CONDITION = PodConditionWire()
_NO_LABELS = PodLabelsWire()
_NO_SPEC = PodSpecWire()
_NO_STATUS = PodStatusWire()
_NOT_ENDED = TerminatedWire()


class _Counts(TypedDict):
    """The fields of a workload that count its pods."""

    desired: int | None
    replicas: int
    updated: int
    ready: int
    available: int
    failed: int


class _Conduct(TypedDict):
    """The fields of a workload that say how it is rolled out."""

    paused: bool
    deadline_s: int | None
    min_ready_s: int
    strategy: str
    partition: int | None
    backoff_limit: int | None
    is_parallel: bool


class Translator:
    """Makes facts of one cluster; for one thread, since it remembers text. ``times`` knows how far its clock is off."""

    def __init__(self, cluster: str, apps: AppRules, times: Times | None = None) -> None:
        self._cluster = cluster
        self._rules = apps
        self._apps = Apps(apps)
        self._texts = Texts()
        self._messages = Messages()
        self._times = Times() if times is None else times

    def pod(self, wire: PodWire) -> Pod:
        """Return the fact of a pod. Source: ``GET /api/v1/pods``."""
        texts, times = self._texts, self._times
        meta, spec, status = wire.metadata, wire.spec or _NO_SPEC, wire.status or _NO_STATUS
        labels = meta.labels or _NO_LABELS
        owner_kind, kind, owner = self._owner(meta, labels.template_hash)
        ready = scheduled = _NO_CONDITION
        for condition in status.conditions or ():
            if condition.type == "Ready":
                ready = condition
            elif condition.type == "PodScheduled":
                scheduled = condition
        # in the order of the fields: names for all of them cost five times as much
        return Pod(
            self._cluster,
            texts[meta.namespace],
            clean(meta.name),
            clean(meta.uid),
            kind,
            owner,
            owner_kind,
            texts[labels.template_hash or labels.revision_hash],
            self._apps[owner, texts[labels.app]],
            texts[status.phase],
            texts[status.reason],
            self._messages[status.message] if status.message else "",
            texts[spec.node_name],
            times[meta.creation_timestamp],
            times[meta.deletion_timestamp],
            meta.deletion_grace_period_seconds,
            ready.status == "True",
            times[ready.last_transition_time],
            texts[ready.reason],
            scheduled.status in ("True", ""),
            texts[scheduled.reason],
            clean(scheduled.message) if scheduled.message else "",
            times[scheduled.last_transition_time],
            self._containers(spec, status),
        )

    def _owner(self, meta: PodMetaWire, template_hash: str) -> tuple[str, str, str]:
        """Return the controller's kind, and kind and name of the workload that it belongs to (empty for others)."""
        for owner in meta.owner_references or ():
            if owner.controller:
                kind = self._texts[owner.kind]
                if kind == "ReplicaSet" and template_hash and owner.name.endswith("-" + template_hash):
                    return kind, "Deployment", self._texts[owner.name[: -len(template_hash) - 1]]
                return (kind, kind, self._texts[owner.name]) if kind in OWNING_KINDS else (kind, "", "")
        return "", "", ""

    def _containers(self, spec: PodSpecWire, status: PodStatusWire) -> tuple[Container, ...]:
        found: list[Container] = []
        if spec.init_containers:
            sidecars = {one.name for one in spec.init_containers if one.restart_policy == "Always"}
            self._pair(found, spec.init_containers, status.init_container_statuses or (), INIT, sidecars)
        self._pair(found, spec.containers or (), status.container_statuses or (), APP, ())
        return tuple(found)

    def _pair(
        self,
        found: list[Container],
        asked: Sequence[ContainerWire],
        statuses: Sequence[ContainerStatusWire],
        role: ContainerRole,
        sidecars: Collection[str],
    ) -> None:
        """Append the containers that have a status, in the order of these, then those that have none yet."""
        for status in statuses:
            found.append(self._container(status, SIDECAR if status.name in sidecars else role, asked))
        if len(statuses) < len(asked):
            known = {status.name for status in statuses}
            texts = self._texts
            for one in asked:
                if one.name not in known:
                    its_role = SIDECAR if one.name in sidecars else role
                    found.append(Container(name=texts[one.name], role=its_role, image=texts[one.image]))

    def _container(self, wire: ContainerStatusWire, role: ContainerRole, asked: Iterable[ContainerWire]) -> Container:
        texts, times = self._texts, self._times
        state, reason, message, exit_code, since_ms, ran_ms = "", "", "", None, None, None
        if (standing := wire.state) is not None:
            if (running := standing.running) is not None:
                state, since_ms = "running", times[running.started_at]
            elif (waiting := standing.waiting) is not None:
                state, reason, message = "waiting", texts[waiting.reason], waiting.message
            elif (ended := standing.terminated) is not None:
                state, reason, message = "terminated", texts[ended.reason], ended.message
                exit_code, since_ms = ended.exit_code, times[ended.finished_at]
                if role is INIT and not exit_code and since_ms and (began_ms := times[ended.started_at]):
                    ran_ms = since_ms - began_ms
        image = wire.image
        if not image or image.startswith("sha256:"):
            # some runtimes tell the image by its id alone; the spec knows its name
            image = next((one.image for one in asked if one.name == wire.name and one.image), image)
        last = wire.last_state.terminated if wire.last_state is not None else None
        last = last or _NOT_ENDED
        last_began_ms, last_ended_ms = times[last.started_at], times[last.finished_at]
        return Container(
            texts[wire.name],
            role,
            texts[image],
            texts[wire.image_id],
            wire.ready,
            wire.started is True,
            wire.restart_count,
            state,
            reason,
            self._messages[message] if message else "",
            exit_code,
            since_ms,
            texts[last.reason],
            self._messages[last.message] if last.message else "",
            last.exit_code if last is not _NOT_ENDED else None,
            last_ended_ms,
            ran_ms,
            last_ended_ms - last_began_ms if last_began_ms and last_ended_ms else None,
        )

    def workload(self, kind: str, wire: WorkloadWire) -> Workload:
        """Return the fact of a Deployment, StatefulSet, DaemonSet or Job.

        Source: ``GET /apis/apps/v1/<resource>``, ``GET /apis/batch/v1/jobs``.
        """
        texts, times = self._texts, self._times
        meta, spec, status = wire.metadata, wire.spec or WorkloadSpecWire(), wire.status or WorkloadStatusWire()
        labels, annotations = self._marks(wire)
        images = self._images(spec)
        owner_kind, owner = self._controller(meta.owner_references)
        app = self._app(meta, owner_kind, owner)
        image = self._rules.main_image(app, images)
        return Workload(
            cluster=self._cluster,
            namespace=texts[meta.namespace],
            kind=kind,
            name=texts[meta.name],
            uid=clean(meta.uid),
            app=app,
            version=clean(self._rules.version(app, image, labels, annotations)),
            image=image,
            images=images,
            generation=meta.generation,
            observed_generation=meta.generation if kind == "Job" else status.observed_generation,
            created_ms=times[meta.creation_timestamp],
            deleting_ms=times[meta.deletion_timestamp],
            revision=clean(_revision(kind, wire, status)),
            update_revision=clean(status.update_revision),
            current_revision=clean(status.current_revision),
            selector=_selector(spec.selector),
            build=clean(_build(annotations)),
            conditions=tuple([self._condition(one) for one in status.conditions or ()]),
            started_ms=times[status.start_time],
            owner_kind=owner_kind,
            owner_name=owner,
            ready_s=self._ready_s(spec),
            **_counts(kind, spec, status),
            **self._conduct(kind, spec),
        )

    def _app(self, meta: WorkloadMetaWire, owner_kind: str, owner: str) -> str:
        # the Jobs of a CronJob have names of their own, which say nothing
        name = owner if owner_kind == CRON_JOB else self._texts[meta.name]
        return self._apps[name, clean((meta.labels or _NOTHING).get(APP_LABEL, ""))]

    def _conduct(self, kind: str, spec: WorkloadSpecWire) -> _Conduct:
        strategy = spec.strategy or spec.update_strategy
        rolling = strategy.rolling_update if strategy is not None else None
        return {
            "paused": spec.paused or bool(spec.suspend),
            "deadline_s": _deadline_s(spec) if kind != "Job" else spec.active_deadline_seconds,
            "min_ready_s": spec.min_ready_seconds,
            "strategy": self._texts[strategy.type] if strategy is not None else "",
            "partition": rolling.partition if rolling is not None else None,
            "backoff_limit": spec.backoff_limit,
            "is_parallel": spec.pod_management_policy == "Parallel",
        }

    def _controller(self, owners: Sequence[OwnerWire] | None) -> tuple[str, str]:
        for owner in owners or ():
            if owner.controller:
                return self._texts[owner.kind], self._texts[owner.name]
        return "", ""

    def _marks(self, wire: WorkloadWire) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return labels and annotations: the workload's own, then those that only its pod template has."""
        meta = wire.metadata
        template = wire.spec.template if wire.spec is not None else None
        marks = (template.metadata if template is not None else None) or TemplateMetaWire()
        labels = {**marks.labels, **(meta.labels or _NOTHING)} if marks.labels else meta.labels
        annotations = {**marks.annotations, **(meta.annotations or _NOTHING)} if marks.annotations else meta.annotations
        return labels or _NOTHING, annotations or _NOTHING

    def _images(self, spec: WorkloadSpecWire) -> tuple[tuple[str, str], ...]:
        texts = self._texts
        pods = spec.template.spec if spec.template is not None else None
        containers = pods.containers if pods is not None else None
        return tuple([(texts[one.name], texts[one.image]) for one in containers or ()])

    def _ready_s(self, spec: WorkloadSpecWire) -> tuple[tuple[str, int], ...]:
        pods = spec.template.spec if spec.template is not None else None
        if pods is None:
            return ()
        asked = [*(pods.init_containers or ()), *(pods.containers or ())]
        return tuple([(self._texts[one.name], ready_s) for one in asked if (ready_s := _ready_s(one))])

    def _condition(self, wire: ConditionWire) -> Condition:
        texts, times = self._texts, self._times
        return Condition(
            type=texts[wire.type],
            status=texts[wire.status],
            reason=texts[wire.reason],
            message=self._messages[wire.message],
            updated_ms=times[wire.last_update_time],
            changed_ms=times[wire.last_transition_time],
        )


def _counts(kind: str, spec: WorkloadSpecWire, status: WorkloadStatusWire) -> _Counts:
    if kind == "DaemonSet":
        return {
            "desired": status.desired_number_scheduled,
            "replicas": status.current_number_scheduled,
            "updated": status.updated_number_scheduled,
            "ready": status.number_ready,
            "available": status.number_available,
            "failed": status.failed,
        }
    if kind == "Job":
        return {
            # of one that works through a queue only the parallelism is given; of neither the server makes 1
            "desired": 1 if spec.completions is None and spec.parallelism is None else spec.completions,
            "replicas": status.active,
            "updated": status.active + status.succeeded,
            "ready": status.succeeded,
            "available": status.succeeded,
            "failed": status.failed,
        }
    return {
        "desired": spec.replicas,
        "replicas": status.replicas,
        "updated": status.updated_replicas,
        "ready": status.ready_replicas,
        "available": status.available_replicas,
        "failed": status.failed,
    }


def _ready_s(container: TemplateContainerWire) -> int:
    """Return in how many seconds the probes of a container want it to be ready; 0 where it has none."""
    startup, readiness = container.startup_probe, container.readiness_probe
    starts_s = _probed_s(startup) + startup.initial_delay_seconds if startup is not None else 0
    if readiness is None:
        return starts_s
    return max(starts_s, readiness.initial_delay_seconds) + _probed_s(readiness)


def _probed_s(probe: ProbeWire) -> int:
    return probe.period_seconds * probe.failure_threshold


def _deadline_s(spec: WorkloadSpecWire) -> int | None:
    return None if spec.progress_deadline_seconds == NO_DEADLINE_S else spec.progress_deadline_seconds


def _selector(wire: SelectorWire | None) -> str:
    """Return a selector as the query of a list has it; empty where it is no plain text of a bearable length."""
    if wire is None:
        return ""
    parts = [f"{key}={value}" for key, value in (wire.match_labels or _NOTHING).items()]
    for one in wire.match_expressions or ():
        if one.operator in ("In", "NotIn"):
            parts.append(f"{one.key} {one.operator.lower()} ({','.join(one.values or ())})")
        else:
            parts.append(one.key if one.operator == "Exists" else f"!{one.key}")
    text = ",".join(parts)
    return text if len(text) <= MAX_SELECTOR_CHARS and text.isascii() and text.isprintable() else ""


def _revision(kind: str, wire: WorkloadWire, status: WorkloadStatusWire) -> str:
    annotations = wire.metadata.annotations or _NOTHING
    if kind == "StatefulSet":
        return status.update_revision
    if kind == "Job":
        return wire.metadata.uid[:JOB_REVISION_CHARS]  # one made again under the same name is another one
    if kind == "DaemonSet":
        return annotations.get(TEMPLATE_GENERATION_ANNOTATION) or str(wire.metadata.generation)
    return annotations.get(REVISION_ANNOTATION, "")


def _build(annotations: Mapping[str, str]) -> str:
    """Return which Jenkins build applied it, where the team says so by an annotation."""
    if BUILD_ANNOTATION in annotations:
        return annotations[BUILD_ANNOTATION]
    return next((value for key, value in annotations.items() if key.endswith(BUILD_ANNOTATION_END)), "")
