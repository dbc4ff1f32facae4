"""StatefulSets and DaemonSets: in order, partitioned, node by node."""

from statusdesk.facts import Revision
from tests.judge.corpus.words import (
    DAY_S,
    FAILING,
    OK,
    PROGRESSING,
    QUOTA,
    SPREAD,
    UNKNOWN,
    WARNING,
    WEBHOOK,
    ds_pod,
    sts_pod,
)
from tests.judge.make import (
    OLD,
    container,
    daemonset,
    looping,
    statefulset,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event, refusal

STATEFUL = [
    Case(
        "StatefulSet stuck on pod 1, OrderedReady: it crashes, the others are old",
        [
            Seen(
                5, SPREAD, (sts_pod(0, revision=OLD), sts_pod(1, looping(), ready=False)), FAILING, "CrashLoopBackOff"
            ),
            Seen(900, SPREAD, (sts_pod(0, revision=OLD), sts_pod(1, looping(), ready=False)), FAILING, "CrashLoopBack"),
        ],
        "0 of 3 new pods ready",
    ),
    Case(
        "StatefulSet pod that waits for its volume",
        [
            Seen(
                5,
                SPREAD,
                (sts_pod(1, waiting("ContainerCreating"), ready=False),),
                WARNING,
                "FailedAttachVolume",
                (event("FailedAttachVolume", "Multi-Attach error for volume", "orders-1"),),
            )
        ],
        "Multi-Attach error",
    ),
    Case(
        "StatefulSet held up by a broken pod of the old revision",
        [
            Seen(
                5,
                statefulset(current_revision=OLD, updated=0, ready=1, created_ms=at(-DAY_S)),
                (sts_pod(0, revision=OLD), sts_pod(1, looping(), revision=OLD, ready=False)),
                WARNING,
                "OldPodBlocks",
            )
        ],
        "holds up the rollout",
    ),
    Case(
        "StatefulSet partitioned: done where it is wanted",
        [
            Seen(
                60,
                statefulset(desired=3, replicas=3, updated=1, ready=3, current_revision=OLD, partition=2),
                (sts_pod(0, revision=OLD), sts_pod(1, revision=OLD), sts_pod(2)),
                OK,
                "Complete",
            )
        ],
        "1 of them updated (partition 2)",
    ),
    Case(
        "StatefulSet partitioned: the one that is wanted is not there yet",
        [
            Seen(
                1,
                statefulset(desired=3, replicas=3, updated=0, ready=3, current_revision=OLD, partition=2),
                (sts_pod(0, revision=OLD),),
                PROGRESSING,
                "Rolling",
            )
        ],
    ),
    Case(
        "StatefulSet OnDelete: nothing is said to be wrong with old pods",
        [
            Seen(
                60,
                statefulset(current_revision=OLD, updated=0, strategy="OnDelete"),
                (sts_pod(0, revision=OLD), sts_pod(1, revision=OLD)),
                OK,
                "Complete",
            )
        ],
        "(OnDelete)",
    ),
    Case(
        "StatefulSet that does not move for half of the usual deadline",
        [
            Seen(1, SPREAD, (sts_pod(0, revision=OLD),), PROGRESSING, "Rolling"),
            Seen(299, SPREAD, (sts_pod(0, revision=OLD),), PROGRESSING, "Rolling"),
            Seen(302, SPREAD, (sts_pod(0, revision=OLD),), WARNING, "Stalled"),
        ],
    ),
    Case(
        "StatefulSet whose pods an admission webhook denies: only an event tells",
        [
            Seen(
                8,
                statefulset(current_revision=OLD, replicas=1, updated=0, ready=1),
                (sts_pod(0, revision=OLD),),
                FAILING,
                "FailedCreate",
                (
                    refusal(
                        f"create Pod orders-1 in StatefulSet orders failed error: {WEBHOOK}",
                        "StatefulSet",
                        last_ms=at(5),
                    ),
                ),
            )
        ],
        "policy.shop.example",
    ),
    Case(
        "StatefulSet scaled down, pod by pod",
        [
            Seen(50, statefulset(desired=3, replicas=3, updated=3, ready=3), (), OK, "Complete"),
            Seen(60, statefulset(desired=1, replicas=2, updated=2, ready=2), (sts_pod(0), sts_pod(1)), OK, "Complete"),
        ],
    ),
]

DAEMONS = [
    Case(
        "DaemonSet stalled on one node: its pod is never ready",
        [
            Seen(
                t,
                daemonset(desired=3, replicas=3, updated=1, ready=2, available=2, created_ms=at(-5)),
                (
                    ds_pod("n-1", container(ready=False), ready=False),
                    ds_pod("n-2", revision=OLD, created_ms=at(-DAY_S)),
                    ds_pod("n-3", revision=OLD, created_ms=at(-DAY_S)),
                ),
                level,
                "NeverReady" if level is not PROGRESSING else "Rolling",
            )
            for t, level in ((20, PROGRESSING), (95, WARNING), (301, FAILING))
        ],
        "orders-n-1",
    ),
    Case(
        "DaemonSet: the newest ControllerRevision tells which pods are new, not their age",
        [
            Seen(
                20,
                daemonset(desired=2, updated=1, ready=1, available=1, created_ms=at(-5)),
                (ds_pod("n-1", looping(), revision="aaa"), ds_pod("n-2", revision="bbb", created_ms=at(5))),
                FAILING,
                "CrashLoopBackOff",
                (),
                (
                    Revision(
                        cluster="eu",
                        namespace="staging",
                        kind="ControllerRevision",
                        name="x",
                        uid="1",
                        hash="aaa",
                        revision=9,
                    ),
                    Revision(
                        cluster="eu",
                        namespace="staging",
                        kind="ControllerRevision",
                        name="y",
                        uid="2",
                        hash="bbb",
                        revision=8,
                    ),
                ),
            )
        ],
    ),
    Case(
        "DaemonSet with a node that went: told as unknown",
        [
            Seen(
                20,
                daemonset(desired=3, replicas=3, updated=3, ready=2, available=2),
                (
                    ds_pod("n-1", ready=False, phase="Unknown"),
                    ds_pod("n-2", created_ms=at(-DAY_S)),
                    ds_pod("n-3", created_ms=at(-DAY_S)),
                ),
                UNKNOWN,
                "DegradedNodeLost",
            )
        ],
        "n-1",
    ),
    Case(
        "DaemonSet on a drained node: one node fewer is wanted",
        [
            Seen(60, daemonset(desired=3, replicas=3, updated=3, ready=3, available=3), (), OK, "Complete"),
            Seen(70, daemonset(), (ds_pod("n-1"), ds_pod("n-2")), OK, "Complete"),
        ],
    ),
    Case(
        "DaemonSet whose pod no quota allows",
        [
            Seen(
                8,
                daemonset(desired=3, replicas=2, updated=2, created_ms=at(-5)),
                (ds_pod("n-1"), ds_pod("n-2")),
                FAILING,
                "FailedCreate",
                (refusal(f"Error creating: {QUOTA}", "DaemonSet", last_ms=at(6)),),
            )
        ],
        "exceeded quota: q",
    ),
]
