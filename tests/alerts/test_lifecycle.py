"""The life of one alert, step by step at a stepped time, with a restart between any two of them."""

import pytest
from msgspec.structs import replace

from statusdesk.config_alerts import FlappingSettings
from statusdesk.states import Level
from tests.alerts.make import EU, HOUR, MINUTE, SECOND, World, build, rollout, rule, source, token

BAD, WELL = rollout(Level.FAILING, message="m"), rollout(Level.OK)


def test_without_for_it_fires_at_once_and_once():
    world = World()
    (fired,) = world.step(rollout(Level.FAILING, level_since_ms=5, rolling_since_ms=5, message="x"))
    assert (fired.alertname, fired.state, fired.started_ms, fired.fired_ms) == (
        "RolloutFailing",
        "firing",
        5,
        world.now_ms,
    )
    assert (fired.stage, fired.hangs_on, fired.subject) == (
        "staging",
        (EU, f"{EU}#staging"),
        "RolloutState:eu/staging/Deployment/orders",
    )
    world.step(rollout(Level.FAILING, level_since_ms=5, rolling_since_ms=5, message="x", reason="Other"))
    world.later(HOUR)
    assert world.told == [("firing", "RolloutFailing")] + [("firing", "RolloutStuck")]
    resolved = {alert.alertname: alert for alert in world.step(WELL)}["RolloutFailing"]
    assert (resolved.state, resolved.resolved_ms, resolved.started_ms) == ("resolved", world.now_ms, 5)
    assert resolved.fingerprint == fired.fingerprint
    assert world.step(WELL) == []


FOR = rule(for_s=60.0)
KEEP = rule(keep_firing_for_s=120.0)
STEPS = [
    # rule, what happens (seconds passed, then a row or nothing), and the state after each
    ("for: fires after it", FOR, [(0, BAD, "pending"), (50, None, "pending"), (15, None, "firing")]),
    ("for: over before", FOR, [(0, BAD, "pending"), (50, WELL, None), (60, None, None)]),
    ("for: begins anew", FOR, [(0, BAD, "pending"), (50, WELL, None), (5, BAD, "pending"), (50, None, "pending")]),
    ("keep: over after it", KEEP, [(0, BAD, "firing"), (10, WELL, "firing"), (100, None, "firing"), (30, None, None)]),
    ("keep: bad again", KEEP, [(0, BAD, "firing"), (10, WELL, "firing"), (100, BAD, "firing"), (60, WELL, "firing"),
                               (110, None, "firing"), (20, None, None)]),
    ("gone is over", rule(), [(0, BAD, "firing"), (5, rollout(Level.FAILING, until_ms=9), None)]),
    ("unknown is not over", rule(), [(0, BAD, "firing"), (5, rollout(Level.UNKNOWN), "firing"), (5, WELL, None)]),
    ("unknown does not fire", rule(), [(0, rollout(Level.UNKNOWN), None), (60, None, None)]),
    ("unknown, then known", FOR, [(0, BAD, "pending"), (5, rollout(Level.UNKNOWN), "pending"), (70, None, "firing")]),
    ("off", rule(enabled=False), [(0, BAD, None), (60, None, None)]),
    ("off in that stage", rule(enabled=("production",)), [(0, BAD, None)]),
    ("on in that stage", rule(enabled=("staging",)), [(0, BAD, "firing")]),
]  # fmt: skip


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
@pytest.mark.parametrize(("name", "tuned", "steps"), STEPS, ids=[step[0] for step in STEPS])
def test_a_life(name, tuned, steps, restarts):
    world = World(tuned, rule("RolloutStuck", enabled=False))
    for seconds, row, state in steps:
        if restarts:
            world.restart()
        if seconds:
            world.later(seconds * SECOND)
        world.step(*([row] if row is not None else []))
        assert world.states().get("RolloutFailing") == state, (name, seconds)
    told = [what for what, _ in world.told]
    states = [state for _, _, state in steps]
    # whatever is restarted, each is told once
    assert told.count("firing") == ("firing" in states)
    assert told.count("resolved") == ("firing" in states and states[-1] is None)


