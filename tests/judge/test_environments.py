"""Environments: up, half made, left up after hours, over summer time and weekends; and hours up per week."""

import datetime
import zoneinfo

import pytest
from msgspec.structs import replace

from statusdesk.config import EnvironmentSettings
from statusdesk.facts import Build
from statusdesk.judge.environments import Act, Run, judge_environment, story_of
from statusdesk.judge.working_hours import WorkingHours, overlap_ms
from statusdesk.states import EnvironmentState, Level

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
HOURS = WorkingHours(EnvironmentSettings(timezone="Europe/Berlin"), "UTC")
HOUR = 3_600_000


def at(day: int, time: str, month: int = 11) -> int:
    """A moment in November 2026, where the 16th is a Monday."""
    moment = datetime.datetime.combine(datetime.date(2026, month, day), datetime.time.fromisoformat(time), ZONE)
    return round(moment.timestamp() * 1000)


def run(act: Act, number: int, started_ms: int, result: str | None = "SUCCESS", user: str = "alice") -> Run:
    build = Build(
        source="jenkins",
        job=f"env-{act.value}",
        number=number,
        url=f"https://ci/{act.value}/{number}/",
        result=result,
        building=result is None,
        started_ms=started_ms,
        duration_ms=0 if result is None else 60_000,
        user=user,
    )
    return Run(act, build)


def judged(now_ms: int, *runs: Run) -> EnvironmentState | None:
    return judge_environment("eu", "dev-alice", story_of(runs), HOURS, 1_800_000, now_ms)


C, D = Act.CREATE, Act.DESTROY
MADE = run(C, 1, at(16, "08:00"))
CUT = run(D, 1, at(16, "18:00"), "ABORTED")


@pytest.mark.parametrize(
    ("now_ms", "runs", "level", "reason"),
    [
        (at(16, "12:00"), [MADE], Level.OK, "Up"),
        (at(16, "20:29"), [MADE], Level.OK, "Up"),
        (at(16, "20:30"), [MADE], Level.WARNING, "LeftUp"),
        (at(17, "06:59"), [MADE], Level.WARNING, "LeftUp"),
        (at(17, "07:00"), [MADE], Level.OK, "Up"),
        (at(21, "12:00"), [run(C, 1, at(20, "08:00"))], Level.WARNING, "LeftUp"),
        (at(16, "08:00"), [run(C, 1, at(16, "07:59"), None)], Level.PROGRESSING, "Making"),
        (at(16, "09:00"), [run(C, 1, at(16, "08:00"), "FAILURE")], Level.FAILING, "HalfMade"),
        (at(16, "09:00"), [run(C, 1, at(16, "08:00"), "ABORTED")], Level.WARNING, "HalfMade"),
        (at(16, "09:00"), [run(C, 1, at(16, "08:00"), "FAILURE"), run(C, 2, at(16, "08:30"))], Level.OK, "Up"),
        (at(16, "19:00"), [MADE, run(D, 1, at(16, "18:00"), "FAILURE")], Level.FAILING, "HalfDestroyed"),
        (at(16, "18:01"), [MADE, run(D, 1, at(16, "18:00"), None)], Level.PROGRESSING, "Destroying"),
        (at(16, "19:00"), [MADE, run(D, 1, at(16, "18:00"), "NOT_BUILT")], Level.OK, "Up"),
        (at(16, "19:00"), [MADE, CUT], Level.WARNING, "HalfDestroyed"),
        (at(16, "21:00"), [MADE, CUT], Level.WARNING, "LeftUp"),
        (at(16, "19:00"), [MADE, run(D, 0, at(16, "17:00"), "FAILURE"), CUT], Level.FAILING, "HalfDestroyed"),
        (at(16, "19:00"), [run(C, 1, at(16, "08:00"), "FAILURE"), CUT], Level.FAILING, "HalfMade"),
        (at(16, "19:00"), [MADE, CUT, run(C, 2, at(16, "18:30"))], Level.OK, "Up"),
    ],
)
def test_verdict(now_ms: int, runs: list[Run], level: Level, reason: str) -> None:
    state = judged(now_ms, *runs)
    assert state is not None
    assert (state.level, state.reason) == (level, reason)
    assert state.message


