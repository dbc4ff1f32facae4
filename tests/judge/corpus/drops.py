"""Services whose pods become unready, are drained, or come with a node: an outage, and what is none."""

from tests.judge.corpus.words import (
    DAY_S,
    FAILING,
    OK,
    OLD_A,
    OLD_B,
    PROGRESSING,
    VETERANS,
    WARNING,
    ds_pod,
    ends,
    starting,
)
from tests.judge.make import (
    NEW,
    OLD,
    available,
    container,
    daemonset,
    deployment,
    progressing,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at

OUT = deployment(ready=0, available=0, conditions=(available(False), progressing("NewReplicaSetAvailable")))
LONG = {"created_ms": at(-DAY_S), "scheduled_changed_ms": at(-DAY_S), "ready_changed_ms": at(0)}
DROPPED = tuple(unready(container(ready=False, since_ms=at(-DAY_S)), name=name, **LONG) for name in ("a", "b"))

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
