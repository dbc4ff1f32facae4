"""The life of one token as numbers: what the rules look at, and when they must look again."""

from collections.abc import Sequence

import msgspec

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.grants import missed, overdue_after_ms, survived
from statusdesk.judge.periods import BURST
from statusdesk.judge.token_grants import Effect, effect, grant_of, of_this_token
from statusdesk.judge.token_rhythm import Rhythm, rhythm_of
from statusdesk.states import Grant, Level
from statusdesk.text import iso

CAP_TOLERANCE_MS = 2000
ROLE_PATH = "auth/token/create/"

Verdict = tuple[Level, str, str]

_LEAST_WITNESS_MS = 15_000
_WITNESS_POLLS = 3


class Life(msgspec.Struct, kw_only=True):
    """One token at one moment. All times are in the server's clock, but for those named ``our_``.

    ``now_ms`` stands still at the last good answer while Vault gives no news. ``since_ms``: since when, as of the last
    look-up, it was not renewed. ``heard_ms``: when a look-up of it was last answered. ``looks`` collects the moments at
    which time alone may change the verdict.
    """

    token: Token
    settings: TokenSettings
    issue_ms: int | None
    expire_ms: int | None
    from_ms: int | None
    granted_ms: int | None
    rhythm: Rhythm | None
    grants: list[Grant]
    effect: Effect
    cap_ms: int | None
    now_ms: int
    seen_ms: int
    heard_ms: int
    skew_ms: int
    poll_ms: int
    looks: list[int]

    @property
    def renewable(self) -> bool:
        """Whether Vault renews it at all."""
        return self.token.renewable

    @property
    def every_ms(self) -> int | None:
        """How often it is renewed, of an uneven timer at the longest; None where nobody knows."""
        return self.rhythm.every_ms if self.rhythm is not None else None

    @property
    def is_uneven(self) -> bool:
        """Whether nobody can tell which of its renewals is due next, only how far apart they are at most."""
        return self.rhythm is not None and self.rhythm.is_uneven

    @property
    def our_seen_ms(self) -> int:
        """When it was looked up last, in our clock."""
        return self.seen_ms - self.skew_ms

    @property
    def skewed_from_ms(self) -> int:
        """The last renewal, or the making, in our clock."""
        return (self.from_ms or 0) - self.skew_ms

    @property
    def when(self) -> str:
        """The end, in words; in our clock."""
        return moment(self.expire_ms - self.skew_ms) if self.expire_ms is not None else "never"

    @property
    def at_cap(self) -> bool:
        """Whether renewals no longer extend it."""
        if self.expire_ms is None or self.token.last_renewal_ms is None:
            return False
        known = self.cap_ms is not None and self.expire_ms >= self.cap_ms - CAP_TOLERANCE_MS
        return known or self.effect is Effect.AT_CAP

    @property
    def is_end_seen(self) -> bool:
        """Whether its end was looked at until shortly before, so that it was not renewed unseen and died otherwise."""
        return self.expire_ms is not None and is_witnessed(self.expire_ms, self.seen_ms, self.poll_ms)

    @property
    def due_ms(self) -> int | None:
        """When the next renewal is expected, of an uneven timer at the earliest; None where nobody knows how often."""
        if self.rhythm is None or self.from_ms is None:
            return None
        return self.from_ms + min(self.rhythm.gaps_ms or (self.rhythm.every_ms,))

    @property
    def overdue_ms(self) -> int | None:
        """The moment from which on a renewal has been missed; None where the interval is not known."""
        if self.every_ms is None or self.from_ms is None:
            return None
        return self.from_ms + overdue_after_ms(self.every_ms, self.poll_ms)

    @property
    def is_overdue(self) -> bool:
        """Whether a renewal has been missed, as of the last look-up."""
        return self.overdue_ms is not None and self.seen_ms > self.overdue_ms

    @property
    def may_be_due(self) -> bool:
        """Whether time alone tells: no renewal is awaited, or that of an uneven timer came at no other time so late."""
        if self.rhythm is None or self.is_overdue or self.from_ms is None:
            return True
        return self.is_uneven and self.seen_ms > self.from_ms + self.rhythm.every_ms * (1 + BURST) + self.poll_ms

    @property
    def missed(self) -> int:
        """How many were missed; of an uneven timer so many at least."""
        if self.rhythm is None or not self.is_overdue or self.from_ms is None:
            return 0
        return missed(self.seen_ms - self.from_ms, self.rhythm.runs_in)

    @property
    def survives(self) -> int | None:
        """How many more runs in a row may be missed: of those that the last grant lives through, what is left.

        Of an uneven timer whose runs are missed it is not known which these were: the time that is left tells.
        """
        if self.rhythm is None or self.granted_ms is None:
            return None
        runs = survived(self.granted_ms, self.rhythm.lived_through, self.missed)
        if self.missed and self.is_uneven and self.expire_ms is not None:
            runs = min(runs, survived(self.expire_ms - self.seen_ms, self.rhythm.runs_in, 0))
        return runs

    def reached(self, moment_ms: int) -> bool:
        """Return whether that moment has come; if not, remember to look again then."""
        if moment_ms <= self.now_ms:
            return True
        self.looks.append(moment_ms)
        return False

    def heard(self, moment_ms: int) -> bool:
        """Return whether it was looked up since that moment: a renewal may have been missed before it, or not seen."""
        if moment_ms <= self.heard_ms:
            return True
        if moment_ms > self.now_ms:
            self.looks.append(moment_ms)
        return False


