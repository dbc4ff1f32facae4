"""Each source broken in each way: it is named, the others go on, nothing turns green, and it mends by itself."""

from pathlib import Path

import pytest

from tests.e2e.world import serving, wait_for

FAULTS = ["refuse", 401, 403, 500, "html", "truncated", "hang"]
SOURCES = {"jenkins": "jenkins", "kubernetes": "kubernetes/demo", "vault": "vault"}
IMPATIENT = {
    'interval = "2s"': 'interval = "500ms"\ntimeout = "2s"',
    'context = "demo"': 'context = "demo"\nrequest_timeout = "2s"',
    'stale_after = "15s"': 'stale_after = "6s"',
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "1", "--scenario", "calm")
    with serving(tmp_path_factory.mktemp("faults") / "truth.json", *options) as served:
        _impatient(served)
        with served.watch():
            wait_for(lambda: _all_well(served) and served.status(), 40, "a calm world")
            yield served


def _impatient(world):
    """Look at the sources more often, and wait for them for a shorter time, than the demo does."""
    config = Path(world.ready.config)
    text = config.read_text()
    for given, instead in IMPATIENT.items():
        assert given in text
        text = text.replace(given, instead)
    config.write_text(text)


def _sources(world):
    """The sources as ``status`` tells them."""
    return {source["source"]: source for source in world.status().get("sources", ()) if not source["scope"]}


def _level(world, name):
    return _levels(world).get(name)


def _levels(world):
    """The levels of the sources as the store has them, which costs no process."""
    return dict(world.rows("select source, level from source_current where scope = '' and until_ms is null"))


def _all_well(world):
    return _levels(world) == dict.fromkeys(SOURCES.values(), "ok")


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_broken_sources_are_told_the_others_go_on_and_all_mend(world, fault):
    wait_for(lambda: _all_well(world), 90, "all sources well before")
    broken: list[str] = []
    try:
        for source, name in SOURCES.items():
            world.fault(source, fault)
            broken.append(name)
            wait_for(lambda name=name: _level(world, name) == "failing", 60, f"{name} told as failing")
            told = _sources(world)
            for each in told.values():
                if each["source"] in broken:
                    assert each["level"] == "failing"
                    assert each["reason"] and each["message"] and each["since"]
                else:
                    assert each["level"] == "ok"
    finally:
        for source in SOURCES:
            world.fault(source, None)
    wait_for(lambda: _all_well(world), 90, "mended by itself")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_cells_of_a_lost_cluster_are_unknown_and_status_cannot_tell(world):
    wait_for(lambda: _all_well(world), 90, "all sources well before")
    world.fault("kubernetes", "hang")
    try:

        def nothing_green():
            status = world.status()
            levels = {cell["level"] for app in status["apps"] for cell in app["stages"] if cell and cell["rollouts"]}
            return levels == {"unknown"} and status

        status = wait_for(nothing_green, 60, "every cell unknown")
        assert status["counts"]["ok"] == 0
        assert world.run("status").returncode == 3
    finally:
        world.fault("kubernetes", None)
    wait_for(lambda: _all_well(world) and world.status()["counts"]["ok"] > 0, 90, "green again")


@pytest.mark.slow
def test_zero_jobs_is_an_alarm(world):
    wait_for(lambda: _all_well(world), 90, "all sources well before")
    world.fault("jenkins", "empty-jobs")
    try:
        wait_for(lambda: _level(world, "jenkins") == "failing", 30, "told as failing")
        assert _sources(world)["jenkins"]["reason"] == "Empty"
        alerts = world.run("export", "alerts").stdout
        assert "SourceDown" in alerts
    finally:
        world.fault("jenkins", None)
    wait_for(lambda: _all_well(world), 90, "mended by itself")
