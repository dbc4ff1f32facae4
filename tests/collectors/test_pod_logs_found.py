"""Which logs the follower reads: of pods that join and leave, of containers that wait, of what may not be read."""

import json
import threading
import time

import pytest
from msgspec.structs import replace

from collectors import kubernetes_pages
from collectors.log_lines import CUT_TEXT, CUT_UNREAD, LineKind, NotOpenError, Origin, Target
from tests.collectors.kubernetes_server import Answer, wait_for
from tests.collectors.log_server import Reply, container, ended, pod, refusal, stamped


def test_until_a_container_starts_its_init_container_is_shown(kube, follow):
    waits = {"waiting": {"reason": "PodInitializing"}}
    begins = pod("orders-1", container(run="", state=waits), inits=(container("vault-agent", "run-i"),))
    kube.replies["vault-agent"] = [Reply(stamped("asking vault"), end="hang")]
    kube.replies["app"] = [Reply(stamped("hello", second=5), end="hang")]
    lines = follow(begins)
    lines.wait_texts("asking vault")
    assert lines.source.status().waiting_for == ("orders-1/app: PodInitializing",)
    done = container("vault-agent", state=ended("run-i"))
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-1", container(), inits=(done,)), event="MODIFIED")
    lines.wait_texts("asking vault", "hello")


REBOOTED = ended("run-1", 255, "Unknown")


@pytest.mark.parametrize(
    ("app", "init"),
    [
        (container(run="", state={"waiting": {"reason": "PodInitializing"}}), container("vault-agent", "run-i")),
        (
            container(run="", state={"waiting": {"reason": "PodInitializing"}}),
            container(
                "vault-agent",
                "run-i",
                state={"waiting": {"reason": "CrashLoopBackOff"}},
                lastState=ended("run-i", 1, "Error"),
                restartCount=6,
            ),
        ),
        (container(state={"waiting": {"reason": "PodInitializing"}}, lastState=REBOOTED), container("vault-agent")),
        (container(state=REBOOTED), container("vault-agent", "run-i")),
    ],
    ids=["hangs", "crash loop", "new sandbox, waits", "new sandbox, ended"],
)
@pytest.mark.parametrize("follows", [True, False])
def test_an_init_container_that_is_not_done_is_shown_beside_sidecars_and_runs_before(kube, follow, app, init, follows):
    kube.replies["vault-agent"] = [Reply(stamped("permission denied"), end="hang" if follows else "eof")]
    kube.replies["proxy"] = [Reply(stamped("envoy up"), end="hang" if follows else "eof")]
    kube.replies["app"] = [Reply(stamped("before the reboot"))]
    stands = pod("orders-1", app, inits=(container("proxy", "run-p", restartPolicy="Always"), init))
    lines = follow(stands, follow=follows)
    wait_for(lambda: {"permission denied", "envoy up"} <= set(lines.texts()), str(lines.source.status()))


def test_init_containers_that_are_done_are_not_shown_while_the_app_crashes(kube, follow):
    kube.replies["app"] = kube.replies["proxy"] = [Reply(stamped("hello"))]
    back = {"waiting": {"reason": "CrashLoopBackOff"}}
    app = container(state=back, lastState=ended("run-1", 1, "Error"), restartCount=3)
    done, proxy = container("setup", state=ended("run-i")), container("proxy", "run-p", restartPolicy="Always")
    lines = follow(pod("orders-1", app, inits=(proxy, done)), follow=False)
    wait_for(lambda: lines.texts() and lines.source.status().ended)
    assert {query["container"] for query in kube.asked_logs} == {"app", "proxy"}


