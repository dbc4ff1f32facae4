"""Messages in, rows out: sweeps, changes, order, restarts, over a real store."""

import msgspec
import pytest
from msgspec.structs import replace

from statusdesk.config import (
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
)
from statusdesk.facts import (
    Build,
    Changed,
    Condition,
    Container,
    ContainerRole,
    Job,
    JobClass,
    Pod,
    Swept,
    Workload,
)
from statusdesk.pipeline.desk import Desk
from statusdesk.states import BuildState, Level, PodState, RolloutState
from statusdesk.store.writer import Writer

T0 = 1_800_000_000_000
SOURCE = "kubernetes/eu"


class Bench:
    """A desk over a store, and a clock that the test moves."""

    def __init__(self, directory) -> None:
        self.now_ms = T0
        self.clusters = ("eu",)
        self.directory = directory
        self.open()

    def open(self) -> None:
        self.config = Config(
            path="config.toml",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=tuple(ClusterSettings(name=name) for name in self.clusters),
            jenkins=JenkinsSettings(url="http://jenkins"),
            store=StoreSettings(state_dir=str(self.directory)),
        )
        self.writer = Writer(self.directory / "statusdesk.db", 86_400.0, lambda: self.now_ms)
        self.desk = Desk(self.config, self.writer)

    def restart(self) -> None:
        self.writer.close()
        self.open()

    def see(self, *messages):
        for message in messages:
            self.desk.take(message)
        return self.desk.flush(self.now_ms)

    def rollout(self, name="orders") -> RolloutState | None:
        return self.writer.current(RolloutState).get(f"eu/staging/Deployment/{name}")


@pytest.fixture(name="bench")
def plain_bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.writer.close()


def workload(name="orders", version="1.5.0", **changes) -> Workload:
    fields = {
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": name,
        "uid": f"uid-{name}",
        "app": name,
        "version": version,
        "image": f"registry.local/{name}:{version}",
        "images": ((name, f"registry.local/{name}:{version}"),),
        "generation": 2,
        "observed_generation": 2,
        "desired": 1,
        "replicas": 1,
        "updated": 1,
        "ready": 1,
        "available": 1,
        "revision": "2",
        "created_ms": T0 - 86_400_000,
        "conditions": (
            Condition(
                type="Progressing",
                status="True",
                reason="NewReplicaSetAvailable",
                message=f'ReplicaSet "{name}-abc" has successfully progressed.',
                updated_ms=T0 - 3_600_000,
            ),
        ),
    }
    return Workload(**(fields | changes))


def pod(name="orders", suffix="x1", *, waiting="", restarts=0) -> Pod:
    container = Container(
        name=name,
        role=ContainerRole.APP,
        image=f"registry.local/{name}:1.5.0",
        ready=not waiting,
        started=not waiting,
        restarts=restarts,
        state="waiting" if waiting else "running",
        reason=waiting,
        since_ms=None if waiting else T0 - 3_000_000,
        last_exit_code=1 if restarts else None,
        last_reason="Error" if restarts else "",
    )
    return Pod(
        cluster="eu",
        namespace="staging",
        name=f"{name}-abc-{suffix}",
        uid=suffix,
        workload_kind="Deployment",
        workload_name=name,
        owner_kind="ReplicaSet",
        revision="abc",
        app=name,
        phase="Running",
        created_ms=T0 - 3_600_000,
        ready=not waiting,
        ready_changed_ms=T0 - 3_000_000,
        containers=(container,),
    )


def swept(kind, *facts, started_ms=T0, scope="", subkind="", source=SOURCE, order=0) -> Swept:
    return Swept(
        source=source,
        kind=kind,
        facts=facts,
        started_ms=started_ms,
        at_ms=started_ms + 1,
        scope=scope,
        subkind=subkind,
        order=order,
    )


def deployments(*facts, **fields) -> Swept:
    return swept(Workload, *facts, subkind="Deployment", **fields)


def test_a_rollout_is_not_judged_before_its_pods_are_known(bench):
    assert bench.see(deployments(workload())) == []
    assert bench.rollout() is None
    bench.see(swept(Pod, pod()))
    assert bench.rollout().level is Level.OK


