"""Vault tokens: how long each will live, whether it is renewed, and whether renewing still helps.

``expire_ms`` is the truth: an answer's ``ttl`` is whole seconds and old when it is read. Level rises at once and falls
only after a renewal has been seen.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.grants import survival
from statusdesk.judge.token_ancestors import by_ancestors, dead_one, named
from statusdesk.judge.token_doubts import SILENT, known_of, unseen, unseen_words
from statusdesk.judge.token_grants import steady_since_ms
from statusdesk.judge.token_jobs import Run, Said, of_job, renewer, says
from statusdesk.judge.token_life import Life, Verdict, is_witnessed, life_of, moment
from statusdesk.judge.token_rules import (
    by_cap,
    by_grant,
    by_renewable,
    by_root,
    by_schedule,
    by_time_left,
    by_uses,
    notes_of,
    worst_of,
)
from statusdesk.states import NO_NEWS, Grant, Level, TokenState

_RANK = {Level.OK: 0, Level.UNKNOWN: 0, Level.WARNING: 1, Level.FAILING: 2}
_LATER = ("Gone", "Lapsed", NO_NEWS, "ParentLapses")
"""What is not held until a renewal is seen: it depends on other things than the token's own time."""
_BY_RUN = ("RenewalFailed", "NotRenewed")
_NO_RUNS = ("AtCap", "NearsCap", "NeverSurvives", "NotRenewable", "FewUses", "ParentLapses")
"""What no run helps against."""
_LATE_LOOKS = 2
"""A look-up may come this many times as late as it should: one may fail."""


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a token when it is judged.

    ``grants``: all that are kept, oldest first, in the server's clock. ``ancestors``: those that it descends from,
    nearest first. ``skew_ms``: the server's clock minus ours.
    ``poll_s``: how late a renewal may be seen; ``looks_s``: how far apart look-ups of one token are at most, as long
    as Vault answers. ``heard_ms``: the last good answer when Vault gives no news, else None.
    ``alive_ms``: when the token was last seen alive.
    """

    grants: Sequence[Grant] = ()
    ancestors: Sequence[TokenState] = ()
    run: Run | None = None
    skew_ms: int = 0
    poll_s: float = 0.0
    looks_s: float = 300.0
    heard_ms: int | None = None
    alive_ms: int | None = None


class TokenVerdict(msgspec.Struct, frozen=True):
    """``look_again_ms``: when time alone may change the verdict."""

    state: TokenState
    look_again_ms: int | None


def judge_token(
    token: Token,
    before: TokenState | None,
    settings: TokenSettings | None,
    now_ms: int,
    around: Around | None = None,
) -> TokenVerdict:
    """Judge a token; ``before`` is the previous verdict (its times once the token is gone, its level until renewed)."""
    around = around or Around()
    key = f"{token.source}/{token.name}"
    if token.gone:
        return TokenVerdict(_gone(token, key, before, settings, now_ms, around), None)
    at_ms = min(now_ms, around.heard_ms) if around.heard_ms is not None else now_ms
    life = life_of(token, key, settings, around.grants, at_ms, skew_ms=around.skew_ms, poll_s=around.poll_s)
    verdict, blamed_url = _judge(life, around, now_ms)
    state = _with_run(_state(life, key, verdict, around.run), around.run)
    state = msgspec.structs.replace(state, blamed_url=blamed_url, judged_by=_digest(life.settings))
    if state.reason == NO_NEWS:
        state = unseen(state, before)
    elif before is not None and _is_held(before, state, around.run):
        state = _held(before, state, life, around.run)
    if around.heard_ms is not None:
        # nothing changes while nothing is heard, but for the end
        life.looks = [life.expire_ms] if life.expire_ms is not None and life.expire_ms > now_ms + life.skew_ms else []
    again_ms = min(life.looks, default=None)
    return TokenVerdict(state, again_ms - around.skew_ms if again_ms is not None else None)


def _judge(life: Life, around: Around, now_ms: int) -> tuple[Verdict, str]:
    """Return the verdict, and the address of the run of the renewal job by which it was found, if any."""
    blame = of_job(life, around.run)
    level, reason, message = _found(life, around, now_ms, blame.verdict if blame is not None else None)
    return (level, reason, message), blame.url if blame is not None and reason == blame.verdict[1] else ""


def _found(life: Life, around: Around, now_ms: int, by_run: Verdict | None) -> Verdict:
    if life.expire_ms is not None and life.expire_ms <= now_ms + life.skew_ms:
        if life.renewable and (why := _unseen(life, silent=around.heard_ms is not None)):
            return Level.UNKNOWN, NO_NEWS, unseen_words(life.when, why)
        return Level.FAILING, "Lapsed", f"lapsed at {life.when}"
    if life.expire_ms is None:
        return worst_of([by_uses(life), by_root(life)]) or (Level.OK, "NeverExpires", "it never expires")
    life.reached(life.expire_ms)
    run = around.run
    job = renewer(life, run)
    found = worst_of(
        [
            by_uses(life),
            by_ancestors(life, around.ancestors),
            by_cap(life),
            by_grant(life) if life.effect.name == "SHORTENED" else None,
            by_schedule(life, f" by {job}" if job else ""),
            by_run,
            by_renewable(life),
            by_grant(life),
            by_time_left(life),
            by_root(life),
        ]
    )
    calm = "Renewing" if life.token.last_renewal_ms is not None else "Running"
    level, reason, message = found or (Level.OK, calm, f"good until {life.when}")
    return level, reason, message + _survival(life, reason)


def _unseen(life: Life, *, silent: bool) -> str:
    """Say why nobody knows whether a token that may have been renewed has ended; empty where it was seen to."""
    assert life.expire_ms is not None
    if life.heard_ms < life.expire_ms:
        return SILENT if silent else "was not looked up since"
    return "" if life.is_end_seen else "was not looked up shortly before"


def _survival(life: Life, reason: str) -> str:
    """Say how many missed runs it survives, where its life depends on them."""
    if life.survives is None or reason in _NO_RUNS:
        return ""
    return f", {survival(life.survives, more=life.missed > 0)}"


def _digest(settings: TokenSettings) -> str:
    """Return what tells these settings from others, without the accessor: another one is another token."""
    said = msgspec.json.encode(msgspec.structs.replace(settings, accessor="", accessor_file=""))
    return hashlib.sha256(said).hexdigest()[:12]


def _is_held(before: TokenState, state: TokenState, run: Run | None) -> bool:
    """Whether a worse level stays: the same token, not renewed since, by the same settings and interval.

    What a run tells of it stays, too, also where that run is deleted: but not where it was for others, or where the
    clock by which it was held against the last renewal was not the server's.
    """
    same = (before.identity, before.judged_by, before.renew_every_s, before.every_rule) == (
        state.identity,
        state.judged_by,
        state.renew_every_s,
        state.every_rule,
    )
    if before.reason in _BY_RUN:
        mistaken = run is not None and before.blamed_url in run.others
        same = same and not mistaken and before.skew_ms == state.skew_ms
    rises = _RANK.get(state.level, 0) >= _RANK.get(before.level, 0)
    return same and not rises and not state.is_dead and before.reason not in _LATER


def _held(before: TokenState, state: TokenState, life: Life, run: Run | None) -> TokenState:
    """Return a state with the worse level that was told before."""
    by_run = before.reason in _BY_RUN
    said = Said(before.job_says, before.said_number) if by_run else says(before.level, before.reason, life, run)
    kept = {"level": before.level, "reason": before.reason, "message": before.message, "blamed_url": before.blamed_url}
    return msgspec.structs.replace(state, job_says=said.words, said_number=said.number, **kept)


def _state(life: Life, key: str, verdict: Verdict, run: Run | None) -> TokenState:
    token, settings = life.token, life.settings
    level, reason, message = verdict
    every_ms, skew_ms = life.every_ms, life.skew_ms
    said = says(level, reason, life, run)
    state = TokenState(
        key=key,
        source=token.source,
        name=token.name,
        level=level,
        reason=reason,
        message=message,
        own=token.own,
        owner=settings.owner,
        apps=settings.apps,
        namespaces=settings.namespaces,
        accessor_tail=token.accessor_tail,
        issue_ms=_ours(life.issue_ms, skew_ms),
        expire_ms=_ours(life.expire_ms, skew_ms),
        last_renewal_ms=_ours(token.last_renewal_ms, skew_ms),
        skew_ms=skew_ms,
        granted_ms=life.granted_ms,
        period_s=token.period_s,
        explicit_max_s=token.explicit_max_s,
        renewable=token.renewable,
        num_uses=token.num_uses,
        orphan=token.orphan,
        parent=settings.parent,
        renewal_job=settings.renewal_job,
        renew_every_s=round(every_ms / 1000) if every_ms else None,
        every_rule=life.rhythm.rule if life.rhythm is not None else "",
        survives=life.survives,
        missed=life.missed,
        at_cap=life.at_cap,
        dead_ms=_ours(life.expire_ms, skew_ms) if reason == "Lapsed" else None,
        job_says=said.words,
        said_number=said.number,
        notes=notes_of(life),
    )
    return _with_moments(state, life)


def _with_moments(state: TokenState, life: Life) -> TokenState:
    """Return a state with what is reckoned: the next renewal, the cap, and since when renewals are even."""
    every_ms, skew_ms = life.every_ms, life.skew_ms
    cap_ms = life.cap_ms if life.cap_ms is not None else life.expire_ms if life.at_cap else None
    next_ms = life.from_ms + every_ms if every_ms and life.from_ms is not None else None
    steady_ms = steady_since_ms(life.grants, every_ms) if every_ms and not life.is_overdue else None
    return msgspec.structs.replace(
        state,
        next_renewal_ms=_ours(next_ms, skew_ms),
        cap_ms=_ours(cap_ms, skew_ms),
        steady_since_ms=_ours(steady_ms, skew_ms),
    )


def _ours(ms: int | None, skew_ms: int) -> int | None:
    return ms - skew_ms if ms is not None else None


def _with_run(state: TokenState, run: Run | None) -> TokenState:
    if run is None:
        return state
    return msgspec.structs.replace(
        state,
        job_result=run.result,
        job_number=run.number,
        job_ended_ms=run.ended_ms if run.number is not None else None,
        job_url=run.url,
        job_disabled=run.disabled,
    )


def _never_seen(token: Token, key: str, skew_ms: int) -> TokenState:
    return TokenState(
        key=key,
        source=token.source,
        name=token.name,
        level=Level.FAILING,
        issue_ms=_ours(token.issue_ms, skew_ms),
        expire_ms=_ours(token.expire_ms, skew_ms),
        last_renewal_ms=_ours(token.last_renewal_ms, skew_ms),
        skew_ms=skew_ms,
    )


def _gone(
    token: Token, key: str, before: TokenState | None, settings: TokenSettings | None, now_ms: int, around: Around
) -> TokenState:
    """Say what went: only what was seen of it before tells whether it expired or was revoked early."""
    rules = settings if settings is not None else TokenSettings(name=token.name, accessor="")
    known = known_of(token, before)
    if known is not None and known.reason == "Gone":
        message, dead_ms = known.message, known.dead_ms
    elif known is not None and known.reason == "Lapsed" and known.dead_ms is not None:
        message, dead_ms = f"expired at {moment(known.dead_ms)}", known.dead_ms
    else:
        expire_ms = known.expire_ms if known is not None else _ours(token.expire_ms, around.skew_ms)
        found_ms = token.unknown_ms if token.unknown_ms is not None else now_ms
        message, dead_ms = _end(known, expire_ms, found_ms, around)
    if known is None:
        known = _never_seen(token, key, around.skew_ms)
    state = msgspec.structs.replace(
        known,
        level=Level.FAILING,
        reason="Gone",
        message=message,
        own=token.own,
        owner=rules.owner,
        apps=rules.apps,
        namespaces=rules.namespaces,
        accessor_tail=token.accessor_tail or known.accessor_tail,
        parent=rules.parent,
        renewal_job=rules.renewal_job,
        next_renewal_ms=None,
        dead_ms=dead_ms,
        notes=(),
    )
    return _with_run(state, around.run)


def _end(known: TokenState | None, expire_ms: int | None, found_ms: int, around: Around) -> tuple[str, int | None]:
    """Return how a token that was found gone ended, and when; None where that is not known.

    Only one that was looked up until shortly before its end is known to have expired: another one may have been
    renewed unseen, and have died later or otherwise. And only one that was looked up shortly before it was found gone
    is known to have been revoked: a renewal that nobody saw may have made it shorter, and it have lapsed.
    """
    if expire_ms is None:
        return "Vault does not know it: expired, revoked, or the accessor is wrong", around.alive_ms
    if expire_ms <= found_ms:
        if is_witnessed(expire_ms, around.alive_ms, round(around.poll_s * 1000)):
            return f"expired at {moment(expire_ms)}", expire_ms
        since = f"since {moment(around.alive_ms)}" if around.alive_ms is not None else "shortly before that"
        return f"gone; last known to end at {moment(expire_ms)}, not looked up {since}", None
    dead = dead_one(around.ancestors)
    if dead is None and known is not None and known.renewable and not _is_watched(found_ms, around):
        alive_ms = around.alive_ms or known.last_renewal_ms or known.issue_ms
        when = _between(alive_ms, found_ms)
        return f"gone {when}: lapsed or revoked, last known to end at {moment(expire_ms)}", None
    how = f"with {named(dead, around.ancestors)}" if dead is not None else "(parent, uses, or by hand)"
    return f"revoked before it would expire at {moment(expire_ms)} {how}", around.alive_ms


def _between(first_ms: int | None, last_ms: int) -> str:
    last = moment(last_ms)
    if first_ms is None:
        return f"before {last}"
    first = moment(first_ms)
    return f"between {first} and {last}" if first != last else f"at {last}"


def _is_watched(found_ms: int, around: Around) -> bool:
    """Whether a token that was found gone was looked up until then, as often as any is."""
    apart_ms = round(max(_LATE_LOOKS * around.looks_s, around.poll_s) * 1000)
    return around.alive_ms is not None and found_ms - around.alive_ms <= apart_ms
