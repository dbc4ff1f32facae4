"""A collector of builds beside a small Jenkins, and what it asked for."""

import threading
from math import inf

import pytest

from collectors.jenkins_builds import JenkinsBuilds
from statusdesk.clock import system_clock
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Build, Changed, Job, Swept, Visited
from tests.collectors.small_jenkins import SmallJenkins
from tests.collectors.stage import Heard, running

FAR_S = 3600.0


def stored_jobs(complete):
    """Jobs whose builds were all read."""
    return [Job(source="jenkins", name=name, url="u", complete=True, read_builds=1) for name in complete]


class Watched:
    """A collector that visits only when told to."""

    def __init__(
        self,
        stage,
        known=(),
        complete=None,
        token="a-token",
        clock=system_clock,
        steps=None,
        stored=None,
        keep_s=inf,
        told=None,
        **more,
    ):
        settings = {"user": "monitor", "interval_s": FAR_S, "slow_interval_s": FAR_S, "timeout_s": 5.0} | more
        self.heard = Heard()
        self.stop = threading.Event()
        self.stage = stage
        self.token = token
        self.collector = JenkinsBuilds(
            JenkinsSettings(url=stage.url, **settings),
            lambda: self.token,
            known,
            self.heard.put,
            self.stop,
            clock,
            stored_jobs({build.job for build in known} if complete is None else complete) if stored is None else stored,
            steps=steps,
            keep_s=keep_s,
            told=told,
        )

    def __enter__(self):
        self._running = running(self.collector, self.stop)
        self._running.__enter__()
        self.wait_visits(1)
        return self

    def __exit__(self, *error):
        return self._running.__exit__(*error)

    def visits(self):
        return [each for each in self.heard.of(Visited) if not each.scope]

    def wait_visits(self, count):
        self.heard.wait_for(lambda _: len(self.visits()) >= count)

    def visit(self):
        """Visit once more; returns the paths that were asked meanwhile."""
        before, visits = len(self.stage.asked), len(self.visits())
        self.collector.visit_now()
        self.wait_visits(visits + 1)
        return self.stage.paths()[before:]

    def builds(self):
        """Return the newest that was told of each build."""
        told = {}
        for changed in self.heard.of(Changed):
            assert changed.kind is Build
            others = {name for move in changed.moved for name in (move.before, move.after)}
            others |= {job for _, job in changed.gone}
            told = {key: each for key, each in told.items() if key[0] not in others}
            told |= {(each.job, each.number): each for each in changed.seen}
        return told

    def wait_builds(self, *keys):
        return self.heard.wait_for(lambda _: set(keys) <= set(self.builds()) and self.builds())

    def sweeps(self, kind):
        return [each for each in self.heard.of(Swept) if each.kind is kind]


@pytest.fixture(name="jenkins")
def small_jenkins():
    return SmallJenkins()


TICK = ["/api/json", "/computer/api/json", "/queue/api/json"]
