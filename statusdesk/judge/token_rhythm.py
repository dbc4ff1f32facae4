"""How often a token is renewed: as configured, or learnt as the period of a job is; and what that means of its life."""

from collections.abc import Collection, Sequence
from itertools import accumulate, pairwise

import msgspec

from statusdesk.grant_order import follows
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
NEAR = 0.01
"""By this share of its interval a learnt one may be off: the queue moves the runs a little."""
EVEN_BY = 1.1
"""Of runs that are less alike it is not told how many were missed, only how many at least."""
_RESTS = (
    (SIMILAR * HOUR_MS, DAILY_MS, DAY_MS - NIGHT_MS, NIGHT_MS),
    (DAILY_MS, WEEKEND_MS, 7 * DAY_MS - WEEKEND_MS, WEEKEND_MS + DAILY_MS),
)
"""What comes as often may rest by night, or at weekends, as long as it was not seen to go on for longer than that.

Last: how long such a rest is at least, so that no token has one whose renewals give less.
"""


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

    def lived_through(self, granted_ms: int) -> int:
        """Return how many runs come at least while a renewal lasts; what was learnt is exact to a hundredth only."""
        return self.runs_in(granted_ms + round(self.every_ms * NEAR) if self.rule == "learnt" else granted_ms)

    def runs_in(self, time_ms: int) -> int:
        """Return how many runs come at least in a time that begins with one, which does not count."""
        gaps = self.gaps_ms or (self.every_ms,)
        rounds, rest_ms = divmod(max(0, time_ms), sum(gaps))
        beside = (runs for runs in range(len(gaps) - 1, 0, -1) if self.longest_ms(runs) <= rest_ms)
        return rounds * len(gaps) + next(beside, 0)


def rhythm_of(grants: Sequence[Grant], configured_s: float | None) -> Rhythm | None:
    """Return how often a token is renewed; None where its renewals do not tell.

    The time from its making to its first renewal says nothing about the renewals, nor does one in which nobody looked.
    """
    if configured_s is not None:
        return Rhythm(round(configured_s * 1000), "configured")
    known = [grant for grant in grants if grant.issue_ms is None or grant.renewed_ms > grant.issue_ms]
    starts = sorted({grant.renewed_ms for grant in known})
    unseen = {after.renewed_ms for before, after in pairwise(known) if not follows(before, after)}
    most_ms = max((grant.granted_ms for grant in known), default=0)
    period = learnt_of(starts, even_by=EVEN_BY, unseen=unseen, most_ms=most_ms)
    if period is None or _may_rest(starts, unseen, period, most_ms):
        return None
    every_ms = round(period.every_s * 1000)
    if period.rule != LONGEST:
        return Rhythm(every_ms, period.rule)
    gaps = gaps_of(without_bursts(starts, every_ms))
    return Rhythm(every_ms, period.rule, tuple(min(gap, every_ms) for gap in gaps))


def _may_rest(starts: Sequence[int], unseen: Collection[int], period: Period, lives_ms: int) -> bool:
    """Whether nobody can tell yet, of renewals that seem even: only what came since we look at the token is known.

    It may rest by night, or at weekends, as long as it lives through one and was never renewed through one; those of an
    uneven timer are known, unless nobody looked. And where few renewals are known, a rest that was as long as they go
    on without one may come again.
    """
    every_ms = period.every_s * 1000
    longest_ms = (1 + SLACK) * every_ms
    even = period.rule != LONGEST
    if not even and not any(later in unseen and later - earlier > longest_ms for earlier, later in pairwise(starts)):
        return False
    most_ms = max(sum(part) for part in stretches_of(gaps_of(starts), longest_ms))
    for least_ms, below_ms, on_ms, rest_ms in _RESTS:
        if least_ms <= every_ms < below_ms and most_ms <= on_ms + every_ms / 2 and lives_ms >= rest_ms:
            return True
    gaps = gaps_of(starts, unseen)
    return even and len(gaps) < FEW_GAPS and max(gaps) > most_ms
