"""Vault tokens: how long each will live, whether it is renewed, and whether renewing still helps.

``expire_ms`` is the truth: an answer's ``ttl`` is whole seconds and old when it is read. Level rises at once and falls
only after a renewal has been seen.
"""

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.states import Level, TokenState
from statusdesk.text import iso

WARN_S = 24 * 3600.0
CRITICAL_S = 2 * 3600.0
TOLERANCE_MS = 2000  # an expiry at its cap moves back by up to this much, by rounding
SLACK = 0.25  # a renewal may come this share of its interval late
FEW_USES = 10
_GRANT_VERDICTS = ("AtCap", "RenewalShrinks", "RenewalShortened")

Verdict = tuple[Level, str, str]


def judge_token(token: Token, before: TokenState | None, settings: TokenSettings | None, now_ms: int) -> TokenState:
    """Judge a token; ``before`` is the previous verdict (its grant, and its times once the token is gone)."""
    issue_ms, expire_ms, renewed_ms = token.issue_ms, token.expire_ms, token.last_renewal_ms
    if token.gone and before is not None:
        issue_ms, expire_ms, renewed_ms = before.issue_ms, before.expire_ms, before.last_renewal_ms
    from_ms = renewed_ms if renewed_ms is not None else issue_ms
    granted_ms = expire_ms - from_ms if expire_ms is not None and from_ms is not None else None
    every_s = settings.renew_every_s if settings is not None else None
    level, reason, message = _judge(token, before, settings, expire_ms, granted_ms, from_ms, now_ms)
    return TokenState(
        key=f"{token.source}/{token.name}",
        source=token.source,
        name=token.name,
        level=level,
        reason=reason,
        message=message,
        own=token.own,
        accessor_tail=token.accessor_tail or (before.accessor_tail if before is not None else ""),
        issue_ms=issue_ms,
        expire_ms=expire_ms,
        last_renewal_ms=renewed_ms,
        granted_ms=granted_ms,
        period_s=token.period_s,
        explicit_max_s=token.explicit_max_s,
        renewable=token.renewable,
        num_uses=token.num_uses,
        renewal_job=settings.renewal_job if settings is not None else "",
        renew_every_s=round(every_s) if every_s is not None else None,
    )


def _judge(
    token: Token,
    before: TokenState | None,
    settings: TokenSettings | None,
    expire_ms: int | None,
    granted_ms: int | None,
    from_ms: int | None,
    now_ms: int,
) -> Verdict:
    if token.gone:
        return _gone(expire_ms, now_ms)
    if expire_ms is None:
        if token.root:
            return Level.WARNING, "RootToken", "it never expires and may do everything"
        return Level.OK, "NeverExpires", "it never expires"
    when = _moment(expire_ms)
    if expire_ms <= now_ms:
        return Level.FAILING, "Lapsed", f"lapsed at {when}"
    if token.num_uses and token.num_uses <= FEW_USES:
        critical = token.num_uses <= 1  # -1: its last use is going on
        uses = max(0, token.num_uses)
        return Level.FAILING if critical else Level.WARNING, "FewUses", f"{uses} uses are left of it"
    found = [
        _left(token, settings, expire_ms, granted_ms, now_ms),
        _grant(token, before, settings, expire_ms, granted_ms, now_ms),
        _renewals(settings, expire_ms, granted_ms, from_ms, now_ms),
    ]
    worst = [verdict for verdict in found if verdict is not None]
    for level in (Level.FAILING, Level.WARNING):
        for verdict in reversed(worst):  # what is known of its renewals says more than the time that is left
            if verdict[0] is level:
                return verdict
    if token.root:
        return Level.WARNING, "RootToken", f"it may do everything until {when}"
    return Level.OK, "Renewing" if token.last_renewal_ms is not None else "Running", f"good until {when}"


def _moment(ms: int) -> str:
    return iso(ms)[:16].replace("T", " ") + "Z"


def _gone(expire_ms: int | None, now_ms: int) -> Verdict:
    if expire_ms is None:
        return Level.FAILING, "Gone", "Vault does not know it: expired, revoked, or the accessor is wrong"
    if expire_ms <= now_ms:
        return Level.FAILING, "Gone", f"expired at {_moment(expire_ms)}"
    return Level.FAILING, "Gone", f"revoked before it would expire at {_moment(expire_ms)} (parent, uses, or by hand)"


