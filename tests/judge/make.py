"""Facts for the tests of the judge: a healthy Deployment with its pods, and the ways in which they go wrong."""

from typing import Any

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Condition, Container, ContainerRole, Pod, Workload
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.states import RolloutState

T0 = 1_800_000_000_000
THRESHOLDS = RolloutThresholds()
OLD, NEW = "57fcffc77", "7cc6f9fbf5"
IMAGE = "registry.local/orders:1.5.0"


def progressing(reason: str, revision: str = NEW, status: str = "True", at_ms: int = T0) -> Condition:
    words = {
        "NewReplicaSetAvailable": f'ReplicaSet "orders-{revision}" has successfully progressed.',
        "NewReplicaSetCreated": f'Created new replica set "orders-{revision}"',
        "ReplicaSetUpdated": f'ReplicaSet "orders-{revision}" is progressing.',
        "ProgressDeadlineExceeded": f'ReplicaSet "orders-{revision}" has timed out progressing.',
        "DeploymentPaused": "Deployment is paused",
        "DeploymentResumed": "Deployment is resumed",
    }
    return Condition(
        type="Progressing", status=status, reason=reason, message=words[reason], updated_ms=at_ms, changed_ms=at_ms
    )


def available(yes: bool = True, at_ms: int = T0) -> Condition:
    return Condition(type="Available", status=str(yes), reason="MinimumReplicas", updated_ms=at_ms, changed_ms=at_ms)


def refused(message: str, at_ms: int = T0) -> Condition:
    return Condition(type="ReplicaFailure", status="True", reason="FailedCreate", message=message, changed_ms=at_ms)


def deployment(**changes: Any) -> Workload:
    """A Deployment that is complete with two pods; ``rolling()`` is the one on its way."""
    fields: dict[str, Any] = {
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": "orders",
        "uid": "u1",
        "app": "orders",
        "version": "1.5.0",
        "image": IMAGE,
        "images": (("app", IMAGE),),
        "generation": 2,
        "observed_generation": 2,
        "desired": 2,
        "replicas": 2,
        "updated": 2,
        "ready": 2,
        "available": 2,
        "created_ms": T0 - 86_400_000,
        "deadline_s": 600,
        "strategy": "RollingUpdate",
        "revision": "2",
        "conditions": (available(), progressing("NewReplicaSetAvailable")),
    }
    return Workload(**(fields | changes))


def rolling(**changes: Any) -> Workload:
    fields: dict[str, Any] = {
        "replicas": 3,
        "updated": 1,
        "conditions": (available(), progressing("ReplicaSetUpdated")),
    }
    return deployment(**(fields | changes))


def statefulset(**changes: Any) -> Workload:
    fields: dict[str, Any] = {
        "kind": "StatefulSet",
        "revision": NEW,
        "update_revision": NEW,
        "current_revision": NEW,
        "deadline_s": None,
        "conditions": (),
    }
    return deployment(**(fields | changes))


def daemonset(**changes: Any) -> Workload:
    fields: dict[str, Any] = {"kind": "DaemonSet", "deadline_s": None, "conditions": ()}
    return deployment(**(fields | changes))


def container(name: str = "app", role: str = "app", **changes: Any) -> Container:
    fields: dict[str, Any] = {
        "image": IMAGE if role == "app" else "registry.local/agent:9",
        "ready": True,
        "started": True,
        "state": "running",
        "since_ms": T0,
    }
    return Container(name=name, role=ContainerRole(role), **(fields | changes))


def done(name: str = "vault-agent") -> Container:
    return container(name, "init", state="terminated", reason="Completed", exit_code=0, started=False)


def waiting(reason: str, message: str = "", name: str = "app", role: str = "app", **changes: Any) -> Container:
    fields: dict[str, Any] = {"state": "waiting", "reason": reason, "message": message, "ready": False}
    return container(name, role, **(fields | {"started": False, "since_ms": None} | changes))


def looping(
    name: str = "app", role: str = "app", restarts: int = 3, reason: str = "Error", exit_code: int = 1
) -> Container:
    return waiting(
        "CrashLoopBackOff",
        "back-off 40s restarting failed container",
        name,
        role,
        restarts=restarts,
        last_reason=reason,
        last_exit_code=exit_code,
        last_finished_ms=T0 + 5000,
    )


def restarted(restarts: int, name: str = "app", role: str = "app", since_ms: int = T0, **changes: Any) -> Container:
    fields: dict[str, Any] = {"last_reason": "Error", "last_exit_code": 1, "last_finished_ms": since_ms - 1000}
    return container(name, role, **({"restarts": restarts, "ready": False, "since_ms": since_ms} | fields | changes))


def pod(*containers: Container, name: str = "orders-7cc6f9fbf5-aaaaa", **changes: Any) -> Pod:
    """A ready pod of the new revision, unless told otherwise."""
    fields: dict[str, Any] = {
        "cluster": "eu",
        "namespace": "staging",
        "uid": name,
        "workload_kind": "Deployment",
        "workload_name": "orders",
        "owner_kind": "ReplicaSet",
        "revision": NEW,
        "app": "orders",
        "phase": "Running",
        "node": "n-1",
        "created_ms": T0,
        "ready": True,
        "ready_changed_ms": T0,
        "scheduled_changed_ms": T0,
    }
    return Pod(name=name, containers=containers or (done(), container()), **(fields | changes))


def unready(*containers: Container, name: str = "orders-7cc6f9fbf5-aaaaa", **changes: Any) -> Pod:
    return pod(*containers, name=name, **({"ready": False} | changes))


def old_pod(*containers: Container, name: str = "orders-57fcffc77-ooooo", **changes: Any) -> Pod:
    fields: dict[str, Any] = {"revision": OLD, "created_ms": T0 - 10_000_000, "ready_changed_ms": T0 - 10_000_000}
    image = "registry.local/orders:1.4.2"
    return pod(*(containers or (container(image=image),)), name=name, **(fields | changes))


def judge(
    workload: Workload,
    *pods: Pod,
    before: RolloutState | None = None,
    after_s: float = 10,
    memory: Memory | None = None,
) -> Verdict:
    return judge_rollout(workload, pods, before, THRESHOLDS, T0 + round(after_s * 1000), memory=memory)


def stamped(state: RolloutState, level_since_ms: int) -> RolloutState:
    return msgspec.structs.replace(state, since_ms=level_since_ms, level_since_ms=level_since_ms)
