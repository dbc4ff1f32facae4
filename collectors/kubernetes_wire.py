"""The Kubernetes API on the wire: the few fields that are needed, decoded typed and everything else skipped.

Every field may be missing or null: a bookmark is an object with hardly anything in it. Times stay text here, so that
one that repeats is read once (``kubernetes_facts``).
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import field

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Base of all: decoded only, never changed."""


class OwnerWire(Wire):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class MetaWire(Wire):
    """``metadata`` of a workload."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class WorkloadMetaWire(MetaWire):
    """``metadata`` of a workload that another object may own."""

    owner_references: list[OwnerWire] | None = None


class PodLabelsWire(Wire):
    app: str = field(default="", name="app.kubernetes.io/name")
    template_hash: str = field(default="", name="pod-template-hash")
    revision_hash: str = field(default="", name="controller-revision-hash")


class PodMetaWire(Wire):
    """``metadata`` of a pod; of its labels only those that are read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: PodLabelsWire | None = None
    owner_references: list[OwnerWire] | None = None


class ConditionWire(Wire):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_update_time: str | None = None
    last_transition_time: str | None = None


class PodConditionWire(Wire):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class ContainerWire(Wire):
    """A container as the spec asks for it."""

    name: str = ""
    image: str = ""
    restart_policy: str = ""


class ProbeWire(Wire):
    """A probe; the numbers are those of the API server where it says nothing."""

    initial_delay_seconds: int = 0
    period_seconds: int = 10
    failure_threshold: int = 3


class TemplateContainerWire(ContainerWire):
    """A container as the template of a workload asks for it; nobody reads the probes of single pods."""

    startup_probe: ProbeWire | None = None
    readiness_probe: ProbeWire | None = None


class WaitingWire(Wire):
    reason: str = ""
    message: str = ""


class RunningWire(Wire):
    started_at: str | None = None


class TerminatedWire(Wire):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None


class ContainerStateWire(Wire):
    waiting: WaitingWire | None = None
    running: RunningWire | None = None
    terminated: TerminatedWire | None = None


class LastStateWire(Wire):
    terminated: TerminatedWire | None = None


class ContainerStatusWire(Wire):
    name: str = ""
    image: str = ""
    image_id: str = field(default="", name="imageID")
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerStateWire | None = None
    last_state: LastStateWire | None = None


class PodSpecWire(Wire):
    node_name: str = ""
    containers: list[ContainerWire] | None = None
    init_containers: list[ContainerWire] | None = None


class PodStatusWire(Wire):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[PodConditionWire] | None = None
    container_statuses: list[ContainerStatusWire] | None = None
    init_container_statuses: list[ContainerStatusWire] | None = None


class PodWire(Wire):
    metadata: PodMetaWire
    spec: PodSpecWire | None = None
    status: PodStatusWire | None = None


class RollingUpdateWire(Wire):
    partition: int | None = None


class StrategyWire(Wire):
    type: str = ""
    rolling_update: RollingUpdateWire | None = None


class TemplateMetaWire(Wire):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class TemplateSpecWire(Wire):
    containers: list[TemplateContainerWire] | None = None
    init_containers: list[TemplateContainerWire] | None = None


class TemplateWire(Wire):
    metadata: TemplateMetaWire | None = None
    spec: TemplateSpecWire | None = None


class ExpressionWire(Wire):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class SelectorWire(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: list[ExpressionWire] | None = None


class WorkloadSpecWire(Wire):
    replicas: int | None = None
    paused: bool = False
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int = 0
    selector: SelectorWire | None = None
    strategy: StrategyWire | None = None
    update_strategy: StrategyWire | None = None
    suspend: bool | None = None
    completions: int | None = None
    parallelism: int | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    pod_management_policy: str = ""
    template: TemplateWire | None = None


class WorkloadStatusWire(Wire):
    """The status of any of the four kinds; a DaemonSet and a Job have names of their own for their counts."""

    observed_generation: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    conditions: list[ConditionWire] | None = None
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    start_time: str | None = None
    active: int = 0
    succeeded: int = 0
    failed: int = 0


class WorkloadWire(Wire):
    metadata: WorkloadMetaWire
    spec: WorkloadSpecWire | None = None
    status: WorkloadStatusWire | None = None


class NamedWire(Wire):
    """An object of which only the name and the version matter (a namespace, a bookmark)."""

    metadata: MetaWire


class ListMetaWire(Wire):
    resource_version: str = ""
    continue_: str = field(default="", name="continue")


ItemT = TypeVar("ItemT")


class ListWire(Wire, Generic[ItemT]):
    """One page of a list; ``kind`` tells a list from anything else that is JSON."""

    kind: str
    metadata: ListMetaWire
    items: list[ItemT] | None = None


class StatusDetailsWire(Wire):
    """What a Status is about."""

    kind: str = ""
    name: str = ""


class StatusWire(Wire):
    """The API server's way to say no."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: StatusDetailsWire | None = None


class EventWire(Wire, tag_field="type"):
    """One line of a watch."""


class AddedWire(EventWire, Generic[ItemT], tag="ADDED"):
    object: ItemT


class ModifiedWire(EventWire, Generic[ItemT], tag="MODIFIED"):
    object: ItemT


class DeletedWire(EventWire, Generic[ItemT], tag="DELETED"):
    object: ItemT


class BookmarkWire(EventWire, tag="BOOKMARK"):
    object: NamedWire


class ErrorWire(EventWire, tag="ERROR"):
    object: StatusWire


class VersionWire(Wire):
    git_version: str = ""


PodEvent = AddedWire[PodWire] | ModifiedWire[PodWire] | DeletedWire[PodWire] | BookmarkWire | ErrorWire
WorkloadEvent = (
    AddedWire[WorkloadWire] | ModifiedWire[WorkloadWire] | DeletedWire[WorkloadWire] | BookmarkWire | ErrorWire
)
