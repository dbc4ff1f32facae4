"""The opinions: a level, a one-word reason and a one-sentence message about a key, as the store keeps them.

Each class is one kind of row; its fields are the columns of that kind, in order. ``judge`` makes them without the
fields of ``Stamped``, which the writer fills in.
"""

import msgspec

from statusdesk.facts import Build, Condition, Container, Event, Executors, Job, QueueItem
from statusdesk.state import CALM as CALM
from statusdesk.state import HEALTHY as HEALTHY
from statusdesk.state import RESTING as RESTING
from statusdesk.state import TROUBLED as TROUBLED
from statusdesk.state import Level, Stamped
from statusdesk.states_alerts import AlertState, MutedThere, PostedThere, Silence
from statusdesk.states_builds import BuildRule as BuildRule
from statusdesk.states_builds import BuildState, EnvironmentHours, EnvironmentState, JobEvent, PlatformState
from statusdesk.states_builds import RunningBuild as RunningBuild


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
    ``judge.soaking``.
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


NO_NEWS = "NoNews"
_UNRENEWED = ("RenewalMissed", "LapsesBeforeNextRun", "RunningDown", "LapsesSoon", "Lapsed", NO_NEWS)


class TokenState(Stamped, frozen=True, kw_only=True, gc=False):
    """How long a Vault token, secret-id or certificate (``kind``) will live. Key: ``source/name``.

    All times are in our clock; the server's was corrected by ``skew_ms``, its clock minus ours.
    ``granted_ms``: what the last renewal really gave.
    ``renew_every_s`` is told by ``every_rule``: ``configured``, ``learnt``, ``longest`` (learnt, and its renewals are
    uneven: the longest gap that recurs) or empty (not known).
    ``survives``: how many more missed runs in a row it lives through. ``next_renewal_ms``: when a renewal is due next,
    or was due when it is overdue; ``missed``: how many have been missed, at least where they are uneven. ``cap_ms``:
    the moment beyond which no renewal takes it.
    ``steady_since_ms``: since when every renewal came in time. ``dead_ms``: when it died, or the last moment at which
    it was seen alive. ``job_`` fields: the last run of the renewal job that has ended; ``job_says`` holds it against
    the token: ``job green, token dying``, ``job red, token lapses``, ``job disabled``, ``job has not run`` or empty.
    ``notes`` are worth knowing and no fault. ``accessor_problem``: with what ``message`` ends while the file with its
    accessor tells none: it is known by the one before, if at all.
    """

    key: str
    source: str
    name: str
    level: Level
    reason: str = ""
    message: str = ""
    kind: str = "token"
    own: bool = False
    owner: str = ""
    apps: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    accessor_tail: str = ""
    issue_ms: int | None = None
    expire_ms: int | None = None
    last_renewal_ms: int | None = None
    skew_ms: int = 0
    granted_ms: int | None = None
    period_s: int | None = None
    explicit_max_s: int = 0
    renewable: bool = True
    num_uses: int = 0
    orphan: bool = True
    parent: str = ""
    renewal_job: str = ""
    renew_every_s: int | None = None
    every_rule: str = ""
    survives: int | None = None
    next_renewal_ms: int | None = None
    missed: int = 0
    cap_ms: int | None = None
    at_cap: bool = False
    steady_since_ms: int | None = None
    dead_ms: int | None = None
    job_result: str = ""
    job_number: int | None = None
    job_ended_ms: int | None = None
    job_url: str = ""
    job_disabled: bool = False
    job_says: str = ""
    notes: tuple[str, ...] = ()
    accessor_problem: str = ""

    @property
    def identity(self) -> tuple[int | None, int | None]:
        """When it was issued, and last renewed, as the server told it: the same, whatever is done to our clock."""
        issue_ms, renewal_ms = self.issue_ms, self.last_renewal_ms
        return (
            issue_ms + self.skew_ms if issue_ms is not None else None,
            renewal_ms + self.skew_ms if renewal_ms is not None else None,
        )

    @property
    def is_dead(self) -> bool:
        """Whether it has died: lapsed before our eyes, or gone."""
        return self.reason in ("Gone", "Lapsed")

    @property
    def is_unseen(self) -> bool:
        """Whether its known end has passed, and nobody could look whether it has ended."""
        return self.reason == NO_NEWS

    @property
    def is_unrenewed(self) -> bool:
        """Whether its trouble is that its renewals were missed, so that a run of its renewal job helps."""
        if self.at_cap or not self.renewable:
            return False
        expired = self.reason == "Gone" and self.dead_ms is not None and self.dead_ms == self.expire_ms
        return expired or self.reason in _UNRENEWED

    def left_ms(self, now_ms: int) -> int | None:
        """Return how long it will live, as Vault has told: nothing once it is dead; None where no end is known."""
        if self.is_dead:
            return 0
        if self.level is Level.UNKNOWN or self.is_unseen:
            return None
        return max(0, self.expire_ms - now_ms) if self.expire_ms is not None else None


