"""What a simulated cluster keeps in mind about workloads, revisions, pods and containers."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec


class Behaviour(enum.StrEnum):
    """What the pods of a revision do."""

    GOOD = "good"
    SLOW = "slow"  # 60 s until ready
    CRASH = "crash"  # exits 1, again and again
    OOM = "oom"  # 137 OOMKilled, again and again
    IMAGE_MISSING = "image-missing"  # ErrImagePull, ImagePullBackOff
    CONFIG_MISSING = "config-missing"  # CreateContainerConfigError: configmap "app-config" not found
    INIT_CRASH = "init-crash"  # the init container exits 1; its log tells of a 403 from Vault
    NEVER_READY = "never-ready"  # runs, readiness probe fails
    UNSCHEDULABLE = "unschedulable"  # asks for more than any node has
    QUOTA = "quota"  # pods are refused: FailedCreate, ReplicaFailure


class Applied(enum.StrEnum):
    """What ``kubectl apply`` would have printed; UNCHANGED also where only annotations were written."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"


@dataclass(slots=True, eq=False)
class Template:
    """A pod template. ``config`` is the behaviour it was applied with; ``behaviour`` the one it shows now."""

    app: str
    version: str
    image: str
    config: Behaviour
    behaviour: Behaviour
    init_container: str | None
    labels: dict[str, str]
    restarted_at: str | None = None
    pod_fields: msgspec.Raw | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two templates the same, so that one revision serves both."""
        return (
            self.app,
            self.version,
            self.config,
            self.init_container,
            tuple(sorted(self.labels.items())),
            self.restarted_at,
        )


@dataclass(slots=True, eq=False)
class Condition:
    """One condition of a workload or a pod."""

    type: str
    status: str
    reason: str
    message: str
    changed_ms: int
    updated_ms: int


@dataclass(slots=True, eq=False)
class Run:
    """One run of a container, from start to end."""

    container_id: str
    started_ms: int
    behaviour: Behaviour
    ended_ms: int | None = None
    exit_code: int = 0
    reason: str = "Completed"


@dataclass(slots=True, eq=False)
class ContainerModel:
    """One container of a pod. ``run`` is the present or newest run, ``last`` the one before it that was given up."""

    name: str
    image: str
    init: bool
    state: str = "waiting"
    reason: str = "PodInitializing"
    message: str = ""
    run: Run | None = None
    last: Run | None = None
    restarts: int = 0
    crashes: int = 0
    ready: bool = False
    started: bool = False


@dataclass(slots=True, eq=False)
class PodModel:
    """One pod. ``epoch`` rises when its life takes another course, so that steps planned before are dropped."""

    namespace: str
    name: str
    uid: str
    volume: str
    workload: "WorkloadModel"
    revision: "RevisionModel"
    created_ms: int
    labels: dict[str, str]
    containers: list[ContainerModel]
    generate_name: str = ""
    node: str = ""
    host_ip: str = ""
    ip: str = ""
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    accepted: bool = False
    start_ms: int | None = None
    conditions: dict[str, Condition] = field(default_factory=dict)
    deletion_ms: int | None = None
    grace_s: int = 30
    generation: int = 1
    updated_ms: int = 0
    epoch: int = 0
    gone: bool = False
    fault: tuple[str, int] | None = None
    spec: msgspec.Raw | None = None
    version: int = 0

    @property
    def behaviour(self) -> Behaviour:
        """What the pod does now."""
        return self.revision.template.behaviour

    @property
    def inits(self) -> list[ContainerModel]:
        """The init containers."""
        return [c for c in self.containers if c.init]

    @property
    def mains(self) -> list[ContainerModel]:
        """The app containers."""
        return [c for c in self.containers if not c.init]

    @property
    def active(self) -> bool:
        """Whether controllers count it: alive and not being deleted."""
        return self.deletion_ms is None and self.phase not in ("Failed", "Succeeded")

    @property
    def ready(self) -> bool:
        """Whether its Ready condition is True."""
        condition = self.conditions.get("Ready")
        return condition is not None and condition.status == "True"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pods of a revision there are."""

    replicas: int = 0
    ready: int = 0
    terminating: int = 0


@dataclass(slots=True, eq=False)
class RevisionModel:
    """A ReplicaSet of a Deployment, or a ControllerRevision of a StatefulSet or DaemonSet."""

    name: str
    hash: str
    uid: str
    template: Template
    number: int
    created_ms: int
    replicas: int = 0
    desired: int = 0
    generation: int = 1
    observed: int = 0
    history: list[int] = field(default_factory=list)
    pods: dict[str, PodModel] = field(default_factory=dict)
    counts: Counts = Counts()
    failure: tuple[str, int] | None = None
    refusals: int = 0
    updated_ms: int = 0
    shown: tuple[object, ...] = ()
    queued: bool = False

    def active(self) -> list[PodModel]:
        """Return the pods that count."""
        return [pod for pod in self.pods.values() if pod.active]


@dataclass(slots=True, eq=False)
class WorkloadModel:
    """A Deployment, StatefulSet or DaemonSet."""

    kind: str
    namespace: str
    name: str
    uid: str
    app: str
    created_ms: int
    template: Template
    replicas: int
    deadline_s: int
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    generation: int = 1
    observed: int = 0
    paused: bool = False
    gone: bool = False
    conditions: list[Condition] = field(default_factory=list)
    revisions: list[RevisionModel] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    applied_ms: int = 0
    rollout_ms: int = 0
    complete: bool = False
    fault: tuple[str, int] | None = None
    current: str = ""
    updated_ms: int = 0
    shown: tuple[object, ...] = ()
    queued: bool = False
    deadline_check_ms: int = 0

    def pods(self) -> Iterator[PodModel]:
        """Yield every pod there is, of all revisions."""
        for revision in self.revisions:
            yield from revision.pods.values()

    def newest(self) -> RevisionModel | None:
        """Return the revision of the present template, if it has been made."""
        for revision in self.revisions:
            if revision.template is self.template or revision.template.identity == self.template.identity:
                return revision
        return None

    def condition(self, condition_type: str) -> Condition | None:
        """Return one condition."""
        for condition in self.conditions:
            if condition.type == condition_type:
                return condition
        return None
