"""Platform jobs: each verdict of ``PlatformState``."""

import msgspec
import pytest

from statusdesk.facts import Build, Job, JobClass, QueueItem
from statusdesk.judge.environments import Act
from statusdesk.judge.periods import Period
from statusdesk.judge.platform import Surroundings, judge_platform
from statusdesk.states import Level
from tests.judge.make import T0

HOUR = 3_600_000
EVERY_HOUR = Period(3600.0, "configured")


def run(number: int, age_ms: int, result: str | None = "SUCCESS", trigger: str = "timer") -> Build:
    return Build(
        source="jenkins",
        job="j",
        number=number,
        url=f"https://ci/j/{number}/",
        result=result,
        building=result is None,
        started_ms=T0 - age_ms,
        duration_ms=0 if result is None else 1000,
        trigger=trigger,
    )


def job(job_class: JobClass, disabled: bool = False) -> Job:
    return Job(source="jenkins", name="j", url="https://ci/j/", job_class=job_class, disabled=disabled)


def waiting(age_ms: int, stuck: bool = False) -> QueueItem:
    return QueueItem(
        source="jenkins", id=1, job="j", why="Waiting for next executor", stuck=stuck, since_ms=T0 - age_ms
    )


@pytest.mark.parametrize(
    ("job_class", "builds", "around", "level", "reason", "says"),
    [
        (JobClass.RENEWAL, [run(2, HOUR // 2)], {}, Level.OK, "Succeeded", "#2 succeeded"),
        (
            JobClass.RENEWAL,
            [run(2, HOUR * 8 // 5)],
            {},
            Level.WARNING,
            "RenewalOverdue",
            "it should every 1h: the tokens",
        ),
        (JobClass.RENEWAL, [run(2, HOUR * 3)], {}, Level.FAILING, "RenewalOverdue", "succeeded last 2h ago"),
        (
            JobClass.RENEWAL,
            [run(2, HOUR * 3), run(3, 60_000, "FAILURE")],
            {},
            Level.FAILING,
            "RenewalOverdue",
            "#3 failed",
        ),
        (JobClass.RENEWAL, [run(2, HOUR), run(3, 60_000, "FAILURE")], {}, Level.WARNING, "RenewalFailed", "run down"),
        (JobClass.RENEWAL, [run(2, HOUR), run(3, 60_000, "ABORTED")], {}, Level.OK, "Succeeded", "#2"),
        (JobClass.RENEWAL, [], {}, Level.UNKNOWN, "NoResult", "no conclusive build"),
        (JobClass.RENEWAL, [run(2, 9 * HOUR)], {"period": None}, Level.OK, "Succeeded", ""),
        (JobClass.RENEWAL, [run(2, 9000)], {"queued": waiting(HOUR)}, Level.WARNING, "Queued", "for 1h (Waiting"),
        (JobClass.RENEWAL, [run(2, 9000)], {"queued": waiting(5000)}, Level.OK, "Succeeded", ""),
        (JobClass.RENEWAL, [run(2, 9000)], {"queued": waiting(5000, True)}, Level.WARNING, "Stuck", "in the queue"),
        (JobClass.RENEWAL, [run(2, 4 * HOUR)], {"queued": waiting(5000, True)}, Level.FAILING, "Stuck", "run down"),
        (
            JobClass.RENEWAL,
            [run(2, HOUR), run(3, HOUR // 2, None)],
            {"stuck": ("https://ci/j/3/",)},
            Level.WARNING,
            "Stuck",
            "#3 runs far longer",
        ),
        (JobClass.RENEWAL, [run(2, 4 * HOUR)], {"quieting_down": True}, Level.FAILING, "RenewalOverdue", "shutdown"),
        (JobClass.RENEWAL, [run(2, 4 * HOUR)], {"no_executor": True}, Level.FAILING, "RenewalOverdue", "no executor"),
        (JobClass.SEED, [run(2, HOUR)], {}, Level.OK, "Succeeded", ""),
        (JobClass.SEED, [run(2, 3 * HOUR), run(3, 9, "FAILURE")], {}, Level.FAILING, "SeedFailed", "as of 2h ago"),
        (JobClass.SEED, [run(2, HOUR), run(3, 9, "UNSTABLE")], {}, Level.WARNING, "SeedFailed", "is unstable"),
        (JobClass.SEED, [run(2, 3 * HOUR)], {}, Level.WARNING, "SeedStale", "definitions are as of 2h ago"),
        (JobClass.SEED, [run(2, 8 * 24 * HOUR)], {"period": None}, Level.WARNING, "SeedStale", "7d ago"),
        (JobClass.SEED, [run(3, 9, "FAILURE")], {}, Level.FAILING, "SeedFailed", "may be old"),
        (
            JobClass.ENVIRONMENT,
            [run(2, HOUR, "FAILURE")],
            {},
            Level.FAILING,
            "Failed",
            "j #2 failed",
        ),
        (JobClass.RENEWAL, [run(2, 9000)], {"queued": waiting(T0)}, Level.OK, "Succeeded", ""),
        (JobClass.OTHER, [run(2, HOUR, "UNSTABLE")], {}, Level.WARNING, "Unstable", ""),
        (JobClass.OTHER, [run(2, 900 * HOUR)], {}, Level.OK, "Succeeded", ""),
    ],
)
def test_verdict(job_class, builds, around, level, reason, says) -> None:
    state = judge_platform(job(job_class), builds, Surroundings(**({"period": EVERY_HOUR} | around)), T0)
    assert (state.level, state.reason) == (level, reason)
    assert says in state.message


@pytest.mark.parametrize(
    ("namespaces", "says"),
    [
        (("dev-a",), "j #2 failed: dev-a may be half made"),
        (("dev-a", "dev-b", "dev-c"), "j #2 failed: dev-a and 2 others may be half made"),
    ],
)
def test_a_run_for_some_environments_that_failed_says_nothing_of_the_others(namespaces, says) -> None:
    failed = msgspec.structs.replace(run(2, HOUR, "FAILURE"), namespace=namespaces[0], namespaces=namespaces)
    assert judge_platform(job(JobClass.ENVIRONMENT), [failed], Surroundings(act=Act.CREATE), T0).message == says


@pytest.mark.parametrize(
    ("act", "said"),
    [(Act.CREATE, "dev-a is made"), (Act.DESTROY, "dev-a is destroyed"), (None, "")],
)
def test_an_unstable_run_has_made_or_destroyed_its_environment_and_of_another_job_nothing_is_known(act, said) -> None:
    unstable = msgspec.structs.replace(run(2, HOUR, "UNSTABLE"), namespace="dev-a", namespaces=("dev-a",))
    state = judge_platform(job(JobClass.ENVIRONMENT), [unstable], Surroundings(act=act), T0)
    assert (state.level, state.reason) == (Level.WARNING, "Unstable")
    assert state.message == f"j #2 is unstable{f': {said}' if act else ' for dev-a'}"
    several = msgspec.structs.replace(unstable, namespaces=("dev-a", "dev-b"))
    said = judge_platform(job(JobClass.ENVIRONMENT), [several], Surroundings(act=Act.CREATE), T0).message
    assert said == "j #2 is unstable: dev-a and 1 other are made"


@pytest.mark.parametrize(("age_ms", "level"), [(HOUR // 2, Level.WARNING), (3 * HOUR, Level.FAILING)])
def test_a_disabled_renewal_is_a_warning_until_it_is_overdue(age_ms: int, level: Level) -> None:
    state = judge_platform(job(JobClass.RENEWAL, True), [run(2, age_ms)], Surroundings(period=EVERY_HOUR), T0)
    assert (state.level, state.reason, state.disabled) == (level, "Disabled", True)


def test_when_the_next_success_is_due_and_who_says_so() -> None:
    state = judge_platform(job(JobClass.RENEWAL), [run(2, HOUR // 2)], Surroundings(period=EVERY_HOUR), T0)
    assert (state.period_s, state.period_rule, state.next_expected_ms) == (3600, "configured", T0 + HOUR // 2)


@pytest.mark.parametrize(
    ("builds", "awaited", "level", "reason", "says"),
    [
        ([run(1, HOUR // 2, "FAILURE")], None, Level.WARNING, "RenewalFailed", "failed"),
        ([run(1, HOUR * 5 // 4, "FAILURE"), run(2, 9000, "FAILURE")], None, Level.WARNING, "RenewalOverdue", "for 1h"),
        ([run(1, 40 * HOUR, "FAILURE"), run(6, 9000, "FAILURE")], None, Level.FAILING, "RenewalOverdue", "#6 failed"),
        ([run(1, 3 * HOUR, "ABORTED")], None, Level.FAILING, "RenewalOverdue", "never succeeded, for 3h"),
        ([run(9, HOUR // 2, "ABORTED")], 3 * HOUR, Level.FAILING, "RenewalOverdue", "should every 1h: the tokens"),
        ([], None, Level.UNKNOWN, "NoResult", "no conclusive build"),
        ([], HOUR // 2, Level.UNKNOWN, "NoResult", "no conclusive build"),
        ([], 3 * HOUR, Level.FAILING, "RenewalOverdue", "has never succeeded, for 3h"),
    ],
)
def test_a_renewal_that_never_succeeded_is_overdue_by_its_first_run_or_since_it_is_known(
    builds: list[Build], awaited: int | None, level: Level, reason: str, says: str
) -> None:
    of_job = msgspec.structs.replace(job(JobClass.RENEWAL), complete=True)
    around = Surroundings(period=EVERY_HOUR, awaited_ms=None if awaited is None else T0 - awaited)
    state = judge_platform(of_job, builds, around, T0)
    assert (state.level, state.reason) == (level, reason)
    assert says in state.message
    assert state.next_expected_ms == (state.awaited_ms or 0) + HOUR


def test_no_first_success_is_missed_while_older_builds_are_still_read() -> None:
    of_job = msgspec.structs.replace(job(JobClass.RENEWAL), last_number=6)
    state = judge_platform(of_job, [run(6, 9 * HOUR, "FAILURE")], Surroundings(period=EVERY_HOUR), T0)
    assert (state.reason, state.awaited_ms, state.next_expected_ms) == ("RenewalFailed", None, None)
    state = judge_platform(of_job, [run(6, 9 * HOUR, "ABORTED")], Surroundings(), T0)
    assert state.message.endswith("has no conclusive build as far as its builds are read")


def test_where_no_older_builds_will_be_read_a_success_is_missed_since_the_first_that_are() -> None:
    of_job = msgspec.structs.replace(job(JobClass.RENEWAL), last_number=2000, cut=True, read_builds=1000)
    state = judge_platform(of_job, [run(1900, 9 * HOUR, "FAILURE")], Surroundings(period=EVERY_HOUR), T0)
    assert (state.reason, state.awaited_ms) == ("RenewalOverdue", T0 - 9 * HOUR)
    assert "has no success among the newest 1,000, for 9h" in state.message


def test_a_success_that_a_gap_may_hold_neither_begins_the_waiting_for_the_first_one_nor_ends_it():
    of_job = msgspec.structs.replace(job(JobClass.RENEWAL), complete=True, last_number=8)
    builds = [run(number, (10 - number) * HOUR, "FAILURE") for number in (3, 4, 5, 6)]
    in_gap, told = msgspec.structs.replace(of_job, gap_after=6), []
    around = Surroundings(period=EVERY_HOUR)
    for each in (in_gap, of_job, in_gap, of_job):
        state = judge_platform(each, builds, around, T0)
        around = Surroundings(period=EVERY_HOUR, awaited_ms=state.awaited_ms)
        told.append((state.level, state.reason))
    assert told == [(Level.WARNING, "RenewalFailed")] + [(Level.FAILING, "RenewalOverdue")] * 3