def test_a_change_of_a_pod_changes_its_rollout_and_fires(bench):
    bench.see(deployments(workload()), swept(Pod, pod()))
    bench.now_ms += 5_000
    broken = pod(waiting="CrashLoopBackOff", restarts=3)
    short = workload(ready=0, available=0)
    transitions = bench.see(
        Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(broken,)),
        Changed(source=SOURCE, kind=Workload, at_ms=bench.now_ms, seen=(short,)),
    )
    assert [each.after.level for each in transitions] == [Level.FAILING]
    (alert,) = bench.writer.firing()
    assert (alert.alertname, alert.namespace, alert.app) == ("ServiceDegraded", "staging", "orders")
    (row,) = bench.writer.current(PodState).values()
    assert (row.status, row.ready, row.restarts) == ("CrashLoopBackOff", 0, 3)


def test_what_failed_before_anybody_looked_is_failing_since_then(bench):
    broken = msgspec.structs.replace(pod(waiting="CrashLoopBackOff", restarts=3), ready_changed_ms=T0 - 900_000)
    (transition,) = bench.see(deployments(workload(ready=0, available=0)), swept(Pod, broken))
    row = bench.rollout()
    assert (row.level, row.since_ms, row.seen_ms) == (Level.FAILING, T0 - 900_000, T0)
    assert transition.after == row
    (alert,) = bench.writer.firing()
    assert (alert.started_ms, alert.fired_ms) == (T0 - 900_000, T0)


def test_what_a_sweep_does_not_hold_has_gone_and_what_is_out_of_its_scope_stays(bench):
    bench.see(deployments(workload(), workload("web")), swept(Pod, pod(), pod("web")))
    bench.see(swept(Workload, subkind="StatefulSet"))
    assert bench.rollout("web").until_ms is None
    bench.see(deployments(workload(), started_ms=T0 + 1, scope="elsewhere"))
    assert bench.rollout("web").until_ms is None
    bench.see(deployments(workload(), started_ms=T0 + 2), swept(Pod, pod(), started_ms=T0 + 2))
    assert bench.rollout("web").until_ms is not None
    assert bench.rollout().until_ms is None
    assert "eu/staging/web-abc-x1" not in bench.writer.current(PodState)


def test_an_older_sweep_never_replaces_a_newer(bench):
    bench.see(deployments(workload(), order=2), swept(Pod, pod()))
    bench.see(deployments(order=1))
    assert bench.rollout().until_ms is None


def test_a_clock_that_is_set_back_does_not_freeze_anything(bench):
    bench.see(deployments(workload(), order=1), swept(Pod, pod(), order=2))
    bench.now_ms -= 3_600_000
    bench.see(deployments(workload(version="1.6.0"), started_ms=T0 - 3_600_000, order=3))
    assert bench.rollout().version == "1.6.0"


def test_what_went_while_nobody_collected_is_gone_after_a_restart(bench):
    bench.see(deployments(workload(), workload("web")), swept(Pod, pod(), pod("web")))
    bench.restart()
    bench.see(deployments(workload(), started_ms=T0 + 9), swept(Pod, pod(), started_ms=T0 + 9))
    assert bench.rollout("web").until_ms is not None
    assert "eu/staging/web-abc-x1" not in bench.writer.current(PodState)


def test_a_restart_is_not_a_change(bench):
    bench.see(deployments(workload()), swept(Pod, pod()))
    since_ms = bench.rollout().since_ms
    bench.restart()
    bench.now_ms += 60_000
    assert bench.see(deployments(workload(), started_ms=T0 + 9), swept(Pod, pod(), started_ms=T0 + 9)) == []
    assert bench.rollout().since_ms == since_ms


