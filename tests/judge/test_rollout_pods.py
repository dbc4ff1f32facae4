"""Tables of cases: the pods of a workload and their containers, what must be said of them."""

from collections.abc import Callable

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge.corpus.words import FAILING, OK, PROGRESSING, SHORT, UNKNOWN, WARNING
from tests.judge.make import (
    IMAGE,
    NEW,
    OLD,
    T0,
    THRESHOLDS,
    container,
    daemonset,
    deployment,
    done,
    judge,
    looping,
    old_pod,
    pod,
    restarted,
    rolling,
    statefulset,
    unready,
    waiting,
)

WAITS = [
    (waiting("InvalidImageName", "bad reference"), 1, FAILING, "InvalidImageName"),
    (waiting("ErrImageNeverPull"), 1, FAILING, "ErrImageNeverPull"),
    (waiting("CreateContainerConfigError", 'secret "db" not found'), 1, FAILING, "CreateContainerConfigError"),
    (waiting("CreateContainerConfigError", "x", "vault-agent", "init"), 1, FAILING, "CreateContainerConfigError"),
    (waiting("ErrImagePull", "dial tcp: i/o timeout"), 3, WARNING, "ErrImagePull"),
    (waiting("ErrImagePull", "dial tcp: i/o timeout"), 31, FAILING, "ErrImagePull"),
    (waiting("ImagePullBackOff", "Back-off pulling image"), 3, WARNING, "ErrImagePull"),
    (waiting("ImagePullBackOff", "Back-off pulling image"), 31, FAILING, "ErrImagePull"),
    (waiting("ErrImagePull", "code = NotFound desc = not found"), 1, FAILING, "ErrImagePull"),
    (waiting("ErrImagePull", "401 Unauthorized"), 1, FAILING, "ErrImagePull"),
    (waiting("ImagePullBackOff", "pull access denied"), 1, FAILING, "ErrImagePull"),
    (waiting("RegistryUnavailable"), 3, WARNING, "RegistryUnavailable"),
    (waiting("CreateContainerError", "no command"), 3, WARNING, "CreateContainerError"),
    (waiting("CreateContainerError", "no command"), 31, FAILING, "CreateContainerError"),
    (waiting("RunContainerError", "exec: not found", restarts=1), 3, FAILING, "RunContainerError"),
    (waiting("SomethingNew", "a message"), 3, WARNING, "SomethingNew"),
    (waiting("ContainerCreating"), 3, PROGRESSING, "Rolling"),
    (waiting("PodInitializing"), 3, PROGRESSING, "Rolling"),
    (waiting("ContainerCreating"), 92, WARNING, "Creating"),
    (waiting("ContainerCreating"), 301, FAILING, "Creating"),
    (looping(), 3, FAILING, "CrashLoopBackOff"),
    (looping(restarts=1), 3, FAILING, "CrashLoopBackOff"),
    (looping(reason="OOMKilled", exit_code=137), 3, FAILING, "OOMKilled"),
    (looping(reason="ContainerCannotRun", exit_code=127), 3, FAILING, "ContainerCannotRun"),
    (looping("vault-agent", "init"), 3, FAILING, "InitExit"),
    (looping("proxy", "sidecar"), 3, FAILING, "CrashLoopBackOff"),
    (container(state="terminated", reason="Error", exit_code=1, ready=False), 3, WARNING, "Exit"),
    (container(state="terminated", reason="Completed", exit_code=0, ready=False), 3, WARNING, "Exit"),
    (container(state="terminated", reason="Error", exit_code=1, ready=False, restarts=2), 3, FAILING, "CrashLoop"),
    (container("a", "init", state="terminated", reason="Error", exit_code=1), 3, WARNING, "InitExit"),
    (container("a", "init", state="terminated", reason="OOMKilled", exit_code=137), 3, WARNING, "InitExit"),
    (restarted(1), 3, WARNING, "Exit"),
    (restarted(2), 3, FAILING, "CrashLoopBackOff"),
    (restarted(1, last_reason="OOMKilled", last_exit_code=137), 3, WARNING, "OOMKilled"),
    (restarted(1, last_reason="Unknown", last_exit_code=255), 3, PROGRESSING, "Rolling"),
    (restarted(1, last_reason="ContainerStatusUnknown", last_exit_code=137), 3, PROGRESSING, "Rolling"),
    (restarted(1, "vault-agent", "init"), 3, WARNING, "InitExit"),
    (restarted(2, "vault-agent", "init"), 3, FAILING, "InitExit"),
    (container("vault-agent", "init", ready=False), 59, PROGRESSING, "Rolling"),
    (container("vault-agent", "init", ready=False), 62, WARNING, "InitRunning"),
    (container("vault-agent", "init", ready=False), 1200, FAILING, "InitRunning"),
    (container(ready=False), 89, PROGRESSING, "Rolling"),
    (container(ready=False), 92, WARNING, "NeverReady"),
    (container(ready=False), 299, WARNING, "NeverReady"),
    (container(ready=False), 300, FAILING, "NeverReady"),
]


