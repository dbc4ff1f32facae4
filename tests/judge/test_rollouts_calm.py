"""Pods of which nothing is to be found are not looked at one by one: no verdict is another one for that."""

import itertools
import random

import msgspec
import pytest

from statusdesk.facts import Container, Pod, Workload
from statusdesk.judge import rollouts
from statusdesk.judge.pods import are_calm
from tests.judge.make import NEW, OLD, T0, THRESHOLDS, container, deployment, done, pod, progressing, rolling

WORKLOADS = (
    deployment(),
    deployment(ready=1, available=1),
    deployment(desired=3),
    deployment(paused=True),
    deployment(conditions=()),
    rolling(),
    rolling(conditions=(progressing("ProgressDeadlineExceeded", status="False"),)),
)
CONTAINERS = (
    (container(),),
    (done(), container()),
    (container(restarts=3, last_exit_code=1, last_reason="Error"),),
    (container(state="terminated", exit_code=0, ready=False),),
    (container(state="waiting", reason="ImagePullBackOff", ready=False),),
)
ODD = (
    {},
    {},
    {},
    {"ready": False},
    {"phase": "Failed", "reason": "Evicted"},
    {"phase": "Unknown"},
    {"deleting_ms": T0},
)


def some_pods(choose: random.Random) -> tuple[Pod, ...]:
    chance = choose.choice((0.0, 0.4, 0.7))
    made = []
    for name in ("a", "b", "c")[: choose.randint(0, 3)]:
        odd = choose.random() < chance
        has: tuple[Container, ...] = choose.choice(CONTAINERS if odd else CONTAINERS[:2])
        fields = choose.choice(ODD) if odd else {}
        made.append(pod(*has, name=name, revision=choose.choice((NEW, NEW, OLD)), **fields))
    return tuple(made)


def verdicts(steps: list[tuple[Workload, tuple[Pod, ...], int]]) -> list[rollouts.Verdict]:
    told: list[rollouts.Verdict] = []
    for workload, pods, now_ms in steps:
        before = msgspec.structs.replace(told[-1].state, since_ms=T0, level_since_ms=T0) if told else None
        memory = told[-1].memory if told else None
        told.append(rollouts.judge_rollout(workload, pods, before, THRESHOLDS, now_ms, memory=memory))
    return told


def test_the_short_way_tells_what_the_long_one_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = random.Random(11)
    sequences = []
    for _ in range(400):
        moments = itertools.accumulate(choose.choice((1_000, 30_000, 400_000)) for _ in range(4))
        sequences.append([(choose.choice(WORKLOADS), some_pods(choose), T0 + moment) for moment in moments])
    short = [verdicts(steps) for steps in sequences]
    calm = sum(are_calm(pods) for steps in sequences for _, pods, _ in steps)
    assert 400 < calm < 1_400, "both ways are gone"
    monkeypatch.setattr(rollouts, "are_calm", lambda pods: False)
    assert [verdicts(steps) for steps in sequences] == short
