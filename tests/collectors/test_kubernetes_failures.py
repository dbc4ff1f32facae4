"""Each way in which an API server fails becomes a fact about the source, and heals by itself."""

import threading
import time
from functools import partial

import msgspec
import pytest

from collectors.kubernetes_kinds import KINDS
from collectors.kubernetes_known import KnownLines
from collectors.kubernetes_namespaces import NamespaceNames
from collectors.kubernetes_problems import ApiProblem, Refused
from collectors.kubernetes_standing import Standing
from collectors.kubernetes_watch import Feed
from statusdesk.clock import ClockSteps
from statusdesk.facts import Visited
from tests.collectors.kubernetes_desk import QUICK
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import Answer, recorded, wait_for

POD = {"metadata": {"name": "a", "namespace": "testing", "uid": "u", "resourceVersion": "1"}}
UNAUTHORIZED = Answer(status=401, body=recorded("unauthorized.json"))
KNOWN = partial(KnownLines, "kubernetes/eu", lambda known: None, 500, 70_000)
HTML = b"<!doctype html><title>Please log in</title>"


def is_pod_list(request) -> bool:
    return request.resource == "pods" and not request.is_watch


def is_list(request) -> bool:
    return request.path != "/version" and not request.is_watch


@pytest.mark.parametrize(
    ("answer", "problem", "words"),
    [
        (Answer(status=500, body=b'{"kind":"Status","message":"etcd is down"}'), "ServerError", "500: etcd is down"),
        (Answer(status=503, body=HTML), "ServerError", "answers 503"),
        (Answer(body=HTML), "NotJson", "something else than pods"),
        (Answer(body=b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"meta'), "NotJson", "truncated"),
        (Answer(body=b""), "NotJson", "pods"),
        (Answer(body=b"{}"), "NotJson", "pods"),
        (Answer(body=b'{"kind":"Status","metadata":{},"message":"\\u001b[31m"}'), "NotJson", "it is a Status"),
        (Answer(body=b'{"kind":"PodList","metadata":{},"items":[]}'), "NotJson", "without a resource version"),
        (Answer(body=b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"spec":1}]}'), "NotJson", "pods"),
        (Answer(status=404, body=b"404 page not found"), "Misconfigured", "is it a Kubernetes API server?"),
        (Answer(status=302, headers={"Location": "https://login.example/"}), "Misconfigured", "not followed"),
        (Answer(body=b'{"kind":"Pod', headers={"Content-Length": "500"}, cut=True), "Unreachable", "broke off"),
        (Answer(body=[b'{"kind":"Pod'], cut=True), "Unreachable", "broke off"),
    ],
)
def test_a_wrong_answer_is_told_and_heals(kube, desk, answer, problem, words):
    kube.put("pods", POD)
    kube.answer(is_pod_list, answer)
    desk.start()
    told = desk.wait_problem(problem)
    assert words in told.message and told.message.startswith("pods: ")
    assert not told.ok and not told.live and told.next_try_ms >= told.at_ms - 1 and "\x1b" not in told.message
    assert not desk.sweeps(), "nothing may look like an empty cluster"
    wait_for(lambda: desk.sweeps("Deployment"), "the other kinds go on")
    assert not any(visit.ok for visit in desk.visits())
    kube.forget()
    desk.wait_live()
    assert [fact.name for fact in desk.sweeps()[-1].facts] == ["a"]


def test_nothing_leaves_for_where_a_redirect_points(kube, desk):
    kube.answer(is_pod_list, Answer(status=302, headers={"Location": f"http://127.0.0.1:{kube.port}/stolen"}))
    desk.start()
    desk.wait_problem("Misconfigured")
    assert not [one for one in kube.requests if "stolen" in one.path]


def test_an_empty_cluster_is_a_sweep_of_nothing(kube, desk):
    desk.start()
    desk.wait_live()
    assert [sweep.facts for sweep in desk.sweeps()] == [()]


def test_expired_credentials_are_loaded_again_once(kube, desk):
    kube.answer(
        lambda one: one.authorization != "Bearer second", Answer(status=401, body=recorded("unauthorized.json"))
    )
    desk.start()
    told = desk.wait_problem("Unauthorized")
    assert "kubeconfig" in told.message and "first" not in told.message
    desk.write_kubeconfig("second")
    desk.wait_live()
    assert {one.authorization for one in kube.requests} == {"Bearer first", "Bearer second"}


def test_a_token_that_is_renewed_in_time_goes_unnoticed(kube, desk):
    desk.start()
    desk.wait_live()
    kube.answer(
        lambda one: one.authorization != "Bearer second", Answer(status=401, body=recorded("unauthorized.json"))
    )
    desk.write_kubeconfig("second")
    kube.send("pods", b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n')
    kube.close_watches("pods")
    wait_for(lambda: kube.watching("pods") == 1 and len(kube.asked("pods", watch=True)) == 3)
    assert all(visit.ok for visit in desk.visits())


def test_a_server_that_accepts_and_never_answers_times_out(kube, desk):
    kube.answer(is_list, Answer(before=kube.over.wait))
    desk.start(request_timeout_s=0.2)
    told = desk.wait_problem("Timeout")
    assert "does not answer in time" in told.message
    kube.forget()
    desk.wait_live()


def test_an_answer_that_drips_for_ever_is_cut(kube, desk):
    kube.answer(is_pod_list, Answer(drip_s=0.05))
    desk.start(request_timeout_s=0.2)
    told = desk.wait_problem("Timeout")
    assert "did not end its answer" in told.message or "no answer yet" in told.message
    kube.forget()
    desk.wait_live()


def test_a_server_that_is_gone_and_comes_back(kube, desk):
    kube.put("pods", POD)
    desk.start()
    desk.wait_live()
    before = len(desk.visits())
    kube.stop()
    told = desk.wait_problem("Unreachable")
    assert "refused" in told.message and str(kube.port) in told.message
    wait_for(lambda: desk.visits()[-1].message.startswith("cannot reach"), "not all kinds fail")
    kube.objects["pods"].clear()
    kube.version = 5  # another server: its versions have nothing to do with those of the first
    kube.start()
    wait_for(lambda: len(desk.sweeps()) >= 2)
    desk.wait_live(before)
    assert desk.sweeps()[-1].facts == () and desk.visits()[-1].ok


def test_too_many_requests_waits_as_long_as_it_is_told(kube, desk):
    kube.answer(is_pod_list, Answer(status=429, body=b"slow down", headers={"Retry-After": "1"}), 1)
    began_s = time.monotonic()
    desk.start()
    desk.wait_live()
    assert time.monotonic() - began_s >= 1.0
    assert all(visit.ok for visit in desk.visits()), "once is no failure"


def test_too_many_requests_again_is_told(kube, desk):
    kube.answer(is_pod_list, Answer(status=429, body=b"slow down"))
    desk.start()
    assert "slow down (429)" in desk.wait_problem("ServerError").message


def test_back_off_grows_to_its_limit(kube, desk):
    kube.answer(is_pod_list, Answer(status=500, body=b"{}"))
    desk.start(timing=msgspec.structs.replace(QUICK, backoff_first_s=0.05, backoff_limit_s=0.4))
    wait_for(lambda: len(kube.asked("pods", watch=False)) >= 6)
    waits = [
        visit.next_try_ms - visit.at_ms for visit in desk.visits() if visit.problem and visit.next_try_ms is not None
    ]
    assert waits and max(waits) <= 400


def test_visit_now_cuts_a_back_off_short(kube, desk):
    kube.answer(is_pod_list, Answer(status=500, body=b"{}"), 1)
    desk.start(timing=msgspec.structs.replace(QUICK, backoff_first_s=30.0))
    desk.wait_problem("ServerError")
    desk.collector.visit_now()
    desk.wait_live()


def test_a_compaction_and_a_cut_at_once_are_no_failure(kube, desk):
    kube.put("pods", POD)
    desk.start(timing=msgspec.structs.replace(QUICK, grace_s=5.0))
    desk.wait_live()
    cut = Answer(body=[b'{"type":"BOOKMA'], cut=True)
    kube.answer(lambda one: one.resource == "pods" and one.is_watch, cut, 2)
    kube.send("pods", b'{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}\n')
    wait_for(lambda: len(desk.sweeps()) >= 2 and kube.watching("pods"), "not listed again")
    before = len(desk.visits())
    desk.wait_live(before)
    assert all(visit.ok for visit in desk.visits())


def test_a_restart_of_the_server_is_a_failure_only_when_it_lasts(kube, desk):
    desk.start(timing=msgspec.structs.replace(QUICK, grace_s=0.6))
    desk.wait_live()
    kube.stop()
    time.sleep(0.2)  # the time that a restart takes
    kube.start()
    before = len(desk.visits())
    desk.wait_live(before)
    assert all(visit.ok for visit in desk.visits())
    stopped_s = time.monotonic()
    kube.stop()
    desk.wait_problem("Unreachable")
    assert time.monotonic() - stopped_s >= 0.6


def test_one_kind_that_is_answered_wakes_the_others(kube, desk):
    kube.answer(lambda one: one.resource == "deployments", Answer(status=500, body=b"{}"), 1)
    kube.answer(is_pod_list, Answer(status=429, body=b"slow down", headers={"Retry-After": "1"}), 1)
    desk.start(timing=msgspec.structs.replace(QUICK, backoff_first_s=30.0, backoff_limit_s=30.0))
    desk.wait_problem("ServerError")
    desk.wait_live()


def test_the_same_page_for_ever_is_a_failure(kube, desk):
    page = b'{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"same"},"items":[]}'
    kube.answer(is_pod_list, Answer(body=page))
    desk.start()
    assert "the same page" in desk.wait_problem("NotJson").message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "kubeconfig"),
        ("{", "not valid YAML"),
        ("[]", "kubeconfig"),
        ("users: [{name: a, user: {token: s3cr3t]", "not valid YAML"),
        ("apiVersion: v1\ncurrent-context: nope\ncontexts: []\nclusters: []\nusers: []\n", "kubeconfig"),
    ],
)
def test_a_bad_kubeconfig_is_misconfigured_and_heals(kube, desk, text, words):
    good = desk.kubeconfig.read_text()
    if text is None:
        desk.kubeconfig.unlink()
    else:
        desk.kubeconfig.write_text(text)
    desk.start()
    told = desk.wait_problem("Misconfigured")
    assert words in told.message and "s3cr3t" not in told.message
    desk.kubeconfig.write_text(good)
    desk.wait_live()


