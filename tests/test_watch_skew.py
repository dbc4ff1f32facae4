"""Clocks that are five minutes off, over HTTP: the header ``Date`` is right, the stamps of the objects are not."""

import datetime
import json
import threading
import time

import pytest

from statusdesk.config import ClusterSettings, Config, RolloutThresholds, StageSettings, StoreSettings
from statusdesk.states import Level, RolloutState
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from statusdesk.watch import CollectorProcess
from tests.collectors.kubernetes_fixtures import running_kube  # noqa: F401  (the fixture kube)
from tests.collectors.kubernetes_server import Request
from tests.e2e.world import wait_for

LABELS = {"app.kubernetes.io/name": "orders"}
SOON = RolloutThresholds(unschedulable_warn_s=0.5, init_running_s=0.5, never_ready_warn_s=0.5, mount_fail_s=2.0)


def stamp(off_s: float = 0.0) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=off_s)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(generation: int, created_s: float, progress_s: float, reason: str, ready: int) -> dict:
    condition = {"type": "Progressing", "status": "True", "reason": reason}
    condition |= {"message": f'ReplicaSet "orders-h{generation}" is progressing.'}
    condition |= {"lastUpdateTime": stamp(progress_s), "lastTransitionTime": stamp(progress_s)}
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "app", "image": "orders:1"}]}}
    rolling = reason != "NewReplicaSetAvailable"
    counts = {"replicas": 2 + rolling, "updatedReplicas": 2 - rolling}
    return {
        "metadata": {
            "name": "orders",
            "namespace": "staging",
            "uid": "d",
            "generation": generation,
            "creationTimestamp": stamp(created_s),
            "labels": LABELS,
            "annotations": {"deployment.kubernetes.io/revision": str(generation)},
        },
        "spec": {"replicas": 2, "progressDeadlineSeconds": 600, "selector": {}, "template": template},
        "status": {"observedGeneration": generation, "conditions": [condition], **counts}
        | {"readyReplicas": ready, "availableReplicas": ready},
    }


def pod(off_s: float, node_s: float, *, init: bool = False, scheduled: bool = True) -> dict:
    """A pod of the new revision that was made now by a clock ``off_s`` off, on a node whose clock is ``node_s`` off."""
    running = {"running": {"startedAt": stamp(node_s)}}
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(off_s)}]
    if not scheduled:
        conditions[0] |= {"status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
    conditions.append({"type": "Ready", "status": "False", "lastTransitionTime": stamp(node_s)})
    owner = {"kind": "ReplicaSet", "name": "orders-h2", "uid": "r2", "controller": True}
    status = {"phase": "Pending" if init or not scheduled else "Running", "conditions": conditions}
    if scheduled and init:
        status["initContainerStatuses"] = [{"name": "vault-agent", "image": "va:1", "state": running}]
    elif scheduled:
        status["containerStatuses"] = [{"name": "app", "image": "orders:1", "started": True, "state": running}]
    return {
        "metadata": {
            "name": "orders-h2-a",
            "namespace": "staging",
            "uid": "p1",
            "creationTimestamp": stamp(off_s),
            "labels": LABELS | {"pod-template-hash": "h2"},
            "ownerReferences": [owner],
        },
        "spec": {
            "nodeName": "n1" if scheduled else "",
            "containers": [{"name": "app", "image": "orders:1"}],
            "initContainers": [{"name": "vault-agent", "image": "va:1"}] if init else [],
        },
        "status": status,
    }


class Following:
    """A collector process that follows the test's cluster."""

    def __init__(self, kube, directory, thresholds: RolloutThresholds) -> None:
        self.kube, self.directory, self._version = kube, directory, 200
        kubeconfig = directory / "kubeconfig"
        where = {"name": "t", "cluster": {"server": f"http://127.0.0.1:{kube.port}"}}
        context = {"name": "t", "context": {"cluster": "t", "user": "t"}}
        user = {"name": "t", "user": {"token": "x"}}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "t"}
        kubeconfig.write_text(json.dumps(config | {"clusters": [where], "contexts": [context], "users": [user]}))
        settings = Config(
            path=str(directory / "config.toml"),
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(ClusterSettings(name="eu", kubeconfig=str(kubeconfig)),),
            thresholds=thresholds,
            store=StoreSettings(state_dir=str(directory)),
        )
        self.stop = threading.Event()
        process = CollectorProcess(settings, owner="watch")
        self._thread = threading.Thread(target=process.run, args=(self.stop,))
        self._thread.start()
        wait_for(lambda: self.row() and kube.watching("pods") and kube.watching("deployments"))

    def tell(self, resource: str, type_: str, item: dict) -> None:
        self._version += 1
        item["metadata"]["resourceVersion"] = str(self._version)
        self.kube.send(resource, json.dumps({"type": type_, "object": item}).encode() + b"\n")

    def asked(self) -> list[Request]:
        return self.kube.asked("pods", watch=True)

    def row(self) -> RolloutState | None:
        try:
            with Reader(self.directory / "statusdesk.db") as reader:
                return next(iter(reader.changes(0).rollouts), None)
        except StoreError:
            return None

    def knows_pod(self, status: str) -> bool:
        with Reader(self.directory / "statusdesk.db") as reader:
            return any(one.status == status for one in reader.pods("eu/staging/Deployment/orders"))

    def has_pod(self, name: str) -> bool:
        with Reader(self.directory / "statusdesk.db") as reader:
            return any(one.name == name for one in reader.pods("eu/staging/Deployment/orders"))

    def end(self) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture(name="follow")
