"""When the collector reads the definitions of all jobs again: a seed job has ended, a job is new."""

import threading

import pytest

from statusdesk.facts import Job
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import staged
from tests.collectors.watched_jenkins import TICK, Watched


@pytest.fixture
def jenkins():
    return SmallJenkins()


def test_definitions_are_read_again_when_a_seed_job_has_finished(jenkins):
    jenkins.add("seed-jobs", build(1), default=None)
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.add("seed-jobs", build(2, None), default=None)
        assert watched.visit() == TICK
        jenkins.add("seed-jobs", build(2), default=None)
        jenkins.defaults["deploy"] = "production"
        assert watched.visit() == [*TICK, "/api/json"]
        assert watched.visit() == TICK
        jobs = {job.name: job for job in watched.sweeps(Job)[-1].facts}
        assert jobs["deploy"].namespace_default == "production"


def test_a_seed_job_that_finishes_while_definitions_are_read_has_them_read_again(jenkins):
    told, reading = threading.Event(), threading.Event()
    jenkins.add("seed-jobs", build(1, None), build(2), default=None)
    with staged(jenkins) as stage, Watched(stage) as watched:

        def slow(asked):
            if "property" in asked.query:
                reading.set()
                assert told.wait(5)
            elif asked.path == "/job/seed-jobs/1/api/json" and not told.is_set():
                assert reading.wait(5)
                jenkins.add("seed-jobs", build(1), default=None)
            return None

        watched.wait_builds(("seed-jobs", 1))
        jenkins.fault = slow
        watched.visit()
        before = len(stage.asked)
        jenkins.add("deploy-new", build(1))
        watched.collector.visit_now()
        watched.heard.wait_for(lambda _: watched.builds()[("seed-jobs", 1)].result == "SUCCESS")
        told.set()
        watched.wait_visits(3)
        watched.visit()
        assert sum("property" in asked.query for asked in stage.asked[before:]) == 2


def test_a_new_job_has_its_definition_read_before_its_first_build_is_attributed(jenkins):
    jenkins.add("deploy", build(1))
    with staged(jenkins) as stage, Watched(stage) as watched:
        jenkins.add("pipeline", build(1, namespace=None), default="qa")
        watched.visit()
        first = watched.builds()[("pipeline", 1)]
        assert (first.namespace, first.attributed_by) == ("qa", "default")
        assert watched.visit() == TICK