@pytest.mark.parametrize(("bad", "after_s", "level", "reason"), WAITS)
def test_a_pod_of_the_new_revision(bad, after_s: float, level: Level, reason: str) -> None:
    containers = (bad,) if bad.role == "app" else (bad, waiting("PodInitializing"))
    state = judge(rolling(), unready(*containers), old_pod(), after_s=after_s).state
    assert (state.level, state.reason[: len(reason)]) == (level, reason)
    if level in (WARNING, FAILING):
        assert state.pod == "orders-7cc6f9fbf5-aaaaa"
        assert state.container in (bad.name, "")
        assert state.look
        assert state.message.endswith("0 of 2 new pods ready")


PULLS = ("ErrImagePull", "ImageInspectError", "RegistryUnavailable", "CreateContainerError")
BY_TIME = (*PULLS, "Creating", "InitRunning", "NeverReady")


@pytest.mark.parametrize(("bad", "after_s", "level", "reason"), [case for case in WAITS if case[2] is WARNING])
def test_a_warning_that_time_makes_failing_says_when(bad, after_s: float, level: Level, reason: str) -> None:
    containers = (bad,) if bad.role == "app" else (bad, waiting("PodInitializing"))
    facts = (rolling(), unready(*containers), old_pod())
    state = judge(*facts, after_s=after_s).state
    assert (state.fails_ms is not None) == (state.reason in BY_TIME)
    if state.fails_ms is not None:
        left_s = (state.fails_ms - T0) / 1000
        assert judge(*facts, after_s=left_s - 0.5).state.level is WARNING
        assert judge(*facts, after_s=left_s).state.level is FAILING


@pytest.mark.parametrize(("bad", "after_s", "level", "reason"), [case for case in WAITS if case[2] is FAILING])
def test_the_same_after_completion_is_the_service_not_the_rollout(bad, after_s, level: Level, reason: str) -> None:
    containers = (bad,) if bad.role == "app" else (bad, waiting("PodInitializing"))
    state = judge(deployment(**SHORT), unready(*containers), pod(name="b"), after_s=after_s).state
    assert (state.level, state.reason[: len(reason) + 8]) == (level, "Degraded" + reason)
    assert state.message.endswith("1 of 2 available")


@pytest.mark.parametrize("make", [rolling, lambda: statefulset(current_revision=OLD, updated=1, ready=1)])
def test_old_pods_do_not_make_a_rollout_failing(make: Callable[[], Workload]) -> None:
    state = judge(make(), pod(), old_pod(looping(), ready=False, name="orders-old")).state
    assert state.level in (PROGRESSING, WARNING)


def test_a_broken_old_pod_holds_up_a_stateful_set() -> None:
    workload = statefulset(current_revision=OLD, updated=0, ready=1)
    state = judge(workload, old_pod(looping(), ready=False, name="orders-1")).state
    assert (state.level, state.reason, state.pod) == (WARNING, "OldPodBlocks", "orders-1")
    assert "delete pod orders-1" in state.look


NOT_COUNTED = [
    unready(looping(), deleting_ms=T0 + 80_000),
    unready(phase="Failed", reason="Evicted"),
    unready(container(state="terminated", reason="Completed", exit_code=0), phase="Succeeded"),
    unready(scheduled=False, scheduled_reason="SchedulingGated", phase="Pending"),
]


@pytest.mark.parametrize("leftover", NOT_COUNTED)
def test_pods_that_do_not_count(leftover: Pod) -> None:
    assert judge(rolling(), leftover, pod(name="b"), after_s=100).state.level is PROGRESSING
    assert judge(deployment(), leftover, pod(name="b"), pod(name="c"), after_s=100).state.level is OK


@pytest.mark.parametrize(("after_s", "level"), [(14, PROGRESSING), (15, WARNING), (89, WARNING), (90, FAILING)])
def test_unschedulable(after_s: float, level: Level) -> None:
    message = "0/3 nodes are available: 3 Insufficient cpu. preemption: no victims"
    bad = unready(
        waiting(""), scheduled=False, scheduled_reason="Unschedulable", scheduled_message=message, phase="Pending"
    )
    verdict = judge(rolling(), bad, after_s=after_s)
    assert verdict.state.level is level
    assert level is PROGRESSING or "3 Insufficient cpu, 0 of 2" in verdict.state.message
    moments = {14: 15_000, 15: 90_000, 89: 90_000}
    if int(after_s) in moments:
        assert verdict.look_again_ms == T0 + moments[int(after_s)]


