"""List, page, watch, resume: what a healthy cluster and its everyday hiccups become."""

import json
import subprocess
import sys
from urllib.parse import unquote

import msgspec

from statusdesk.clock import system_clock
from statusdesk.facts import Changed, Pod, Swept, Workload
from tests.collectors.kubernetes_desk import QUICK
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import Answer, recorded, wait_for

POD_EVENTS = recorded("watch_orders_pod.ndjson").splitlines(keepends=True)
BOOKMARK = b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"777"}}}\n'


def pod(name: str, namespace: str = "testing", version: str = "1") -> dict:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"u-{name}", "resourceVersion": version}}


def event(kind: str, one: dict) -> bytes:
    return json.dumps({"type": kind, "object": one}).encode() + b"\n"


def is_pod_watch(request) -> bool:
    return request.resource == "pods" and request.is_watch


def is_pod_list(request) -> bool:
    return request.resource == "pods" and not request.is_watch


def test_importing_the_collector_does_not_import_the_client():
    code = "import sys, collectors.kubernetes_cluster; print({'kubernetes', 'urllib3', 'yaml'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_first_sweeps_hold_what_is_of_interest_kind_by_kind(kube, desk):
    kube.load("pods", "pods.json")
    kube.load("deployments", "deployments.json")
    kube.put("pods", pod("elsewhere", "kube-system"))
    desk.start("testing", "stag*")
    desk.wait_live()
    [pods] = desk.sweeps("")
    assert pods.kind is Pod and pods.scope == "" and len(pods.facts) == 9
    assert {fact.namespace for fact in pods.facts} == {"testing", "staging"}
    [deployments] = desk.sweeps("Deployment")
    assert deployments.kind is Workload and len(deployments.facts) == 5
    assert desk.sweeps("StatefulSet")[0].facts == () and desk.sweeps("DaemonSet")[0].facts == ()
    wait_for(lambda: desk.visits()[-1].detail == "v1.36.2")
    assert "kubernetes.client.models.v1_pod" not in sys.modules
    assert {request.method for request in kube.requests} == {"GET"}


def test_pages_follow_their_token_and_the_watch_starts_at_the_version_of_the_first(kube, desk):
    kube.put("pods", *[pod(f"p{number}") for number in range(7)])
    desk.start(page_size=3)
    desk.wait_live()
    assert len(desk.sweeps()[0].facts) == 7
    pages = kube.asked("pods", watch=False)
    assert [(one.query["limit"], one.query.get("continue")) for one in pages] == [("3", None), ("3", "3"), ("3", "6")]
    [watch] = kube.asked("pods", watch=True)
    assert watch.query["resourceVersion"] == "100" and watch.query["allowWatchBookmarks"] == "true"
    assert 240 <= int(watch.query["timeoutSeconds"]) <= 290


def test_recorded_events_become_facts(kube, desk):
    desk.start()
    desk.wait_live()
    for count, line in enumerate(POD_EVENTS, 1):
        kube.send("pods", line)
        wait_for(lambda count=count: len(desk.changes()) == count)
    facts = [change.seen[0] for change in desk.changes()]
    assert {fact.key for fact in facts} == {("c1", "testing", "orders-7cc6f9fbf5-fq26d")}
    assert facts[0].containers[-1].state == "" and not facts[0].node
    ended = [fact.containers[-1].exit_code for fact in facts if fact.containers[-1].state == "terminated"]
    assert ended == [1] and facts[-1].containers[-1].last_exit_code == 1 and facts[-1].workload_name == "orders"


def test_one_chunk_is_one_message_in_which_the_last_word_wins(kube, desk):
    desk.start()
    desk.wait_live()
    chunk = b"".join(
        [
            event("ADDED", pod("a")),
            event("MODIFIED", pod("a") | {"status": {"phase": "Running"}}),
            event("ADDED", pod("b")),
            event("DELETED", pod("b")),
            event("DELETED", pod("c")),
            event("ADDED", pod("c") | {"status": {"phase": "Pending"}}),
            event("ADDED", pod("d", "kube-system")),
        ]
    )
    kube.send("pods", chunk)
    wait_for(desk.changes)
    [change] = desk.changes()
    assert [(fact.name, fact.phase) for fact in change.seen] == [("a", "Running"), ("c", "Pending")]
    assert set(change.gone) == {("c1", "testing", "b"), ("c1", "testing", "c")}


