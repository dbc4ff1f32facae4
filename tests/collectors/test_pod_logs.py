"""The follower of pods' logs against a server that does all that a real one does to it."""

import gzip

import pytest
from msgspec.structs import replace

from collectors.log_lines import MAX_LINE_BYTES, LineKind, NotWholeError
from collectors.log_track import Patience
from statusdesk.expression import TooLongError
from statusdesk.text import iso
from tests.collectors.kubernetes_server import Answer, wait_for
from tests.collectors.log_server import QUICK, Reply, container, ended, pod, refusal, stamped
from tests.collectors.log_sought import sought


def test_lines_come_with_their_time_and_where_they_are_from(kube, follow):
    kube.replies["app"] = [Reply(stamped("one", "two"), end="hang")]
    lines = follow(tail=50)
    lines.wait_texts("one", "two")
    assert lines.lines[1].at_ns == 1_795_348_800_001_000_000
    origin = lines.source.origins[lines.lines[0].origin]
    assert (origin.cluster, origin.namespace, origin.pod, origin.container) == ("c1", "testing", "orders-1", "app")
    assert kube.asked_logs[0]["tailLines"] == "51" and kube.asked_logs[0]["follow"] == "true"


def test_a_cut_is_resumed_without_loss_or_repetition(kube, follow):
    before, again = stamped("a", "b", "b", "c"), stamped("a", "b", "b", "c", "d", "e")
    kube.replies["app"] = [Reply([before + b"2026-11-22T12:00:00.00"], end="cut"), Reply(again, end="hang")]
    lines = follow()
    lines.wait_texts("a", "b", "b", "c", "d", "e")
    assert lines.marks() == []
    assert kube.asked_logs[1]["sinceTime"] == "2026-11-22T11:59:59Z" and "tailLines" not in kube.asked_logs[1]


def test_the_same_line_written_once_more_after_a_cut_is_shown(kube, follow):
    once, twice = stamped("tick"), stamped("tick") + stamped("tick")
    kube.replies["app"] = [Reply(once, end="cut"), Reply(twice, end="hang")]
    follow().wait_texts("tick", "tick")


def test_a_clean_end_of_a_running_container_is_resumed(kube, follow):
    kube.replies["app"] = [Reply(stamped("one")), Reply(stamped("one", "two")), Reply(b"", end="hang")]
    follow().wait_texts("one", "two")


def test_what_the_kubelet_itself_says_is_said_once(kube, follow):
    remark = b"unable to retrieve container logs for run-1\n"
    third = Reply(remark + stamped("one"), end="hang")
    kube.replies["app"] = [Reply(remark), Reply(remark), third]
    follow().wait_texts("unable to retrieve container logs for run-1", "one")


def test_a_rotated_log_goes_on(kube, follow):
    kube.replies["app"] = [Reply(stamped("old", "older"), end="cut"), Reply(stamped("new", second=30), end="hang")]
    lines = follow()
    lines.wait_texts("old", "older", "new")
    assert lines.said() == ["old", "older", "! lines may be missing here: the log was rotated", "new"]