def _left(
    token: Token, settings: TokenSettings | None, expire_ms: int, granted_ms: int | None, now_ms: int
) -> Verdict | None:
    """By the time that is left: never earlier than a third of the grant, at which every renewer renews."""
    warn_s = settings.warn_s if settings is not None else WARN_S
    critical_s = settings.critical_s if settings is not None else CRITICAL_S
    if granted_ms is not None and token.renewable:
        warn_s, critical_s = min(warn_s, granted_ms / 3000), min(critical_s, granted_ms / 10_000)
    left_s, when = (expire_ms - now_ms) / 1000, _moment(expire_ms)
    doing = "nobody has renewed it in time" if token.renewable else "it cannot be renewed"
    if left_s < critical_s:
        return Level.FAILING, "LapsesSoon", f"lapses at {when}, {doing}"
    if left_s < warn_s:
        return Level.WARNING, "RunningDown", f"lapses at {when}, {doing}"
    return None


def _grant(
    token: Token,
    before: TokenState | None,
    settings: TokenSettings | None,
    expire_ms: int,
    granted_ms: int | None,
    now_ms: int,
) -> Verdict | None:
    """By what the last renewal gave, held against the one before."""
    when = _moment(expire_ms)
    critical_s = settings.critical_s if settings is not None else CRITICAL_S
    near = expire_ms - now_ms < critical_s * 1000
    at_cap = Level.FAILING if near else Level.WARNING, "AtCap", f"renewals no longer extend it: re-issue before {when}"
    cap_ms = token.issue_ms + token.explicit_max_s * 1000 if token.explicit_max_s and token.issue_ms else None
    if cap_ms is not None and token.last_renewal_ms is not None and expire_ms >= cap_ms - TOLERANCE_MS:
        return at_cap
    if before is None or before.expire_ms is None or before.granted_ms is None or granted_ms is None:
        return None
    if token.last_renewal_ms == before.last_renewal_ms:
        if before.reason == "AtCap":
            return at_cap
        return (before.level, before.reason, before.message) if before.reason in _GRANT_VERDICTS else None
    if token.issue_ms != before.issue_ms or token.last_renewal_ms is None:
        return None  # another token under the same name
    moved_ms = expire_ms - before.expire_ms
    if abs(moved_ms) <= TOLERANCE_MS:
        return at_cap
    if moved_ms < 0:
        return Level.FAILING, "RenewalShortened", f"a renewal made it shorter: it lapses at {when}"
    if granted_ms < before.granted_ms - TOLERANCE_MS:
        return Level.WARNING, "RenewalShrinks", f"the last renewal gave less than the one before: lapses at {when}"
    return None


def _renewals(
    settings: TokenSettings | None, expire_ms: int, granted_ms: int | None, from_ms: int | None, now_ms: int
) -> Verdict | None:
    """By the schedule of its renewals, where it is configured."""
    every_s = settings.renew_every_s if settings is not None else None
    if settings is None or not every_s or from_ms is None or granted_ms is None:
        return None
    every_ms = every_s * 1000
    job = f" by {settings.renewal_job}" if settings.renewal_job else ""
    if granted_ms < every_ms:
        return Level.FAILING, "NeverSurvives", f"it lives shorter than the time between two renewals{job}"
    since_ms = now_ms - from_ms
    if since_ms <= every_ms * (1 + SLACK):
        return None
    missed = int(since_ms // every_ms)
    times = "once" if missed == 1 else "twice" if missed == 2 else f"{missed} times"
    next_ms = from_ms + (missed + 1) * every_ms
    if expire_ms <= next_ms:
        message = f"renewal missed {times}{job}: lapses at {_moment(expire_ms)}, before the next run"
        return Level.FAILING, "LapsesBeforeNextRun", message
    level = Level.FAILING if since_ms > every_ms * 2.5 else Level.WARNING
    return level, "RenewalMissed", f"renewal missed {times}{job}, last renewed {_moment(from_ms)}"