def test_one_slow_visit_longer_than_for_is_no_proof():
    world = World(FOR)
    world.step(BAD)
    world.later(10 * MINUTE, answering=())
    assert world.states() == {"RolloutFailing": "pending"}
    world.alerts.answered(EU, world.t)
    world.step()
    assert world.states() == {"RolloutFailing": "firing"}


def test_waits_go_on_after_a_short_outage_of_ours_and_begin_anew_after_a_long_one():
    for down_ms, state in ((HOUR - 5 * MINUTE, "firing"), (HOUR + MINUTE, "pending")):
        world = World(rule(for_s=1800.0), rule("RolloutStuck", enabled=False))
        world.step(BAD)
        world.later(10 * MINUTE)
        world.restart(down_ms, heard=())
        assert world.states() == {"RolloutFailing": "pending"}, "not seen again yet"
        world.later(SECOND)
        assert world.states() == {"RolloutFailing": state}
    world.later(31 * MINUTE)
    assert world.states() == {"RolloutFailing": "firing"}


@pytest.mark.parametrize("set_by", [10 * MINUTE, -10 * MINUTE])
@pytest.mark.parametrize("tuned", [rule(for_s=300.0), rule(keep_firing_for_s=300.0)], ids=["for", "keep"])
def test_setting_the_clock_does_no_harm(set_by, tuned):
    world = World(tuned, rule("RolloutStuck", enabled=False))
    world.step(BAD)
    if tuned.keep_firing_for_s:
        world.step(WELL)
    before = world.states()
    world.later(4 * MINUTE)
    world.set_by += set_by
    world.later(30 * SECOND)
    assert world.states() == before, "neither sooner"
    world.later(40 * SECOND)
    assert world.states() != before, "nor later"
    ended = [alert for alert in world.stored.values() if alert.alertname == "RolloutFailing"]
    assert {alert.fired_ms or alert.resolved_ms for alert in ended}


def flap(world: World, times: int, apart_ms: int = MINUTE) -> None:
    for _ in range(times):
        world.step(BAD)
        world.later(apart_ms)
        world.step(WELL)
        world.later(apart_ms)


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_flapping_is_told_once_and_then_nothing_until_it_holds(restarts):
    world = World(rule("RolloutStuck", enabled=False))
    for _ in range(6):
        flap(world, 1)
        if restarts:
            world.restart()
    fired = [("firing", "RolloutFailing"), ("resolved", "RolloutFailing")] * 2
    assert world.told == [*fired, ("flapping", "RolloutFailing")]
    (alert,) = world.alerts.active()
    assert alert.flapping and alert.state == "firing" and alert.summary.startswith("flapping, 3 times")
    world.later(12 * MINUTE)
    assert world.states() == {"RolloutFailing": "firing"}
    world.later(4 * MINUTE)
    assert world.states() == {} and world.told[-1] == ("resolved", "RolloutFailing")
    (over,) = (each for each in world.stored.values() if each.flapped)
    assert over.state == "resolved" and over.summary.startswith("it was flapping, 3 times, and has held since: orders")


def test_what_flapped_and_stays_bad_is_firing_as_anything_else_again():
    world = World(rule("RolloutStuck", enabled=False))
    flap(world, 4)
    world.step(rollout(Level.FAILING, message="new words"))
    world.later(16 * MINUTE)
    (alert,) = world.alerts.active()
    assert not alert.flapping and "new words" in alert.summary
    assert [what for what, _ in world.told].count("flapping") == 1
    world.step(WELL)
    assert world.told[-1][0] == "resolved"


