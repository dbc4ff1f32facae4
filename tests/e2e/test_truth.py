"""The whole program against the demo world: what it says is what the world knows."""

import json

import pytest

from tests.e2e.world import serving, wait_for

CONCLUSIVE = ("SUCCESS", "UNSTABLE", "FAILURE")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("truth") / "truth.json", "--speed", "5") as served, served.watch():
        yield served


def _levels(status):
    return {
        f"{rollout['cluster']}/{rollout['namespace']}/{rollout['kind']}/{rollout['name']}": rollout
        for app in status.get("apps", ())
        for stage in app["stages"]
        if stage
        for rollout in stage["rollouts"]
    }


def test_failing_rollouts_are_those_of_the_world(world):
    def agrees():
        told = {key for key, each in _levels(world.status()).items() if each["level"] == "failing"}
        known = {key for key, each in world.truth()["rollouts"].items() if each["level"] == "failing"}
        return bool(known) and told == known

    wait_for(agrees, 40, "the failing rollouts of the world")


def test_versions_are_those_of_the_world(world):
    def agrees():
        told = {key: each["version"] for key, each in _levels(world.status()).items()}
        known = {
            key: each["version"]
            for key, each in world.truth()["rollouts"].items()
            if not key.split("/")[1].startswith("dev-")
        }
        return bool(told) and told == known

    wait_for(agrees, 40, "the versions of the world")


def test_builds_are_those_of_the_world(world):
    def agrees():
        newest = {}
        for line in world.run("export", "builds", "--since", "365d", "--format", "jsonl").stdout.splitlines():
            build = json.loads(line)
            key = f"{build['job']}@{build['namespace'] or ''}"
            if build["result"] in CONCLUSIVE and build["number"] > newest.get(key, (0, ""))[0]:
                newest[key] = (build["number"], build["result"])
        known = {key: (each["number"], each["result"]) for key, each in world.truth()["builds"].items()}
        known = {key: each for key, each in known.items() if each[1] in CONCLUSIVE}
        return known and {key: newest.get(key) for key in known} == known

    wait_for(agrees, 60, "the builds of the world")


def test_status_fails_while_something_fails(world):
    done = wait_for(lambda: (done := world.run("status")) and done.returncode == 1 and done, 30, "exit 1")
    assert "next stop performance" in done.stdout
    assert "vault-agent" in done.stdout


def test_a_second_collector_is_refused_with_the_first_ones_pid(world):
    pid = world.status()["collector"]["pid"]
    done = world.run("watch")
    assert done.returncode == 75
    assert str(pid) in done.stderr