class Grant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one renewal of a token gave, in the server's clock. Key: (key of the token, ``renewed_ms``).

    ``issue_ms`` tells the tokens apart that had the same name one after the other. ``seen_ms``: when it was last looked
    up and not renewed since; None where that was not kept.
    """

    key: str
    renewed_ms: int
    expire_ms: int
    granted_ms: int
    issue_ms: int | None = None
    seen_ms: int | None = None


def source_key(source: str, scope: str = "") -> str:
    """Return the key of a source, or of one scope of it."""
    return f"{source}#{scope}" if scope else source


NO_ACCESS = "NoAccess"
"""The reason of a scope that answers, and does not let us read it."""


class SourceState(Stamped, frozen=True, kw_only=True, gc=False):
    """One source, or one scope of it (a namespace we may not read). Key: ``source`` or ``source#scope``."""

    key: str
    source: str
    scope: str
    level: Level
    reason: str = ""
    message: str = ""
    detail: str = ""
    last_ok_ms: int | None = None
    last_try_ms: int | None = None
    next_try_ms: int | None = None
    took_ms: int = 0
    live: bool = False

    @property
    def is_blind(self) -> bool:
        """Whether nothing can be said of what it tells about: it does not answer, or not what is asked."""
        return self.level in BLIND

    @property
    def is_closed_namespace(self) -> bool:
        """Whether it is a namespace that we may not read; what is looked up in one (``shop/events``) is none."""
        inside = self.source.startswith("kubernetes/") and self.scope and "/" not in self.scope
        return bool(inside) and self.reason == NO_ACCESS


BLIND = (Level.FAILING, Level.UNKNOWN)
"""Levels of a source at which nobody knows how things are there now."""

BOARD = "board"
"""The owner of a collector that a board has started: it tells nobody of alerts, and steps down for a ``watch``."""


class Collector(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The heartbeat of the collector process that writes the store."""

    pid: int
    owner: str
    started_ms: int
    beat_ms: int
    version: str = ""
    stopped_ms: int | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the store that changed after some change number (all that are not gone when that number was 0).

    ``gone_jobs`` are keys of jobs that have gone; other rows that have gone have ``until_ms``. ``queue`` is the whole
    queue, and ``renamed`` all renamings that are remembered, or None when they are as they were. ``posts`` is None of
    the past: what Alertmanagers took then is not kept.
    """

    change: int
    rollouts: tuple[RolloutState, ...] = ()
    builds: tuple[BuildState, ...] = ()
    tokens: tuple[TokenState, ...] = ()
    sources: tuple[SourceState, ...] = ()
    alerts: tuple[AlertState, ...] = ()
    silences: tuple[Silence, ...] = ()
    muted: tuple[MutedThere, ...] = ()
    posts: tuple[PostedThere, ...] | None = None
    jobs: tuple[Job, ...] = ()
    gone_jobs: tuple[tuple[str, str], ...] = ()
    renamed: tuple[JobEvent, ...] | None = None
    queue: tuple[QueueItem, ...] | None = None
    executors: tuple[Executors, ...] = ()
    platform: tuple[PlatformState, ...] = ()
    environments: tuple[EnvironmentState, ...] = ()
    environment_hours: tuple[EnvironmentHours, ...] = ()
    collector: Collector | None = None


__all__ = [
    "AlertState",
    "Build",
    "BuildState",
    "Changes",
    "Collector",
    "EnvironmentHours",
    "EnvironmentState",
    "Evidence",
    "Grant",
    "JobEvent",
    "Level",
    "LostNode",
    "PlatformState",
    "PodState",
    "RolloutState",
    "MutedThere",
    "PostedThere",
    "Silence",
    "SourceState",
    "Stamped",
    "TokenState",
]


Lasting = RolloutState | BuildState | TokenState | SourceState | PlatformState | EnvironmentState
"""The kinds of rows whose past is kept, period by period."""


class Transition(msgspec.Struct, frozen=True):
    """A key whose level, reason, version or revision is not what it was, or that has come or gone.

    ``before`` is None for a new key, and has ``until_ms`` set when the key was gone and came back; ``after`` has it
    set when the key has gone.
    """

    before: Lasting | None
    after: Lasting
