"""What scenarios can do to the simulated Kubernetes, in stepped time."""

import json

import pytest
from kube_support import START_MS, changes, objects, rollout, stepped

from statusdesk.demo.clock import SteppedTime, WorldClock
from statusdesk.demo.kube_cluster import Applied, Behaviour, KubeCluster
from statusdesk.demo.kube_kinds import DAEMON_SETS, DEPLOYMENTS, EVENTS, NAMESPACES, PODS, REPLICA_SETS, STATEFUL_SETS

BAD = [b for b in Behaviour if b not in (Behaviour.GOOD, Behaviour.SLOW)]


def test_apply_says_what_kubectl_would():
    cluster = stepped()
    assert cluster.apply("testing", "orders", "1.0") is Applied.CREATED
    cluster.pass_time(10)
    assert cluster.apply("testing", "orders", "1.0", build="deploy-orders#7") is Applied.UNCHANGED
    deployment = objects(cluster, DEPLOYMENTS)[0]
    assert deployment["metadata"]["generation"] == 1
    assert deployment["metadata"]["annotations"]["shop.example/jenkins-build"] == "deploy-orders#7"
    assert cluster.apply("testing", "orders", "1.1") is Applied.CONFIGURED
    cluster.pass_time(15)
    assert rollout(cluster, "orders") | {"pods": []} == {
        "namespace": "testing",
        "kind": "Deployment",
        "name": "orders",
        "app": "orders",
        "version": "1.1",
        "revision": 2,
        "hash": rollout(cluster, "orders")["hash"],
        "state": "ok",
        "reason": "",
        "failing_since_ms": None,
        "started_ms": START_MS + 10_000,
        "replicas": 2,
        "versions": {"1.1": 2},
        "pods": [],
    }


@pytest.mark.parametrize("behaviour", BAD)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_bad_revision_fails_and_recovers(kind: str, behaviour: Behaviour):
    cluster = stepped()
    cluster.apply("testing", "orders", "1.0", kind=kind, settled=True)
    cluster.apply("testing", "orders", "1.1", kind=kind, behaviour=behaviour)
    cluster.pass_time(30)
    told = rollout(cluster, "orders")
    assert told["state"] == "failing" and told["reason"]
    assert START_MS < told["failing_since_ms"] < START_MS + 10_000
    assert set(told["versions"]) == {"1.0"}
    cluster.recover("testing", "orders", kind=kind)
    cluster.pass_time(60)
    told = rollout(cluster, "orders")
    assert (told["state"], set(told["versions"])) == ("ok", {"1.1"})


@pytest.mark.parametrize("behaviour", BAD)
def test_running_pods_begin_to_fail(behaviour: Behaviour):
    cluster = stepped()
    cluster.apply("production", "orders", "1.0", replicas=3, settled=True)
    cluster.fail_now("production", "orders", behaviour)
    cluster.pass_time(40)
    told = rollout(cluster, "orders", "production")
    assert told["state"] == "degraded" and told["versions"] == {}
    conditions = {c["type"]: c for c in objects(cluster, DEPLOYMENTS)[0]["status"]["conditions"]}
    assert conditions["Available"]["reason"] == "MinimumReplicasUnavailable"
    assert conditions["Progressing"]["reason"] == "NewReplicaSetAvailable"
    cluster.recover("production", "orders")
    cluster.pass_time(60)
    assert rollout(cluster, "orders", "production")["versions"] == {"1.0": 3}


@pytest.mark.parametrize("behaviour", BAD)
def test_a_failure_of_long_ago_goes_on(behaviour: Behaviour):
    cluster = stepped()
    cluster.apply("audit", "orders", "1.0", settled=True, age_s=90_000)
    cluster.apply("audit", "orders", "1.1", behaviour=behaviour, settled=True, age_s=3600)
    told = rollout(cluster, "orders", "audit")
    assert told["state"] == "failing" and told["versions"] == {"1.0": 2}
    assert abs(told["failing_since_ms"] - (START_MS - 3_600_000)) < 5000
    progress = next(c for c in objects(cluster, DEPLOYMENTS)[0]["status"]["conditions"] if c["type"] == "Progressing")
    assert progress["reason"] == "ProgressDeadlineExceeded"
    cluster.pass_time(600)
    assert rollout(cluster, "orders", "audit")["state"] == "failing"


