"""Sequences: what is seen at which second, and what must be said then; memory and the verdict are carried along."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Condition, Event, Pod, Revision, Workload
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.states import Level, RolloutState
from tests.judge.make import IMAGE, T0, THRESHOLDS, container, deployment, pod


class Seen(NamedTuple):
    """What is there ``at_s`` seconds after T0, and the level and reason that must come of it."""

    at_s: float
    workload: Workload
    pods: Sequence[Pod]
    level: Level
    reason: str
    events: Sequence[Event] = ()
    revisions: Sequence[Revision] = ()


class Case(NamedTuple):
    """``says`` must stand in the last sentence; ``thresholds`` are those of the stage."""

    name: str
    steps: Sequence[Seen]
    says: str = ""
    thresholds: RolloutThresholds = THRESHOLDS


def follow(steps: Sequence[Seen], thresholds: RolloutThresholds = THRESHOLDS) -> list[Verdict]:
    """Judge step by step, as the pipeline does."""
    verdicts: list[Verdict] = []
    before: RolloutState | None = None
    memory: Memory | None = None
    for step in steps:
        now_ms = T0 + round(step.at_s * 1000)
        verdict = judge_rollout(
            step.workload,
            step.pods,
            before,
            thresholds,
            now_ms,
            events=step.events,
            revisions=step.revisions,
            memory=memory,
        )
        same = before is not None and before.level is verdict.state.level
        since_ms = before.level_since_ms if before is not None and same else now_ms
        before, memory = msgspec.structs.replace(verdict.state, level_since_ms=since_ms), verdict.memory
        verdicts.append(verdict)
    return verdicts


def at(seconds: float) -> int:
    return T0 + round(seconds * 1000)


def event(reason: str, message: str, about: str = "orders-7cc6f9fbf5-aaaaa", **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "cluster": "eu",
        "namespace": "staging",
        "uid": f"{reason}/{about}",
        "object_kind": "Pod",
        "type": "Warning",
        "first_ms": T0,
        "last_ms": T0,
        "source": "kubelet",
    }
    return Event(reason=reason, message=message, object_name=about, **(fields | changes))


def refusal(message: str, kind: str, **changes: Any) -> Event:
    about = f"orders-{'7cc6f9fbf5'}" if kind == "ReplicaSet" else "orders"
    return event("FailedCreate", message, about, **({"object_kind": kind, "source": "controller"} | changes))


def job(**changes: Any) -> Workload:
    """A Job that runs its first pod."""
    fields: dict[str, Any] = {
        "kind": "Job",
        "name": "migrate",
        "app": "orders",
        "generation": 1,
        "observed_generation": 1,
        "desired": 1,
        "replicas": 1,
        "updated": 1,
        "ready": 0,
        "available": 0,
        "backoff_limit": 6,
        "deadline_s": None,
        "started_ms": T0,
        "revision": "01234567",
        "conditions": (),
    }
    return deployment(**(fields | changes))


def job_condition(type_: str, reason: str = "", message: str = "", status: str = "True") -> Condition:
    return Condition(type=type_, status=status, reason=reason, message=message, changed_ms=T0)


def job_pod(*containers: Any, name: str = "migrate-aaaaa", **changes: Any) -> Pod:
    fields: dict[str, Any] = {
        "workload_kind": "Job",
        "workload_name": "migrate",
        "owner_kind": "Job",
        "revision": "",
        "ready": False,
    }
    return pod(*(containers or (container(ready=False, image=IMAGE),)), name=name, **(fields | changes))


def ended(exit_code: int, **changes: Any) -> Any:
    fields: dict[str, Any] = {"state": "terminated", "ready": False, "exit_code": exit_code}
    return container(**(fields | {"reason": "Error" if exit_code else "Completed"} | changes))
