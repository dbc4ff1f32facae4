"""Rollouts of the demo world name the build that brought them, by annotation or by what it deployed."""

import csv
import io

import pytest

from tests.e2e.world import serving, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "4", "--apps", "8", "--scenario", "calm")
    with serving(tmp_path_factory.mktemp("joined") / "truth.json", *options) as served, served.watch():
        yield served


def _rollouts(world, app):
    """The rollouts of an app by namespace, as ``status`` tells them."""
    return {
        rollout["namespace"]: rollout
        for row in world.status().get("apps", ())
        if row["app"] == app
        for cell in row["stages"]
        for rollout in cell["rollouts"]
    }


def test_an_annotation_names_the_build_and_jenkins_its_address(world):
    def joined():
        builds = {name: each["build"] for name, each in _rollouts(world, "orders").items()}
        return builds and all(build and build["url"] for build in builds.values()) and builds

    for build in wait_for(joined, 30, "a build for every rollout").values():
        assert build["rule"] == "annotation"
        assert build["job"] == "deploy-orders"
        assert build["url"].endswith(f"/{build['number']}/")


def test_a_rollout_without_annotation_is_joined_by_namespace_app_time_and_version(world):
    world.control("/apply", {"namespace": "staging", "app": "fresh", "version": "1.0.0", "replicas": 1})
    parameters = {"NAMESPACE": "testing", "VERSION": "9.8.7"}
    wait_for(lambda: _rollouts(world, "orders").get("testing"), 30, "the rollout before")
    world.control("/build", {"job": "deploy-orders", "parameters": parameters, "takes_s": 8.0})
    world.control("/apply", {"namespace": "testing", "app": "orders", "version": "9.8.7", "replicas": 2})

    def joined():
        rollout = _rollouts(world, "orders")["testing"]
        return rollout["version"] == "9.8.7" and (rollout["build"] or {}).get("rule") == "version" and rollout["build"]

    build = wait_for(joined, 30, "the build that deployed the version")
    newest = world.rows("select max(number) from builds where job = 'deploy-orders' and version = '9.8.7'")
    assert [(build["number"],)] == newest
    exported = world.run("export", "rollouts", "--app", "orders", "--namespace", "testing", "--format", "csv").stdout
    joins = [(row["build_job"], row["build_url"], row["build_rule"]) for row in csv.DictReader(io.StringIO(exported))]
    assert ("deploy-orders", build["url"], "version") in joins
