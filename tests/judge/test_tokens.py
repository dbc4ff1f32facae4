"""Tokens: hours of life, renewals on time or missed, and renewals that no longer help."""

from typing import Any

import msgspec
import pytest

from statusdesk.config import TokenSettings
from statusdesk.facts import Build, Token
from statusdesk.judge.token_grants import grant_of
from statusdesk.judge.token_jobs import Run, last_run
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Grant, Level, TokenState

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
        (token(renewable=False, issue_ms=T0, last_renewal_ms=None), None, 1, Level.OK, "Running"),
        (token(renewable=False, issue_ms=T0, last_renewal_ms=None), None, 12.5, Level.WARNING, "NotRenewable"),
        (token(renewable=False, issue_ms=T0, last_renewal_ms=None), None, 18.5, Level.FAILING, "NotRenewable"),
        (token(renewable=False, expire_ms=T0 + 100 * H), None, 27, Level.OK, "Renewing"),
        (token(renewable=False, expire_ms=T0 + 100 * H), None, 29, Level.WARNING, "NotRenewable"),
        (token(renewable=False, expire_ms=T0 + 100 * H), None, 77, Level.FAILING, "NotRenewable"),
        (token(renewable=False, issue_ms=T0, expire_ms=T0 + 60 * H), None, 1, Level.WARNING, "NotRenewable"),
        (token(gone=True, expire_ms=None), None, 1, Level.FAILING, "Gone"),
        (token(expire_ms=None), None, 1, Level.OK, "NeverExpires"),
        (token(expire_ms=None, root=True), None, 1, Level.WARNING, "RootToken"),
        (token(root=True), None, 1, Level.WARNING, "RootToken"),
        (token(num_uses=5), None, 1, Level.WARNING, "FewUses"),
        (token(num_uses=1), None, 1, Level.FAILING, "FewUses"),
        (token(num_uses=-1), None, 1, Level.FAILING, "FewUses"),
        (token(num_uses=500), None, 1, Level.OK, "Renewing"),
        (token(explicit_max_s=200 * 3600, expire_ms=T0 + 100 * H), None, 1, Level.WARNING, "AtCap"),
        (token(explicit_max_s=200 * 3600, expire_ms=T0 + 100 * H), None, 76.5, Level.FAILING, "AtCap"),
        (token(explicit_max_s=200 * 3600), None, 1, Level.OK, "Renewing"),
        (token(explicit_max_s=170 * 3600, expire_ms=T0 + 30 * H), None, 1, Level.WARNING, "NearsCap"),
        (token(explicit_max_s=124 * 3600, expire_ms=T0 + 20 * H), None, 1, Level.FAILING, "NearsCap"),
        (token(mount_max_s=170 * 3600, expire_ms=T0 + 30 * H), None, 1, Level.WARNING, "NearsCap"),
        (token(mount_max_s=170 * 3600, expire_ms=T0 + 30 * H, period_s=108000), None, 1, Level.OK, "Renewing"),
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
    now_ms = T0 + int(after_h * H)
    state = judge_token(seen, None, rules, now_ms).state
    assert (state.level, state.reason) == (level, reason)
    assert state.message
    assert judge_token(seen, state, rules, now_ms).state == state


def renewed(before: Token, after_h: float, left_h: float) -> Token:
    now_ms = T0 + int(after_h * H)
    return token(issue_ms=before.issue_ms, last_renewal_ms=now_ms, expire_ms=now_ms + int(left_h * H))


def after(*tokens: Token, rules: TokenSettings | None = None) -> list[TokenState]:
    """Judge one look-up after the other, each at its renewal, as the pipeline does."""
    states: list[TokenState] = []
    grants: list[Grant] = []
    for seen in tokens:
        grant = grant_of(seen, "vault/orders")
        if grant is not None and grant not in grants:
            grants.append(grant)
        before = states[-1] if states else None
        around = Around(grants=tuple(grants))
        states.append(judge_token(seen, before, rules, seen.last_renewal_ms or T0, around).state)
    return states


@pytest.mark.parametrize(
    ("left_h", "level", "reason"),
    [
        (24, Level.OK, "Renewing"),
        (30, Level.OK, "Renewing"),
        (23, Level.WARNING, "RenewalShrinks"),
        (16, Level.FAILING, "AtCap"),
        (16.0005, Level.FAILING, "AtCap"),
        (15, Level.FAILING, "RenewalShortened"),
    ],
)
def test_a_renewal_is_held_against_the_one_before(left_h: float, level: Level, reason: str) -> None:
    first = token()
    state = after(first, renewed(first, 8, left_h))[-1]
    assert (state.level, state.reason) == (level, reason)
    assert state.granted_ms == int(left_h * H)


