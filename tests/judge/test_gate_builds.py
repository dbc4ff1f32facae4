"""The gate that is asked by the very build that deployed: what is held against it, and what it is the answer to."""

import pytest
from msgspec.structs import replace

from tests.judge.test_gate import ASKED, JOBS, NOW, alert, answer, build, failed_build

JOB = "shop/deploy-orders"
BY_21 = replace(ASKED, asked_by=(JOB, 21))
CLASSES = {("jenkins", JOB): "deploy"}
RUNS = build(21, None, job=JOB, building=True)
FAILED = build(20, "FAILURE", job=JOB)


def asked(*builds, question=BY_21, **more):
    asking = next((each for each in builds if question.asked_by == (each.job, each.number)), None)
    given = {"builds": (builds,), "asking": asking, "job_classes": CLASSES} | more
    return answer(question, **given)


def test_the_build_that_asks_has_come_so_far():
    decision, checks = asked(RUNS, FAILED)
    assert decision.decision == "go"
    assert checks["build-success"].detail == "shop/deploy-orders #21 is running, and asks"


@pytest.mark.parametrize("by", [None, (JOB, 20), ("deploy-orders", 21), ("web/deploy-orders", 21)])
def test_a_build_that_runs_and_does_not_ask_may_still_fail(by):
    decision, checks = asked(RUNS, question=replace(ASKED, asked_by=by))
    assert (decision.decision, checks["build-success"].detail) == ("unknown", f"{JOB} #21 is running")


def test_the_build_that_asks_is_no_excuse_for_another():
    later = replace(FAILED, number=22, started_ms=NOW - 1)
    assert asked(later, RUNS)[1]["build-success"].result == "blocked"
    running = replace(later, result=None, building=True)
    assert asked(running, RUNS)[1]["build-success"].detail == f"{JOB} #22 is running"
    ended = replace(RUNS, building=False, result="FAILURE")
    assert asked(ended)[1]["build-success"].result == "blocked"


def test_a_failed_build_is_answered_by_the_next_one_of_the_same_job():
    """Also where the earlier one failed for nothing but the answer of the gate."""
    bad = failed_build(build_number=20)
    decision, checks = asked(RUNS, FAILED, alerts=(bad,))
    assert decision.decision == "go"
    assert checks["no-firing-alert"].detail == f"BuildFailed of an earlier build: {JOB} #21 asks"
    elsewhere = replace(RUNS, namespace="production")
    decision, checks = answer(BY_21, builds=((FAILED,),), asking=elsewhere, job_classes=CLASSES, alerts=(bad,))
    blocked = {name for name, check in checks.items() if check.result == "blocked"}
    assert (decision.settled, blocked) == (True, {"build-success", "no-firing-alert"})
    for alerts in (
        (bad, alert()),
        (replace(bad, app="shop/other"),),
        (replace(bad, app=JOB, alertname="SeedJobStale"),),
    ):
        assert asked(RUNS, FAILED, alerts=alerts)[1]["no-firing-alert"].result == "blocked"
    for number in (22, 21, 0):  # it is of the one after, of the one that asks, of no one knows which
        of_that = replace(bad, build_number=number)
        assert asked(RUNS, FAILED, alerts=(of_that,))[1]["no-firing-alert"].result == "blocked"


def test_a_build_for_no_namespace_is_answered_too():
    bad, asking = failed_build("", stage="", build_number=20), replace(RUNS, namespace=None)
    given = {"builds": ((build(),),), "asking": asking, "job_classes": CLASSES}
    assert answer(BY_21, alerts=(bad,), **given)[0].decision == "go"
    assert answer(ASKED, alerts=(bad,), **(given | {"asking": None}))[0].decision == "blocked"
    later = replace(bad, build_number=22)
    assert answer(BY_21, alerts=(later,), **given)[0].decision == "blocked"


def test_a_build_that_asks_and_was_not_seen_yet_is_a_doubt():
    decision, checks = asked(FAILED, alerts=(failed_build(),))
    assert (decision.decision, decision.settled) == ("unknown", False)
    assert checks["build-success"].detail == f"{JOB} #20 FAILURE 1h ago; #21, which asks, was not seen yet"
    assert checks["no-firing-alert"].detail == "BuildFailed in staging for 1m; #21, which asks, was not seen yet"
    for given in ({"question": replace(ASKED, asked_by=("promote", 3))}, {"job_classes": JOBS}):
        assert asked(FAILED, alerts=(failed_build(),), **given)[0].decision == "blocked", "it is no job of the app"
    assert asked(FAILED, alerts=(failed_build(), alert()))[1]["no-firing-alert"].result == "blocked"


