"""Alerts of versions know what runs, whatever an update that is held back asks for."""

from statusdesk.states import Level
from tests.alerts.make import World, rollout, rule

AHEAD, THERE = "BadVersionAhead", "BadVersionInProduction"


def web(namespace, version, level=Level.OK, since=1_000, **more):
    counts = {"available": 2, "ready": 2, "updated": 2, "desired": 2}
    return rollout(level, namespace, "web", version=version, version_since_ms=since, **(counts | more))


def held(namespace, version, runs, level=Level.OK, updated=0):
    more = {"held_by": "OnDelete", "held_version": runs, "held_since_ms": 500, "updated": updated}
    return web(namespace, version, level, **more)


def told(*rows):
    world = World(rule("RolloutStuck", enabled=False))
    world.step(*rows)
    return {each.alertname: each for each in world.alerts.active()}


def test_what_production_only_asks_for_is_on_its_way():
    alerts = told(web("staging", "7.4", Level.FAILING), held("shop", "7.4", "7.3"))
    assert THERE not in alerts and "asks for it and has no pod of it yet" in alerts[AHEAD].summary


def test_pods_of_the_old_version_blame_that_and_not_the_one_they_wait_for():
    alerts = told(held("staging", "7.4", "7.3", Level.FAILING), web("shop", "7.3"))
    assert alerts[THERE].version == "7.3" and alerts[THERE].summary.startswith("web 7.3 runs in production")
    assert {each.version for each in alerts.values()} == {"7.3"}


def test_a_version_that_some_pods_of_production_are_held_on_to_runs_there():
    for updated in (0, 1):
        alerts = told(web("staging", "7.3", Level.FAILING), held("shop", "7.4", "7.3", updated=updated))
        assert alerts[THERE].version == "7.3" and AHEAD not in alerts
