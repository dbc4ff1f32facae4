"""Errands that are under way while the collector is stopped: what was not delivered is run again."""

import threading

import pytest

from collectors.jenkins_errands import Errand, JenkinsErrands
from collectors.jenkins_wire import BuildWire
from collectors.transport import VisitFailed
from tests.collectors.stage import eventually

ONE = Errand("deploy", "job/deploy/", 2)


class Held:
    """A connection that answers each errand when it is told to, and then as it is told."""

    def __init__(self):
        self.asked, self.go, self.answers = threading.Semaphore(0), threading.Semaphore(0), []

    def get(self, *_):
        answer = self.answers.pop(0)
        self.asked.release()
        assert self.go.acquire(timeout=15)
        if isinstance(answer, VisitFailed):
            raise answer
        return answer


@pytest.mark.parametrize("is_begun_again", [False, True])
@pytest.mark.parametrize("first", [BuildWire(number=2), VisitFailed("NotFound", "no", status=404)])
def test_what_was_answered_after_a_close_is_asked_and_delivered_after_the_next_start(first, is_begun_again):
    api, done, gone = Held(), [], []
    api.answers = [first, BuildWire(number=2)]
    errands = JenkinsErrands(
        lambda: api,
        1,
        lambda errand, builds: done.append((errand, builds.found[0].number)),
        lambda errand: bool(gone.append(errand)) or True,
        lambda errand, remaining: None,
    )
    others = set(threading.enumerate())
    errands.start()
    errands.ask([ONE])
    assert api.asked.acquire(timeout=15)
    before = set(threading.enumerate()) - others
    errands.close()
    if not is_begun_again:
        api.go.release()
        eventually(lambda: not any(each.is_alive() for each in before))
        assert errands.busy() and (done, gone) == ([], [])
    errands.start()
    assert api.asked.acquire(timeout=15), "the thread of the next round"
    api.go.release()
    api.go.release()
    eventually(lambda: not errands.busy())
    eventually(lambda: not any(each.is_alive() for each in before))
    assert (done, gone) == ([(ONE, 2)], [])
    errands.close()
