"""Builds that are deleted in Jenkins: noticed within the budget, told from those that were rotated away."""

import msgspec
import pytest

from collectors.jenkins_deletions import AT_ONCE, OTHERS_AT_ONCE, Deletions, deleted_among
from collectors.jenkins_ledger import BuildLedger
from collectors.jenkins_wire import Remaining, RemainingBuild
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Build
from tests.collectors.small_jenkins import JSON, SmallJenkins, build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.watched_jenkins import TICK, Watched


def remaining(*numbers, kept=(), good=None):
    builds = [RemainingBuild(number=number, keepLog=number in kept) for number in sorted(numbers, reverse=True)]
    last = RemainingBuild(number=good) if good is not None else None
    first = builds[-1] if builds else None
    return Remaining(builds=builds[:100], firstBuild=first, lastSuccessfulBuild=last, lastStableBuild=last)


@pytest.mark.parametrize(
    ("known", "missed", "left", "deleted"),
    [
        ((1, 2, 3, 4), {3}, remaining(1, 2, 4), {3}),
        ((1, 2, 3, 4), {2}, remaining(1, 4), {2, 3}),  # what else is missing is seen too
        ((1, 2, 3, 4), {2}, remaining(3, 4), set()),  # rotation took the oldest
        ((1, 2, 3, 4), {2}, remaining(1, 3, 4, good=1), set()),  # which spares the last good one
        ((1, 2, 3, 4), {2}, remaining(1, 3, 4, kept=(1,)), set()),  # and what somebody keeps
        ((1, 2, 3, 4), {4}, remaining(1, 2, 3), {4}),
        ((1, 2), {2}, remaining(1, good=1), {2}),  # rotation leaves the newest
        ((1, 2, 3, 4), {2}, remaining(1, 3, 4, good=3), {2}),
        ((1, 2, 3), {3}, remaining(1, 2, 3), set()),  # it is there again
        ((1, 2, 5), {2}, remaining(1, 3, 4), {2}),  # 5 came after the answer
        ((1, 2), {2}, remaining(), {1, 2}),
        ((1, 5, 9), {5}, remaining(1, *range(100, 250)), {5}),  # 9 lies below what was listed, and may be there
    ],
)
def test_what_is_missing_was_deleted_where_an_older_one_is_left_that_nothing_protects(known, missed, left, deleted):
    assert deleted_among(known, missed, left) == deleted


@pytest.mark.parametrize("said", ["{}", '{"builds": null}', '{"builds": [], "firstBuild": {"number": 2}}'])
def test_an_answer_that_does_not_tell_which_builds_there_are_deletes_none(said):
    assert deleted_among((1, 2, 3), {2}, msgspec.json.decode(said, type=Remaining)) == set()


def told(job, number, result="SUCCESS", namespace="staging"):
    url = f"http://x/job/{job}/{number}/"
    return Build(
        source="jenkins", job=job, number=number, url=url, namespace=namespace, result=result, started_ms=number
    )


def test_bad_builds_are_looked_for_first_all_in_turn_and_never_a_jobs_last_one():
    known = [told("bad", n, "FAILURE", f"ns{n}") for n in range(1, 41)] + [told("bad", 99, "FAILURE", "last")]
    known += [told("well", n, "SUCCESS", f"ns{n}") for n in range(1, 41)] + [told("gone", 1, "FAILURE")]
    ledger, deletions = BuildLedger(JenkinsSettings(url="http://x"), known), Deletions()
    last = {"bad": 99, "well": 41}
    first = deletions.next(ledger, last)
    assert len(first) == AT_ONCE
    assert [key for key in first if key[0] == "well"] == [("well", n) for n in range(40, 40 - OTHERS_AT_ONCE, -1)]
    second = deletions.next(ledger, last)
    assert {key for key in [*first, *second] if key[0] == "bad"} == {("bad", n) for n in range(1, 41)}
    assert not {key for key in second if key[0] == "well"} & {*first}
    ledger.delete("bad", range(1, 41))
    assert len([key for key in deletions.next(ledger, last) if key[0] == "well"]) == AT_ONCE


