"""New pods that are made only once old ones have ended: Recreate, StatefulSets, DaemonSets; and rollouts that soak."""

from typing import Any

import msgspec

from statusdesk.facts import Condition, Revision, Workload
from tests.judge.corpus.words import (
    BAD,
    BEFORE,
    DAY_S,
    FAILING,
    NONE,
    OK,
    OLD_B,
    PROGRESSING,
    UNDONE,
    WARNING,
    ds_pod,
    ends,
    starting,
    sts_pod,
    timed_out,
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

WAITS = Condition(
    type="Progressing",
    status="True",
    reason="ReplicaSetUpdated",
    message='Deployment "orders" is progressing.',
    updated_ms=at(0),
    changed_ms=at(-DAY_S),
)
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


OLD_PODS = (old_pod(name="x"), old_pod(name="y"))
ENDING = (ends("x", 60), ends("y", 60))
ORDERED = statefulset(updated=0, ready=1, available=1, current_revision=OLD, created_ms=at(-DAY_S))
SPREAD = daemonset(updated=0, ready=1, available=1, revision="3", created_ms=at(-DAY_S))
BAD_COUNTS = {"replicas": 2, "updated": 2, "revision": "2", "conditions": timed_out()}
GOING = {"revision": "2", "conditions": timed_out()}
OLD_ZERO = sts_pod(0, revision=OLD, created_ms=at(-DAY_S), ready_changed_ms=at(-DAY_S))
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
        "Recreate is first seen between the end of its old pods and the first new one",
        [
            *(Seen(t, recreate(**STILL), (), PROGRESSING, "Rolling") for t in (55, 56, 62)),
            Seen(63, NEWEST, (starting("a"), starting("b")), PROGRESSING, "Rolling"),
        ],
        "0 of 2 new pods ready",
    ),
    Case(
        "Recreate is first seen without a pod, and none comes: an outage, however long it has been one",
        [
            *(Seen(t, recreate(**STILL), (), PROGRESSING, "Rolling") for t in (600, 629)),
            *(Seen(t, recreate(**STILL), (), FAILING, "DegradedUnavailable") for t in (630, 900)),
        ],
        "no pod is available, 0 of 2 available",
    ),
    Case(
        "a service of Recreate is first seen when its pods may not be made: an outage at once",
        [Seen(600, was(**NONE, conditions=(*STILL["conditions"], REFUSED)), (), FAILING, "DegradedReplicaFailure")],
    ),
    Case(
        "a service of Recreate is first seen when none of its pods is ready: an outage at once",
        [
            Seen(
                600,
                was(ready=0, available=0, conditions=STILL["conditions"]),
                (old_pod(looping(), name="x", ready=False), old_pod(looping(), name="y", ready=False)),
                FAILING,
                "DegradedCrashLoopBackOff",
            )
        ],
    ),
    Case(
        "a rolling update is first seen without a pod: it keeps its old ones until new ones come, so it is an outage",
        [Seen(600, recreate(**STILL, strategy="RollingUpdate"), (), FAILING, "DegradedUnavailable")],
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
