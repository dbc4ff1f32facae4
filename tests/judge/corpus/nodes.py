"""Nodes that are lost: what nothing is known of is unknown, for as long as no more than that is known."""

from typing import Any

from statusdesk.facts import Event, Pod
from tests.judge.corpus.words import DAY_S, FAILING, LONG_AGO, OK, PROGRESSING, UNKNOWN, VETERANS, WARNING, ds_pod
from tests.judge.make import (
    NEW,
    OLD,
    available,
    container,
    daemonset,
    deployment,
    looping,
    pod,
    progressing,
    restarted,
    rolling,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event

ANEW = unready(
    restarted(1, since_ms=at(601), last_reason="Unknown", last_exit_code=255),
    name="a",
    **LONG_AGO | {"ready_changed_ms": at(0), "scheduled_changed_ms": at(-DAY_S)},
)
ONE_SHORT = {"ready": 1, "available": 1}
DAY = {"created_ms": at(-DAY_S)}
NODES = daemonset(desired=3, replicas=3, updated=3, ready=2, available=2, **DAY)
NEW_TEMPLATE = daemonset(desired=3, replicas=3, updated=0, ready=2, available=2, revision="3", **DAY)
OLD_NODES = tuple(ds_pod(n, revision=OLD, ready_changed_ms=at(-DAY_S), **DAY) for n in ("n-1", "n-2"))
DOWN = deployment(
    desired=1,
    replicas=1,
    updated=1,
    ready=0,
    available=0,
    conditions=(available(False), progressing("NewReplicaSetAvailable")),
)


def left(name: str = "a", node: str = "n-3", **changes: Any) -> Pod:
    """A pod as the node controller leaves it: not ready, no reason given, and its containers as they were."""
    fields = {"created_ms": at(-DAY_S), "ready_changed_ms": at(0), "node": node}
    return unready(container(since_ms=at(-DAY_S)), name=name, **(fields | changes))


def gone(pod_name: str = "a") -> tuple[Event, ...]:
    return (event("NodeNotReady", "Node is not ready", pod_name, last_ms=at(0), source="node-controller"),)


MADE_ANEW = unready(waiting("ContainerCreating"), name="c", created_ms=at(300))
GATED = {"ready_reason": "ReadinessGatesNotReady"}
SERVED = deployment(**ONE_SHORT)

LOST_NODES = [
    Case(
        "a pod of a lost node stays unknown, events or none",
        [Seen(t, SERVED, (left(), VETERANS[1]), UNKNOWN, "DegradedNodeLost") for t in (1, 95, 305, 4000)],
        "nothing is known of pod a: its node n-3 is not ready, 1 of 2 available",
    ),
    Case(
        "what an event told of a node stays known when the event is gone",
        [
            Seen(1, SERVED, (left(**GATED), VETERANS[1]), UNKNOWN, "DegradedNodeLost", gone()),
            *(Seen(t, SERVED, (left(**GATED), VETERANS[1]), UNKNOWN, "DegradedNodeLost") for t in (95, 4000)),
        ],
    ),
    Case(
        "a readiness gate that closes is no lost node",
        [
            Seen(100, SERVED, (left(**GATED), VETERANS[1]), WARNING, "DegradedNeverReady"),
            Seen(301, SERVED, (left(**GATED), VETERANS[1]), FAILING, "DegradedNeverReady"),
        ],
        "is not ready though its containers are",
    ),
    Case(
        "a pod that was never ready is not one of a lost node, though no reason is given",
        [Seen(100, rolling(), (unready(container(since_ms=at(4))),), WARNING, "NeverReady")],
    ),
    Case(
        "the only pod of a service on a lost node: unknown, for it may still serve",
        [Seen(t, DOWN, (left(),), UNKNOWN, "DegradedNodeLost") for t in (1, 40, 95, 400)],
    ),
    Case(
        "a lost node beside a pod that crashes: the crash is told",
        [
            Seen(
                6,
                deployment(ready=0, available=0),
                (left(), pod(looping(), name="b", ready=False)),
                FAILING,
                "DegradedCrashLoopBackOff",
            )
        ],
        "exits 1 in b",
    ),
    Case(
        "nothing is available, and not for a lost node alone",
        [
            Seen(
                60,
                deployment(ready=0, available=0, conditions=(available(False, at(-40)),)),
                (left(), unready(container(ready=False, since_ms=at(20)), name="b", ready_changed_ms=at(20))),
                FAILING,
                "DegradedUnavailable",
            )
        ],
        "no pod is available",
    ),
    Case(
        "the pods of a lost node are evicted, replaced, and never end",
        [
            Seen(299, SERVED, (left(), VETERANS[1]), UNKNOWN, "DegradedNodeLost"),
            Seen(
                301,
                SERVED,
                (
                    left(deleting_ms=at(330)),
                    VETERANS[1],
                    unready(waiting("ContainerCreating"), name="c", created_ms=at(300)),
                ),
                PROGRESSING,
                "Replacing",
            ),
            Seen(
                360,
                deployment(),
                (left(deleting_ms=at(330)), VETERANS[1], pod(name="c", created_ms=at(300), ready_changed_ms=at(310))),
                OK,
                "Complete",
            ),
            Seen(
                390,
                deployment(),
                (left(deleting_ms=at(330)), VETERANS[1], pod(name="c", created_ms=at(300), ready_changed_ms=at(310))),
                UNKNOWN,
                "NodeLost",
            ),
        ],
        "nothing is known of pod a: node n-3 has been lost",
    ),
    Case(
        "the node comes back",
        [
            Seen(95, SERVED, (left(), VETERANS[1]), UNKNOWN, "DegradedNodeLost"),
            Seen(99, deployment(), (pod(name="a", **LONG_AGO | {"ready_changed_ms": at(98)}), VETERANS[1]), OK, "Comp"),
        ],
    ),
    Case(
        "the node comes back and the pod on it starts anew: it has its time from then on, and a countdown",
        [
            Seen(600, SERVED, (left(), VETERANS[1]), UNKNOWN, "DegradedNodeLost"),
            *(
                Seen(t, SERVED, (ANEW, VETERANS[1]), level, reason)
                for t, level, reason in (
                    (602, PROGRESSING, "Starting"),
                    (690, PROGRESSING, "Starting"),
                    (692, WARNING, "DegradedNeverReady"),
                    (900, WARNING, "DegradedNeverReady"),
                    (902, FAILING, "DegradedNeverReady"),
                )
            ),
        ],
    ),
    Case(
        "DaemonSet with a lost node is changed: the node holds up the rollout",
        [
            Seen(
                1,
                NODES,
                (*OLD_NODES, left("orders-n-3", workload_kind="DaemonSet", revision=OLD)),
                UNKNOWN,
                "DegradedNodeLost",
            ),
            *(
                Seen(
                    t,
                    NEW_TEMPLATE,
                    (*OLD_NODES, left("orders-n-3", workload_kind="DaemonSet", revision=OLD)),
                    UNKNOWN,
                    "NodeLost",
                )
                for t in (100, 135, 900)
            ),
        ],
        "its node n-3 is not ready, 0 of 3 new pods ready",
    ),
    Case(
        "the pods of a rollout on a lost node, told as one",
        [Seen(120, SERVED, (left("a"), left("b"), pod(name="c", revision=NEW)), UNKNOWN, "DegradedNodeLost")],
        "nothing is known of 2 pods: node n-3 has been lost",
    ),
]
