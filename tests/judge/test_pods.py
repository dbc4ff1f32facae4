"""STATUS, READY and RESTARTS as kubectl shows them, and which pods are of the new revision."""

import pytest

from statusdesk.facts import Container, Pod
from statusdesk.judge.pods import kubectl_status, of_new_revision, pod_state
from tests.judge.make import (
    NEW,
    OLD,
    T0,
    container,
    daemonset,
    deployment,
    done,
    looping,
    old_pod,
    pod,
    progressing,
    rolling,
    statefulset,
    unready,
    waiting,
)


def ended(name: str, role: str, reason: str = "", code: int = 0, **changes: object) -> Container:
    return container(name, role, state="terminated", reason=reason, exit_code=code, ready=False, **changes)


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (pod(), "Running"),
        (unready(container(ready=False)), "Running"),
        (unready(phase="Pending", name="x"), "Pending"),
        (unready(waiting("ContainerCreating"), phase="Pending"), "ContainerCreating"),
        (unready(looping()), "CrashLoopBackOff"),
        (unready(container("a", "init"), waiting("PodInitializing")), "Init:0/1"),
        (unready(done("a"), container("b", "init"), waiting("PodInitializing")), "Init:1/2"),
        (unready(looping("a", "init"), waiting("PodInitializing")), "Init:CrashLoopBackOff"),
        (unready(waiting("PodInitializing", name="a", role="init"), waiting("PodInitializing")), "Init:0/1"),
        (unready(ended("a", "init", "Error", 1), waiting("PodInitializing")), "Init:Error"),
        (unready(ended("a", "init", "", 3), waiting("PodInitializing")), "Init:ExitCode:3"),
        (unready(container("a", "sidecar", started=False), waiting("PodInitializing")), "Init:0/1"),
        (pod(container("a", "sidecar"), container()), "Running"),
        (unready(ended("app", "app", "OOMKilled", 137)), "OOMKilled"),
        (unready(ended("app", "app", "", 3)), "ExitCode:3"),
        (unready(ended("app", "app", "Completed"), phase="Succeeded"), "Completed"),
        (pod(ended("app", "app", "Completed"), container("b")), "Running"),
        (unready(ended("app", "app", "Completed"), container("b")), "NotReady"),
        (unready(waiting("A"), waiting("B", name="b")), "A"),
        (unready(phase="Failed", reason="Evicted", name="x"), "Evicted"),
        (pod(deleting_ms=T0), "Terminating"),
        (pod(deleting_ms=T0, reason="NodeLost"), "Unknown"),
        (pod(deleting_ms=T0, phase="Succeeded"), "Succeeded"),
        (unready(phase="Pending", scheduled=False, scheduled_reason="SchedulingGated"), "SchedulingGated"),
        (unready(phase="", name="x"), "Unknown"),
    ],
)
def test_status(seen: Pod, status: str) -> None:
    assert kubectl_status(seen) == status


def test_row_of_a_pod() -> None:
    seen = pod(done(), container("proxy", "sidecar", restarts=2), container(restarts=1, ready=False))
    row = pod_state(seen, "eu/staging/Deployment/orders", new=True)
    assert (row.key, row.ready, row.total, row.restarts) == ("eu/staging/orders-7cc6f9fbf5-aaaaa", 1, 2, 3)
    assert row.workload == "eu/staging/Deployment/orders"
    assert (row.unready, row.is_ready, row.is_held) == (False, False, False)
    held = pod_state(unready(container()), "w", new=True)
    assert (held.ready, held.total, held.is_ready, held.is_held) == (1, 1, False, True)
    starting = unready(looping("a", "init", restarts=4), waiting("PodInitializing"))
    assert pod_state(starting, "w", new=True).restarts == 4


def test_a_pod_that_has_ended_is_left_over_but_the_work_of_a_job_is_not() -> None:
    killed = pod(done(), phase="Failed", reason="Evicted")
    assert pod_state(killed, "w", new=True).leftover == "Evicted"
    assert pod_state(pod(done(), phase="Succeeded"), "w", new=True).leftover == "Succeeded"
    assert pod_state(pod(done(), phase="Failed", owner_kind="Job"), "w", new=True).leftover == ""
    assert pod_state(pod(), "w", new=True).leftover == ""


ONE, TWO = pod(), old_pod()


@pytest.mark.parametrize(
    ("workload", "pods", "revision"),
    [
        (rolling(), (ONE, TWO), NEW),
        (rolling(conditions=(progressing("ReplicaSetUpdated", OLD),)), (ONE, TWO), OLD),
        (rolling(conditions=(progressing("NewReplicaSetCreated"),)), (), NEW),
        (rolling(observed_generation=1), (TWO,), ""),
        (rolling(conditions=()), (ONE, TWO), NEW),
        (rolling(conditions=(progressing("DeploymentPaused"),), updated=0), (TWO,), ""),
        (deployment(conditions=(progressing("DeploymentPaused"),)), (ONE, TWO), NEW),
        (statefulset(), (ONE, TWO), NEW),
        (daemonset(), (ONE, TWO), NEW),
        (daemonset(), (pod(revision="a", created_ms=T0), pod(revision="b", created_ms=T0 + 1)), "b"),
        (daemonset(updated=0), (pod(revision="a"),), ""),
        (daemonset(), (pod(revision=""),), ""),
    ],
)
def test_new_revision(workload, pods, revision: str) -> None:
    found, members = of_new_revision(workload, pods)
    assert found == revision
    assert {member.revision for member in members} <= {revision}
    assert len(members) == sum(each.revision == revision for each in pods if revision)


def test_a_node_that_writes_the_image_out_is_the_same_image() -> None:
    written_out = pod(container(image="docker.io/" + "registry.local/orders:1.5.0"))
    assert of_new_revision(daemonset(), (written_out,))[0] == NEW


def test_another_name_that_starts_alike_is_not_ours() -> None:
    workload = rolling(name="order", conditions=(progressing("ReplicaSetUpdated"),))
    assert of_new_revision(workload, ())[0] == ""


def test_the_row_of_a_pod_has_each_value_in_its_own_field() -> None:
    containers = (
        ended("app", "app", "OOMKilled", 137, restarts=4),
        container("b", restarts=3),
        container("c", "sidecar"),
    )
    seen = Pod(
        cluster="eu",
        namespace="staging",
        name="orders-x1",
        uid="u1",
        revision="r5",
        phase="Failed",
        reason="Evicted",
        ready=True,
        node="node-7",
        created_ms=T0 - 60_000,
        deleting_ms=T0,
        containers=containers,
    )
    expected = {
        "key": "eu/staging/orders-x1",
        "cluster": "eu",
        "namespace": "staging",
        "name": "orders-x1",
        "workload": "eu/staging/Deployment/orders",
        "uid": "u1",
        "revision": "r5",
        "new": True,
        "status": "OOMKilled",
        "ready": 2,
        "total": 3,
        "unready": False,
        "leftover": "Evicted",
        "restarts": 7,
        "node": "node-7",
        "created_ms": T0 - 60_000,
        "deleting_ms": T0,
        "containers": containers,
        "until_ms": None,
        "change": 9,
    }
    assert len(set(expected.values())) == len(expected), "each field has another value"
    row = pod_state(seen, "eu/staging/Deployment/orders", new=True, change=9)
    assert {name: getattr(row, name) for name in row.__struct_fields__} == expected
