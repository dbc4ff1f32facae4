"""Rollouts and builds come in any order; the rows of rollouts tell which build did it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from statusdesk.config import ClusterSettings, Config, JenkinsSettings, StageSettings, StoreSettings
from statusdesk.facts import Build, Changed, Job, JobClass, Message, Pod, Swept, Visited, Workload
from statusdesk.pipeline.desk import Desk
from statusdesk.states import RolloutState
from statusdesk.store.writer import Writer
from tests.judge.make import T0, available, deployment, pod, progressing

JOB, KEY = "deploy-orders", "eu/staging/Deployment/orders"
LONG_S = 10 * 86_400


class Fed:
    """A desk that is told things, and the time that passes meanwhile."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "statusdesk.db"
        self.now_ms = T0
        self.start()

    def start(self) -> None:
        stages = (StageSettings(name="staging", namespaces=("staging",)),)
        store = StoreSettings(state_dir=str(self._path.parent))
        self.writer = Writer(self._path, LONG_S, lambda: self.now_ms)
        clusters, jenkins = (ClusterSettings(name="eu"),), JenkinsSettings(url="http://jenkins")
        self.desk = Desk(Config(path="", stages=stages, clusters=clusters, jenkins=jenkins, store=store), self.writer)

    def restart(self) -> None:
        self.writer.close()
        self.start()

    def told(self, after_s: float, *messages: Message) -> tuple[str, int | None]:
        """Let time pass and take messages; return rule and number of the build of the rollout."""
        self.now_ms += int(after_s * 1000)
        for message in messages:
            self.desk.take(message)
        self.desk.flush(self.now_ms)
        row = self.writer.current(RolloutState)[KEY]
        return row.build_rule, row.build_number

    def cluster(self, after_s: float, **changes: Any) -> tuple[str, int | None]:
        """Let the cluster tell of the Deployment."""
        at_ms = self.now_ms + int(after_s * 1000)
        when: dict[str, Any] = {"source": "kubernetes/eu", "started_ms": at_ms, "at_ms": at_ms, "scope": ""}
        swept = Swept(kind=Workload, facts=(deployment(**changes),), **when)
        return self.told(after_s, swept, Swept(kind=Pod, facts=(), **when))

    def jenkins(self, after_s: float, *builds: Build, job_class: JobClass = JobClass.DEPLOY) -> tuple[str, int | None]:
        """Let Jenkins tell of its job and some builds."""
        at_ms = self.now_ms + int(after_s * 1000)
        job = Job(source="jenkins", name=JOB, url="https://ci/", job_class=job_class)
        return self.told(
            after_s,
            Swept(source="jenkins", kind=Job, facts=(job,), started_ms=at_ms, at_ms=at_ms),
            Changed(source="jenkins", kind=Build, at_ms=at_ms, seen=builds),
            Visited(source="jenkins", ok=True, at_ms=at_ms),
        )


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Fed]:
    made = Fed(tmp_path)
    yield made
    made.writer.close()


def build(number: int, began_ms: int, **changes: Any) -> Build:
    fields: dict[str, Any] = {
        "source": "jenkins",
        "job": JOB,
        "url": f"https://ci/{number}",
        "namespace": "staging",
        "namespaces": ("staging",),
        "result": "SUCCESS",
        "duration_ms": 10_000,
    }
    return Build(number=number, started_ms=began_ms, **(fields | changes))


FIRST = build(1, T0 - 86_400_000, version="1.4.2")
BEFORE: dict[str, Any] = {"revision": "1", "version": "1.4.2", "conditions": ()}
NOBODY = ("", None)


