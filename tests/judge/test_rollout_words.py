"""The one sentence of a verdict: the cause first, then the container and the pod that it is about."""

import pytest

from statusdesk.facts import Container, Event
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge import make
from tests.judge.corpus.words import NONE, sts_pod
from tests.judge.make import (
    IMAGE,
    OLD,
    T0,
    THRESHOLDS,
    available,
    container,
    deployment,
    done,
    judge,
    looping,
    old_pod,
    progressing,
    restarted,
    rolling,
    statefulset,
    unready,
    waiting,
)

POD = "orders-7cc6f9fbf5-aaaaa"
NOT_FOUND = "failed to pull: not found"


@pytest.mark.parametrize(
    ("containers", "words"),
    [
        ((done(), looping(exit_code=2)), f"container app exits 2 in {POD}, 0 of 2 new pods ready"),
        ((looping("vault-agent", "init"), waiting("")), f"init container vault-agent exits 1 in {POD}, 0 of 2"),
        ((done(), looping(reason="OOMKilled", exit_code=137)), f"out of memory (exit 137) in {POD}, 0 of 2"),
        ((looping("proxy", "sidecar"), waiting("")), f"sidecar proxy exits 1 in {POD}, 0 of 2"),
        ((done(), restarted(1)), f"container app exits 1 in {POD}, 0 of 2"),
    ],
    ids=["crash", "init", "memory", "sidecar", "first"],
)
def test_what_ends_names_its_pod(containers: tuple[Container, ...], words: str) -> None:
    assert words in judge(rolling(), unready(*containers)).state.message


def test_a_stateful_set_says_which_of_its_pods_it_is_stuck_on() -> None:
    stateful = statefulset(desired=3, replicas=3, updated=2, ready=2, available=2, current_revision=OLD)
    state = judge(stateful, sts_pod(2, container()), sts_pod(1, looping(exit_code=2), ready=False)).state
    assert state.message == "container app exits 2 in orders-1, 1 of 3 new pods ready"


def test_an_old_pod_is_named_once() -> None:
    bad = old_pod(looping(), ready=False)
    state = judge(rolling(ready=0, available=0, conditions=(available(False), progressing("ReplicaSetUpdated"))), bad)
    assert state.state.message.count(bad.name) == 1
    assert "it is of the old revision" in state.state.message


@pytest.mark.parametrize(
    ("containers", "words"),
    [
        ((done(), waiting("ErrImagePull", NOT_FOUND)), f"image {IMAGE} not found"),
        (
            (waiting("ErrImagePull", NOT_FOUND, "vault-agent", "init", image="va:9"), waiting("PodInitializing")),
            "image va:9 of init container vault-agent not found",
        ),
        (
            (waiting("ErrImagePull", NOT_FOUND, "proxy", image="envoy:9"), container()),
            "image envoy:9 of container proxy not found",
        ),
        (
            (waiting("ErrImagePull", "401 unauthorized", "proxy", "sidecar", image="envoy:9"), waiting("")),
            "image envoy:9 of sidecar proxy may not be pulled: 401 unauthorized",
        ),
        (
            (waiting("ImagePullBackOff", "", "vault-agent", "init", image="va:9"), waiting("PodInitializing")),
            "image va:9 of init container vault-agent cannot be pulled",
        ),
    ],
    ids=["alone", "init", "of-two", "sidecar", "back-off"],
)
def test_an_image_is_told_with_its_container_where_it_is_not_the_only_one(
    containers: tuple[Container, ...], words: str
) -> None:
    assert judge(rolling(), unready(*containers)).state.message.startswith(f"{words}, 0 of 2")


@pytest.mark.parametrize(("after_s", "level"), [(40, Level.WARNING), (100, Level.FAILING)])
def test_nothing_serves_because_its_node_is_lost(after_s: float, level: Level) -> None:
    conditions = (available(False), progressing("NewReplicaSetAvailable"))
    lost = unready(container(ready=False), phase="Running", reason="NodeLost", deleting_ms=T0 + 5000)
    state = judge(deployment(desired=1, **NONE, conditions=conditions), lost, after_s=after_s).state
    assert (state.level, state.reason, state.pod) == (level, "DegradedNodeLost", POD)
    assert state.message == f"node n-1 has been lost with pod {POD}; no pod is available, 0 of 1 available"


@pytest.mark.parametrize("off_s", [-300, 300])
def test_a_volume_counts_from_its_pod_whatever_the_clock_of_the_node_says(off_s: int) -> None:
    first_ms = T0 + 5000 + off_s * 1000
    told = {"object_kind": "Pod", "object_name": POD, "type": "Warning", "reason": "FailedMount", "first_ms": first_ms}
    event = Event(cluster="eu", namespace="staging", uid="e", message="no such Secret", last_ms=first_ms, **told)
    starting = unready(waiting("PodInitializing"), phase="Pending")
    levels, memory, before = [], None, None
    for after_s in (10, 100, 135):
        now_ms = T0 + after_s * 1000
        verdict = judge_rollout(rolling(), (starting,), before, THRESHOLDS, now_ms, events=(event,), memory=memory)
        memory, before = verdict.memory, verdict.state
        levels.append(before.level)
    assert levels == [Level.WARNING, Level.WARNING, Level.FAILING]


def test_a_sentence_does_not_contradict_itself() -> None:
    soaking = make.deployment(desired=1, replicas=1, updated=1, ready=1, available=0, min_ready_s=300)
    said = make.judge(soaking, make.pod()).state.message
    assert "1 of 1 available" not in said
    fewer = make.daemonset(desired=3, replicas=3, updated=3, ready=4, available=4)
    assert make.judge(fewer, *(make.pod(name=n) for n in "abcd")).state.message == "3 of 3 pods ready"
