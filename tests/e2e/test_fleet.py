"""A fleet of shared jobs: the picture of every (job, namespace) is the world's own truth, whatever happens to jobs."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import World, _get, serving, wait_for

OUTCOMES = (
    "SELECT job, namespace, number, result FROM build_current WHERE until_ms IS NULL AND job LIKE '%deploy-fleet-%'"
)


def truth(world: World) -> dict[tuple[str, str], tuple[int | None, str]]:
    """Return number and result of the newest conclusive build of each pair of the fleet, as the world knows it now."""
    builds = _get(world.ready.control + "/truth")["builds"]
    told = {}
    for key, entry in builds.items():
        job, _, namespace = key.rpartition("@")
        if "deploy-fleet-" in job:
            told[job, namespace] = (entry["number"], entry["result"] or "")
    return told


def picture(world: World) -> dict[tuple[str, str], tuple[int | None, str]]:
    return {(job, namespace): (number, result) for job, namespace, number, result in world.rows(OUTCOMES)}


def same(world: World) -> bool:
    return picture(world) == truth(world)


def told(world: World) -> str:
    mine, real = picture(world), truth(world)
    return json.dumps(
        [(str(k), mine.get(k), real.get(k)) for k in mine.keys() | real.keys() if mine.get(k) != real.get(k)][:5]
    )


@contextlib.contextmanager
def fleet(tmp_path: Path, jobs: int, builds: int) -> Iterator[World]:
    with serving(tmp_path / "truth.json", "--scenario", "calm", "--apps", "2") as world:
        config = Path(world.ready.config)
        config.write_text(config.read_text().replace("[jenkins]\n", '[jenkins]\nslow_interval = "1s"\n'))
        world.control("/fleet", {"add": jobs, "builds": builds})
        yield world


def live_through(world: World, add: int, remove: int, patience_s: float) -> None:
    """Kill and restart in the backfill, then let everything happen to the jobs that happens to jobs."""
    with world.watch() as watch:
        wait_for(lambda: world.rows("SELECT 1 FROM builds LIMIT 1"), patience_s)
        watch.kill()
        watch.wait()
    with world.watch():
        wait_for(lambda: same(world), patience_s, told(world))
        last = world.rows("SELECT name, last_number FROM jobs WHERE name LIKE 'deploy-fleet-%' AND until_ms IS NULL")
        (renamed, _), (disabled, _), (busy, number) = sorted(last)[-3:]
        # a job's last build, and one that failed long ago for its namespace, with newer ones of its job beside it
        bad = "SELECT max(number) FROM build_current WHERE until_ms IS NULL AND job = ? AND level = 'failing'"
        red = [(job, found) for job, newest in last for found in world.rows(bad.replace("?", repr(job)))[0]
               if found not in (None, newest) and job not in (renamed, disabled, busy)][-1]  # fmt: skip
        gone = [(busy, number), red]
        for namespace, result in (
            ("production", "FAILURE"),
            ("dev-bob", "SUCCESS"),
        ):  # side by side, ending in any order
            order = {"job": busy, "parameters": {"NAMESPACE": namespace}, "result": result, "takes_s": 1.0}
            world.control("/build", order)
        world.control(
            "/fleet", {"add": add, "remove": remove, "builds": 3, "renamed": {renamed: "deploy-fleet-renamed"}}
        )
        world.control("/fleet", {"disabled": [disabled], "deleted": gone})
        wait_for(lambda: (truth(world).get((busy, "production"), (0, ""))[0] or 0) > number, patience_s)
        wait_for(lambda: set(truth(world)) <= set(picture(world)), patience_s, told(world))
        wait_for(lambda: same(world), patience_s, told(world))
        kept = "SELECT result, deleted FROM builds WHERE job = '{}' AND number = {}"
        assert world.rows(kept.format(*red)) == [("FAILURE", 1)], "what was deleted is history"
        events = {(what, other) for what, other in world.rows("SELECT what, other FROM job_events")}
        assert ("renamed", "deploy-fleet-renamed") in events
        assert ("disabled", "") in events
        counted = dict(world.rows("SELECT what, count(*) FROM job_events GROUP BY what"))
        assert (counted["appeared"], counted["vanished"]) == (add, remove)


@pytest.mark.slow
def test_every_pair_of_a_fleet_is_right_through_all_that_happens_to_its_jobs(tmp_path: Path) -> None:
    with fleet(tmp_path, 40, 12) as world:
        live_through(world, 5, 2, 40.0)


@pytest.mark.slow
def test_every_pair_of_jobs_with_more_builds_than_jenkins_lists_is_right(tmp_path: Path) -> None:
    with fleet(tmp_path, 4, 230) as world:
        with world.watch() as watch:
            wait_for(lambda: world.rows("SELECT 1 FROM builds LIMIT 1"), 40.0)
            watch.kill()
            watch.wait()
        with world.watch():
            read = "SELECT count(*) FROM builds WHERE job LIKE '%deploy-fleet-%'"
            wait_for(lambda: world.rows(read) == [(920,)], 40.0)
            wait_for(lambda: same(world), 40.0, told(world))
            incomplete = "SELECT name FROM jobs WHERE until_ms IS NULL AND NOT complete"
            wait_for(lambda: world.rows(incomplete) == [], 40.0)


@pytest.mark.soak
def test_every_pair_of_500_jobs_is_right_through_all_that_happens_to_them(tmp_path: Path) -> None:
    with fleet(tmp_path, 500, 20) as world:
        live_through(world, 50, 20, 90.0)
