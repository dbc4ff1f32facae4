"""Folders are followed as deep as they go in the visit that sees it, and no visit asks more for it than it has to."""

import pytest

from collectors.jenkins_queries import MAX_LEVELS
from statusdesk.facts import Changed, Job
from tests.collectors.small_jenkins import build
from tests.collectors.stage import Answer, eventually, staged
from tests.collectors.watched_jenkins import TICK, Watched, small_jenkins  # noqa: F401  (the fixture jenkins)


def ticks(stage):
    """Return how many levels of jobs each tick asked for; the names below them are asked too."""
    return [asked.query.count("fullName") - 1 for asked in stage.asked if "lastBuild" in asked.query]


def names(watched):
    """Return which jobs each sweep told."""
    return [sorted(job.name for job in sweep.facts) for sweep in watched.sweeps(Job)]


def moves(watched):
    return [(move.before, move.after) for each in watched.heard.of(Changed) for move in each.moved]


def move(jenkins, before, after, default):
    jenkins.jobs[after], jenkins.defaults[after] = jenkins.jobs.pop(before), default
    del jenkins.defaults[before]


@pytest.fixture
def moving(jenkins):
    """A Jenkins whose folders are one level deep, with a job that is to be moved; its default says where it deploys."""
    jenkins.add("team/other", build(1, timestamp=1))
    jenkins.add("deploy", build(1, namespace=None), build(2, namespace=None), default="production")
    return jenkins


def test_folders_are_nested_only_as_deep_as_they_are(jenkins):
    jenkins.add("flat", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert ticks(stage) == [1]
        jenkins.add("a/b/c/deep", build(1))
        watched.visit()
        watched.visit()
        assert ticks(stage) == [1, 1, 3, 5, 4]
        assert names(watched)[1:] == [["a/b/c/deep", "flat"]] * 2
        del jenkins.jobs["a/b/c/deep"]
        for _ in range(2):
            watched.visit()
        assert ticks(stage)[-1] == 1


@pytest.mark.parametrize("after", ["team/sub/deploy", "a/b/c/d/e/deploy"])
def test_a_job_that_is_moved_deeper_than_any_was_is_moved_and_never_gone(moving, after):
    with staged(moving) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2))
        move(moving, "deploy", after, "staging")
        watched.visit()
        assert names(watched)[-1] == sorted([after, "team/other"])
        assert moves(watched) == [("deploy", after)]
        eventually(lambda: watched.visit() == TICK and not watched.collector.busy())
        moving.add(after, build(3, namespace=None), default="staging")
        watched.visit()
        found = {number: each.namespace for (job, number), each in watched.builds().items() if job == after}
        assert found == {1: "production", 2: "production", 3: "staging"}
        assert not [each for each in watched.heard.of(Changed) if each.gone]


def test_where_the_deeper_answer_fails_nothing_is_told_to_be_gone(moving):
    with staged(moving) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2))
        move(moving, "deploy", "team/sub/deploy", "production")
        moving.fault = lambda asked: Answer(500) if asked.query.count("fullName") > 3 else None
        watched.visit()
        watched.visit()
        assert [each.ok for each in watched.visits()] == [True, False, False]
        assert names(watched) == [["deploy", "team/other"]]
        moving.fault = lambda asked: None
        watched.visit()
        assert names(watched)[-1] == ["team/other", "team/sub/deploy"]
        assert moves(watched) == [("deploy", "team/sub/deploy")]


def test_a_job_is_moved_also_while_definitions_cannot_be_read(moving):
    with staged(moving) as stage, Watched(stage) as watched:
        watched.wait_builds(("deploy", 1), ("deploy", 2))
        move(moving, "deploy", "team/sub/deploy", "production")
        moving.fault = lambda asked: Answer(500) if "property" in asked.query else None
        watched.visit()
        assert names(watched)[-1] == ["team/other", "team/sub/deploy"]
        assert moves(watched) == [("deploy", "team/sub/deploy")]


def test_empty_folders_and_jobs_that_go_are_no_reason_to_ask_deeper(jenkins):
    jenkins.folders = ["empty", "team/empty"]
    jenkins.add("team/keep", build(1))
    for number in range(5):
        jenkins.add(f"team/short-{number}", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        eventually(lambda: watched.visit() == TICK and not watched.collector.busy())
        for number in range(5):
            del jenkins.jobs[f"team/short-{number}"]
            assert watched.visit() == TICK
        assert set(ticks(stage)) == {2}


def test_jobs_deeper_than_is_ever_asked_are_not_looked_for_at_each_visit(jenkins):
    jenkins.add("flat", build(1))
    jenkins.add("/".join("abcdefghijklm"), build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        assert ticks(stage) == [MAX_LEVELS]
        assert watched.visit() == TICK
        assert names(watched)[-1] == ["flat"]
