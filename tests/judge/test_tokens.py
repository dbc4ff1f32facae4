"""Tokens: hours of life, renewals on time or missed, and renewals that no longer help."""

from typing import Any

import pytest

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.tokens import judge_token
from statusdesk.states import Level, TokenState

H = 3_600_000
T0 = 1_800_000_000_000


def token(**changes: Any) -> Token:
    """A token of 24 hours that was renewed now."""
    fields: dict[str, Any] = {
        "source": "vault",
        "name": "orders",
        "issue_ms": T0 - 100 * H,
        "last_renewal_ms": T0,
        "expire_ms": T0 + 24 * H,
    }
    return Token(**(fields | changes))


def settings(**changes: Any) -> TokenSettings:
    return TokenSettings(name="orders", accessor="a", **changes)


EVERY_8H = settings(renew_every_s=8 * 3600.0, renewal_job="renew-orders")


@pytest.mark.parametrize(
    ("seen", "rules", "after_h", "level", "reason"),
    [
        (token(), None, 1, Level.OK, "Renewing"),
        (token(last_renewal_ms=None, issue_ms=T0), None, 1, Level.OK, "Running"),
        (token(), None, 15.9, Level.OK, "Renewing"),
        (token(), None, 16.1, Level.WARNING, "RunningDown"),
        (token(), None, 21.9, Level.WARNING, "RunningDown"),
        (token(), None, 22.1, Level.FAILING, "LapsesSoon"),
        (token(), None, 24, Level.FAILING, "Lapsed"),
        (token(expire_ms=T0 + 768 * H), None, 743, Level.OK, "Renewing"),
        (token(expire_ms=T0 + 768 * H), None, 745, Level.WARNING, "RunningDown"),
        (token(), settings(warn_s=3600.0, critical_s=60.0), 22.5, Level.OK, "Renewing"),
        (token(renewable=False), None, 1, Level.WARNING, "RunningDown"),
        (token(renewable=False), None, 22.5, Level.FAILING, "LapsesSoon"),
        (token(gone=True, expire_ms=None), None, 1, Level.FAILING, "Gone"),
        (token(expire_ms=None), None, 1, Level.OK, "NeverExpires"),
        (token(expire_ms=None, root=True), None, 1, Level.WARNING, "RootToken"),
        (token(root=True), None, 1, Level.WARNING, "RootToken"),
        (token(num_uses=5), None, 1, Level.WARNING, "FewUses"),
        (token(num_uses=1), None, 1, Level.FAILING, "FewUses"),
        (token(num_uses=-1), None, 1, Level.FAILING, "FewUses"),
        (token(num_uses=500), None, 1, Level.OK, "Renewing"),
        (token(explicit_max_s=124 * 3600), None, 1, Level.WARNING, "AtCap"),
        (token(explicit_max_s=124 * 3600), None, 22.5, Level.FAILING, "AtCap"),
        (token(explicit_max_s=200 * 3600), None, 1, Level.OK, "Renewing"),
        (token(last_renewal_ms=None, issue_ms=T0, explicit_max_s=24 * 3600), None, 1, Level.OK, "Running"),
        (token(), EVERY_8H, 9.9, Level.OK, "Renewing"),
        (token(), EVERY_8H, 10.1, Level.WARNING, "RenewalMissed"),
        (token(), EVERY_8H, 16.1, Level.FAILING, "LapsesBeforeNextRun"),
        (token(expire_ms=T0 + 100 * H), EVERY_8H, 19.9, Level.WARNING, "RenewalMissed"),
        (token(expire_ms=T0 + 100 * H), EVERY_8H, 20.1, Level.FAILING, "RenewalMissed"),
        (token(expire_ms=T0 + 7 * H), EVERY_8H, 1, Level.FAILING, "NeverSurvives"),
    ],
)
def test_verdict(seen: Token, rules: TokenSettings | None, after_h: float, level: Level, reason: str) -> None:
    state = judge_token(seen, None, rules, T0 + int(after_h * H))
    assert (state.level, state.reason) == (level, reason)
    assert state.message
    again = judge_token(seen, state, rules, T0 + int(after_h * H))
    assert (again.level, again.reason) == (level, reason)


def renewed(before: Token, after_h: float, left_h: float) -> Token:
    now_ms = T0 + int(after_h * H)
    return token(issue_ms=before.issue_ms, last_renewal_ms=now_ms, expire_ms=now_ms + int(left_h * H))


def after(*tokens: Token) -> list[TokenState]:
    states: list[TokenState] = []
    for seen in tokens:
        states.append(judge_token(seen, states[-1] if states else None, None, seen.last_renewal_ms or T0))
    return states


@pytest.mark.parametrize(
    ("left_h", "level", "reason"),
    [
        (24, Level.OK, "Renewing"),
        (30, Level.OK, "Renewing"),
        (23, Level.WARNING, "RenewalShrinks"),
        (16, Level.WARNING, "AtCap"),
        (16.0005, Level.WARNING, "AtCap"),
        (15, Level.FAILING, "RenewalShortened"),
    ],
)
def test_a_renewal_is_held_against_the_one_before(left_h: float, level: Level, reason: str) -> None:
    first = token()
    state = after(first, renewed(first, 8, left_h))[-1]
    assert (state.level, state.reason) == (level, reason)
    assert state.granted_ms == int(left_h * H)


def test_it_stays_so_until_a_renewal_helps_again() -> None:
    first = token()
    capped = renewed(first, 8, 16)
    states = after(first, capped, capped, capped, renewed(first, 16, 24))
    assert [state.reason for state in states] == ["Renewing", "AtCap", "AtCap", "AtCap", "Renewing"]


def test_another_token_under_the_same_name_is_no_shortened_renewal() -> None:
    other = token(issue_ms=T0 + H, last_renewal_ms=T0 + 2 * H, expire_ms=T0 + 5 * H)
    assert after(token(), other)[-1].reason == "Renewing"


def test_gone_tells_expired_from_revoked_and_keeps_the_times() -> None:
    before = judge_token(token(accessor_tail="abc123"), None, None, T0)
    gone = Token(source="vault", name="orders", gone=True)
    early = judge_token(gone, before, None, T0 + H)
    late = judge_token(gone, before, None, T0 + 25 * H)
    assert early.message.startswith("revoked before")
    assert late.message.startswith("expired at 20")
    assert (late.expire_ms, late.accessor_tail, late.key) == (T0 + 24 * H, "abc123", "vault/orders")


def test_the_sentence_names_the_job_and_how_often_it_was_missed() -> None:
    state = judge_token(token(), None, EVERY_8H, T0 + int(17 * H))
    assert state.message.startswith("renewal missed twice by renew-orders: lapses at 20")
    assert (state.renewal_job, state.renew_every_s) == ("renew-orders", 28_800)
