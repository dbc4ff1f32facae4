"""A collector that failed by a fault of ours and is begun again asks for everything, as the first time."""

import threading

import pytest

from collectors.jenkins_errands import Errand, JenkinsErrands
from statusdesk.facts import Build, Changed
from statusdesk.wants import BuildWanted, EventsWanted
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import wait_for
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import eventually, staged
from tests.collectors.watched_jenkins import Watched


class Once(Exception):
    """A fault of ours."""


def failing(*_):
    raise Once


def fail_once(collector, monkeypatch, owner, name):
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, failing)
        with pytest.raises(Once):
            collector.run()


def test_jenkins_asks_for_older_builds_and_details_again(monkeypatch):
    jenkins = SmallJenkins()
    jenkins.add("deploy", *(build(number) for number in range(1, 6)))
    with staged(jenkins) as stage:
        watched = Watched(stage)
        fail_once(watched.collector, monkeypatch, watched.collector._visits, "run")
        with watched:
            watched.heard.wait_for(lambda _: len({each.number for each in told_builds(watched)}) == 5)
            watched.collector.want(BuildWanted(job="deploy", number=3, url=jenkins.url("deploy") + "3/"))
            watched.heard.wait_for(lambda heard: any("/3/api/json" in path for path in stage.paths()))


def told_builds(watched):
    return [each for told in watched.heard.of(Changed) if told.kind is Build for each in told.seen]


def test_errands_that_were_under_way_are_run_by_the_next_threads():
    done = []
    asked, answer = threading.Event(), threading.Event()

    class Api:
        def get(self, *_):
            asked.set()
            assert answer.wait(10)
            return "a build"

    errands = JenkinsErrands(Api, 1, lambda errand, _: done.append(errand.number), done.append, done.append)
    errands.start()
    errands.ask([Errand("deploy", "job/deploy/", number) for number in (1, 2)])
    assert asked.wait(10)
    errands.close()
    errands.start()
    answer.set()
    eventually(lambda: not errands.busy())
    assert set(done) == {1, 2}


def test_kubernetes_follows_and_looks_up_again(kube, desk, monkeypatch):
    collector = desk.make()
    fail_once(collector, monkeypatch, collector, "_tick")
    desk.run()
    desk.wait_live()
    collector.want(EventsWanted(workload=("c1", "testing", "Deployment", "orders"), uids=("u1",), urgent=True))
    wait_for(lambda: any(one.resource == "events" for one in list(kube.requests)), "never looked up")