def life_of(
    token: Token,
    key: str,
    settings: TokenSettings | None,
    grants: Sequence[Grant],
    now_ms: int,
    *,
    skew_ms: int,
    poll_s: float,
) -> Life:
    """Return the life of a token that is there; ``grants`` are all that are kept, oldest first."""
    rules = settings if settings is not None else TokenSettings(name=token.name, accessor="")
    last = grant_of(token, key, skew_ms)
    mine = of_this_token(grants, token.issue_ms)
    if last is not None and (not mine or mine[-1].renewed_ms < last.renewed_ms):
        mine = [*mine, last]
    configured_s = rules.renew_every_s
    return Life(
        token=token,
        settings=rules,
        issue_ms=token.issue_ms,
        expire_ms=token.expire_ms,
        from_ms=last.renewed_ms if last is not None else None,
        granted_ms=last.granted_ms if last is not None else None,
        rhythm=rhythm_of(mine, configured_s) if configured_s is not None or token.renewable else None,
        grants=mine,
        effect=effect(last, mine[:-1]) if last is not None else Effect.NONE,
        cap_ms=_cap_ms(token, mine),
        now_ms=now_ms + skew_ms,
        seen_ms=(token.seen_ms if token.seen_ms is not None else now_ms) + skew_ms,
        heard_ms=(token.heard_ms if token.heard_ms is not None else now_ms) + skew_ms,
        skew_ms=skew_ms,
        poll_ms=round(poll_s * 1000),
        looks=[],
    )


def _cap_ms(token: Token, grants: Sequence[Grant]) -> int | None:
    """Return the moment that no renewal passes, where it is known: that of a periodic token is its explicit one only.

    A renewal that went beyond what the mount allows shows that this is not its cap.

    Source: the cap counts from ``issue_time``; a mount's ``max_lease_ttl`` does not touch periodic tokens.
    """
    if token.issue_ms is None or token.expire_ms is None:
        return None
    limits = [token.explicit_max_s] if token.explicit_max_s > 0 else []
    if token.mount_max_s > 0 and not _may_be_periodic(token):
        end_ms = token.issue_ms + token.mount_max_s * 1000 + CAP_TOLERANCE_MS
        if not any(grant.expire_ms > end_ms for grant in grants if grant.renewed_ms > token.issue_ms):
            limits.append(token.mount_max_s)
    return token.issue_ms + min(limits) * 1000 if limits else None


def _may_be_periodic(token: Token) -> bool:
    """Tell whether a token has a period, or may have one by its role, which no look-up shows.

    Source: ``token_period`` of a token role (``auth/token/create/<role>``) is not among the fields of a look-up.
    """
    return bool(token.period_s) or token.path.startswith(ROLE_PATH)


def is_witnessed(end_ms: int, seen_ms: int | None, poll_ms: int) -> bool:
    """Whether a token was seen alive so shortly before an end that nobody can have moved it unseen."""
    return seen_ms is not None and seen_ms >= end_ms - max(_LEAST_WITNESS_MS, _WITNESS_POLLS * poll_ms)


def moment(ms: int) -> str:
    """Return a moment as messages have it: UTC, to the minute."""
    return iso(ms)[:16].replace("T", " ") + "Z"
