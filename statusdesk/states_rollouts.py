"""The opinions about what runs in Kubernetes: rollouts, their pods, and what was kept of those that failed."""

import msgspec

from statusdesk.facts import Condition, Container, Event
from statusdesk.state import Level, Stamped


class LostNode(msgspec.Struct, frozen=True, gc=False):
    """A node of which nothing is heard, with how many pods of a workload went with it, and since when the first did."""

    node: str
    pods: int
    since_ms: int


class RolloutState(Stamped, frozen=True, kw_only=True, gc=False):
    """One revision of a workload being made real. Key: ``cluster/namespace/kind/name``.

    ``build`` is what the workload's annotation says; ``build_job``, ``build_number`` and ``build_url`` are of the
    Jenkins build that did it, told by the rule ``build_rule`` (a ``BuildRule``); with ``NONE`` they are of the build
    whose version came back, if one did. ``deadline_ms`` is Kubernetes' own, ``fails_ms`` when a warning becomes failing
    if nothing changes, None where time alone does not decide. ``conditions`` are those of the workload while it is
    neither well nor at rest. ``started_ms`` is when the newest revision's rollout began, ``rolling_since_ms`` since
    when it is on its way without having come through, None when it is not. ``ready`` counts pods of every revision,
    ``new_ready`` those of the newest one while it is being made real, and is None when it is not. ``init_ms`` is how
    long each init container takes as a rule, ``evicted`` counts the pods that nodes have put out and that were left
    lying about, ``evicted_from`` those of each node. ``lost``: the nodes with which pods of it went. ``is_out``:
    nobody has been served for long while a rollout is under way that found a service. ``well_since_ms``: see
    ``judge.soaking``. ``found``: what ``message`` begins with, where the rest of it changes while that is held.
    ``version`` is the one that is asked for. ``held_by``: what keeps pods of another one (``held_version``, empty when
    nobody knows it, here since ``held_since_ms``) from it though nothing is under way; empty while nothing does. Where
    pods do not tell their version the two are of those that are left while a rollout is under way, too.
    """

    key: str
    cluster: str
    namespace: str
    kind: str
    name: str
    app: str
    level: Level
    reason: str = ""
    message: str = ""
    version: str = ""
    revision: str = ""
    look: str = ""
    pod: str = ""
    container: str = ""
    exit_code: int | None = None
    image: str = ""
    digest: str = ""
    previous_version: str = ""
    desired: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    new_ready: int | None = None
    started_ms: int | None = None
    rolling_since_ms: int | None = None
    deadline_ms: int | None = None
    fails_ms: int | None = None
    version_since_ms: int | None = None
    build: str = ""
    build_job: str = ""
    build_number: int | None = None
    build_url: str = ""
    build_rule: str = ""
    cause: str = ""
    cause_key: str = ""
    cause_ms: int | None = None
    conditions: tuple[Condition, ...] = ()
    init_ms: tuple[tuple[str, int], ...] = ()
    evicted: int = 0
    evicted_from: tuple[tuple[str, int], ...] = ()
    lost: tuple[LostNode, ...] = ()
    is_out: bool = False
    well_since_ms: int | None = None
    found: str = ""
    held_by: str = ""
    held_version: str = ""
    held_since_ms: int | None = None

    @property
    def is_held_whole(self) -> bool:
        """Whether no pod of it runs the version that is asked for, and none will by itself."""
        return bool(self.held_by) and not self.updated

    @property
    def runs(self) -> str:
        """The version by which it is known: what is asked for, unless that is held back from all pods."""
        return self.held_version if self.is_held_whole else self.version

    @property
    def runs_since_ms(self) -> int | None:
        """Since when that version is here."""
        return self.held_since_ms if self.is_held_whole else self.version_since_ms

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of its pods, that of ``runs`` first; while one is rolled out, that one alone."""
        return (self.runs, self.held_version) if self.held_by and self.updated else (self.runs,)

    @property
    def is_only_lost(self) -> bool:
        """Whether all that is wrong is that nothing is heard of nodes that have pods of it."""
        return self.level is Level.UNKNOWN and bool(self.lost)

    @property
    def come(self) -> int:
        """How many of the pods that are wanted are ready: of the newest revision while it is being made real.

        Those that are one too many, because fewer are wanted now, are still counted until they end.
        """
        return min(self.ready if self.new_ready is None else self.new_ready, self.desired)


class PodState(msgspec.Struct, frozen=True, gc=False):
    """One pod for the detail views; only its current row is kept. Key: ``cluster/namespace/name``.

    ``workload`` is the key of its rollout, ``new`` says that it belongs to the newest revision, ``status`` is the text
    that ``kubectl get pods`` shows; ``ready`` and ``total`` count containers, ``unready`` says that the pod as a whole
    is not ready, whatever its containers are: a readiness gate is closed, or nothing is heard from its node.
    ``leftover``: the word for one that has ended (Evicted) and was left lying about, which counts for nothing.
    """

    key: str
    cluster: str
    namespace: str
    name: str
    workload: str
    uid: str = ""
    revision: str = ""
    new: bool = True
    status: str = ""
    ready: int = 0
    total: int = 0
    unready: bool = False
    leftover: str = ""
    restarts: int = 0
    node: str = ""
    created_ms: int | None = None
    deleting_ms: int | None = None
    containers: tuple[Container, ...] = ()
    until_ms: int | None = None
    change: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether Kubernetes counts it as ready: its containers are, and nothing else holds it back."""
        return self.total > 0 and self.ready == self.total and not self.unready

    @property
    def is_held(self) -> bool:
        """Whether it is not ready though all of its containers are."""
        return self.total > 0 and self.ready == self.total and self.unready


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a rollout looked like when it began to fail. Key: (key, since_ms, pod, container, previous).

    ``since_ms`` is when the failing period began: it lies within [``level_since_ms``, ``since_ms``] of any failing
    period of that revision. There is a row for each run of the container that has a log, the present one and the one
    before (``previous``), or one row without ``lines`` when there is none; ``problem`` says why. ``container`` is empty
    when none is to blame. All text is redacted. ``state`` holds the container's state, at most one.
    """

    key: str
    since_ms: int
    pod: str = ""
    container: str = ""
    previous: bool = False
    at_ms: int = 0
    reason: str = ""
    revision: str = ""
    lines: tuple[str, ...] = ()
    problem: str = ""
    events: tuple[Event, ...] = ()
    state: tuple[Container, ...] = ()
    change: int = 0