def test_a_line_cut_between_chunks_is_put_together(kube, desk):
    desk.start()
    desk.wait_live()
    line = POD_EVENTS[3]
    kube.send("pods", POD_EVENTS[0] + line[:1000], line[1000:-1], b"\n" + BOOKMARK)
    whole = json.loads(line)["object"]["status"]["phase"]
    wait_for(lambda: desk.changes() and desk.changes()[-1].seen[-1].phase == whole)
    assert len({fact.key for change in desk.changes() for fact in change.seen}) == 1


def test_a_gone_workload_is_named_by_its_key(kube, desk):
    desk.start()
    desk.wait_live()
    kube.send("statefulsets", event("DELETED", pod("db")))
    wait_for(desk.changes)
    assert desk.changes()[0].kind is Workload
    assert desk.changes()[0].gone == (("c1", "testing", "StatefulSet", "db"),)


def test_a_closed_watch_goes_on_from_the_last_bookmark_without_a_list(kube, desk):
    desk.start()
    desk.wait_live()
    kube.send("pods", BOOKMARK)
    kube.close_watches("pods")
    wait_for(lambda: len(kube.asked("pods", watch=True)) == 2)
    assert kube.asked("pods", watch=True)[1].query["resourceVersion"] == "777"
    assert len(kube.asked("pods", watch=False)) == 1
    assert all(visit.ok for visit in desk.visits())


def test_what_a_watch_tells_has_happened_since_its_line_was_last_heard(kube, desk):
    desk.start()
    desk.wait_live()
    kube.send("pods", event("ADDED", pod("a", version="150")))
    wait_for(desk.changes)
    [listed] = [sweep for sweep in desk.sweeps() if sweep.kind is Pod]
    assert desk.changes()[0].heard_ms == listed.started_ms
    kube.close_watches("pods")
    wait_for(lambda: len(kube.asked("pods", watch=True)) == 2)
    desk.wait_live()
    kube.send("pods", event("ADDED", pod("b", version="151")))
    wait_for(lambda: len(desk.changes()) == 2)
    first, second = desk.changes()
    assert second.heard_ms == first.at_ms, "that it is connected again tells nothing"
    kube.send("pods", BOOKMARK)
    kube.send("pods", event("ADDED", pod("c", version="778")))
    wait_for(lambda: len(desk.changes()) == 3)
    assert second.at_ms <= desk.changes()[2].heard_ms <= desk.changes()[2].at_ms


def test_a_watch_that_is_dropped_in_a_line_goes_on_from_the_last_whole_event(kube, desk):
    kube.answer(is_pod_watch, Answer(body=[event("ADDED", pod("a", version="150")), POD_EVENTS[0][:500]], cut=True), 1)
    desk.start()
    wait_for(lambda: len(kube.asked("pods", watch=True)) == 2)
    assert kube.asked("pods", watch=True)[1].query["resourceVersion"] == "150"
    desk.wait_live()
    assert [fact.name for change in desk.changes() for fact in change.seen] == ["a"]
    assert all(visit.ok for visit in desk.visits())


def test_what_is_no_event_ends_the_watch_but_not_the_collector(kube, desk):
    for nonsense in (b"<html>\n", b'{"type":"ADDED","object":{"metadata":{"name":7}}}\n', b"\xff\xfe\n", b"[]\n"):
        kube.answer(is_pod_watch, Answer(body=[event("ADDED", pod("a", version="150")) + nonsense]), 1)
    desk.start()
    wait_for(lambda: len(kube.asked("pods", watch=True)) == 5)
    desk.wait_live()
    assert len(desk.changes()) == 4


def test_expired_in_the_stream_lists_again_at_once(kube, desk):
    first = Answer(body=[event("ADDED", pod("a", version="150")), recorded("watch_gone_410.json")])
    kube.answer(is_pod_watch, first, 1)
    desk.start()
    wait_for(lambda: len(desk.sweeps()) == 2)
    desk.wait_live()
    assert [change.seen[0].name for change in desk.changes()] == ["a"]
    assert desk.sweeps()[0].started_ms <= desk.sweeps()[1].started_ms
    assert all(visit.ok for visit in desk.visits())