def test_time_alone_changes_a_verdict(bench):
    pending = Pod(
        cluster="eu",
        namespace="staging",
        name="orders-abc-x1",
        uid="x1",
        workload_kind="Deployment",
        workload_name="orders",
        owner_kind="ReplicaSet",
        revision="abc",
        phase="Pending",
        created_ms=T0 - 1_000,
        scheduled=False,
        scheduled_reason="Unschedulable",
        scheduled_message="0/3 nodes are available: 3 Insufficient cpu.",
        scheduled_changed_ms=T0 - 1_000,
    )
    rolling = workload(
        updated=1,
        ready=0,
        available=0,
        conditions=(
            Condition(
                type="Progressing",
                status="True",
                reason="ReplicaSetUpdated",
                message='ReplicaSet "orders-abc" is progressing.',
                updated_ms=T0 - 1_000,
            ),
        ),
    )
    bench.see(deployments(rolling), swept(Pod, pending))
    assert bench.rollout().level is Level.PROGRESSING
    while bench.rollout().level is Level.PROGRESSING:
        assert bench.desk.next_due_ms is not None and bench.desk.next_due_ms <= T0 + 60_000
        bench.now_ms = max(bench.now_ms + 1, bench.desk.next_due_ms)
        bench.see()
    assert bench.rollout().level is Level.WARNING
    assert "Insufficient cpu" in bench.rollout().message


def test_a_replaced_pod_is_its_new_self(bench):
    bench.see(deployments(workload()), swept(Pod, pod()))
    again = pod(restarts=0)
    bench.see(Changed(source=SOURCE, kind=Pod, at_ms=T0 + 5, gone=(again.key,), seen=(again,)))
    assert bench.writer.current(PodState)["eu/staging/orders-abc-x1"].until_ms is None


def build(number, result="SUCCESS", namespace="staging", **fields) -> Build:
    return Build(
        source="jenkins",
        job="deploy-orders",
        number=number,
        url=f"http://jenkins/job/deploy-orders/{number}/",
        namespace=namespace,
        attributed_by="parameter",
        result=result,
        building=result is None,
        started_ms=T0 + number,
        **fields,
    )


def builds(*seen, gone=()) -> Changed:
    return Changed(source="jenkins", kind=Build, at_ms=T0, seen=seen, gone=gone)


ANOTHER_JOB = Job(source="jenkins", name="another", url="http://jenkins/job/another/")


def outcome(bench, namespace="staging") -> BuildState:
    return bench.writer.current(BuildState)[f"jenkins/deploy-orders@{namespace}"]


def test_each_namespace_has_its_own_newest_build(bench):
    bench.see(builds(build(1, "FAILURE", "production"), build(2, "SUCCESS", "staging")))
    assert outcome(bench, "production").level is Level.FAILING
    assert outcome(bench).level is Level.OK
    bench.see(builds(build(3, "ABORTED", "production")))
    assert outcome(bench, "production").level is Level.FAILING
    assert outcome(bench, "production").other_result == "ABORTED"


def test_builds_are_remembered_over_a_restart(bench):
    bench.see(builds(build(1, "FAILURE"), build(2, "ABORTED")))
    bench.restart()
    bench.see(builds(build(3, "ABORTED")))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.FAILING)


def test_the_last_success_is_not_forgotten_under_many_failures(bench):
    bench.see(builds(build(1), *(build(number, "FAILURE") for number in range(2, 60))))
    assert (outcome(bench).number, outcome(bench).last_success_number) == (59, 1)


def test_a_job_made_anew_forgets_its_builds(bench):
    bench.see(builds(build(7, "FAILURE")))
    bench.see(builds(build(1), gone=tuple(build(number).key for number in range(1, 8))))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.OK)


def test_the_states_of_a_vanished_job_are_gone(bench):
    job = Job(source="jenkins", name="deploy-orders", url="http://jenkins/job/deploy-orders/")
    bench.see(swept(Job, job, source="jenkins"), builds(build(1, "FAILURE")))
    assert bench.writer.firing()
    bench.see(swept(Job, ANOTHER_JOB, started_ms=T0 + 1, source="jenkins"))
    assert outcome(bench).until_ms is not None
    assert not bench.writer.firing()


def test_builds_of_a_job_that_went_while_nobody_looked_are_forgotten(bench):
    bench.see(builds(build(1)))
    bench.restart()
    bench.see(swept(Job, ANOTHER_JOB, source="jenkins"))
    assert outcome(bench).until_ms is not None
    assert bench.desk._builds.jobs_named("deploy-orders") == []


