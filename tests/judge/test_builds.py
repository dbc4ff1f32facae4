"""Builds of one job for one namespace, newest first, and what must be said of the pair."""

import msgspec
import pytest

from statusdesk.facts import Build, Job, JobClass
from statusdesk.judge.builds import judge_builds
from statusdesk.judge.environments import Act, Settled
from statusdesk.states import BuildState, Level
from tests.judge.make import T0


def build(number: int, result: str | None, building: bool = False) -> Build:
    return Build(
        source="jenkins",
        job="deploy-orders",
        number=number,
        url=f"https://ci/{number}",
        namespace="staging",
        result=result,
        building=building,
        started_ms=T0 + number * 1000,
        duration_ms=0 if building else 500,
        version=f"1.{number}",
    )


def judged(*about, **more) -> BuildState:
    return judge_builds(*about, **more, now_ms=T0 + 50_500)


RUNNING = build(9, None, building=True)


@pytest.mark.parametrize(
    ("builds", "level", "reason", "number", "other", "other_result"),
    [
        ([], Level.UNKNOWN, "NoResult", None, None, ""),
        ([build(1, "SUCCESS")], Level.OK, "Succeeded", 1, None, ""),
        ([build(1, "FAILURE")], Level.FAILING, "Failed", 1, None, ""),
        ([build(1, "UNSTABLE")], Level.WARNING, "Unstable", 1, None, ""),
        ([build(2, "ABORTED"), build(1, "FAILURE")], Level.FAILING, "Failed", 1, 2, "ABORTED"),
        ([build(2, "NOT_BUILT"), build(1, "SUCCESS")], Level.OK, "Succeeded", 1, 2, "NOT_BUILT"),
        ([RUNNING, build(1, "SUCCESS")], Level.OK, "Succeeded", 1, 9, ""),
        ([RUNNING], Level.UNKNOWN, "NoResult", None, 9, ""),
        ([build(9, "UNSTABLE", building=True), build(1, "SUCCESS")], Level.OK, "Succeeded", 1, 9, ""),
        ([build(3, "SUCCESS"), build(2, "ABORTED")], Level.OK, "Succeeded", 3, None, ""),
        ([build(2, "FAILURE"), build(1, "SUCCESS")], Level.FAILING, "Failed", 2, None, ""),
        ([build(2, "ABORTED")], Level.UNKNOWN, "NoResult", None, 2, "ABORTED"),
        ([build(2, None), build(1, "SUCCESS")], Level.OK, "Succeeded", 1, 2, "VANISHED"),
        ([build(2, "STRANGE")], Level.UNKNOWN, "NoResult", None, 2, "STRANGE"),
    ],
)
def test_outcome(builds, level, reason, number, other, other_result) -> None:
    for order in (builds, builds[::-1]):
        state = judged("jenkins", None, "deploy-orders", "staging", order)
        assert (state.level, state.reason, state.number) == (level, reason, number)
        assert (state.other_number, state.other_result) == (other, other_result)
        assert state.key == "jenkins/deploy-orders@staging"


@pytest.mark.parametrize(
    ("builds", "other", "running", "said"),
    [
        ([RUNNING, build(8, None, building=True), build(1, "SUCCESS")], 9, [8, 9], "#9 runs, #8 runs besides"),
        ([build(9, "ABORTED"), build(8, None, building=True)], 9, [8], "#9 was aborted for staging, #8 runs besides"),
        (
            [build(9, "SUCCESS"), *(build(n, None, building=True) for n in (8, 7))],
            None,
            [7, 8],
            "#7 and #8 run besides",
        ),
        ([build(9, "UNSTABLE", building=True)], 9, [9], "#9 runs for staging"),
        ([build(9, "SUCCESS")], None, [], "succeeded for staging"),
    ],
)
def test_all_that_runs_is_told_also_below_newer_builds(builds, other, running, said) -> None:
    state = judge_builds("jenkins", None, "deploy-orders", "staging", builds, now_ms=T0)
    assert ([run.number for run in state.running], state.other_number) == (running, other)
    assert state.message.endswith(said)
    assert all((run.started_ms, run.version) == (T0 + run.number * 1000, f"1.{run.number}") for run in state.running)


