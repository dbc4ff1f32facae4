"""A change is said to lack a build only where no build of any job that may touch its namespace explains it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from statusdesk.facts import Build, BuildDetails, Changed, Job, JobClass, Stage, Swept, Visited, Workload
from statusdesk.states import RolloutState
from tests.judge.make import available, deployment, progressing
from tests.pipeline.test_joins import FIRST, JOB, KEY, NOBODY, Fed, build

ENV, DEPLOY, OTHER = JobClass.ENVIRONMENT, JobClass.DEPLOY, JobClass.OTHER
NONE = ("none", None)
ELSEWHERE: dict[str, Any] = {"namespace": "testing", "namespaces": ("testing",)}
NOWHERE: dict[str, Any] = {"namespace": None, "namespaces": ()}
CLASSES = {
    JOB: DEPLOY,
    "deploy-all": DEPLOY,
    "deploy-payments": DEPLOY,
    "env-create": ENV,
    "env-update": ENV,
    "restart-everything": OTHER,
    "compile": OTHER,
    "smoke": OTHER,
    "seed": JobClass.SEED,
    "vault-renew": JobClass.RENEWAL,
}


class World(Fed):
    """A desk whose Jenkins has many jobs; ``changed`` changes the workload at ``at_ms``, in a minute."""

    unread: frozenset[str] = frozenset()
    gap_after: int | None = None
    """Jobs whose older builds Jenkins has not told yet."""

    def before(self) -> None:
        self.cluster(1)
        payments = deployment(name="payments", uid="p1", app="payments", version="7.0.0")
        self.told(1, Changed(source="kubernetes/eu", kind=Workload, at_ms=self.now_ms, seen=(payments,)))
        self.ci(1, FIRST, build(1, self.now_ms - 86_000_000, job="deploy-payments", version="7.0.0"))
        self.at_ms = self.now_ms + 60_000

    def changed(self, *, anew: bool = False) -> tuple[str, int | None]:
        conditions = (available(at_ms=self.at_ms), progressing("NewReplicaSetAvailable", at_ms=self.at_ms))
        what: dict[str, Any] = {"version": "1.6.0", "conditions": conditions}
        if anew:
            gone = ("eu", "staging", "Deployment", "orders")
            self.told(30, Changed(source="kubernetes/eu", kind=Workload, at_ms=self.now_ms + 30_000, gone=(gone,)))
            seen = deployment(uid="u2", revision="1", created_ms=self.at_ms, **what)
        else:
            seen = deployment(revision="3", generation=3, observed_generation=3, **what)
        after_s = max(1.0, (self.at_ms - self.now_ms) / 1000 + 1)
        at_ms = self.now_ms + int(after_s * 1000)
        return self.told(after_s, Changed(source="kubernetes/eu", kind=Workload, at_ms=at_ms, seen=(seen,)))

    def ci(self, after_s: float, *builds: Build) -> tuple[str, int | None]:
        at_ms = self.now_ms + int(after_s * 1000)
        jobs = tuple(self.job(name, each) for name, each in CLASSES.items())
        return self.told(
            after_s,
            Swept(source="jenkins", kind=Job, facts=jobs, started_ms=at_ms, at_ms=at_ms),
            Changed(source="jenkins", kind=Build, at_ms=at_ms, seen=builds),
            Visited(source="jenkins", ok=True, at_ms=at_ms),
        )

    def job(self, name: str, job_class: JobClass) -> Job:
        told: dict[str, Any] = {"complete": name not in self.unread, "gap_after": self.gap_after}
        return Job(source="jenkins", name=name, url="u", job_class=job_class, **told)

    def ran(self, job: str, **changes: Any) -> Build:
        """A build that ran when the workload changed."""
        fields: dict[str, Any] = {"job": job, "duration_ms": 20_000, "url": f"https://ci/{job}/7", "version": ""}
        return build(7, self.at_ms - 5000, **(fields | changes))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.before()
    yield made
    made.writer.close()


@pytest.mark.parametrize(
    ("job", "anew"),
    [
        ("env-create", True),
        ("env-update", False),
        ("deploy-all", False),
        ("deploy-all", True),
        ("restart-everything", False),
    ],
)
def test_what_a_job_of_the_namespace_makes_or_changes_is_not_said_to_lack_a_build(
    world: World, job: str, anew: bool
) -> None:
    assert world.changed(anew=anew) == NOBODY
    assert world.ci(5, world.ran(job)) == NOBODY
    assert world.ci(200) == ("namespace", 7)
    row = world.writer.current(RolloutState)[KEY]
    assert (row.build_job, row.build_url) == (job, f"https://ci/{job}/7")
    world.restart()
    assert world.ci(10) == ("namespace", 7)


def test_a_busy_jenkins_excuses_no_change_by_hand(world: World) -> None:
    """Builds of other apps and namespaces, of no namespace, of seed and renewal jobs, and what a deploy started."""
    world.changed()
    world.ci(
        5,
        world.ran("deploy-payments", version="7.1.0"),
        world.ran("env-create", **ELSEWHERE),
        world.ran("deploy-all", **ELSEWHERE),
        world.ran("compile", **NOWHERE),
        world.ran("seed"),
        world.ran("vault-renew"),
        world.ran("smoke", upstream_job="deploy-payments", upstream_number=7),
    )
    assert world.ci(200) == NONE
    assert world.ci(5, world.ran("deploy-payments", result="FAILURE", version="7.1.0")) == NONE
    world.restart()
    assert world.ci(10) == NONE


def test_of_several_that_may_have_done_it_none_is_named(world: World) -> None:
    world.changed()
    world.ci(5, world.ran("env-update"), world.ran("restart-everything"))
    assert world.ci(200) == ("namespace", None)
    world.restart()
    assert world.ci(10) == ("namespace", None)


def test_a_build_that_names_no_namespace_and_may_have_gone_anywhere_is_not_named(world: World) -> None:
    world.changed()
    world.ci(5, world.ran("deploy-all", **NOWHERE))
    assert world.ci(200) == NONE  # it names a namespace never
    assert world.ci(5, build(6, world.at_ms - 90_000_000, job="deploy-all", **ELSEWHERE)) == ("namespace", None)


def test_a_build_that_hangs_for_days_excuses_nothing(world: World) -> None:
    hung = build(7, world.at_ms - 2 * 86_400_000, job="deploy-all", building=True, result=None, duration_ms=0)
    world.ci(1, hung)
    world.changed()
    assert world.ci(200) == NONE
    ended = msgspec.structs.replace(hung, building=False, result="ABORTED", duration_ms=3 * 86_400_000)
    assert world.ci(80_000, ended) == NONE


def test_a_pipeline_that_waits_for_a_person_excuses_nothing(world: World) -> None:
    began_ms = world.at_ms - 3_600_000
    waits = build(7, began_ms, job="deploy-all", version="", building=True, result=None, duration_ms=0)
    stages = (
        Stage(name="staging", started_ms=began_ms, duration_ms=60_000),
        Stage(name="approve", started_ms=began_ms + 60_000, duration_ms=7_200_000, paused_ms=7_199_000),
    )
    looked_up = BuildDetails(source="jenkins", job="deploy-all", number=7, at_ms=world.at_ms + 60_000, stages=stages)
    world.changed()
    world.ci(5, waits)
    world.told(60, Changed(source="jenkins", kind=BuildDetails, at_ms=looked_up.at_ms, seen=(looked_up,)))
    assert world.ci(140) == NONE
    assert (
        world.ci(4000, msgspec.structs.replace(waits, building=False, result="SUCCESS", duration_ms=7_600_000)) == NONE
    )


def test_what_is_said_is_taken_back_when_a_build_becomes_known_later(world: World) -> None:
    world.changed()
    assert world.ci(200) == NONE
    assert world.ci(5, world.ran("env-update", **ELSEWHERE)) == NONE
    assert world.ci(5, build(8, world.at_ms + 60_000, job="env-update", version="")) == NONE
    assert world.ci(5, world.ran("restart-everything")) == ("namespace", 7)
    assert world.ci(5, world.ran("deploy-all")) == ("namespace", None)
    assert world.ci(5, build(2, world.at_ms - 5000, version="1.6.0")) == ("version", 2)


def test_what_a_build_explained_stays_explained_when_nobody_remembers_it(world: World) -> None:
    world.changed()
    world.ci(5, world.ran("env-update"))
    assert world.ci(200) == ("namespace", 7)
    later = [build(number, world.now_ms + number * 1000, job="env-update", version="") for number in range(8, 60)]
    assert world.ci(100, *later) == ("namespace", 7)
    world.restart()
    assert world.ci(10, build(2, world.now_ms, version="1.7.0")) == ("namespace", 7)


def test_nothing_is_said_where_builds_of_that_time_may_be_forgotten(world: World) -> None:
    world.changed()
    later = [build(number, world.at_ms + number * 1000, job="env-update", version="") for number in range(8, 60)]
    assert world.ci(200, *later) == NOBODY


def test_nothing_is_said_until_jenkins_has_told_the_builds_between_two_that_are_known(world: World) -> None:
    """Of each job it tells the newest build at once, and those before it later."""
    world.ci(1, build(6, world.at_ms - 3_600_000, job="deploy-all", version=""))
    world.changed()
    assert world.ci(200, build(9, world.at_ms + 60_000, job="deploy-all", version="")) == NOBODY
    assert world.ci(5, build(8, world.at_ms - 5000, job="deploy-all", version="", **ELSEWHERE)) == NOBODY
    assert world.ci(5, build(7, world.at_ms - 900_000, job="deploy-all", version="", **ELSEWHERE)) == NONE


def test_nothing_is_said_while_the_builds_before_the_first_known_one_are_not_told(world: World) -> None:
    world.unread = frozenset({"deploy-all", "smoke"})
    world.changed()
    after = build(9, world.at_ms + 60_000, job="deploy-all", version="")
    assert world.ci(200, after) == NOBODY
    assert world.ci(5, world.ran("smoke", upstream_job="deploy-payments", upstream_number=7)) == NOBODY
    world.unread = frozenset()
    assert world.ci(5) == NONE


def test_newer_builds_that_are_not_told_yet_are_no_doubt_about_what_was_before_the_first_known_one(
    world: World,
) -> None:
    world.gap_after = 9
    world.changed()
    assert world.ci(200, build(9, world.at_ms + 60_000, job="deploy-all", version="")) == NONE


def test_after_a_restart_a_job_is_still_that_of_an_app_that_is_not_seen_yet(world: World) -> None:
    world.changed()
    world.ci(5, world.ran("deploy-payments", version="7.1.0"))
    assert world.ci(200) == NONE
    world.restart()
    assert world.ci(10, world.ran("deploy-payments", result="FAILURE", version="7.1.0")) == NONE
    assert world.changed() == NONE
    assert world.ci(10, world.ran("deploy-payments", version="7.1.0")) == NONE