def test_what_a_run_destroyed_before_it_was_aborted_nobody_knows() -> None:
    state = judged(at(16, "19:00"), MADE, CUT)
    assert state is not None
    assert state.message == "env-destroy #1 was aborted: it may be destroyed by half, or not at all"
    assert (state.made_by, state.number, state.up_since_ms) == ("alice", 1, at(16, "08:01"))
    late = judged(at(16, "21:00"), MADE, CUT)
    assert late is not None
    assert late.message.endswith("for 1h now; env-destroy #1 was aborted: it may be destroyed by half")
    for runs in ([CUT], [MADE, CUT, run(D, 2, at(16, "18:30"))], [MADE, run(D, 0, at(16, "17:00")), CUT]):
        assert judged(at(16, "19:00"), *runs) is None


def test_what_was_destroyed_is_no_environment_any_more_until_it_is_made_again() -> None:
    destroyed = (MADE, run(D, 1, at(16, "18:00")))
    assert judged(at(16, "19:00"), *destroyed) is None
    again = judged(at(17, "09:00"), *destroyed, run(C, 2, at(17, "08:00"), user="bob"))
    assert again is not None
    assert (again.made_by, again.number, again.up_since_ms) == ("bob", 2, at(17, "08:01"))


def test_the_order_in_which_runs_are_heard_of_does_not_matter() -> None:
    runs = [MADE, run(D, 1, at(16, "18:00")), run(C, 2, at(17, "08:00")), run(D, 2, at(17, "18:00"), "FAILURE")]
    assert judged(at(17, "19:00"), *runs) == judged(at(17, "19:00"), *runs[::-1])


def test_minutes_up_in_a_week_and_after_hours() -> None:
    runs = [MADE, run(D, 1, at(16, "22:01"))]  # 08:01 to 22:02, of which two hours after hours
    again = run(C, 2, at(17, "08:00"))
    state = judged(at(17, "12:01"), *runs, again)
    assert state is not None
    assert (state.week_up_min, state.week_after_hours_min) == (840 + 240, 120)
    later = judged(at(23, "12:01"), *runs, again)
    assert later is not None
    assert later.week_up_min == 10 * (
        ((at(23, "12:01") - at(17, "08:01")) + (at(16, "22:02") - at(16, "12:01"))) // 600_000
    )


def test_working_hours_over_the_end_of_summer_time_and_past_midnight() -> None:
    sunday = WorkingHours(
        EnvironmentSettings(work_days=("sun",), work_from="00:00", work_until="24:00"), "Europe/Berlin"
    )
    (span,) = sunday.spans(at(25, "00:30", 10), at(25, "12:00", 10))
    assert span[1] - span[0] == 25 * HOUR
    night = WorkingHours(EnvironmentSettings(work_days=("mon",), work_from="22:00", work_until="06:00"), "UTC")
    assert night.ended_ms(at(17, "04:00")) is None
    assert night.ended_ms(at(17, "08:00")) == at(17, "07:00")  # 06:00 UTC
    assert overlap_ms([(0, 10)], [(5, 7), (8, 20)]) == 4


def test_without_working_days_nothing_is_left_up() -> None:
    never = WorkingHours(EnvironmentSettings(work_days=()), "UTC")
    assert never.ended_ms(at(16, "12:00")) is None


@pytest.mark.parametrize(
    ("now_ms", "made", "words", "day_off"),
    [
        (at(16, "21:00"), MADE, "it is up after hours, made by alice with env-create #1, for 1h now", False),
        (at(17, "06:00"), MADE, "it is up after hours, made by alice with env-create #1, for 10h now", False),
        (at(21, "12:00"), run(C, 1, at(20, "08:00")), "it is up on a day off, made by alice with env-create #1", True),
        (at(22, "11:01"), run(C, 1, at(22, "10:00")), "it is up on a day off, made by alice with env-create #1", True),
        (at(23, "06:00"), run(C, 1, at(20, "08:00")), "it is up after hours, made by alice with env-create #1", False),
    ],
)
def test_a_day_off_is_called_so(now_ms: int, made: Run, words: str, day_off: bool) -> None:
    state = judged(now_ms, made)
    assert state is not None and state.message.startswith(words)
    assert state.day_off is day_off


def test_a_holiday_is_a_day_off_however_many_there_are() -> None:
    off = tuple(f"2026-11-{day}" for day in range(16, 28))
    hours = WorkingHours(EnvironmentSettings(timezone="Europe/Berlin", holidays=off), "UTC")
    state = judge_environment(
        "eu", "dev-alice", story_of([run(C, 1, at(13, "08:00"))]), hours, 1_800_000, at(27, "12:00")
    )
    assert state is not None
    assert (state.reason, state.day_off, state.left_up_ms) == ("LeftUp", True, at(13, "20:00"))
    assert not hours.is_day_off(at(30, "12:00"))


