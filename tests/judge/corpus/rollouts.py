"""Rollouts as a whole: refused, rolled back, slow."""

import msgspec

from statusdesk.facts import Revision
from tests.judge.corpus.words import CREATING, FAILING, PROGRESSING, WARNING, WEBHOOK
from tests.judge.make import (
    NEW,
    OLD,
    available,
    container,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
    refused,
    rolling,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event, refusal

ROLLOUTS = [
    Case(
        "an admission webhook denies the pods: the condition of the ReplicaSet tells",
        [
            Seen(
                3,
                rolling(updated=0, replicas=2, conditions=(*rolling().conditions, refused(WEBHOOK))),
                (old_pod(),),
                FAILING,
                "ReplicaFailure",
            )
        ],
        "policy.shop.example",
    ),
    Case(
        "the same, told by an event before the condition",
        [
            Seen(
                3,
                rolling(updated=0, replicas=2),
                (old_pod(),),
                FAILING,
                "FailedCreate",
                (refusal(f"Error creating: {WEBHOOK}", "ReplicaSet", last_ms=at(2)),),
            )
        ],
        "image is not signed",
    ),
    Case(
        "an event of a refusal before this rollout is not its own",
        [
            Seen(
                3,
                rolling(updated=0, replicas=2),
                (CREATING, old_pod()),
                PROGRESSING,
                "Rolling",
                (refusal(f"Error creating: {WEBHOOK}", "ReplicaSet", last_ms=at(-600), first_ms=at(-900)),),
            )
        ],
    ),
    Case(
        "a refusal after which pods could be made",
        [
            Seen(
                9,
                rolling(updated=1, replicas=2),
                (CREATING, old_pod()),
                PROGRESSING,
                "Rolling",
                (
                    refusal(f"Error creating: {WEBHOOK}", "ReplicaSet", last_ms=at(3)),
                    event(
                        "SuccessfulCreate",
                        "Created pod",
                        f"orders-{NEW}",
                        object_kind="ReplicaSet",
                        type="Normal",
                        last_ms=at(6),
                    ),
                ),
            )
        ],
    ),
    Case(
        "the ReplicaSet itself cannot be made",
        [
            Seen(
                3,
                rolling(
                    updated=0,
                    conditions=(
                        available(),
                        msgspec.structs.replace(
                            progressing("ProgressDeadlineExceeded", status="False"),
                            reason="ReplicaSetCreateError",
                            message="Failed to create new replica set: quota",
                        ),
                    ),
                ),
                (old_pod(),),
                FAILING,
                "ReplicaSetCreateError",
            )
        ],
        "Failed to create new replica set",
    ),
    Case(
        "a rollback takes the old ReplicaSet into use again: its pods are the new ones",
        [
            Seen(20, rolling(), (unready(looping()), old_pod()), FAILING, "CrashLoopBackOff"),
            Seen(
                30,
                deployment(
                    generation=3,
                    observed_generation=3,
                    replicas=3,
                    updated=2,
                    revision="3",
                    version="1.4.2",
                    image="registry.local/orders:1.4.2",
                    conditions=(available(), progressing("ReplicaSetUpdated", OLD)),
                ),
                (unready(looping()), old_pod()),
                PROGRESSING,
                "Rolling",
            ),
        ],
    ),
    Case(
        "a Deployment without conditions: its ReplicaSets tell which is the new one",
        [
            Seen(
                9,
                rolling(conditions=(), deadline_s=None),
                (pod(name="young", revision=OLD, created_ms=at(5)), unready(looping(), created_ms=at(0))),
                FAILING,
                "CrashLoopBackOff",
                (),
                (
                    Revision(
                        cluster="eu", namespace="staging", kind="ReplicaSet", name="x", uid="1", hash=NEW, revision=2
                    ),
                    Revision(
                        cluster="eu", namespace="staging", kind="ReplicaSet", name="y", uid="2", hash=OLD, revision=1
                    ),
                ),
            )
        ],
    ),
    Case(
        "a slow but honest start: 80 seconds until ready",
        [
            Seen(t, rolling(), (unready(container(ready=False, since_ms=at(2))), old_pod()), PROGRESSING, "Rolling")
            for t in (3, 30, 60, 82)
        ],
    ),
    Case(
        "ImagePullBackOff of a registry that is slow: a warning, and well again",
        [
            Seen(5, rolling(), (unready(waiting("ErrImagePull", "i/o timeout")), old_pod()), WARNING, "ErrImagePull"),
            Seen(12, rolling(), (unready(waiting("ImagePullBackOff", "Back-off")), old_pod()), WARNING, "ErrImagePull"),
            Seen(25, rolling(), (unready(container(ready=False, since_ms=at(24))), old_pod()), PROGRESSING, "Rolling"),
        ],
    ),
]
