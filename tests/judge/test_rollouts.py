"""Tables of cases: one workload by its counts and conditions, what must be said of it."""

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge.corpus.words import FAILING, IDLE, OK, PAUSED, PROGRESSING, SCALING, SHORT, WARNING
from tests.judge.make import (
    NEW,
    OLD,
    T0,
    THRESHOLDS,
    available,
    container,
    daemonset,
    deployment,
    judge,
    old_pod,
    pod,
    progressing,
    refused,
    rolling,
    stamped,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import job, job_pod

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


def test_how_far_it_is_counts_pods_of_the_new_revision() -> None:
    """The old ones go on serving: ``ready 2`` of the Deployment says nothing of what is on its way."""
    olds = (old_pod(name="orders-57fcffc77-aaaaa"), old_pod(name="orders-57fcffc77-bbbbb"))
    state = judge(rolling(ready=2), *olds, unready(container(ready=False), name="orders-7cc6f9fbf5-n"), after_s=1).state
    assert (state.level, state.message, state.ready, state.come) == (PROGRESSING, "0 of 2 new pods ready", 2, 0)
    state = judge(rolling(ready=2), *olds, pod(), after_s=1).state
    assert (state.message, state.new_ready, state.come) == ("1 of 2 new pods ready", 1, 1)
    for said in (judge(deployment(), after_s=60).state, judge(deployment(paused=True), after_s=60).state):
        assert (said.new_ready, said.come) == (None, 2)


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


def test_a_refusal_is_named_beyond_the_deadline_too() -> None:
    late = msgspec.structs.replace(
        rolling(updated=0),
        conditions=(available(), progressing("ProgressDeadlineExceeded", status="False"), refused(REFUSED.format(NEW))),
    )
    state = judge(late, after_s=700).state
    assert (state.level, state.reason) == (FAILING, "ReplicaFailure") and "exceeded quota: q" in state.message
    older = msgspec.structs.replace(late, conditions=(*late.conditions[:2], refused(REFUSED.format(OLD))))
    assert judge(older, after_s=700).state.reason == "ProgressDeadlineExceeded", "that is about the old ReplicaSet"


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


OLDER = old_pod(
    container(image="registry.local/orders:1.3.0"), name="a-first", revision="older", created_ms=T0 - 86_400_000
)
NOT_READY = unready(waiting("PodInitializing"))
OVER = [
    ("1.3.0", {}, (NOT_READY, old_pod()), "1.4.2"),
    ("1.4.2", {}, (NOT_READY, OLDER, old_pod()), "1.4.2"),
    ("1.4.2", {"observed_generation": 1}, (pod(container(image="registry.local/orders:1.3.0")),), "1.3.0"),
    ("1.4.2", {}, (NOT_READY,), "1.4.2"),
]


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


@pytest.mark.parametrize(("known", "changes", "pods", "wanted"), OVER)
def test_the_pods_tell_whether_the_version_before_was_passed_over(
    known: str, changes: dict[str, int], pods: tuple[Pod, ...], wanted: str
) -> None:
    before = judge(deployment(version=known, image=f"registry.local/orders:{known}", revision="1"), pod()).state
    state = judge(rolling(**changes), *pods, before=before, after_s=30).state
    assert (state.version, state.previous_version) == ("1.5.0", wanted)


def test_a_pod_that_was_evicted_tells_no_previous_version() -> None:
    ages_ago = container(image="registry.local/orders:0.9")
    left = old_pod(ages_ago, name="a-first", revision="ages", phase="Failed", reason="Evicted")
    state = judge(rolling(), unready(waiting("PodInitializing")), left, old_pod(), after_s=5).state
    assert state.previous_version == "1.4.2"


def test_digest_is_that_of_the_main_container() -> None:
    image_id = "registry.local/orders@sha256:" + "a" * 64
    state = judge(deployment(), pod(container(image_id=image_id)), after_s=40).state
    assert state.digest == "sha256:" + "a" * 64


def test_the_fast_path_says_the_same_as_the_long_way() -> None:
    pods = tuple(pod(name=f"p{i}") for i in range(5))
    workload = deployment(desired=5, replicas=5, updated=5, ready=5, available=5)
    first = judge_rollout(workload, pods, None, THRESHOLDS, T0 + 60_000)
    fast = judge_rollout(workload, pods, first.state, THRESHOLDS, T0 + 90_000)
    other = msgspec.structs.replace(first.state, level=SCALING, reason="Scaling")
    long = judge_rollout(workload, pods, other, THRESHOLDS, T0 + 90_000)
    assert fast == long
    assert fast.new_revision == NEW
    assert fast.look_again_ms is None


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