def test_who_made_it_and_when_belong_to_one_build() -> None:
    half = run(C, 1, at(16, "08:00"), "FAILURE", user="bob")
    state = judged(at(16, "12:00"), half, run(C, 2, at(16, "11:00")))
    assert state is not None
    assert (state.made_by, state.number, state.made_ms) == ("alice", 2, at(16, "11:01"))
    assert state.up_since_ms == at(16, "08:01")  # something of it is up, and counts, since then
    assert state.message == "half made at first, made whole by alice with env-create #2"
    at_once = judged(at(16, "12:00"), MADE)
    assert at_once is not None
    assert at_once.made_ms == at_once.up_since_ms
    half_only = judged(at(16, "12:00"), half)
    assert half_only is not None
    assert half_only.made_ms is None


@pytest.mark.parametrize("result", ["FAILURE", "ABORTED"])
def test_who_left_it_half_made_is_named_and_not_who_had_made_it_well(result: str) -> None:
    state = judged(at(16, "12:00"), MADE, run(C, 2, at(16, "11:00"), result, user="bob"))
    assert state is not None
    what = "failed" if result == "FAILURE" else "was aborted"
    assert state.message == f"env-create #2 {what}: it may be half made by bob"
    assert (state.level, state.reason) == (Level.FAILING, "HalfMade")
    assert (state.made_by, state.job, state.number, state.url) == ("bob", "env-create", 2, "https://ci/create/2/")
    assert (state.made_ms, state.up_since_ms) == (None, at(16, "08:01"))


def test_making_a_half_made_environment_whole_is_no_renewal() -> None:
    half, whole = run(C, 1, at(16, "08:00"), "FAILURE", user="bob"), run(C, 2, at(16, "09:00"), user="carl")
    state = judged(at(16, "12:00"), half, whole)
    assert state is not None
    assert (state.made_by, state.renewed_by, state.renewed_ms) == ("carl", "", None)


def test_how_a_run_ended_whose_job_has_gone_meanwhile_nobody_knows() -> None:
    gone = {"gone_ms": at(16, "10:00")}
    makes, destroys = (run(act, 2, at(16, "09:59"), None)._replace(**gone) for act in (C, D))
    state = judged(at(16, "12:00"), makes)
    assert state is not None and (state.level, state.reason) == (Level.WARNING, "HalfMade")
    for cut_short in (makes, destroys):
        state = judged(at(16, "12:00"), MADE, cut_short)
        assert state is not None and (state.reason, state.number) == ("Up", 1)
    assert judged(at(16, "12:00"), destroys) is None


def test_who_makes_it_once_more_is_named_while_he_does_and_no_longer() -> None:
    half = run(C, 1, at(16, "08:00"), "FAILURE", user="bob")
    for before in (MADE, half):
        state = judged(at(16, "11:00"), before, run(C, 2, at(16, "10:59"), None, user="carl"))
        assert state is not None
        assert (state.message, state.made_by, state.number) == ("env-create #2 makes it by carl", "carl", 2)
    again = judged(at(16, "12:00"), MADE, run(C, 2, at(16, "10:59"), user="carl"))
    assert again is not None
    assert (again.made_by, again.number) == ("alice", 1)
    assert (again.renewed_by, again.renewed_number, again.renewed_ms) == ("carl", 2, at(16, "11:00"))
    assert again.message == "made by alice with env-create #1, renewed by carl with env-create #2"


@pytest.mark.parametrize(
    "runs",
    [
        [run(C, 1, at(16, "08:00"), None)],
        [run(C, 1, at(16, "08:00"), "FAILURE")],
        [MADE, run(D, 2, at(16, "09:00"), None)],
        [MADE, run(D, 2, at(16, "09:00"), "FAILURE")],
        [MADE, run(C, 2, at(16, "09:00"))],
        [MADE._replace(gone_ms=0)],
    ],
)
def test_the_job_of_a_branch_has_the_name_that_people_know(runs: list[Run]) -> None:
    job = "mb/feature%2Fx"
    state = judged(at(16, "12:00"), *(each._replace(build=replace(each.build, job=job)) for each in runs))
    assert state is not None and (state.job, state.last_job) == (job, job)
    assert "mb/feature/x" in state.message and job not in state.message
