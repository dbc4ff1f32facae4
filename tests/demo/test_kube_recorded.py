"""The simulated Kubernetes held against recordings of a real one: shapes of objects, sequences of states."""

from collections.abc import Iterator
from typing import Any

import pytest
from kube_support import changes, objects, recorded, rollout, stepped

from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.kube_kinds import DEPLOYMENTS, EVENTS, NAMESPACES, PODS, REPLICA_SETS

_CLOSED = ("labels", "annotations", "matchLabels", "fieldsV1")
# What the recorded cluster's own test kubelet and cloud put in, or what depends on its configuration.
_NOT_OURS = ("fake/", "openshift-service-ca")


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Yield every path in an object; elements of lists are not told apart, maps with free keys not entered."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{at}.{key}"
            if key not in _CLOSED:
                yield from paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")


def world() -> tuple[Any, int]:
    """Return a cluster with an old revision of each behaviour's app, and the version before the new ones."""
    cluster = stepped(deadline_s=60)
    for behaviour in Behaviour:
        cluster.apply("testing", behaviour.value, "1.4.2", init_container="migrate", settled=True)
    since = cluster.parts.store.version
    for behaviour in Behaviour:
        cluster.apply("testing", behaviour.value, "1.5.0", init_container="migrate", behaviour=behaviour)
    return cluster, since


def ours(cluster: Any, since: int, key: str) -> dict[str, Any]:
    """Return the object of the simulation that corresponds to a recorded one."""
    seen = {kind: [o for _, o in changes(cluster, kind, since)] for kind in (PODS, DEPLOYMENTS, REPLICA_SETS, EVENTS)}

    def pod(app: str, reason: str) -> dict[str, Any]:
        def waits(o: dict[str, Any]) -> str:
            return o["status"].get("containerStatuses", [{}])[0].get("state", {}).get("waiting", {}).get("reason", "")

        return next(o for o in seen[PODS] if o["metadata"]["name"].startswith(app) and waits(o) == reason)

    match key:
        case "Pod":
            return next(o for o in objects(cluster, PODS) if o["metadata"]["name"].startswith("good-"))
        case "Pod crash":
            return pod("crash-", "CrashLoopBackOff")
        case "Pod image-missing":
            return pod("image-missing-", "ImagePullBackOff")
        case "Pod unschedulable":
            told = [o for o in seen[PODS] if o["metadata"]["name"].startswith("unsch") and "conditions" in o["status"]]
            return told[0]
        case "Pod deleted":
            return next(o for o in seen[PODS] if "deletionTimestamp" in o["metadata"])
        case "Deployment quota":
            return next(o for o in objects(cluster, DEPLOYMENTS) if o["metadata"]["name"] == "quota")
        case "ReplicaSet quota":
            return next(o for o in objects(cluster, REPLICA_SETS) if "conditions" in o["status"])
        case "Event kubelet":
            return next(o for o in seen[EVENTS] if o["reason"] == "BackOff")
        case "Event scheduler":
            return next(o for o in seen[EVENTS] if o["reason"] == "Scheduled")
        case "Namespace":
            return objects(cluster, NAMESPACES)[0]
    kinds = {"Deployment": DEPLOYMENTS, "ReplicaSet": REPLICA_SETS}
    return next(o for o in objects(cluster, kinds[key]) if o["metadata"]["name"].startswith("good"))


@pytest.mark.parametrize("key", sorted(recorded("sim_objects.json")))
def test_objects_have_every_path_of_recorded_ones(key: str):
    cluster, since = world()
    cluster.pass_time(40)
    theirs = recorded("sim_objects.json")[key]
    wanted = {path for path in paths(theirs) if not any(part in path for part in _NOT_OURS)}
    missing = wanted - set(paths(ours(cluster, since, key)))
    assert not missing


def test_pod_is_about_as_large_as_a_real_one():
    cluster, _ = world()
    sizes = [len(item.raw) for item in cluster.parts.store.items(PODS)]
    assert min(sizes) > 4_000 and max(sizes) < 9_000


def told(container: dict[str, Any]) -> str:
    kind, state = next(iter(container["state"].items()))
    return f"{kind}:{state.get('reason', '')}:{state.get('exitCode', '')}:{container['restartCount']}"