@pytest.mark.parametrize("every", [None, EVERY_8H])
def test_time_alone_does_not_tell_that_nobody_renewed_it(every: TokenSettings | None) -> None:
    seen = token(seen_ms=T0 + 24 * H - 10_000)
    unheard = judge_token(token(seen_ms=T0 + H), None, every, T0 + 23 * H)
    assert (unheard.state.level, unheard.state.reason) == (Level.OK, "Renewing")
    over = judge_token(seen, None, every, T0 + 25 * H).state
    assert (over.level, over.reason) == (Level.UNKNOWN, "NoNews")
    asked = judge_token(msgspec.structs.replace(seen, unknown_ms=T0 + 25 * H), over, every, T0 + 25 * H).state
    assert (asked.level, asked.reason) == (Level.FAILING, "Lapsed")
    final = token(seen_ms=T0 + H, renewable=False)
    assert judge_token(final, None, every, T0 + 25 * H).state.reason == "Lapsed", "no renewal can have moved its end"


def test_a_worse_level_stays_past_the_end_until_it_is_looked_up() -> None:
    seen = token(seen_ms=T0 + int(23.5 * H))
    soon = judge_token(seen, None, None, T0 + int(23.5 * H)).state
    assert (soon.level, soon.reason) == (Level.FAILING, "LapsesSoon")
    assert judge_token(seen, soon, None, T0 + 25 * H).state.level is Level.FAILING


def test_it_stays_so_until_a_renewal_helps_again() -> None:
    first = token()
    capped = renewed(first, 8, 16)
    states = after(first, capped, capped, capped, renewed(first, 16, 24))
    assert [state.reason for state in states] == ["Renewing", "AtCap", "AtCap", "AtCap", "Renewing"]


def test_another_token_under_the_same_name_is_no_shortened_renewal() -> None:
    other = token(issue_ms=T0 + H, last_renewal_ms=T0 + 2 * H, expire_ms=T0 + 5 * H)
    assert after(token(), other)[-1].reason == "Renewing"


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


def test_the_sentence_names_the_job_and_how_often_it_was_missed() -> None:
    state = judge_token(token(), None, EVERY_8H, T0 + int(17 * H)).state
    assert state.message.startswith("renewal missed twice by renew-orders: lapses at 20")
    assert (state.renewal_job, state.renew_every_s, state.every_rule) == ("renew-orders", 28_800, "configured")
    assert state.message.endswith("before the next run, survives 0 more missed runs")
    # what is left counts, not what the last renewal gave; and it was due when it was missed first
    assert (state.missed, state.survives, state.next_renewal_ms) == (2, 0, T0 + 8 * H)


def renewals(count: int, gap_h: float = 8, left_h: float = 24) -> list[Token]:
    """The same token, renewed again and again."""
    return [renewed(token(), number * gap_h, left_h) for number in range(count)]


def test_the_interval_is_learnt_from_three_renewals() -> None:
    states = after(*renewals(4))
    assert [state.renew_every_s for state in states] == [None, None, 28_800, 28_800]
    assert (states[3].every_rule, states[3].survives) == ("learnt", 2)
    assert (states[3].next_renewal_ms, states[3].steady_since_ms) == (T0 + 32 * H, T0)
    assert states[3].message.endswith("survives 2 missed runs")


def test_one_late_renewal_does_not_change_what_was_learnt() -> None:
    seen = [*renewals(4), renewed(token(), 39, 24), renewed(token(), 47, 24)]
    state = after(*seen)[-1]
    assert (state.renew_every_s, state.steady_since_ms) == (28_800, T0 + 39 * H)


def test_a_learnt_interval_that_is_missed_is_told() -> None:
    seen = renewals(4)
    grants = tuple(grant for each in seen if (grant := grant_of(each, "vault/orders")) is not None)
    around = Around(grants=grants, poll_s=30.0)
    last_ms = seen[-1].last_renewal_ms
    assert last_ms is not None
    on_time = judge_token(seen[-1], None, None, last_ms + 10 * H, around)
    assert on_time.state.reason == "Renewing"
    late = judge_token(seen[-1], None, None, last_ms + 10 * H + 31_000, around).state
    assert (late.level, late.reason, late.missed) == (Level.WARNING, "RenewalMissed", 1)


def test_with_a_known_interval_a_low_rest_before_the_next_run_is_no_trouble() -> None:
    short = token(expire_ms=T0 + 9 * H)
    state = judge_token(short, None, EVERY_8H, T0 + int(8.5 * H)).state
    assert (state.level, state.notes) == (Level.OK, ("a single missed run lapses it",))


