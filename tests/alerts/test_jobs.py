"""A failed build belongs to the app of its job, whenever that becomes known; its labels stay as they are."""

from msgspec.structs import replace

from statusdesk.alerts.mutes import matches
from statusdesk.states import Level
from statusdesk.states_alerts import Matcher
from tests.alerts.make import HOUR, MINUTE, World, build, rollout

FAILED = build(job="shop/deploy-orders", namespace="staging", message="#7 failed")
OK = rollout(Level.OK)


def test_the_app_of_a_job_is_named_when_it_becomes_known_and_the_alert_stays_the_same():
    world = World()
    (first,) = world.step(FAILED)
    assert (first.app, first.app_name) == ("shop/deploy-orders", "shop/deploy-orders")
    (named,) = world.step(OK)
    assert named == replace(first, job_app="orders") and named.app_name == "orders"
    (gone,) = world.step(replace(OK, until_ms=1))
    assert gone == first
    assert world.told == [("firing", "BuildFailed")]


def test_what_is_known_already_and_what_the_store_has_of_before_are_named():
    world = World()
    world.step(OK)
    (alert,) = world.step(FAILED)
    assert alert.job_app == "orders"
    key = (alert.fingerprint, alert.started_ms)
    world.stored[key] = replace(alert, job_app="")  # as another version has written it
    world.restart()
    assert world.stored[key].job_app == "orders" and len(world.told) == 1
    world.later(HOUR)
    world.restart(down_ms=MINUTE)
    assert world.stored[key].state == "firing"


def test_a_silence_of_an_app_holds_for_its_failed_builds():
    world = World()
    world.step(OK)
    (alert,) = world.step(FAILED)
    for value, is_regex in (("orders", False), ("ord.*", True), ("shop/deploy-orders", False)):
        assert matches([Matcher("app", value, is_regex)], alert)
        assert not matches([Matcher("app", value, is_regex, False)], alert)
    assert not matches([Matcher("app", "order")], alert) and matches([Matcher("app", "order", False, False)], alert)
