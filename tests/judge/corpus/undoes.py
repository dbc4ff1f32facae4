"""Rollouts that are undone: what was said of the bad revision is not of the good one."""

import msgspec

from tests.judge.corpus.words import (
    BAD,
    FAILING,
    OK,
    PROGRESSING,
    UNDONE,
    timed_out,
)
from tests.judge.make import (
    OLD,
    available,
    container,
    old_pod,
    progressing,
    rolling,
)
from tests.judge.sequence import Case, Seen, at

FAILED = rolling(desired=1, replicas=2, updated=1, ready=1, available=1, conditions=timed_out(up=True))
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
