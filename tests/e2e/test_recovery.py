"""Everyday accidents of an API server: the picture is right again within seconds, and nobody was alarmed."""

import json
import urllib.error

import pytest

from tests.e2e.world import serving, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

STAGES = ("testing", "staging", "performance", "audit", "production")
RIGHT_WITHIN_S = 10.0


def _calm(tmp_path, *options):
    return serving(tmp_path / "truth.json", "--speed", "4", "--apps", "8", "--scenario", "calm", *options)


def _held(world):
    """Pods and versions as the store has them."""
    pods = world.rows(
        "select namespace, name, ready from pod_current where until_ms is null and namespace in"
        f" ({', '.join(map(repr, STAGES))})"
    )
    rollouts = world.rows("select namespace, kind, name, version, ready from rollout_current where until_ms is null")
    return set(pods), set(rollouts)


def _true(world):
    """Pods and versions as the API server has them."""
    try:
        pods = {
            (each["metadata"]["namespace"], each["metadata"]["name"], _ready(each))
            for each in world.listed("/api/v1/pods")
            if each["metadata"]["namespace"] in STAGES
        }
        rollouts = {
            (each["metadata"]["namespace"], kind, each["metadata"]["name"], _version(each), _ready_pods(each))
            for kind in ("Deployment", "StatefulSet", "DaemonSet")
            for each in world.listed(f"/apis/apps/v1/{kind.lower()}s")
            if each["metadata"]["namespace"] in STAGES
        }
    except (urllib.error.URLError, ConnectionError):
        return None
    return pods, rollouts


def _ready(pod):
    return sum(each["ready"] for each in pod["status"].get("containerStatuses", ()))


def _version(workload):
    return workload["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]


def _ready_pods(workload):
    return workload["status"].get("readyReplicas", workload["status"].get("numberReady", 0))


def _is_right(world):
    true = _true(world)
    return true is not None and bool(true[0]) and _held(world) == true


def _alarms(world):
    """Alerts about rollouts, tokens and sources that ever were, but for a source that was gone.

    An environment that is up after hours is told as well, when these tests are run after hours.
    """
    lines = world.run("export", "alerts", "--since", "1d", "--format", "jsonl").stdout.splitlines()
    alerts = map(json.loads, lines)
    return [alert for alert in alerts if alert["alertname"] not in ("SourceDown", "EnvironmentLeftUp")]


def _restart(world):
    world.fault("kubernetes", "refuse")
    _deploy(world, "1.0.1")
    lost = "select 1 from source_current where source = 'kubernetes/demo' and scope = '' and not live"
    wait_for(lambda: world.rows(lost), 15, "the loss")
    world.fault("kubernetes", None)


def _cut(world):
    world.control("/cut-watches", {"mid_line": True})
    _deploy(world, "1.0.2")


def _compact(world):
    world.control("/compact", {})
    world.control("/cut-watches", {"mid_line": True})
    _deploy(world, "1.0.3")
    world.control("/delete", {"namespace": "audit", "app": "fresh"})
    world.control("/compact", {})


def _deploy(world, version):
    for stage in STAGES[:4]:
        world.control("/apply", {"namespace": stage, "app": "fresh", "version": version, "replicas": 2})


ACCIDENTS = {"restart": _restart, "cut mid-line": _cut, "compaction": _compact}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with _calm(tmp_path_factory.mktemp("recovery")) as served, served.watch():
        wait_for(lambda: _is_right(served), 30, "the picture")
        yield served


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_after_an_accident_the_picture_is_right_and_nobody_was_alarmed(world, accident):
    _deploy(world, "1.0.0")
    wait_for(lambda: _is_right(world), 20, "the picture before")
    ACCIDENTS[accident](world)
    wait_for(lambda: _is_right(world), RIGHT_WITHIN_S, f"the picture after {accident}")
    assert _alarms(world) == []


@pytest.mark.parametrize("skew_s", [-300, 300])
def test_clocks_that_are_five_minutes_apart(tmp_path, skew_s):
    with _calm(tmp_path, f"--skew={skew_s}") as skewed, skewed.watch():
        wait_for(lambda: _is_right(skewed), 30, "the picture")
        _deploy(skewed, "1.0.1")
        wait_for(lambda: _is_right(skewed) and _levels(skewed) == {"ok"}, 40, "the new version is well")
        _deploy(skewed, "1.0.2")
        wait_for(lambda: "progressing" in _levels(skewed), RIGHT_WITHIN_S, "a rollout is seen to move")
        wait_for(lambda: _is_right(skewed) and _levels(skewed) == {"ok"}, 40, "and to end well")
        assert _alarms(skewed) == []
        levels = skewed.rows("select distinct level from rollout_history where app = 'fresh'")
        assert not {level for (level,) in levels} & {"failing", "warning", "unknown"}


def _levels(world):
    return {level for (level,) in world.rows("select level from rollout_current where app = 'fresh'")}