def pod_states(seen: list[tuple[str, dict[str, Any]]], name: str) -> list[list[Any]]:
    states: list[list[Any]] = []
    for _, pod in seen:
        if pod["metadata"]["name"] != name:
            continue
        status = pod["status"]
        state = [
            status["phase"],
            [told(c) for c in status.get("initContainerStatuses", [])],
            [told(c) for c in status.get("containerStatuses", [])],
            [f"{c['type']}={c['status']}" for c in status.get("conditions", [])],
        ]
        if not states or states[-1] != state:
            states.append(state)
    return states


_WITH_PODS = [b for b in Behaviour if b is not Behaviour.QUOTA]


@pytest.mark.parametrize("behaviour", _WITH_PODS)
def test_a_pod_goes_through_the_recorded_states(behaviour: Behaviour):
    cluster, since = world()
    cluster.pass_time(95)
    seen = changes(cluster, PODS, since)
    name = next(
        o["metadata"]["name"] for kind, o in seen if kind == "ADDED" and o["metadata"]["name"].startswith(behaviour)
    )
    theirs = recorded("sim_transitions.json")[behaviour]["pod"]
    mine = pod_states(seen, name)
    assert mine[: len(theirs)] == theirs


def deployment_states(cluster: Any, since: int, name: str) -> list[list[Any]]:
    states: list[list[Any]] = []
    for _, deployment in changes(cluster, DEPLOYMENTS, since):
        if deployment["metadata"]["name"] == name:
            status = deployment["status"]
            conditions = sorted(f"{c['type']}={c['status']}:{c['reason']}" for c in status["conditions"])
            state = [status.get("updatedReplicas", 0), *conditions]
            if not states or states[-1] != state:
                states.append(state)
    return states


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_a_deployment_tells_the_recorded_conditions(behaviour: Behaviour):
    cluster = stepped(deadline_s=60)
    cluster.apply("testing", behaviour.value, "1.4.2", settled=True)
    since = cluster.parts.store.version
    cluster.apply("testing", behaviour.value, "1.5.0", behaviour=behaviour)
    cluster.pass_time(75)
    mine = deployment_states(cluster, since, behaviour.value)
    theirs = recorded("sim_transitions.json")[behaviour]["deployment"]
    # The real controller sometimes tells two steps in one update: its sequence must be contained in ours.
    steps = iter(mine)
    if behaviour in (Behaviour.INIT_CRASH, Behaviour.UNSCHEDULABLE):
        theirs = [s for s in theirs if s[0] != 1 or s[-1] != "Progressing=True:NewReplicaSetCreated"]
    assert all(step in steps for step in theirs), (mine, theirs)


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_events_are_the_recorded_ones(behaviour: Behaviour):
    cluster, _ = world()
    cluster.pass_time(75)
    mine = {
        f"{e['involvedObject']['kind']} {e['type']} {e['reason']}"
        for e in objects(cluster, EVENTS)
        if e["involvedObject"]["name"].startswith(behaviour.value)
    }
    theirs = set(recorded("sim_transitions.json")[behaviour]["events"])
    if behaviour is Behaviour.CONFIG_MISSING:
        theirs.discard("Pod Normal Pulling")  # an image that is there already is not pulled
    assert theirs <= mine


def test_rollback_reuses_the_replica_set_with_a_new_revision():
    cluster = stepped()
    cluster.apply("staging", "gateway", "1.4.2", settled=True)
    old = objects(cluster, REPLICA_SETS)[0]["metadata"]["name"]
    cluster.apply("staging", "gateway", "1.5.0", behaviour=Behaviour.CRASH)
    cluster.pass_time(30)
    assert rollout(cluster, "gateway", "staging")["state"] == "failing"
    cluster.undo("staging", "gateway")
    cluster.pass_time(5)
    notes = {o["metadata"]["name"]: o["metadata"]["annotations"] for o in objects(cluster, REPLICA_SETS)}
    assert len(notes) == 2
    assert notes[old]["deployment.kubernetes.io/revision"] == "3"
    assert notes[old]["deployment.kubernetes.io/revision-history"] == "1"
    deployment = objects(cluster, DEPLOYMENTS)[0]
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert deployment["status"]["conditions"][-1]["message"] == f'ReplicaSet "{old}" has successfully progressed.'
    assert rollout(cluster, "gateway", "staging")["versions"] == {"1.4.2": 2}