def test_node_lost_is_unknown() -> None:
    state = judge(deployment(**SHORT), unready(phase="Unknown"), pod(name="b")).state
    assert (state.level, state.reason) == (UNKNOWN, "DegradedNodeLost")
    assert "n-1" in state.message


def test_restarts_of_long_ago_do_not_count() -> None:
    survivor = pod(container(restarts=7, last_exit_code=1, last_reason="Error", since_ms=T0 - 900_000))
    survivor = msgspec.structs.replace(survivor, created_ms=T0 - 9_000_000, ready_changed_ms=T0 - 900_000)
    assert judge(deployment(), survivor, survivor, after_s=1).state.level is OK
    ended = container(state="terminated", reason="Error", exit_code=1, restarts=7, ready=False, since_ms=T0)
    crashed = msgspec.structs.replace(survivor, containers=(ended,), ready=False, ready_changed_ms=T0)
    assert judge(deployment(**SHORT), crashed, after_s=1).state.level is WARNING


@pytest.mark.parametrize(
    "spoiled",
    [unready(looping()), unready(container(ready=False)), pod(ready_changed_ms=T0 + 85_000), pod(revision=OLD)],
)
def test_the_fast_path_is_not_taken_for_a_pod_in_trouble(spoiled: Pod) -> None:
    first = judge_rollout(deployment(), (pod(), pod(name="b")), None, THRESHOLDS, T0 + 60_000).state
    marked = msgspec.structs.replace(first, message="carried over")
    verdict = judge_rollout(deployment(), (pod(name="b"), spoiled), marked, THRESHOLDS, T0 + 90_000)
    assert verdict.state.message != "carried over"


def test_init_containers_are_read_first() -> None:
    bad = unready(looping("vault-agent", "init"), waiting("CreateContainerConfigError", 'secret "db" not found'))
    state = judge(rolling(), bad).state
    assert (state.container, state.reason) == ("vault-agent", "InitExit")


def test_what_the_container_said_at_its_end_is_in_the_sentence() -> None:
    ended = container(
        "vault-agent", "init", state="terminated", reason="Error", exit_code=1, message="403 permission denied"
    )
    state = judge(rolling(), unready(ended, waiting("PodInitializing"))).state
    ended_in = "init container vault-agent exits 1 (403 permission denied) in orders-7cc6f9fbf5-aaaaa"
    assert state.message == f"{ended_in}, 0 of 2 new pods ready"


def test_pods_of_another_image_are_not_new_where_no_condition_says_it() -> None:
    workload = rolling(conditions=(), deadline_s=None)
    old = msgspec.structs.replace(looping(), image="registry.local/orders:1.4.2")
    assert judge(workload, old_pod(old, ready=False), after_s=5).state.level is PROGRESSING
    new = unready(waiting("CrashLoopBackOff", last_exit_code=1, image=IMAGE))
    verdict = judge(workload, new, old_pod(), after_s=5)
    assert (verdict.state.level, verdict.new_revision) == (FAILING, NEW)


def test_done_init_containers_are_no_finding() -> None:
    assert judge(rolling(), unready(done(), container(ready=False)), after_s=5).state.level is PROGRESSING


@pytest.mark.parametrize("workload", [deployment(), statefulset(), daemonset()], ids=lambda one: one.kind)
@pytest.mark.parametrize("bad", [container(ready=False), waiting("ContainerCreating")], ids=["NeverReady", "Creating"])
def test_a_pod_seen_before_the_counts_is_no_sign_against_them(workload: Workload, bad) -> None:
    """Pods are polled and may be 30 s old, beside a workload that is watched and says that all are ready."""
    stale = unready(bad)
    verdict = judge(workload, stale, pod(name="orders-7cc6f9fbf5-bbbbb"), after_s=1_000)
    assert (verdict.state.level, verdict.state.reason) == (OK, "Complete")
    short = msgspec.structs.replace(workload, ready=1, available=1)
    assert judge(short, stale, after_s=1_000).state.level in (WARNING, FAILING)


def test_evicted_pods_that_were_left_are_counted_until_they_are_cleared_away() -> None:
    well = (pod(name="a"), pod(name="b"))
    left = [unready(name=f"e{n}", phase="Failed", reason="Evicted") for n in range(3)]
    failed = unready(name="f", phase="Failed", reason="Error")
    first = judge(deployment(), *well, *left, failed).state
    assert (first.level, first.evicted) == (OK, 3)
    assert judge(deployment(), *well, before=first, after_s=100).state.evicted == 0
