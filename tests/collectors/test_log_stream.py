"""Whose log a stream is that was opened anew: what is left of the run before comes first, and what is lost is told."""

import json
import threading

from msgspec.structs import replace

from collectors.log_merge import HOLD_S
from tests.collectors.kubernetes_server import Answer, wait_for
from tests.collectors.log_server import QUICK, Reply, container, ended, pod, refusal, stamped

OOM = ended("run-1", 137, "OOMKilled")
MISSING = "its last lines may be missing"


def restarted(run="run-2", last=OOM, restarts=1):
    return pod("orders-1", container(run=run, lastState=last, restartCount=restarts))


def is_pod(request):
    return request.path.endswith("/pods/orders-1")


def test_a_restart_while_the_server_is_away_comes_in_order(kube, follow):
    def go_away():
        kube.answer(is_pod, Answer(status=503, body=b"{}"), times=2)
        kube.show(restarted())

    new = Reply(stamped("begin", second=2), end="hang")
    kube.replies["app"] = [Reply(stamped("one"), end="cut", then=go_away), refusal(503, "not now"), new]
    kube.replies["app previous"] = [refusal(503, "not yet"), Reply(stamped("one", "last words"))]
    follow().wait_said("one", "last words", "! restarted: exit 137 OOMKilled", "begin")


def test_a_restart_between_the_look_at_the_pod_and_the_answer_comes_in_order(kube, follow):
    new = stamped("begin", second=2)
    late = Reply(new, end="hang", before=lambda: kube.show(restarted()))
    kube.replies["app"] = [Reply(stamped("one"), end="cut"), late, Reply(new, end="hang")]
    kube.replies["app previous"] = [Reply(stamped("one", "two"))]
    follow().wait_said("one", "two", "! restarted: exit 137 OOMKilled", "begin")


def test_a_restart_that_the_server_tells_late_comes_in_order(kube, follow):
    def restart():
        # the look after the cut, the one after the answer, the first one at its lines
        kube.answer(is_pod, Answer(body=json.dumps(pod("orders-1")).encode()), times=3)
        kube.show(restarted())

    new = Reply(stamped("begin", second=2), end="hang")
    kube.replies["app"] = [Reply(stamped("one"), end="cut", then=restart), new]
    kube.replies["app previous"] = [Reply(stamped("one", "two"))]
    follow().wait_said("one", "two", "! restarted: exit 137 OOMKilled", "begin")


def test_lines_that_nobody_can_tell_whose_they_are_do_not_hide_that_there_was_a_restart(kube, follow):
    def restart():
        kube.answer(is_pod, Answer(body=json.dumps(pod("orders-1")).encode()), times=2)
        wait_for(lambda: kube.watching("pods", "testing"))
        kube.show(restarted())

    def tell():
        wait_for(lambda: len(kube.asked_logs) == 2 and lines.texts())
        kube.tell("MODIFIED", restarted())

    silent, new = Reply(b"", end="cut", then=restart), stamped("begin", second=2)
    kube.replies["app"] = [silent, Reply(new, end="hang", then=tell), Reply(new, end="hang")]
    kube.replies["app previous"] = [Reply(b"")]
    lines = follow(tail=0)
    lines.wait_said("begin", f"! restarted: exit 137 OOMKilled; {MISSING}")


def test_a_run_before_that_is_not_kept_is_told(kube, follow):
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(restarted()))
    kube.replies["app"] = [first, Reply(stamped("begin", second=2), end="hang")]
    kube.replies["app previous"] = [refusal(400, 'previous terminated container "app" in pod "orders-1" not found')]
    follow().wait_said("one", f"! restarted: exit 137 OOMKilled; {MISSING}", "begin")


def test_a_run_before_that_was_rotated_away_is_told(kube, follow):
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(restarted()))
    kube.replies["app"] = [first, Reply(stamped("begin", second=9), end="hang")]
    kube.replies["app previous"] = [Reply(stamped("last words", second=5))]
    rotated = "! lines may be missing here: the log was rotated"
    follow().wait_said("one", rotated, "last words", "! restarted: exit 137 OOMKilled", "begin")


