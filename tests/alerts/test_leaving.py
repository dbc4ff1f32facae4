"""What ends because the settings changed is not over: it says why, or goes on under its new labels."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.tuning import Tuning
from statusdesk.config import ClusterSettings, StageSettings
from statusdesk.config_alerts import AlertRuleSettings, FlappingSettings, SinkSettings
from statusdesk.states import Level, RolloutState
from statusdesk.states_alerts import RENAMED, SWITCHED_OFF
from statusdesk.states_builds import Overdue, PlatformState
from tests.alerts.make import EU, MINUTE, SECOND, T0, World, config, rollout, rule, source, token
from tests.alerts.post import Post

WEST = "kubernetes/west"


def ended(world: World) -> list[tuple[str, str]]:
    return [(each.alertname, each.ended_by) for each in world.stored.values() if each.state == "resolved"]


def in_west(world: World, *rules: AlertRuleSettings) -> None:
    world.tuning = Tuning(replace(config(*rules), clusters=(ClusterSettings(name="west"),)))
    world.restart()


def west(row: RolloutState) -> RolloutState:
    return replace(row, cluster="west", key=row.key.replace("eu/", "west/"))


def test_a_rule_that_was_switched_off_says_so():
    world = World()
    world.step(token(Level.FAILING, reason="Revoked"))
    world.tuning = Tuning(config(rule("TokenLapsing", enabled=False), rule("TokenGone", enabled=False)))
    world.restart()
    assert world.states() == {} and [why for _, why in ended(world)] == [SWITCHED_OFF]


def test_a_severity_that_was_changed_is_the_same_alert_under_other_labels():
    world = World()
    world.step(rollout())
    world.tuning = Tuning(config(rule(severity=(("staging", "info"),))))
    world.restart(heard=())
    assert ended(world) == [], "nobody knows yet whether it fires"
    world.alerts.answered(EU, world.t)
    world.step()
    assert ended(world) == [("RolloutFailing", RENAMED)]
    assert [each.severity for each in world.alerts.active()] == ["info"]


def test_one_with_another_severity_that_is_not_due_yet_is_waited_for_or_over():
    for well, what in ((False, [RENAMED]), (True, [""])):
        world = World()
        world.step(rollout())
        world.tuning = Tuning(config(rule(severity=(("staging", "info"),), for_s=30.0)))
        world.restart()
        world.later(10 * SECOND)
        assert sorted(each.state for each in world.alerts.active()) == ["firing", "pending"]
        if well:
            world.step(rollout(Level.OK))
        else:
            world.alerts.answered(EU, world.t)
        world.later(MINUTE)
        assert [why for name, why in ended(world) if name == "RolloutFailing"][-1:] == what
        assert len(world.alerts.active()) == (not well)


def test_a_cluster_that_was_renamed_ends_its_alerts_when_they_fire_under_its_new_name():
    world = World()
    world.step(rollout())
    in_west(world)
    assert ended(world) == [] and world.states() == {"RolloutFailing": "firing"}
    world.later(10 * SECOND, answering=(WEST, "jenkins", "vault"))
    world.step(west(rollout(level_since_ms=T0)))
    assert ended(world) == [("RolloutFailing", RENAMED)]
    assert [each.cluster for each in world.alerts.active()] == ["west"]


def test_who_has_taken_an_alert_has_taken_what_it_goes_on_as_and_that_is_said_once():
    world = World()
    world.step(rollout())
    taken = world.alerts.active()[0].fingerprint
    world.alerts.acknowledge(taken, "kim", "", None, world.now_ms)
    world.step()
    in_west(world)
    world.later(10 * SECOND, answering=(WEST, "jenkins", "vault"))
    world.step(west(rollout(level_since_ms=T0)))
    (heir,) = world.alerts.active()
    assert (heir.cluster, heir.acked_by) == ("west", "kim")
    assert world.alerts.leaving.take_handed_on() == [(taken, heir.fingerprint)]
    assert world.alerts.leaving.take_handed_on() == []


def test_a_cluster_that_was_renamed_is_waited_for_as_long_as_its_rule_asks_for():
    slow = rule(for_s=90.0)
    world = World(slow)
    world.step(rollout())
    world.later(2 * MINUTE)
    in_west(world, slow)
    world.later(10 * SECOND, answering=(WEST, "jenkins", "vault"))
    world.step(west(rollout()))
    world.later(MINUTE, answering=(WEST, "jenkins", "vault"))
    assert ended(world) == [] and sorted(each.state for each in world.alerts.active()) == ["firing", "pending"]
    world.later(MINUTE, answering=(WEST, "jenkins", "vault"))
    assert ended(world) == [("RolloutFailing", RENAMED)]
    assert [(each.cluster, each.state) for each in world.alerts.active()] == [("west", "firing")]


def test_what_nobody_watches_any_more_ends_with_these_words_after_a_while():
    world = World()
    world.step(rollout())
    in_west(world)
    world.later(2 * MINUTE, answering=(WEST, "jenkins", "vault"))
    assert ended(world) == [("RolloutFailing", f"{EU} is not configured any more")]


def test_the_same_app_that_fails_in_a_cluster_that_was_there_before_is_another_one():
    world = World()
    both = Tuning(replace(config(), clusters=(ClusterSettings(name="eu"), ClusterSettings(name="west"))))
    world.tuning = both
    world.restart()
    world.step(rollout(), west(rollout()))
    in_west(world)
    world.later(2 * MINUTE, answering=(WEST, "jenkins", "vault"))
    assert ended(world) == [("RolloutFailing", f"{EU} is not configured any more")]


def test_a_token_that_is_not_configured_any_more_is_not_well():
    world = World()
    row = token(Level.FAILING, reason="Revoked")
    world.step(row)
    world.restart()
    world.step(replace(row, until_ms=world.now_ms))
    assert [why for _, why in ended(world)] == ["it is not configured any more"]


def test_a_namespace_that_belongs_to_no_stage_any_more_is_not_well():
    world = World()
    row = rollout()
    world.step(row)
    stages = (StageSettings(name="production", namespaces=("shop",), production=True),)
    world.tuning = Tuning(replace(config(), stages=stages))
    world.restart()
    world.step(replace(row, until_ms=world.now_ms))
    assert [why for _, why in ended(world)] == ["its namespace belongs to no stage any more"]


def late(*namespaces: str) -> PlatformState:
    """A renewal job that is overdue for these namespaces."""
    overdue = tuple(Overdue(namespace=each, message="late", url="", since_ms=T0) for each in namespaces)
    named = {"key": "jenkins/renew", "source": "jenkins", "job": "renew", "job_class": "renewal"}
    return PlatformState(level=Level.WARNING, reason="RenewalOverdue", overdue=overdue, **named)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_namespace_that_is_well_is_over_though_another_of_the_same_job_is_late_since(restarts):
    world, post = World(), Post(SinkSettings(name="hook", type="webhook"))
    world.step(late("staging"))
    post.step(*world.alerts.active())
    post.later(MINUTE)
    if restarts:
        world.restart()
    post.step(*world.step(late("shop")))
    assert ended(world) == [("RenewalOverdue", "")]
    told = [words for _, alerts in post.told(MINUTE) for words in alerts]
    assert sorted(each.partition(" ")[2] for each in told) == ["firing", "resolved"]


def test_a_job_that_is_late_for_another_severity_goes_on_in_its_own_namespace():
    world = World()
    world.step(late("staging", "shop"))
    world.tuning = Tuning(config(rule("RenewalOverdue", severity=(("", "critical"),))))
    world.restart()
    assert ended(world) == [("RenewalOverdue", RENAMED)] * 2
    assert {each.severity for each in world.alerts.active()} == {"critical"}


def test_a_namespace_goes_on_in_what_stops_the_job_as_a_whole_and_that_is_over_when_the_job_runs():
    world = World()
    world.step(late("staging"))
    world.step(replace(late(), level=Level.FAILING, reason="Disabled"))
    assert ended(world) == [("RenewalOverdue", RENAMED)]
    assert [each.namespace for each in world.alerts.active()] == [""]
    world.later(MINUTE)
    world.step(late("staging"))
    assert ended(world)[-1] == ("RenewalOverdue", "") and len(ended(world)) == 2


def test_what_is_well_or_gone_is_over():
    for last in (rollout(Level.OK), rollout(until_ms=T0)):
        world = World()
        world.step(rollout())
        world.restart()
        world.step(last)
        assert ended(world) == [("RolloutFailing", "")]
    world = World()
    world.step(source())
    world.later(MINUTE, answering=())
    world.step(source(Level.OK))
    assert {why for _, why in ended(world)} == {""}


def test_what_flaps_ends_with_what_it_was():
    world = World(flapping=FlappingSettings(count=2, within_s=3600.0, hold_s=900.0))
    for level in (Level.FAILING, Level.OK, Level.FAILING):
        world.step(rollout(level, message="exit 1"))
    world.tuning = Tuning(config(rule(enabled=False)))
    world.restart()
    (last,) = [each for each in world.stored.values() if each.ended_by]
    assert last.summary.endswith(": exit 1") and "flapping" not in last.summary and not last.flapping
