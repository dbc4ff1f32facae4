"""The immutable picture that screens, ``status`` and ``gate`` draw from, built from the store's rows."""

import enum
from collections.abc import Mapping

import msgspec

from statusdesk.facts import Executors, Job, QueueItem
from statusdesk.states import (
    AlertState,
    BuildState,
    Collector,
    EnvironmentHours,
    EnvironmentState,
    Level,
    MutedThere,
    PlatformState,
    PostedThere,
    RolloutState,
    Silence,
    SourceState,
    TokenState,
)
from statusdesk.text import counted

STALE = "Stale"
"""The reason of a cell whose source gives no news; of one whose namespace may not be read it is ``NO_ACCESS``."""


class Mark(enum.StrEnum):
    """The glyph of a cell or a row; ``marks.GLYPHS`` gives its character, ASCII form and word."""

    OK = "ok"
    PROGRESSING = "progressing"
    WARNING = "warning"
    FAILING = "failing"
    ON_ITS_WAY = "on-its-way"  # row only: failing before production, with a version that production does not have
    SOAKING = "soaking"
    BLOCKED = "blocked"
    PAUSED = "paused"
    HELD = (
        "held-back"  # cell only: well, and another version is asked for that some of its pods, or all, are not to run
    )
    IDLE = "idle"
    UNKNOWN = "unknown"
    SKEW = "skew"  # this stage runs an older version than a later one
    ABSENT = "absent"  # the app is not here, though it is in other stages
    NO_ACCESS = "no-access"


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout of which nobody knows how it is now: ``known_ms`` the last good answer, ``closed``: no access."""

    key: str
    known_ms: int | None = None
    closed: bool = False


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One app in one stage. ``level`` is the effective one: unknown when its source is stale or lost.

    ``last_level`` is what was last known. ``version`` is the one that the worst rollout runs; ``tint`` numbers the
    versions of a row in order of age (0 = oldest), so that equal versions look alike. ``drift``: how many distinct
    versions this stage is behind the one to its left. ``digest_differs``: same tag as to its left, another image
    digest. ``faults`` are sentences about its newest deploys: one that failed, one that is green for a version that
    does not run. ``notes`` are worth knowing and no fault: a green build that changed nothing, a change without a
    build. ``silent`` are those of its rollouts whose cluster gives no news, whatever decides the cell.
    """

    stage: str
    mark: Mark
    level: Level
    last_level: Level
    version: str = ""
    reason: str = ""
    message: str = ""
    since_ms: int | None = None  # since when level (or, if ok, the version) is as it is
    ready: int = 0
    desired: int = 0
    tint: int = 0
    drift: int = 0
    digest_differs: bool = False
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rollouts: tuple[RolloutState, ...] = ()
    silent: tuple[Silent, ...] = ()

    @property
    def held(self) -> RolloutState | None:
        """The rollout whose version it shows, where an update of that is held back."""
        return self.rollouts[0] if self.rollouts and self.rollouts[0].held_by else None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One app across the stages, with what is bad about it in words.

    ``rank`` sorts worst and nearest to production first (lower is worse). ``cells`` has one entry per stage, None where
    the app never reaches. ``message`` is the second line: ``staging: init container … · next stop performance``.
    ``note`` stands there too, for some time: what is worth knowing of the builds of a row that is not bad.
    """

    app: str
    mark: Mark
    rank: tuple[int, ...]
    cells: tuple[Cell | None, ...]
    message: str = ""
    note: str = ""
    worst_stage: str = ""
    next_stop: str = ""
    version_ahead: str = ""
    build: BuildState | None = None
    builds: tuple[BuildState, ...] = ()

    @property
    def words(self) -> str:
        """The second line: what is bad, then what is worth knowing; empty for none."""
        return " \u00b7 ".join(filter(None, (self.message, self.note)))


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by mark, for the header."""

    failing: int = 0
    on_its_way: int = 0
    warning: int = 0
    moving: int = 0
    unknown: int = 0
    ok: int = 0


class LostNodeSum(msgspec.Struct, frozen=True, kw_only=True):
    """A node of which nothing is heard: told once, whatever number of workloads have pods there."""

    cluster: str
    node: str
    since_ms: int
    workloads: int
    pods: int

    @property
    def words(self) -> str:
        """What that means."""
        of = counted(self.workloads, "workload")
        return f"nothing is known of {counted(self.pods, 'pod')} of {of}"


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """One source as the header shows it; ``age_ms`` since the last good visit, None when never."""

    state: SourceState
    level: Level
    age_ms: int | None
    words: str


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All of it at one moment. ``data_age_ms``: age of the oldest source, None when nothing was ever seen.

    ``collector_lost_ms`` is how long no collector has beaten, None when one does; ``collector_problem`` is then why the
    console that reads could not start one. ``quiet_since_ms``: when the last row that was not well became well, None if
    unknown or not all is well. ``stages``: names in order, and ``production`` the index of production in it.
    ``unattributed``: the keys of builds without a namespace, of jobs that deploy as far as is known, or make or destroy
    environments. ``environment_hours``: what those that are down now add to the hours up of the week; not told of the
    past. ``incomplete_jobs``: the jobs that make or destroy environments with builds that are not told, so that what is
    up is not known for sure; ``unread``: all jobs with builds that are not told, older or newer ones or single ones
    that cannot be read, by source and name. ``all_well``: at least one row, all of them well or moving, every source
    answers, no token runs out, nothing fires, a collector works. ``lost_nodes``: the nodes of which nothing is heard,
    by cluster and name. ``posts``: what Alertmanagers have taken; None: not known, of the past.
    """

    at_ms: int
    change: int
    title: str
    stages: tuple[str, ...]
    production: int
    rows: tuple[Row, ...]
    counts: Counts
    sources: tuple[SourceView, ...]
    tokens: tuple[TokenState, ...]
    firing: tuple[AlertState, ...]
    builds: tuple[BuildState, ...]
    data_age_ms: int | None = None
    collector: Collector | None = None
    collector_lost_ms: int | None = None
    collector_problem: str = ""
    quiet_since_ms: int | None = None
    unattributed: frozenset[str] = frozenset()
    jobs: int = 0
    all_well: bool = False
    pending: tuple[AlertState, ...] = ()
    silences: tuple[Silence, ...] = ()
    muted: tuple[MutedThere, ...] = ()
    posts: tuple[PostedThere, ...] | None = None
    platform: tuple[PlatformState, ...] = ()
    environments: tuple[EnvironmentState, ...] = ()
    environment_hours: tuple[EnvironmentHours, ...] = ()
    incomplete_jobs: tuple[str, ...] = ()
    unread: Mapping[tuple[str, str], Job] = msgspec.field(default_factory=dict)
    queue: tuple[QueueItem, ...] = ()
    executors: tuple[Executors, ...] = ()
    lost_nodes: tuple[LostNodeSum, ...] = ()
