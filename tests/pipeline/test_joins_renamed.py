"""Builds stay those of their rollouts when their jobs are renamed, and when Jenkins has none of them any more."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from statusdesk.facts import Build, Changed, JobClass, JobMove
from statusdesk.states import RolloutState
from tests.judge.make import available, progressing
from tests.pipeline.test_joins import BEFORE, FIRST, JOB, KEY, NOBODY, Fed, build
from tests.pipeline.test_joins_beside import CLASSES, NONE, World

HOUR_S = 3600.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("tests.pipeline.test_joins_beside.CLASSES", dict(CLASSES))
    made = World(tmp_path)
    made.before()
    yield made
    made.writer.close()


def applied(fed: Fed, after_s: float, revision: int, version: str, annotation: str) -> tuple[str, int | None]:
    """Apply another template."""
    at_ms = fed.now_ms + int(after_s * 1000)
    conditions = (available(at_ms=at_ms), progressing("NewReplicaSetAvailable", at_ms=at_ms))
    what = {"revision": str(revision), "generation": revision, "observed_generation": revision, "version": version}
    return fed.cluster(after_s, **what, conditions=conditions, build=annotation)


def rename(world: World, before: str, after: str, *builds: Build) -> tuple[str, int | None]:
    """Rename a job; Jenkins tells its builds by the name that it has now."""
    from tests.pipeline import test_joins_beside

    test_joins_beside.CLASSES[after] = test_joins_beside.CLASSES.pop(before, JobClass.DEPLOY)
    at_ms = world.now_ms + 2000
    move = JobMove(source="jenkins", before=before, after=after, url="https://ci/now/")
    world.told(2, Changed(source="jenkins", kind=Build, at_ms=at_ms, moved=(move,)))
    told = [msgspec.structs.replace(each, job=after, url=f"https://ci/now/{each.number}/") for each in builds]
    return world.ci(5, *told)


def told_of(fed: Fed) -> tuple[str, int | None, str]:
    row = fed.writer.current(RolloutState)[KEY]
    return (row.build_job, row.build_number, row.build_url)


@pytest.mark.parametrize("after", ["deploy-orders-v2", "ship-orders", "shop/deploy-orders"])
def test_a_rollout_keeps_its_annotated_build_when_the_job_is_renamed(world: World, after: str) -> None:
    second = build(2, world.now_ms + 8000, version="1.6.0")
    world.ci(1, second)
    assert applied(world, 10, 3, "1.6.0", f"{JOB}#2") == ("annotation", 2)
    assert rename(world, JOB, after, second) == ("annotation", 2)
    assert told_of(world) == (after, 2, "https://ci/now/2/")
    world.restart()
    assert world.ci(5) == ("annotation", 2)
    assert told_of(world) == (after, 2, "https://ci/now/2/")
    assert applied(world, HOUR_S, 4, "9.9.9", f"{JOB}#2") == NOBODY  # by hand: the annotation was left there
    assert world.ci(200) == NONE
    assert applied(world, HOUR_S, 5, "1.6.0", f"{JOB}#2") == NOBODY
    assert world.ci(200) == ("none", 2)
    assert told_of(world) == (after, 2, "https://ci/now/2/")
    third = build(3, world.now_ms + 8000, job=after, version="1.7.0")
    world.ci(1, third)
    assert applied(world, 10, 6, "1.7.0", f"{JOB}#3") == ("annotation", 3)  # it had begun before the rename
    assert told_of(world) == (after, 3, "https://ci/3")


def test_a_perhaps_keeps_its_name_when_the_job_is_renamed(world: World) -> None:
    world.changed()
    maker = world.ran("deploy-all")
    world.ci(5, maker)
    assert world.ci(200) == ("namespace", 7)
    assert rename(world, "deploy-all", "deploy-everything", maker) == ("namespace", 7)
    assert told_of(world) == ("deploy-everything", 7, "https://ci/now/7/")
    world.restart()
    assert world.ci(60) == ("namespace", 7)


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Fed]:
    made = Fed(tmp_path)
    yield made
    made.writer.close()


def test_a_change_by_hand_is_not_that_of_a_build_that_jenkins_has_no_more(fed: Fed) -> None:
    fed.cluster(1, **(BEFORE | {"build": f"{JOB}#12"}))
    elsewhere = {"namespace": "testing", "namespaces": ("testing",)}
    later = [build(number, fed.now_ms - (45 - number) * 86_400_000, **elsewhere) for number in range(40, 44)]
    fed.jenkins(1, *later)
    assert applied(fed, 60, 2, "9.9.9", f"{JOB}#12") == NOBODY
    assert fed.jenkins(200) == NONE
    fed.restart()
    assert fed.jenkins(5) == NONE


def test_what_jenkins_forgets_keeps_its_address(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    second = build(2, fed.now_ms + 1000)
    fed.jenkins(0.5, FIRST, second)
    assert applied(fed, 2, 3, "1.5.0", f"{JOB}#2") == ("annotation", 2)
    many = [build(number, fed.now_ms + number * 60_000, version="1.6.0") for number in range(3, 60)]
    assert fed.jenkins(4000, *many) == ("annotation", 2)
    assert told_of(fed) == (JOB, 2, "https://ci/2")
