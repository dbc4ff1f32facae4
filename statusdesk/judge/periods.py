"""How often a job should run: as configured, or learnt from the runs that its timer has started."""

import datetime as dt
import math
import statistics
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from statusdesk.facts import Build

LEAST_INTERVALS = 3
NEWEST_RUNS = 30
HOUR_MS = 3_600_000
SIMILAR = 0.8  # gaps that are alike: the queue, and ``H`` in a timer's minutes, move a run a little
EVEN = 1.5  # a gap so many times the usual one is longer than it, and no more late
BURST = 0.05  # what follows after so small a part of the usual gap was started with the run before it
LONGEST_BURST = 0.25
OUTLIERS = 0.25  # so many gaps may be longer than what recurs: when Jenkins was down
FAR_OUT = 30
NIGHT_MS, DAILY_MS, WEEKEND_MS = 8 * HOUR_MS, 20 * HOUR_MS, 48 * HOUR_MS
SATURDAY = 5
LONGEST = "longest"


class Period(NamedTuple):
    """How often, and which rule tells: ``configured``, ``learnt`` or ``longest`` (learnt, of an uneven timer)."""

    every_s: float
    rule: str


def period_of(builds: Sequence[Build], configured_s: float | None) -> Period | None:
    """Return how often a job should run; None where nothing is configured and its timed runs do not tell."""
    if configured_s is not None:
        return Period(configured_s, "configured")
    return learnt_of([build.started_ms for build in builds if build.trigger == "timer" and build.started_ms])


def learnt_of(
    started_ms: Iterable[int],
    even_by: float = EVEN,
    *,
    unseen: Collection[int] = (),
    most_ms: float = math.inf,
) -> Period | None:
    """Return how often something is started by a timer; None where the times at which it began do not tell.

    ``even_by``: so many times the median is the longest gap that recurs of an even timer. ``unseen``: the starts before
    which there may have been others, so that the gap before each tells only that there is none longer. ``most_ms``: no
    gap can be longer.

    Of an even timer that is the median between its runs, which is moved neither by a run that a person started nor by
    a night in which Jenkins was down. Of an uneven one (twice a day, never at weekends) it is the longest gap that
    recurs, for no run is missed before that has passed. Runs that begin together count once.
    """
    known = sorted(set(started_ms))
    starts = known[-NEWEST_RUNS:]
    gaps = gaps_of(starts, unseen)
    usual_ms = _longest_recurring_ms(gaps)
    if len(gaps) < LEAST_INTERVALS or usual_ms is None:
        return None
    hidden = {later for earlier, later in pairwise(known) if later in unseen and later - earlier > usual_ms}
    if _is_in_doubt(gaps_of(starts, hidden), usual_ms, gaps_of(known, hidden)):
        return None
    once = gaps_of(without_bursts(starts, usual_ms), hidden)
    longest_ms = _longest_recurring_ms(once) or usual_ms
    median_ms = statistics.median(once)
    even = longest_ms <= even_by * median_ms
    every_ms = median_ms if even else usual_ms
    if most_ms > WEEKEND_MS + SIMILAR * every_ms and _may_rest_at_weekends(starts, every_ms, even):
        return None
    return Period(every_ms / 1000, "learnt" if even else LONGEST)


def gaps_of(starts: Sequence[int], unseen: Collection[int] = ()) -> list[int]:
    """Return the times from each start to the next that is not ``unseen``, in their unit; the starts in their order."""
    return [later - earlier for earlier, later in pairwise(starts) if later not in unseen]


def stretches_of(gaps: Iterable[int], longest_ms: float) -> list[list[int]]:
    """Return the gaps that follow each other, in parts: those longer than this stand between the parts."""
    parts: list[list[int]] = [[]]
    for gap in gaps:
        if gap > longest_ms:
            parts.append([])
        else:
            parts[-1].append(gap)
    return parts


def _longest_recurring_ms(gaps: Sequence[int]) -> int | None:
    """Return the longest gap that was there twice."""
    ordered = sorted(gaps, reverse=True)
    return next((longer for longer, next_one in pairwise(ordered) if next_one >= SIMILAR * longer), None)


def _is_in_doubt(gaps: Sequence[int], usual_ms: int, known: Sequence[int]) -> bool:
    """Whether too much is longer than what recurs: a second run of the day, or many runs that begin together.

    ``known``: the gaps between all runs that are known.
    """
    longer = [gap for gap in gaps if gap > EVEN * usual_ms]
    if len(longer) > OUTLIERS * len(gaps):
        return True
    far_ms = max(longer, default=0)
    return far_ms > FAR_OUT * usual_ms and not _is_outage(far_ms, known)


def _is_outage(far_ms: int, known: Sequence[int]) -> bool:
    """Whether so long a gap was there once, and the runs beside it are more than what begins together."""
    alike = [gap for gap in known if SIMILAR * far_ms <= gap <= far_ms / SIMILAR]
    most = max(stretches_of(known, SIMILAR * far_ms), key=len)
    return len(alike) == 1 and (len(most) >= NEWEST_RUNS or sum(most) > LONGEST_BURST * far_ms)


def without_bursts(starts: Sequence[int], usual_ms: int) -> Sequence[int]:
    """Return the starts, of those that begin together the first."""
    first: list[int] = []
    before_ms = 0
    for start_ms in starts:
        if not first or start_ms - before_ms > BURST * usual_ms:
            first.append(start_ms)
        elif start_ms - first[-1] > LONGEST_BURST * usual_ms:
            return starts
        before_ms = start_ms
    return first if len(first) > LEAST_INTERVALS else starts


def _may_rest_at_weekends(starts: Sequence[int], every_ms: float, even: bool) -> bool:
    """Whether nobody can tell yet: it runs once a day or rests by night, and no run is known of any weekend."""
    if not (DAILY_MS if even else NIGHT_MS) <= every_ms < WEEKEND_MS:
        return False
    return all(dt.datetime.fromtimestamp(ms / 1000, dt.UTC).weekday() < SATURDAY for ms in starts)
