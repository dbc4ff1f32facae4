"""A token that has died is told once, with whom it hits, and nobody hears less by that."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.inhibition import RECOVERY_MS
from statusdesk.alerts.lifecycle import waits_moved
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.states import Level
from tests.alerts.make import MINUTE, World, build, rollout, rule, token
from tests.alerts.post import Post

KEY = "token:vault/t"
STUCK_OFF = rule("RolloutStuck", enabled=False)
SINKS = (SinkSettings(name="chat", type="jsonl"), SinkSettings(name="pager", type="jsonl"))
PAGER = ("pager",)


def hit(namespace="staging", name="orders", **fields):
    return rollout(
        namespace=namespace, name=name, version="1.5", **{"cause": "token 't' is gone", "cause_key": KEY} | fields
    )


def gone(**fields):
    return token(reason="Gone", message="revoked", **fields)


def by_name(world):
    return {f"{alert.alertname} {alert.namespace}".strip(): alert for alert in world.alerts.active()}


def test_the_alert_of_a_token_mutes_what_fails_because_of_it_and_names_whom_it_hits():
    world = World(STUCK_OFF)
    world.step(gone(), hit(), hit("shop", "web"), rollout(namespace="testing", name="web"))
    found = by_name(world)
    cause = found["TokenGone"]
    assert (
        found["RolloutFailing staging"].inhibited_by == found["RolloutFailing shop"].inhibited_by == cause.fingerprint
    )
    assert not found["RolloutFailing testing"].muted and not cause.muted
    assert cause.hits == ("shop/web", "staging/orders") and cause.critical_hits == ("shop/web",)
    assert cause.words == "token t: revoked; hits shop/web, staging/orders"
    assert "production" in found["RolloutFailing shop"].stage and found["RolloutFailing shop"].severity == "critical"
    world.restart()
    assert by_name(world)["RolloutFailing shop"].inhibited_by == cause.fingerprint
    assert by_name(world)["TokenGone"].hits == cause.hits


def test_the_version_that_cannot_go_on_because_of_a_token_is_not_told_as_a_bad_one():
    world = World(STUCK_OFF)
    old = [rollout(Level.OK, place, version="1.4") for place in ("testing", "staging", "shop")]
    world.step(*old)
    world.step(rollout(Level.OK, "testing", version="1.5"))
    world.step(gone(), hit("staging", previous_version="1.4"))
    found = by_name(world)
    cause = found["TokenGone"].fingerprint
    assert {alert.inhibited_by for name, alert in found.items() if name != "TokenGone"} == {cause}
    assert "BadVersionAhead" in found and found["TokenGone"].hits == ("staging/orders",)
    # what fails with the same version for another reason is not muted by way of the muted one
    world.step(rollout(namespace="staging", name="web", app="orders", version="1.5"))
    assert {alert.app: alert.muted for alert in world.alerts.active() if alert.app} == {
        "orders": True,
        "orders/web": False,
    }


def test_when_the_token_is_well_again_what_fails_for_another_reason_is_told():
    world = World(STUCK_OFF)
    world.step(gone(), hit())
    cause = by_name(world)["TokenGone"].fingerprint
    world.step(token(Level.OK, reason="Renewing"))
    for _ in range(2):
        found = by_name(world)
        assert set(found) == {"RolloutFailing staging"} and found["RolloutFailing staging"].inhibited_by == cause
        world.restart()
        world.step(hit(message="it was not tried again"))
    world.step(hit(cause="", cause_key=""))
    found = by_name(world)
    assert set(found) == {"RolloutFailing staging"} and not found["RolloutFailing staging"].muted
    assert found["RolloutFailing staging"].kept_back is False


@pytest.mark.parametrize("restarts", [False, True])
def test_what_its_token_has_brought_down_is_told_when_it_has_not_come_up_in_time(restarts):
    """An init container that hangs with the token that it was given first fails no more, and never comes up."""
    world, post = World(STUCK_OFF), Post(SinkSettings(name="desk", type="jsonl"))
    world.step(gone(), hit("shop", "web", reason="InitRunning"))
    world.step(token(Level.OK, reason="Renewing"))
    over_ms = world.now_ms
    while world.now_ms < over_ms + RECOVERY_MS - MINUTE:
        world.later(MINUTE)
        if restarts:
            world.restart()
    assert by_name(world)["RolloutFailing shop"].muted
    post.step(*world.alerts.active())
    assert post.later(MINUTE) == []
    world.t = world.alerts.next_due
    assert world.now_ms == over_ms + RECOVERY_MS
    assert [(each.muted, each.kept_back) for each in world.step()] == [(False, False)]
    post.step(*world.alerts.active())
    assert [why for _, why, _ in post.later(MINUTE)] == ["new"]
    world.restart()
    assert not by_name(world)["RolloutFailing shop"].muted


def test_a_token_that_dies_once_more_mutes_again_for_as_long_as_it_is_dead():
    world = World(STUCK_OFF)
    world.step(gone(), hit("shop", "web"))
    for _ in range(2):
        world.step(token(Level.OK, reason="Renewing"))
        world.later(RECOVERY_MS - MINUTE)
        assert by_name(world)["RolloutFailing shop"].muted
        world.step(gone())
        world.later(RECOVERY_MS + MINUTE)
        again = by_name(world)["RolloutFailing shop"]
        assert again.inhibited_by == by_name(world)["TokenGone"].fingerprint and again.cause_over_ms is None


def test_when_the_clock_is_set_a_cause_is_over_for_as_long_as_before():
    world = World(STUCK_OFF)
    world.step(gone(), hit("shop", "web"))
    world.step(token(Level.OK, reason="Renewing"))
    over_ms = by_name(world)["RolloutFailing shop"].cause_over_ms
    due = world.alerts.next_due
    assert due == world.t + RECOVERY_MS
    world.set_by -= 40 * MINUTE
    world.alerts.restamp(-40 * MINUTE)
    world.step()
    moved = by_name(world)["RolloutFailing shop"]
    assert moved.cause_over_ms == over_ms - 40 * MINUTE and world.alerts.next_due == due
    assert waits_moved(moved, 40 * MINUTE).cause_over_ms == over_ms
    world.t = due
    world.step()
    assert not by_name(world)["RolloutFailing shop"].muted


def test_another_cause_than_the_token_that_fires_mutes_nothing():
    world = World(STUCK_OFF)
    world.step(gone(), hit(cause_key="token:vault/another"))
    assert not by_name(world)["RolloutFailing staging"].muted
    world.step(hit())  # what lies behind it is found out later
    assert by_name(world)["RolloutFailing staging"].muted
    world.step(hit(cause="", cause_key=""))
    assert not by_name(world)["RolloutFailing staging"].muted and by_name(world)["TokenGone"].hits == ()


@pytest.mark.parametrize(
    ("rules", "muted"),
    [
        ([rule("TokenGone", severity=(("", "warning"),))], {"staging": True, "shop": False}),
        ([rule("TokenGone", notify=("chat",))], {"staging": PAGER, "shop": PAGER}),
        ([rule("TokenGone", notify=("chat",)), rule(notify=("chat",))], {"staging": True, "shop": True}),
        ([rule("TokenGone", enabled=False)], {"staging": False, "shop": False}),
    ],
    ids=["less severe", "told to fewer", "told to the same", "off"],
)
def test_a_token_mutes_nothing_that_is_more_severe_or_told_to_others(rules, muted):
    world = World(STUCK_OFF, *rules, sinks=SINKS)
    world.step(gone(), hit(), hit("shop", "web"))
    rollouts = [alert for alert in world.alerts.active() if alert.alertname == "RolloutFailing"]
    assert {alert.namespace: alert.still_told_to or alert.muted for alert in rollouts} == muted


def test_while_somebody_has_taken_the_token_it_mutes_nothing_new():
    world = World(STUCK_OFF)
    world.step(gone(), hit())
    cause = by_name(world)["TokenGone"]
    world.alerts.acknowledge(cause.fingerprint, "kim", "", None, world.now_ms)
    world.step(hit("shop", "web"))
    found = by_name(world)
    assert found["RolloutFailing staging"].inhibited_by == cause.fingerprint
    assert not found["RolloutFailing shop"].muted, "whoever took the token did not know of production"


def test_what_was_told_before_its_cause_was_known_is_not_kept_back():
    world = World(STUCK_OFF)
    world.step(hit())
    assert not by_name(world)["RolloutFailing staging"].muted
    world.later(MINUTE)
    world.step(gone())
    late = by_name(world)["RolloutFailing staging"]
    assert late.muted and not late.kept_back
    world.step(hit("testing"))
    assert by_name(world)["RolloutFailing testing"].kept_back


def test_production_that_a_told_token_hits_later_is_news_and_once():
    post, world = Post(SinkSettings(name="desk", type="jsonl")), World(STUCK_OFF)

    def later(*rows):
        world.t += MINUTE
        post.step(*world.step(*rows))
        return [(why, names) for _, why, names in post.later(MINUTE)]

    cause = f"{next(a.fingerprint for a in world.step(gone()))} firing"
    post.step(*world.alerts.active())
    assert [(why, names) for _, why, names in post.later(MINUTE)] == [("new", [cause])]
    assert later(hit()) == [], "what is no production waits for the next message"
    assert later(hit("shop", "web")) == [("changed", [cause])]
    post.open()
    assert later(hit("shop", "web", message="again")) == []
    over = rollout(Level.OK, "shop", "web", version="1.5")
    assert later(over) == [] and later(hit("shop", "web")) == [("changed", [cause])]
    assert [why for why, _ in later(token(Level.OK, reason="Renewing"))] == ["resolved"]
    still = [why for why, _ in later(*(hit(*place, cause="", cause_key="") for place in ((), ("shop", "web"))))]
    assert still == ["new", "new"], "both rollouts fail still, each in its group"


def test_a_bad_version_whose_token_is_well_again_is_no_news_before_it_was_tried_again():
    world = World(STUCK_OFF)
    world.step(*(rollout(Level.OK, place, version="1.4") for place in ("testing", "staging", "shop")))
    world.step(rollout(Level.OK, "testing", version="1.5"))
    world.step(gone(), hit("staging", previous_version="1.4"))
    before = by_name(world)
    world.step(token(Level.OK, reason="Renewing"))
    after = by_name(world)
    assert "BadVersionAhead" in after and {name: each.inhibited_by for name, each in after.items()} == {
        name: each.inhibited_by for name, each in before.items() if name != "TokenGone"
    }
    world.step(rollout(Level.OK, "staging", version="1.5"))
    assert by_name(world) == {}


def bad_version(*rules, sinks=SINKS):
    """A version that fails in staging on its way to production."""
    world = World(STUCK_OFF, *rules, sinks=sinks)
    world.step(*(rollout(Level.OK, place, version="1.4") for place in ("testing", "staging", "shop")))
    world.step(rollout(Level.OK, "testing", version="1.5"))
    world.step(rollout(namespace="staging", version="1.5", previous_version="1.4"))
    return world


@pytest.mark.parametrize(
    ("rules", "muted"),
    [
        ([], True),
        ([rule(severity=(("staging", "critical"),))], False),
        ([rule(severity=(("staging", "critical"),)), rule("BadVersionAhead", severity=(("", "critical"),))], True),
        ([rule("BadVersionAhead", notify=("chat",))], PAGER),
        ([rule("BadVersionAhead", notify=("chat",)), rule(notify=("chat",))], True),
        ([rule(severity=(("staging", "critical"),), notify=("pager",))], False),
        ([rule("BadVersionAhead", notify=("chat",)), rule(notify=("pager",))], False),
    ],
    ids=[
        "as it comes",
        "more severe",
        "as severe",
        "told to fewer",
        "told to the same",
        "severe, and told to others",
        "told to others",
    ],
)
def test_one_that_says_more_mutes_nothing_that_is_more_severe_or_told_to_others(rules, muted):
    found = by_name(bad_version(*rules))
    failing = found["RolloutFailing staging"]
    assert (failing.still_told_to or failing.muted) == muted and not found["BadVersionAhead"].muted
    assert bool(failing.inhibited_by) is bool(muted)


def test_a_sink_of_another_stage_than_the_alert_that_says_more_is_told_of_what_it_takes():
    """The version fails in testing first, by which its alert is routed, and then in staging."""
    everyone = SinkSettings(name="all", type="jsonl")
    staging = SinkSettings(name="stag", type="jsonl", stages=("staging",))
    post = Post(everyone, staging)
    world = World(STUCK_OFF, sinks=(everyone, staging))
    world.step(rollout(Level.OK, "shop", version="1.4"), rollout(Level.OK, "staging", version="1.5"))
    world.step(rollout(namespace="testing", version="1.5"))
    post.step(*world.alerts.active())
    assert {row.sink for row in post.rows.values()} == {"all"}
    world.step(rollout(namespace="staging", version="1.5"))
    found = by_name(world)
    more, failing = found["BadVersionAhead"], found["RolloutFailing staging"]
    assert (more.stage, failing.inhibited_by, failing.still_told_to) == ("testing", more.fingerprint, ("stag",))
    assert not failing.muted and failing.muted_at("all")
    post.step(*world.alerts.active())
    about = {row.sink for row in post.rows.values() if failing.fingerprint in row.fingerprints}
    assert about == {"stag"}
    (row,) = [row for row in post.rows.values() if row.sink == "stag"]
    assert [each.fingerprint for each in Message(row).listed] == [failing.fingerprint]
    assert Message(replace(row, sink="all")).listed == ()


def test_a_critical_rollout_is_told_though_its_bad_version_is_taken():
    post = Post(SinkSettings(name="pager", type="jsonl", min_severity="critical"))
    world = bad_version(rule(severity=(("staging", "critical"),)))
    more = by_name(world)["BadVersionAhead"]
    world.alerts.acknowledge(more.fingerprint, "kim", "", None, world.now_ms)
    world.step()
    failing = by_name(world)["RolloutFailing staging"]
    post.step(*world.alerts.active())
    assert [names for _, _, names in post.later(MINUTE)] == [[f"{failing.fingerprint} firing"]]


def test_while_somebody_has_taken_what_says_more_it_mutes_nothing_new():
    world = bad_version()
    more = by_name(world)["BadVersionAhead"]
    world.alerts.acknowledge(more.fingerprint, "kim", "", None, world.now_ms)
    world.step(rollout(namespace="staging", name="web", app="orders", version="1.5"))
    by = {alert.app: alert.inhibited_by for alert in world.alerts.active() if alert.alertname == "RolloutFailing"}
    assert by == {"orders": more.fingerprint, "orders/web": ""}
    world.restart()
    by = {alert.app: alert.inhibited_by for alert in world.alerts.active() if alert.alertname == "RolloutFailing"}
    assert by == {"orders": more.fingerprint, "orders/web": ""}
    world.alerts.acknowledge(more.fingerprint, "", "", None, world.now_ms)
    world.step()
    assert all(alert.muted for alert in world.alerts.active() if alert.alertname == "RolloutFailing")


def test_what_is_muted_as_another_says_more_is_kept_back_too():
    world = World(STUCK_OFF)
    world.step(*(rollout(Level.OK, place, version="1.4") for place in ("testing", "staging", "shop")))
    world.step(rollout(Level.OK, "testing", version="1.5"))
    world.step(rollout(namespace="staging", version="1.5", previous_version="1.4"))
    found = by_name(world)
    more, failing = found["BadVersionAhead"], found["RolloutFailing staging"]
    assert failing.inhibited_by == more.fingerprint and failing.kept_back and not more.kept_back
    world.restart()
    assert by_name(world)["RolloutFailing staging"].kept_back


def test_what_was_told_before_another_says_more_is_not_kept_back():
    world = World(STUCK_OFF)
    world.step(rollout(namespace="staging", version="1.5", previous_version="1.4"))
    assert not by_name(world)["RolloutFailing staging"].muted
    world.later(MINUTE)
    world.step(rollout(Level.OK, "testing", version="1.5"), rollout(Level.OK, "shop", version="1.4"))
    found = by_name(world)
    assert found["RolloutFailing staging"].inhibited_by == found["BadVersionAhead"].fingerprint
    assert not found["RolloutFailing staging"].kept_back


def test_what_is_muted_by_one_after_another_stays_kept_back():
    world = bad_version()
    more = by_name(world)["BadVersionAhead"]
    world.later(MINUTE)
    world.step(gone(), hit("staging", previous_version="1.4"))
    failing = by_name(world)["RolloutFailing staging"]
    assert failing.inhibited_by == by_name(world)["TokenGone"].fingerprint != more.fingerprint
    assert failing.kept_back, "nobody has been told of it at any time"


MADE = {"build_job": "deploy-orders", "build_number": 7}


def failed(number=7):
    return build(job="deploy-orders", namespace="staging", number=number)


def test_a_build_that_failed_by_its_rollout_has_the_same_cause_and_is_told_once_with_it():
    world = World(STUCK_OFF)
    world.step(failed(), build(job="deploy-web", namespace="staging", number=7), rollout(namespace="staging", **MADE))
    assert not by_name(world)["BuildFailed staging"].muted
    world.step(gone(), hit(**MADE))
    muted = {alert.app: alert.inhibited_by for alert in world.alerts.active() if alert.alertname == "BuildFailed"}
    cause = by_name(world)["TokenGone"]
    assert muted == {"deploy-orders": cause.fingerprint, "deploy-web": ""}
    assert cause.hits == ("staging/orders",), "the app of the job"
    world.step(failed(8))
    assert not by_name(world)["BuildFailed staging"].cause_key, "another build, which made no rollout that fails so"


def test_a_failed_build_is_told_where_it_stays_red_for_long_after_its_cause_is_over():
    world = World(STUCK_OFF)
    world.step(gone(), hit(**MADE), failed())
    cause = by_name(world)["TokenGone"].fingerprint
    world.step(token(Level.OK, reason="Renewing"), rollout(Level.OK, namespace="staging", version="1.5", **MADE))
    for _ in range(2):
        assert {name: each.inhibited_by for name, each in by_name(world).items()} == {"BuildFailed staging": cause}
        world.restart()
    world.later(RECOVERY_MS + MINUTE)
    assert not by_name(world)["BuildFailed staging"].muted
