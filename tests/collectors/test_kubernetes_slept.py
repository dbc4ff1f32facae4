"""A cluster after a sleep: connections of before may be dead, so that only what is asked from now on is an answer."""

import threading

import msgspec

from collectors.kubernetes_cluster import KubernetesCluster
from statusdesk.clock import boot_clock, system_clock
from statusdesk.facts import Visited
from tests.collectors.kubernetes_desk import QUICK
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import SERVED, Answer, recorded, wait_for
from tests.collectors.test_kubernetes_watch import event, is_pod_watch, pod

PATIENT = msgspec.structs.replace(QUICK, silence_s=60.0)


def read_since(desk, woke_ms: int) -> list[Visited]:
    """Return what was told of answers to what was asked since then."""
    return [visit for visit in desk.visits() if visit.ok and visit.began_ms >= woke_ms]


def test_each_watch_goes_on_from_its_last_version_by_a_new_connection(kube, desk):
    desk.start(timing=PATIENT)
    desk.wait_live()
    kube.send("pods", event("ADDED", pod("a", version="150")))
    wait_for(desk.changes)
    before, woke_ms = set(kube._sockets), system_clock()
    desk.collector.visit_now()
    wait_for(lambda: all(len(kube.asked(resource, watch=True)) == 2 for resource in SERVED), "not all is asked anew")
    wait_for(lambda: not before & kube._sockets, "a connection of before is kept")
    assert kube.asked("pods", watch=True)[1].query["resourceVersion"] == "150"
    wait_for(lambda: any(visit.live for visit in read_since(desk, woke_ms)), "never read again")
    assert all(len(kube.asked(resource, watch=False)) == 1 for resource in SERVED)
    assert all(visit.ok for visit in desk.visits())


def test_a_version_that_is_forgotten_meanwhile_is_listed_anew(kube, desk):
    desk.start(timing=PATIENT)
    desk.wait_live()
    kube.answer(is_pod_watch, Answer(body=[recorded("watch_gone_410.json")]), 1)
    desk.collector.visit_now()
    wait_for(lambda: len(kube.asked("pods", watch=False)) == 2)
    wait_for(lambda: len(kube.asked("pods", watch=True)) == 3)
    assert all(visit.ok for visit in desk.visits())


def test_a_server_that_does_not_answer_is_not_read_though_its_watches_were_open(kube, desk):
    thawed = threading.Event()
    desk.start(timing=PATIENT, request_timeout_s=0.3)
    desk.wait_live()
    kube.answer(lambda request: True, Answer(before=thawed.wait))
    woke_ms = system_clock()
    desk.collector.visit_now()
    desk.wait_problem("Timeout")
    assert not read_since(desk, woke_ms)
    kube.forget()
    thawed.set()
    wait_for(lambda: read_since(desk, woke_ms), "never read again")


def test_a_watch_that_was_asked_for_before_and_is_answered_later_is_none(kube, desk):
    asked, answered = threading.Event(), threading.Event()

    def late():
        asked.set()
        answered.wait()

    kube.answer(is_pod_watch, Answer(body=[], before=late, then=kube.over.wait), 1)
    desk.start(timing=PATIENT)
    wait_for(asked.is_set)
    woke_ms = system_clock()
    desk.collector.visit_now()
    answered.set()
    wait_for(lambda: read_since(desk, woke_ms), "the old watch is kept")
    assert len(kube.asked("pods", watch=True)) == 2 and len(kube.asked("pods", watch=False)) == 1


def test_what_is_opened_after_the_clock_was_set_at_waking_is_not_moved_with_it(kube, desk):
    """It is found out at the next tick: that would take what has been stamped by it for older."""
    set_ms = 0

    def clock() -> int:
        return system_clock() + set_ms

    collector = desk.collector = KubernetesCluster(
        desk.settings(), ("testing",), (), desk.messages.append, desk.stop, clock, PATIENT, boot_clock
    )
    desk.run()
    desk.wait_live()
    for _ in range(3):
        set_ms += 600_000
        woke_ms = clock()
        collector.visit_now()
        wait_for(lambda woke_ms=woke_ms: read_since(desk, woke_ms), "never read again")
        assert all(visit.asked_ms <= clock() for visit in desk.visits())
        assert all(line.heard_ms <= clock() for line in collector._standing._lines)