def test_of_two_restarts_the_second_run_comes_whole_and_the_first_is_told(kube, follow):
    twice = restarted("run-3", ended("run-2", 2, "Error"), 2)
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(twice))
    kube.replies["app"] = [first, Reply(stamped("third", second=3), end="hang")]
    kube.replies["app previous"] = [Reply(stamped("second", second=2))]
    lines = follow()
    lines.wait_said("one", f"! restarted; {MISSING}", "second", "! restarted: exit 2 Error", "third")


def test_of_three_restarts_the_run_that_nobody_has_is_told(kube, follow):
    thrice = restarted("run-4", ended("run-3", 2, "Error"), 3)
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(thrice))
    kube.replies["app"] = [first, Reply(stamped("fourth", second=4), end="hang")]
    kube.replies["app previous"] = [Reply(stamped("third", second=3))]
    lost = "! restarted (2 times since); lines may be missing here"
    follow().wait_said("one", lost, "third", "! restarted: exit 2 Error", "fourth")


def test_a_run_that_began_and_ended_unseen_after_one_that_was_read_is_read(kube, follow):
    over = pod("orders-1", container(state=OOM))
    kube.replies["app"] = [Reply(stamped("one"), then=lambda: kube.show(over)), Reply(stamped("one"))]
    lines = follow()
    wait_for(lambda: lines.marks() == ["ended: exit 137 OOMKilled"])
    kube.replies["app"] = [Reply(stamped("third", second=3), end="hang")]
    kube.replies["app previous"] = [Reply(stamped("second", second=2))]
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(restarted("run-3", ended("run-2", 2, "Error"), 2), event="MODIFIED")
    ended_first = ["one", "! ended: exit 137 OOMKilled"]
    lines.wait_said(*ended_first, "! started again", "second", "! restarted: exit 2 Error", "third")


def test_what_waits_to_be_started_again_has_only_the_log_of_its_last_run(kube, follow):
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    looping = pod("orders-1", container(run="run-2", state=waits, lastState=ended("run-2", 2, "Error"), restartCount=1))
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(looping))
    kube.replies["app"] = [first, Reply(stamped("second", second=2))]
    follow().wait_said("one", f"! restarted; {MISSING}", "second", "! ended: exit 2 Error")
    assert not [query for query in kube.asked_logs if "previous" in query]


def test_an_end_whose_log_is_not_there_any_more_is_told(kube, follow):
    over = pod("orders-1", container(state=OOM))
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(over))
    kube.replies["app"] = [first, refusal(400, "container not found")]
    follow().wait_said("one", f"! ended: exit 137 OOMKilled; {MISSING}")


def test_lines_from_before_the_beginning_do_not_come_after_a_cut(kube, follow):
    again = Reply(stamped("a", "b", "c", "d"), end="hang")
    kube.replies["app"] = [Reply(stamped("b", "c", start=1), end="cut"), again]
    follow(tail=1).wait_said("! older lines of this run are not here", "c", "d")


def test_a_pod_of_the_same_name_is_another_one(kube, follow):
    def replace_it():
        wait_for(lambda: kube.watching("pods", "testing"))
        kube.drop("orders-1")
        kube.show(pod("orders-1", container(run="run-9"), uid="uid-2"), event="ADDED")

    new = Reply(stamped("of the other", second=5), end="hang", before=replace_it)
    kube.replies["app"] = [Reply(stamped("one"), end="cut"), new, Reply(new.body, end="hang")]
    lines = follow()
    wait_for(lambda: "of the other" in lines.said() and len(lines.said()) == 4, "both pods")
    assert sorted(lines.said()) == sorted(["one", f"! left: the pod has gone; {MISSING}", "! joined", "of the other"])
    assert len(lines.source.origins) == 1  # they are told apart by nothing that is shown


def test_a_pod_that_may_be_listed_only_is_as_it_was_listed(kube, follow):
    body = json.dumps({"kind": "Status", "message": 'pods "orders-1" is forbidden: User "ada" cannot get'}).encode()
    kube.answer(is_pod, Answer(status=403, body=body))
    kube.replies["app"] = [Reply(stamped("one"), end="cut"), Reply(stamped("one", "two"), end="hang")]
    lines = follow()
    lines.wait_said("one", "two")
    assert lines.source.status().problems == ()


