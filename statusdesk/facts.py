"""The nouns: what was seen at a source, where and when.

A fact is frozen, has a key and holds no opinion; opinions are in ``states``. Times are integers, milliseconds of UTC
since 1970, and end in ``_ms``; durations say their unit too. Text from outside has passed ``text.clean`` before it is
put into a fact.
"""

import enum

import msgspec

from statusdesk.fact import Fact
from statusdesk.facts_jenkins import BY_HAND as BY_HAND
from statusdesk.facts_jenkins import CONCLUSIVE as CONCLUSIVE
from statusdesk.facts_jenkins import Build as Build
from statusdesk.facts_jenkins import BuildDetails as BuildDetails
from statusdesk.facts_jenkins import Commit as Commit
from statusdesk.facts_jenkins import Executors as Executors
from statusdesk.facts_jenkins import Job as Job
from statusdesk.facts_jenkins import JobClass as JobClass
from statusdesk.facts_jenkins import JobMove as JobMove
from statusdesk.facts_jenkins import Node as Node
from statusdesk.facts_jenkins import QueueItem as QueueItem
from statusdesk.facts_jenkins import Stage as Stage
from statusdesk.facts_lookups import Event as Event
from statusdesk.facts_lookups import LogTail as LogTail
from statusdesk.facts_lookups import Revision as Revision


