"""What all states have in common: a level, and what the writer adds to every row."""

import enum

import msgspec


class Level(enum.StrEnum):
    """How it stands. Failing, unknown and stale are three different things."""

    OK = "ok"
    PROGRESSING = "progressing"
    SCALING = "scaling"
    PAUSED = "paused"
    IDLE = "idle"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"


TROUBLED = (Level.FAILING, Level.WARNING)
"""What somebody should look at, worst first."""

CALM = frozenset({Level.OK, Level.IDLE})
"""Well, and nothing moves: what a list of troubles leaves out, and of what an age is told rather than a trouble."""

HEALTHY = frozenset({Level.OK, Level.SCALING})
"""All of it serves: fewer or more pods of the same are no trouble, and a soak goes on."""

RESTING = CALM | {Level.SCALING, Level.PAUSED}
"""Neither on its way to a new version nor in trouble: nothing need be counted or asked."""


class Stamped(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the writer adds to every row.

    ``since_ms``: start of the period in which level, reason, version and revision were as they are. ``level_since_ms``:
    since when the level is as it is. ``seen_ms``: last time the fact was confirmed. ``until_ms``: when it was gone, or
    None. ``change``: number of the write that last touched the row.
    """

    since_ms: int = 0
    level_since_ms: int = 0
    seen_ms: int = 0
    until_ms: int | None = None
    change: int = 0