def test_scaling_makes_no_revision():
    cluster = stepped()
    cluster.apply("staging", "payments", "1.0", settled=True)
    cluster.scale("staging", "payments", 5)
    cluster.pass_time(10)
    deployment = objects(cluster, DEPLOYMENTS)[0]
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert deployment["status"]["readyReplicas"] == 5
    assert deployment["metadata"]["generation"] == deployment["status"]["observedGeneration"] == 2
    cluster.scale("staging", "payments", 0)
    cluster.pass_time(10)
    assert objects(cluster, PODS) == [] and rollout(cluster, "payments", "staging")["state"] == "idle"


def test_a_paused_deployment_waits_for_its_resumption():
    cluster = stepped()
    cluster.apply("staging", "orders", "1.0", settled=True)
    cluster.pause("staging", "orders")
    cluster.apply("staging", "orders", "1.1")
    cluster.pass_time(20)
    status = objects(cluster, DEPLOYMENTS)[0]["status"]
    assert "updatedReplicas" not in status and status["observedGeneration"] == 3
    assert {c["reason"] for c in status["conditions"]} == {"MinimumReplicasAvailable", "DeploymentPaused"}
    cluster.resume("staging", "orders")
    cluster.pass_time(20)
    assert rollout(cluster, "orders", "staging")["versions"] == {"1.1": 2}


def test_restart_replaces_every_pod_of_the_same_version():
    cluster = stepped()
    cluster.apply("staging", "auth", "1.0", settled=True)
    before = set(cluster.pods("staging", "auth"))
    cluster.restart("staging", "auth")
    cluster.pass_time(20)
    assert not before & set(cluster.pods("staging", "auth"))
    told = rollout(cluster, "auth", "staging")
    assert (told["revision"], told["versions"]) == (2, {"1.0": 2})


def test_deleted_and_evicted_pods_are_replaced():
    cluster = stepped()
    cluster.apply("staging", "auth", "1.0", settled=True)
    first, second = cluster.pods("staging", "auth")
    cluster.delete_pod("staging", first)
    cluster.evict("staging", second)
    cluster.pass_time(15)
    phases = {o["metadata"]["name"]: o["status"] for o in objects(cluster, PODS)}
    assert first not in phases and phases[second]["reason"] == "Evicted"
    assert rollout(cluster, "auth", "staging")["versions"] == {"1.0": 2}
    with pytest.raises(KeyError):
        cluster.delete_pod("staging", first)


