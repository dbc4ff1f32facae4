"""Few rights: what may be read is live, the rest says so, and nobody is asked again and again."""

import json
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.world import serving, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

DEPLOY = Path(__file__).parents[2] / "deploy" / "kubernetes"
STAGES = ("testing", "staging", "performance", "audit", "production")
OURS, CLOSED = STAGES[:2], STAGES[2:]
QUIET_S = 6.0


@pytest.fixture
def world(tmp_path):
    with serving(tmp_path / "truth.json", "--speed", "5", "--apps", "8", "--scenario", "calm") as served:
        yield served


def _marks(world):
    """The marks of the cells by stage."""
    marks = {}
    for app in world.status().get("apps", ()):
        for cell in app["stages"]:
            marks.setdefault(cell["stage"], set()).add(cell["mark"])
    return marks


def _settled(world):
    """Whether our namespaces have rollouts and the closed ones are told, as the store has it."""
    ours = {name for (name,) in world.rows("select distinct namespace from rollout_current where until_ms is null")}
    closed = {name for (name,) in world.rows("select scope from source_current where reason = 'NoAccess'")}
    return ours == set(OURS) and closed == set(CLOSED)


def _refused(world):
    return sum(each["count"] for each in world.asked() if not each["allowed"])


def test_rights_in_two_of_five_namespaces(world):
    world.control("/access", {"cluster_wide": False, "namespaces": OURS, "may_list_namespaces": False})
    with world.watch():
        wait_for(lambda: _settled(world), 30, "two stages")
        marks = wait_for(lambda: len(told := _marks(world)) == 5 and not told["testing"] & {"unknown"} and told, 30)
        assert all(marks[stage] <= {"no-access", "absent"} for stage in CLOSED), marks
        assert all("no-access" not in marks[stage] for stage in OURS)
        closed = {each["scope"]: each for each in world.status()["sources"] if each["scope"]}
        assert {name for name, each in closed.items() if each["reason"] == "NoAccess"} == set(CLOSED)
        assert all("kubectl create rolebinding" in closed[name]["message"] for name in CLOSED)

        wait_for(lambda: _refused(world), 10, "the refusals")
        before, end_s = _refused(world), time.monotonic() + QUIET_S
        wait_for(lambda: time.monotonic() > end_s, QUIET_S + 5, "some seconds of quiet")
        assert _refused(world) == before, "it asks again for what it was refused"
        assert before <= 4 * (1 + len(CLOSED)) + 4, "it asked more than once for something"

        world.control("/apply", {"namespace": "staging", "app": "fresh", "version": "9.9.9", "replicas": 1})
        wait_for(lambda: world.rows("select 1 from rollout_current where app='fresh' and version='9.9.9'"), 10, "live")
        firing = world.rows("select alertname from alerts where state = 'firing'")
        assert ("SourceDown",) not in firing


def test_rights_that_are_taken_away_are_told_with_what_was_known_until_then(world):
    with world.watch():
        seen = "select distinct namespace from rollout_current where until_ms is null"
        wait_for(lambda: {name for (name,) in world.rows(seen)} >= set(STAGES), 30, "all stages")
        world.control("/access", {"cluster_wide": False, "namespaces": OURS, "may_list_namespaces": False})
        world.control("/cut-watches", {})
        wait_for(lambda: _settled_closed(world), 20, "the refusals")
        told = world.status()
        closed = {each["scope"]: each for each in told["sources"] if each["reason"] == "NoAccess" and each["scope"]}
        assert all(closed[name]["age_s"] is not None and closed[name]["age_s"] < 30 for name in CLOSED), closed
        cells = [cell for app in told["apps"] for cell in app["stages"] if cell["stage"] in CLOSED and cell["rollouts"]]
        assert cells and all((cell["mark"], bool(cell["version"])) == ("no-access", True) for cell in cells)


def _settled_closed(world):
    return {name for (name,) in world.rows("select scope from source_current where reason = 'NoAccess'")} >= set(CLOSED)


def test_a_right_that_is_missing_is_named_exactly(world):
    denied = ["watch statefulsets", "list events", "pods/log"]
    wanted = {
        "may not watch statefulsets.apps, list events": "fail",
        "may not get pods/log (no log is shown or kept without it)": "warning",
    }
    world.control("/access", {"denied": denied})
    done = world.run("check", "sources", "--json")
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    missing = [each for each in found if each["what"].startswith("kubernetes") and each["result"] != "ok"]
    told = {each["message"].split("\n")[0]: each["result"] for each in missing}
    assert told == {f"{', '.join(STAGES)}: {words}": result for words, result in wanted.items()}, "once for all of them"
    assert all("kubectl create clusterrolebinding" in each["message"] for each in missing)
    world.control("/access", {})
    assert world.run("check", "sources").returncode == 0


def _granted(name):
    """The rights that a file of deploy/ gives: (verb, group, resource)."""
    documents = yaml.safe_load_all((DEPLOY / name).read_text())
    [role] = [each for each in documents if each["kind"] in ("Role", "ClusterRole")]
    return {
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def _uses_exactly(world, rights):
    """Run with something of each kind that fails, and hold what was asked for against ``rights``."""
    with world.watch():
        for kind, app in (("StatefulSet", "box"), ("DaemonSet", "agent"), ("Deployment", "shop")):
            world.control(
                "/apply", {"namespace": "staging", "app": app, "version": "1.0.0", "kind": kind, "replicas": 1}
            )
            world.control(
                "/apply", {"namespace": "staging", "app": app, "version": "1.0.1", "kind": kind, "behaviour": "crash"}
            )
        wait_for(lambda: rights <= _used(world), 60, "every right is in use")
    assert _used(world) == rights


def _used(world):
    return {(each["verb"], each["group"], each["resource"]) for each in world.asked() if each["allowed"]}


def test_the_least_rights_for_a_cluster_are_those_that_are_used(world):
    _watch_a_pattern(world)
    _uses_exactly(world, _granted("cluster-wide.yaml"))


def test_the_least_rights_in_a_namespace_are_those_that_are_used(world):
    world.control("/access", {"cluster_wide": False, "namespaces": STAGES, "may_list_namespaces": False})
    _uses_exactly(world, _granted("per-namespace.yaml"))


def test_a_pattern_needs_the_names_of_namespaces_beside_the_rights_in_each(world):
    _watch_a_pattern(world)
    world.control("/access", {"cluster_wide": False, "namespaces": STAGES})
    _uses_exactly(world, _granted("per-namespace.yaml") | _granted("namespaces.yaml"))


def _watch_a_pattern(world):
    config = Path(world.ready.config)
    config.write_text(config.read_text().replace('namespaces = ["testing"]', 'namespaces = ["testing", "dev-*"]'))