def test_last_success_stays_known() -> None:
    state = judged("jenkins", None, "deploy-orders", "staging", [build(5, "FAILURE"), build(3, "SUCCESS")])
    assert (state.last_success_number, state.last_success_ms) == (3, T0 + 3500)
    assert (state.version, state.url, state.started_ms) == ("1.5", "https://ci/5", T0 + 5000)


def job(job_class: JobClass, disabled: bool = False) -> Job:
    return Job(source="jenkins", name="j", url="https://ci/j", job_class=job_class, disabled=disabled)


@pytest.mark.parametrize(
    ("job_class", "disabled", "builds", "namespace", "message"),
    [
        (JobClass.DEPLOY, False, [build(4, "FAILURE")], "staging", "j #4 failed for staging"),
        (JobClass.DEPLOY, False, [build(4, "SUCCESS")], "", "j #4 succeeded"),
        (JobClass.DEPLOY, False, [RUNNING, build(4, "SUCCESS")], "a", "j #4 succeeded for a, #9 runs"),
        (JobClass.DEPLOY, False, [build(5, "ABORTED"), build(4, "FAILURE")], "a", "j #4 failed for a, #5 was aborted"),
        (JobClass.DEPLOY, True, [build(4, "UNSTABLE")], "a", "j #4 is unstable for a, the job is disabled"),
        (JobClass.DEPLOY, False, [], "a", "j has no build for a"),
        (JobClass.DEPLOY, False, [RUNNING], "a", "j #9 runs for a"),
        # Jenkins has the build, as it does after it was killed, or it has none of it any more
        (JobClass.DEPLOY, False, [build(5, None)], "a", "j #5 ended without a known result for a"),
        (JobClass.SEED, False, [build(4, "FAILURE")], "", "j #4 failed: job definitions stay as they were"),
        (JobClass.RENEWAL, False, [build(4, "FAILURE")], "", "j #4 failed: the tokens that it renews are running down"),
        (JobClass.RENEWAL, False, [build(4, "SUCCESS")], "", "j #4 succeeded"),
    ],
)
def test_message(job_class, disabled, builds, namespace, message) -> None:
    state = judged("jenkins", job(job_class, disabled), "j", namespace, builds)
    assert state.message == message
    assert state.job_class == job_class.value


def test_what_failed_in_an_environment_that_was_destroyed_since_is_history() -> None:
    failed = build(4, "FAILURE")
    before = judged("jenkins", None, "j", "dev-a", [failed], Settled(failed.started_ms - 1))
    after = judged("jenkins", None, "j", "dev-a", [failed], Settled(failed.started_ms + 1))
    assert (before.level, after.level, after.reason) == (Level.FAILING, Level.IDLE, "Destroyed")
    assert "destroyed since" in after.message


@pytest.mark.parametrize(
    ("good_ms", "level", "reason", "says"),
    [
        (None, Level.FAILING, "Failed", "j #4 failed for dev-a: the environment may be destroyed by half"),
        (-1, Level.FAILING, "Failed", "destroyed by half"),
        (1, Level.IDLE, "Made", "and the environment was made since"),
    ],
)
def test_what_a_job_of_environments_left_is_history_once_a_later_run_went_well(good_ms, level, reason, says) -> None:
    failed = build(4, "FAILURE")
    settled = Settled(None, None if good_ms is None else failed.started_ms + good_ms)
    about = ("jenkins", job(JobClass.ENVIRONMENT), "j", "dev-a", [failed], settled)
    state = judged(*about, act=Act.DESTROY)
    assert (state.level, state.reason) == (level, reason)
    assert says in state.message