def test_a_build_that_is_known_first(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.jenkins(1, FIRST, build(2, T0 + 2500, building=True, result=None, duration_ms=0, version="1.5.0"))
    assert fed.cluster(1) == ("version", 2)
    row = fed.writer.current(RolloutState)[KEY]
    assert (row.build_job, row.build_url) == (JOB, "https://ci/2")


def test_a_build_that_is_heard_of_later(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    assert fed.cluster(1) == NOBODY
    since_ms = fed.writer.current(RolloutState)[KEY].since_ms
    assert fed.jenkins(9, FIRST, build(2, T0 + 1000, version="1.5.0")) == ("version", 2)
    assert fed.writer.current(RolloutState)[KEY].since_ms == since_ms


def test_an_annotation_is_told_at_once_and_its_link_when_jenkins_tells(fed: Fed) -> None:
    assert fed.cluster(1, build="deploy-orders#2") == ("annotation", 2)
    assert fed.writer.current(RolloutState)[KEY].build_url == ""
    at_ms = fed.writer.current(RolloutState)[KEY].started_ms
    assert at_ms is not None
    assert fed.jenkins(1, build(2, at_ms - 1000)) == ("annotation", 2)
    assert fed.writer.current(RolloutState)[KEY].build_url == "https://ci/2"


def test_a_change_without_a_build_is_told_once_jenkins_had_time(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.jenkins(1, FIRST)
    assert fed.cluster(1) == NOBODY
    assert fed.jenkins(60) == NOBODY
    assert fed.told(100) == NOBODY
    assert fed.jenkins(1) == ("none", None)
    fed.restart()
    assert fed.cluster(10) == ("none", None)
    assert fed.jenkins(10, build(2, T0 + 1000, version="1.5.0")) == ("version", 2)


def test_a_change_without_a_build_is_told_also_when_the_collector_died_before_it_was(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.jenkins(1, FIRST)
    fed.cluster(1)
    assert fed.jenkins(110) == NOBODY
    fed.restart()
    assert fed.cluster(5) == NOBODY
    assert fed.jenkins(10) == ("none", None)


def test_what_was_there_when_it_was_first_seen_is_no_change_after_a_restart_either(fed: Fed) -> None:
    fed.cluster(1)
    fed.jenkins(1, FIRST)
    fed.restart()
    fed.cluster(5)
    assert fed.jenkins(600) == NOBODY
    gone = ("eu", "staging", "Deployment", "orders")
    fed.told(1, Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms, gone=(gone,)))
    fed.cluster(60, revision="3")  # made anew
    fed.restart()
    fed.cluster(5, revision="3")
    assert fed.jenkins(600) == NOBODY


@pytest.mark.parametrize("annotated", [True, False])
def test_the_same_version_again_takes_the_rollout_from_no_build(fed: Fed, annotated: bool) -> None:
    """Deployed at 0 s and again at 30 s, when the rollout is complete: the second one changed an annotation."""

    def by(number: int) -> str:
        return f"{JOB}#{number}" if annotated else ""

    rule = "annotation" if annotated else "version"
    fed.cluster(1, **BEFORE)
    fed.jenkins(0, FIRST)
    first = build(2, fed.now_ms, version="1.5.0")
    fed.jenkins(1, msgspec.structs.replace(first, building=True, result=None, duration_ms=0))
    assert fed.cluster(3, build=by(2)) == (rule, 2)
    fed.jenkins(8, first)
    again = build(3, fed.now_ms + 18_000, version="1.5.0")
    assert fed.cluster(20, build=by(3)) == (rule, 2)
    assert fed.jenkins(1, msgspec.structs.replace(again, building=True, result=None, duration_ms=0)) == (rule, 2)
    assert fed.jenkins(10, again) == (rule, 2)
    fed.restart()
    assert fed.cluster(1, build=by(3)) == (rule, 2)
    assert fed.jenkins(200, again) == (rule, 2)
    assert fed.writer.earlier.periods(KEY, 9)[-1].build_number == 1


def test_a_jenkins_whose_clock_is_ahead_still_tells_its_builds(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.jenkins(0, FIRST)
    fed.cluster(3)
    ahead = build(2, fed.now_ms - 3000 + 290_000, version="1.5.0", building=True, result=None, duration_ms=0)
    assert fed.jenkins(2, ahead) == ("version", 2)
    assert fed.jenkins(200, build(2, ahead.started_ms, version="1.5.0")) == ("version", 2)


@pytest.mark.parametrize("kind", ["Changed", "Swept"])
def test_a_rollout_that_a_watch_tells_late_began_when_its_pods_did(fed: Fed, kind: str) -> None:
    """The watch is silent for 240 s; what it tells then is the deploy's that ended 220 s ago."""
    fed.cluster(0, **BEFORE)
    began_ms = T0 + 10_000
    fed.jenkins(0, FIRST)
    rolled = deployment(
        conditions=(available(at_ms=began_ms), progressing("NewReplicaSetAvailable", at_ms=T0 + 45_000))
    )
    new = pod(created_ms=began_ms, scheduled_changed_ms=began_ms, ready_changed_ms=T0 + 40_000)
    fed.now_ms = T0 + 240_000
    if kind == "Changed":
        when: dict[str, Any] = {"source": "kubernetes/eu", "at_ms": fed.now_ms, "heard_ms": T0}
        told: tuple[Message, ...] = (
            Changed(kind=Pod, seen=(new,), **when), Changed(kind=Workload, seen=(rolled,), **when)
        )  # fmt: skip
    else:
        swept = {"source": "kubernetes/eu", "started_ms": fed.now_ms, "at_ms": fed.now_ms, "scope": ""}
        told = (Swept(kind=Pod, facts=(new,), **swept), Swept(kind=Workload, facts=(rolled,), **swept))
    fed.told(0, *told)
    row = fed.writer.current(RolloutState)[KEY]
    assert (row.started_ms, row.version_since_ms) == (began_ms, began_ms)
    assert fed.jenkins(0, build(2, T0, duration_ms=20_000)) == ("time", 2)
    assert fed.jenkins(200) == ("time", 2)


def test_a_change_by_hand_soon_after_a_deploy_is_not_the_deploys(fed: Fed) -> None:
    """Built 66.0.0, and 69 s after its end somebody applies 67.0.0; then it is undone: no build did either."""
    fed.cluster(1, **BEFORE)
    deploy = build(2, T0 + 2000, version="66.0.0", duration_ms=5000)
    fed.jenkins(1, FIRST, deploy)
    assert fed.cluster(1, version="66.0.0") == ("version", 2)
    assert fed.cluster(70, revision="3", version="67.0.0") == NOBODY
    fed.jenkins(100)
    assert fed.jenkins(30) == ("none", None)
    fed.restart()
    fed.cluster(1, revision="3", version="67.0.0")
    assert fed.cluster(1, revision="3", version="66.0.0", build=f"{JOB}#2") == NOBODY  # not counted yet
    assert fed.cluster(0.1, revision="4", version="66.0.0", build=f"{JOB}#2") == NOBODY
    fed.jenkins(100)
    assert fed.jenkins(30) == ("none", 2)
    row = fed.writer.current(RolloutState)[KEY]
    assert (row.build_job, row.build_url) == (JOB, "https://ci/2")
    fed.restart()
    assert fed.cluster(1, revision="4", version="66.0.0", build=f"{JOB}#2") == ("none", 2)


def test_a_version_that_ran_in_another_namespace_tells_what_builds_name(fed: Fed) -> None:
    """Nothing here ever ran what a build named, but elsewhere it did: the job names what the cluster runs."""
    fed.cluster(1, **(BEFORE | {"version": "stable"}))
    elsewhere = deployment(namespace="testing", version="2.0.0")
    fed.told(0, Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms, seen=(elsewhere,)))
    fed.jenkins(1, FIRST, build(2, T0 + 2000, version="2.0.0", result="FAILURE"))
    by_hand = deployment(version="hotfix")  # told alone: what is elsewhere stays
    hotfix = Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms + 1000, seen=(by_hand,))
    assert fed.told(1, hotfix) == NOBODY
    fed.jenkins(100)
    assert fed.jenkins(30) == ("none", None)


def test_what_was_not_seen_to_begin_is_not_said_to_lack_a_build(fed: Fed) -> None:
    fed.cluster(1)
    assert fed.jenkins(1, FIRST) == NOBODY
    assert fed.jenkins(600) == NOBODY


def test_a_join_outlives_the_memory_of_its_build(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.cluster(1)
    fed.jenkins(1, FIRST, build(2, T0 + 1000, version="1.5.0"))
    many = [build(number, T0 + number * 60_000, version="1.6.0") for number in range(3, 60)]
    assert fed.jenkins(4000, *many) == ("version", 2)
    fed.restart()
    assert fed.cluster(1) == ("version", 2)


def test_an_annotation_that_proves_to_be_of_an_earlier_rollout_goes(fed: Fed) -> None:
    assert fed.cluster(1, version="1.4.2", build="deploy-orders#1") == ("annotation", 1)
    assert fed.jenkins(1, FIRST) == NOBODY
    fed.cluster(60, revision="3", version="1.4.2", build="deploy-orders#1")
    assert fed.jenkins(200) == ("none", None)


def test_another_rollout_is_joined_anew(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.cluster(1)
    assert fed.jenkins(1, FIRST, build(2, T0 + 1000, version="1.5.0")) == ("version", 2)
    assert fed.cluster(3600, revision="3") == NOBODY
    assert fed.jenkins(10, build(3, fed.now_ms - 2000, version="1.5.0")) == ("version", 3)


def test_jobs_that_do_not_deploy_bring_nothing(fed: Fed) -> None:
    fed.cluster(1, **BEFORE)
    fed.cluster(1)
    assert fed.jenkins(1, build(2, T0 + 1000, version="1.5.0"), job_class=JobClass.ENVIRONMENT) == NOBODY


@pytest.mark.parametrize(("upstream", "joined"), [(JOB, NOBODY), ("", ("time", 9))])
def test_what_a_deploy_job_starts_brought_nothing(fed: Fed, upstream: str, joined: tuple[str, int | None]) -> None:
    """A smoke test that runs while the rollout begins is started by the deploy, and is none."""
    fed.cluster(1, **BEFORE)
    fed.cluster(1)
    smoke = build(9, T0 + 1000, job="orders-smoke", upstream_job=upstream)
    at_ms = fed.now_ms + 1000
    deploys = Job(source="jenkins", name=JOB, url="https://ci/", job_class=JobClass.DEPLOY)
    after = Job(source="jenkins", name=smoke.job, url="https://ci/", job_class=JobClass.OTHER)
    swept = Swept(source="jenkins", kind=Job, facts=(deploys, after), started_ms=at_ms, at_ms=at_ms)
    assert fed.told(1, swept, Changed(source="jenkins", kind=Build, at_ms=at_ms, seen=(FIRST, smoke))) == joined


def test_a_rollout_that_is_gone_is_not_brought_back(fed: Fed) -> None:
    fed.cluster(1)
    gone = ("eu", "staging", "Deployment", "orders")
    fed.told(1, Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms, gone=(gone,)))
    fed.jenkins(1, build(2, T0 + 1000, version="1.5.0"))
    assert fed.writer.current(RolloutState)[KEY].until_ms is not None


@pytest.mark.parametrize(("made_s", "told"), [(0, ("none", None)), (-300, NOBODY)])
def test_what_is_deleted_and_made_anew_without_a_build_is_told(
    fed: Fed, made_s: int, told: tuple[str, int | None]
) -> None:
    """One that only was not shown for a while is older."""
    fed.cluster(1)
    fed.jenkins(1, FIRST)
    gone = ("eu", "staging", "Deployment", "orders")
    fed.told(60, Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms + 60_000, gone=(gone,)))
    made_ms = fed.now_ms + 30_000 + made_s * 1000
    conditions = (available(at_ms=made_ms), progressing("NewReplicaSetAvailable", at_ms=made_ms))
    seen = deployment(uid="u2", revision="1", version="1.6.0", created_ms=made_ms, conditions=conditions)
    fed.told(31, Changed(source="kubernetes/eu", kind=Workload, at_ms=fed.now_ms + 31_000, seen=(seen,)))
    assert fed.jenkins(1) == NOBODY
    assert fed.jenkins(200) == told


def test_an_app_that_comes_later_takes_the_jobs_that_name_it(fed: Fed) -> None:
    fed.cluster(1, app="shop")
    assert fed.jenkins(1, build(2, T0 - 86_399_000, version="1.5.0")) == NOBODY
    row = msgspec.structs.asdict(fed.writer.current(RolloutState)[KEY])
    assert row["app"] == "shop"
    started_ms = row["started_ms"]
    assert fed.cluster(1, app="orders", revision="3") == NOBODY
    assert fed.jenkins(1, build(3, fed.now_ms - 1000, version="1.5.0")) == ("version", 3)
    assert started_ms != fed.writer.current(RolloutState)[KEY].started_ms


@pytest.mark.parametrize("down_s", [60, 1200, 28_800])
def test_a_build_of_what_came_while_no_collector_ran_is_found(fed: Fed, down_s: int) -> None:
    fed.cluster(1, **BEFORE)
    fed.jenkins(1, FIRST)
    fed.told(5, Visited(source="kubernetes/eu", ok=True, at_ms=fed.now_ms + 5000))
    went_ms = fed.now_ms
    fed.now_ms += down_s * 1000
    fed.restart()
    fed.cluster(5, conditions=(available(), progressing("NewReplicaSetAvailable", at_ms=went_ms + 30_000)))
    assert fed.jenkins(1, FIRST, build(2, went_ms + 10_000, version="1.5.0")) == ("version", 2)
    assert [fed.jenkins(60) for _ in range(3)] == [("version", 2)] * 3