def test_a_context_that_is_not_there_is_named(kube, desk):
    desk.start(context="prod-eu")
    assert "prod-eu" in desk.wait_problem("Misconfigured").message


def test_a_fault_of_ours_in_a_feed_is_told_and_tried_again(kube, desk, monkeypatch):
    kube.put("pods", POD)
    planted = threading.Event()
    listed = Feed._list

    def list_or_break(self) -> None:
        if self._kind.resource == "pods" and not planted.is_set():
            raise TypeError("hvs.secretsecretsecretsecret")
        listed(self)

    monkeypatch.setattr(Feed, "_list", list_or_break)
    desk.start()
    told = desk.wait_problem("Internal")
    assert "TypeError (test_kubernetes_failures.py:" in told.message and "hvs." not in told.message
    assert told.next_try_ms
    planted.set()
    desk.wait_live()
    assert [fact.name for fact in desk.sweeps()[-1].facts] == ["a"]


def test_a_fault_of_ours_between_feeds_is_told_and_begun_again(kube, desk, monkeypatch):
    kube.put("pods", POD)
    kube.answer(
        lambda one: is_list(one) and not one.scope, Answer(status=403, body=recorded("list_forbidden_cluster.json"))
    )
    planted = threading.Event()
    current = NamespaceNames.current

    def current_or_break(self) -> tuple[str, ...]:
        if not planted.is_set():
            raise TypeError
        return current(self)

    monkeypatch.setattr(NamespaceNames, "current", current_or_break)
    desk.start()
    assert "TypeError" in desk.wait_problem("Internal").message
    planted.set()
    desk.wait_live()
    assert [fact.name for fact in desk.sweeps(scope="testing")[-1].facts] == ["a"]


