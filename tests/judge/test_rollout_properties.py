"""Properties: order of pods, repetition, and what must never be said."""

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from statusdesk.facts import Container, Pod, Workload
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level, RolloutState
from tests.judge.make import (
    NEW,
    OLD,
    T0,
    THRESHOLDS,
    available,
    container,
    daemonset,
    deployment,
    done,
    looping,
    pod,
    progressing,
    refused,
    restarted,
    stamped,
    statefulset,
    unready,
    waiting,
)

CONTAINERS = st.sampled_from(
    [
        container(),
        container(ready=False),
        container(ready=False, since_ms=T0 - 400_000),
        waiting(""),
        waiting("ContainerCreating"),
        waiting("ErrImagePull", "timeout"),
        waiting("ImagePullBackOff", "not found"),
        waiting("CreateContainerConfigError", "no secret"),
        waiting("RunContainerError"),
        looping(),
        looping("vault-agent", "init"),
        restarted(1),
        restarted(4),
        done(),
        container("vault-agent", "init", state="terminated", reason="Error", exit_code=1),
        container("vault-agent", "init", ready=False, since_ms=T0 - 70_000),
    ]
)


@st.composite
def pods(draw: st.DrawFn) -> tuple[Pod, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        ready = draw(st.booleans())
        containers: tuple[Container, ...] = tuple(draw(st.lists(CONTAINERS, min_size=1, max_size=2)))
        found.append(
            pod(
                *containers,
                name=f"p{number}",
                ready=ready,
                ready_changed_ms=draw(st.sampled_from([None, T0 - 500_000, T0 - 1000, T0])),
                revision=draw(st.sampled_from([NEW, NEW, OLD])),
                deleting_ms=draw(st.sampled_from([None, None, T0])),
                phase=draw(st.sampled_from(["Running", "Pending", "Failed", "Unknown"])),
                scheduled=draw(st.booleans()),
                scheduled_reason=draw(st.sampled_from(["", "Unschedulable", "SchedulingGated"])),
                created_ms=draw(st.sampled_from([None, T0 - 3_600_000, T0 - 10_000])),
            )
        )
    return tuple(found)


@st.composite
def workloads(draw: st.DrawFn, make=None) -> Workload:
    make = make or draw(st.sampled_from([deployment, statefulset, daemonset]))
    counts = {name: draw(st.integers(0, 3)) for name in ("desired", "replicas", "updated", "ready", "available")}
    changes: dict[str, object] = {
        "paused": draw(st.booleans()),
        "observed_generation": draw(st.sampled_from([2, 2, 2, 1, None])),
        "created_ms": draw(st.sampled_from([None, T0 - 5000, T0 - 10**9])),
        "revision": draw(st.sampled_from(["1", "2"])),
        "version": draw(st.sampled_from(["1.4.2", "1.5.0"])),
    }
    if make is deployment:
        reason = draw(
            st.sampled_from(["NewReplicaSetAvailable", "ReplicaSetUpdated", "NewReplicaSetCreated", "DeploymentPaused"])
        )
        conditions = [progressing(reason), available(draw(st.booleans()), at_ms=T0 - 60_000)]
        if draw(st.booleans()):
            conditions.append(refused("quota"))
        changes["conditions"] = tuple(conditions)
    else:
        changes["strategy"] = draw(st.sampled_from(["RollingUpdate", "RollingUpdate", "OnDelete"]))
    if make is statefulset:
        changes["partition"] = draw(st.sampled_from([None, 0, 1, 2]))
        changes["current_revision"] = draw(st.sampled_from([NEW, OLD]))
    return make(**counts, **changes)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Workload, tuple[Pod, ...], RolloutState | None, Memory | None]:
    """A workload and its pods, and what was said of the same workload a while ago."""
    make = draw(st.sampled_from([deployment, statefulset, daemonset]))
    workload, found = draw(workloads(make)), draw(pods())
    if draw(st.booleans()):
        return workload, found, None, None
    age_ms = draw(st.integers(1, 100)) * 1000
    verdict = judge_rollout(draw(workloads(make)), draw(pods()), None, THRESHOLDS, T0 - age_ms)
    return workload, found, verdict.state, verdict.memory if draw(st.booleans()) else None


@settings(max_examples=300, deadline=None)
@given(cases(), st.randoms())
def test_the_order_of_pods_does_not_matter(case, random) -> None:
    workload, found, before, memory = case
    shuffled = list(found)
    random.shuffle(shuffled)
    one = judge_rollout(workload, found, before, THRESHOLDS, T0, memory=memory)
    other = judge_rollout(workload, shuffled, before, THRESHOLDS, T0, memory=memory)
    assert one == other


