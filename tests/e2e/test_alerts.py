"""A rollout that fails and is mended in a living world is one alert and two messages, whatever happens to us."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.world import serving, wait_for

APP = "fresh"
SETTINGS = """
[alerts]
group_wait = "0s"
[[alerts.rule]]
name = "SourceDown"
for = "1s"
[[sink]]
name = "file"
type = "jsonl"
path = "told.jsonl"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "5", "--scenario", "calm", "--apps", "6")
    with serving(tmp_path_factory.mktemp("alerts") / "truth.json", *options) as served:
        config = Path(served.ready.config)
        config.write_text(config.read_text() + SETTINGS)
        yield served


def alerts(world):
    lines = world.run("export", "alerts", "--format", "jsonl").stdout.splitlines()
    return [alert for alert in map(json.loads, lines) if alert["app"] == APP]


def messages(world):
    lines = world.run("export", "notifications", "--format", "jsonl").stdout.splitlines()
    mine = [each for each in map(json.loads, lines) if APP in (each["apps"] or "")]
    return [(each["what"], each["why"], each["alertnames"]) for each in mine]


def told_of_sources(world):
    lines = (world.store.parent / "told.jsonl").read_text().splitlines()
    return [each for each in map(json.loads, lines) if each["groupLabels"]["alertname"] == "SourceDown"]


def deploy(world, behaviour):
    order = {"namespace": "testing", "app": APP, "version": "1.0.0", "replicas": 1, "behaviour": behaviour}
    world.control("/apply", order)


def states(world):
    return [(alert["alertname"], alert["state"]) for alert in alerts(world)]


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_one_alert_two_messages_over_a_kill_and_a_lost_source(world):
    with world.watch() as first:
        wait_for(lambda: world.rows("select 1 from rollout_current limit 1"), 30, "the first rows")
        deploy(world, "config-missing")
        wait_for(lambda: ("RolloutFailing", "firing") in states(world), 30, "the alert")
        assert messages(world) == [("firing", "new", "RolloutFailing")]
        first.kill()
        first.wait()
    with world.watch():
        world.fault("kubernetes", "refuse")
        down = "select 1 from alerts where alertname = 'SourceDown' and state = 'firing'"
        wait_for(lambda: world.rows(down), 30, "the source told as down")
        held = world.rows("select state, stale_since_ms is not null from alerts where alertname = 'RolloutFailing'")
        assert held == [("firing", 1)]
        (told,) = wait_for(lambda: told_of_sources(world), 20, "its message")
        down = told["alerts"][0]["annotations"]
        assert "apps are not seen: stage " in down["hits"] and "statusdesk check sources" in down["next"]
        now = re.fullmatch(r"now: \d+ firing, \d+ pending, 0 ok, (\d+) unknown", told["commonAnnotations"]["now"])
        assert now and int(now[1]) > 5, "what nobody sees is not well"
        deploy(world, "good")
        world.fault("kubernetes", None)
        wait_for(lambda: states(world) == [("RolloutFailing", "resolved")], 40, "the end of it")
        wait_for(lambda: len(messages(world)) == 2, 10, "the second message")
    assert messages(world)[1] == ("resolved", "resolved", "RolloutFailing")
    assert len(alerts(world)) == 1, "one alert, no other of that app"
