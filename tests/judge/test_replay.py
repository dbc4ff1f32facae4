"""The recorded namespaces: what must be seen, when, and what must never be said."""

from functools import cache

import pytest

from statusdesk.states import Level
from tests.judge.replay import START_MS, Replay, replay

CALM = {Level.OK, Level.PROGRESSING, Level.SCALING, Level.IDLE, Level.PAUSED}


@cache
def recorded(namespace: str) -> Replay:
    return replay(namespace)


@pytest.mark.parametrize(
    ("namespace", "app", "level", "reason", "t"),
    [
        ("testing", "orders", Level.WARNING, "Exit", 3.65),
        ("testing", "orders", Level.FAILING, "CrashLoopBackOff", 6.65),
        ("testing", "payments", Level.FAILING, "ErrImagePull", 3.33),
        ("testing", "customers", Level.WARNING, "InitExit", 2.37),
        ("testing", "customers", Level.FAILING, "InitExit", 5.16),
        ("testing", "inventory", Level.FAILING, "CreateContainerConfigError", 3.12),
        ("testing", "billing", Level.WARNING, "NeverReady", 18.57),
        ("testing", "billing", Level.FAILING, "NeverReady", 31.57),
        ("testing", "gateway", Level.WARNING, "OOMKilled", 6.02),
        ("testing", "gateway", Level.FAILING, "OOMKilled", 11.03),
        ("testing", "auth", Level.OK, "Complete", 0.07),
        ("staging", "orders", Level.PAUSED, "Paused", 2.29),
        ("staging", "payments", Level.SCALING, "Scaling", 2.44),
        ("staging", "customers", Level.IDLE, "Idle", 2.61),
        ("staging", "billing", Level.WARNING, "Unschedulable", 17.57),
        ("staging", "billing", Level.FAILING, "Unschedulable", 92.57),
        ("staging", "gateway", Level.FAILING, "CrashLoopBackOff", 7.99),
        ("staging", "inventory", Level.FAILING, "ReplicaFailure", 33.19),
        ("staging", "search", Level.FAILING, "DegradedReplicaFailure", 38.27),
    ],
)
def test_first_sign(namespace: str, app: str, level: Level, reason: str, t: float) -> None:
    assert recorded(namespace).first(app, level, reason) == pytest.approx(t, abs=0.02)


@pytest.mark.parametrize("app", ["orders", "payments", "customers", "inventory", "billing", "gateway"])
def test_what_fails_stays_failing(app: str) -> None:
    levels = recorded("testing").levels(app)
    assert levels.count(Level.FAILING) == 1
    assert levels[-1] is Level.FAILING


@pytest.mark.parametrize(
    ("namespace", "app", "levels"),
    [
        ("testing", "auth", [Level.OK, Level.PROGRESSING, Level.PROGRESSING, Level.OK]),
        ("testing", "search", [Level.OK, Level.PROGRESSING, Level.PROGRESSING]),
        ("staging", "orders", [Level.OK, Level.PAUSED]),
        ("staging", "payments", [Level.OK, Level.SCALING, Level.OK]),
        ("staging", "customers", [Level.OK, Level.SCALING, Level.IDLE]),
        ("staging", "auth", [Level.OK, Level.PROGRESSING, Level.PROGRESSING, Level.OK]),
    ],
)
def test_what_is_well_is_never_an_alarm(namespace: str, app: str, levels: list[Level]) -> None:
    assert recorded(namespace).levels(app) == levels


def test_undone_rollout_is_well_on_the_old_replica_set() -> None:
    levels = recorded("staging").levels("gateway")
    assert levels[-3:] == [Level.PROGRESSING, Level.PROGRESSING, Level.OK]
    after = recorded("staging").at("gateway", 40)
    assert (after.version, after.previous_version, after.revision) == ("1.4.2", "1.5.0", "3")


@pytest.mark.parametrize(
    ("namespace", "app", "t", "message"),
    [
        ("testing", "orders", 7, "container app exits 1 in orders-"),
        ("testing", "payments", 5, "image registry.local/app:1.5.0 not found, 0 of 2 new pods ready"),
        ("testing", "customers", 3, "init container migrate exits 1 in customers-"),
        ("testing", "inventory", 4, 'container app cannot be configured: configmap "app-config" not found'),
        ("testing", "billing", 20, "billing-5c698cb49b-wpdth runs and is never ready"),
        ("testing", "gateway", 7, "container app is killed: out of memory (exit 137)"),
        ("staging", "billing", 20, "cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu"),
        ("staging", "inventory", 40, "pods cannot be created: exceeded quota: q, requested: pods=1, used: pods=19"),
        (
            "staging",
            "search",
            99,
            "used: pods=18, limited: pods=17, 1 of 2 available",
        ),
    ],
)
def test_the_sentence_says_why(namespace: str, app: str, t: float, message: str) -> None:
    assert message in recorded(namespace).at(app, t).message


def test_the_countdown_is_to_the_deadline_of_kubernetes() -> None:
    state = recorded("testing").at("billing", 20)
    assert state.deadline_ms is not None
    assert state.deadline_ms - (state.started_ms or 0) == pytest.approx(60_000, abs=1000)


@pytest.mark.parametrize(
    ("namespace", "reason", "t"), [("testing", "NeverReady", 20), ("staging", "Unschedulable", 20)]
)
def test_a_warning_says_when_it_will_fail(namespace: str, reason: str, t: float) -> None:
    state = recorded(namespace).at("billing", t)
    assert state.fails_ms is not None
    fails_t = (state.fails_ms - START_MS) / 1000
    assert fails_t == pytest.approx(recorded(namespace).first("billing", Level.FAILING, reason), abs=0.02)
    assert recorded(namespace).at("billing", 99).fails_ms is None


def test_previous_version_and_pod_are_named() -> None:
    state = recorded("testing").at("customers", 6)
    assert (state.previous_version, state.version) == ("1.4.2", "1.5.0")
    assert (state.pod, state.container, state.exit_code) == ("customers-5684b9c75c-zlg8s", "migrate", 1)
    assert "migrate" in state.look


@pytest.mark.parametrize("deaf_until", [10.0, 36.0, 50.0, 99.9])
@pytest.mark.parametrize("namespace", ["testing", "staging"])
def test_who_comes_late_ends_with_the_same_picture(namespace: str, deaf_until: float) -> None:
    late = replay(namespace, deaf_until=deaf_until)
    for app, state in recorded(namespace).last.items():
        other = late.last[app]
        assert (other.level, other.reason, other.message) == (state.level, state.reason, state.message)
        assert (other.version, other.revision, other.pod) == (state.version, state.revision, state.pod)