def test_a_stateful_set_goes_pod_by_pod_and_stays_blocked_after_undo():
    cluster = stepped()
    cluster.apply("testing", "db", "1.0", kind="StatefulSet", replicas=3)
    cluster.pass_time(1)
    assert [o["metadata"]["name"] for o in objects(cluster, PODS)] == ["db-0"]
    cluster.pass_time(20)
    assert [o["metadata"]["name"] for o in objects(cluster, PODS)] == ["db-0", "db-1", "db-2"]
    cluster.apply("testing", "db", "1.1", kind="StatefulSet", replicas=3, behaviour=Behaviour.CRASH)
    cluster.pass_time(30)
    status = objects(cluster, STATEFUL_SETS)[0]["status"]
    assert status["updatedReplicas"] == 1 and status["currentRevision"] != status["updateRevision"]
    cluster.undo("testing", "db", kind="StatefulSet")
    cluster.pass_time(60)
    assert rollout(cluster, "db")["versions"] == {"1.0": 2}  # OrderedReady: the broken pod has to be deleted by hand
    cluster.delete_pod("testing", "db-2")
    cluster.pass_time(30)
    assert rollout(cluster, "db")["versions"] == {"1.0": 3}
    status = objects(cluster, STATEFUL_SETS)[0]["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_a_daemon_set_puts_one_pod_on_each_node():
    cluster = stepped(nodes=4)
    cluster.apply("testing", "agent", "1.0", kind="DaemonSet")
    cluster.pass_time(10)
    assert sorted(o["spec"]["nodeName"] for o in objects(cluster, PODS)) == ["node-1", "node-2", "node-3", "node-4"]
    cluster.apply("testing", "agent", "1.1", kind="DaemonSet")
    cluster.pass_time(5)
    assert objects(cluster, DAEMON_SETS)[0]["status"]["numberUnavailable"] == 1
    cluster.pass_time(60)
    assert objects(cluster, DAEMON_SETS)[0]["status"]["updatedNumberScheduled"] == 4


def test_deleting_a_namespace_takes_everything_along():
    cluster = stepped()
    cluster.apply("dev-1", "orders", "1.0", settled=True)
    cluster.apply("dev-1", "db", "1.0", kind="StatefulSet", settled=True)
    cluster.delete_namespace("dev-1")
    phases = {o["metadata"]["name"]: o["status"]["phase"] for o in objects(cluster, NAMESPACES)}
    assert phases["dev-1"] == "Terminating"
    cluster.pass_time(10)
    left = [objects(cluster, kind, "dev-1") for kind in (PODS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS)]
    assert left == [[], [], [], []]
    assert "dev-1" not in {o["metadata"]["name"] for o in objects(cluster, NAMESPACES)}


def test_speed_shortens_lives_and_never_tells_of_the_future():
    time = SteppedTime(START_MS)
    cluster = KubeCluster(WorldClock(10.0, time))
    cluster.apply("testing", "orders", "1.0", behaviour=Behaviour.SLOW)
    cluster.pass_time(70)
    assert time() == START_MS + 7000
    assert rollout(cluster, "orders")["versions"] == {"1.0": 2}
    latest = max(o["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] for o in objects(cluster, PODS))
    assert latest <= objects(cluster, DEPLOYMENTS)[0]["status"]["conditions"][0]["lastUpdateTime"]


def test_the_same_seed_makes_the_same_world():
    def names(seed: int) -> list[str]:
        cluster = stepped(seed=seed)
        cluster.apply("testing", "orders", "1.0")
        cluster.pass_time(10)
        return [o["metadata"]["name"] for o in objects(cluster, PODS)]

    assert names(1) == names(1) != names(2)


def test_events_count_up_and_are_forgotten():
    cluster = stepped()
    cluster.apply("testing", "orders", "1.0", behaviour=Behaviour.CRASH, replicas=1)
    cluster.pass_time(90)
    back_off = [e for e in objects(cluster, EVENTS) if e["reason"] == "BackOff"]
    assert len(back_off) == 1 and back_off[0]["count"] >= 5
    assert back_off[0]["firstTimestamp"] < back_off[0]["lastTimestamp"]
    cluster.delete("testing", "orders")
    cluster.pass_time(3800)
    assert objects(cluster, EVENTS) == []


def test_hostile_text_survives():
    cluster = stepped()
    hostile = "[/x] \x1b]0;title\x07 \u202eabc 日本語 🚀 " + "x" * 300
    cluster.flourish = hostile
    cluster.apply("testing", "orders", "1.0", behaviour=Behaviour.CONFIG_MISSING, labels={"team": "[/x]\u202e🚀"})
    since = cluster.parts.store.version
    cluster.pass_time(10)
    pod = next(o for _, o in reversed(changes(cluster, PODS, since)))
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"].endswith(hostile)
    assert pod["metadata"]["labels"]["team"] == "[/x]\u202e🚀"
    raw = cluster.parts.store.items(PODS)[0].raw
    assert b"\x1b" not in raw and json.loads(raw)


def test_nothing_moves_in_a_settled_world():
    cluster = stepped()
    for number in range(400):
        cluster.apply("testing", f"app-{number}", "1.0", replicas=5, settled=True)
    assert len(objects(cluster, PODS)) == 2000
    version = cluster.parts.store.version
    cluster.pass_time(30)
    assert cluster.parts.store.version == version
