"""Silences: what matches, which patterns are taken, and when one begins and ends."""

import time

import pytest

from statusdesk.alerts.mutes import Mutes, matches, pattern_problem
from statusdesk.states import Level
from statusdesk.states_alerts import AlertState, Matcher, Silence
from tests.alerts.make import HOUR, MINUTE, World, rollout, rule

ORDERS = AlertState(fingerprint="f", started_ms=1, alertname="RolloutFailing", severity="warning", state="firing",
                    cluster="eu", namespace="staging", app="orders/web")  # fmt: skip


@pytest.mark.parametrize(
    ("matchers", "found"),
    [
        ([("app", "orders/web")], True),
        ([("app", "orders")], True),
        ([("app", "orders", False, False)], False),
        ([("app", "web")], False),
        ([("app", "orders.*", True)], True),
        ([("app", "web|orders/.*", True)], True),
        ([("app", "order", True)], False),  # the whole value, as Alertmanager has it
        ([("namespace", "production", False, False)], True),
        ([("namespace", "staging", False, False)], False),
        ([("token", "")], True),
        ([("app", "orders/web"), ("namespace", "testing")], False),
        ([("summary", "")], True),  # no label at all
        ([("fired_ms", "None")], False),
        ([("app", "(a+)+$", True)], False),
    ],
)
def test_matching(matchers, found):
    assert matches([Matcher(*each) for each in matchers], ORDERS) is found


@pytest.mark.parametrize("pattern", ["a.*", "a|b.*|c-d", "", r"a\.b", "eu/x:1 @z"])
def test_plain_patterns_are_taken(pattern):
    assert pattern_problem(pattern) == ""


@pytest.mark.parametrize("pattern", ["(a+)+$", "a+", "[a-z]", "a{1,9}", r"\d", "^a", ".*.*.*.*a", "a.", "(?i)a"])
def test_patterns_that_could_be_slow_or_mean_something_else_are_not(pattern):
    assert "is not taken" in pattern_problem(pattern)


def test_the_worst_pattern_that_is_taken_is_quick():
    worst = Matcher("app", "|".join([".*a.*b.*c"] * 20), is_regex=True)
    alert = AlertState(fingerprint="f", started_ms=1, alertname="A", severity="info", state="firing", app="ab" * 150)
    began = time.perf_counter()
    assert not matches([worst], alert)
    assert time.perf_counter() - began < 0.5


def silence(world, ms=HOUR, begins_ms=0, **matchers):
    return Silence(
        id="s", matchers=tuple(Matcher(*each) for each in matchers.items()), starts_ms=world.now_ms + begins_ms,
        ends_ms=world.now_ms + begins_ms + ms, created_by="kim", created_ms=world.now_ms,
    )  # fmt: skip


def silenced(world):
    return [alert.silenced_by for alert in world.alerts.active()]


def test_a_silence_begins_and_ends():
    world = World(rule("RolloutStuck", enabled=False))
    world.step(rollout())
    world.alerts.mutes.put(silence(world, 10 * MINUTE, 5 * MINUTE, namespace="staging"))
    world.step()
    assert silenced(world) == [""]
    world.later(6 * MINUTE)
    assert silenced(world) == ["s"]
    world.later(10 * MINUTE)
    assert silenced(world) == [""]


def test_what_comes_while_a_silence_holds_is_silent_from_the_beginning():
    world = World(rule("RolloutStuck", enabled=False))
    world.alerts.mutes.put(silence(world, app="orders"))
    world.step()
    (written,) = world.step(rollout())
    assert written.silenced_by == "s" and written.muted
    world.alerts.mutes.expire("s", world.now_ms)
    (written,) = world.step()
    assert written.silenced_by == ""
    assert world.alerts.mutes.expire("s", world.now_ms) is None and world.alerts.mutes.expire("x", 0) is None


def test_an_acknowledgement_ends_at_its_time_and_with_the_alert():
    world = World(rule("RolloutStuck", enabled=False))
    (alert,) = world.step(rollout())
    assert world.alerts.acknowledge("nothing", "kim", "", None, world.now_ms) is None
    world.alerts.acknowledge(alert.fingerprint, "kim", "on it", world.now_ms + 5 * MINUTE, world.now_ms)
    world.step()
    (taken,) = world.alerts.active()
    assert (taken.acked_by, taken.ack_comment, taken.acked_ms) == ("kim", "on it", world.now_ms)
    world.later(7 * MINUTE)
    assert [alert.acked_by for alert in world.alerts.active()] == [""]
    world.alerts.acknowledge(alert.fingerprint, "kim", "", None, world.now_ms)
    world.step()
    world.restart()
    assert [alert.acked_by for alert in world.alerts.active()] == ["kim"]
    world.step(rollout(Level.OK))
    (again,) = world.step(rollout())
    assert again.acked_by == "", "another one"
    assert [what for what, _ in world.told] == ["firing", "acked", "unacked", "acked", "resolved", "firing"]


def test_many_silences_cost_little():
    mutes = Mutes(
        [
            Silence(id=f"{n}", matchers=(Matcher("app", f"a{n}"),), starts_ms=0, ends_ms=HOUR, created_by="")
            for n in range(500)
        ]
    )
    began = time.perf_counter()
    for _ in range(20):
        assert mutes.silenced_by(ORDERS, 1) == ""
    assert time.perf_counter() - began < 1


def test_what_is_over_for_long_is_forgotten():
    day = 86_400_000
    mutes = Mutes([Silence(id=str(n), matchers=(), starts_ms=0, ends_ms=n * day, created_by="kim") for n in (1, 2, 9)])
    assert mutes.due(3 * day)
    assert [mutes.find(name) is not None for name in "129"] == [False, False, True]
