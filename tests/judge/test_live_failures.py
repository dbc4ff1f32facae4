"""Failures of the simulated cluster, followed by the pipeline: seen in time, whatever way the news take."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.states import Level, RolloutState
from tests.judge.live import Live

# behaviour: reason (its beginning), and by which second after the apply it is failing
FAILURES = {
    Behaviour.CRASH: ("CrashLoopBackOff", 10),
    Behaviour.OOM: ("OOMKilled", 16),
    Behaviour.IMAGE_MISSING: ("ErrImagePull", 8),
    Behaviour.CONFIG_MISSING: ("CreateContainerConfigError", 8),
    Behaviour.INIT_CRASH: ("InitExit", 10),
    Behaviour.NEVER_READY: ("NeverReady", 310),
    Behaviour.UNSCHEDULABLE: ("Unschedulable", 95),
    Behaviour.QUOTA: ("", 16),
}
KINDS = ("Deployment", "StatefulSet", "DaemonSet")


@pytest.fixture(name="live")
def new_world(tmp_path: Path) -> Iterator[Live]:
    live = Live(tmp_path)
    yield live
    live.close()


def levels(live: Live, key: str) -> list[Level]:
    rows = [each.after for each in live.transitions if isinstance(each.after, RolloutState)]
    return [row.level for row in rows if row.key == f"eu/{key}"]


@pytest.mark.parametrize("behaviour", FAILURES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_rollout_is_seen_in_time_and_its_end(live: Live, kind: str, behaviour: Behaviour) -> None:
    live.cluster.apply("testing", "orders", "1.0", kind=kind, replicas=3, settled=True)
    live.begin()
    live.pass_time(40)
    live.cluster.apply("testing", "orders", "1.1", kind=kind, replicas=3, behaviour=behaviour)
    reason, within_s = FAILURES[behaviour]
    live.pass_time(within_s)
    key = f"testing/{kind}/orders"
    state = live.rows()[key]
    assert state.level is Level.FAILING and state.reason.startswith(reason)
    assert levels(live, key).count(Level.FAILING) == 1
    assert behaviour is not Behaviour.QUOTA or "exceeded quota: compute-resources" in state.message
    live.pass_time(60)
    assert levels(live, key)[-1] is Level.FAILING
    live.cluster.recover("testing", "orders", kind=kind)
    live.pass_time(120)
    assert (live.rows()[key].level, live.rows()[key].version) == (Level.OK, "1.1")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_an_undone_rollout_is_well_again(live: Live, kind: str) -> None:
    live.cluster.apply("testing", "orders", "1.0", kind=kind, replicas=2, settled=True)
    live.begin()
    live.cluster.apply("testing", "orders", "1.1", kind=kind, replicas=2, behaviour=Behaviour.CRASH)
    live.pass_time(30)
    live.cluster.undo("testing", "orders", kind=kind)
    live.pass_time(20)
    state = live.rows()[f"testing/{kind}/orders"]
    if kind == "StatefulSet":
        assert (state.level, state.reason) == (Level.WARNING, "OldPodBlocks")
        assert "delete pod orders-1" in state.look
        live.cluster.delete_pod("testing", "orders-1")
        live.pass_time(30)
    assert live.rows()[f"testing/{kind}/orders"].level is Level.OK


@pytest.mark.parametrize("behaviour", [Behaviour.CRASH, Behaviour.OOM, Behaviour.NEVER_READY, Behaviour.QUOTA])
@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_goes_bad_is_told_as_degraded(live: Live, kind: str, behaviour: Behaviour) -> None:
    live.cluster.apply("production", "orders", "1.0", kind=kind, replicas=3, settled=True)
    live.begin()
    live.pass_time(40)
    live.cluster.fail_now("production", "orders", behaviour, kind=kind)
    live.pass_time(120)
    state = live.rows()[f"production/{kind}/orders"]
    assert state.level is Level.FAILING and state.reason.startswith("Degraded")
    live.cluster.recover("production", "orders", kind=kind)
    live.pass_time(120)
    assert live.rows()[f"production/{kind}/orders"].level is Level.OK


def test_a_job_and_a_cronjob_that_fail(live: Live) -> None:
    live.begin()
    live.cluster.run_job("testing", "migrate", "1.5.0", behaviour=Behaviour.CRASH, backoff_limit=2)
    live.cluster.run_job("testing", "nightly-1", "2.0", cron="nightly")
    live.pass_time(20)
    assert live.rows()["testing/Job/migrate"].reason == "JobRetries"
    live.cluster.run_job("testing", "nightly-2", "2.0", cron="nightly", behaviour=Behaviour.CRASH, backoff_limit=0)
    live.pass_time(90)
    rows = live.rows()
    assert set(rows) == {"testing/Job/migrate", "testing/CronJob/nightly"}
    assert {row.reason for row in rows.values()} == {"BackoffLimitExceeded"}
    assert rows["testing/CronJob/nightly"].container == "app"
    assert rows["testing/CronJob/nightly"].pod.startswith("nightly-2-")
    live.cluster.delete_job("testing", "nightly-2")
    live.pass_time(5)
    assert live.rows()["testing/CronJob/nightly"].level is Level.OK
    live.cluster.delete_job("testing", "nightly-1")
    live.cluster.delete_job("testing", "migrate")
    live.pass_time(5)
    assert live.rows() == {}


def a_day(directory: Path, hearing: int | None, relists: set[int], restarts: set[int]) -> dict[str, tuple[str, str]]:
    """Return the last levels and reasons of four minutes in which much happens."""
    live = Live(directory, hearing=hearing)
    cluster = live.cluster
    for number, kind in enumerate(KINDS * 2):
        cluster.apply("testing", f"app-{number}", "1.0", kind=kind, settled=True)
    live.begin()
    bad = (
        Behaviour.CRASH,
        Behaviour.INIT_CRASH,
        Behaviour.IMAGE_MISSING,
        Behaviour.QUOTA,
        Behaviour.GOOD,
        Behaviour.SLOW,
    )
    for second in range(240):
        if second == 20:
            for number, behaviour in enumerate(bad):
                kind = (KINDS * 2)[number]
                cluster.apply("testing", f"app-{number}", "1.1", kind=kind, behaviour=behaviour)
            cluster.run_job("testing", "migrate", "1.1", behaviour=Behaviour.CRASH, backoff_limit=1)
        if second == 90:
            cluster.undo("testing", "app-0")
            cluster.recover("testing", "app-1", kind="StatefulSet")
        if second == 150:
            cluster.scale("testing", "app-0", 4)
            cluster.delete("testing", "app-5", kind="DaemonSet")
        if second in relists:
            live.begin()
        if second in restarts:
            live.restart()
        live.pass_time(1)
    live.pass_time(3)
    rows = {key: (row.level.value, row.reason) for key, row in live.rows().items()}
    live.close()
    return rows


@pytest.fixture(name="undisturbed", scope="module")
def told_in_order() -> dict[str, tuple[str, str]]:
    with tempfile.TemporaryDirectory() as directory:
        rows = a_day(Path(directory), None, set(), set())
    assert {level for level, _ in rows.values()} == {"ok", "failing"} and len(rows) == 6
    return rows


MOMENTS = st.sets(st.integers(0, 239), max_size=4)


@settings(max_examples=12, deadline=None)
@given(hearing=st.integers(0, 10_000), relists=MOMENTS, restarts=MOMENTS)
def test_order_repetition_lists_and_restarts_change_nothing(undisturbed, hearing, relists, restarts) -> None:
    with tempfile.TemporaryDirectory() as directory:
        assert a_day(Path(directory), hearing, relists, restarts) == undisturbed
