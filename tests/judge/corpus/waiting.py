"""Recreate that waits for its old pods, of a service that was not well, or changed meanwhile."""

from tests.judge.corpus.recreate import BEFORE, ENDING, OLD_PODS, STILL, WAITS, ends, recreate, was
from tests.judge.corpus.words import FAILING, OK, PAUSED, PROGRESSING, WARNING
from tests.judge.make import available, container, looping, old_pod, progressing
from tests.judge.sequence import Case, Seen, at

V3 = {"image": "registry.local/orders:1.6.0", "version": "1.6.0", "generation": 3}
BROKEN = tuple(old_pod(looping(), name=name, ready=False) for name in ("x", "y"))
DEAD = (available(False, at_ms=at(-600)), *STILL["conditions"][1:])
DROPPED = old_pod(
    container(image=BEFORE, ready=False, since_ms=at(-9_999)),
    name="x",
    ready=False,
    ready_changed_ms=at(-40),
    scheduled_changed_ms=at(-10_000),
)
HALF = was(ready=1, available=1)
WAITED = [
    (2, PROGRESSING, "Rolling"),
    (10, PAUSED, "Paused"),
    (30, WARNING, "DegradedUnavailable"),
    (90, FAILING, "DegradedUnavailable"),
]

WAITING = [
    Case(
        "Recreate mends a service that is down: the new version is not blamed for that",
        [
            Seen(-9, was(ready=0, available=0, conditions=DEAD), BROKEN, FAILING, "DegradedCrashLoopBackOff"),
            Seen(1, recreate(**STILL | {"conditions": DEAD}), ENDING, PROGRESSING, "Rolling"),
            Seen(61, recreate(**STILL | {"conditions": DEAD}), (), PROGRESSING, "Rolling"),
        ],
        "0 of 2 new pods ready",
    ),
    Case(
        "Recreate of a service of which a pod was not ready waits as long as of one that was well",
        [
            Seen(-50, was(), OLD_PODS, OK, "Complete"),
            Seen(-40, HALF, (DROPPED, OLD_PODS[1]), PROGRESSING, "DegradedNotReady"),
            Seen(-5, HALF, (DROPPED, OLD_PODS[1]), WARNING, "DegradedNotReady"),
            *[Seen(t, recreate(**STILL), (ends("x", 100), ends("y", 100)), PROGRESSING, "Rolling") for t in (1, 95)],
        ],
        "waits for 2 old pods to end",
    ),
    Case(
        "Recreate is given another version while it waits",
        [
            Seen(-50, was(), OLD_PODS, OK, "Complete"),
            Seen(1, recreate(**STILL), (ends("x", 100), ends("y", 100)), PROGRESSING, "Rolling"),
            Seen(10, recreate(**STILL | V3), (ends("x", 100), ends("y", 100)), PROGRESSING, "Observing"),
            *[
                Seen(
                    t,
                    recreate(**STILL | V3 | {"observed_generation": 3}),
                    (ends("x", 100), ends("y", 100)),
                    PROGRESSING,
                    "Rolling",
                )
                for t in (11, 45, 95)
            ],
            Seen(101, recreate(**STILL | V3 | {"observed_generation": 3}), (), PROGRESSING, "Rolling"),
        ],
    ),
    Case(
        "Recreate is given another version after its old pods have ended",
        [
            Seen(-50, was(), OLD_PODS, OK, "Complete"),
            Seen(1, recreate(**STILL), ENDING, PROGRESSING, "Rolling"),
            Seen(61, recreate(**STILL), (), PROGRESSING, "Rolling"),
            Seen(62, recreate(**STILL | V3), (), PROGRESSING, "Observing"),
            Seen(63, recreate(**STILL | V3 | {"observed_generation": 3}), (), PROGRESSING, "Rolling"),
        ],
    ),
    *[
        Case(
            f"Recreate is paused while it waits: nothing comes, and the service is down ({name})",
            [
                Seen(-50, was(), OLD_PODS, OK, "Complete"),
                *[
                    Seen(
                        t,
                        recreate(
                            generation=2 + (t > 2),
                            observed_generation=2 + (t > 2),
                            paused=t > 2,
                            conditions=(available(False), *(tells if t == 2 or not halts else (halts,))),
                        ),
                        (ends("x", 60), ends("y", 60)) if t < 60 else (),
                        level,
                        reason,
                    )
                    for t, level, reason in WAITED
                ],
            ],
            "0 of 2 available",
        )
        for name, tells, halts in (
            ("the old revision is told of", STILL["conditions"][1:], None),
            ("progress is told of", (WAITS,), None),
            ("the pause is told of", STILL["conditions"][1:], progressing("DeploymentPaused", status="Unknown")),
            ("a deadline is not set", (), None),
        )
    ],
    Case(
        "Recreate, made paused: there is no service yet",
        [Seen(t, recreate(paused=True, revision="", created_ms=at(-1)), (), PAUSED, "Paused") for t in (1, 100)],
    ),
]