class Condition(Fact, frozen=True):
    """One entry of a workload's ``status.conditions``."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    updated_ms: int | None = None
    changed_ms: int | None = None


class ContainerRole(enum.StrEnum):
    """What a container is for; a sidecar is an init container whose ``restartPolicy`` is ``Always``."""

    INIT = "init"
    SIDECAR = "sidecar"
    APP = "app"


class Container(Fact, frozen=True, omit_defaults=True):
    """One container of a pod as its ``(init)containerStatuses`` entry tells it.

    ``state`` is ``waiting``, ``running``, ``terminated`` or empty (no status yet). ``reason``, ``message`` and
    ``exit_code`` belong to that state; the ``last_`` fields to ``lastState.terminated``. ``since_ms`` is ``startedAt``
    when running and ``finishedAt`` when terminated. ``ran_ms``: how long an init container took that has done its work;
    ``last_ran_ms``: how long the run took that ``lastState`` tells of.
    """

    name: str
    role: ContainerRole
    image: str = ""
    image_id: str = ""
    ready: bool = False
    started: bool = False
    restarts: int = 0
    state: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    since_ms: int | None = None
    last_reason: str = ""
    last_message: str = ""
    last_exit_code: int | None = None
    last_finished_ms: int | None = None
    ran_ms: int | None = None
    last_ran_ms: int | None = None


class Pod(Fact, frozen=True):
    """One pod. Key: (cluster, namespace, name).

    ``workload_kind`` and ``workload_name`` name the Deployment, StatefulSet, DaemonSet or Job that owns it (a
    ReplicaSet is named ``<deployment>-<pod-template-hash>``); empty for any other owner. ``revision`` is the label
    ``pod-template-hash`` or ``controller-revision-hash``. ``deleting_ms`` holds the grace period ``grace_s`` already.
    ``ready_reason`` is why it is not ready, as its node says; empty where another than its node took Ready from it.
    """

    cluster: str
    namespace: str
    name: str
    uid: str
    workload_kind: str = ""
    workload_name: str = ""
    owner_kind: str = ""
    revision: str = ""
    app: str = ""
    phase: str = ""
    reason: str = ""
    message: str = ""
    node: str = ""
    created_ms: int | None = None
    deleting_ms: int | None = None
    grace_s: int | None = None
    ready: bool = False
    ready_changed_ms: int | None = None
    ready_reason: str = ""
    scheduled: bool = True
    scheduled_reason: str = ""
    scheduled_message: str = ""
    scheduled_changed_ms: int | None = None
    containers: tuple[Container, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.cluster, self.namespace, self.name)


class Workload(Fact, frozen=True):
    """One Deployment, StatefulSet, DaemonSet or Job. Key: (cluster, namespace, kind, name).

    ``desired`` is ``spec.replicas`` (``desiredNumberScheduled`` of a DaemonSet); ``updated`` is ``updatedReplicas``
    (``updatedNumberScheduled``), and so on. ``revision`` is the annotation ``deployment.kubernetes.io/revision``, or
    ``status.updateRevision`` of a StatefulSet, or the template generation of a DaemonSet. ``images`` pairs container
    names with images as the pod template gives them, ``version`` was taken from the main one. ``selector`` is that of
    its pods, as the query of a list has it. ``ready_s`` pairs container names with the seconds that the probes of the
    template give each to become ready.

    Of a Job ``desired`` is ``spec.completions``, ``replicas`` counts the pods that live, ``ready`` and ``available``
    those that have succeeded, ``failed`` those that have not; ``deadline_s`` is ``activeDeadlineSeconds`` and counts
    from ``started_ms``. ``owner_kind`` and ``owner_name`` name its controller (a CronJob). ``is_parallel``: of a
    StatefulSet that does not wait for one pod before it makes or replaces the next (``podManagementPolicy``).
    """

    cluster: str
    namespace: str
    kind: str
    name: str
    uid: str
    app: str
    version: str = ""
    image: str = ""
    images: tuple[tuple[str, str], ...] = ()
    generation: int = 0
    observed_generation: int | None = None
    desired: int | None = None
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    paused: bool = False
    created_ms: int | None = None
    deleting_ms: int | None = None
    deadline_s: int | None = None
    min_ready_s: int = 0
    strategy: str = ""
    partition: int | None = None
    revision: str = ""
    update_revision: str = ""
    current_revision: str = ""
    selector: str = ""
    build: str = ""
    conditions: tuple[Condition, ...] = ()
    failed: int = 0
    backoff_limit: int | None = None
    started_ms: int | None = None
    owner_kind: str = ""
    owner_name: str = ""
    ready_s: tuple[tuple[str, int], ...] = ()
    is_parallel: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.cluster, self.namespace, self.kind, self.name)


class Token(Fact, frozen=True):
    """One Vault token as ``auth/token/lookup-accessor`` tells it, named as in the configuration. Key: (source, name).

    ``kind`` is ``token``, ``secret-id`` or ``certificate``. ``expire_ms`` None with ``gone`` false means that it never
    expires. ``gone`` means that the accessor was not known twice running, or that a certificate was revoked.
    ``accessor_tail`` is the last six characters; the whole accessor is kept nowhere. ``mount_max_s`` is the
    ``max_lease_ttl`` of the mount that it came from, 0 where that is not known; ``mount_problem``: why Vault does not
    tell it though it is wanted. ``seen_ms``: when it was last looked up and there, ``unknown_ms``: when Vault last did
    not know it, both in our clock; every other time is in the server's. ``problem``: why it cannot be looked up though
    the server answers, as long as that is so; ``accessor_problem``: why the file with its accessor tells none now, so
    that what is seen is seen by the accessor that stood there before, if any did.
    """

    source: str
    name: str
    kind: str = "token"
    accessor_tail: str = ""
    own: bool = False
    gone: bool = False
    issue_ms: int | None = None
    expire_ms: int | None = None
    last_renewal_ms: int | None = None
    period_s: int | None = None
    explicit_max_s: int = 0
    mount_max_s: int = 0
    mount_problem: str = ""
    renewable: bool = True
    num_uses: int = 0
    orphan: bool = False
    type: str = ""
    display_name: str = ""
    path: str = ""
    root: bool = False
    seen_ms: int | None = None
    unknown_ms: int | None = None
    problem: str = ""
    accessor_problem: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.source, self.name)

    @property
    def heard_ms(self) -> int | None:
        """When a look-up of it was last answered, in our clock: the answer may be that Vault does not know it."""
        return max(self.seen_ms, self.unknown_ms or 0) if self.seen_ms is not None else None


class VaultHealth(Fact, frozen=True):
    """What ``sys/health`` says. Key: (source,). ``skew_ms`` is server clock minus ours."""

    source: str
    initialized: bool
    sealed: bool
    standby: bool
    version: str = ""
    skew_ms: int = 0

    @property
    def key(self) -> tuple[str]:
        return (self.source,)


AnyFact = (
    Workload
    | Pod
    | Event
    | Revision
    | LogTail
    | Job
    | Build
    | BuildDetails
    | QueueItem
    | Executors
    | Token
    | VaultHealth
)


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """A whole sweep: every fact of ``kind`` in ``scope`` of ``source``, so that what is not in it has gone.

    ``kind`` is the class of the facts (``Pod``); ``subkind`` narrows it where one class stands for several kinds
    (``Deployment`` of ``Workload``), empty for all of them. ``scope`` is a namespace, or empty for all. An older sweep
    never replaces a newer one: ``order`` rises with the moment at which a sweep began, whatever is done to the clock;
    it is 0 where sweeps come one after the other. ``over``: the scope itself has gone, and nobody looks there any more.
    """

    source: str
    kind: type
    facts: tuple[AnyFact, ...]
    started_ms: int
    at_ms: int
    scope: str = ""
    subkind: str = ""
    order: int = 0
    over: bool = False


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed since the last sweep: facts seen, in order, and keys that have gone.

    A key that is both gone and seen in one message was replaced; ``gone`` is applied first. Of builds it has jobs
    (source and name) that are others now: all their builds have gone; jobs that ``moved``, which is applied before that
    and all at once, have their builds by another name. ``heard_ms``: when the
    stream had last told something before this, so that all of it has happened since; None where it came as it happened.
    """

    source: str
    kind: type
    at_ms: int
    heard_ms: int | None = None
    seen: tuple[AnyFact, ...] = ()
    gone: tuple[tuple[object, ...], ...] = ()
    moved: tuple[JobMove, ...] = ()


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a visit to a source: a fact about the source itself, sent after each visit, failed or not.

    ``source`` is ``kubernetes/<cluster>``, ``jenkins`` or ``vault``; ``scope`` is empty for the source as a whole, or
    the namespace that the outcome is about (a namespace we may not read). ``problem`` is one word when not ok:
    Unreachable, Timeout, Unauthorized, Forbidden, ServerError, RateLimited (it asks for fewer requests), NotJson,
    Sealed, Empty, Gone, Misconfigured, NoAccess, Standby (a Vault node whose answers may be old), SkewedClock (of the
    scope ``clock``) or Internal (a fault of ours). ``message`` is one sentence with how to mend it, ``detail`` a
    version or who we are. ``live`` says that a stream is open and that silence means "no change" rather than "not
    asked". ``heard_ms`` is when the quietest of its streams last told something, so that what was there then is known;
    None where the answer itself tells all. ``asked_ms`` is when the oldest request began whose answer is told of, where
    that is not ``took_ms`` ago. ``shown`` is how many things a source showed that counts them (a Jenkins its
    jobs), ``who`` the user that it shows them to.
    """

    source: str
    ok: bool
    at_ms: int
    scope: str = ""
    problem: str = ""
    message: str = ""
    detail: str = ""
    took_ms: int = 0
    next_try_ms: int | None = None
    live: bool = False
    heard_ms: int | None = None
    asked_ms: int | None = None
    shown: int | None = None
    who: str = ""

    @property
    def began_ms(self) -> int:
        """When the oldest request began whose answer it tells of."""
        return self.at_ms - self.took_ms if self.asked_ms is None else self.asked_ms


class KnownUntil(msgspec.Struct, frozen=True, kw_only=True):
    """Until when what is told of a kind in a scope is known to hold: later nobody saw what becomes of it.

    ``until_ms`` is None while it is seen as it happens. ``kind``, ``subkind`` and ``scope`` are those of a sweep.
    ``broken``: it should be seen and is not, other than what is polled, or was not heard for a while.
    """

    source: str
    kind: type
    at_ms: int
    scope: str = ""
    subkind: str = ""
    until_ms: int | None = None
    broken: bool = False


Message = Swept | Changed | Visited | KnownUntil
