"""Builds that were missed: read down to the last one that is known, whatever of the older ones is, and only these."""

import threading

import pytest
from msgspec.structs import replace

from statusdesk.clock import system_clock
from statusdesk.facts import Job
from tests.collectors.small_jenkins import build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.test_jenkins_builds import known
from tests.collectors.test_jenkins_history import DAY_MS, all_read, numbers, pages, told
from tests.collectors.watched_jenkins import TICK, Watched, small_jenkins  # noqa: F401  (the fixture jenkins)


@pytest.mark.parametrize(("reached", "asked"), [(250, ["builds{0,100}"]), (20, 3)])
def test_what_ran_while_nobody_looked_is_read_down_to_the_last_build_that_is_known(jenkins, reached, asked):
    jenkins.add("deploy", *map(build, range(1, 301)))
    whole = Job(source="jenkins", name="deploy", url="u", complete=True, read_builds=reached, read_from=1)
    with staged(jenkins) as stage, Watched(stage, [known("deploy", reached)], stored=[whole]) as watched:
        assert not watched.sweeps(Job)[0].facts[0].is_whole  # before its last build is told: a restart would know that
        all_read(watched)
        assert numbers(watched) == set(range(reached + 1, 301))
        assert pages(stage) == asked if isinstance(asked, list) else len(pages(stage)) == asked
        assert told(watched).complete


@pytest.mark.parametrize("last", [32, 50, 51, 300])
def test_until_builds_between_the_last_one_reached_and_the_newest_are_read_the_job_says_after_which(jenkins, last):
    jenkins.add("deploy", *map(build, range(1, last + 1)))
    whole = Job(source="jenkins", name="deploy", url="u", complete=True, read_builds=30, read_from=1)
    go = threading.Event()

    def slow(asked):
        assert not asked.path.startswith("/job/deploy/") or go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 30)], stored=[whole]) as watched:
        assert [(each.is_whole, each.gap_after) for each in watched.sweeps(Job)[0].facts] == [(False, 30)]
        watched.visit()
        assert (told(watched).is_whole, told(watched).gap_after) == (False, 30)
        go.set()
        all_read(watched)
        assert (told(watched).is_whole, told(watched).gap_after) == (True, None)
        assert watched.visit() == TICK


def test_a_gap_outlasts_a_restart_until_it_is_read_however_many_builds_that_takes(jenkins):
    jenkins.add("deploy", *map(build, range(1, 401)))
    stored = [Job(source="jenkins", name="deploy", url="u", gap_after=30, gaps=((30, 390),))]
    hold, go = threading.Event(), threading.Event()

    def slow(asked):
        assert "{297,397}" not in asked.query or hold.set() or go.wait(15)
        return None

    jenkins.fault = slow
    with (
        staged(jenkins) as stage,
        Watched(stage, [known("deploy", 390)], stored=stored, backfill_builds=100) as watched,
    ):
        assert hold.wait(15)
        eventually(lambda: watched.visit() and told(watched).cut)
        assert (told(watched).complete, told(watched).gap_after) == (False, 30)
        go.set()
        all_read(watched)
        assert (told(watched).cut, told(watched).gap_after) == (True, None)
        assert numbers(watched) >= {*range(31, 390), *range(391, 401)}  # the one between is stored


def test_a_job_that_is_renamed_takes_its_gap_along(jenkins):
    jenkins.add("deploy", *map(build, range(1, 41)))
    go = threading.Event()

    def slow(asked):
        assert not asked.path.startswith("/job/deploy") or go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 30)]) as watched:
        jenkins.jobs["deploy-new"] = jenkins.jobs.pop("deploy")
        watched.visit()
        assert told(watched, "deploy-new").gap_after == 30
        go.set()
        all_read(watched)
        assert told(watched, "deploy-new").complete


@pytest.mark.parametrize("name", ["deploy-new", "deploy"], ids=["renamed", "hidden for a visit"])
def test_that_builds_are_not_there_says_nothing_where_their_job_is_not_there_either(jenkins, name):
    jenkins.add("deploy", *map(build, (*range(1, 31), 33, 35)))  # the others between are not there
    asked_for, go = threading.Event(), threading.Event()

    def slow(asked):
        if asked.path in [f"/job/deploy/{number}/api/json" for number in range(31, 35)]:
            asked_for.set()
            assert go.wait(15)
        return None

    jenkins.fault = slow
    last = known("deploy", 30, started_ms=build(30)["timestamp"])
    with staged(jenkins) as stage, Watched(stage, [last]) as watched:
        assert asked_for.wait(15)
        job = jenkins.jobs.pop("deploy")
        if name != "deploy":
            jenkins.jobs[name] = job
        go.set()
        eventually(lambda: not watched.collector.busy())
        watched.visit()
        jenkins.jobs[name] = job
        watched.visit()
        all_read(watched)
        assert numbers(watched, name) >= {33, 35}
        assert told(watched, name).is_whole
        assert watched.visit() == TICK