def test_a_level_falls_only_after_a_renewal_was_seen() -> None:
    seen = token()
    missed = judge_token(seen, None, EVERY_8H, T0 + int(10.5 * H)).state
    assert missed.reason == "RenewalMissed"
    clock_set_back = judge_token(seen, missed, EVERY_8H, T0 + H).state
    assert (clock_set_back.level, clock_set_back.message) == (Level.WARNING, missed.message)
    mended = judge_token(renewed(seen, 11, 24), clock_set_back, EVERY_8H, T0 + 11 * H).state
    assert mended.level is Level.OK
    other_settings = judge_token(seen, missed, EVERY_8H, T0 + H, Around(holds=False)).state
    assert other_settings.level is Level.OK


def test_while_vault_gives_no_news_nothing_gets_worse_and_its_end_is_not_known() -> None:
    silent = Around(heard_ms=T0 + H)
    later = judge_token(token(), None, EVERY_8H, T0 + 12 * H, silent)
    assert (later.state.level, later.state.reason) == (Level.OK, "Renewing")
    assert later.look_again_ms == T0 + 24 * H
    over = judge_token(token(), None, EVERY_8H, T0 + 25 * H, silent).state
    assert (over.level, over.reason) == (Level.UNKNOWN, "NoNews")


CAPPED = token(explicit_max_s=124 * 3600)
FAILED = Around(run=Run(job="renew-orders", number=7, result="FAILURE", started_ms=T0 + H, ended_ms=T0 + H))


@pytest.mark.parametrize(
    ("seen", "rules", "around", "after_h", "level", "reason"),
    [
        (CAPPED, settings(reissue_critical_s=60.0), Around(), 13, Level.WARNING, "AtCap"),
        (CAPPED, None, Around(), 20, Level.FAILING, "AtCap"),
        (token(), EVERY_8H, Around(), 10.5, Level.WARNING, "RenewalMissed"),
        (token(), EVERY_8H, Around(), 17, Level.FAILING, "LapsesBeforeNextRun"),
        (token(), EVERY_8H, FAILED, 3, Level.WARNING, "RenewalFailed"),
        (token(), None, Around(), 1, Level.UNKNOWN, "Renewing"),
    ],
)
@pytest.mark.parametrize("silent", [True, False], ids=["silent", "rate limited"])
def test_past_its_end_one_that_was_already_bad_is_told_as_not_seen_and_no_milder(
    seen: Token, rules: TokenSettings | None, around: Around, after_h: float, level: Level, reason: str, silent: bool
) -> None:
    looked_ms = T0 + int(after_h * H)
    seen = msgspec.structs.replace(seen, seen_ms=looked_ms)
    state = judge_token(seen, None, rules, looked_ms, around).state
    assert state.reason == reason and state.level in (level, Level.OK)
    around = msgspec.structs.replace(around, heard_ms=looked_ms if silent else None)
    assert judge_token(seen, state, rules, T0 + 24 * H - 1, around).state.message == state.message
    for hours in (24, 25):
        state = judge_token(seen, state, rules, T0 + hours * H, around).state
        assert (state.level, state.reason, state.survives) == (level, "NoNews", None)
        why = "Vault gives no news" if silent else "was not looked up since"
        assert state.message == f"it should have ended at 2027-01-16 08:00Z, and {why}"
        assert state.left_ms(T0 + hours * H) is None and state.next_renewal_ms is None
    mended = judge_token(renewed(seen, 26, 24), state, rules, T0 + 26 * H).state
    assert mended.reason in ("Renewing", "AtCap")


def test_one_that_lapsed_before_our_eyes_stays_dead_when_vault_falls_silent() -> None:
    seen = token(seen_ms=T0 + 24 * H - 5000, unknown_ms=T0 + 24 * H)
    state = judge_token(seen, None, None, T0 + 24 * H, Around(heard_ms=T0 + 24 * H)).state
    assert state.reason == "Lapsed"


def test_the_servers_clock_is_corrected_for() -> None:
    ahead = Around(skew_ms=3 * H)
    state = judge_token(token(), None, EVERY_8H, T0 + 6 * H, ahead).state  # 9 h after the renewal, by the server
    assert state.reason == "Renewing"
    assert (state.expire_ms, state.last_renewal_ms) == (T0 + 21 * H, T0 - 3 * H)
    late = judge_token(token(), None, EVERY_8H, T0 + int(7.5 * H), ahead).state
    assert late.reason == "RenewalMissed"
    lapsed = judge_token(token(), None, None, T0 + 21 * H, ahead).state
    assert (lapsed.reason, lapsed.dead_ms) == ("Lapsed", T0 + 21 * H)


