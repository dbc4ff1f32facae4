"""Tokens: hours of life, renewals on time or missed, and renewals that no longer help."""

import msgspec
import pytest

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Level
from tests.judge.token_make import CAPPED, EVERY_8H, FAILED, T0, H, after, granted, renewals, renewed, settings, token


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


def test_the_sentence_names_the_job_and_how_often_it_was_missed() -> None:
    state = judge_token(token(), None, EVERY_8H, T0 + int(17 * H)).state
    assert state.message.startswith("renewal missed twice by renew-orders: lapses at 20")
    assert (state.renewal_job, state.renew_every_s, state.every_rule) == ("renew-orders", 28_800, "configured")
    assert state.message.endswith("before the next run, survives 0 more missed runs")
    # what is left counts, not what the last renewal gave; and it was due when it was missed first
    assert (state.missed, state.survives, state.next_renewal_ms) == (2, 0, T0 + 8 * H)


def test_the_interval_is_learnt_from_as_many_runs_as_that_of_a_job() -> None:
    states = after(*renewals(4))
    assert [state.renew_every_s for state in states] == [None, None, None, 28_800]
    assert (states[3].every_rule, states[3].survives) == ("learnt", 2)
    assert (states[3].next_renewal_ms, states[3].steady_since_ms) == (T0 + 32 * H, T0)
    assert states[3].message.endswith("survives 2 missed runs")


def test_what_it_survives_does_not_change_by_what_the_queue_moves_its_renewals() -> None:
    for gap_h in (7.999, 8, 8.001):
        assert after(*renewals(5, gap_h))[-1].survives == 2
        assert after(*renewals(5, gap_h, left_h=16))[-1].survives == 1
        assert after(*renewals(5, gap_h, left_h=23))[-1].survives == 1


def test_one_late_renewal_does_not_change_what_was_learnt() -> None:
    seen = [*renewals(4), renewed(token(), 39, 24), renewed(token(), 47, 24)]
    state = after(*seen)[-1]
    assert (state.renew_every_s, state.steady_since_ms) == (28_800, T0 + 39 * H)


def test_a_learnt_interval_that_is_missed_is_told() -> None:
    seen = renewals(4)
    around = Around(grants=granted(seen), poll_s=30.0)
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
    for skew_ms in (0, H):  # Vault's clock is what it was, or has been set
        clock_set_back = judge_token(seen, missed, EVERY_8H, T0 + H - skew_ms, Around(skew_ms=skew_ms)).state
        assert (clock_set_back.level, clock_set_back.message) == (Level.WARNING, missed.message)
    mended = judge_token(renewed(seen, 11, 24), clock_set_back, EVERY_8H, T0 + 11 * H).state
    assert mended.level is Level.OK
    other_settings = judge_token(seen, missed, msgspec.structs.replace(EVERY_8H, warn_s=3600.0), T0 + H).state
    assert other_settings.level is Level.OK


def test_while_vault_gives_no_news_nothing_gets_worse_and_its_end_is_not_known() -> None:
    silent = Around(heard_ms=T0 + H)
    later = judge_token(token(), None, EVERY_8H, T0 + 12 * H, silent)
    assert (later.state.level, later.state.reason) == (Level.OK, "Renewing")
    assert later.look_again_ms == T0 + 24 * H
    over = judge_token(token(), None, EVERY_8H, T0 + 25 * H, silent).state
    assert (over.level, over.reason) == (Level.UNKNOWN, "NoNews")


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