@pytest.fixture
def jenkins():
    return SmallJenkins()


def test_a_job_is_asked_again_when_its_answer_does_not_tell_which_builds_there_are(jenkins):
    jenkins.add("deploy", build(1), build(2), build(3, "FAILURE"))
    unreadable = [b"{}", b'{"builds": null, "firstBuild": null}']

    def fault(asked):
        return Answer(200, unreadable.pop(), JSON) if "firstBuild" in asked.query and unreadable else None

    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 3))
        jenkins.fault = fault
        del jenkins.jobs["deploy"][3]
        eventually(lambda: watched.visit() and watched.builds()["deploy", 3].deleted)
        assert not unreadable
        assert not watched.builds()["deploy", 1].deleted and not watched.builds()["deploy", 2].deleted


def test_a_deleted_last_build_is_noticed_by_the_next_visits(jenkins):
    jenkins.add("deploy", build(1), build(2), build(3, "FAILURE"))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 3))
        del jenkins.jobs["deploy"][3]
        watched.visit()
        eventually(lambda: "/job/deploy/3/api/json" in stage.paths())
        eventually(lambda: watched.visit() and watched.builds()["deploy", 3].deleted)
        assert watched.builds()["deploy", 3].result == "FAILURE"
        assert not watched.builds()["deploy", 2].deleted
        assert watched.visit() == TICK


def test_a_job_whose_builds_were_all_deleted_has_none(jenkins):
    jenkins.add("deploy", build(1), build(2, "FAILURE"))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2))
        jenkins.jobs["deploy"].clear()
        eventually(lambda: watched.visit() and all(each.deleted for each in watched.builds().values()))
        eventually(lambda: not watched.collector.busy())
        assert watched.visit() == TICK


def test_a_bad_build_that_was_deleted_from_among_others_is_noticed_now_and_then(jenkins):
    jenkins.add("deploy", build(1), build(2), build(3, "FAILURE", "production"), build(4))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 4))
        del jenkins.jobs["deploy"][3]
        assert watched.visit() == TICK
        watched.collector._look_again_s = 0.0
        assert watched.visit()[:3] == TICK
        eventually(lambda: watched.visit() and watched.builds()["deploy", 3].deleted)
        asked = [path for path in stage.paths() if path.startswith("/job/deploy/")]
        assert asked == ["/job/deploy/api/json", "/job/deploy/3/api/json", "/job/deploy/api/json"]
        assert watched.visit() == TICK


def test_a_build_that_was_rotated_away_stays_what_it_was_and_is_asked_once(jenkins):
    builds = [build(1), build(2, "FAILURE", "production"), build(3), build(4)]
    jenkins.add("deploy", *builds)
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 4))
        del jenkins.jobs["deploy"][1], jenkins.jobs["deploy"][2]
        for _ in range(3):
            watched.collector._look_again_s = 0.0
            watched.visit()
            eventually(lambda: not watched.collector.busy())
            watched.visit()
            eventually(lambda: not watched.collector.busy())
        assert not any(each.deleted for each in watched.builds().values())
        assert stage.paths().count("/job/deploy/2/api/json") == 1


def test_a_build_of_a_job_that_is_not_shown_any_more_was_not_deleted(jenkins):
    jenkins.add("deploy", build(1), build(2, "FAILURE", "production"), build(3))
    jenkins.add("other", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 3))
        watched.collector._deletions.missed(("deploy", 2))
        taken = jenkins.jobs.pop("deploy")
        assert watched.visit() == TICK
        jenkins.jobs["deploy"] = taken
        assert watched.visit() == TICK
        assert not any(each.deleted for each in watched.builds().values())


def test_a_deleted_build_that_is_there_again_counts_again(jenkins):
    jenkins.add("deploy", build(1), build(2, "FAILURE"))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2))
        deleted = jenkins.jobs["deploy"].pop(2)
        eventually(lambda: watched.visit() and watched.builds()["deploy", 2].deleted)
        jenkins.add("deploy", deleted)
        watched.visit()
        assert not watched.builds()["deploy", 2].deleted