def test_a_branch_is_named_as_jenkins_or_as_people_have_it():
    job = "shop/orders/release%2F2"
    branch = build(21, "FAILURE", job=job)
    for name in (job, "shop/orders/release/2"):
        question = replace(ASKED, asked_by=(name, 22))
        _, checks = asked(branch, question=question, job_classes={("jenkins", job): "deploy"})
        assert checks["build-success"].detail.endswith("#22, which asks, was not seen yet")


def test_while_a_deploy_job_has_built_what_is_not_read_it_cannot_be_told():
    good = build(20, "SUCCESS", job=JOB)
    decision, checks = asked(good, unread_after={("jenkins", JOB): 20})
    assert (decision.decision, decision.settled) == ("unknown", False)
    assert checks["build-success"].detail == f"what {JOB} built after #20 is not read yet"
    assert asked(good)[0].decision == "go"
    others = CLASSES | {("jenkins", "shop/test-orders"): "other"}
    assert asked(good, job_classes=others, unread_after={("jenkins", "shop/test-orders"): 7})[0].decision == "go"


def test_a_build_that_cannot_be_read_matters_only_while_it_may_be_the_newest():
    at_7 = build(7, "SUCCESS", job=JOB)
    at_9 = build(9, "SUCCESS", job=JOB)
    key = ("jenkins", JOB)
    decision, checks = asked(at_7, unreadable={key: {8: None}}, question=ASKED)
    assert decision.decision == "unknown"
    said = f"{JOB} #8 cannot be read and may be the newest: mend or delete it in Jenkins, or run the job again"
    assert checks["build-success"].detail == said
    assert asked(at_9, at_7, unreadable={key: {8: at_9.started_ms}}, question=ASKED)[0].decision == "go"
    failed = replace(at_9, result="FAILURE")
    assert asked(failed, at_7, unreadable={key: {8: at_9.started_ms}}, question=ASKED)[0].decision == "blocked"
    for other in (replace(at_9, result="ABORTED"), replace(at_9, deleted=True)):
        _, checks = asked(other, at_7, unreadable={key: {8: at_9.started_ms}}, question=ASKED)
        assert checks["build-success"].detail == said, "nothing newer has come to a result"
    more = {8: at_9.started_ms, 10: None, 11: None}
    assert "#11 cannot be read" in asked(at_9, at_7, unreadable={key: more}, question=ASKED)[1]["build-success"].detail
    assert asked(unreadable={key: {8: None}}, question=ASKED)[1]["build-success"].detail == said


def test_a_build_of_another_version_that_ended_later_in_the_namespace_is_newer_too():
    at_7, key = build(7, "SUCCESS", job=JOB), ("jenkins", JOB)
    other = build(9, "SUCCESS", job=JOB, version="0.1")
    hidden = {key: {8: other.started_ms}}
    assert asked(other, at_7, unreadable=hidden, question=ASKED)[0].decision == "go"
    elsewhere = replace(other, namespace="staging-2")
    given = {"builds": ((at_7,), (elsewhere,)), "job_classes": CLASSES, "unreadable": hidden}
    assert "#8 cannot be read" in answer(ASKED, **given)[1]["build-success"].detail


def test_a_build_that_cannot_be_read_of_a_job_that_does_not_deploy_is_no_doubt():
    good, test_job = build(20, "SUCCESS", job=JOB), ("jenkins", "shop/test-orders")
    classes = CLASSES | {test_job: "other"}
    assert asked(good, job_classes=classes, unreadable={test_job: {7: None}}, question=ASKED)[0].decision == "go"
    only = {test_job: "deploy"} | CLASSES
    earlier, later = good.started_ms - 1, good.started_ms + 1
    for before_ms, decided in ((earlier, "go"), (later, "unknown"), (None, "unknown")):
        hidden = {test_job: {7: before_ms}}
        decision, _ = asked(good, job_classes=only, unreadable=hidden, question=ASKED)
        assert decision.decision == decided, "what ran next of that job began before the newest, or later"


def test_the_build_that_asks_is_newer_than_one_that_cannot_be_read():
    hidden = {("jenkins", JOB): {20: RUNS.started_ms}}
    assert asked(RUNS, unreadable=hidden)[0].decision == "go"
    assert asked(build(19, "SUCCESS", job=JOB), unreadable=hidden)[0].decision == "unknown"
