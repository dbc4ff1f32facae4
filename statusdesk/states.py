"""The opinions: a level, a one-word reason and a one-sentence message about a key, as the store keeps them.

Each class is one kind of row; its fields are the columns of that kind, in order. ``judge`` makes them without the
fields of ``Stamped``, which the writer fills in. They are declared by what they are about, in ``states_*``, and taken
from here.
"""

import msgspec

from statusdesk.facts import Build, Executors, Job, QueueItem
from statusdesk.state import CALM as CALM
from statusdesk.state import HEALTHY as HEALTHY
from statusdesk.state import RESTING as RESTING
from statusdesk.state import TROUBLED as TROUBLED
from statusdesk.state import Level, Stamped
from statusdesk.states_alerts import AlertState, MutedThere, PostedThere, Silence
from statusdesk.states_builds import BuildRule as BuildRule
from statusdesk.states_builds import BuildState, EnvironmentHours, EnvironmentState, JobEvent, PlatformState
from statusdesk.states_builds import RunningBuild as RunningBuild
from statusdesk.states_rollouts import Evidence, LostNode, PodState, RolloutState
from statusdesk.states_sources import BLIND as BLIND
from statusdesk.states_sources import NO_ACCESS as NO_ACCESS
from statusdesk.states_sources import SourceState
from statusdesk.states_sources import source_key as source_key
from statusdesk.states_tokens import NO_NEWS as NO_NEWS
from statusdesk.states_tokens import OF_ITS_TIME as OF_ITS_TIME
from statusdesk.states_tokens import UNREAD as UNREAD
from statusdesk.states_tokens import Grant, TokenState

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
    queue, and so are ``executors``, ``environment_hours`` and ``renamed``; None when they are as they were.
    ``posts`` is None of the past: what Alertmanagers took then is not kept.
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
    executors: tuple[Executors, ...] | None = None
    platform: tuple[PlatformState, ...] = ()
    environments: tuple[EnvironmentState, ...] = ()
    environment_hours: tuple[EnvironmentHours, ...] | None = None
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
