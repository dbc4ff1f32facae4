"""The opinions about what is in Vault: tokens, and what their renewals gave."""

import msgspec

from statusdesk.state import Level, Stamped

NO_NEWS, UNREAD = "NoNews", "NotLookedUp"
OF_ITS_TIME = frozenset(
    {
        *("RenewalMissed", "LapsesBeforeNextRun", "LapsesSoon", "RunningDown", "RenewalFailed", "NotRenewed"),
        *("NeverSurvives", "RenewalShortened", "RenewalShrinks", "AtCap", "NearsCap", "NotRenewable", "ParentLapses"),
        *("Lapsed", "Gone", NO_NEWS),
    }
)
"""The reasons that are about a token's renewal or its end: its uses and what it may do are told by themselves."""
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
    the token: ``job green, token dying``, ``job red, token lapses``, ``job disabled``, ``job has not run`` or empty;
    ``said_number`` is the run of which it says that, an earlier one than the last where that tells nothing.
    ``blamed_url``: the run by which it was judged, where one was. ``judged_by`` tells settings from others.
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
    said_number: int | None = None
    blamed_url: str = ""
    judged_by: str = ""
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
    def is_unread(self) -> bool:
        """Whether it cannot be looked up though Vault answers, or by no accessor that is known to be its own."""
        return self.reason == UNREAD

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