def test_the_last_build_that_is_known_is_not_told_anew_when_it_is_answered_after_all_the_others(jenkins):
    jenkins.add("deploy", *map(build, range(1, 301)))
    whole = Job(source="jenkins", name="deploy", url="u", complete=True, read_builds=20, read_from=1)
    go = threading.Event()

    def slow(asked):
        assert asked.path != "/job/deploy/20/api/json" or go.wait(15)
        return None

    jenkins.fault = slow
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 20)], stored=[whole]) as watched:
        eventually(lambda: ("deploy", 21) in watched.builds())
        go.set()
        all_read(watched)
        assert numbers(watched) == set(range(21, 301))


def test_a_burst_of_builds_between_two_visits_is_read_in_pages(jenkins):
    jenkins.add("deploy", *map(build, (1, 2, 3)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        jenkins.add("deploy", *map(build, range(4, 184)))
        watched.visit()
        all_read(watched)
        assert numbers(watched) == set(range(1, 184))
        assert pages(stage) == ["builds{0,50}", "builds{0,100}", "allBuilds{99,199}"]
        assert told(watched).complete


def holding(page, go):
    """A fault: what a page of builds is asked for waits; returns it, and an event of that it is asked for."""
    asked_for = threading.Event()

    def slow(asked):
        if page in asked.query and asked.path.startswith("/job/"):
            asked_for.set()
            assert go.wait(15)
        return None

    return slow, asked_for


@pytest.mark.parametrize(("page", "left"), [("{0,100}", 600), ("{99,199}", 501)])
def test_a_restart_in_a_gap_goes_on_where_it_was_and_attributes_nothing_anew(jenkins, page, left):
    jenkins.add("deploy", *(build(number, namespace=None) for number in range(1, 301)), default="staging")
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        whole, last = told(watched), watched.builds()["deploy", 300]
    jenkins.add("deploy", *(build(number, namespace=None) for number in range(301, 601)))
    go = threading.Event()
    jenkins.fault, asked_for = holding(page, go)
    with staged(jenkins) as stage, Watched(stage, [last], stored=[whole]) as watched:
        assert asked_for.wait(15)
        watched.visit()
        half, newest = told(watched), watched.builds()["deploy", 600]
        assert (half.gap_after, half.gaps) == (300, ((300, left),))
        assert (half.complete, half.read_builds, half.read_from) == (True, 300, 1), "of the older ones, as before"
        assert not half.is_read and not half.is_whole
        go.set()
    jenkins.fault, jenkins.defaults["deploy"] = lambda asked: None, "production"
    with staged(jenkins) as stage, Watched(stage, [newest], stored=[half]) as watched:
        all_read(watched)
        assert numbers(watched) == set(range(301, left)), "the others are stored as they were attributed"
        job = told(watched)
        assert (job.is_whole, job.gaps, job.read_builds, job.read_from) == (True, (), 300, 1)
        assert watched.visit() == TICK


@pytest.mark.parametrize(
    ("stored", "said"),
    [({401: 499}, {"gaps": ((300, 500),)}), ({310: 315, 320: 499}, {"gaps": ((300, 320),)}), ({490: 499}, {})],
    ids=["a page", "one by one", "the first page"],
)
def test_what_is_stored_of_builds_that_were_not_said_to_be_read_is_not_told_anew(jenkins, stored, said):
    jenkins.add("deploy", *(build(number, namespace=None) for number in range(1, 501)), default="production")
    read = {"complete": True, "read_builds": 300, "read_from": 1} if said else {}
    job = Job(source="jenkins", name="deploy", url="u", **read, **said)
    more = {"stored": [job], "told": {"deploy": tuple(stored.items())}}
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 500)], **more) as watched:
        all_read(watched)
        first, before = (301, said["gaps"][0][1]) if said else (1, 500)
        there = {number for begin, end in stored.items() for number in range(begin, end + 1)}
        assert numbers(watched) == {*range(first, before)} - there
        assert (told(watched).is_whole, told(watched).read_from) == (True, 1)


