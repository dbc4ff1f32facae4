"""How often a job should run: as configured, or learnt from the runs that its timer has started."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from statusdesk.facts import Build

LEAST_INTERVALS = 3
NEWEST_RUNS = 20


class Period(NamedTuple):
    """How often, and which rule tells: ``configured`` or ``learnt``."""

    every_s: float
    rule: str


def period_of(builds: Sequence[Build], configured_s: float | None) -> Period | None:
    """Return how often a job should run; None where nothing is configured and too few timed runs are known.

    The median is not moved by a run that a person started between two, nor by a night in which Jenkins was down.
    """
    if configured_s is not None:
        return Period(configured_s, "configured")
    starts = sorted(build.started_ms for build in builds if build.trigger == "timer" and build.started_ms)[
        -NEWEST_RUNS:
    ]
    between = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
    if len(between) < LEAST_INTERVALS:
        return None
    every_ms = statistics.median(between)
    return Period(every_ms / 1000, "learnt") if every_ms > 0 else None
