"""Numbers: scaling, surges, deadlines, generations, pauses."""

import msgspec

from tests.judge.corpus.words import (
    CREATING,
    DAY_S,
    FAILING,
    IDLE,
    OK,
    PAUSED,
    PROGRESSING,
    SCALING,
    SHORT,
    WARNING,
    WELL,
    spec,
)
from tests.judge.make import (
    THRESHOLDS,
    available,
    container,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
    rolling,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event

NEWLY = {"created_ms": at(61), "ready_changed_ms": at(61), "scheduled_changed_ms": at(61)}

NUMBERS = [
    Case(
        "an autoscaler raises the number during a rollout: still a rollout",
        [
            Seen(5, rolling(), (CREATING, old_pod()), PROGRESSING, "Rolling"),
            Seen(8, rolling(generation=3, desired=5), (CREATING, old_pod()), PROGRESSING, "Rolling"),
            Seen(
                9,
                rolling(generation=3, observed_generation=3, desired=5, replicas=6, updated=2),
                (CREATING, unready(waiting("ContainerCreating"), name="c"), old_pod()),
                PROGRESSING,
                "Rolling",
            ),
        ],
    ),
    Case(
        "an autoscaler raises and lowers: scaling, and never a rollout",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            Seen(61, spec(3, desired=4), WELL, SCALING, "Scaling"),
            Seen(63, spec(3, desired=4, replicas=4, updated=4), (*WELL, CREATING), SCALING, "Scaling"),
            Seen(70, spec(3, desired=4, replicas=4, updated=4, ready=4, available=4), WELL, OK, "Complete"),
            Seen(71, spec(4, desired=2, replicas=4, updated=4, ready=4, available=4), WELL, OK, "Complete"),
        ],
    ),
    Case(
        "a scale-up for which there is no room: the one thing that scaling alarms of",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            *[
                Seen(
                    t,
                    spec(3, desired=3, replicas=3, updated=3),
                    (
                        *WELL,
                        unready(
                            waiting(""),
                            name="c",
                            scheduled=False,
                            scheduled_reason="Unschedulable",
                            scheduled_changed_ms=at(61),
                            created_ms=at(61),
                        ),
                    ),
                    level,
                    reason,
                )
                for t, level, reason in (
                    (62, SCALING, "Scaling"),
                    (77, WARNING, "DegradedUnschedulable"),
                    (152, FAILING, "DegradedUnschedulable"),
                )
            ],
        ],
    ),
    Case(
        "a scale-up whose pods take their time: scaling for as long as it takes",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            *[
                Seen(
                    t,
                    spec(3, desired=4, replicas=4, updated=4),
                    (*WELL, *[unready(container(ready=False, since_ms=at(62)), name=n, **NEWLY) for n in "cd"]),
                    SCALING,
                    reason,
                )
                for t, reason in ((62, "Scaling"), (160, "ScalingNeverReady"), (1000, "ScalingNeverReady"))
            ],
            Seen(1001, spec(3, desired=4, replicas=4, updated=4, ready=4, available=4), WELL, OK, "Complete"),
        ],
    ),
    Case(
        "a scale-up whose image has gone says so, and is no failure of what is served",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            Seen(
                62,
                spec(3, desired=3, replicas=3, updated=3),
                (*WELL, unready(waiting("ErrImagePull", "not found"), name="c", **NEWLY)),
                SCALING,
                "ScalingErrImagePull",
            ),
        ],
        "scaling to 3, 2 of 3 available: image registry.local/orders:1.5.0 not found",
    ),
    Case(
        "a pod that was there before a scale-up crashes: the service is degraded",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            Seen(
                62,
                spec(3, desired=3, replicas=3, updated=3, ready=1, available=1),
                (unready(looping(), name="a", created_ms=at(0)), WELL[1], unready(name="c", **NEWLY)),
                FAILING,
                "DegradedCrashLoopBackOff",
            ),
        ],
    ),
    Case(
        "a scale-up does not hide that pods are lost and cannot be made again",
        [
            Seen(60, spec(2), WELL, OK, "Complete"),
            *[
                Seen(
                    t,
                    spec(3, desired=3, replicas=3, updated=3, ready=1, available=1),
                    (WELL[1], *[unready(looping(), name=n, **NEWLY) for n in "cd"]),
                    level,
                    reason,
                )
                for t, level, reason in (
                    (63, SCALING, "ScalingCrashLoopBackOff"),
                    (94, FAILING, "DegradedCrashLoopBackOff"),
                )
            ],
        ],
    ),
    Case(
        "started from nothing: nobody is served until it works",
        [
            Seen(60, spec(2, desired=0, replicas=0, updated=0, ready=0, available=0), (), IDLE, "Idle"),
            Seen(
                62,
                spec(3, replicas=2, updated=2, ready=0, available=0),
                (unready(waiting("ErrImagePull", "not found"), name="c", **NEWLY),),
                FAILING,
                "DegradedErrImagePull",
            ),
        ],
    ),
    Case(
        "a cluster autoscaler makes a node: failing is put off",
        [
            Seen(
                t,
                rolling(),
                (unready(waiting(""), scheduled=False, scheduled_reason="Unschedulable", scheduled_changed_ms=at(0)),),
                level,
                "Unschedulable",
                (event("TriggeredScaleUp", "pod triggered scale-up", type="Normal", last_ms=at(10)),),
            )
            for t, level in ((20, WARNING), (200, WARNING), (311, FAILING))
        ],
    ),
    Case(
        "surge of 100 %: twice as many pods for a while",
        [
            Seen(
                5,
                rolling(desired=4, replicas=8, updated=4, ready=4, available=4),
                (CREATING, old_pod()),
                PROGRESSING,
                "Rol",
            ),
            Seen(
                20,
                rolling(desired=4, replicas=8, updated=4, ready=8, available=8),
                (pod(), old_pod()),
                PROGRESSING,
                "Roll",
            ),
        ],
    ),
    Case(
        "no deadline (MaxInt32): never ready fails by the usual one",
        [
            Seen(
                t,
                rolling(deadline_s=2**31 - 1, conditions=(available(),)),
                (unready(container(ready=False)), old_pod()),
                level,
                "NeverReady",
            )
            for t, level in ((100, WARNING), (301, FAILING))
        ],
    ),
    Case(
        "a deadline of 20 seconds: warned of and failing before it",
        [
            Seen(t, rolling(deadline_s=20), (unready(container(ready=False)), old_pod()), level, "NeverReady")
            for t, level in ((7, WARNING), (10, FAILING))
        ],
    ),
    Case(
        "observedGeneration is missing: nothing is known yet, and after a minute that is told",
        [
            Seen(
                t, deployment(observed_generation=None, replicas=0, updated=0, ready=0, available=0), (), level, reason
            )
            for t, level, reason in (
                (1, PROGRESSING, "Observing"),
                (30, PROGRESSING, "Observing"),
                (62, WARNING, "NotObs"),
            )
        ],
    ),
    Case(
        "an outage is not hidden by a new spec that nobody has looked at",
        [
            Seen(5, deployment(**SHORT), (unready(looping()), WELL[1]), FAILING, "DegradedCrashLoopBackOff"),
            Seen(
                6, deployment(generation=3, **SHORT), (unready(looping()), WELL[1]), FAILING, "DegradedCrashLoopBackOff"
            ),
        ],
    ),
    Case(
        "scaled to zero",
        [Seen(5, deployment(desired=0, replicas=0, updated=0, ready=0, available=0), (), IDLE, "Idle")],
    ),
    Case(
        "scaled to zero where that is not expected: a warning for a day",
        [
            Seen(60, deployment(), WELL, OK, "Complete"),
            Seen(61, spec(3, desired=0), WELL, SCALING, "Scaling"),
            *[
                Seen(t, spec(3, desired=0, replicas=0, updated=0, ready=0, available=0), (), level, reason)
                for t, level, reason in (
                    (65, WARNING, "ScaledToZero"),
                    (80_000, WARNING, "ScaledToZero"),
                    (90_000, IDLE, "Idle"),
                )
            ],
        ],
        thresholds=msgspec.structs.replace(THRESHOLDS, idle_warn_s=DAY_S),
    ),
    Case(
        "paused, and forgotten",
        [
            Seen(
                t,
                rolling(paused=True, conditions=(available(), progressing("DeploymentPaused"))),
                (old_pod(),),
                level,
                reason,
            )
            for t, level, reason in ((5, PAUSED, "Paused"), (3599, PAUSED, "Paused"), (3600, WARNING, "PausedLong"))
        ],
        "paused for long",
    ),
    Case(
        "paused, and nobody looks at it",
        [
            Seen(t, rolling(paused=True, observed_generation=1), (old_pod(),), level, reason)
            for t, level, reason in ((5, PAUSED, "Paused"), (70, WARNING, "NotObserved"))
        ],
    ),
    Case(
        "a paused canary that crashes is failing all the same",
        [Seen(5, rolling(paused=True), (unready(looping()), old_pod()), FAILING, "CrashLoopBackOff")],
    ),
]