def test_what_flaps_says_what_is_so_now_and_tells_nobody():
    world = World(rule("RolloutStuck", enabled=False))
    flap(world, 3)
    before = len(world.told)
    world.step(rollout(Level.FAILING, message="made again", build_url="http://j/2"))
    (alert,) = world.alerts.active()
    assert alert.flapping and alert.summary.startswith("flapping, 3 times now; ") and "made again" in alert.summary
    assert "well now" not in alert.words
    world.step(WELL)
    assert "it is well now, and held" in world.alerts.active()[0].words
    assert alert.summary.count("flapping") == 1 and alert.build_url == "http://j/2" and len(world.told) == before


def test_seldom_is_not_flapping_and_the_measure_is_a_setting():
    world = World(rule("RolloutStuck", enabled=False))
    flap(world, 4, 21 * MINUTE)
    assert "flapping" not in [what for what, _ in world.told]
    world = World(rule("RolloutStuck", enabled=False), flapping=FlappingSettings(count=2, within_s=600.0, hold_s=60.0))
    flap(world, 2, 30 * SECOND)
    assert [what for what, _ in world.told] == ["firing", "resolved", "flapping"]
    world.later(90 * SECOND)
    assert world.states() == {}


def test_a_new_message_changes_the_alert_in_place():
    world = World()
    (fired,) = world.step(rollout(message="one"))
    (changed,) = world.step(rollout(message="two", build_url="http://j/7", previous_version="1.4"))
    assert (changed.fingerprint, changed.started_ms) == (fired.fingerprint, fired.started_ms)
    assert changed.summary.endswith("two") and (changed.build_url, changed.last_good) == ("http://j/7", "1.4")
    assert world.told == [("firing", "RolloutFailing")]


def test_a_second_life_is_another_alert_even_if_it_began_at_the_same_moment():
    world = World()
    (first,) = world.step(rollout(level_since_ms=7))
    world.step(WELL)
    (second,) = world.step(rollout(level_since_ms=7))
    assert second.fingerprint == first.fingerprint and second.started_ms != first.started_ms


def test_two_workloads_with_the_same_labels_are_one_alert_until_both_are_well():
    world = World(rule("RolloutStuck", enabled=False))
    other = {"key": "eu/staging/StatefulSet/orders", "kind": "StatefulSet"}
    twin_bad, twin_well = replace(BAD, **other), replace(WELL, **other)
    world.step(BAD, twin_bad)
    world.step(WELL)
    assert world.states() == {"RolloutFailing": "firing"}
    world.step(twin_well)
    assert world.states() == {}
    assert [what for what, _ in world.told] == ["firing", "resolved"]


# -- sources


def down(world: World, name: str = EU) -> None:
    world.alerts.failed(name, world.now_ms)
    world.step(source(name=name, level_since_ms=world.now_ms))


def up(world: World, name: str = EU) -> None:
    world.alerts.answered(name, world.t)
    world.step(source(Level.OK, name=name))


def outage(world: World, ms: int, name: str = EU) -> None:
    """Let a source be down for a while: visited again and again, in vain."""
    others = [each for each in world.tuning.sources if each != name]
    down(world, name)
    end = world.t + ms
    while world.t < end:
        world.later(30 * SECOND, answering=others)
        world.alerts.failed(name, world.now_ms)
        world.step()


def test_a_source_down_for_an_hour_freezes_all_and_is_told_once():
    world = World(rule("RolloutStuck", enabled=False))
    web = {"namespace": "staging", "name": "web"}
    world.step(BAD, rollout(Level.PROGRESSING, **web), build(Level.FAILING))
    told = len(world.told)
    outage(world, HOUR)
    assert world.told[told:] == [("pending", "SourceDown"), ("firing", "SourceDown")]
    frozen = {alert.alertname: alert.stale_since_ms is not None for alert in world.alerts.active()}
    assert frozen == {"RolloutFailing": True, "BuildFailed": False, "SourceDown": False}
    # what time alone made of old facts meanwhile is no news
    world.step(rollout(Level.FAILING, message="deadline", **web), WELL)
    assert world.states()["RolloutFailing"] == "firing" and len(world.told) == told + 2
    # it answers: what it shows now is read within moments, and only that counts
    up(world)
    assert world.told[-1] == ("resolved", "SourceDown")
    world.step(rollout(Level.OK, **web), rollout(Level.FAILING, message="m"))
    world.later(MINUTE)
    firing = [alert for alert in world.alerts.active() if alert.alertname == "RolloutFailing"]
    assert [(alert.app, alert.stale_since_ms) for alert in firing] == [("orders", None)]
    assert world.told[told + 3 :] == []


