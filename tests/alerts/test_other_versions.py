"""Another bad version that reaches production is told anew, though the alert is the same."""

import pytest
from msgspec.structs import replace

from statusdesk.states import Level
from tests.alerts.make import HOUR, MINUTE, SECOND, World, rollout, rule
from tests.alerts.post import Post, alert

THERE = "BadVersionInProduction"
BAD = alert("web", alertname=THERE, severity="critical", version="7.4.3")
TITLE = "[FIRING] critical BadVersionInProduction staging/web"


@pytest.mark.parametrize("restarts", [False, True])
def test_another_version_in_production_is_told_once_by_each_message_of_it(restarts):
    post = Post()
    post.step(BAD)
    assert post.told(MINUTE) == [(TITLE, ["web firing"])]
    other = replace(BAD, version="9.0.0")
    if restarts:
        post.open()
    post.step(other)
    assert post.told(MINUTE) == [(TITLE, ["web firing"])]
    assert [row.alerts[0].version for row in post.rows.values()] == ["7.4.3", "9.0.0"]
    if restarts:
        post.open()
        post.step(other)
    post.step(replace(other, summary="in other words"))
    assert post.told(HOUR) == []
    post.step(BAD)
    assert post.told(MINUTE) == [(TITLE, ["web firing"])], "the first is back"


def test_a_version_that_is_replaced_before_anybody_was_told_is_told_once():
    post = Post()
    post.step(BAD)
    post.step(replace(BAD, version="9.0.0"))
    assert post.told(HOUR) == [(TITLE, ["web firing"])]


def test_another_version_on_its_way_is_the_same_alert_in_other_words():
    post = Post()
    ahead = replace(BAD, alertname="BadVersionAhead", severity="warning")
    post.step(ahead)
    post.later(MINUTE)
    post.step(replace(ahead, version="9.0.0"))
    assert post.told(HOUR) == []


def web(namespace, version, level=Level.OK, since=1_000):
    return rollout(level, namespace, "web", version=version, version_since_ms=since, available=2, ready=2)


def test_who_has_taken_one_version_has_not_taken_the_other():
    world, post = World(rule("RolloutStuck", enabled=False)), Post()
    world.step(web("staging", "7.4.3", Level.FAILING), web("shop", "7.4.3"))
    (bad,) = [each for each in world.alerts.active() if each.alertname == THERE]
    world.alerts.acknowledge(bad.fingerprint, "kim", "on it", None, world.now_ms)
    post.step(*world.step())
    post.later(MINUTE)
    world.step(web("staging", "7.4.3", Level.FAILING))
    assert [each.acked_by for each in world.alerts.active() if each.alertname == THERE] == ["kim"]
    world.t += SECOND
    both = [web("staging", "9.0.0", Level.FAILING, 2_000), web("shop", "9.0.0", since=3_000)]
    changed = world.step(*both)
    (now,) = [each for each in changed if each.alertname == THERE]
    assert (now.fingerprint, now.started_ms) == (bad.fingerprint, bad.started_ms), "it is the same alert"
    assert (now.version, now.acked_by, now.state) == ("9.0.0", "", "firing") and now.summary.startswith("web 9.0.0")
    post.step(*changed)
    assert [alerts for _, alerts in post.told(MINUTE)] == [[f"{bad.fingerprint} firing"]]
