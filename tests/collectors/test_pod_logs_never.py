"""Pods whose log there never will be: of what never ran, and of what has ended and is not kept."""

import json

import pytest

from tests.collectors.kubernetes_server import wait_for
from tests.collectors.log_server import Reply, container, ended, pod, refusal, stamped


def without_statuses(name, **status):
    one = pod(name)
    one["status"] = status
    return one


def absent(name):
    details = {"kind": "pods", "name": name}
    body = {"kind": "Status", "code": 404, "reason": "NotFound", "message": "it is not here", "details": details}
    return Reply([json.dumps(body).encode()], status=404)


def no_node(**more):
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are fit"}
    return {"phase": "Pending", "conditions": [condition]} | more


@pytest.mark.parametrize(
    ("status", "mark"),
    [
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory. "}, "no log: Evicted: low on memory."),
        ({"phase": "Failed", "reason": "NodeShutdown", "message": ""}, "no log: NodeShutdown"),
        ({"phase": "Succeeded"}, "no log: it never started"),
        (no_node(phase="Failed"), "no log: Unschedulable: 0/3 nodes are fit"),
    ],
)
@pytest.mark.parametrize("is_followed", [True, False])
def test_what_never_ran_and_never_will_is_told_and_not_waited_for(kube, follow, status, mark, is_followed):
    kube.replies["orders-2/app"] = [Reply(stamped("well"), end="hang" if is_followed else "eof")]
    lines = follow(without_statuses("orders-1", **status), pod("orders-2"), follow=is_followed)
    lines.wait_texts("well")
    wait_for(lambda: lines.marks() == [mark])
    assert not lines.source.status().waiting and not lines.source.status().problems
    wait_for(lambda: is_followed or lines.source.status().ended)
    assert {query["pod"] for query in kube.asked_logs} == {"orders-2"}


def test_what_waits_for_a_node_says_so(kube, follow):
    lines = follow(without_statuses("orders-1", **no_node()))
    wait_for(lambda: lines.source.status().waiting)
    assert lines.source.status().waiting_for == ("orders-1/app: Unschedulable: 0/3 nodes are fit",)
    kube.replies["app"] = [Reply(stamped("well"), end="hang")]
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-1"), event="MODIFIED")
    lines.wait_texts("well")


@pytest.mark.parametrize("is_followed", [True, False])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(400, "container is not available"), "its log cannot be had: container is not available"),
        (absent("orders-1"), "its log cannot be had: it is not here"),
    ],
)
def test_an_ended_container_whose_log_is_not_kept_is_told_and_not_waited_for(kube, follow, reply, said, is_followed):
    kube.replies["app"] = [reply]
    lines = follow(pod("orders-1", container(state=ended("run-1", 137, "Error"))), follow=is_followed)
    lines.wait_problem(f"orders-1/app: {said}")
    wait_for(lambda: not lines.source.status().open)
    assert not lines.source.status().waiting and lines.said() == []
