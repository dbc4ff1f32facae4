"""What a visit and an errand both look at is that of one visit, whichever of them comes first."""

import threading

import pytest

from collectors.jenkins_builds import JenkinsBuilds
from collectors.jenkins_errands import Errand
from collectors.jenkins_facts import SeenJob
from collectors.jenkins_history import Page
from collectors.jenkins_wire import Builds, BuildWire, JobWire
from statusdesk.clock import system_clock
from statusdesk.config import JenkinsSettings
from statusdesk.facts import Changed
from tests.collectors.stage import Heard
from tests.collectors.test_jenkins_builds import known

BUILDS = [BuildWire(number=number, result="SUCCESS", timestamp=1_700_000_000_000 + number) for number in (1, 2, 3, 4)]
WHOLE = Errand("deploy-new", "job/deploy-new/", page=Page(0, 50))


class HandOver:
    """A lock that tells who waits for it, and lets somebody in the moment it is free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waits = threading.Event()
        self.next = lambda: None

    def __enter__(self):
        if not self._lock.acquire(blocking=False):
            self.waits.set()
            self._lock.acquire()

    def __exit__(self, *error):
        self._lock.release()
        then, self.next = self.next, lambda: None
        then()


@pytest.fixture(name="heard")
def told():
    return Heard()


@pytest.fixture(name="collector")
def builds(heard):
    before = [known("deploy-old", number) for number in (1, 2, 3)]
    settings = JenkinsSettings(url="http://127.0.0.1:1")
    made = JenkinsBuilds(settings, None, before, heard.put, threading.Event(), system_clock)
    made._lock = HandOver()
    return made


def visited(collector, *names):
    jobs = [SeenJob(name, f"job/{name}/", JobWire(fullName=name)) for name in names]
    collector._sweep_jobs(jobs, [], 1)


def moves(heard):
    return [(move.before, move.after) for each in heard.of(Changed) for move in each.moved]


def test_an_errand_that_comes_right_after_a_visit_knows_which_jobs_that_did_not_show(collector, heard):
    collector._lock.next = lambda: collector._delivered(WHOLE, Builds(builds=BUILDS))
    visited(collector, "deploy-new")
    assert moves(heard) == [("deploy-old", "deploy-new")]


def test_an_errand_that_is_taken_while_a_visit_comes_in_sees_the_jobs_of_the_one_before(collector, heard):
    visited(collector, "deploy-new")
    visit = threading.Thread(target=visited, args=(collector, "deploy-old"))
    former = collector._identities.former

    def meanwhile(*args):
        visit.start()
        assert collector._lock.waits.wait(10)
        return former(*args)

    collector._identities.former = meanwhile
    collector._delivered(WHOLE, Builds(builds=BUILDS))
    visit.join(10)
    assert moves(heard) == [("deploy-old", "deploy-new")]
    assert set(collector._paths) == {"deploy-old"}