def test_init_containers_of_running_pods_are_read_when_asked_for(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang")]
    kube.replies["setup"] = [Reply(stamped("prepared"))]
    begun = pod("orders-1", inits=(container("setup", state=ended("run-i")),))
    lines = follow(begun, init=True)
    wait_for(lambda: sorted(lines.texts()) == ["hello", "prepared"])


def test_pods_without_the_label_are_found_by_their_workload_beside_those_that_carry_it(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang")]
    there = [
        pod("orders-new", workload="orders"),
        pod("orders-old", app="", workload="orders"),
        pod("web-1", app="", workload="web"),
        pod("orders-web", app="web", workload="orders"),
    ]
    lines = follow(*there)
    wait_for(lambda: len(lines.texts()) == 2, str(lines.source.status()))
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-next", app="", workload="orders"), pod("web-2", app="", workload="web"), event="ADDED")
    wait_for(lambda: len(lines.texts()) == 3)
    found = {origin.pod for origin in lines.source.origins}
    assert found == {"orders-new", "orders-old", "orders-next"} and lines.marks() == ["joined"]


@pytest.mark.parametrize("may", [True, False])
def test_pods_without_the_label_belong_to_the_app_of_their_workload_as_on_the_board(kube, follow, may):
    named = {"name": "shop-orders", "labels": {"app.kubernetes.io/name": "orders"}}
    kube.put("deployments", {"metadata": named}, {"metadata": {"name": "web", "labels": {}}})
    if not may:
        kube.answer(lambda request: "/apis/" in request.path, Answer(status=403))
    kube.replies["app"] = [Reply(stamped("hello"))]
    there = [pod("orders-1"), pod("shop-1", app="", workload="shop-orders"), pod("web-1", app="", workload="web")]
    lines = follow(*there, follow=False)
    wait_for(lambda: lines.texts() and lines.source.status().ended)
    assert {origin.pod for origin in lines.source.origins} == ({"orders-1", "shop-1"} if may else {"orders-1"})
    assert not lines.source.status().problems


def test_pods_without_the_label_belong_to_the_cron_job_of_their_job_as_on_the_board(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"))]
    jobs = ("orders-29388540", "orders-29388541", "orders-check", "orders-check-29388540", "orders-12")
    lines = follow(*(pod(f"{job}-x", app="", workload=job, kind="Job") for job in jobs), follow=False)
    wait_for(lambda: lines.texts() and lines.source.status().ended)
    assert {origin.pod for origin in lines.source.origins} == {"orders-29388540-x", "orders-29388541-x"}


def test_the_workloads_of_an_app_are_found_on_all_pages(kube, follow, monkeypatch):
    monkeypatch.setattr(kubernetes_pages, "PAGE", 2)
    names = [f"shop-orders-{number}" for number in range(5)]
    labels = {"app.kubernetes.io/name": "orders"}
    kube.put("deployments", *({"metadata": {"name": name, "labels": labels}} for name in names))
    kube.replies["app"] = [Reply(stamped("hello"))]
    lines = follow(*(pod(name, app="", workload=name) for name in names), follow=False)
    wait_for(lambda: lines.texts() and lines.source.status().ended)
    assert {origin.pod for origin in lines.source.origins} == set(names) and len(lines.texts()) == 5


def test_containers_are_chosen_by_name(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang")]
    kube.replies["proxy"] = [Reply(stamped("GET /"), end="hang")]
    lines = follow(pod("orders-1", container(), container("proxy", "run-p")), containers=("pro*",))
    lines.wait_texts("GET /")
    assert {query["container"] for query in kube.asked_logs} == {"proxy"}


def test_streams_are_bounded_and_what_waits_is_told(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang")]
    lines = follow(*(pod(f"orders-{number}") for number in range(3)), max_streams=1)
    wait_for(lambda: len(lines.texts()) == 1)
    status = lines.source.status()
    assert (status.open, status.waiting, status.waiting_for) == (
        1,
        2,
        ("orders-1/app: 1 stream is open", "orders-2/app: 1 stream is open"),
    )


def test_a_pod_that_leaves_before_there_was_a_stream_for_it_is_told_where_its_lines_are_missing(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang"), Reply(stamped("hello"))]
    lines = follow(pod("orders-1"), pod("orders-2"), max_streams=1)
    lines.wait_texts("hello")
    wait_for(lambda: kube.watching("pods", "testing"))
    assert lines.source.status().unread == ("orders-2/app",)
    lines.source.older(10**19, (), 10)
    with pytest.raises(NotOpenError):
        lines.source.older(10**19, [[each.pod for each in lines.source.origins].index("orders-2")], 10)
    assert {query["pod"] for query in kube.asked_logs} == {"orders-1"}, "its beginning is still to come"
    kube.drop("orders-2")
    wait_for(lambda: lines.marks() == ["left unread: 1 stream was open; lines may be missing here"])
    mark = next(line for line in lines.lines if line.tells_missing)
    assert lines.source.origins[mark.origin].pod == "orders-2"
    assert lines.source.status().unread == ()


def test_nothing_older_is_asked_for_before_it_is_known_what_is_there_though_the_origins_of_before_are(kube, follow):
    listed = threading.Event()
    page = {"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [pod("orders-1"), pod("orders-2")]}
    answer = Answer(body=json.dumps(page).encode(), before=lambda: listed.wait(20))
    kube.answer(lambda request: request.resource == "pods" and not request.is_watch, answer)
    kube.replies["app"] = [Reply(stamped("one"), end="hang"), Reply(stamped("one"), end="hang"), Reply(stamped("one"))]
    known = [Origin(cluster="c1", namespace="testing", pod=name, container="app") for name in ("orders-1", "orders-9")]
    lines = follow(known=tuple(known))
    wait_for(lambda: kube.asked("pods", False))
    with pytest.raises(NotOpenError):
        lines.source.older(10**19, (), 10)
    assert not kube.asked_logs
    listed.set()
    lines.wait_texts("one", "one")
    lines.source.older(10**19, (), 10)
    assert {query["pod"] for query in kube.asked_logs} == {"orders-1", "orders-2"}


def test_what_waited_for_a_stream_says_at_its_tail_that_lines_of_meanwhile_may_be_missing(kube, follow):
    kube.replies["orders-1/app"] = [Reply(stamped("one", "two"), end="hang")]
    kube.replies["orders-2/app"] = [Reply(stamped("three", "four"), end="hang")]
    lines = follow(pod("orders-1"), pod("orders-2"), max_streams=1, tail=1)
    lines.wait_texts("two")
    wait_for(lambda: kube.watching("pods", "testing") and lines.source.status().unread)
    kube.drop("orders-1")
    lines.wait_texts("two", "four")
    cuts = [line for line in lines.lines if line.kind == LineKind.CUT]
    told = [(lines.source.origins[line.origin].pod, line.text) for line in cuts]
    assert told == [("orders-1", CUT_TEXT), ("orders-2", CUT_UNREAD)]


def test_the_run_that_ended_while_there_was_no_stream_for_it_is_read_too(kube, follow):
    kube.replies["orders-1/app"] = [Reply(stamped("hello"), end="hang")]
    kube.replies["orders-2/app"] = [Reply(stamped("on", second=6), end="hang")]
    lines = follow(pod("orders-1"), max_streams=1)
    lines.wait_texts("hello")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-2"), event="ADDED")
    wait_for(lambda: lines.source.status().unread)
    died = ended("run-1", 1, "Error")
    kube.replies["app previous"] = [Reply(stamped("last words", second=4))]
    kube.show(pod("orders-2", container(run="run-2", lastState=died, restartCount=1)), event="MODIFIED")
    kube.drop("orders-1")
    lines.wait_texts("hello", "last words", "on")
    assert "restarted: exit 1 Error" in lines.marks()


def test_pods_join_and_leave(kube, follow):
    kube.replies["orders-1/app"] = [Reply(stamped("one"), end="hang")]
    kube.replies["orders-2/app"] = [Reply(stamped("from its beginning", second=3), end="hang")]
    lines = follow()
    lines.wait_texts("one")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-2"), pod("web-1", app="web"), event="ADDED")
    lines.wait_texts("one", "from its beginning")
    kube.drop("orders-1")
    wait_for(lambda: lines.marks() == ["joined", "left: the pod has gone; its last lines may be missing"])
    assert lines.source.status().pods == 1
    assert "tailLines" not in next(query for query in kube.asked_logs if query["pod"] == "orders-2")
    assert not any(query["pod"] == "web-1" for query in kube.asked_logs)


def test_a_pod_that_is_gone_gives_its_last_line(kube, follow):
    gone = Reply(stamped("one") + b"2026-11-22T12:00:01Z bye", end="cut", then=lambda: kube.objects["pods"].clear())
    kube.replies["app"] = [gone, refusal(404, 'pods "orders-1" not found')]
    lines = follow()
    lines.wait_texts("one", "bye")
    wait_for(lambda: lines.marks() == ["left: the pod has gone; its last lines may be missing"])


def test_a_pod_whose_log_came_to_its_end_has_left_nothing_out(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"), then=lambda: kube.objects["pods"].clear())]
    lines = follow()
    lines.wait_texts("one")
    wait_for(lambda: lines.marks() == ["left: the pod has gone"])
    assert abs(lines.lines[-1].at_ns / 1e9 - time.time()) < 20, "when it was seen, not when it wrote its last line"


def test_waiting_to_start_is_waited_for(kube, follow):
    waits = refusal(400, 'container "app" in pod "orders-1" is waiting to start: ContainerCreating')
    kube.replies["app"] = [waits, waits, Reply(stamped("hello"), end="hang")]
    lines = follow()
    wait_for(lambda: lines.source.status().waiting_for == ("orders-1/app: ContainerCreating",))
    lines.wait_texts("hello")
    assert not lines.source.status().waiting


def test_a_refusal_tells_the_right_that_is_missing_and_is_tried_again(kube, follow):
    forbidden = 'pods "orders-1" is forbidden: User "ada" cannot get resource "pods/log"'
    kube.replies["app"] = [refusal(403, forbidden), Reply(stamped("hello"), end="hang")]
    lines = follow()
    lines.wait_problem("ada may not read pods/log in testing: kubectl apply -n testing -f per-namespace.yaml")
    lines.wait_texts("hello")
    wait_for(lambda: not lines.source.status().problems)


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_server_in_trouble_is_asked_again(kube, follow, status):
    kube.replies["app"] = [refusal(status, "not now"), Reply(stamped("hello"), end="hang")]
    follow().wait_texts("hello")


def test_pods_that_may_not_be_listed_are_told(kube, follow):
    message = 'pods is forbidden: User "ada" cannot list resource "pods"'
    body = json.dumps({"kind": "Status", "message": message}).encode()
    kube.answer(lambda request: request.resource == "pods", Answer(status=403, body=body))
    lines = follow()
    lines.wait_problem("ada may not read pods in testing")
    assert not lines.source.status().found


def test_a_namespace_that_may_not_be_read_holds_no_other_up(kube, follow):
    body = json.dumps({"kind": "Status", "message": 'pods is forbidden: User "ada" cannot list'}).encode()
    kube.answer(lambda request: "/namespaces/secret/" in request.path, Answer(status=403, body=body))
    kube.replies["app"] = [Reply(stamped("one"))]
    targets = tuple(Target(cluster="c1", namespace=name, app="orders") for name in ("testing", "secret"))
    lines = follow(targets=targets, follow=False)
    lines.wait_texts("one")
    wait_for(lambda: lines.source.status().ended)
    assert "may not read pods in secret" in lines.source.status().problems[0] and lines.marks() == []


def test_of_runs_before_nothing_is_known_where_some_of_the_pods_cannot_be_listed(kube, follow):
    kube.answer(lambda request: "/namespaces/secret/" in request.path, Answer(status=503))
    targets = tuple(Target(cluster="c1", namespace=name, app="orders") for name in ("testing", "secret"))
    lines = follow(targets=targets, previous=True)
    lines.wait_problem("none has been restarted")
    wait_for(lambda: lines.source.status().ended)
    status = lines.source.status()
    assert not status.unrestarted and status.vacant == () and len(status.problems) == 2


@pytest.mark.parametrize(
    "body",
    [b"404 page not found\n", b'{"kind": "Status", "reason": "NotFound", "message": "pods \\"orders-1\\" not found"}'],
)
def test_a_404_of_something_in_front_of_the_api_server_ends_nothing(kube, follow, body):
    away = threading.Event()
    kube.answer(lambda request: away.is_set(), Answer(status=404, body=body))
    first = Reply(stamped("one"), end="cut", before=away.set)
    kube.replies["app"] = [first, Reply(stamped("one", "two"), end="hang")]
    lines = follow()
    lines.wait_texts("one")
    lines.wait_problem("404")
    away.clear()
    lines.wait_texts("one", "two")
    wait_for(lambda: not lines.source.status().problems)
    assert lines.marks() == []


def test_a_pod_that_is_listed_again_is_read_on_without_loss(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"), end="hang"), Reply(stamped("one", "two"), end="hang")]
    lines = follow()
    lines.wait_texts("one")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.drop("orders-1")
    wait_for(lambda: lines.marks() == ["left: the pod has gone; its last lines may be missing"])
    kube.show(pod("orders-1"), event="ADDED")
    lines.wait_texts("one", "two")
    assert lines.marks()[1:] == ["back: the pod is there again"]


def test_origins_that_are_known_keep_their_places(kube, follow):
    kube.replies["app"] = [Reply(stamped("hello"), end="hang")]
    mine = Origin(cluster="c1", namespace="testing", pod="orders-1", container="app")
    known = (replace(mine, pod="orders-0"), mine)
    lines = follow(pod("orders-1"), pod("orders-2"), known=known)
    wait_for(lambda: lines.texts() == ["hello", "hello"])
    assert [each.pod for each in lines.source.origins] == ["orders-0", "orders-1", "orders-2"]
    assert {lines.source.origins[each.origin].pod for each in lines.lines} == {"orders-1", "orders-2"}
    assert lines.source.status().pods == 2
