"""Fewer pods are wanted than before, or a node has gone: no number says more than all, and nobody is alarmed."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.states import Level
from tests.judge.corpus.words import DAY_S, LONG_AGO, ds_pod, sts_pod
from tests.judge.make import OLD, daemonset, deployment, pod, rolling, statefulset
from tests.judge.sequence import Seen, at, follow

CALM = (Level.OK, Level.PROGRESSING, Level.SCALING, Level.IDLE)
OF = re.compile(r"(-?\d+) of (-?\d+)")
GOING = {"deleting_ms": at(95), **LONG_AGO}
Make = Callable[..., Workload]


def numbers(count: int) -> dict[str, int]:
    return dict.fromkeys(("replicas", "updated", "ready", "available"), count)


def counts(**changes: int) -> dict[str, int]:
    return numbers(3) | changes


def sets(desired: int, generation: int, observed: int, **changes: Any) -> Workload:
    fields = {"generation": generation, "observed_generation": observed, "created_ms": at(-DAY_S)}
    return statefulset(desired=desired, **(fields | changes))


def daemons(desired: int, **changes: Any) -> Workload:
    return daemonset(desired=desired, created_ms=at(-DAY_S), **changes)


STS = tuple(sts_pod(number, **LONG_AGO) for number in range(3))
ENDING = sts_pod(2, **GOING)
NODES = tuple(ds_pod(node, **LONG_AGO) for node in ("n-1", "n-2", "n-3"))
GONE = ds_pod("n-3", **LONG_AGO | {"ready_changed_ms": at(61)}, ready=False)

SEQUENCES: dict[str, list[tuple[float, Workload, tuple[Pod, ...]]]] = {
    "a StatefulSet is scaled down, its status follows": [
        (60, sets(3, 2, 2, **numbers(3)), STS),
        (61, sets(2, 3, 2, **numbers(3)), STS),
        (61.2, sets(2, 3, 3, **numbers(3)), STS),
        (61.4, sets(2, 3, 3, **counts(replicas=3, updated=3, ready=3, available=3)), (*STS[:2], ENDING)),
        (70, sets(2, 3, 3, **counts(replicas=2, updated=3, ready=3, available=3)), (*STS[:2], ENDING)),
        (80, sets(2, 3, 3, **numbers(2)), STS[:2]),
    ],
    "a partitioned StatefulSet is scaled below its partition": [
        (60, sets(3, 2, 2, **numbers(3) | {"updated": 1}, partition=2, current_revision=OLD), STS),
        (61, sets(1, 3, 3, **numbers(3) | {"updated": 1}, partition=2, current_revision=OLD), STS),
        (62, sets(1, 3, 3, **numbers(1) | {"updated": 0}, partition=2, current_revision=OLD), STS[:1]),
    ],
    "a StatefulSet is scaled to nothing": [
        (60, sets(3, 2, 2, **numbers(3)), STS),
        (61, sets(0, 3, 3, **numbers(3)), STS),
        (70, sets(0, 3, 3, **numbers(1)), STS[:1]),
        (80, sets(0, 3, 3, **numbers(0)), ()),
    ],
    "a StatefulSet is scaled down within a rollout": [
        (1, sets(3, 2, 2, **counts(updated=2), current_revision=OLD), (sts_pod(0, revision=OLD), *STS[1:])),
        (2, sets(1, 3, 3, **counts(updated=2), current_revision=OLD), (sts_pod(0, revision=OLD), *STS[1:])),
        (9, sets(1, 3, 3, **numbers(1) | {"updated": 0}, current_revision=OLD), (sts_pod(0, revision=OLD),)),
        (20, sets(1, 3, 3, **numbers(1)), (sts_pod(0),)),
    ],
    "the node of a DaemonSet's pod is taken away": [
        (60, daemons(3, **numbers(3)), NODES),
        (61, daemons(2, **numbers(3)), NODES),
        (61.5, daemons(2, **counts(replicas=2, updated=3, ready=3, available=3)), (*NODES[:2], GONE)),
        (62, daemons(2, **counts(replicas=2, updated=2, ready=3, available=2)), NODES[:2]),
        (63, daemons(2, **numbers(2)), NODES[:2]),
    ],
    "all nodes of a DaemonSet are taken away": [
        (60, daemons(3, **numbers(3)), NODES),
        (61, daemons(0, **numbers(3)), NODES),
        (62, daemons(0, **numbers(0)), ()),
    ],
    "a node goes within the rollout of a DaemonSet": [
        (1, daemons(3, **counts(updated=2, ready=3), revision="3"), NODES),
        (2, daemons(2, **counts(updated=3, ready=3, available=1), revision="3"), NODES),
        (3, daemons(2, **numbers(2), revision="3"), NODES[:2]),
    ],
    "a Deployment is scaled down within a surge": [
        (1, rolling(desired=2, replicas=4, updated=3, ready=4, available=2), (pod(), pod(name="b"), pod(name="c"))),
        (2, rolling(desired=1, replicas=4, updated=3, ready=4, available=2), (pod(), pod(name="b"), pod(name="c"))),
        (3, deployment(desired=1, replicas=1, updated=1, ready=1, available=1), (pod(),)),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_no_number_is_more_than_all_or_less_than_none(name: str) -> None:
    steps = [Seen(at_s, workload, pods, Level.OK, "") for at_s, workload, pods in SEQUENCES[name]]
    for verdict, step in zip(follow(steps), steps, strict=True):
        state = verdict.state
        assert state.level in CALM, (step.at_s, state.reason, state.message)
        assert 0 <= state.come <= state.desired == step.workload.desired, step.at_s
        for part, whole in OF.findall(state.message):
            assert 0 <= int(part) <= int(whole), (step.at_s, state.message)
        assert min(state.ready, state.updated, state.available) >= 0
    assert verdict.state.come == verdict.state.desired
    assert (verdict.state.ready, verdict.state.updated) == (step.workload.ready, step.workload.updated)