def test_what_destroyed_an_environment_that_was_made_since_was_not_destroyed_itself() -> None:
    destroys = build(4, "SUCCESS")
    ended_ms = destroys.started_ms + destroys.duration_ms
    about = ("jenkins", job(JobClass.ENVIRONMENT), "j", "dev-a")
    made = judged(*about, [destroys], Settled(ended_ms, ended_ms + 9), act=Act.DESTROY)
    assert made.message == "j #4 succeeded for dev-a, and the environment was made since"
    again = judged(*about, [destroys], Settled(ended_ms + 8, ended_ms + 7), act=Act.DESTROY)
    assert again.message.endswith("was destroyed since")
    first = judged(*about, [destroys], Settled(ended_ms + 8, ended_ms + 9), act=Act.CREATE)
    assert first.message.endswith("was destroyed since"), "made anew then, by another run"


def test_what_a_job_did_that_neither_makes_nor_destroys_an_environment_is_its_own_matter() -> None:
    failed = build(4, "FAILURE")
    about = ("jenkins", job(JobClass.ENVIRONMENT), "j", "dev-a", [failed])
    made = judged(*about, Settled(None, failed.started_ms + 1))
    assert (made.level, made.message) == (Level.FAILING, "j #4 failed for dev-a"), "made once more, it is no better"
    assert judged(*about, Settled(failed.started_ms + 1, failed.started_ms + 1)).reason == "Destroyed"


def test_the_usual_duration_is_the_median_of_the_last_that_succeeded() -> None:
    took = {1: 900_000, 2: 1_000, 3: 2_000, 4: 3_000, 5: 60_000, 6: 2_000}
    builds = [msgspec.structs.replace(build(n, "SUCCESS"), duration_ms=ms) for n, ms in took.items()]
    failed = msgspec.structs.replace(build(7, "FAILURE"), duration_ms=5)
    assert judged("jenkins", None, "j", "a", [*builds, failed]).usual_ms == 2_000


@pytest.mark.parametrize(
    ("results", "before", "since", "was_red"),
    [
        ("SSS", None, 1, False),  # as far as it is known
        ("FSS", None, 2, True),
        ("SFSUSS", None, 5, True),
        ("SSF", None, None, False),
        ("SFS", (T0, False), 3, True),  # what was red in between is not green since long ago
        ("SS", (T0, True), 0, True),  # those before are not at hand any more
        ("SS", (T0, False), 0, False),
        ("SS", (T0 + 9500, False), 1, False),  # older ones were heard of
        ("SS", (T0 + 9500, True), 9, True),  # older ones were heard of, what was red after them not again
        ("SfS", None, 3, True),  # a deleted one was red all the same
        ("SfS", (T0 + 3500, True), 3, True),
        ("SsS", None, 1, False),
        ("SFsf", None, None, False),
        ("Sf", None, 50, True),  # red until it was seen to be deleted
        ("Sf", (T0 + 4500, True), 4, True),  # as it was
        ("Sfs", None, 3, True),
        ("SFSf", (T0 + 3500, True), 50, True),
        ("FSA", None, 2, True),  # an aborted one says nothing
        ("FSR", None, 2, True),
        ("A", None, None, False),
    ],
)
def test_it_is_green_since_the_first_success_that_no_other_result_followed(results, before, since, was_red) -> None:
    words = {"S": "SUCCESS", "F": "FAILURE", "U": "UNSTABLE", "A": "ABORTED", "R": None}
    told = [build(n, words[each.upper()], building=each == "R") for n, each in enumerate(results, 1)]
    builds = [msgspec.structs.replace(b, deleted=each.islower()) for b, each in zip(told, results, strict=True)]
    known = judged("jenkins", None, "j", "a", builds)
    if before is not None:
        known = msgspec.structs.replace(known, green_since_ms=before[0], was_red=before[1])
    state = judged("jenkins", None, "j", "a", builds, before=known if before is not None else None)
    expected = None if since is None else T0 + since * 1000 + 500 if since else T0
    assert (state.green_since_ms, state.was_red) == (expected, was_red)


def test_what_failed_in_an_environment_is_well_since_that_was_destroyed() -> None:
    failed = build(4, "FAILURE")
    assert judged("jenkins", None, "j", "a", [failed], Settled(failed.started_ms + 9)).green_since_ms == T0 + 4009
