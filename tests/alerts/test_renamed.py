"""An app that is called otherwise: its alerts go on under the new name, and nobody is told that they are over."""

import itertools

import pytest
from msgspec.structs import replace

from statusdesk.states import Level
from statusdesk.states_alerts import RENAMED
from tests.alerts.make import EU, MINUTE, SECOND, World, rollout, rule
from tests.alerts.test_leaving import ended

AHEAD, THERE = "BadVersionAhead", "BadVersionInProduction"


def orders(level: Level = Level.OK, production: str = "1.4", app: str = "orders"):
    """Version 1.5 on its way: in testing, in staging at a level, and what production has."""
    rows = [("testing", Level.OK, "1.5"), ("staging", level, "1.5"), ("shop", Level.OK, production)]
    return [
        rollout(each, namespace, version=version, version_since_ms=1_000, available=2, ready=2, app=app)
        for namespace, each, version in rows
    ]


def firing(world: World) -> set[tuple[str, str, str]]:
    return {(each.alertname, each.app, each.severity) for each in world.alerts.active() if each.state == "firing"}


def begun(*rows) -> World:
    world = World(rule("RolloutStuck", enabled=False))
    world.step(*rows)
    return world


@pytest.mark.parametrize("restarts", [False, True])
def test_what_fails_after_an_app_was_given_another_name_is_told_of_that(restarts):
    world = begun(*orders())
    if restarts:
        world.restart(heard=())
    world.step(retold=orders(app="bill"))
    for source in world.tuning.sources:
        world.alerts.answered(source, world.t)
    world.step(orders(Level.FAILING, app="bill")[1])
    assert firing(world) == {(AHEAD, "bill", "warning"), ("RolloutFailing", "bill/orders", "warning")}


def test_a_version_that_production_runs_is_told_as_that_under_the_new_name():
    world = begun(*orders(production="1.5"))
    world.restart(heard=())
    world.step(retold=orders(production="1.5", app="bill"))
    world.alerts.answered(EU, world.t)
    world.step(orders(Level.FAILING, "1.5", app="bill")[1])
    assert (THERE, "bill", "critical") in firing(world)


@pytest.mark.parametrize("name", [AHEAD, THERE])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_fires_goes_on_under_the_new_name_with_who_has_taken_it(name, restarts):
    production = "1.5" if name == THERE else "1.4"
    world = begun(*orders(Level.FAILING, production))
    (alert,) = [each for each in world.alerts.active() if each.alertname == name]
    world.alerts.acknowledge(alert.fingerprint, "kim", "on it", None, world.now_ms)
    world.step()
    if restarts:
        world.restart(heard=())
    world.step(retold=orders(Level.FAILING, production, app="bill"))
    for source in world.tuning.sources:
        world.alerts.answered(source, world.t)
    world.step()
    assert sorted(ended(world)) == [(name, RENAMED), ("RolloutFailing", RENAMED)]
    (now,) = [each for each in world.alerts.active() if each.alertname == name]
    assert (now.app, now.state, now.acked_by, now.ack_comment) == ("bill", "firing", "kim", "on it")
    assert [each.acked_by for each in world.alerts.active() if each.alertname == "RolloutFailing"] == [""]


@pytest.mark.parametrize("name", [AHEAD, THERE])
@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_workloads_that_are_given_their_name_one_after_the_other_tell_no_false_end(name, order):
    production = "1.5" if name == THERE else "1.4"
    world = begun(*orders(Level.FAILING, production))
    rows = orders(Level.FAILING, production, app="bill")
    for place in order:
        world.step(retold=[rows[place]])
        world.later(5 * SECOND)
    assert {each.app for each in world.alerts.active()} == {"bill", "bill/orders"}
    assert not {(name, ""), ("RolloutFailing", "")} & set(ended(world))
    assert name in {each.alertname for each in world.alerts.active()}


def test_a_workload_that_is_taken_out_of_an_app_ends_its_alert_with_these_words():
    world = begun(*orders(Level.FAILING))
    world.step(retold=[orders(Level.FAILING, app="worker")[1]])
    assert (AHEAD, "orders", "warning") in firing(world)
    world.later(2 * MINUTE)
    assert (AHEAD, "what fails of orders belongs to worker now") in ended(world)


def test_what_is_well_when_it_is_given_another_name_is_over():
    world = begun(*orders(Level.FAILING))
    world.step(*orders(app="bill"))
    assert sorted(ended(world)) == [(AHEAD, ""), ("RolloutFailing", "")]


def test_what_is_unknown_when_it_is_given_another_name_goes_on_too():
    world = begun(*orders(Level.FAILING))
    world.step(orders(Level.UNKNOWN)[1])
    world.step(retold=orders(Level.UNKNOWN, app="bill"))
    assert (AHEAD, "bill", "warning") in firing(world)


def test_the_other_app_s_own_alert_is_no_heir():
    world = begun(*orders(Level.FAILING))
    other = [
        replace(each, key=f"{each.key}-b", name="b", version=f"{each.version}b")
        for each in orders(Level.FAILING, app="bill")
    ]
    world.step(*other)
    world.later(5 * SECOND)
    world.step(retold=orders(Level.FAILING, app="bill"))
    world.later(2 * MINUTE)
    assert (AHEAD, "what fails of orders belongs to bill now") in ended(world)
