"""A namespace of a cluster that cannot be read any more: told once, and what is known of it stays as it is."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.dedup import group_of
from statusdesk.alerts.rules import deserved
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import AlertsSettings
from statusdesk.sinks.message import lines_of, place
from statusdesk.states import Level
from tests.alerts.make import EU, MINUTE, SECOND, World, closed, config, rollout

WELL = rollout(Level.OK, "shop")
BAD = rollout(Level.FAILING, "shop", level_since_ms=5, message="m")
SHOP = f"{EU}#shop"


def refused(world: World, namespace: str = "shop") -> None:
    """What one flush makes of the word that a namespace may not be read."""
    world.alerts.failed(f"{EU}#{namespace}", world.now_ms)
    world.step(closed(namespace, level_since_ms=world.now_ms, message="they may not list pods"))


def allowed(world: World, namespace: str = "shop") -> None:
    world.alerts.answered(f"{EU}#{namespace}", world.t)
    world.step(closed(namespace, level=Level.OK))


@pytest.mark.parametrize(
    ("scope", "fields", "is_one"),
    [
        ("shop", {}, True),
        ("shop/events", {}, False),
        ("", {}, False),
        ("shop", {"reason": "Timeout"}, False),
        ("shop", {"source": "jenkins"}, False),
    ],
)
def test_what_a_namespace_is_that_we_may_not_read(scope, fields, is_one):
    row = replace(closed("shop"), scope=scope, **fields)
    assert row.is_closed_namespace is is_one
    alerts = deserved(row, Tuning(config()))
    assert [each.namespace for each in alerts] == ["shop"] * is_one


def told_since(world: World, number: int) -> list[tuple[str, str]]:
    return world.told[number:]


def test_a_namespace_that_was_read_and_is_refused_fires_once_and_ends_when_it_is_read_again():
    world = World()
    world.step(WELL, rollout(Level.OK, "staging"))
    refused(world)
    world.later(20 * SECOND)
    assert world.states() == {"SourceDown": "pending"}, "roles are made anew in a moment"
    world.later(10 * MINUTE)
    assert world.told == [("pending", "SourceDown"), ("firing", "SourceDown")]
    (alert,) = world.alerts.active()
    assert (alert.severity, alert.stage, alert.namespace, place(alert)) == (
        "critical",
        "production",
        "shop",
        "kubernetes/eu/shop",
    )
    said = "\n".join(lines_of(alert))
    assert "namespace shop of kubernetes/eu cannot be read any more: they may not list pods" in said
    assert "hits: 1 app is not seen: stage production (shop)" in said and "take the namespace out" in said
    allowed(world)
    world.later(10 * SECOND)
    assert world.told[2:] == [("resolved", "SourceDown")]


def test_what_fires_there_is_frozen_marked_and_ends_only_by_what_is_read():
    world = World()
    world.step(BAD, rollout(Level.FAILING, "staging"))
    before = len(world.told)
    refused(world)
    world.later(2 * MINUTE)
    shop, staging = (next(a for a in world.alerts.active() if (a.alertname, a.namespace) == ("RolloutFailing", each))
                     for each in ("shop", "staging"))  # fmt: skip
    assert shop.stale_since_ms is not None and staging.stale_since_ms is None
    assert "last seen" in "\n".join(lines_of(shop))
    world.step(WELL)  # nothing that is judged while it cannot be read counts
    world.step(BAD)
    world.later(MINUTE)
    assert told_since(world, before) == [("pending", "SourceDown"), ("firing", "SourceDown")]
    allowed(world)
    world.step(WELL)
    world.later(20 * SECOND)
    assert sorted(told_since(world, before)[2:]) == [("resolved", "RolloutFailing"), ("resolved", "SourceDown")]


def test_the_rest_of_the_cluster_goes_on():
    world = World()
    world.step(WELL)
    refused(world)
    world.step(rollout(Level.FAILING, "staging"))
    assert ("firing", "RolloutFailing") in world.told
    world.step(rollout(Level.OK, "staging"))
    assert ("resolved", "RolloutFailing") in world.told


def test_a_namespace_of_which_nothing_was_ever_read_is_no_alert_also_after_a_start():
    world = World()
    world.step(rollout(Level.OK, "staging"))
    refused(world)
    world.later(5 * MINUTE)
    world.restart()
    world.later(5 * MINUTE)
    assert world.told == []


@pytest.mark.parametrize("still", [True, False])
def test_a_start_neither_repeats_nor_forgets_it(still):
    world = World()
    world.step(BAD)
    refused(world)
    world.later(2 * MINUTE)
    before = len(world.told)
    world.restart(heard=())
    if still:
        refused(world)
    else:
        world.step(closed("shop", level=Level.OK), WELL)
    for each in world.tuning.sources:
        world.alerts.answered(each, world.t)
    world.later(5 * MINUTE)
    over = [("resolved", "RolloutFailing"), ("resolved", "SourceDown")]
    assert sorted(told_since(world, before)) == ([] if still else over)
    marked = [alert.stale_since_ms is not None for alert in world.alerts.active() if alert.namespace == "shop"]
    assert sorted(marked) == ([False, True] if still else [])


def test_while_the_whole_cluster_is_down_that_is_what_is_told():
    world = World()
    world.step(WELL)
    refused(world)
    world.alerts.failed(EU, world.now_ms)
    world.later(5 * MINUTE, answering=("jenkins", "vault"))
    assert world.told == [("pending", "SourceDown")]


def test_a_version_that_fails_where_nobody_sees_it_stays_so_and_what_production_hides_is_no_matter():
    world = World()
    since = {"version_since_ms": 1_000}
    bad = rollout(Level.FAILING, version="2", reason="CrashLoop", **since)
    world.step(bad, rollout(Level.OK, "testing", version="2", **since), rollout(Level.OK, "shop", version="1", **since))
    ahead = next(each for each in world.alerts.active() if each.alertname == "BadVersionAhead")
    assert ahead.hangs_on == (EU, f"{EU}#staging")
    refused(world, "staging")
    stale = {each.alertname for each in world.alerts.active() if each.stale_since_ms is not None}
    assert stale == {"RolloutFailing", "BadVersionAhead"}


def test_namespaces_that_are_lost_together_are_one_message_for_each_stage_beside_that_of_the_whole():
    world = World()
    world.step(WELL, rollout(Level.OK, "staging"), rollout(Level.OK, "testing"))
    for namespace in ("shop", "staging", "testing"):
        refused(world, namespace)
    group_by = AlertsSettings().group_by
    found = {each.namespace: group_of(each, group_by) for each in world.alerts.active()}
    assert found["shop"] == (("alertname", "SourceDown"), ("cluster", "eu"), ("stage", "production"))
    twice = {group_of(each, (*group_by, "stage")) for each in world.alerts.active()}
    assert len(twice) == 3 and {len(each) for each in twice} == {3}