def test_what_time_alone_changes_is_looked_at_then() -> None:
    moment = T0
    reasons = []
    for _ in range(10):
        verdict = judge_token(token(), None, None, moment)
        reasons.append(verdict.state.reason)
        if verdict.look_again_ms is None:
            break
        assert verdict.look_again_ms > moment
        moment = verdict.look_again_ms
    assert reasons == ["Renewing", "RunningDown", "LapsesSoon", "Lapsed"]


def parent(**changes: Any) -> TokenState:
    fields: dict[str, Any] = {"key": "vault/boss", "source": "vault", "name": "boss", "level": Level.WARNING}
    return TokenState(**(fields | {"reason": "RunningDown", "expire_ms": T0 + 5 * H} | changes))


@pytest.mark.parametrize(
    ("boss", "level", "reason"),
    [
        (parent(), Level.WARNING, "ParentLapses"),
        (parent(level=Level.FAILING), Level.FAILING, "ParentLapses"),
        (parent(level=Level.FAILING, reason="Gone"), Level.FAILING, "ParentLapses"),
        (parent(level=Level.OK, reason="Renewing"), Level.OK, "Renewing"),
        (parent(expire_ms=T0 + 30 * H), Level.OK, "Renewing"),
        (None, Level.OK, "Renewing"),
    ],
)
def test_a_child_of_a_dying_parent(boss: TokenState | None, level: Level, reason: str) -> None:
    state = judge_token(token(), None, settings(parent="boss"), T0 + H, Around(ancestors=[boss] if boss else [])).state
    assert (state.level, state.reason) == (level, reason)


@pytest.mark.parametrize(
    ("boss", "kid", "level", "said"),
    [
        ({}, {}, Level.WARNING, "'boss', which lapses at 2027-01-15 13:00Z: it made 'kid', which made this one"),
        ({"expire_ms": T0 + 9 * H}, {"expire_ms": T0 + 8 * H}, Level.WARNING, "'kid', which made it and lapses"),
        ({}, {"level": Level.FAILING, "expire_ms": T0 + 8 * H}, Level.FAILING, "'boss', which lapses at"),
        ({"level": Level.OK}, {"expire_ms": T0 + 8 * H}, Level.WARNING, "'kid', which made it and lapses"),
        ({"reason": "Gone"}, {"expire_ms": T0 + 4 * H}, Level.WARNING, "'boss', which is gone: it made 'kid', which"),
        ({"reason": "NoNews"}, {}, Level.WARNING, "'boss', which should have ended at 2027-01-15 13:00Z: it made"),
    ],
)
def test_the_first_end_in_its_line_counts_and_who_causes_it_is_named(
    boss: dict[str, Any], kid: dict[str, Any], level: Level, said: str
) -> None:
    line = [parent(**({"name": "kid", "reason": "ParentLapses", "expire_ms": T0 + 20 * H} | kid)), parent(**boss)]
    state = judge_token(token(), None, settings(parent="kid"), T0 + H, Around(ancestors=line)).state
    assert (state.level, state.reason) == (level, "ParentLapses")
    assert state.message.startswith(f"dies with {said}")


def test_one_that_died_with_its_line_is_told_by_who_began_it() -> None:
    line = [parent(name="kid", reason="Gone", dead_ms=T0 + 4 * H), parent(reason="Gone", dead_ms=T0 + 5 * H)]
    before = judge_token(token(), None, settings(parent="kid"), T0).state
    gone = token(gone=True, unknown_ms=T0 + 5 * H)
    state = judge_token(gone, before, settings(parent="kid"), T0 + 5 * H, Around(ancestors=line)).state
    assert state.message.endswith("with 'boss', which made 'kid', which made this one")


def test_a_child_whose_parent_is_not_told_says_so() -> None:
    child = token(orphan=False, path="auth/token/create")
    assert "dies with the token that made it" in judge_token(child, None, None, T0).state.notes[0]
    assert judge_token(child, None, settings(parent="boss"), T0).state.notes == ()
    assert judge_token(token(orphan=True, path="auth/token/create"), None, None, T0).state.notes == ()


