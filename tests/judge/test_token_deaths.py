"""How a token died: expired, revoked early, or with its parent; and what cannot be told."""

import msgspec
import pytest

from statusdesk.facts import Token
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Level
from tests.judge.token_make import T0, H, settings, token


def test_gone_tells_expired_from_revoked_and_keeps_the_times() -> None:
    before = judge_token(token(accessor_tail="abc123"), None, None, T0).state
    gone = Token(source="vault", name="orders", gone=True)
    early = judge_token(gone, before, None, T0 + H, Around(alive_ms=T0 + H - 60_000)).state
    late = judge_token(gone, before, None, T0 + 25 * H, Around(alive_ms=T0 + 24 * H - 10_000)).state
    assert early.message.startswith("revoked before")
    assert early.dead_ms == T0 + H - 60_000
    assert late.message.startswith("expired at 20")
    assert (late.expire_ms, late.accessor_tail, late.key) == (T0 + 24 * H, "abc123", "vault/orders")
    assert late.dead_ms == T0 + 24 * H
    again = judge_token(gone, early, None, T0 + 30 * H).state
    assert (again.message, again.dead_ms) == (early.message, early.dead_ms)  # what it was stays, whatever time passes


@pytest.mark.parametrize(
    ("alive_ms", "said"),
    [(T0 + 20 * H, "not looked up since 2027-01-16 04:00Z"), (None, "not looked up shortly before")],
)
def test_how_it_died_is_not_claimed_where_nobody_looked_near_its_end(alive_ms: int | None, said: str) -> None:
    """It may have been renewed unseen, and have been revoked, or have expired later."""
    before = judge_token(token(accessor_tail="abc123"), None, None, T0).state
    gone = Token(source="vault", name="orders", gone=True, accessor_tail="abc123")
    state = judge_token(gone, before, None, T0 + 25 * H, Around(alive_ms=alive_ms)).state
    assert state.message.startswith("gone; last known to end at 2027-01-16 08:00Z") and said in state.message
    assert (state.reason, state.dead_ms) == ("Gone", None)
    seen = token(seen_ms=T0 + 20 * H, unknown_ms=T0 + 25 * H)
    once = judge_token(seen, before, None, T0 + 25 * H).state
    assert (once.level, once.reason) == (Level.UNKNOWN, "NoNews")


def test_one_that_lapsed_before_our_eyes_has_expired_though_nobody_looked_since() -> None:
    lapsed = judge_token(token(), None, None, T0 + 24 * H).state
    assert lapsed.reason == "Lapsed"
    state = judge_token(Token(source="vault", name="orders", gone=True), lapsed, None, T0 + 30 * H).state
    assert (state.message[:10], state.dead_ms) == ("expired at", T0 + 24 * H)


def test_one_that_vault_did_not_know_before_its_end_was_revoked_whenever_that_is_confirmed() -> None:
    before = judge_token(token(), None, None, T0).state
    gone = token(gone=True, seen_ms=T0 + 23 * H, unknown_ms=T0 + int(23.5 * H))
    state = judge_token(gone, before, None, T0 + 25 * H, Around(alive_ms=T0 + int(23.4 * H))).state
    assert state.message.startswith("revoked before")


@pytest.mark.parametrize(
    ("renewable", "around", "said"),
    [
        (True, Around(alive_ms=T0 + 9 * H), "gone between 2027-01-15 17:00Z and 2027-01-15 20:00Z: lapsed or"),
        (True, Around(), "gone between 2027-01-15 08:00Z and 2027-01-15 20:00Z: lapsed or"),  # its last renewal
        (True, Around(alive_ms=T0 + 9 * H, looks_s=2 * 3600.0), "revoked before it would expire"),
        (True, Around(alive_ms=T0 + 12 * H - 600_000), "revoked before it would expire"),
        (True, Around(alive_ms=T0 + 12 * H - 600_001), "gone between"),
        (False, Around(), "revoked before it would expire"),  # no renewal can have made it shorter
    ],
)
def test_only_one_that_was_watched_until_then_was_revoked(renewable: bool, around: Around, said: str) -> None:
    """The desk was off, or Vault did not answer: a renewal that nobody saw may have made it shorter."""
    before = judge_token(token(renewable=renewable), None, None, T0).state
    state = judge_token(Token(source="vault", name="orders", gone=True), before, None, T0 + 12 * H, around).state
    assert state.message.startswith(said) and "2027-01-16 08:00Z" in state.message
    assert (state.reason, state.dead_ms) == ("Gone", around.alive_ms if said.startswith("revoked") else None)


def test_one_moment_is_told_once() -> None:
    before, gone = judge_token(token(), None, None, T0).state, Token(source="vault", name="orders", gone=True)
    around = Around(alive_ms=T0 + H + 5_000, looks_s=1.0)
    state = judge_token(gone, before, None, T0 + H + 50_000, around).state
    assert state.message.startswith("gone at 2027-01-15 09:00Z: lapsed or revoked, last known to end at 2027-01-16")


def test_one_whose_parent_is_dead_has_died_with_it_whenever_nobody_looked() -> None:
    before = judge_token(token(), None, settings(parent="boss"), T0).state
    boss = msgspec.structs.replace(before, name="boss", key="vault/boss", reason="Gone", level=Level.FAILING)
    gone = Token(source="vault", name="orders", gone=True)
    state = judge_token(
        gone, before, settings(parent="boss"), T0 + 12 * H, Around(ancestors=[boss] if boss else [])
    ).state
    assert state.message.endswith("with 'boss', which made it")


def test_the_death_of_another_token_of_that_name_is_not_its_own() -> None:
    old = judge_token(token(gone=True, accessor_tail="oldold"), None, None, T0).state
    state = judge_token(Token(source="vault", name="orders", gone=True, accessor_tail="newnew"), old, None, T0).state
    assert state.message.startswith("Vault does not know it") and state.accessor_tail == "newnew"


def test_a_token_that_was_never_seen_has_no_moment_of_death() -> None:
    gone = judge_token(Token(source="vault", name="orders", gone=True), None, None, T0).state
    assert (gone.reason, gone.dead_ms, gone.expire_ms) == ("Gone", None, None)


def test_one_that_lapsed_before_our_eyes_stays_dead_when_vault_falls_silent() -> None:
    seen = token(seen_ms=T0 + 24 * H - 5000, unknown_ms=T0 + 24 * H)
    state = judge_token(seen, None, None, T0 + 24 * H, Around(heard_ms=T0 + 24 * H)).state
    assert state.reason == "Lapsed"
