"""The pods of a target against a server that lists them, and fails every watch."""

import pytest

from collectors import log_roster
from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_names import AppRules
from collectors.log_lines import Target
from collectors.log_roster import Roster
from collectors.pod_logs import PodLogs
from tests.collectors.kubernetes_desk import Desk
from tests.collectors.kubernetes_server import Answer, wait_for
from tests.collectors.log_server import Follow, LogKube, Reply, pod, stamped


@pytest.fixture
def kube():
    server = LogKube()
    server.start()
    yield server
    server.stop()


def test_a_watch_that_always_fails_is_asked_for_less_and_less_often(kube, tmp_path):
    kube.show(pod("orders-1"))
    kube.answer(lambda one: "watch" in one.query, Answer(status=500))
    api = KubernetesApi(Desk(kube, tmp_path).settings())
    roster = Roster(api, Target(cluster="c1", namespace="testing", app="orders"), AppRules(()), lambda: None, 0.1)
    waits = []
    wait = roster._over.wait
    roster._over.wait = lambda seconds: waits.append(seconds) or wait(0.01)
    roster.start()
    wait_for(lambda: len(waits) >= 5, str(waits))
    roster.close()
    assert waits[:5] == [log_roster.FIRST_WAIT_S * 2**number for number in range(5)]
    assert [each.name for each in roster.pods()] == ["orders-1"]


def test_answers_that_trickle_are_cut(kube, tmp_path, monkeypatch):
    cut = []
    monkeypatch.setattr(KubernetesApi, "cut_late", lambda self: cut.append(self))
    kube.show(pod("orders-1"))
    follow = Follow(kube, str(Desk(kube, tmp_path).kubeconfig))
    wait_for(lambda: cut)
    assert isinstance(follow.source, PodLogs) and cut[0] is follow.source._clusters["c1"].api
    follow.source.close()


def test_closing_ends_a_question_for_older_lines_too(kube, tmp_path):
    kube.show(pod("orders-1"))
    kube.replies["app"] = [Reply(stamped("one"), end="hang")]
    follow = Follow(kube, str(Desk(kube, tmp_path).kubeconfig))
    follow.wait_texts("one")
    stream = follow.source._clusters["c1"].api.stream(
        "/api/v1/namespaces/testing/pods/orders-1/log", [("container", "app")]
    )
    chunks = stream.chunks()
    assert next(chunks)
    follow.source.close()
    with pytest.raises(Exception, match="broke off|was closed|cannot reach"):
        list(chunks)
