"""What a renewal job is held against: troubles of a token's renewal and end, by runs that had to renew it."""

from typing import Any

import pytest
from msgspec.structs import replace

from screens.token_words import token_words
from statusdesk.judge.token_jobs import GREEN, Run, says
from statusdesk.judge.token_life import life_of
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import OF_ITS_TIME, Level
from tests.judge.token_make import T0, H, settings, token

AWAITED = {"RenewalMissed", "LapsesBeforeNextRun", "LapsesSoon", "RunningDown", "Lapsed"}
"""A run that gave the last renewal is not held against what came after it."""


def run(hour: float, result: str = "SUCCESS", **more: Any) -> Run:
    started_ms = T0 + round(hour * H)
    fields = {"job": "renew", "number": round(hour * 100), "result": result, "started_ms": started_ms}
    return Run(**(fields | {"ended_ms": started_ms + 5000} | more))


def runs(*hours: float) -> Run:
    """Green runs that renewed nothing, newest first."""
    newest, *earlier = [run(hour) for hour in hours]
    return replace(newest, earlier=tuple(earlier))


@pytest.mark.parametrize("reason", sorted(OF_ITS_TIME | {"RootToken", "FewUses", "NotLookedUp", "Refused"}))
def test_a_green_job_is_held_only_against_what_is_about_the_renewal_or_the_end(reason):
    life = life_of(token(), "vault/orders", settings(renew_every_s=8 * 3600.0), (), T0 + H, skew_ms=0, poll_s=30.0)
    said = says(Level.WARNING, reason, life, run(0)).words
    expected = "job has not run" if reason in AWAITED else GREEN if reason in OF_ITS_TIME else ""
    assert said == expected


@pytest.mark.parametrize("more", [{"root": True}, {"root": True, "expire_ms": None}, {"num_uses": 1}])
def test_what_a_token_may_do_is_neither_the_fault_of_its_job_nor_a_lapse(more):
    state = judge_token(token(**more), None, settings(renewal_job="renew"), T0 + H, Around(run=run(0))).state
    assert state.level is not Level.OK and state.job_says == ""
    assert token_words(state, T0 + H) == f"'orders': {state.message}"


@pytest.mark.parametrize(
    ("grant_h", "now_h", "last", "reason"),
    [
        (26, 25, runs(24), "NotRenewed"),
        (26, 25, runs(24, 3), "NotRenewed"),
        (26, 25, runs(24, 5, 3), "NotRenewed"),
        (31, 28, runs(24, 5, 3), "NotRenewed"),
        (48, 24.1, runs(24, 23.9, 23.8), "Renewing"),  # three by hand: the next at that pace is awaited, no longer
        (48, 25, runs(24, 23.9, 23.8), "NotRenewed"),
        (48, 25, runs(*range(24, 0, -1)), "Renewing"),
        (48, 25.5, runs(*range(24, 0, -1)), "NotRenewed"),  # the next one has not come
        (48, 25.1, runs(*range(25, 0, -1)), "NotRenewed"),
        (25, 24.1, runs(*range(24, 0, -1)), "NotRenewed"),  # it does not live until the next one
        (48, 24.1, runs(24, 23, 22, 8, 7), "Renewing"),  # in office hours
    ],
)
def test_more_idle_runs_do_not_make_the_desk_quieter_and_one_that_looks_often_is_no_wolf(grant_h, now_h, last, reason):
    seen = token(expire_ms=T0 + grant_h * H)
    rules = settings(renew_every_s=24 * 3600.0, renewal_job="renew")
    state = judge_token(seen, None, rules, T0 + round(now_h * H), Around(run=last)).state
    assert state.reason == reason


def test_a_token_that_was_never_renewed_says_so():
    rules = settings(renew_every_s=8 * 3600.0)
    never = judge_token(token(issue_ms=T0, last_renewal_ms=None), None, rules, T0 + 11 * H).state
    assert never.reason == "RenewalMissed" and ", never since it was issued 2027-01-15 08:00Z: " in never.message
    assert ", last renewed 2027-01-15" in judge_token(token(), None, rules, T0 + 11 * H).state.message
