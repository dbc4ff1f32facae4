"""OnDelete: pods that are replaced by hand, one after the other; the first that comes is the rollout's proof."""

from typing import Any

from statusdesk.facts import Pod
from tests.judge.corpus.held import HEALTHY_NODES, ds_ondelete, held, ondelete
from tests.judge.corpus.words import FAILING, OK, PROGRESSING, ds_pod, sts_pod
from tests.judge.make import looping, waiting
from tests.judge.sequence import Case, Seen, at


def newest(*containers: Any, ready: bool = False) -> Pod:
    return sts_pod(2, *containers, ready=ready, created_ms=at(5), ready_changed_ms=at(5))


def newest_on_node(*containers: Any, ready: bool = False) -> Pod:
    return ds_pod("n-3", *containers, ready=ready, created_ms=at(5), ready_changed_ms=at(5))


DOWN = {"updated": 1, "ready": 2, "available": 2}
CREATING = waiting("ContainerCreating")

BY_HAND = [
    *[
        Case(
            f"{kind} OnDelete: the first pod that is replaced by hand crashes: the rollout; later the service",
            [
                Seen(1, whole(), old, OK, "Complete"),
                Seen(6, whole(**DOWN), (*old[:2], new(CREATING)), PROGRESSING, "Rolling"),
                Seen(9, whole(**DOWN), (*old[:2], new(looping())), FAILING, "CrashLoopBackOff"),
                Seen(90, whole(updated=1), (*old[:2], new(ready=True)), OK, "Complete"),
                Seen(200, whole(**DOWN), (*old[:2], new(looping())), FAILING, "DegradedCrashLoopBackOff"),
            ],
        )
        for kind, whole, old, new in (
            ("StatefulSet", ondelete, (held(0), held(1), held(2)), newest),
            ("DaemonSet", ds_ondelete, HEALTHY_NODES, newest_on_node),
        )
    ],
    Case(
        "OnDelete, first seen when a pod that was replaced by hand crashes: the rollout",
        [Seen(9, ondelete(**DOWN), (held(0), held(1), newest(looping())), FAILING, "CrashLoopBackOff")],
    ),
    Case(
        "OnDelete, first seen when all were replaced long ago and one crashes: the service",
        [
            Seen(
                9,
                ondelete(**DOWN | {"updated": 3}),
                (sts_pod(0), sts_pod(1), newest(looping())),
                FAILING,
                "DegradedCrashLoopBackOff",
            )
        ],
    ),
]
