"""Pods of the old revision that rightly stay: held by a partition, by OnDelete, by a pause. They are the service."""

from typing import Any

from statusdesk.facts import Pod, Workload
from tests.judge.corpus.words import (
    DAY_S,
    FAILING,
    LONG_AGO,
    OK,
    PAUSED,
    PROGRESSING,
    SCALING,
    WARNING,
    ds_pod,
    sts_pod,
)
from tests.judge.make import (
    NEW,
    OLD,
    available,
    container,
    daemonset,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
    restarted,
    rolling,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at


def sts(**changes: Any) -> Workload:
    """Three pods of which the newest is of the new revision: the canary of a partition of 2."""
    counts = {"desired": 3, "replicas": 3, "updated": 1, "ready": 3, "available": 3}
    return statefulset(**(counts | {"current_revision": OLD, "partition": 2, "created_ms": at(-DAY_S)} | changes))


def ondelete(**changes: Any) -> Workload:
    return sts(**({"strategy": "OnDelete", "partition": None, "updated": 0} | changes))


def ds_ondelete(**changes: Any) -> Workload:
    counts = {"desired": 3, "replicas": 3, "updated": 0, "ready": 3, "available": 3, "revision": "3"}
    return daemonset(**(counts | {"strategy": "OnDelete", "created_ms": at(-DAY_S)} | changes))


def held(number: int, *containers: Any, ready: bool = True, **changes: Any) -> Pod:
    """A pod of the old revision that has run for a day."""
    return sts_pod(number, *containers, revision=OLD, ready=ready, **(LONG_AGO | changes))


def down(number: int, *containers: Any) -> Pod:
    return held(number, *(containers or (looping(exit_code=7),)), ready=False, ready_changed_ms=at(5))


def on_node(node: str, *containers: Any, ready: bool = True, **changes: Any) -> Pod:
    return ds_pod(node, *containers, revision=OLD, ready=ready, **(LONG_AGO | changes))


def paused(*, up: bool = True, **changes: Any) -> Workload:
    conditions = (available(up), progressing("DeploymentPaused", status="Unknown"))
    counts = {} if up else {"ready": 0, "available": 0}
    return deployment(**({"paused": True, "conditions": conditions} | counts | changes))


def serving(name: str, *containers: Any, revision: str = OLD, ready: bool = True, **changes: Any) -> Pod:
    fields = LONG_AGO if ready else LONG_AGO | {"ready_changed_ms": at(5)}
    return pod(*containers, name=name, ready=ready, revision=revision, **(fields | changes))


def lost(name: str, revision: str = OLD) -> Pod:
    return serving(name, looping(exit_code=7), revision=revision, ready=False)


def ready_again(name: str) -> Pod:
    return serving(name, restarted(4, since_ms=at(20), ready=True), ready_changed_ms=at(20))


CANARY = sts_pod(2, **LONG_AGO)
CHANGED = {"image": "registry.local/orders:1.6.0", "images": (("app", "registry.local/orders:1.6.0"),), "updated": 0}
HEALTHY_NODES = tuple(on_node(n) for n in ("n-1", "n-2", "n-3"))

HELD = [
    Case(
        "partition done, then a pod held back crashes: the service, at once",
        [
            Seen(1, sts(), (held(0), held(1), CANARY), OK, "Complete"),
            Seen(
                6,
                sts(ready=2, available=2),
                (down(0, restarted(1, since_ms=at(5), last_exit_code=7)), held(1), CANARY),
                WARNING,
                "DegradedExit",
            ),
            Seen(12, sts(ready=2, available=2), (down(0), held(1), CANARY), FAILING, "DegradedCrashLoopBackOff"),
            Seen(900, sts(ready=2, available=2), (down(0), held(1), CANARY), FAILING, "DegradedCrashLoopBackOff"),
            Seen(950, sts(), (held(0, ready_changed_ms=at(945)), held(1), CANARY), FAILING, "DegradedCrashLoop"),
            Seen(980, sts(), (held(0, ready_changed_ms=at(945)), held(1), CANARY), OK, "Complete"),
        ],
    ),
    Case(
        "a pod held back crashes, seen for the first time: it holds up nothing",
        [
            Seen(
                12,
                sts(ready=2, available=2),
                (down(0), held(1), CANARY),
                FAILING,
                "DegradedCrashLoopBackOff",
            )
        ],
        "container app exits 7 in orders-0, 2 of 3 available",
    ),
    Case(
        "all are held back, and all crash",
        [
            Seen(1, sts(partition=3, updated=0), (held(0), held(1), held(2)), OK, "Complete"),
            Seen(
                9,
                sts(partition=3, updated=0, ready=0, available=0),
                (down(0), down(1), down(2)),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
        "0 of 3 available",
    ),
    Case(
        "StatefulSet OnDelete: a pod not yet deleted by hand crashes",
        [
            Seen(1, ondelete(), (held(0), held(1), held(2)), OK, "Complete"),
            Seen(9, ondelete(ready=2, available=2), (held(0), down(1), held(2)), FAILING, "DegradedCrashLoopBackOff"),
        ],
        "exits 7 in orders-1, 2 of 3 available",
    ),
    Case(
        "StatefulSet OnDelete that crashes, seen for the first time",
        [Seen(9, ondelete(ready=2, available=2), (held(0), down(1), held(2)), FAILING, "DegradedCrashLoop")],
        "2 of 3 available",
    ),
    Case(
        "DaemonSet OnDelete: a pod of the old revision crashes",
        [
            Seen(1, ds_ondelete(), HEALTHY_NODES, OK, "Complete"),
            Seen(
                9,
                ds_ondelete(ready=2, available=2),
                (on_node("n-1", looping(exit_code=7), ready=False, ready_changed_ms=at(5)), *HEALTHY_NODES[1:]),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
        "exits 7 in orders-n-1, 2 of 3 available",
    ),
    Case(
        "DaemonSet OnDelete that crashes, seen for the first time",
        [
            Seen(
                9,
                ds_ondelete(ready=2, available=2),
                (on_node("n-1", looping(exit_code=7), ready=False, ready_changed_ms=at(5)), *HEALTHY_NODES[1:]),
                FAILING,
                "DegradedCrashLoopBackOff",
            )
        ],
    ),
    Case(
        "OnDelete whose template changes while a pod is being replaced: no rollout comes of it, however long",
        [
            Seen(1, sts(partition=None, current_revision=NEW, updated=3, strategy="OnDelete"), (), OK, "Complete"),
            *(
                Seen(
                    t,
                    ondelete(ready=2, available=2, revision="c", update_revision="c", current_revision=NEW),
                    (CANARY, sts_pod(1, waiting("ContainerCreating"), ready=False, created_ms=at(t - 3))),
                    PROGRESSING,
                    "Starting",
                )
                for t in (9, 400)
            ),
        ],
        "2 of 3 available",
    ),
    Case(
        "the canary of a partition crashes: the rollout, of what is due",
        [
            Seen(
                9,
                sts(ready=2, available=2),
                (held(0), held(1), sts_pod(2, looping(), ready=False)),
                FAILING,
                "CrashLoopBackOff",
            )
        ],
        "0 of 1 new pod ready",
    ),
    Case(
        "a partition in progress counts what is due",
        [Seen(1, sts(partition=1), (held(0), held(1), sts_pod(2)), PROGRESSING, "Rolling")],
        "1 of 2 new pods ready",
    ),
    Case(
        "a pod held back crashes while another is replaced: the service",
        [
            Seen(1, sts(partition=1, updated=0), (held(0), held(1), held(2)), PROGRESSING, "Rolling"),
            Seen(
                9,
                sts(partition=1, updated=0, ready=2, available=2),
                (down(0), held(1), held(2)),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
        "2 of 3 available",
    ),
    Case(
        "a pod that is due crashes while it is of the old revision: it still holds up the rollout",
        [Seen(9, sts(partition=1, ready=2, available=2), (held(0), down(1), sts_pod(2)), WARNING, "OldPodBlocks")],
    ),
    Case(
        "the partition is lowered after its canary did well, and the next pod crashes: the rollout",
        [
            Seen(1, sts(), (held(0), held(1), CANARY), OK, "Complete"),
            Seen(9, sts(partition=0), (held(0), held(1), CANARY), PROGRESSING, "Rolling"),
            Seen(
                30,
                sts(partition=0, updated=2, ready=2, available=2),
                (held(0), sts_pod(1, looping(), ready=False, created_ms=at(12)), CANARY),
                FAILING,
                "CrashLoopBackOff",
            ),
        ],
        "1 of 3 new pods ready",
    ),
    Case(
        "a partitioned StatefulSet is scaled up",
        [
            Seen(1, sts(), (held(0), held(1), CANARY), OK, "Complete"),
            Seen(
                5,
                sts(desired=4, replicas=4, updated=2),
                (held(0), held(1), CANARY, sts_pod(3, waiting("ContainerCreating"), ready=False, created_ms=at(4))),
                SCALING,
                "Scaling",
            ),
        ],
    ),
    Case(
        "a pod of an old ReplicaSet that crashes is none of the service's once the rollout is done",
        [Seen(60, deployment(replicas=2), (pod(name="a"), pod(name="b"), old_pod(looping(), ready=False)), OK, "Comp")],
    ),
]

PAUSES = [
    Case(
        "the image is changed while paused: grey while the service is well",
        [
            Seen(1, deployment(), (serving("a", revision=NEW), serving("b", revision=NEW)), OK, "Complete"),
            Seen(5, paused(), (serving("a", revision=NEW), serving("b", revision=NEW)), PAUSED, "Paused"),
            Seen(9, paused(**CHANGED), (serving("a", revision=NEW), serving("b", revision=NEW)), PAUSED, "Paused"),
        ],
    ),
    Case(
        "the image is changed while paused, and the service goes down",
        [
            Seen(1, paused(**CHANGED), (serving("a"), serving("b")), PAUSED, "Paused"),
            Seen(9, paused(up=False, **CHANGED), (lost("a"), lost("b")), FAILING, "DegradedCrashLoopBackOff"),
        ],
        "exits 7 in a, 0 of 2 available",
    ),
    Case(
        "the service of a paused Deployment comes back: not at once, or a crash loop would flicker",
        [
            Seen(9, paused(up=False, **CHANGED), (lost("a"), lost("b")), FAILING, "DegradedCrashLoopBackOff"),
            *(
                Seen(t, paused(**CHANGED), (ready_again("a"), ready_again("b")), level, reason)
                for t, level, reason in ((24, FAILING, "DegradedCrashLoop"), (55, PAUSED, "Paused"))
            ),
        ],
    ),
    Case(
        "the image is changed while paused, and no pod of before becomes ready again",
        [
            Seen(
                t,
                paused(up=False, **CHANGED),
                (serving("a", container(ready=False), ready=False), serving("b", container(ready=False), ready=False)),
                level,
                reason,
            )
            for t, level, reason in ((9, PAUSED, "Paused"), (31, WARNING, "Degraded"), (95, FAILING, "Degraded"))
        ],
        "0 of 2 available",
    ),
    Case(
        "paused within a rollout, and the pods of before crash",
        [
            Seen(1, rolling(paused=True), (pod(), old_pod(name="o"), old_pod(name="p")), PAUSED, "Paused"),
            Seen(
                9,
                rolling(paused=True, ready=1, available=1),
                (pod(), old_pod(looping(exit_code=7), name="o", ready=False), old_pod(name="p")),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
    ),
    Case(
        "paused with nothing changed, then a crash: the service",
        [
            Seen(1, deployment(), (serving("a", revision=NEW), serving("b", revision=NEW)), OK, "Complete"),
            Seen(4, paused(), (serving("a", revision=NEW), serving("b", revision=NEW)), PAUSED, "Paused"),
            Seen(9, paused(up=False), (lost("a", NEW), lost("b", NEW)), FAILING, "DegradedCrashLoopBackOff"),
            Seen(
                20,
                paused(
                    up=False,
                    paused=False,
                    conditions=(available(False), progressing("DeploymentResumed", at_ms=at(19))),
                ),
                (lost("a", NEW), lost("b", NEW)),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
        "0 of 2 available",
    ),
    Case(
        "paused for long with nothing changed, first seen when it crashes",
        [Seen(9, paused(up=False), (lost("a", NEW), lost("b", NEW)), FAILING, "DegradedCrashLoopBackOff")],
    ),
    Case(
        "paused with nothing changed, and no pod becomes ready again",
        [
            Seen(1, deployment(), (serving("a", revision=NEW), serving("b", revision=NEW)), OK, "Complete"),
            *(
                Seen(
                    t,
                    paused(up=False),
                    (
                        unready(container(ready=False), name="a", created_ms=at(-DAY_S), ready_changed_ms=at(5)),
                        unready(container(ready=False), name="b", created_ms=at(-DAY_S), ready_changed_ms=at(5)),
                    ),
                    level,
                    reason,
                )
                for t, level, reason in ((9, PAUSED, "Paused"), (31, WARNING, "Degraded"), (95, FAILING, "Degraded"))
            ),
        ],
    ),
    Case(
        "made paused: there is no service yet",
        [Seen(t, paused(up=False, replicas=0, updated=0, created_ms=at(0)), (), PAUSED, "Paused") for t in (5, 300)],
    ),
    Case(
        "paused before its first pods are ready, which crash: the rollout",
        [
            Seen(
                9,
                paused(up=False, created_ms=at(0)),
                (unready(looping(), name="a"), unready(looping(), name="b")),
                FAILING,
                "CrashLoopBackOff",
            )
        ],
        "0 of 2 new pods ready",
    ),
]
