"""A service that has less than it is owed, while its number or its spec is changed."""

from typing import Any

from statusdesk.facts import Condition, Pod, Workload
from tests.judge.corpus.words import (
    DAY_S,
    FAILING,
    IDLE,
    OK,
    PAUSED,
    PROGRESSING,
    QUOTA,
    SCALING,
    UNKNOWN,
    VETERANS,
    WARNING,
    ds_pod,
    spec,
    sts_pod,
)
from tests.judge.make import (
    available,
    container,
    daemonset,
    deployment,
    pod,
    progressing,
    refused,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import Case, Seen, at, event

COMPLETE = progressing("NewReplicaSetAvailable", at_ms=at(-DAY_S))
HALTED = progressing("DeploymentPaused", status="Unknown", at_ms=at(60))
REFUSED = refused('pods "orders-7cc6f9fbf5-zzzzz" is forbidden: exceeded quota: q')
NONE = {"ready": 0, "available": 0}
ONE, TWO = {"ready": 1, "available": 1}, {"ready": 2, "available": 2}
GONE = {"replicas": 0, "updated": 0, **NONE}


def dropped(name: str, since_s: float, **changes: Any) -> Pod:
    """A pod that ran for a day and is not ready any more."""
    fields = {"created_ms": at(-DAY_S), "scheduled_changed_ms": at(-DAY_S), "ready_changed_ms": at(since_s)}
    return unready(container(ready=False, since_ms=at(-DAY_S)), name=name, **(fields | changes))


def made(name: str, at_s: float) -> Pod:
    moment_ms = at(at_s)
    fields = {"created_ms": moment_ms, "scheduled_changed_ms": moment_ms, "ready_changed_ms": moment_ms}
    return unready(waiting("ContainerCreating"), name=name, **fields, phase="Pending")


def said(*conditions: Condition, up: bool = False, since_s: float = 0) -> dict[str, Any]:
    return {"conditions": (available(up, at_ms=at(since_s)), COMPLETE, *conditions)}


def scaled(desired: int, there: int, **changes: Any) -> Workload:
    """Its number was changed to ``desired`` though ``there`` pods are there, none of them ready."""
    fields = {"desired": desired, "replicas": there, "updated": there, "generation": 3, "observed_generation": 3}
    return deployment(**(fields | NONE | said() | changes))


DOWN = (dropped("a", 0), dropped("b", 0))
UP = Seen(-10, deployment(**said(up=True, since_s=-DAY_S)), VETERANS, OK, "Complete")
OUT = deployment(**NONE, **said())
OUTAGE = [UP, Seen(1, OUT, DOWN, WARNING, "DegradedNotReady"), Seen(90, OUT, DOWN, FAILING, "DegradedUnavailable")]
SHORT = deployment(**ONE, **said(up=True, since_s=-DAY_S))
PAUSED_SHORT = spec(3, **ONE, paused=True, conditions=(available(), HALTED))
BEHIND = (dropped("a", 0), VETERANS[1])
GROWN = (*DOWN, made("c", 40), made("d", 40))
STS_UP = statefulset(created_ms=at(-DAY_S))
STS_REFUSAL = event("FailedCreate", QUOTA, "orders", object_kind="StatefulSet", last_ms=at(20))
STS_DOWN = tuple(dropped(f"orders-{n}", 0, workload_kind="StatefulSet") for n in (0, 1))
DS_DOWN = tuple(dropped(f"orders-{n}", 0, workload_kind="DaemonSet", node=n) for n in ("a", "b"))
DS_NEW = ds_pod("c", waiting("ContainerCreating"), ready=False, created_ms=at(50), ready_changed_ms=at(50))

OWED = [
    Case(
        "an outage is not over because more pods are wanted",
        [
            *OUTAGE,
            Seen(100, scaled(4, 2, observed_generation=2), DOWN, FAILING, "Degraded"),
            Seen(101, scaled(4, 4), (*DOWN, made("c", 100), made("d", 100)), FAILING, "Degraded"),
            Seen(119, scaled(4, 4), (*DOWN, made("c", 100), made("d", 100)), FAILING, "Degraded"),
            Seen(150, scaled(4, 4, **ONE), (*DOWN, VETERANS[0], made("d", 100)), FAILING, "Degraded"),
        ],
        "1 of 4 available",
    ),
    Case(
        "an outage is not over because fewer pods are wanted",
        [*OUTAGE, Seen(100, scaled(1, 2), DOWN, FAILING, "Degraded"), Seen(101, scaled(1, 1), DOWN[:1], FAILING, "D")],
        "0 of 1 available",
    ),
    Case(
        "an outage is over when nothing is wanted, and what is woken then is not blamed for it",
        [
            *OUTAGE,
            Seen(100, scaled(0, 0), (), IDLE, "Idle"),
            Seen(130, scaled(2, 2), (made("c", 130), made("d", 130)), SCALING, "Scaling"),
        ],
    ),
    Case(
        "an outage while the number is changed fails by the same clock",
        [
            UP,
            Seen(1, OUT, DOWN, WARNING, "DegradedNotReady"),
            Seen(40, scaled(4, 4), GROWN, WARNING, "DegradedUnavailable"),
            Seen(89, scaled(4, 4), GROWN, WARNING, "DegradedUnavailable"),
            Seen(90, scaled(4, 4), GROWN, FAILING, "DegradedUnavailable"),
        ],
    ),
    Case(
        "an outage that begins while more pods come: since it began, whatever the condition says of the new number",
        [
            UP,
            Seen(1, scaled(9, 9, **TWO), (*VETERANS, made("c", 1)), SCALING, "Scaling"),
            Seen(40, scaled(9, 9), (dropped("a", 40), dropped("b", 40), made("c", 1)), WARNING, "DegradedNotReady"),
            *[
                Seen(t, scaled(9, 9), (dropped("a", 40), dropped("b", 40), made("c", 1)), level, "Degraded")
                for t, level in ((71, WARNING), (129, WARNING), (130, FAILING))
            ],
        ],
        "0 of 9 available",
    ),
    Case(
        "an outage of which the counts tell first",
        [
            UP,
            Seen(1, scaled(9, 9, **TWO), (*VETERANS, made("c", 1)), SCALING, "Scaling"),
            Seen(40, scaled(9, 9), (*VETERANS, made("c", 1)), SCALING, "Scaling"),
            *[
                Seen(t, scaled(9, 9), (dropped("a", 39), dropped("b", 39), made("c", 1)), level, "Degraded")
                for t, level in ((42, WARNING), (128, WARNING), (129, FAILING))
            ],
        ],
    ),
    Case(
        "no pod is left while more are wanted: an outage",
        [
            UP,
            *[
                Seen(t, scaled(4, 0, **said(since_s=5)), (), level, reason)
                for t, level, reason in (
                    (5, SCALING, "Scaling"),
                    (35, WARNING, "DegradedUnavailable"),
                    (95, FAILING, "DegradedUnavailable"),
                )
            ],
        ],
    ),
    Case(
        "one of two is not ready for long: more are wanted, and the warning stays",
        [
            UP,
            Seen(1, SHORT, BEHIND, PROGRESSING, "DegradedNotReady"),
            Seen(40, SHORT, BEHIND, WARNING, "DegradedNotReady"),
            Seen(60, scaled(4, 4, **ONE), (*BEHIND, made("c", 60)), WARNING, "DegradedNotReady"),
        ],
        "1 of 4 available",
    ),
    Case(
        "a pod is replaced while more come: scaling, and nothing else",
        [
            UP,
            Seen(1, scaled(4, 4, **TWO), (*VETERANS, made("c", 1), made("d", 1)), SCALING, "Scaling"),
            Seen(5, scaled(4, 4, **ONE), (VETERANS[0], made("c", 1), made("e", 5)), SCALING, "Scaling"),
            Seen(30, scaled(4, 4, ready=3, available=3), (*VETERANS, pod(name="c")), SCALING, "Scaling"),
        ],
    ),
    Case(
        "what was scaled down is not owed though more are wanted again at once",
        [
            Seen(60, spec(2, desired=5, replicas=5, updated=5, ready=5, available=5), VETERANS, OK, "Complete"),
            Seen(
                61,
                deployment(generation=3, desired=2, replicas=5, updated=5, ready=5, available=5),
                VETERANS,
                SCALING,
                "",
            ),
            *[
                Seen(
                    t,
                    scaled(6, 6, **TWO, generation=4, observed_generation=4),
                    (*VETERANS, made("c", 62)),
                    SCALING,
                    "Scaling",
                )
                for t in (62, 100)
            ],
        ],
    ),
    Case(
        "pods that may not be made are an outage, however many are wanted",
        [
            UP,
            Seen(1, deployment(**GONE, **said(REFUSED)), (), FAILING, "DegradedReplicaFailure"),
            Seen(50, scaled(5, 0, **said(REFUSED)), (), FAILING, "DegradedReplicaFailure"),
            Seen(60, scaled(5, 5), (made("c", 59), made("d", 59)), FAILING, "DegradedUnavailable"),
            Seen(80, spec(3), (pod(name="c"), pod(name="d")), OK, "Complete"),
        ],
    ),
    Case(
        "one of two may not be made again: it is owed still when more are wanted",
        [
            UP,
            Seen(1, deployment(replicas=1, updated=1, **ONE, **said(REFUSED)), VETERANS[:1], FAILING, "D"),
            Seen(50, scaled(4, 1, **ONE, **said(REFUSED)), VETERANS[:1], FAILING, "DegradedReplicaFailure"),
        ],
        "1 of 4 available",
    ),
    Case(
        "more may not be made: a warning, whatever number is wanted, until one that was there is missing",
        [
            UP,
            Seen(1, scaled(4, 2, **TWO, **said(REFUSED)), VETERANS, WARNING, "ScalingReplicaFailure"),
            Seen(9, scaled(6, 2, **TWO, **said(REFUSED)), VETERANS, WARNING, "ScalingReplicaFailure"),
            Seen(20, scaled(6, 1, **ONE, **said(REFUSED)), VETERANS[:1], FAILING, "DegradedReplicaFailure"),
        ],
    ),
    Case(
        "a StatefulSet whose pods may not be made is down, however many are wanted",
        [
            Seen(-10, STS_UP, VETERANS, OK, "Complete"),
            Seen(10, statefulset(**GONE, created_ms=at(-DAY_S)), (), FAILING, "DegradedFailedCreate", (STS_REFUSAL,)),
            Seen(
                60,
                statefulset(**GONE, created_ms=at(-DAY_S), desired=5, generation=3, observed_generation=3),
                (),
                FAILING,
                "DegradedFailedCreate",
                (STS_REFUSAL,),
            ),
        ],
        "0 of 5 available",
    ),
    Case(
        "a StatefulSet is down, and more are wanted that OrderedReady does not make",
        [
            Seen(-10, STS_UP, (sts_pod(0), sts_pod(1)), OK, "Complete"),
            Seen(1, statefulset(**NONE, created_ms=at(-DAY_S)), STS_DOWN, WARNING, "DegradedNotReady"),
            *[
                Seen(
                    t,
                    statefulset(**NONE, desired=5, generation=3, observed_generation=3, created_ms=at(-DAY_S)),
                    STS_DOWN,
                    level,
                    "Degraded",
                )
                for t, level in ((20, WARNING), (89, WARNING), (90, FAILING))
            ],
        ],
        "0 of 5 available",
    ),
    Case(
        "a node is added while a DaemonSet is down: its outage is no younger for that",
        [
            Seen(-10, daemonset(created_ms=at(-DAY_S)), (ds_pod("a"), ds_pod("b")), OK, "Complete"),
            Seen(1, daemonset(**NONE, created_ms=at(-DAY_S)), DS_DOWN, WARNING, "DegradedNotReady"),
            Seen(31, daemonset(**NONE, created_ms=at(-DAY_S)), DS_DOWN, WARNING, "DegradedUnavailable"),
            *[
                Seen(
                    t,
                    daemonset(**NONE, desired=3, replicas=3, updated=3, created_ms=at(-DAY_S)),
                    (*DS_DOWN, DS_NEW),
                    level,
                    "DegradedUnavailable",
                )
                for t, level in ((50, WARNING), (90, FAILING))
            ],
        ],
    ),
    Case(
        "an outage fails in its time though the controller does not look at the spec",
        [
            UP,
            Seen(1, OUT, DOWN, WARNING, "DegradedNotReady"),
            *[
                Seen(t, deployment(generation=3, **NONE, **said()), DOWN, level, "Degraded")
                for t, level in ((40, WARNING), (89, WARNING), (90, FAILING), (200, FAILING))
            ],
        ],
    ),
    Case(
        "a number that the controller does not look at is not scaling for ever",
        [
            UP,
            *[
                Seen(t, deployment(generation=3, desired=4, **said(up=True)), VETERANS, level, reason)
                for t, level, reason in (
                    (1, SCALING, "Scaling"),
                    (60, SCALING, "Scaling"),
                    (61, WARNING, "NotObserved"),
                )
            ],
        ],
    ),
    Case(
        "a pause is no excuse for a service that has less than it should",
        [
            UP,
            Seen(1, SHORT, BEHIND, PROGRESSING, "DegradedNotReady"),
            Seen(40, SHORT, BEHIND, WARNING, "DegradedNotReady"),
            Seen(61, PAUSED_SHORT, BEHIND, WARNING, "DegradedNotReady"),
            Seen(70, spec(3, paused=True, conditions=(available(), HALTED)), VETERANS, PAUSED, "Paused"),
        ],
    ),
    Case(
        "nodes of which nothing is known are none the worse for more pods",
        [
            UP,
            *[
                Seen(t, workload, pods, UNKNOWN, "DegradedNodeLost")
                for t, workload, pods in (
                    (10, OUT, tuple(dropped(n, 0, phase="Unknown") for n in "ab")),
                    (99, OUT, tuple(dropped(n, 0, phase="Unknown") for n in "ab")),
                    (120, scaled(3, 3), (*[dropped(n, 0, phase="Unknown") for n in "ab"], made("c", 120))),
                )
            ],
        ],
    ),
]
