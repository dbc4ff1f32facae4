"""How long a rollout may take is counted for each rollout of a workload."""

import pytest

from statusdesk.states import Level, RolloutState
from tests.alerts.make import HOUR, MINUTE, SECOND, World, rollout, rule


def rolling(world: World, version: str, age_ms: int = 0) -> RolloutState:
    began = {"rolling_since_ms": world.now_ms - age_ms, "level_since_ms": world.now_ms - age_ms}
    return rollout(Level.PROGRESSING, version=version, message="0 of 2 new pods ready", **began)


@pytest.fixture
def world() -> World:
    return World(rule("RolloutStuck", for_s=25.0))


def stuck(world: World) -> list[tuple[str, str, int]]:
    return [(each.version, each.state, each.started_ms) for each in world.stored.values()]


def test_the_next_rollout_has_a_time_of_its_own(world):
    world.step(rolling(world, "1.2.0"))
    world.later(15 * SECOND)
    began_ms = world.now_ms
    world.step(rolling(world, "1.2.1"))
    world.later(20 * SECOND)
    assert stuck(world) == [], "it is 20 s old"
    world.later(10 * SECOND)
    assert stuck(world) == [("1.2.1", "firing", began_ms)]


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
@pytest.mark.parametrize("keep_s", [0.0, 5.0])
def test_one_that_fires_is_over_when_the_next_rollout_begins(restarts, keep_s):
    world = World(rule("RolloutStuck", for_s=25.0, keep_firing_for_s=keep_s))
    first_ms = world.now_ms
    world.step(rolling(world, "1.1.0"))
    world.later(MINUTE)
    second_ms = world.now_ms
    world.step(rolling(world, "1.1.1"))
    world.later(10 * SECOND)
    if restarts:
        world.restart()
    assert stuck(world) == [("1.1.0", "resolved", first_ms)]
    world.later(20 * SECOND)
    assert stuck(world) == [("1.1.0", "resolved", first_ms), ("1.1.1", "firing", second_ms)]
    assert world.told == [(what, "RolloutStuck") for what in ("firing", "resolved", "firing")]


def test_one_that_fires_stays_one_when_the_clock_is_set_and_its_rollout_moves_with_it(world):
    began_ms, began = world.now_ms, world.t
    world.step(rolling(world, "1"))
    world.later(MINUTE)
    for set_ms in (10 * MINUTE, -20 * MINUTE):
        world.set_by += set_ms
        world.alerts.restamp(set_ms)
        world.step(rolling(world, "1", age_ms=world.t - began))
        world.later(MINUTE)
    assert stuck(world) == [("1", "firing", began_ms)]
    assert world.told == [("firing", "RolloutStuck")]


def test_without_a_wait_each_rollout_is_told():
    world = World(rule("RolloutStuck", for_s=0.0))
    world.step(rolling(world, "1"))
    world.later(SECOND)
    world.step(rolling(world, "2"))
    world.later(SECOND)
    assert [each[:2] for each in stuck(world)] == [("1", "resolved"), ("2", "firing")]


def test_a_rollout_that_changes_its_level_is_the_same(world):
    began_ms = world.now_ms
    world.step(rolling(world, "1"))
    world.later(15 * SECOND)
    world.step(rollout(Level.FAILING, version="1", rolling_since_ms=began_ms, level_since_ms=world.now_ms))
    world.later(11 * SECOND)
    assert {state for version, state, _ in stuck(world)} == {"firing"} and "RolloutStuck" in world.states()


def on_its_way(level: Level, began_ms: int, **fields) -> RolloutState:
    return rollout(level, **{"version": "1", "rolling_since_ms": began_ms} | fields)


def test_one_that_fires_goes_on_through_a_warning_until_it_is_rolled_out(world):
    began_ms = world.now_ms
    world.step(on_its_way(Level.PROGRESSING, began_ms, reason="Rolling"))
    world.later(MINUTE)
    world.step(on_its_way(Level.WARNING, began_ms, reason="NeverReady"))
    world.later(MINUTE)
    world.step(on_its_way(Level.FAILING, began_ms, reason="NeverReady", level_since_ms=world.now_ms))
    world.later(MINUTE)
    assert [each for each in world.told if each[1] == "RolloutStuck"] == [("firing", "RolloutStuck")]
    world.step(rollout(Level.OK, version="1"))
    assert [each[0] for each in world.told if each[1] == "RolloutStuck"] == ["firing", "resolved"]


@pytest.mark.parametrize(
    "between", [{"reason": "NeverReady"}, {"reason": "StuckTerminating", "rolling_since_ms": None}]
)
def test_the_wait_runs_from_the_beginning_of_the_rollout_through_its_levels(world, between):
    """Also where it was nothing to wait for meanwhile: what nobody has heard of leaves no other start behind."""
    began_ms = world.now_ms
    world.step(on_its_way(Level.PROGRESSING, began_ms, reason="Rolling"))
    world.later(10 * SECOND)
    world.step(on_its_way(Level.WARNING, began_ms, **between))
    world.later(10 * SECOND)
    world.step(on_its_way(Level.FAILING, began_ms, reason="NeverReady", level_since_ms=world.now_ms))
    world.later(6 * SECOND)
    (alert,) = [each for each in world.stored.values() if each.alertname == "RolloutStuck"]
    assert (alert.state, alert.started_ms) == ("firing", began_ms) and alert.fired_ms <= began_ms + 26 * SECOND


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_one_that_ended_long_ago_and_comes_again_has_a_row_of_its_own(restarts):
    """Whenever the second is said to have begun, the end of the first stays written down."""
    world = World(rule("RolloutStuck", for_s=25.0))
    began = {"rolling_since_ms": world.now_ms, "level_since_ms": world.now_ms, "version": "2.0"}
    world.step(rollout(Level.PROGRESSING, **began))
    world.later(MINUTE)
    world.step(rollout(Level.PAUSED, reason="Paused", **began))
    (first,) = world.stored.values()
    assert first.state == "resolved"
    world.later(2 * HOUR)
    if restarts:
        world.restart()
    else:
        world.step(rollout(namespace="testing", name="other"))  # what fires sweeps what is older
    world.step(rollout(Level.PROGRESSING, **began))
    world.later(2 * MINUTE)
    again = [each for each in world.stored.values() if each.fingerprint == first.fingerprint]
    assert [each.state for each in again] == ["resolved", "firing"] and again[0] == first