def test_a_server_that_is_away_for_long_is_waited_for_with_the_rest_of_a_run(kube, follow):
    def stay_away():
        kube.answer(is_pod, Answer(status=503, body=b"{}"), times=12)
        kube.show(restarted())

    rest = [Reply(stamped("one"), status=503, end="cut", then=stay_away), Reply(stamped("one", "two"))]
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(restarted()))
    kube.replies["app"] = [first, Reply(stamped("begin", second=2), end="hang")]
    kube.replies["app previous"] = rest
    patience = replace(QUICK, longest_wait_s=0.02)
    follow(patience=patience).wait_said("one", "two", "! restarted: exit 137 OOMKilled", "begin")


def test_pods_that_have_gone_are_not_asked_for_older_lines(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"), end="hang")]
    lines = follow(pod("orders-1"), pod("orders-2"))
    lines.wait_texts("one", "one")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.drop("orders-1")
    wait_for(lambda: any("left" in mark for mark in lines.marks()))
    asked = len(kube.asked_logs)
    kube.replies["app"] = [Reply(stamped("one"))]
    lines.source.older(lines.lines[0].at_ns + 10**9, (0, 1), 5)
    assert {query["pod"] for query in kube.asked_logs[asked:]} == {"orders-2"}


def test_of_a_run_that_began_after_the_clock_of_its_node_was_set_back_all_is_asked_for(kube, follow):
    began = {"running": {"startedAt": "2026-11-22T11:00:00Z"}}
    new = pod("orders-1", container(run="run-2", state=began, lastState=OOM, restartCount=1))
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(new))
    kube.replies["app"] = [first, Reply(b"2026-11-22T11:00:01Z begin\n", end="cut"), Reply(end="hang")]
    kube.replies["app previous"] = [Reply(stamped("one", "two"))]
    lines = follow()
    lines.wait_said("one", "two", "! restarted: exit 137 OOMKilled", "begin")
    wait_for(lambda: len(kube.asked_logs) > 3)
    asked = [query.get("sinceTime") for query in kube.asked_logs if "previous" not in query]
    assert asked[-2:] == ["2026-11-22T10:59:59Z", "2026-11-22T11:00:00Z"]


def test_lines_that_may_come_twice_as_the_clock_was_set_back_are_told(kube, follow):
    kube.replies["app"] = [
        Reply(stamped("one", second=30) + stamped("two", second=10), end="cut"),
        Reply(stamped("of before or after", second=11), end="hang"),
    ]
    twice = "! lines may be missing here, or come twice: the clock of the node was set back"
    follow().wait_said("one", "two", twice, "of before or after")


def test_an_end_of_before_is_told_among_what_there_was_though_the_server_is_slow(kube, follow):
    """The last line of the run has no newline, and its pod is asked for before all of it is known to be here."""
    over = container(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended("run-1", 1, "Error"))
    kube.replies["orders-1/app"] = [Reply(stamped("one", "FATAL", second=4)[:-1])]
    kube.replies["orders-2/app"] = [Reply(stamped("served", second=3) + stamped("serves", second=9), end="hang")]
    slow = threading.Event()
    kube.answer(is_pod, Answer(body=json.dumps(pod("orders-1", over)).encode(), before=lambda: slow.wait(HOLD_S * 3)))
    lines = follow(pod("orders-1", over), pod("orders-2"), tail=9, patience=replace(QUICK, end_s=30.0))
    lines.wait_said("served", "one", "FATAL", "! ended: exit 1 Error", "serves")


def test_an_end_of_before_is_waited_for_no_longer_than_a_while(kube, follow):
    over = container(state=ended("run-1", 1, "Error"))
    away = threading.Event()
    kube.answer(is_pod, Answer(body=json.dumps(pod("orders-1", over)).encode(), before=lambda: away.wait(20)))
    kube.replies["orders-1/app"] = [Reply(stamped("one", "FATAL", second=4))]
    kube.replies["orders-2/app"] = [Reply(stamped("serves", second=9), end="hang")]
    lines = follow(pod("orders-1", over), pod("orders-2"))
    lines.wait_said("one", "FATAL", "serves")
    away.set()
    lines.wait_said("one", "FATAL", "serves", "! ended: exit 1 Error")


def test_a_tail_whose_last_line_has_no_newline_is_cut_though_its_run_was_over(kube, follow):
    over = container(state=ended("run-1", 1, "Error"))
    kube.replies["app"] = [Reply(stamped("a", "b", "c")[:-1])]
    follow(pod("orders-1", over), tail=2).wait_said(
        "! older lines of this run are not here", "b", "c", "! ended: exit 1 Error"
    )
