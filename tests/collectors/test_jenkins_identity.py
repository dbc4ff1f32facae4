"""A name that another job has now: renamed, swapped, deleted and made again; and jobs that only look so."""

import pytest

from statusdesk.facts import Changed
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import eventually, staged
from tests.collectors.test_jenkins_builds import known
from tests.collectors.watched_jenkins import TICK, Watched

LATER_MS = 1_800_000_000_000


@pytest.fixture
def jenkins():
    return SmallJenkins()


def later(number, namespace="production", **more):
    """A build of another job: the same number, started otherwise."""
    return build(number, namespace=namespace, timestamp=LATER_MS + number, **more)


def of_job(watched, job):
    """Return number and namespace of the builds that are told of a job."""
    return {number: each.namespace for (name, number), each in watched.builds().items() if name == job}


def errands(paths):
    return [path for path in paths if path.startswith("/job/")]


def test_a_name_reused_at_once_by_a_job_with_more_builds(jenkins):
    jenkins.add("deploy-a", build(1, namespace="testing"), build(3, "FAILURE", namespace="production"))
    jenkins.add("deploy-v2", *(later(number, "staging") for number in range(1, 8)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 9)
        jenkins.jobs["deploy-old"] = jenkins.jobs.pop("deploy-a")
        jenkins.jobs["deploy-a"] = jenkins.jobs.pop("deploy-v2")
        assert errands(watched.visit()) == []
        assert of_job(watched, "deploy-a") == dict.fromkeys(range(1, 8), "staging")
        assert of_job(watched, "deploy-old") == {1: "testing", 3: "production"}
        assert of_job(watched, "deploy-v2") == {}
        assert watched.visit() == TICK


def test_two_jobs_that_swap_their_names(jenkins):
    jenkins.add("a", *(build(number, namespace="testing") for number in (1, 2, 3)))
    jenkins.add("b", *(later(number) for number in (1, 2, 3, 4, 5)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 8)
        jenkins.jobs["a"], jenkins.jobs["b"] = jenkins.jobs["b"], jenkins.jobs["a"]
        assert errands(watched.visit()) == []
        assert of_job(watched, "a") == dict.fromkeys((1, 2, 3, 4, 5), "production")
        assert of_job(watched, "b") == dict.fromkeys((1, 2, 3), "testing")


@pytest.mark.parametrize("now", [range(1, 13), range(1, 7), (1, 6), (6, 7, 9), (1, 2, 3, 4, 7)])
def test_a_job_made_again_with_more_builds_while_nobody_looked(jenkins, now):
    before = [known("deploy", number, namespace="testing") for number in (1, 2, 5)]
    jenkins.add("deploy", *(later(number) for number in now))
    with staged(jenkins) as stage, Watched(stage, before) as watched:
        eventually(lambda: not watched.collector.busy())  # what is not there is looked into at the next visit
        watched.visit()
        jobs = [("jenkins", "deploy")]
        if min(now) < 5:  # where no lower number is left, the old builds may as well have been rotated away
            watched.heard.wait_for(lambda _: jobs in [list(each.gone) for each in watched.heard.of(Changed)])
        eventually(lambda: of_job(watched, "deploy") == dict.fromkeys(now, "production"))


def test_a_job_that_goes_on_is_asked_once_more_for_a_gap_and_never_without_one(jenkins):
    jenkins.add("deploy", build(1), build(2))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1))
        jenkins.add("deploy", build(3))
        assert watched.visit() == TICK
        jenkins.add("deploy", build(4), build(5))
        before = len(stage.paths())
        watched.visit()
        watched.wait_builds(("deploy", 4), ("deploy", 5))
        eventually(lambda: len(errands(stage.paths()[before:])) == 2)
        assert sorted(errands(stage.paths()[before:])) == ["/job/deploy/3/api/json", "/job/deploy/4/api/json"]
        assert watched.visit() == TICK
        assert not [each for each in watched.heard.of(Changed) if each.gone]


def test_a_name_that_was_free_for_a_while_is_held_against_the_last_build_under_it(jenkins):
    jenkins.add("other", build(1))
    jenkins.add("deploy", *(build(number, namespace="testing") for number in (1, 2, 3)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 4)
        builds = jenkins.jobs.pop("deploy")
        for _ in range(3):
            watched.visit()
        jenkins.jobs["deploy"] = builds
        watched.visit()
        eventually(lambda: not watched.collector.busy())
        assert not [each for each in watched.heard.of(Changed) if each.gone]
        del jenkins.jobs["deploy"]
        for _ in range(3):
            watched.visit()
        jenkins.add("deploy", *(later(number) for number in (2, 5)))
        watched.visit()
        eventually(lambda: of_job(watched, "deploy") == dict.fromkeys((2, 5), "production"))


def test_builds_of_a_job_that_is_back_are_attributed_as_they_were(jenkins):
    jenkins.add("other", build(1))
    jenkins.add("deploy", build(1, namespace=None), build(2, namespace=None), default="testing")
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 3)
        builds = jenkins.jobs.pop("deploy")
        for _ in range(3):
            watched.visit()
        jenkins.jobs["deploy"], jenkins.defaults["deploy"] = builds, "production"
        watched.collector._scan_due_s = 0.0
        watched.visit()
        eventually(lambda: not watched.collector.busy())
        jenkins.add("deploy", build(3, namespace="production"))
        watched.visit()
        assert of_job(watched, "deploy") == {1: "testing", 2: "testing", 3: "production"}


