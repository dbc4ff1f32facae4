"""A service that goes bad after its rollout, or beside it."""

from tests.judge.corpus.words import (
    CREATING,
    DAY_S,
    FAILING,
    LONG_AGO,
    OK,
    PROGRESSING,
    QUOTA,
    SHORT,
    UNKNOWN,
    VETERANS,
    WARNING,
    WELL,
)
from tests.judge.make import (
    NEW,
    available,
    container,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
    refused,
    restarted,
    rolling,
    unready,
)
from tests.judge.sequence import Case, Seen, at, event

SERVICE = [
    Case(
        "evicted leftovers do not count",
        [
            Seen(
                60,
                deployment(),
                (*WELL, *[unready(name=f"e{n}", phase="Failed", reason="Evicted") for n in range(9)]),
                OK,
                "Complete",
            )
        ],
    ),
    Case(
        "a node is lost: three pods, one sentence",
        [
            Seen(
                60,
                deployment(desired=4, replicas=4, updated=4, ready=1, available=1),
                (pod(name="d", node="n-2"), *[unready(name=n, phase="Unknown", node="n-1") for n in "abc"]),
                UNKNOWN,
                "DegradedNodeLost",
            )
        ],
        "nothing is known of 3 pods: node n-1 has been lost",
    ),
    Case(
        "a node that is not ready, as the node controller tells it",
        [
            Seen(
                60,
                deployment(**SHORT),
                (pod(name="b"), unready(container(), ready_changed_ms=at(50))),
                UNKNOWN,
                "DegradedNodeLost",
                (event("NodeNotReady", "Node is not ready", last_ms=at(50), source="node-controller"),),
            )
        ],
        "node n-1 is not ready",
    ),
    Case(
        "pods of a lost node that do not end",
        [
            Seen(
                t,
                deployment(),
                (*VETERANS, *[pod(name=n, node="n-3", deleting_ms=at(30), **LONG_AGO) for n in "xyz"]),
                level,
                reason,
            )
            for t, level, reason in ((60, OK, "Complete"), (91, WARNING, "StuckTerminating"))
        ],
        "3 pods on node n-3 do not end",
    ),
    Case(
        "a pod that ends within its grace period and a minute",
        [
            Seen(60, deployment(), (*WELL, pod(name="x", deleting_ms=at(30))), OK, "Complete"),
            Seen(80, deployment(), WELL, OK, "Complete"),
        ],
    ),
    Case(
        "a finalizer holds a pod, and goes",
        [
            Seen(95, deployment(), (*WELL, pod(name="x", deleting_ms=at(30))), WARNING, "StuckTerminating"),
            Seen(99, deployment(), WELL, OK, "Complete"),
        ],
    ),
    Case(
        "readiness flaps",
        [
            Seen(10, deployment(), VETERANS, OK, "Complete"),
            Seen(
                20,
                deployment(**SHORT),
                (VETERANS[1], unready(container(ready=False), name="a", ready_changed_ms=at(20))),
                PROGRESSING,
                "DegradedNotReady",
            ),
            Seen(30, deployment(), (VETERANS[1], pod(name="a", ready_changed_ms=at(30))), OK, "Complete"),
            Seen(
                40,
                deployment(**SHORT),
                (VETERANS[1], unready(container(ready=False), name="a", ready_changed_ms=at(40))),
                WARNING,
                "DegradedFl",
            ),
            Seen(50, deployment(), (VETERANS[1], pod(name="a", ready_changed_ms=at(50))), WARNING, "DegradedFlapping"),
            Seen(400, deployment(), (VETERANS[1], pod(name="a", ready_changed_ms=at(50))), OK, "Complete"),
        ],
    ),
    Case(
        "a veteran restarts twice within five minutes: failing by the difference, not by its lifetime",
        [
            Seen(
                10,
                deployment(),
                (
                    pod(
                        container(restarts=40, last_exit_code=1, last_finished_ms=at(-DAY_S), since_ms=at(-DAY_S)),
                        name="a",
                        **LONG_AGO,
                    ),
                    WELL[1],
                ),
                OK,
                "Complete",
            ),
            Seen(
                20,
                deployment(**SHORT),
                (
                    unready(
                        restarted(41, since_ms=at(19), last_finished_ms=at(18)),
                        name="a",
                        created_ms=at(-DAY_S),
                        ready_changed_ms=at(18),
                    ),
                    WELL[1],
                ),
                WARNING,
                "DegradedExit",
            ),
            Seen(
                60,
                deployment(**SHORT),
                (
                    unready(
                        restarted(42, since_ms=at(59), last_finished_ms=at(58)),
                        name="a",
                        created_ms=at(-DAY_S),
                        ready_changed_ms=at(18),
                    ),
                    WELL[1],
                ),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
    ),
    Case(
        "a veteran restarts twice, hours apart: never failing",
        [
            Seen(
                t,
                deployment(**SHORT),
                (
                    unready(
                        restarted(count, since_ms=at(t - 1), last_finished_ms=at(t - 2)),
                        name="a",
                        created_ms=at(-DAY_S),
                        ready_changed_ms=at(t - 2),
                    ),
                    WELL[1],
                ),
                WARNING,
                "DegradedExit",
            )
            for t, count in ((20, 7), (9000, 8))
        ],
    ),
    Case(
        "the old pods fail while the new ones come: the service, not the rollout",
        [
            Seen(
                5,
                rolling(
                    replicas=3,
                    updated=1,
                    ready=0,
                    available=0,
                    conditions=(available(False), progressing("ReplicaSetUpdated")),
                ),
                (CREATING, old_pod(looping(), ready=False)),
                WARNING,
                "OldPodsFail",
            )
        ],
        "the service is down until the new ones are ready",
    ),
    Case(
        "old pods that fail while the service stands: the rollout mends them",
        [Seen(5, rolling(), (CREATING, old_pod(looping(), ready=False), old_pod(name="o")), PROGRESSING, "Rolling")],
    ),
    Case(
        "deleted pods that cannot come back: quota",
        [
            Seen(
                60,
                deployment(
                    replicas=1,
                    updated=1,
                    ready=1,
                    available=1,
                    conditions=(*deployment().conditions, refused(QUOTA.replace("orders-1", f"orders-{NEW}-x"))),
                ),
                (WELL[0],),
                FAILING,
                "DegradedReplicaFailure",
            )
        ],
        "exceeded quota: q",
    ),
    Case(
        "a Deployment that breaks after it was complete never times out by itself",
        [
            Seen(
                t,
                deployment(ready=0, available=0, conditions=(available(False), progressing("NewReplicaSetAvailable"))),
                (unready(container(ready=False), name="a"), unready(container(ready=False), name="b")),
                level,
                reason,
            )
            for t, level, reason in (
                (20, PROGRESSING, "Starting"),
                (35, WARNING, "Degraded"),
                (95, FAILING, "Degraded"),
            )
        ],
    ),
]
