"""The gate over a living world: as a pipeline's shell asks it, while a version rolls, fails, and is mended."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.world import serving, wait_for

APP, JOB = "fresh", "deploy-fresh"
SETTINGS = """
[gate]
require = ["build-success", "rollout-healthy", "soak", "no-firing-alert", "digest-match", "tokens-live"]
"""
SNIPPET = 'set -e; %s gate "$APP" --to staging --version "$VERSION" --wait 40s; echo promoted'
"""What `sh` runs in the Jenkins stage of the README, with this interpreter's statusdesk."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "5", "--scenario", "calm", "--apps", "6")
    with serving(tmp_path_factory.mktemp("gate") / "truth.json", *options) as served:
        config = Path(served.ready.config)
        config.write_text(config.read_text() + SETTINGS)
        served.control("/fleet", {"add": 1, "builds": 0, "renamed": {"deploy-fleet-001": JOB}})
        with served.watch():
            wait_for(lambda: served.rows("select 1 from rollout_current limit 1"), 30, "the first rows")
            yield served


def deploy(world, version, behaviour, takes_s=1, result="SUCCESS"):
    """Deploy by a build that goes on for so long; return its number, once it was seen to run."""
    before = last_build(world)
    parameters = {"NAMESPACE": "testing", "VERSION": version}
    world.control("/build", {"job": JOB, "parameters": parameters, "takes_s": takes_s, "result": result})
    order = {"namespace": "testing", "app": APP, "version": version, "replicas": 1, "behaviour": behaviour}
    world.control("/apply", order)
    return wait_for(lambda: (number := last_build(world)) != before and number, 30, "the build")


def last_build(world):
    return world.rows(f"select coalesce(max(number), 0) from builds where job = '{JOB}'")[0][0]


def stage(world, version, **more):
    """Run the stage of a pipeline; return its exit code and what it printed."""
    program = f"{sys.executable} -m statusdesk --config {world.ready.config}"
    done = subprocess.run(
        ["sh", "-c", SNIPPET % program], env={"APP": APP, "VERSION": version, "PATH": "/usr/bin:/bin", **more},
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_pipeline_waits_for_a_good_version_is_stopped_by_a_bad_one_and_told_of_doubt(world):
    deploy(world, "1.0.0", "good")
    code, said = stage(world, "1.0.0")
    assert code == 0 and said.startswith(f"GO  {APP} 1.0.0  testing -> staging") and said.endswith("promoted\n")
    deploy(world, "1.1.0", "config-missing")
    code, said = stage(world, "1.1.0")
    assert code == 1 and said.startswith(f"BLOCKED  {APP} 1.1.0") and "promoted" not in said
    assert "blocked  rollout-healthy" in said and "blocked  no-firing-alert" in said
    old = world.run("gate", APP, "--to", "staging", "--version", "1.0.0")
    assert old.returncode == 3 and "1.0.0 does not run in testing; 1.1.0 does" in old.stdout
    world.fault("kubernetes", "refuse")
    wait_for(lambda: _answer(world)[0] == 3, 30, "the doubt")
    code, answer = _answer(world)
    fresh = answer["checks"][0]
    assert (answer["decision"], fresh["name"], fresh["result"]) == ("unknown", "freshness", "unknown")
    world.fault("kubernetes", None)
    deploy(world, "1.1.1", "good")
    code, said = stage(world, "1.1.1")
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_the_build_that_deploys_asks_and_what_it_was_refused_is_not_held_against_the_next(world):
    """As a pipeline does that deploys, asks whether its version may go on, and fails where it may not."""
    deploy(world, "2.0.0", "good", result="FAILURE")
    firing = f"select 1 from alerts where alertname = 'BuildFailed' and app = '{JOB}' and state = 'firing'"
    wait_for(lambda: world.rows(firing), 30, "the alert of the build")
    refused = world.run("gate", APP, "--to", "staging").stdout
    assert f"blocked  build-success    {JOB} #" in refused and "blocked  no-firing-alert  BuildFailed" in refused
    number = deploy(world, "2.0.0", "good", takes_s=3_000)
    code, said = stage(world, "2.0.0", JOB_NAME=JOB, BUILD_NUMBER=str(number))
    assert code == 0 and f"{JOB} #{number} is running, and asks" in said
    assert f"BuildFailed of an earlier build: {JOB} #{number} asks" in said
    other = world.run("gate", APP, "--to", "staging", "--build", f"promote#{number}")
    assert "unknown  build-success" in other.stdout and f"{JOB} #{number} is running\n" in other.stdout


def _answer(world):
    done = world.run("gate", APP, "--to", "staging", "--json")
    return done.returncode, json.loads(done.stdout)