def test_expired_as_an_answer_lists_again_at_once(kube, desk):
    kube.answer(is_pod_watch, Answer(status=410, body=b'{"kind":"Status","code":410,"message":"too old"}'), 1)
    desk.start()
    desk.wait_live()
    assert len(desk.sweeps()) == 2 and all(visit.ok for visit in desk.visits())


def test_expired_between_pages_starts_the_list_again(kube, desk):
    kube.put("pods", *[pod(f"p{number}") for number in range(4)])
    kube.answer(lambda one: is_pod_list(one) and "continue" in one.query, Answer(status=410, body=b"{}"), 1)
    desk.start(page_size=2)
    desk.wait_live()
    assert [len(sweep.facts) for sweep in desk.sweeps()] == [4]


def test_a_sweep_comes_before_the_changes_that_follow_it(kube, desk):
    kube.put("pods", pod("a"))
    kube.answer(
        is_pod_watch, Answer(body=[event("DELETED", pod("a", version="150")), recorded("watch_gone_410.json")]), 1
    )
    desk.start()
    wait_for(lambda: len(desk.sweeps()) == 2)
    order = [type(one) for one in desk.messages if isinstance(one, Swept | Changed) and one.kind is Pod]
    assert order == [Swept, Changed, Swept]


def test_a_watch_that_closes_at_once_is_a_failure_with_back_off(kube, desk):
    kube.answer(is_pod_watch, Answer(body=[]), 6)
    desk.start()
    told = desk.wait_problem("Gone")
    assert "closes at once" in told.message and "pods" in told.message and told.next_try_ms is not None
    after = len(desk.visits())
    desk.wait_live(after)
    assert len(desk.sweeps()) == 7  # each time anew: the version may be one that the server has forgotten


def test_a_silent_watch_is_opened_again(kube, desk):
    desk.start(timing=msgspec.structs.replace(QUICK, silence_s=0.3))
    wait_for(lambda: len(kube.asked("pods", watch=True)) >= 3)
    assert len(kube.asked("pods", watch=False)) == 1
    assert all(visit.ok for visit in desk.visits())


def test_a_quiet_cluster_is_alive(kube, desk):
    # the other kinds hear nothing at all: that is silence only after a long time
    desk.start(timing=msgspec.structs.replace(QUICK, silence_s=60.0))
    desk.wait_live()
    seen = len(desk.visits())
    wait_for(lambda: system_clock() > desk.visits()[-1].at_ms, "news is what is heard later than the last word")
    kube.send("pods", BOOKMARK)
    wait_for(lambda: len(desk.visits()) > seen)
    assert desk.visits()[-1].ok and desk.visits()[-1].live


def test_it_stops_within_two_seconds(kube, desk):
    desk.start()
    desk.wait_live()
    assert desk.end() < 2.0
    emitted = len(desk.messages)
    kube.send("pods", POD_EVENTS[0])
    assert len(desk.messages) == emitted


def test_it_stops_within_two_seconds_while_a_server_does_not_answer(kube, desk):
    kube.answer(lambda one: True, Answer(body=[b"{"], then=kube.over.wait))
    desk.start(request_timeout_s=30.0)
    wait_for(lambda: len(kube.requests) >= 4)
    assert desk.end() < 2.0


def test_hostile_names_are_harmless(kube, desk):
    name = "\x1b]0;owned\x07[/x]\u202e" + "\u4e2d" * 400
    kube.put("pods", pod(name))
    desk.start()
    desk.wait_live()
    [fact] = desk.sweeps()[0].facts
    assert fact.name.startswith("[/x]\u4e2d") and len(fact.name) == 300 and "\x1b" not in fact.name
    kube.send("pods", event("DELETED", pod(name)))
    wait_for(desk.changes)
    assert desk.changes()[0].gone == (fact.key,)
    assert all("\x1b" not in unquote(one.path) for one in kube.requests)
