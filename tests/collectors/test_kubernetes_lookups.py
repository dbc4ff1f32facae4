"""What is looked up on demand: the right questions, slowly, once, and no harm when they are refused or fail."""

import json
import time

import msgspec
import pytest

from statusdesk.facts import Changed, Event, LogTail, Revision, Swept
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted
from tests.collectors.kubernetes_desk import QUICK
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import Answer, recorded, wait_for

ORDERS = ("c1", "testing", "Deployment", "orders")
OWNER = "9cc1aebf-d8de-4774-80b8-1c521f8d8edf"
POD_UID = "a801e00c-ae04-4699-8fd0-bf83cab17b07"
FAST = msgspec.structs.replace(QUICK, lookups_per_s=500.0)
FORBIDDEN = b'{"kind":"Status","message":"events is forbidden: User \\"reader\\" cannot list resource"}'
TOKEN = "hvs." + "CAESIJ" + "x" * 24


def log(**changes) -> LogWanted:
    given = {"cluster": "c1", "namespace": "testing", "pod": "orders-1", "pod_uid": "u", "container": "app"}
    return LogWanted(**(given | changes))


def events(*uids: str, name: str = "orders", urgent: bool = True) -> EventsWanted:
    return EventsWanted(workload=("c1", "testing", "Deployment", name), uids=uids, urgent=urgent)


def event(uid: str, about: str, **changes) -> dict:
    given = {
        "metadata": {"name": uid, "namespace": "testing", "uid": uid},
        "involvedObject": {"kind": "Pod", "name": about, "uid": about},
        "lastTimestamp": "2026-11-22T19:04:55Z",
    }
    return given | changes


def event_list(*items: dict, token: str = "") -> bytes:
    return json.dumps({"kind": "EventList", "metadata": {"continue": token}, "items": items}).encode()


def is_log(request) -> bool:
    return request.resource == "log"


def is_events(request) -> bool:
    return request.resource == "events"


def lookups(kube) -> list:
    return [one for one in list(kube.requests) if one.resource in ("log", "events", "replicasets")]


def tails(desk) -> list[LogTail]:
    return [one for each in desk.messages if isinstance(each, Changed) and each.kind is LogTail for one in each.seen]


def sweeps(desk, kind) -> list[Swept]:
    return [one for one in list(desk.messages) if isinstance(one, Swept) and one.kind is kind]


@pytest.fixture(name="asking")
def desk_that_asks(desk):
    desk.start(timing=FAST)
    desk.wait_live()
    return desk


def test_revisions_are_those_that_the_workload_owns(kube, asking):
    kube.answer(lambda one: one.resource == "replicasets", Answer(body=recorded("replicasets_metadata_only.json")))
    asking.collector.want(RevisionsWanted(workload=ORDERS, uid=OWNER, selector="app.kubernetes.io/name=orders"))
    wait_for(lambda: sweeps(asking, Revision))
    [sweep] = sweeps(asking, Revision)
    assert (sweep.scope, sweep.subkind) == ("testing", "Deployment/orders")
    assert sorted((one.revision, one.hash, one.name) for one in sweep.facts) == [
        (1, "57fcffc77", "orders-57fcffc77"),
        (2, "7cc6f9fbf5", "orders-7cc6f9fbf5"),
    ]
    assert all(one.owner_uid == OWNER and one.kind == "ReplicaSet" and one.replicas == 2 for one in sweep.facts)
    [asked] = lookups(kube)
    assert asked.path == "/apis/apps/v1/namespaces/testing/replicasets"
    assert asked.query["labelSelector"] == "app.kubernetes.io/name=orders"
    asking.collector.want(RevisionsWanted(workload=ORDERS, uid="another", selector="x=y"))
    wait_for(lambda: len(sweeps(asking, Revision)) == 2)
    assert sweeps(asking, Revision)[1].facts == ()


def test_controller_revisions_tell_hash_number_and_images(kube, asking):
    meta = {
        "name": "db-5d9",
        "namespace": "testing",
        "uid": "r",
        "labels": {"controller-revision-hash": "5d9"},
        "ownerReferences": [{"kind": "x", "name": "x", "uid": "u", "controller": True}],
    }
    data = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "db:2"}]}}}}
    item = {"metadata": meta, "revision": 7, "data": data}
    body = json.dumps({"kind": "ControllerRevisionList", "metadata": {}, "items": [item]}).encode()
    kube.answer(lambda one: one.resource == "controllerrevisions", Answer(body=body))
    for kind in ("DaemonSet", "StatefulSet"):
        asking.collector.want(RevisionsWanted(workload=("c1", "testing", kind, "db"), uid="u"))
    wait_for(lambda: len(sweeps(asking, Revision)) == 2)
    daemon, stateful = (sweep.facts[0] for sweep in sweeps(asking, Revision))
    assert (daemon.hash, daemon.revision, daemon.images) == ("5d9", 7, (("app", "db:2"),))
    assert stateful.hash == "db-5d9", "pods of a StatefulSet carry the whole name"


