"""Messages in, rows out: sweeps, changes, order, restarts, over a real store."""

import msgspec

from statusdesk.facts import (
    Changed,
    Condition,
    Pod,
    Workload,
)
from statusdesk.states import Level, PodState
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    SOURCE,
    T0,
    deployments,
    plain_bench,
    pod,
    swept,
    workload,
)


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
