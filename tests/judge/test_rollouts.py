"""Tables of cases: one workload and its pods, what must be said of them."""

from collections.abc import Callable

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge.make import (
    IMAGE,
    NEW,
    OLD,
    T0,
    THRESHOLDS,
    available,
    container,
    daemonset,
    deployment,
    done,
    judge,
    looping,
    old_pod,
    pod,
    progressing,
    refused,
    restarted,
    rolling,
    stamped,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import job, job_pod

OK, PROGRESSING, SCALING = Level.OK, Level.PROGRESSING, Level.SCALING
PAUSED, IDLE, WARNING, FAILING, UNKNOWN = Level.PAUSED, Level.IDLE, Level.WARNING, Level.FAILING, Level.UNKNOWN
SHORT = {"replicas": 2, "ready": 1, "available": 1}
YOUNG = {"created_ms": T0 - 5000}

# (workload, seconds after T0, level, reason); pods are healthy where the counts say so
COUNTS = [
    (deployment(), 60, OK, "Complete"),
    (deployment(deadline_s=None, conditions=(available(),)), 60, OK, "Complete"),
    (deployment(desired=None, replicas=1, updated=1, ready=1, available=1), 60, OK, "Complete"),
    (deployment(observed_generation=1), 1, PROGRESSING, "Observing"),
    (deployment(observed_generation=None), 1, PROGRESSING, "Observing"),
    (rolling(), 1, PROGRESSING, "Rolling"),
    (rolling(updated=2), 1, PROGRESSING, "Rolling"),
    (rolling(updated=2, replicas=2, available=1), 1, PROGRESSING, "Rolling"),
    (rolling(conditions=(progressing("ReplicaSetUpdated"),)), 301, WARNING, "Stalled"),
    (rolling(conditions=(progressing("ProgressDeadlineExceeded", status="False"),)), 1, FAILING, "ProgressDeadline"),
    (deployment(conditions=(progressing("ProgressDeadlineExceeded", status="False"),)), 1, FAILING, "ProgressDeadline"),
    (deployment(desired=0, replicas=0, updated=0, ready=0, available=0), 1, IDLE, "Idle"),
    (deployment(desired=0), 1, SCALING, "Scaling"),
    (deployment(desired=2, replicas=3, updated=3, ready=3, available=3), 1, OK, "Complete"),
    (deployment(paused=True), 1, PAUSED, "Paused"),
    (rolling(paused=True, observed_generation=1), 1, PAUSED, "Paused"),
    (deployment(deleting_ms=T0), 1, PROGRESSING, "Deleting"),
    (deployment(**SHORT), 1, PROGRESSING, "Replacing"),
    (statefulset(), 60, OK, "Complete"),
    (statefulset(available=0), 60, OK, "Complete"),
    (statefulset(current_revision=OLD, updated=1, ready=2), 1, PROGRESSING, "Rolling"),
    (statefulset(current_revision=OLD, updated=1, partition=1), 60, OK, "Complete"),
    (statefulset(current_revision=OLD, updated=0, partition=1), 1, PROGRESSING, "Rolling"),
    (statefulset(current_revision=OLD, updated=0, strategy="OnDelete"), 60, OK, "Complete"),
    (statefulset(observed_generation=1), 1, PROGRESSING, "Observing"),
    (statefulset(ready=1), 1, PROGRESSING, "Replacing"),
    (statefulset(ready=1, **YOUNG), 1, PROGRESSING, "Rolling"),
    (daemonset(), 60, OK, "Complete"),
    (daemonset(updated=1), 1, PROGRESSING, "Rolling"),
    (daemonset(updated=1, strategy="OnDelete"), 60, OK, "Complete"),
    (daemonset(available=1), 1, PROGRESSING, "Replacing"),
    (daemonset(available=1, **YOUNG), 1, PROGRESSING, "Rolling"),
    (daemonset(desired=0, replicas=0, updated=0, ready=0, available=0), 1, IDLE, "Idle"),
]


@pytest.mark.parametrize(("workload", "after_s", "level", "reason"), COUNTS)
def test_counts(workload: Workload, after_s: float, level: Level, reason: str) -> None:
    state = judge(workload, pod(), after_s=after_s).state
    assert (state.level, state.reason[: len(reason)]) == (level, reason)


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


def test_how_far_it_is_counts_pods_of_the_new_revision() -> None:
    """The old ones go on serving: ``ready 2`` of the Deployment says nothing of what is on its way."""
    olds = (old_pod(name="orders-57fcffc77-aaaaa"), old_pod(name="orders-57fcffc77-bbbbb"))
    state = judge(rolling(ready=2), *olds, unready(container(ready=False), name="orders-7cc6f9fbf5-n"), after_s=1).state
    assert (state.level, state.message, state.ready, state.come) == (PROGRESSING, "0 of 2 new pods ready", 2, 0)
    state = judge(rolling(ready=2), *olds, pod(), after_s=1).state
    assert (state.message, state.new_ready, state.come) == ("1 of 2 new pods ready", 1, 1)
    for said in (judge(deployment(), after_s=60).state, judge(deployment(paused=True), after_s=60).state):
        assert (said.new_ready, said.come) == (None, 2)


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


REFUSED = 'pods "orders-{0}-x" is forbidden: exceeded quota: q'


@pytest.mark.parametrize(
    ("workload", "message", "level", "reason"),
    [
        (rolling(updated=0), REFUSED.format(NEW), FAILING, "ReplicaFailure"),
        (rolling(updated=0), REFUSED.format(OLD), WARNING, "ReplicaFailure"),
        (rolling(updated=0), 'admission webhook "policy" denied the request', FAILING, "ReplicaFailure"),
        (deployment(**SHORT), REFUSED.format(NEW), FAILING, "DegradedReplicaFailure"),
        (deployment(), REFUSED.format(NEW), OK, "Complete"),
    ],
)
def test_replica_failure(workload: Workload, message: str, level: Level, reason: str) -> None:
    workload = msgspec.structs.replace(workload, conditions=(*workload.conditions, refused(message)))
    state = judge(workload).state
    assert (state.level, state.reason) == (level, reason)
    assert level is OK or "pods cannot be created: " in state.message


def test_a_scale_up_that_a_quota_stops_is_a_warning_and_stays_one() -> None:
    before = judge(deployment(), pod(), pod(name="b"), after_s=60).state
    conditions = (*deployment().conditions, refused(REFUSED.format(NEW)))
    wanted = deployment(desired=5, generation=3, observed_generation=3, conditions=conditions)
    first = judge(wanted, pod(), pod(name="b"), before=before, after_s=61).state
    again = judge(wanted, pod(), pod(name="b"), before=first, after_s=70).state
    assert (first.level, first.reason) == (again.level, again.reason) == (WARNING, "ScalingReplicaFailure")


def test_scaling_is_no_rollout() -> None:
    before = judge(deployment(), pod(), pod(name="b"), after_s=60).state
    pods = (pod(), pod(name="b"), unready(waiting("ContainerCreating"), name="c", created_ms=T0 + 61_000))
    seen = judge(deployment(desired=3, generation=3), *pods, before=before, after_s=61).state
    moving = judge(
        deployment(desired=3, generation=3, observed_generation=3, replicas=3, updated=3),
        *pods,
        before=seen,
        after_s=62,
    ).state
    assert (seen.level, moving.level) == (SCALING, SCALING)
    assert moving.message == "scaling to 3, 2 of 3 available"


def test_restarts_of_long_ago_do_not_count() -> None:
    survivor = pod(container(restarts=7, last_exit_code=1, last_reason="Error", since_ms=T0 - 900_000))
    survivor = msgspec.structs.replace(survivor, created_ms=T0 - 9_000_000, ready_changed_ms=T0 - 900_000)
    assert judge(deployment(), survivor, survivor, after_s=1).state.level is OK
    ended = container(state="terminated", reason="Error", exit_code=1, restarts=7, ready=False, since_ms=T0)
    crashed = msgspec.structs.replace(survivor, containers=(ended,), ready=False, ready_changed_ms=T0)
    assert judge(deployment(**SHORT), crashed, after_s=1).state.level is WARNING


def test_nothing_available_is_an_outage_after_a_while() -> None:
    workload = deployment(
        ready=0, available=0, conditions=(available(False, at_ms=T0), progressing("NewReplicaSetAvailable"))
    )
    starting = unready(waiting("ContainerCreating"))
    levels = [judge(workload, starting, after_s=after_s).state.level for after_s in (1, 30, 90)]
    assert levels == [PROGRESSING, WARNING, FAILING]


def test_missing_pods_are_noticed_when_they_stay_missing() -> None:
    workload = deployment(replicas=1, updated=1, ready=1, available=1)
    first = judge(workload, pod(), after_s=1)
    assert first.look_again_ms == T0 + 31_000
    later = judge(workload, pod(), before=first.state, memory=first.memory, after_s=31).state
    again = judge(workload, pod(), before=later, after_s=32).state
    assert (first.state.level, later.level, again.level) == (PROGRESSING, WARNING, WARNING)
    assert "1 pod is missing" in later.message


def test_no_pod_of_the_new_revision() -> None:
    workload = rolling(updated=0, replicas=2)
    assert judge(workload, old_pod(), after_s=29).state.level is PROGRESSING
    assert judge(workload, old_pod(), after_s=30).state.reason == "NoPods"


def test_a_controller_that_does_not_look() -> None:
    workload = deployment(generation=3, image="x:1.6.0", version="1.6.0")
    first = judge(workload, after_s=1).state
    late = judge(workload, before=stamped(first, T0 + 1000), after_s=61).state
    assert (first.reason, late.reason, late.level) == ("Observing", "NotObserved", WARNING)


def test_versions_and_times_of_a_rollout() -> None:
    before = judge(deployment(version="1.4.2", image="registry.local/orders:1.4.2", revision="1"), pod()).state
    state = judge(rolling(), unready(waiting("PodInitializing")), before=before, after_s=30).state
    assert (state.version, state.previous_version) == ("1.5.0", "1.4.2")
    assert state.started_ms == state.version_since_ms == T0 + 30_000
    assert state.deadline_ms == T0 + 600_000
    later = judge(rolling(), unready(waiting("PodInitializing")), before=state, after_s=35).state
    assert later.started_ms == T0 + 30_000
    assert judge(rolling(deadline_s=2**31 - 1), unready(waiting("")), after_s=1).state.deadline_ms is None


def test_at_first_sight_the_old_pods_tell_the_previous_version() -> None:
    state = judge(rolling(), unready(waiting("PodInitializing")), old_pod(), after_s=5).state
    assert (state.previous_version, state.started_ms) == ("1.4.2", T0)


def test_digest_is_that_of_the_main_container() -> None:
    image_id = "registry.local/orders@sha256:" + "a" * 64
    state = judge(deployment(), pod(container(image_id=image_id)), after_s=40).state
    assert state.digest == "sha256:" + "a" * 64


def test_the_fast_path_says_the_same_as_the_long_way() -> None:
    pods = tuple(pod(name=f"p{i}") for i in range(5))
    workload = deployment(desired=5, replicas=5, updated=5, ready=5, available=5)
    first = judge_rollout(workload, pods, None, THRESHOLDS, T0 + 60_000)
    fast = judge_rollout(workload, pods, first.state, THRESHOLDS, T0 + 90_000)
    other = msgspec.structs.replace(first.state, level=PROGRESSING, reason="Rolling")
    long = judge_rollout(workload, pods, other, THRESHOLDS, T0 + 90_000)
    assert fast == long
    assert fast.new_revision == NEW
    assert fast.look_again_ms is None


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


def test_a_job_counts_down_to_its_own_deadline() -> None:
    running = judge(job(deadline_s=120), job_pod(), after_s=5).state
    assert (running.deadline_ms, running.started_ms) == (T0 + 120_000, T0)
    assert judge(job(), job_pod(), after_s=5).state.deadline_ms is None


def test_the_first_event_of_a_rollout_does_not_begin_with_the_one_before() -> None:
    """A new image comes with the number of the old revision; what counts from the beginning must not see two hours."""
    long_ago = judge(deployment(version="1.4.2", image="registry.local/orders:1.4.2"), after_s=0).state
    assert long_ago.level is Level.OK
    first = judge(rolling(generation=3, updated=0), before=long_ago, after_s=7200).state
    assert first.revision == long_ago.revision and first.started_ms == T0 + 7_200_000
    second = judge(rolling(generation=3, observed_generation=3), before=first, after_s=7201).state
    assert second.started_ms == first.started_ms


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