def test_events_of_each_object_with_counts_and_times(kube, asking):
    of_pod = f"involvedObject.uid={POD_UID}"
    kube.answer(is_events, Answer(body=event_list()))
    kube.answer(lambda one: one.query.get("fieldSelector") == of_pod, Answer(body=recorded("events_of_pod.json")))
    asking.collector.want(events("w", POD_UID))
    wait_for(lambda: sweeps(asking, Event))
    [sweep] = sweeps(asking, Event)
    assert (sweep.scope, sweep.subkind) == ("testing", "Deployment/orders")
    assert [one.query["fieldSelector"] for one in lookups(kube)] == ["involvedObject.uid=w", of_pod]
    newest = sweep.facts[0]
    assert (newest.reason, newest.count, newest.type, newest.source) == ("BackOff", 12, "Warning", "kubelet")
    assert (newest.last_ms - newest.first_ms, newest.object_uid) == (121_000, POD_UID)
    scheduled = next(one for one in sweep.facts if one.reason == "Scheduled")
    assert (scheduled.count, scheduled.source) == (1, "default-scheduler")
    assert scheduled.first_ms == scheduled.last_ms == 1_795_374_295_537
    times = [one.last_ms for one in sweep.facts]
    assert times == sorted(times, reverse=True) and len(times) == 10


def test_many_who_wait_in_a_namespace_are_answered_by_one_list(kube, desk):
    desk.start(timing=msgspec.structs.replace(QUICK, lookups_per_s=5.0))
    desk.wait_live()
    first = event_list(event("e1", "p1"), token="2")
    kube.answer(is_events, Answer(body=event_list(event("e2", "p2"), event("e3", "other"))))
    kube.answer(lambda one: is_events(one) and "continue" not in one.query, Answer(body=first))
    kube.answer(is_log, Answer(body=b"line\n"))
    desk.collector.want(log())  # holds the turn while the others come
    for number in range(20):
        desk.collector.want(events(f"w{number}", f"p{number}", name=f"app-{number}"))
    wait_for(lambda: len(sweeps(desk, Event)) >= 20)
    told = {sweep.subkind: [one.uid for one in sweep.facts] for sweep in sweeps(desk, Event)}
    assert told["Deployment/app-1"] == ["e1"] and told["Deployment/app-2"] == ["e2"] and told["Deployment/app-3"] == []
    assert len(told) == 20 and len([one for one in lookups(kube) if one.resource == "events"]) <= 4


def test_a_namespace_with_too_many_events_is_asked_object_by_object(kube, asking):
    kube.answer(lambda one: is_events(one) and "fieldSelector" in one.query, Answer(body=event_list()))
    for page in range(9):
        token = str(page) if page else None
        body = event_list(event(f"e{page}", "x"), token=str(page + 1))
        kube.answer(
            lambda one, token=token: (
                is_events(one) and "fieldSelector" not in one.query and one.query.get("continue") == token
            ),
            Answer(body=body),
        )
    for turn in (1, 2):
        asking.collector.want(events(*(f"u{number}" for number in range(8))))
        wait_for(lambda turn=turn: len(sweeps(asking, Event)) == turn)
    whole = [one for one in lookups(kube) if "fieldSelector" not in one.query]
    assert len(whole) == 6 and len(lookups(kube)) == 6 + 16, "asked once, then remembered"


def test_a_log_is_clean_and_without_secrets(kube, asking):
    body = f"\tat com.example\x1b[31m red\nX-Vault-Token: {TOKEN}\n".encode() + b"\xff\xfe half\nend"
    kube.answer(is_log, Answer(body=body))
    asking.collector.want(log(previous=True))
    wait_for(lambda: tails(asking))
    [tail] = tails(asking)
    assert tail.lines == ("        at com.example red", "X-Vault-Token: [hidden]", "\ufffd\ufffd half", "end")
    assert tail.previous and tail.pod_uid == "u" and not tail.problem
    [asked] = lookups(kube)
    assert asked.path == "/api/v1/namespaces/testing/pods/orders-1/log"
    assert (asked.query["container"], asked.query["tailLines"], asked.query["previous"]) == ("app", "200", "true")


def test_a_recorded_log(kube, asking):
    kube.answer(is_log, Answer(body=recorded("log_init_container.txt")))
    asking.collector.want(log())
    wait_for(lambda: tails(asking))
    assert tails(asking)[0].lines[-1].endswith("exit code 1") and len(tails(asking)[0].lines) == 8
    assert "previous" not in lookups(kube)[0].query


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=400, body=recorded("log_waiting_to_start.json")), "is waiting to start: PodInitializing"),
        (Answer(status=404, body=b'{"kind":"Status","message":"pods not found"}'), "pod orders-1 has gone"),
    ],
)
def test_a_log_that_is_not_there_is_told_at_once(kube, asking, answer, words):
    kube.answer(is_log, answer)
    asking.collector.want(log())
    wait_for(lambda: tails(asking))
    assert words in tails(asking)[0].problem and tails(asking)[0].lines == () and len(lookups(kube)) == 1
    assert all(visit.ok for visit in asking.visits())