def test_a_problem_of_this_moment_is_not_erased_by_the_clock():
    """What a thread has just told stays, though its watch was open long enough to be called well."""
    sent: list[Visited] = []
    standing = Standing(
        "kubernetes/eu", sent.append, lambda: 10_000, silence_ms=1, patience_ms=1, proven_ms=1_000, grace_ms=0,
        steps=ClockSteps(lambda: 10_000), known=KNOWN(),
    )  # fmt: skip
    line = standing.line(KINDS[0], "")
    line.opens()
    line.opened_ms = 1
    line.fails(ApiProblem("ServerError", "old"), 0)
    with standing.lock:
        ticking = threading.Thread(target=standing.tick)
        ticking.start()
        assert line.problem is not None, "it waits until it may look"
        line.closes()
    ticking.join()
    assert line.problem is not None and not sent[-1].ok


@pytest.mark.parametrize("step_ms", [-600_000, 600_000])
def test_a_clock_that_is_set_silences_no_open_watch(step_ms):
    sent: list[Visited] = []
    wall, even = [1_000_000_000], [0]
    standing = Standing(
        "kubernetes/eu", sent.append, lambda: wall[0], silence_ms=150_000, patience_ms=1_000, proven_ms=1_000,
        grace_ms=0, steps=ClockSteps(lambda: even[0]), known=KNOWN(),
    )  # fmt: skip
    line = standing.line(KINDS[0], "")
    line.opens()
    standing.tick()
    wall[0] += step_ms
    for _ in range(10):
        wall[0] += 1_000
        even[0] += 1_000
        standing.tick()
    assert len(sent) >= 2 and all(visited.ok and visited.live for visited in sent)
    assert wall[0] - sent[-1].at_ms <= 5_000


def test_a_namespace_that_fails_otherwise_meanwhile_was_not_read():
    """A line that is refused and then times out has shown nothing: it is no more allowed than it was."""
    sent: list[Visited] = []
    standing = Standing(
        "kubernetes/eu", sent.append, lambda: 10_000, silence_ms=1, patience_ms=1, proven_ms=1_000, grace_ms=0,
        steps=ClockSteps(lambda: 10_000), known=KNOWN(),
    )  # fmt: skip
    line = standing.line(KINDS[0], "shop")
    line.fails(Refused("kim may not"), 0)
    line.fails(ApiProblem("Timeout", "no answer"), 0)
    line.fails(Refused("kim may not"), 0)
    assert [visited.ok for visited in sent if visited.scope] == [False]
    line.hears(10_000)
    assert [visited.ok for visited in sent if visited.scope] == [False, True]