def test_periodic_and_root_are_told() -> None:
    assert judge_token(token(period_s=86_400), None, None, T0).state.notes == ("periodic: nothing caps it",)
    assert judge_token(token(period_s=86_400, explicit_max_s=3_600_000), None, None, T0).state.notes == ()
    assert judge_token(token(root=True), None, None, T0).state.notes == ("it may do everything",)
    refused = token(mount_problem="may not read sys/mounts/auth/token/tune")
    said = "cap of its mount not known: may not read sys/mounts/auth/token/tune"
    assert judge_token(refused, None, None, T0).state.notes == (said,)
    for uncapped in ({"period_s": 86_400, "explicit_max_s": 3_600_000}, {"expire_ms": None}):
        assert judge_token(msgspec.structs.replace(refused, **uncapped), None, None, T0).state.notes == ()
    assert judge_token(token(root=True), None, None, T0).state.message.count("everything") <= 1


def run(result: str, started_h: float, **changes: Any) -> Run:
    started_ms = T0 + int(started_h * H)
    fields = {"job": "renew-orders", "number": 88, "result": result, "started_ms": started_ms}
    return Run(**(fields | {"ended_ms": started_ms + 30_000, "url": "http://j/88/"} | changes))


@pytest.mark.parametrize(
    ("seen", "last", "after_h", "level", "reason", "says"),
    [
        (token(), run("SUCCESS", -0.01), 1, Level.OK, "Renewing", ""),
        (token(), run("SUCCESS", 8), 8.1, Level.WARNING, "NotRenewed", "job green, token dying"),
        (token(), run("SUCCESS", 8, given=True), 8.1, Level.OK, "Renewing", ""),
        (token(), run("FAILURE", 8), 8.1, Level.WARNING, "RenewalFailed", "job red, token lapses"),
        (token(), run("FAILURE", 8), 8.02, Level.OK, "Renewing", ""),  # not looked up since the run has ended
        (token(), run("ABORTED", 8), 8.1, Level.OK, "Renewing", ""),
        (token(), run("FAILURE", 16), 17, Level.FAILING, "LapsesBeforeNextRun", "job red, token lapses"),
        (token(), run("SUCCESS", 0, disabled=True), 10.5, Level.WARNING, "RenewalMissed", "job disabled"),
        (token(), run("ABORTED", 9), 10.5, Level.WARNING, "RenewalMissed", "job has not run"),
        (
            token(explicit_max_s=200 * 3600, expire_ms=T0 + 100 * H),
            run("SUCCESS", -0.01),
            1,
            Level.WARNING,
            "AtCap",
            "job green, token dying",
        ),
    ],
)
def test_the_renewal_job_is_held_against_the_token(
    seen: Token, last: Run, after_h: float, level: Level, reason: str, says: str
) -> None:
    state = judge_token(seen, None, EVERY_8H, T0 + int(after_h * H), Around(run=last)).state
    assert (state.level, state.reason, state.job_says) == (level, reason, says)
    assert (state.job_number, state.job_result, state.job_disabled) == (88, last.result, last.disabled)
    if reason == "LapsesBeforeNextRun":
        assert "by renew-orders (#88 failed)" in state.message


def test_only_the_newest_run_that_has_ended_counts() -> None:
    def build(number: int, result: str | None, **more: Any) -> Build:
        return Build(source="jenkins", job="renew-orders", number=number, url="", result=result, started_ms=T0, **more)

    builds = [build(1, "SUCCESS"), build(2, "FAILURE", duration_ms=5), build(3, None, building=True)]
    last = last_run("renew-orders", builds, disabled=False)
    assert (last.number, last.result, last.ended_ms, last.words) == (2, "FAILURE", T0 + 5, "renew-orders (#2 failed)")
    assert last_run("renew-orders", [], disabled=True).words == "renew-orders (disabled)"


@pytest.mark.parametrize(
    ("hours", "survives", "said"),
    [
        (1, 5, "good until 2027-01-17 08:00Z, survives 5 missed runs"),
        (8.5, 5, "good until 2027-01-17 08:00Z, survives 5 missed runs"),
        (11, 4, "survives 4 more missed runs"),
        (25, 2, "survives 2 more missed runs"),
        (41, 0, "survives 0 more missed runs"),
    ],
)
def test_what_a_stopped_token_survives_falls_with_each_missed_run(hours, survives, said):
    state = judge_token(token(expire_ms=T0 + 48 * H), None, EVERY_8H, T0 + int(hours * H)).state
    assert state.survives == survives and said in state.message
    assert state.next_renewal_ms == T0 + 8 * H, "it does not run away from the clock"


def test_a_token_that_lives_through_no_missed_run_says_so():
    state = judge_token(token(expire_ms=T0 + 12 * H), None, EVERY_8H, T0 + H).state
    assert (state.level, state.survives) == (Level.OK, 0) and state.message.endswith("survives 0 missed runs")