def test_a_deleted_build_is_history_and_the_newest_that_is_left_is_the_state(bench):
    bench.see(builds(build(1, "UNSTABLE"), build(2, "FAILURE"), build(3, "ABORTED"), build(4, "FAILURE", "production")))
    assert (outcome(bench).number, outcome(bench).level) == (2, Level.FAILING)
    assert len(bench.writer.firing()) == 2
    bench.see(builds(build(2, "FAILURE", deleted=True), build(4, "FAILURE", "production", deleted=True)))
    for other in (3, 5):
        assert (outcome(bench).number, outcome(bench).level, outcome(bench).other_number) == (1, Level.WARNING, other)
        assert outcome(bench, "production").until_ms is not None, "it has no build any more"
        assert not bench.writer.firing()
        kept = bench.writer.build_rows.one("jenkins", "deploy-orders", 2)
        assert (kept.result, kept.deleted) == ("FAILURE", True)
        bench.restart()
        bench.see(builds(build(5, "ABORTED")))
    bench.see(builds(build(2, "FAILURE")))
    assert (outcome(bench).number, outcome(bench).level) == (2, Level.FAILING), "it is there again"


def test_the_alert_of_a_deleted_build_ends_where_no_result_is_left(bench):
    seed = Job(source="jenkins", name="seed-all", url="http://jenkins/job/seed-all/", job_class=JobClass.SEED)
    bench.see(swept(Job, ANOTHER_JOB, seed, source="jenkins"))
    failed = build(2, "FAILURE")
    seeded = replace(failed, job="seed-all", namespace=None)
    bench.see(
        builds(build(1, "ABORTED"), failed, build(3, "ABORTED"), seeded, replace(seeded, number=3, result="ABORTED"))
    )
    assert {alert.alertname for alert in bench.writer.firing()} == {"BuildFailed", "SeedJobStale"}
    bench.see(builds(replace(failed, deleted=True), replace(seeded, deleted=True)))
    assert (outcome(bench).level, outcome(bench).reason, outcome(bench).until_ms) == (Level.UNKNOWN, "NoResult", None)
    assert not bench.writer.firing()
    bench.restart()
    bench.see(builds(build(4, "ABORTED")))
    assert not bench.writer.firing()


def test_of_many_builds_an_old_one_is_found_again_when_those_after_it_were_deleted(bench):
    bench.see(builds(build(1, "UNSTABLE"), *(build(number) for number in range(2, 60))))
    bench.see(builds(*(build(number, deleted=True) for number in range(2, 60))))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.WARNING)


def test_a_build_that_runs_for_long_is_told_however_many_come_after_it(bench):
    bench.see(builds(build(1), build(2, None), *(build(number) for number in range(3, 60)), build(60, "ABORTED")))
    for _ in range(2):
        assert [(run.number, run.url) for run in outcome(bench).running] == [(2, "http://jenkins/job/deploy-orders/2/")]
        bench.writer._db.execute("UPDATE build_current SET running = '[]'")  # as an older desk leaves it
        bench.restart()
        bench.see()
    bench.see(builds(build(2, "FAILURE")))
    assert (outcome(bench).running, outcome(bench).level) == ((), Level.OK)


def test_since_when_it_is_green_is_kept_longer_than_the_builds_that_tell(bench):
    bench.see(builds(build(1, "FAILURE"), *(build(number, duration_ms=10) for number in range(2, 20))))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.see(builds(*(build(number, duration_ms=10) for number in range(20, 90))))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.restart()
    bench.see(builds(build(90)))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.see(builds(build(91, "FAILURE")))
    assert outcome(bench).green_since_ms is None
    bench.see(builds(build(92)))
    assert outcome(bench).green_since_ms == T0 + 92


def test_a_store_that_does_not_tell_since_when_it_is_green_learns_it(bench):
    bench.see(builds(build(1, "FAILURE"), build(2), build(3)))
    bench.writer._db.execute("UPDATE build_current SET green_since_ms = NULL")
    bench.restart()
    bench.see()
    assert outcome(bench).green_since_ms == T0 + 2


def test_the_builds_of_a_job_that_is_another_now_are_gone_from_the_store(bench):
    bench.see(builds(build(2, "FAILURE", "production"), build(7, "FAILURE")))
    bench.see(builds(build(9), gone=(("jenkins", "deploy-orders"),)))
    assert outcome(bench, "production").until_ms is not None
    bench.see(builds(build(9, deleted=True)))  # older builds are looked for in the store
    assert outcome(bench).until_ms is not None
    bench.restart()
    assert [(known.number, known.namespace) for known in bench.writer.build_rows.known()] == [(9, "staging")]