def test_a_stored_build_that_others_wait_for_is_taken_all_the_same(jenkins):
    jenkins.add("release", *(build(number, namespace="prod") for number in range(1, 41)))
    jenkins.add("child", build(1, namespace=None, upstream=("release", 3)), default=None)
    more = {"complete": ["release"], "told": {"release": ((1, 39),)}}
    with staged(jenkins) as stage, Watched(stage, [known("release", 40)], **more) as watched:
        all_read(watched)
        assert watched.builds()["child", 1].namespace == "prod"


def test_older_builds_are_read_on_beside_a_gap_and_nothing_between_is_told_anew(jenkins):
    jenkins.add("deploy", *(build(number, namespace=None) for number in range(1, 401)), default="production")
    job = Job(source="jenkins", name="deploy", url="u", read_builds=100, read_from=201, gap_after=300)
    stored = [replace(job, gaps=((300, 350),))]
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 400)], stored=stored) as watched:
        all_read(watched)
        assert numbers(watched) == {*range(1, 201), *range(301, 350)}
        assert told(watched).is_whole and told(watched).read_from == 1


def test_a_gap_of_builds_that_are_older_than_what_is_kept_is_closed(jenkins):
    now_ms = system_clock()
    jenkins.add("deploy", *(build(number, timestamp=now_ms - (310 - number) * DAY_MS) for number in range(1, 301)))
    jenkins.add("deploy", build(301, timestamp=now_ms))
    reached = {"read_builds": 100, "read_from": 200, "read_from_ms": now_ms - 110 * DAY_MS, "cut": True}
    stored = [Job(source="jenkins", name="deploy", url="u", gap_after=30, gaps=((30, 200),), **reached)]
    newest = known("deploy", 301, started_ms=now_ms)
    with staged(jenkins) as stage, Watched(stage, [newest], stored=stored, keep_s=5 * 86_400.0) as watched:
        all_read(watched)
        assert (told(watched).complete, told(watched).gap_after) == (True, None)


@pytest.mark.parametrize("answer", [Answer(500), Answer(403, b"no")], ids=["500", "403"])
def test_the_builds_of_a_page_that_is_refused_are_asked_for_one_by_one(jenkins, answer):
    jenkins.add("deploy", *map(build, range(1, 301)))
    bad = 170

    def fault(asked):
        is_it = asked.path == f"/job/deploy/{bad}/api/json" or "{99,199}" in asked.query
        return answer if is_it else None

    jenkins.fault = fault
    whole = Job(source="jenkins", name="deploy", url="u", complete=True, read_builds=30, read_from=1)
    with staged(jenkins) as stage, Watched(stage, [known("deploy", 30)], stored=[whole]) as watched:
        eventually(lambda: watched.visit() == TICK and not watched.collector.busy())
        watched.visit()
        job = told(watched)
        assert (job.complete, job.gap_after, job.unreadable) == (True, None, (bad,))
        assert numbers(watched) == {*range(31, 301)} - {bad}
        alone = {path for path in stage.paths() if path.startswith("/job/deploy/") and path != "/job/deploy/api/json"}
        assert alone == {f"/job/deploy/{number}/api/json" for number in (30, *range(101, 201))}, "one page, no more"
        assert pages(stage)[-1] == "allBuilds{198,298}"


def test_a_job_that_is_renamed_while_one_of_its_builds_is_asked_for_is_not_read_anew(jenkins):
    jenkins.add("deploy", *map(build, range(1, 61)))
    with staged(jenkins) as stage, Watched(stage) as watched:
        all_read(watched)
        whole, last = told(watched), watched.builds()["deploy", 60]
    jenkins.add("deploy", build(61))
    go = threading.Event()
    jenkins.fault = lambda asked: None if not asked.path.startswith("/job/deploy") or go.wait(15) else None
    runs = known("deploy", 59, building=True, result=None, started_ms=build(59)["timestamp"])
    with staged(jenkins) as stage, Watched(stage, [runs, last], stored=[whole]) as watched:
        jenkins.jobs["deploy-new"] = jenkins.jobs.pop("deploy")
        watched.visit()
        assert told(watched, "deploy-new").read_builds == 60
        go.set()
        all_read(watched)
        assert pages(stage, "deploy-new") == [] and told(watched, "deploy-new").is_whole
