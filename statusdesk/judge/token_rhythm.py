"""How often a token is renewed: as configured, or learnt as the period of a job is; and what that means of its life."""

from collections.abc import Sequence
from itertools import accumulate

import msgspec

from statusdesk.grants import SLACK
from statusdesk.judge.periods import (
    DAILY_MS,
    HOUR_MS,
    LONGEST,
    NIGHT_MS,
    SIMILAR,
    WEEKEND_MS,
    Period,
    gaps_of,
    learnt_of,
    stretches_of,
    without_bursts,
)
from statusdesk.states import Grant

DAY_MS = 24 * HOUR_MS
FEW_GAPS = 8
EVEN_BY = 1.1
"""Of runs that are less alike it is not told how many were missed, only how many at least."""
_RESTS = (
    (SIMILAR * HOUR_MS, DAILY_MS, DAY_MS - NIGHT_MS),
    (DAILY_MS, WEEKEND_MS, 7 * DAY_MS - WEEKEND_MS),
)
"""What comes as often may rest by night, or at weekends, as long as it was not seen to go on for longer than that."""


class Rhythm(msgspec.Struct, frozen=True):
    """How often, and which rule tells: ``configured``, ``learnt`` or ``longest`` (learnt, of an uneven timer).

    ``gaps_ms``: of an uneven timer those that were seen, none longer than ``every_ms``; else they are all alike.
    """

    every_ms: int
    rule: str
    gaps_ms: tuple[int, ...] = ()

    @property
    def is_uneven(self) -> bool:
        """Whether the times between its runs are not all alike."""
        return bool(self.gaps_ms)

    def longest_ms(self, runs: int) -> int:
        """Return in how long a time so many runs come at the latest, whichever came before them."""
        gaps = self.gaps_ms or (self.every_ms,)
        at_ms = list(accumulate(gaps, initial=0))
        rounds, rest = divmod(runs, len(gaps))
        return rounds * at_ms[-1] + max(after - before for before, after in zip(at_ms, at_ms[rest:], strict=False))

    def runs_in(self, time_ms: int) -> int:
        """Return how many runs come at least in a time that begins with one, which does not count."""
        gaps = self.gaps_ms or (self.every_ms,)
        rounds, rest_ms = divmod(max(0, time_ms), sum(gaps))
        beside = (runs for runs in range(len(gaps) - 1, 0, -1) if self.longest_ms(runs) <= rest_ms)
        return rounds * len(gaps) + next(beside, 0)


def rhythm_of(grants: Sequence[Grant], configured_s: float | None) -> Rhythm | None:
    """Return how often a token is renewed; None where its renewals do not tell.

    The time from its making to its first renewal says nothing about the renewals.
    """
    if configured_s is not None:
        return Rhythm(round(configured_s * 1000), "configured")
    renewed = [grant.renewed_ms for grant in grants if grant.issue_ms is None or grant.renewed_ms > grant.issue_ms]
    period = learnt_of(renewed, even_by=EVEN_BY)
    if period is None or _may_rest(renewed, period):
        return None
    every_ms = round(period.every_s * 1000)
    if period.rule != LONGEST:
        return Rhythm(every_ms, period.rule)
    gaps = gaps_of(without_bursts(sorted(set(renewed)), every_ms))
    return Rhythm(every_ms, period.rule, tuple(min(gap, every_ms) for gap in gaps))


def _may_rest(renewed: Sequence[int], period: Period) -> bool:
    """Whether nobody can tell yet, of renewals that seem even: only what came since we look at the token is known.

    It may rest by night, or at weekends, as long as it was never renewed through one. And where few renewals are
    known, a rest that was as long as they go on without one may come again.
    """
    if period.rule == LONGEST:
        return False
    every_ms = period.every_s * 1000
    gaps = gaps_of(sorted(set(renewed)))
    most_ms = max(sum(part) for part in stretches_of(gaps, (1 + SLACK) * every_ms))
    if any(least_ms <= every_ms < below_ms and most_ms <= on_ms + every_ms / 2 for least_ms, below_ms, on_ms in _RESTS):
        return True
    return len(gaps) < FEW_GAPS and max(gaps) > most_ms