def test_a_log_that_cannot_be_had_is_told_after_some_tries(kube, asking):
    kube.answer(is_log, Answer(status=500, body=b"{}"))
    asking.collector.want(log())
    wait_for(lambda: tails(asking))
    assert "answers 500" in tails(asking)[0].problem and len(lookups(kube)) == 3


def test_a_passing_failure_is_made_good(kube, asking):
    kube.answer(is_events, Answer(body=event_list(event("e", "w"))))
    kube.answer(is_events, Answer(status=503, body=b"{}"), 1)
    kube.answer(is_events, Answer(body=b"<html>"), 1)
    asking.collector.want(events("w"))
    wait_for(lambda: sweeps(asking, Event))
    assert [one.uid for one in sweeps(asking, Event)[0].facts] == ["e"] and len(lookups(kube)) == 3


def test_what_is_refused_is_told_once_and_taken_back(kube, desk):
    desk.start(timing=msgspec.structs.replace(FAST, relook_s=1.0))
    desk.wait_live()
    kube.answer(lambda one: is_events(one) or is_log(one), Answer(status=403, body=FORBIDDEN))
    for turn in (1, 2, 3):
        desk.collector.want(events("w"))
        desk.collector.want(log())
        wait_for(lambda turn=turn: len(tails(desk)) == turn)
    wait_for(lambda: desk.visits("testing/events"))
    assert len(desk.visits("testing/events")) == len(desk.visits("testing/pods/log")) == 1
    assert len(lookups(kube)) <= 3
    told = desk.visits("testing/events")[0]
    assert told.problem == "NoAccess" and "reader may not read events in testing" in told.message
    assert "kubectl create rolebinding" in told.message and "-n testing" in told.message
    assert all("may not read pods/log" in tail.problem for tail in tails(desk))
    assert not sweeps(desk, Event) and all(visit.ok for visit in desk.visits())
    kube.forget()
    kube.answer(is_events, Answer(body=event_list()))

    wait_for(lambda: desk.visits("testing/events")[-1].ok, "asked again though nobody wants it any more")


def test_no_more_requests_than_allowed(kube, desk):
    desk.start(timing=msgspec.structs.replace(QUICK, lookups_per_s=20.0))
    desk.wait_live()
    kube.answer(is_log, Answer(body=b""))
    began_s = time.monotonic()
    for number in range(12):
        desk.collector.want(log(pod=f"p{number}"))
    wait_for(lambda: len(tails(desk)) == 12)
    assert time.monotonic() - began_s >= 11 / 20


def test_the_paces_that_hold_outside_of_tests():
    usual = type(QUICK)()
    assert (usual.lookups_per_s, usual.silence_s, usual.reprobe_s, usual.relook_s) == (4.0, 150.0, 60.0, 60.0)


def test_what_waits_already_is_asked_once_and_logs_come_first(kube, desk):
    desk.start(timing=msgspec.structs.replace(QUICK, lookups_per_s=4.0))
    desk.wait_live()
    kube.answer(is_events, Answer(body=event_list()))
    kube.answer(is_log, Answer(body=b""))
    desk.collector.want(log(pod="first"))
    wait_for(lambda: tails(desk))
    for _ in range(50):
        desk.collector.want(events("w", urgent=False))
    desk.collector.want(events("x", name="other"))
    desk.collector.want(log())
    wait_for(lambda: len(sweeps(desk, Event)) == 2)
    assert [one.resource for one in lookups(kube)] in (
        ["log", "log", "events", "events"],
        ["log", "events", "log", "events"],  # the first may have been on its way
    )
    assert len(tails(desk)) == 2


def test_too_many_requests_make_all_lookups_wait(kube, asking):
    kube.answer(is_log, Answer(body=b""))
    kube.answer(is_log, Answer(status=429, body=b"", headers={"Retry-After": "1"}), 1)
    began_s = time.monotonic()
    asking.collector.want(log(pod="a"))
    asking.collector.want(log(pod="b"))
    wait_for(lambda: len(tails(asking)) == 2)
    assert time.monotonic() - began_s >= 1.0 and len(lookups(kube)) == 3


def test_a_lookup_that_hangs_ends_with_the_collector(kube, asking):
    kube.answer(is_log, Answer(body=[b"x"], then=kube.over.wait))
    asking.collector.want(log())
    wait_for(lambda: lookups(kube))
    assert asking.end() < 2.0
    assert not tails(asking)


def test_hostile_names_stay_in_their_place(kube, asking):
    kube.answer(is_log, Answer(status=404, body=b"{}"))
    asking.collector.want(log(namespace="testing/../kube-system", pod="../x?y=z#"))
    wait_for(lambda: tails(asking))
    [asked] = [one for one in kube.requests if one.path.endswith("/log")]
    assert asked.path == "/api/v1/namespaces/testing%2F..%2Fkube-system/pods/..%2Fx%3Fy%3Dz%23/log"