def test_a_restart_is_told_and_the_rest_of_the_run_before_is_read(kube, follow):
    died = ended("run-1", 137, "OOMKilled", at="14:47:18")  # hours after its last line
    after = pod("orders-1", container(run="run-2", lastState=died, restartCount=1))
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(after))
    kube.replies["app"] = [first, Reply(stamped("one", "two")), Reply(stamped("begin", second=2), end="hang")]
    lines = follow()
    lines.wait_texts("one", "two", "begin")
    assert lines.marks() == ["restarted: exit 137 OOMKilled"]
    assert [query.get("previous") for query in kube.asked_logs] == [None, "true", None]
    assert [iso(line.at_ns // 10**6) for line in lines.lines if line.kind] == ["2026-11-22T14:47:18.000Z"]
    order = [line.text for line in lines.lines]
    assert order == ["one", "two", "restarted: exit 137 OOMKilled", "begin"]


def test_the_rest_of_the_run_before_is_asked_for_until_it_has_come(kube, follow):
    died = ended("run-1", 1, "Error")
    after = pod("orders-1", container(run="run-2", lastState=died, restartCount=1))
    first = Reply(stamped("one"), end="cut", then=lambda: kube.show(after))
    half = Reply([stamped("one") + b"2026-11-22T12:00"], end="cut")
    kube.replies["app"] = [first, half, refusal(500, "not now"), Reply(stamped("one", "two")), Reply(end="hang")]
    lines = follow()
    lines.wait_texts("one", "two")
    assert [query.get("previous") for query in kube.asked_logs][1:4] == ["true"] * 3


def test_a_private_key_stays_hidden_beyond_a_cut(kube, follow):
    key = ["-----BEGIN PRIVATE KEY-----", "MIIEow" + "A" * 50, "B" * 60, "-----END PRIVATE KEY-----"]
    kube.replies["app"] = [Reply(stamped(*key[:2]), end="cut"), Reply(stamped(*key), end="hang")]
    follow().wait_texts(key[0], "[hidden]", "[hidden]", key[3])


def test_a_clock_that_is_set_back_loses_nothing(kube, follow):
    late, early = stamped("late", second=50), b"2026-11-22T11:00:00.5Z early\n"
    kube.replies["app"] = [Reply([late, early], end="cut"), Reply(early + b"2026-11-22T11:00:01Z on", end="hang")]
    lines = follow()
    wait_for(lambda: len(kube.asked_logs) == 2)
    assert kube.asked_logs[1]["sinceTime"] == "2026-11-22T10:59:59Z"
    assert lines.texts() == ["late", "early"]


def test_an_end_is_told_and_what_is_started_again_is_followed(kube, follow):
    over = pod("orders-1", container(state=ended("run-1", 1, "Error")))
    kube.replies["app"] = [Reply(stamped("one"), then=lambda: kube.show(over)), Reply(stamped("one", "last"))]
    lines = follow()
    lines.wait_texts("one", "last")
    wait_for(lambda: lines.marks() == ["ended: exit 1 Error"])
    kube.replies["app"] = [Reply(stamped("again", second=9), end="hang")]
    running = {"running": {"startedAt": "2026-11-22T12:00:08Z"}}
    again = container(run="run-2", state=running, lastState=ended("run-1", 1, "Error"), restartCount=1)
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-1", again), event="MODIFIED")
    lines.wait_texts("one", "last", "again")
    assert lines.marks()[1:] == ["started again"]
    at_ms = [line.at_ns // 1_000_000 % 60_000 for line in lines.lines if line.kind]
    assert at_ms == [5000, 8000], "when it ended and was started, not when the last line was written"


def test_an_end_that_is_followed_by_a_new_run_is_told_once(kube, follow):
    over = pod("orders-1", container(state=ended("run-1", 1, "Error")))
    kube.replies["app"] = [Reply(stamped("one"), then=lambda: kube.show(over)), Reply(stamped("one", "last"))]
    lines = follow(patience=replace(QUICK, end_s=30.0))
    lines.wait_texts("one", "last")
    kube.replies["app"] = [Reply(stamped("again", second=9), end="hang")]
    again = container(run="run-2", lastState=ended("run-1", 1, "Error"), restartCount=1)
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-1", again), event="MODIFIED")
    lines.wait_texts("one", "last", "again")
    assert lines.marks() == ["restarted: exit 1 Error"]


def test_a_container_that_no_pod_has_is_told_with_those_that_there_are(kube, follow):
    lines = follow(pod("orders-1", container(), container("proxy")), containers=("ap",))
    lines.wait_problem("no container is called ap; there is app, proxy")
    assert not lines.source.status().ended


def test_runs_before_that_there_never_were_are_told(kube, follow):
    lines = follow(previous=True)
    lines.wait_problem("no previous run of orders-1/app: none has been restarted")
    wait_for(lambda: lines.source.status().ended)
    assert lines.source.status().unrestarted


@pytest.mark.parametrize("last", [{}, {"lastState": ended("run-0", 1, "Error")}], ids=["forgotten", "removed"])
def test_a_run_before_that_the_kubelet_has_removed_is_not_one_that_never_was(kube, follow, last):
    kube.replies["app previous"] = [refusal(400, 'previous terminated container "app" in pod "orders-1" not found')]
    lines = follow(pod("orders-1", container(restartCount=2, **last)), previous=True)
    lines.wait_problem("orders-1/app: the run before is not kept any more")
    wait_for(lambda: lines.source.status().ended)
    assert not lines.source.status().unrestarted


@pytest.mark.parametrize(
    ("resource", "status", "said"), [("pods", 503, "answers 503: down"), ("log", 403, "may not read pods/log")]
)
def test_where_the_source_cannot_be_read_nothing_is_said_of_runs_before(kube, follow, resource, status, said):
    down = Answer(status, refusal(status, "down").body)
    kube.answer(lambda request: request.resource == resource, down)
    lines = follow(pod("orders-1", container(restartCount=1, lastState=ended("run-0", 1, "Error"))), previous=True)
    lines.wait_problem(said)
    wait_for(lambda: lines.source.status().ended)
    assert not lines.source.status().unrestarted and "previous" not in " ".join(lines.source.status().problems)


@pytest.mark.parametrize(("status", "said"), [(503, "etcd leader changed"), (404, 'pods "orders-1" not found')])
def test_what_lasts_ends_what_does_not_follow(kube, follow, status, said):
    kube.replies["app"] = [refusal(status, said)]
    lines = follow(follow=False)
    lines.wait_problem(f"answers {status}: {said}")
    wait_for(lambda: lines.source.status().ended)


def test_the_run_before_comes_first_where_it_is_asked_for(kube, follow):
    died = ended("run-1", 1, "Error", at="12:00:04")
    kube.replies["app"] = [Reply(stamped("why it died")), Reply(stamped("on", second=5), end="hang")]
    lines = follow(pod("orders-1", container(run="run-2", lastState=died, restartCount=3)), run_before=True, tail=9)
    lines.wait_texts("why it died", "on")
    assert [line.text for line in lines.lines] == ["why it died", "restarted: exit 1 Error", "on"]
    assert lines.lines[1].at_ns == lines.lines[0].at_ns // 10**9 * 10**9 + 4 * 10**9
    asked = [(query.get("previous"), query.get("tailLines"), "sinceTime" in query) for query in kube.asked_logs]
    assert asked == [("true", "10", False), (None, "10", True)]


def test_each_run_of_which_only_the_last_lines_were_asked_for_says_so_where_it_begins(kube, follow):
    before = [f"before {number}" for number in range(5)]
    after = [f"after {number}" for number in range(5)]
    kube.replies["app"] = [Reply(stamped(*after[2:], start=2, second=5), end="hang")]
    kube.replies["app previous"] = [Reply(stamped(*before[2:], start=2))]
    died = ended("run-1", 1, "Error")
    lines = follow(pod("orders-1", container(run="run-2", lastState=died, restartCount=1)), run_before=True, tail=2)
    cut = "! older lines of this run are not here"
    lines.wait_said(cut, *before[3:], "! restarted: exit 1 Error", cut, *after[3:])
    cuts = [line for line in lines.lines if line.kind == LineKind.CUT]
    assert [line.at_ns for line in cuts] == [line.at_ns for line in lines.lines if line.text in (before[3], after[3])]
    kube.replies["app"] = [Reply(stamped(*after, second=5))]
    kube.replies["app previous"] = [Reply(stamped(*before))]
    older = lines.source.older(cuts[1].at_ns, (0,), 100)
    assert [line.text for line in older] == [*before, *after[:3]]
    assert [line.text for line in lines.source.older(cuts[0].at_ns, (0,), 2)] == before[1:3]


def test_a_log_that_has_just_as_many_lines_as_were_asked_for_is_not_cut(kube, follow):
    kube.replies["app"] = [Reply(stamped("one", "two"), end="hang")]
    lines = follow(tail=2)
    lines.wait_texts("one", "two")
    assert lines.marks() == []


def test_what_was_there_is_merged_by_time_however_fast_each_pod_sends_it(kube, follow):
    def all_of(name, every):
        return [stamped(*(f"{name} {second:02d}" for _ in range(1)), second=second) for second in range(0, 60, every)]

    fast, slow = all_of("fast", 1), all_of("slow", 5)
    kube.replies["orders-1/app"] = [Reply(fast, end="eof")]
    kube.replies["orders-2/app"] = [Reply(slow, before=lambda: kube.over.wait(0.4))]
    lines = follow(pod("orders-1"), pod("orders-2"), follow=False, since_ms=1_795_348_800_000)
    wait_for(lambda: len(lines.texts()) == len(fast) + len(slow))
    assert [line.at_ns for line in lines.lines] == sorted(line.at_ns for line in lines.lines)


def test_the_last_line_needs_no_newline(kube, follow):
    kube.replies["app"] = [Reply(stamped("one") + b"2026-11-22T12:00:01Z partial")]
    lines = follow(pod("orders-1", container(state=ended("run-1"))))
    lines.wait_texts("one", "partial")


def test_it_is_told_where_the_run_that_is_read_is_the_one_before_already(kube, follow):
    died, waits = ended("run-1", 1, "Error"), {"waiting": {"reason": "CrashLoopBackOff"}}
    kube.replies["app"] = [Reply(stamped("one"))] * 3
    lines = follow(pod("orders-1", container(state=waits, lastState=died, restartCount=1), container("sidecar")))
    wait_for(lambda: lines.source.status().resting)
    [index] = lines.source.status().resting
    assert lines.source.origins[index].container == "app"
    wait_for(lambda: lines.source.status().single == {0, 1})
    wait_for(lambda: kube.watching("pods", "testing"))
    again = container(run="run-2", lastState=died, restartCount=1)
    kube.show(pod("orders-1", again, container("sidecar")), event="MODIFIED")
    wait_for(lambda: not lines.source.status().resting)
    assert lines.source.status().single == {1 - index}, "the sidecar has never been restarted"


def test_the_run_before_is_read_on_demand(kube, follow):
    kube.replies["app"] = [Reply(stamped("was", "here"))]
    lines = follow(pod("orders-1", container(lastState=ended("run-0", 1))), pod("orders-2"), previous=True)
    lines.wait_texts("was", "here")
    wait_for(lambda: lines.source.status().ended)
    assert lines.source.status().pods == 1, "the other has none"
    assert lines.source.origins[0].previous and kube.asked_logs[0]["previous"] == "true"


def test_the_run_before_comes_once_when_the_next_run_begins_meanwhile(kube, follow):
    kube.replies["app"] = [Reply(stamped("was", "here"))] * 2 + [Reply(stamped("and", "that"))]
    died, crashed = ended("run-1", 1), {"waiting": {"reason": "CrashLoopBackOff"}}
    lines = follow(pod("orders-1", container(run="run-1", state=crashed, lastState=died)), previous=True)
    lines.wait_texts("was", "here")
    wait_for(lambda: lines.source.status().ended)
    kube.replies["app"] = [Reply(stamped("and", "that"))] * 2
    again = pod("orders-1", container(run="run-2", lastState=died, restartCount=2))
    kube.show(again, pod("orders-2", container(lastState=ended("run-0", 1))), event="MODIFIED")
    lines.wait_texts("was", "here", "and", "that")
    wait_for(lambda: lines.source.status().ended)
    assert len(kube.asked_logs) == 2 and not [text for text in lines.marks() if "restarted" in text]


def test_what_is_not_followed_ends(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"))]
    lines = follow(pod("orders-1"), pod("orders-2"), follow=False, max_streams=1)
    lines.wait_texts("one", "one")
    wait_for(lambda: lines.source.status().ended)
    assert "follow" not in kube.asked_logs[0]


def test_a_zipped_log_is_unpacked(kube, follow):
    body = gzip.compress(stamped("one", "two"))
    kube.replies["app"] = [Reply([body[:20], body[20:]], headers={"Content-Encoding": "gzip"})]
    lines = follow(follow=False)
    lines.wait_texts("one", "two")


def test_hostile_and_broken_lines_are_harmless(kube, follow):
    body = stamped(b"caf\xe9", "\x1b]52;c;aGk=\x07copy", "a\tb\r", "\x1b[31mred\x1b[0m", "\x07bell \u202egnp")
    kube.replies["app"] = [Reply(body, end="hang")]
    lines = follow()
    lines.wait_texts("caf\ufffd", "copy", "a       b", "red", "\ufffdbell gnp")


def test_a_line_of_five_megabytes_is_cut_and_had_whole_on_demand(kube, follow):
    long = "x" * (5 << 20)
    body = stamped("before", long, "after")
    parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    kube.replies["app"] = [Reply(parts, end="hang"), Reply(parts)]
    lines = follow()
    lines.wait_texts("before", "x" * MAX_LINE_BYTES, "after")
    assert lines.lines[1].cut_bytes == len(long) - MAX_LINE_BYTES
    assert lines.source.whole(lines.lines[1]) == long
    assert kube.asked_logs[-1]["sinceTime"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("replies", "previous", "why"),
    [
        (refusal(404, 'pods "orders-1" not found'), refusal(404, 'pods "orders-1" not found'), "the pod has gone"),
        (refusal(503, "down"), refusal(503, "down"), "answers 503: down"),
        (Reply(stamped("another", second=9)), refusal(400, "previous terminated"), "does not hold this line any more"),
        (Reply(b""), refusal(503, "down"), "answers 503: down"),
    ],
    ids=["replaced", "down", "rotated", "rotated and down"],
)
def test_why_a_line_cannot_be_had_whole_is_told(kube, follow, replies, previous, why):
    kube.replies["app"] = [Reply(stamped("x" * 60_008), end="hang"), replies]
    kube.replies["app previous"] = [previous]
    lines = follow()
    lines.wait_texts("x" * MAX_LINE_BYTES)
    with pytest.raises(NotWholeError, match=why):
        lines.source.whole(lines.lines[0])


def test_secrets_are_hidden_unless_asked_for(kube, follow):
    token = "hvs." + "A" * 30
    body = stamped(f"login with {token}", "password=hunter2")
    kube.replies["app"] = [Reply(body, end="hang")]
    follow().wait_texts("login with [hidden]", "password=[hidden]")
    follow(redact=False).wait_texts(f"login with {token}", "password=hunter2")


def test_silence_is_ended_by_opening_the_stream_anew(kube, follow):
    patience = Patience(first_wait_s=0.02, linger_s=0.0, poll_s=0.1, stale_s=0.1, reconnect_s=0.3)
    kube.replies["app"] = [Reply(stamped("one"), end="hang"), Reply(stamped("one", "two"), end="hang")]
    follow(patience=patience).wait_texts("one", "two")


def test_a_stream_that_does_not_notice_the_end_of_its_container_is_opened_anew(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"), end="hang"), Reply(stamped("one", "two"))]
    lines = follow()
    lines.wait_texts("one")
    wait_for(lambda: kube.watching("pods", "testing"))
    kube.show(pod("orders-1", container(state=ended("run-1", 3, "Error"))), event="MODIFIED")
    lines.wait_texts("one", "two")
    wait_for(lambda: lines.marks() == ["ended: exit 3 Error"])


def test_what_takes_too_long_is_not_looked_for_further_back(kube, follow):
    kube.replies["app"] = [Reply(stamped("c", second=9), end="hang"), Reply(stamped("b! " + "a" * 60, second=1))]
    lines = follow(tail=1)
    lines.wait_texts("c")
    with pytest.raises(TooLongError):
        lines.source.older(lines.lines[0].at_ns, (), 2, sought("(a|a)" * 30 + "b"))


def test_older_lines_are_asked_for_again(kube, follow):
    kube.replies["app"] = [Reply(stamped("c", second=9), end="hang"), Reply(stamped("a", "b match", "b", second=1))]
    lines = follow(tail=1)
    lines.wait_texts("c")
    older = lines.source.older(lines.lines[0].at_ns, (), 2)
    assert [line.text for line in older] == ["b match", "b"]
    matching = lines.source.older(lines.lines[0].at_ns, (0,), 5, sought("match"))
    assert [line.text for line in matching] == ["b match"]


def test_a_silent_container_opened_at_its_end_loses_nothing_to_a_cut(kube, follow):
    kube.replies["app"] = [Reply(b"", end="cut"), Reply(stamped("first"), end="hang")]
    lines = follow(tail=0)
    lines.wait_texts("first")
    assert kube.asked_logs[0]["tailLines"] == "0"
    assert "tailLines" not in kube.asked_logs[1] and "sinceTime" in kube.asked_logs[1]


def test_a_silent_container_gives_no_head_and_nothing_is_lost_by_asking_again(kube, follow):
    patience = Patience(first_wait_s=0.02, linger_s=0.0, poll_s=0.1, head_s=0.3)
    silent = Reply(before=lambda: kube.over.wait(1.0))
    kube.replies["app"] = [silent, silent, Reply(stamped("first"), end="hang")]
    lines = follow(tail=0, patience=patience)
    lines.wait_texts("first")
    assert [("tailLines" in query, "sinceTime" in query) for query in kube.asked_logs[:2]] == [
        (True, False),
        (False, True),
    ]
    assert lines.source.status().problems == ()


def test_closing_ends_all_streams(kube, follow):
    kube.replies["app"] = [Reply(stamped("one"), end="hang")]
    lines = follow()
    lines.wait_texts("one")
    lines.source.close()
    wait_for(lambda: lines.source.status().open == 0)
    assert lines.source.status().ended


def test_what_a_reader_leaves_is_counted_where_it_is_missing(kube, follow):
    many = [stamped(*(f"line {number} " + "x" * 1000 for number in range(900)), second=second) for second in range(9)]
    kube.replies["app"] = [Reply([some.replace(b"2026-", b"2096-") for some in many], end="hang")]
    lines = follow()
    wait_for(lambda: lines.source.status().skipped)
    wait_for(lambda: len([each for each in lines.texts() if each]) + lines.source.status().skipped == 8100)
    skipped = lines.texts(LineKind.SKIPPED)
    assert len(skipped) == 1 and skipped[0] == f"{lines.source.status().skipped:,} lines skipped here"
