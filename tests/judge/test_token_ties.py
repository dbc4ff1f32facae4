"""What a token hangs on: those that it was made by, and the job that renews it."""

from typing import Any

import pytest
from msgspec.structs import replace

from statusdesk.facts import Token
from statusdesk.judge.token_jobs import Run
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Level, TokenState
from tests.judge.token_make import EVERY_8H, T0, H, granted, parent, renewed, settings, token


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


def run(result: str, started_h: float, **changes: Any) -> Run:
    started_ms = T0 + int(started_h * H)
    fields = {"job": "renew-orders", "number": 88, "result": result, "started_ms": started_ms}
    return Run(**(fields | {"ended_ms": started_ms + 30_000, "url": "http://j/88/"} | changes))


RED = (Level.WARNING, "RenewalFailed", "job red, token lapses")


@pytest.mark.parametrize(
    ("seen", "last", "after_h", "level", "reason", "says"),
    [
        (token(), run("SUCCESS", -0.01), 1, Level.OK, "Renewing", ""),
        (token(), run("SUCCESS", 8), 8.1, Level.WARNING, "NotRenewed", "job green, token dying"),
        (token(), run("SUCCESS", 8, untold=True), 8.1, Level.OK, "Renewing", ""),
        (token(), run("FAILURE", 8, untold=True), 8.1, Level.OK, "Renewing", ""),
        (token(), run("FAILURE", 8, untold=True), 10.5, Level.WARNING, "RenewalMissed", ""),
        (token(), run("FAILURE", 8), 8.1, Level.WARNING, "RenewalFailed", "job red, token lapses"),
        (token(), run("FAILURE", 8), 8.02, Level.OK, "Renewing", ""),  # not looked up since the run has ended
        (token(), run("ABORTED", 8), 8.1, Level.OK, "Renewing", ""),
        (token(), run("FAILURE", 16), 17, Level.FAILING, "LapsesBeforeNextRun", "job red, token lapses"),
        (token(), run("SUCCESS", -0.01), 10.5, Level.WARNING, "RenewalMissed", "job has not run"),  # that renewed it
        (token(), run("ABORTED", 9, earlier=(run("FAILURE", 8),)), 9.1, *RED),
        (token(), run("SUCCESS", 9, earlier=(run("FAILURE", 8),)), 9.02, *RED),  # not looked up since the last one
        (token(), run("ABORTED", 9, earlier=(run("FAILURE", 8),)), 10.5, Level.WARNING, "RenewalMissed", RED[2]),
        (token(), run("ABORTED", 9, earlier=(run("FAILURE", -1),)), 9.1, Level.OK, "Renewing", ""),
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


def hourly(last_h: float) -> Run:
    """The last run of a job that runs each hour and renews nothing as long as there is much left."""
    hours = [last_h - number for number in range(int(last_h) + 1) if last_h - number > 0.1]
    return replace(run("SUCCESS", last_h), earlier=tuple(run("SUCCESS", hour) for hour in hours[1:]))


@pytest.mark.parametrize(
    ("last", "after_h", "level", "reason", "says"),
    [
        (hourly(3), 3.1, Level.OK, "Renewing", ""),
        (hourly(7.97), 8.1, Level.OK, "Renewing", ""),  # a little was left over its threshold: the next run renews it
        (hourly(8.97), 9.1, Level.WARNING, "NotRenewed", "job green, token dying"),
        (hourly(9.97), 10.5, Level.WARNING, "RenewalMissed", "job green, token dying"),
        (run("SUCCESS", 3), 3.1, Level.OK, "Renewing", ""),  # by hand
        (
            run("SUCCESS", 7.99, earlier=(run("SUCCESS", 3),)),
            8.1,
            Level.WARNING,
            "NotRenewed",
            "job green, token dying",
        ),
        (run("FAILURE", 3, earlier=(run("SUCCESS", 2),)), 3.1, *RED),  # what fails may fail when it is due, too
        (run("SUCCESS", 4, earlier=(run("FAILURE", 3),)), 4.1, *RED),  # it did nothing: seen one by one it is red, too
    ],
)
def test_a_green_run_before_a_renewal_is_due_has_nothing_to_renew(
    last: Run, after_h: float, level: Level, reason: str, says: str
) -> None:
    state = judge_token(token(), None, EVERY_8H, T0 + int(after_h * H), Around(run=last)).state
    assert (state.level, state.reason, state.job_says) == (level, reason, says)


def test_a_learnt_interval_tells_when_a_green_run_should_have_renewed_and_an_unknown_one_never_that_it_need_not() -> (
    None
):
    tokens = [renewed(token(), number * 8, 24) for number in range(-4, 1)]
    for last, after_h, reason in ((run("SUCCESS", 3), 3.1, "Renewing"), (run("SUCCESS", 8), 8.1, "NotRenewed")):
        around = Around(run=last, grants=granted(tokens))
        state = judge_token(tokens[-1], None, settings(renewal_job="renew-orders"), T0 + int(after_h * H), around).state
        assert (state.reason, state.every_rule) == (reason, "learnt")
    around = Around(run=run("SUCCESS", 3))
    state = judge_token(token(), None, settings(renewal_job="renew-orders"), T0 + int(3.1 * H), around).state
    assert (state.reason, state.renew_every_s) == ("NotRenewed", None)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (run("FAILURE", 8), "mb/feature/x #88 failed: it lapses"),
        (run("SUCCESS", 8), "mb/feature/x #88 succeeded and did not renew it"),
        (run("FAILURE", 16), "by mb/feature/x (#88 failed)"),
        (run("SUCCESS", 0, number=87), "by mb/feature/x (no run has ended since #87)"),
        (run("FAILURE", 16, disabled=True), "by mb/feature/x (disabled)"),
        (run("FAILURE", 16, untold=True), "by mb/feature/x"),
        (None, "by mb/feature/x"),
    ],
)
def test_the_renewal_job_of_a_branch_has_the_name_that_people_know(last: Run | None, said: str) -> None:
    job = "mb/feature%2Fx"
    after_ms = T0 + int((17 if last is None or last.started_ms != T0 + 8 * H else 8.1) * H)
    mine = replace(last, job=job) if last is not None else None
    state = judge_token(token(), None, replace(EVERY_8H, renewal_job=job), after_ms, Around(run=mine)).state
    assert said in state.message and job not in state.message and state.renewal_job == job


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
