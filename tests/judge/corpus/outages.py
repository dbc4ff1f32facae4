"""Services that lose their old pods while a rollout is under way."""

import msgspec

from tests.judge.corpus.words import (
    CREATING,
    DAY_S,
    FAILING,
    OK,
    PAUSED,
    PROGRESSING,
    UNKNOWN,
    WARNING,
    ds_pod,
    sts_pod,
)
from tests.judge.make import (
    OLD,
    available,
    container,
    daemonset,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
    rolling,
    statefulset,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event

LONG = {"created_ms": at(-DAY_S), "scheduled_changed_ms": at(-DAY_S)}
OUT = {"ready": 0, "available": 0, "conditions": (available(False, at(20)), progressing("ReplicaSetUpdated"))}
BELOW = {"ready": 1, "available": 1, "conditions": (available(False), progressing("ReplicaSetUpdated"))}
WAS = deployment(
    generation=1,
    observed_generation=1,
    revision="1",
    version="1.4.2",
    image="registry.local/orders:1.4.2",
    images=(("app", "registry.local/orders:1.4.2"),),
    conditions=(available(), progressing("NewReplicaSetAvailable", OLD)),
)
SERVING = (old_pod(name="x"), old_pod(name="y"))
LOST = tuple(
    old_pod(container(ready=False, since_ms=at(-DAY_S)), name=name, ready=False, ready_changed_ms=at(20), **LONG)
    for name in ("x", "y")
)
CRASHING = old_pod(looping(), name="y", ready=False, ready_changed_ms=at(20))
DROPPED = tuple(msgspec.structs.replace(lost, ready_changed_ms=at(-10)) for lost in LOST)
AGAIN = tuple(
    old_pod(waiting("ContainerCreating"), name=n, ready=False, created_ms=at(55), ready_changed_ms=at(55))
    for n in ("v", "w")
)
DOWN = msgspec.structs.replace(
    WAS, ready=0, available=0, conditions=(available(False, at(-10)), progressing("NewReplicaSetAvailable", OLD))
)
DIED = (old_pod(looping(), name="x", ready=False, ready_changed_ms=at(20)), CRASHING)
BEGUN = [Seen(-50, WAS, SERVING, OK, "Complete"), Seen(0, rolling(), (*SERVING, CREATING), PROGRESSING, "Rolling")]
CLOCK = ((21, PROGRESSING, "Rolling"), (50, WARNING, "DegradedWhileRolling"), (110, FAILING, "DegradedWhileRolling"))
STS = statefulset(current_revision=OLD, updated=1, ready=1, available=1, created_ms=at(-DAY_S))
STS_WAS = statefulset(revision=OLD, update_revision=OLD, current_revision=OLD, created_ms=at(-DAY_S))
STS_NEW = sts_pod(1, waiting("ContainerCreating"), ready=False)
STS_LOST = sts_pod(0, container(ready=False), revision=OLD, ready=False, ready_changed_ms=at(20), **LONG)
ONE = {"desired": 1, "replicas": 1, "created_ms": at(-DAY_S)}

OUTAGES = [
    Case(
        "the old pods of a service lose their readiness while a new one starts: an outage, by the clock of a service",
        [
            *BEGUN,
            *(Seen(t, rolling(**OUT), (*LOST, CREATING), level, reason) for t, level, reason in CLOCK),
            Seen(120, rolling(updated=2, ready=1, available=1), (LOST[0], pod()), PROGRESSING, "Rolling"),
        ],
        "1 of 2 new pods ready",
    ),
    Case(
        "an outage under a rollout says how far that is",
        [*BEGUN, *(Seen(t, rolling(**OUT), (*LOST, CREATING), level, reason) for t, level, reason in CLOCK[:2])],
        "no pod is available, 0 of 2 new pods ready",
    ),
    Case(
        "an outage under a rollout goes on while a new number of pods is looked at",
        [
            *BEGUN,
            *(Seen(t, rolling(**OUT), (*LOST, CREATING), level, reason) for t, level, reason in CLOCK),
            Seen(111, rolling(generation=3, desired=4, **OUT), (*LOST, CREATING), FAILING, "DegradedWhileRolling"),
        ],
        "no pod is available, containers of pod orders-7cc6f9fbf5-aaaaa are not created, 0 of 2 new pods ready",
    ),
    Case(
        "an outage under a rollout goes on between an old pod that is put out and the one in its place",
        [
            *BEGUN,
            *(Seen(t, rolling(**OUT), (*LOST, CREATING), level, reason) for t, level, reason in CLOCK),
            Seen(111, rolling(**OUT), (CREATING,), FAILING, "DegradedWhileRolling"),
            Seen(112, rolling(**OUT), (*AGAIN, CREATING), FAILING, "DegradedWhileRolling"),
        ],
    ),
    Case(
        "an outage of a rollout that was paused is one when it goes on, by the clock that ran",
        [
            *BEGUN,
            Seen(10, rolling(paused=True), (*SERVING, CREATING), PAUSED, "Paused"),
            Seen(21, rolling(paused=True, **OUT), (*LOST, CREATING), PAUSED, "Paused"),
            Seen(111, rolling(**OUT), (*LOST, CREATING), FAILING, "DegradedWhileRolling"),
        ],
    ),
    Case(
        "the old pods of a StatefulSet lose their readiness while it is rolled out",
        [
            Seen(-50, STS_WAS, (sts_pod(0, revision=OLD), sts_pod(1, revision=OLD)), OK, "Complete"),
            Seen(0, STS, (sts_pod(0, revision=OLD), STS_NEW), PROGRESSING, "Rolling"),
            *(
                Seen(t, statefulset(current_revision=OLD, updated=1, ready=0, available=0), (STS_LOST, STS_NEW), *said)
                for t, *said in CLOCK
            ),
        ],
        "no pod is available",
    ),
    *(
        Case(
            f"the only pod of a {kind} is replaced: its rollout takes it away, which is no outage",
            [
                Seen(-50, was, (old,), OK, "Complete"),
                *(Seen(t, now, (new,), PROGRESSING, "Rolling") for t in (5, 50, 89)),
            ],
            "0 of 1 new pod ready",
        )
        for kind, was, now, old, new in (
            (
                "StatefulSet",
                statefulset(**ONE, revision=OLD, update_revision=OLD, current_revision=OLD, updated=1, ready=1),
                statefulset(**ONE | {"replicas": 1}, current_revision=OLD, updated=1, ready=0, available=0),
                sts_pod(0, revision=OLD),
                sts_pod(0, waiting("ContainerCreating"), ready=False),
            ),
            (
                "DaemonSet",
                daemonset(**ONE, generation=1, observed_generation=1, revision="1", updated=1, ready=1, available=1),
                daemonset(**ONE, updated=1, ready=0, available=0),
                ds_pod("n-1", revision=OLD),
                ds_pod("n-1", waiting("ContainerCreating"), ready=False),
            ),
        )
    ),
    Case(
        "a rollout that was begun while the service was down is that rollout",
        [
            Seen(-50, WAS, SERVING, OK, "Complete"),
            Seen(-9, DOWN, DROPPED, WARNING, "DegradedNotReady"),
            *(Seen(t, rolling(**OUT), (*DROPPED, CREATING), PROGRESSING, "Rolling") for t in (0, 50)),
            *(Seen(t, rolling(**OUT), (*AGAIN, CREATING), PROGRESSING, "Rolling") for t in (60, 89)),
        ],
        "0 of 2 new pods ready",
    ),
    Case(
        "the first rollout of a service has no pod yet",
        [
            Seen(t, rolling(revision="1", replicas=2, updated=2, **OUT), (CREATING,), PROGRESSING, "Rolling")
            for t in (5, 60, 89)
        ],
        "0 of 2 new pods ready",
    ),
    Case(
        "old pods die under a rollout that fails: it fails still, and what is out beside it is said",
        [
            *BEGUN,
            *(
                Seen(t, rolling(**OUT), (*DIED, pod(looping(), ready=False)), FAILING, "CrashLoopBackOff")
                for t in (21, 50, 110)
            ),
        ],
        "no pod is available, container app exits 1 in orders-7cc6f9fbf5-aaaaa, 0 of 2 new pods ready; "
        "of the old revision 2 of 2 pods fail, too: container app exits 1 in x",
    ),
    Case(
        "old pods that died under a rollout that fails are not spoken of once they are gone",
        [
            *BEGUN,
            Seen(60, rolling(**OUT), (*DIED, pod(looping(), ready=False)), FAILING, "CrashLoopBackOff"),
            Seen(70, rolling(), (*SERVING, pod(container(ready=False), ready=False)), FAILING, "CrashLoopBackOff"),
        ],
        "exits 1 in orders-7cc6f9fbf5-aaaaa; its pod has not been ready for 30 s yet, 0 of 2 new pods ready",
    ),
    Case(
        "one of two old pods fails: not the whole service is down",
        [*BEGUN, Seen(30, rolling(**BELOW), (SERVING[0], CRASHING, CREATING), WARNING, "OldPodsFail")],
        "it is of the old revision, 1 of 2 old pods fails, 1 of 2 available",
    ),
    Case(
        "what an undo takes away was never of the service, though more is wanted than there was",
        [
            Seen(
                30,
                rolling(desired=3, replicas=4, updated=2, conditions=BELOW["conditions"]),
                (pod(), pod(name="z"), old_pod(looping(), name="b", ready=False)),
                PROGRESSING,
                "Rolling",
            )
        ],
        "2 of 3 new pods ready",
    ),
    Case(
        "an old pod that fails is not spoken of any more when enough is available again",
        [
            *BEGUN,
            Seen(30, rolling(**BELOW), (SERVING[0], CRASHING, CREATING), WARNING, "OldPodsFail"),
            Seen(60, rolling(), (SERVING[0], CRASHING, pod(ready_changed_ms=at(60))), PROGRESSING, "Rolling"),
        ],
        "1 of 2 new pods ready",
    ),
    Case(
        "the only old pod is lost with its node under a rollout: nothing is known of it",
        [
            Seen(
                t,
                daemonset(desired=1, replicas=1, updated=0, ready=0, available=0, revision="3", created_ms=at(-DAY_S)),
                (ds_pod("n-2", container(), revision=OLD, ready=False, ready_changed_ms=at(20), **LONG),),
                UNKNOWN,
                "NodeLost",
                (event("NodeNotReady", "Node is not ready", "orders-n-2", source="node-controller"),),
            )
            for t in (30, 120)
        ],
    ),
]
