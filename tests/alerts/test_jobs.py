"""A failed build belongs to the app of its job, whenever that becomes known; its labels stay as they are."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts import jobs
from statusdesk.alerts.jobs import UNCHANGED
from statusdesk.alerts.mutes import matches
from statusdesk.judge.apps import match_job
from statusdesk.sinks.message import next_steps
from statusdesk.states import Level
from statusdesk.states_alerts import Matcher
from tests.alerts.make import EU, HOUR, MINUTE, SECOND, T0, World, build, rollout

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


def test_a_job_is_matched_once_for_as_long_as_the_apps_are_the_same(monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "match_job", lambda job, *given: asked.append(job) or match_job(job, *given))
    world = World()
    other = build(job="nobody", namespace="staging")
    world.step(OK, FAILED, other)
    asked.clear()
    for number in range(5):
        world.step(replace(OK, message=str(number)))
        world.step(replace(FAILED, message=f"#{number} failed"))
    assert asked == []
    world.step(rollout(Level.OK, name="nobody"))
    assert sorted(asked) == ["nobody", "shop/deploy-orders"]
    assert {each.app: each.job_app for each in world.alerts.active()} == {
        "nobody": "nobody",
        "shop/deploy-orders": "orders",
    }


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


BROKEN = build(job="shop/deploy-orders", namespace="staging", message="#7 failed", number=7, started_ms=T0)
BY_IT = {"build_job": "shop/deploy-orders", "build_number": 7, "started_ms": T0 + MINUTE}
BEFORE = {"build_job": "shop/deploy-orders", "build_number": 6, "started_ms": T0 - HOUR}

HELD = {"held_by": "OnDelete", "held_version": "4.9.0", "updated": 0}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ""),
        ([rollout(Level.OK, "shop")], ""),
        ([rollout(Level.OK, **BEFORE)], UNCHANGED),
        ([rollout(Level.OK, **BEFORE), rollout(Level.OK, name="orders-db", app="orders", **BEFORE)], UNCHANGED),
        ([rollout(Level.UNKNOWN, **BEFORE)], ""),
        ([rollout(Level.OK)], ""),
        ([rollout(Level.OK, **BEFORE | {"started_ms": T0 + 1, "build_number": None})], ""),
        ([rollout(version="5.0.0", **BY_IT)], "its orders 5.0.0 fails there now"),
        ([rollout(Level.PROGRESSING, version="5.0.0", **BY_IT)], "its orders 5.0.0 is there all the same"),
        (
            [rollout(Level.OK, **BEFORE), rollout(name="orders-db", app="orders", version="9", **BY_IT)],
            "its orders 9 fails there now",
        ),
        *[
            (
                [rollout(level, version="5.0.0", **HELD, **BY_IT)],
                "its orders 5.0.0 is asked for there, and held back by OnDelete",
            )
            for level in (Level.OK, Level.FAILING)
        ],
        (
            [rollout(Level.OK, version="5.0.0", **HELD | {"updated": 1}, **BY_IT)],
            "its orders 5.0.0 is there all the same",
        ),
    ],
)
@pytest.mark.parametrize("first", ["the build", "the rollouts"])
def test_what_a_failed_build_did_is_said_only_as_far_as_it_is_known(rows, said, first):
    world = World()
    for seen in ((BROKEN,), rows) if first == "the build" else (rows, (BROKEN,)):
        world.step(*seen)
    (alert,) = (each for each in world.alerts.active() if each.alertname == "BuildFailed")
    assert alert.did == said
    (step, *_) = next_steps(alert)
    assert step.startswith("open the build in Jenkins: ") and (UNCHANGED in step) is (said == UNCHANGED)


@pytest.mark.parametrize("lost", [EU, f"{EU}#staging"])
def test_what_cannot_be_read_is_not_said_to_be_as_it_was(lost):
    world = World()
    world.step(rollout(Level.OK, **BEFORE), BROKEN)
    world.alerts.failed(lost, world.now_ms)
    world.step()
    assert world.alerts.active()[0].did == ""
    world.restart(heard=("jenkins",))
    assert world.alerts.active()[0].did == ""
    world.later(10 * SECOND)
    assert world.alerts.active()[0].did == UNCHANGED


def test_of_a_job_without_a_namespace_nothing_is_said_of_one():
    world = World()
    (alert,) = world.step(build(job="vault-renew-billing", job_class="renewal", namespace=""))
    assert "namespace" not in next_steps(alert)[0]


@pytest.mark.parametrize("namespace", ["staging", ""])
def test_an_alert_says_which_build_it_is_of_also_when_a_later_one_fails(namespace):
    world = World()
    failed = replace(FAILED, namespace=namespace, number=20)
    (alert,) = world.step(failed)
    (later,) = world.step(replace(failed, number=22))
    assert (alert.build_number, later.build_number, later.fingerprint) == (20, 22, alert.fingerprint)