def test_after_an_outage_the_truth_is_told_also_of_what_was_not_seen_to_change():
    world = World(rule("RolloutStuck", enabled=False))
    world.step(BAD)
    outage(world, 10 * MINUTE)
    world.step(WELL, rollout(name="web"))
    assert world.states() == {"RolloutFailing": "firing", "SourceDown": "firing"}
    up(world)
    world.later(10 * SECOND)
    assert world.told[-2:] == [("firing", "RolloutFailing"), ("resolved", "RolloutFailing")] or world.told[-2:] == [
        ("resolved", "RolloutFailing"),
        ("firing", "RolloutFailing"),
    ]
    assert [alert.app for alert in world.alerts.active()] == ["web"]


def test_one_visit_that_fails_is_no_source_down():
    world = World()
    down(world)
    world.later(10 * SECOND, answering=())
    up(world)
    world.later(MINUTE)
    assert world.told == [("pending", "SourceDown")]
    down(world)
    world.later(2 * MINUTE, answering=())
    assert world.states() == {"SourceDown": "pending"}, "it was not tried again"
    world.alerts.failed(EU, world.now_ms)
    world.step()
    assert world.states() == {"SourceDown": "firing"}


def test_a_pending_alert_does_not_fire_while_its_source_is_down():
    world = World(FOR, rule("RolloutStuck", enabled=False))
    world.step(BAD)
    outage(world, 10 * MINUTE)
    assert world.states()["RolloutFailing"] == "pending"
    up(world)
    world.step(WELL)
    world.later(MINUTE)
    assert ("firing", "RolloutFailing") not in world.told and world.states() == {}


def test_nothing_is_concluded_from_the_store_before_a_source_was_heard_of():
    world = World(KEEP, rule("RolloutStuck", enabled=False))
    world.step(BAD)
    world.step(WELL)
    world.restart(30 * MINUTE, heard=())
    world.later(5 * MINUTE, answering=())
    assert world.states() == {"RolloutFailing": "firing"}
    world.step(BAD)
    assert world.states() == {"RolloutFailing": "firing"} and ("resolved", "RolloutFailing") not in world.told


def test_a_restart_while_a_source_is_down_is_no_edge_either():
    world = World(rule("RolloutStuck", enabled=False))
    world.step(BAD)
    outage(world, 5 * MINUTE)
    told = list(world.told)
    world.restart(10 * SECOND, heard=("jenkins", "vault"))
    world.alerts.failed(EU, world.now_ms)
    world.later(10 * MINUTE, answering=("jenkins", "vault"))
    assert world.told == told and world.states() == {"RolloutFailing": "firing", "SourceDown": "firing"}
    up(world)
    world.later(MINUTE)
    assert world.states() == {"RolloutFailing": "firing"}
    assert [alert.stale_since_ms for alert in world.alerts.active()] == [None]


def test_what_a_source_showed_that_has_left_the_configuration_ends():
    world = World()
    world.step(build(Level.FAILING))
    world.tuning.sources = frozenset({EU, "vault"})
    world.restart()
    world.later(MINUTE, answering=(EU, "vault"))
    assert world.states() == {} and world.told[-1] == ("resolved", "BuildFailed")


def test_a_rule_that_was_switched_off_ends_its_alerts():
    world = World()
    world.step(token(Level.FAILING))
    world.tuning = World(rule("TokenLapsing", enabled=False)).tuning
    world.restart()
    assert world.states() == {} and world.told[-1] == ("resolved", "TokenLapsing")