def following(kube, tmp_path):
    begun = []

    def begin(off_s: float, thresholds: RolloutThresholds) -> Following:
        kube.put("deployments", deployment(1, off_s - 86400, off_s - 86400, "NewReplicaSetAvailable", 2))
        begun.append(Following(kube, tmp_path, thresholds))
        return begun[-1]

    yield begin
    for each in begun:
        each.end()


def rolls(follower: Following, off_s: float, node_s: float, **how: bool) -> None:
    follower.tell("deployments", "MODIFIED", deployment(2, off_s - 86400, off_s, "ReplicaSetUpdated", 2))
    follower.tell("pods", "ADDED", pod(off_s, node_s, **how))


@pytest.mark.parametrize("init", [True, False])
@pytest.mark.parametrize(
    ("off_s", "node_s"),
    [(0, -300), (-300, -300), (-300, 0), (300, 300), (300, 0)],
    ids=["node", "all", "api", "ahead", "api-ahead"],
)
def test_a_good_rollout_raises_no_alarm_whatever_the_clocks_say(follow, off_s, node_s, init):
    follower = follow(off_s, RolloutThresholds())
    rolls(follower, off_s, node_s, init=init)
    wait_for(lambda: follower.knows_pod("Init:0/1" if init else "Running"))
    row = wait_for(lambda: (found := follower.row()) and found.revision == "2" and found)
    assert row.level is Level.PROGRESSING, row.message


@pytest.mark.parametrize(("off_s", "node_s"), [(300, 300), (0, 300), (-300, 300)], ids=["ahead", "node-ahead", "apart"])
@pytest.mark.parametrize(
    ("how", "reason"),
    [({"init": True}, "InitRunning"), ({}, "NeverReady"), ({"scheduled": False}, "Unschedulable")],
    ids=["init", "ready", "schedule"],
)
def test_a_clock_that_is_fast_delays_no_verdict(follow, off_s, node_s, how, reason):
    follower = follow(off_s, SOON)
    rolls(follower, off_s, node_s, **how)
    row = wait_for(lambda: (found := follower.row()) and found.level is Level.WARNING and found, timeout_s=6)
    assert row.reason == reason


def test_our_own_clock_that_is_set_makes_no_rollout_older(follow, monkeypatch):
    real, set_by_s = time.time_ns, [0]
    monkeypatch.setattr("time.time_ns", lambda: real() + set_by_s[0] * 1_000_000_000)
    follower = follow(0, RolloutThresholds())
    rolls(follower, 0, 0)
    row = wait_for(lambda: (found := follower.row()) and found.revision == "2" and found)
    assert row.level is Level.PROGRESSING
    for set_s in (600, -600, 0):
        before, set_s_before, asked = follower.row(), set_by_s[0], len(follower.asked())
        set_by_s[0] = set_s
        step_ms = (set_s - set_s_before) * 1000
        moved = wait_for(
            lambda before=before: (found := follower.row()) and found.started_ms != before.started_ms and found
        )
        assert abs(moved.started_ms - before.started_ms - step_ms) < 2_000
        if step_ms > 0:  # it may have slept: its watches are opened anew, and this server tells nobody what was missed
            wait_for(lambda asked=asked: len(follower.asked()) > asked and follower.kube.hears(follower.asked()[-1]))
        follower.tell("pods", "MODIFIED", pod(0, 0))
        follower.tell("pods", "ADDED", named(pod(0, 0), f"orders-h2-{set_s_before}"))
        wait_for(lambda known=set_s_before: follower.has_pod(f"orders-h2-{known}"))
        assert follower.row().level is Level.PROGRESSING, follower.row().message


def named(item: dict, name: str) -> dict:
    item["metadata"] |= {"name": name, "uid": name}
    return item