NOBODY = {"replicas": 0, "updated": 0, "ready": 0, "available": 0}
HOUR_OLD = {"created_ms": T0 - 3_600_000, "ready_changed_ms": None}
OLD_UNREADY = unready(container(ready=False), name="p0", **HOUR_OLD)
UNPLACED = unready(container(), name="p1", scheduled=False, **HOUR_OLD)
DOWN = deployment(
    **NOBODY | {"desired": 1}, conditions=(progressing("NewReplicaSetAvailable"), available(False, at_ms=T0 - 60_000))
)


def scaled_up_unseen(make, pods_were: int) -> tuple[Workload, tuple[Pod, ...], RolloutState, Memory | None]:
    """Another version of a workload that had so many pods before, all of them unready for an hour, is not observed."""
    was = make(**NOBODY | {"desired": pods_were}, version="1.4.2")
    verdict = judge_rollout(was, (OLD_UNREADY,) * pods_were, None, THRESHOLDS, T0 - 5000)
    return make(**NOBODY | {"desired": 1}, observed_generation=1), (OLD_UNREADY,), verdict.state, verdict.memory


def unready_pod_is_gone() -> tuple[Workload, tuple[Pod, ...], RolloutState, None]:
    """A pod that was never ready is gone; of those that are left one ended once, and has been ready for long."""
    stuck = unready(container(ready=False, since_ms=T0 - 400_000), name="p2", **HOUR_OLD)
    before = judge_rollout(DOWN, (stuck,), None, THRESHOLDS, T0 - 60_000).state
    return DOWN, (UNPLACED, pod(restarted(1), name="p3", **HOUR_OLD)), before, None


@settings(max_examples=400, deadline=None)
@given(cases())
@example(scaled_up_unseen(statefulset, 0))
@example(scaled_up_unseen(deployment, 0))
@example(scaled_up_unseen(daemonset, 0))
@example(scaled_up_unseen(deployment, 1))
@example((daemonset(**NOBODY | {"desired": 1, "updated": 1}, observed_generation=1), (OLD_UNREADY,), None, None))
@example(unready_pod_is_gone())
def test_judging_again_gives_the_same(case) -> None:
    workload, found, before, memory = case
    first = judge_rollout(workload, found, before, THRESHOLDS, T0, memory=memory)
    lasts = before is not None and before.level is first.state.level
    once = stamped(first.state, before.level_since_ms if before is not None and lasts else T0)
    twice = judge_rollout(workload, found, once, THRESHOLDS, T0, memory=first.memory).state
    assert (twice.level, twice.reason) == (once.level, once.reason)
    assert (twice.started_ms, twice.version_since_ms, twice.previous_version) == (
        once.started_ms,
        once.version_since_ms,
        once.previous_version,
    )


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_crash_loop_of_the_new_revision_is_never_well(case) -> None:
    workload, found, before, memory = case
    workload = msgspec.structs.replace(workload, observed_generation=2, desired=2, deleting_ms=None)
    broken = pod(looping(), name="broken", ready=False, deleting_ms=None)
    verdict = judge_rollout(workload, (*found, broken), before, THRESHOLDS, T0, memory=memory)
    if verdict.new_revision == broken.revision:
        # a pod that a scale-up has added to a service which lacks nothing is no reason for an alarm
        scaling = verdict.memory is not None and verdict.memory.scaling and workload.available + workload.ready > 0
        assert verdict.state.level is Level.FAILING or (scaling and verdict.state.level not in (Level.OK, Level.IDLE))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_every_verdict_is_complete(case) -> None:
    workload, found, before, memory = case
    verdict = judge_rollout(workload, found, before, THRESHOLDS, T0, memory=memory)
    state = verdict.state
    assert state.key == "/".join(workload.key)
    assert state.reason and " " not in state.reason
    assert state.message
    assert verdict.look_again_ms is None or verdict.look_again_ms > T0
    assert (state.since_ms, state.level_since_ms, state.seen_ms, state.until_ms, state.change) == (0, 0, 0, None, 0)


@settings(max_examples=200, deadline=None)
@given(workloads(), pods())
def test_only_the_new_revision_can_fail_a_rollout(workload, found) -> None:
    workload = msgspec.structs.replace(
        workload,
        kind="Deployment",
        observed_generation=2,
        conditions=(progressing("ReplicaSetUpdated", at_ms=T0 - 1000),),
    )
    old = tuple(msgspec.structs.replace(each, revision=OLD) for each in found)
    state = judge_rollout(workload, old, None, THRESHOLDS, T0).state
    of_service = workload.paused and state.reason.startswith("Degraded")  # while paused the old pods are the service
    assert state.level is not Level.FAILING or of_service
