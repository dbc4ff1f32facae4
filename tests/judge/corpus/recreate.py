"""New pods that are made only once old ones have ended: Recreate, StatefulSets, DaemonSets; and rollouts that soak."""

from typing import Any

import msgspec

from statusdesk.facts import Condition, Pod, Revision, Workload
from tests.judge.corpus.words import (
    DAY_S,
    FAILING,
    OK,
    PROGRESSING,
    VETERANS,
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
    rolling,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at

BEFORE = "registry.local/orders:1.4.2"
WAITS = Condition(
    type="Progressing",
    status="True",
    reason="ReplicaSetUpdated",
    message='Deployment "orders" is progressing.',
    updated_ms=at(0),
    changed_ms=at(-DAY_S),
)
NONE = {"replicas": 0, "updated": 0, "ready": 0, "available": 0}
NUMBERED = Revision(
    cluster="eu", namespace="staging", kind="ReplicaSet", name=f"orders-{OLD}", uid="r1", hash=OLD, revision=1
)


def recreate(**changes: Any) -> Workload:
    """Scaled to nothing, before the first pod of the new revision: the number is still that of the old one."""
    fields = {"replicas": 0, "updated": 0, "ready": 0, "available": 0, "revision": "1", "strategy": "Recreate"}
    return deployment(**({**fields, "conditions": (available(False), WAITS)} | changes))


def was(**changes: Any) -> Workload:
    fields = {"generation": 1, "observed_generation": 1, "revision": "1", "strategy": "Recreate", "version": "1.4.2"}
    conditions = (available(), progressing("NewReplicaSetAvailable", OLD, at_ms=at(-DAY_S)))
    return deployment(**(fields | {"image": BEFORE, "images": (("app", BEFORE),), "conditions": conditions} | changes))


def ends(name: str, by_s: float, revision: str = OLD) -> Pod:
    return old_pod(name=name, deleting_ms=at(by_s), revision=revision)


def starting(name: str) -> Pod:
    return unready(waiting("ContainerCreating"), name=name, created_ms=at(62), phase="Pending")


def timed_out(up: bool = False) -> tuple[Condition, ...]:
    return (available(up), progressing("ProgressDeadlineExceeded", status="False", at_ms=at(-90)))


OLD_PODS = (old_pod(name="x"), old_pod(name="y"))
ENDING = (ends("x", 60), ends("y", 60))
BAD = unready(looping(), name="bad", created_ms=at(-700), ready_changed_ms=at(-700))
ORDERED = statefulset(updated=0, ready=1, available=1, current_revision=OLD, created_ms=at(-DAY_S))
SPREAD = daemonset(updated=0, ready=1, available=1, revision="3", created_ms=at(-DAY_S))
FAILED = rolling(desired=1, replicas=2, updated=1, ready=1, available=1, conditions=timed_out(up=True))
UNDONE = {"generation": 3, "observed_generation": 3, "image": BEFORE, "images": (("app", BEFORE),), "version": "1.4.2"}
ENV = {"generation": 3, "observed_generation": 3, "revision": "3"}
FAILED_UNSEEN = msgspec.structs.replace(FAILED, **UNDONE | {"observed_generation": 2})
FAILED_UNDONE = msgspec.structs.replace(FAILED, **UNDONE, revision="3")
FAILED_UNDONE_ENV = msgspec.structs.replace(FAILED, **ENV)
UNDONE_DONE = msgspec.structs.replace(
    FAILED_UNDONE, replicas=1, conditions=(available(), progressing("NewReplicaSetAvailable", OLD, at_ms=at(8.8)))
)
FAILED_SCALED = msgspec.structs.replace(FAILED, generation=3, desired=2)
FAILED_SCALED_SEEN = msgspec.structs.replace(FAILED_SCALED, observed_generation=3, replicas=3)
MOVING = msgspec.structs.replace(FAILED, conditions=(available(), progressing("ReplicaSetUpdated", at_ms=at(-9))))
MOVING_UNDONE = msgspec.structs.replace(MOVING, **UNDONE, revision="3")
BAD_COUNTS = {"replicas": 2, "updated": 2, "revision": "2", "conditions": timed_out()}
GOING = {"revision": "2", "conditions": timed_out()}
OUT = deployment(ready=0, available=0, conditions=(available(False), progressing("NewReplicaSetAvailable")))
LONG = {"created_ms": at(-DAY_S), "scheduled_changed_ms": at(-DAY_S), "ready_changed_ms": at(0)}
DROPPED = tuple(unready(container(ready=False, since_ms=at(-DAY_S)), name=name, **LONG) for name in ("a", "b"))
OLD_ZERO = sts_pod(0, revision=OLD, created_ms=at(-DAY_S), ready_changed_ms=at(-DAY_S))
OLD_A, OLD_B = (ds_pod(n, revision=OLD) for n in ("a", "b"))
NEVER = tuple(unready(container(ready=False), name=name, created_ms=at(-9), revision=NEW) for name in ("p", "q"))
AGAIN = tuple(msgspec.structs.replace(one, name=f"{one.name}2", created_ms=at(100)) for one in NEVER)
ENDED = tuple(msgspec.structs.replace(one, deleting_ms=at(130)) for one in NEVER)
BROKEN = tuple(msgspec.structs.replace(BAD, name=name) for name in ("p", "q"))
LEAVING = tuple(msgspec.structs.replace(one, deleting_ms=at(130)) for one in BROKEN)

STILL = {
    "conditions": (available(False), progressing("NewReplicaSetAvailable", OLD, at_ms=at(-DAY_S))),
    "generation": 2,
    "observed_generation": 2,
}
SILENT = STILL | {"conditions": (available(False),), "deadline_s": 2**31 - 1}
REFUSED = Condition(
    type="ReplicaFailure",
    status="True",
    reason="FailedCreate",
    message=f'pods "orders-{OLD}-q" is forbidden: exceeded quota: q',
    updated_ms=at(1),
    changed_ms=at(1),
)

LATE = (ends("x", 180), ends("y", 180))
QUIET = {"conditions": (available(),), "deadline_s": 2**31 - 1}
COME = tuple(
    unready(waiting("ContainerCreating", image=BEFORE), name=name, revision=OLD, created_ms=at(1), phase="Pending")
    for name in ("p", "q")
)

NEWEST = recreate(
    replicas=2,
    updated=2,
    revision="2",
    conditions=(available(False), progressing("NewReplicaSetCreated", at_ms=at(62))),
)

RECREATE = [
    Case(
        "Recreate waits for old pods for as long as they may take, and a moment for the new ones",
        [
            Seen(-9, was(), OLD_PODS, OK, "Complete"),
            *(
                Seen(t, recreate(), ENDING, PROGRESSING, "Rolling", (), revisions)
                for t, revisions in ((1, ()), (30, ()), (31, (NUMBERED,)), (59, (NUMBERED,)))
            ),
            Seen(61, recreate(), (), PROGRESSING, "Rolling"),
            Seen(62, recreate(), (), PROGRESSING, "Rolling"),
            Seen(63, NEWEST, (starting("a"), starting("b")), PROGRESSING, "Rolling"),
        ],
        "0 of 2 new pods ready",
    ),
    *(
        Case(
            f"Recreate whose condition is of the revision before ({which}) waits for pods within their grace period",
            [
                Seen(-9, was(**settled), OLD_PODS, OK, "Complete"),
                Seen(0, recreate(**said, replicas=2, ready=2, available=2), OLD_PODS, PROGRESSING, "Rolling"),
                Seen(0.2, recreate(**said), OLD_PODS, PROGRESSING, "Rolling"),
                *(Seen(t, recreate(**said), LATE, PROGRESSING, "Rolling") for t in (1, 31, 95, 179)),
                Seen(180, recreate(**said), (), PROGRESSING, "Rolling"),
                Seen(209, recreate(**said), (), PROGRESSING, "Rolling"),
                Seen(210, recreate(**said), (), WARNING, "NoPods"),
            ],
        )
        for which, said, settled in (
            ("available", STILL, {}),
            ("a restart", STILL | {"image": BEFORE, "images": (("app", BEFORE),), "version": "1.4.2"}, {}),
            ("no deadline", SILENT, {"conditions": (available(),), "deadline_s": 2**31 - 1}),
        )
    ),
    *(
        Case(
            f"Recreate is first seen while it waits, its condition is of the revision before ({which})",
            [
                Seen(20, recreate(**said), LATE, PROGRESSING, "Rolling"),
                Seen(110, recreate(**said), LATE, PROGRESSING, "Rolling"),
                Seen(239, recreate(**said), LATE, PROGRESSING, "Rolling"),
                Seen(240, recreate(**said), LATE, WARNING, "StuckTerminating"),
            ],
            "2 pods on node n-1 do not end, is the node lost?, 0 of 2 new pods ready",
        )
        for which, said in (("available", STILL), ("no deadline", SILENT))
    ),
    Case(
        "Recreate within its grace period says whom it waits for",
        [Seen(50, recreate(**STILL), (ends("x", 180),), PROGRESSING, "Rolling")],
        "waits for pod x to end, 0 of 2 new pods ready",
    ),
    Case(
        "a service of Recreate whose pods end and may not be made again is no rollout",
        [
            Seen(-9, was(), OLD_PODS, OK, "Complete"),
            Seen(1, was(**NONE, conditions=(*STILL["conditions"], REFUSED)), LATE, FAILING, "DegradedReplicaFailure"),
        ],
    ),
    Case(
        "a service of Recreate without a deadline whose pods are replaced is no rollout",
        [
            Seen(-9, was(**QUIET), OLD_PODS, OK, "Complete"),
            Seen(1, was(**QUIET | NONE), LATE, PROGRESSING, "Rolling"),  # for a moment it cannot be told
            Seen(1.1, was(**QUIET | {"ready": 0, "available": 0}), (*LATE, *COME), PROGRESSING, "Replacing"),
        ],
    ),
    Case(
        "Recreate says what it waits for",
        [Seen(50, recreate(), ENDING, PROGRESSING, "Rolling", (), (NUMBERED,))],
        "waits for 2 old pods to end, 0 of 2 new pods ready",
    ),
    Case(
        "Recreate whose old pods do not end: it is they that are told",
        [
            Seen(-9, was(), OLD_PODS, OK, "Complete"),
            Seen(119, recreate(), ENDING, PROGRESSING, "Rolling"),
            Seen(120, recreate(), ENDING, WARNING, "StuckTerminating"),
            Seen(150, recreate(), ENDING, WARNING, "StuckTerminating"),
        ],
        "2 pods on node n-1 do not end, is the node lost?, 0 of 2 new pods ready",
    ),
    Case(
        "Recreate whose old pods have ended, and no new one comes",
        [
            Seen(50, recreate(), ENDING, PROGRESSING, "Rolling"),
            Seen(60, recreate(), (), PROGRESSING, "Rolling"),
            Seen(89, recreate(), (), PROGRESSING, "Rolling"),
            Seen(90, recreate(), (), WARNING, "NoPods"),
        ],
    ),
    Case(
        "Recreate that is undone after its deadline: what is said of the bad revision is not of the good one",
        [
            Seen(0, recreate(**BAD_COUNTS), BROKEN, FAILING, "CrashLoopBackOff"),
            Seen(99, recreate(**BAD_COUNTS | UNDONE | {"observed_generation": 2}), BROKEN, PROGRESSING, "Observing"),
            Seen(100, recreate(**GOING | UNDONE | {"revision": "3"}), LEAVING, PROGRESSING, "Rolling"),
            Seen(129, recreate(**GOING | UNDONE | {"revision": "3"}), LEAVING, PROGRESSING, "Rolling"),
        ],
        "waits for 2 old pods to end",
    ),
    Case(
        "Recreate that times out and is mended forward, with the same image: its number stays until old pods ended",
        [
            Seen(0, recreate(**BAD_COUNTS), NEVER, FAILING, "ProgressDeadlineExceeded"),
            Seen(100, recreate(**GOING, generation=3, observed_generation=3), ENDED, PROGRESSING, "Rolling"),
            Seen(120, recreate(**GOING, generation=3, observed_generation=3), ENDED, PROGRESSING, "Rolling"),
            Seen(131, recreate(**GOING, generation=3, observed_generation=3), (), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "Recreate that timed out, and whose pods are deleted by hand: it is failing as before",
        [
            Seen(0, recreate(**BAD_COUNTS), NEVER, FAILING, "ProgressDeadlineExceeded"),
            Seen(100, recreate(**GOING), ENDED, PROGRESSING, "Rolling"),
            Seen(101, recreate(**BAD_COUNTS), (*ENDED, *AGAIN), FAILING, "ProgressDeadlineExceeded"),
        ],
    ),
    Case(
        "StatefulSet waits for a pod with a long grace period",
        [
            *(
                Seen(t, ORDERED, (OLD_ZERO, sts_pod(1, revision=OLD, deleting_ms=at(121))), PROGRESSING, "Rolling")
                for t in (1, 31, 120, 180)
            ),
            Seen(181, ORDERED, (OLD_ZERO, sts_pod(1, revision=OLD, deleting_ms=at(121))), WARNING, "StuckTermin"),
        ],
        "pod orders-1 on node n-1 does not end, 0 of 2 new pods ready",
    ),
    Case(
        "DaemonSet waits for a pod with a long grace period",
        [
            *(
                Seen(t, SPREAD, (ds_pod("a", revision=OLD, deleting_ms=at(122)), OLD_B), PROGRESSING, "Rolling")
                for t in (1, 31, 121)
            ),
            Seen(123, SPREAD, (OLD_B,), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "no new pod of a rolling update: an old pod that ends is no excuse",
        [Seen(31, rolling(updated=0, replicas=2), (old_pod(), ends("x", 600)), WARNING, "NoPods")],
    ),
    Case(
        "a rolling update that has made no progress while an old pod ends is waiting for it",
        [Seen(t, rolling(), (pod(), old_pod(), ends("x", 601)), PROGRESSING, "Rolling") for t in (10, 301, 500)],
        "waits for pod x to end, 1 of 2 new pods ready",
    ),
    Case(
        "minReadySeconds of more than half of the deadline is no stall, until it is over",
        [
            Seen(t, rolling(min_ready_s=400), (pod(ready_changed_ms=at(5)), old_pod()), level, reason)
            for t, level, reason in (
                (301, PROGRESSING, "Rolling"),
                (404, PROGRESSING, "Rolling"),
                (705, WARNING, "Stalled"),
            )
        ],
    ),
]

UNDOES = [
    Case(
        "one replica is undone after its deadline: the good version is not accused for the bad one",
        [
            Seen(0, FAILED, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
            Seen(8, FAILED_UNSEEN, (BAD, old_pod()), PROGRESSING, "Observing"),
            *(Seen(t, FAILED_UNDONE, (BAD, old_pod()), PROGRESSING, "Rolling") for t in (8.2, 8.5)),
            Seen(9, UNDONE_DONE, (old_pod(),), OK, "Complete"),
        ],
    ),
    Case(
        "an undo that is seen only when it was observed",
        [
            Seen(0, FAILED, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
            *(Seen(t, FAILED_UNDONE, (BAD, old_pod()), PROGRESSING, "Rolling") for t in (8.2, 8.5)),
        ],
        "1 of 1 new pod ready",
    ),
    Case(
        "an undo to the same image, whose condition is of the revision before",
        [
            Seen(0, FAILED, (BAD, old_pod(container())), FAILING, "CrashLoopBackOff"),
            Seen(8.2, FAILED_UNDONE_ENV, (BAD, old_pod(container())), PROGRESSING, "Rolling"),
            Seen(8.5, FAILED_UNDONE_ENV, (BAD, old_pod(container())), PROGRESSING, "Rolling"),
        ],
        "1 of 1 new pod ready",
    ),
    Case(
        "an undo before the deadline, whose condition is of the revision before",
        [
            Seen(0, MOVING, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
            Seen(8.2, MOVING_UNDONE, (BAD, old_pod()), PROGRESSING, "Rolling"),
            Seen(8.5, MOVING_UNDONE, (BAD, old_pod()), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "a rollout that timed out is scaled: it is failing as before",
        [
            Seen(0, FAILED, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
            Seen(8, FAILED_SCALED, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
            Seen(9, FAILED_SCALED_SEEN, (BAD, old_pod()), FAILING, "CrashLoopBackOff"),
        ],
    ),
]

DROPS = [
    Case(
        "all pods of a service become unready: an outage at once, and nothing is replaced",
        [
            Seen(-9, deployment(), VETERANS, OK, "Complete"),
            Seen(0, OUT, DROPPED, WARNING, "DegradedNotReady"),
        ],
        "2 pods are not ready any more, 0 of 2 available",
    ),
    Case(
        "all pods of a service stay unready",
        [
            Seen(t, OUT, DROPPED, level, reason)
            for t, level, reason in (
                (1, WARNING, "DegradedNotReady"),
                (30, WARNING, "DegradedUnavailable"),
                (90, FAILING, "DegradedUnavailable"),
            )
        ],
    ),
    Case(
        "one pod of a service becomes unready: said, and a warning if that lasts",
        [
            Seen(t, deployment(ready=1, available=1), (DROPPED[0], VETERANS[1]), level, "DegradedNotReady")
            for t, level in ((1, PROGRESSING), (29, PROGRESSING), (30, WARNING), (80, WARNING))
        ],
        "pod a is not ready any more, 1 of 2 available",
    ),
    Case(
        "a node is added: the DaemonSet's pod on it starts, and none is replaced",
        [
            Seen(-9, daemonset(created_ms=at(-DAY_S)), (OLD_A, OLD_B), OK, "Complete"),
            Seen(
                2,
                daemonset(desired=3, replicas=3, updated=3, created_ms=at(-DAY_S)),
                (OLD_A, OLD_B, ds_pod("c", waiting("ContainerCreating"), revision=OLD, ready=False)),
                PROGRESSING,
                "Starting",
            ),
        ],
        "1 pod starts, 2 of 3 available",
    ),
    Case(
        "a pod is drained: it is being replaced",
        [
            Seen(
                2,
                deployment(ready=1, available=1),
                (ends("x", 30, NEW), starting("c"), VETERANS[1]),
                PROGRESSING,
                "Replacing",
            )
        ],
        "pods are being replaced, 1 of 2 available",
    ),
]