def test_a_job_that_is_back_after_a_while_by_another_name_has_moved(jenkins):
    """Its builds are in the store by the name before; told anew they would be there twice."""
    jenkins.add("other", build(1, timestamp=LATER_MS))
    jenkins.add("deploy", build(1, namespace="testing"), build(2, namespace="testing"))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 3)
        builds = jenkins.jobs.pop("deploy")
        for _ in range(3):
            watched.visit()
        jenkins.jobs["team"] = builds
        watched.visit()
        moved = [move for each in watched.heard.of(Changed) for move in each.moved]
        assert [(move.before, move.after) for move in moved] == [("deploy", "team")]
        assert moved[0].url == f"{stage.url}/job/team/"
        assert of_job(watched, "team") == {1: "testing", 2: "testing"}
        eventually(lambda: not watched.collector.busy())  # it may be asked which builds it still has
        assert watched.visit() == TICK


def test_a_job_that_got_another_name_and_a_build_while_nobody_looked_has_moved(jenkins):
    before = [known("deploy", number, namespace="testing") for number in (1, 2)]
    jenkins.add("other", build(1, timestamp=LATER_MS))
    jenkins.add("team", build(1), build(2), build(3, namespace="production"))
    with staged(jenkins) as stage, Watched(stage, before) as watched:
        watched.heard.wait_for(lambda _: [move for each in watched.heard.of(Changed) for move in each.moved])
        eventually(lambda: not watched.collector.busy())
        moves = [(move.before, move.after) for each in watched.heard.of(Changed) for move in each.moved]
        assert moves == [("deploy", "team")]
        assert of_job(watched, "team") == {1: "testing", 2: "testing", 3: "production"}
        watched.visit()
        assert watched.visit() == TICK


def test_a_job_that_lost_its_last_build_and_got_another_name_between_two_visits_has_moved(jenkins):
    jenkins.add("deploy", *(build(number, namespace="testing") for number in (1, 2, 3)))
    jenkins.add("other", *(later(number) for number in (1, 2)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 5)
        jenkins.jobs["other"], jenkins.jobs["deploy"] = jenkins.jobs["deploy"], jenkins.jobs["other"]
        del jenkins.jobs["other"][3], jenkins.jobs["deploy"][2]
        watched.visit()
        moves = {(move.before, move.after) for each in watched.heard.of(Changed) for move in each.moved}
        assert moves == {("deploy", "other"), ("other", "deploy")}
        eventually(lambda: not watched.collector.busy())
        watched.visit()
        watched.heard.wait_for(lambda _: watched.builds()[("other", 3)].deleted)
        assert of_job(watched, "other") == dict.fromkeys((1, 2, 3), "testing")
        assert not [each for each in watched.heard.of(Changed) if each.gone]


def test_a_deleted_newest_build_before_a_gap_makes_no_other_job(jenkins):
    jenkins.add("deploy", *(build(number) for number in (1, 2, 3)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        watched.heard.wait_for(lambda _: len(watched.builds()) == 3)
        del jenkins.jobs["deploy"][3]
        jenkins.add("deploy", build(5))
        watched.visit()
        eventually(lambda: not watched.collector.busy())
        watched.visit()
        watched.heard.wait_for(lambda _: watched.builds()[("deploy", 3)].deleted)
        assert not [each for each in watched.heard.of(Changed) if each.gone]


def test_a_clock_that_was_set_back_is_told_once_at_most(jenkins):
    before = [known("deploy", 1), known("deploy", 2), known("deploy", 3, started_ms=LATER_MS)]
    jenkins.add("deploy", build(1), build(2), build(3, timestamp=LATER_MS), *(build(number) for number in range(4, 9)))
    with staged(jenkins) as stage, Watched(stage, before, complete=()) as watched:
        eventually(lambda: not watched.collector.busy())
        del jenkins.jobs["deploy"][3]
        for number in (10, 12, 14):
            jenkins.add("deploy", build(number))
            watched.visit()
            eventually(lambda: not watched.collector.busy())
        gone = [each for each in watched.heard.of(Changed) if each.gone]
        assert len(gone) <= 1
        eventually(lambda: {8, 10, 12, 14} <= of_job(watched, "deploy").keys())
