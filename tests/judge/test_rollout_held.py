"""A verdict that is held says so, with the counts of now; and what came after its pod shows that it is over."""

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.states import Level
from tests.judge.make import (
    IMAGE,
    NEW,
    OLD,
    T0,
    THRESHOLDS,
    available,
    container,
    deployment,
    judge,
    looping,
    old_pod,
    pod,
    progressing,
    restarted,
    rolling,
    statefulset,
    waiting,
)
from tests.judge.sequence import Seen, at, follow

FAILING, WARNING, PROGRESSING, OK = Level.FAILING, Level.WARNING, Level.PROGRESSING, Level.OK
MISSING = waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}": ErrImagePull: {IMAGE}: not found')
UNSET = waiting("CreateContainerConfigError", 'secret "db" not found')
EVERY_S = 40  # what a pod takes to become ready


def named(number: int, *containers: object, at_s: float = 0, **changes: object) -> Pod:
    fields: dict[str, object] = {"created_ms": at(at_s), "scheduled_changed_ms": at(at_s), "ready_changed_ms": at(at_s)}
    return pod(*containers, name=f"orders-{NEW}-{number}", **(fields | changes))  # type: ignore[arg-type]


def creating(number: int, at_s: float) -> Pod:
    return named(number, waiting("ContainerCreating"), at_s=at_s, ready=False)


def runs(number: int, at_s: float, ready_s: float) -> Pod:
    return named(number, container(since_ms=at(at_s + 1)), at_s=at_s, ready_changed_ms=at(ready_s))


def of(count: int, updated: int) -> Workload:
    return rolling(desired=count, replicas=count + 1, updated=updated, ready=count, available=count)


def broken_then(count: int, cause: object) -> list[Verdict]:
    """A pod that cannot start is deleted at 10; each of those that come in its place takes 40 s."""
    steps = [Seen(0, of(count, 1), [named(0, cause, ready=False), old_pod()], FAILING, "")]
    there: list[Pod] = []
    for number in range(1, count + 1):
        began_s = 10 + EVERY_S * (number - 1)
        steps.append(Seen(began_s, of(count, number), [*there, creating(number, began_s), old_pod()], FAILING, ""))
        there.append(runs(number, began_s, began_s + EVERY_S))
        steps.append(Seen(began_s + EVERY_S, of(count, number), [*there, old_pod()], PROGRESSING, ""))
    return follow(steps)


@pytest.mark.parametrize("count", [2, 6])
@pytest.mark.parametrize("cause", [MISSING, UNSET], ids=["image", "secret"])
def test_what_could_not_start_is_over_once_a_later_pod_has_however_many_there_are(count: int, cause: object) -> None:
    found = [verdict.state for verdict in broken_then(count, cause)]
    assert [state.level for state in found[:2]] == [FAILING, FAILING]
    assert {state.level for state in found[2:]} <= {PROGRESSING, OK}
    cause_said = found[0].message.removesuffix(f", 0 of {count} new pods ready")
    gone = f"{cause_said}; its pod is gone, and no later one has started yet, 0 of {count} new pods ready"
    assert found[1].message == gone
    assert found[2].message.startswith(f"1 of {count}")


def test_it_is_over_at_once_after_a_restart_too() -> None:
    before = judge(of(6, 1), named(0, UNSET, ready=False), old_pod(), after_s=5).state
    later = (named(1, container(ready=False, since_ms=at(10)), at_s=8, ready=False), old_pod())
    again = judge_rollout(of(6, 1), later, before, THRESHOLDS, at(60), looked_ms=at(6))
    assert again.state.level is PROGRESSING
    unknown = judge_rollout(of(6, 1), later, before, THRESHOLDS, at(60), looked_ms=at(9))
    assert unknown.state.level is FAILING and "its pod is gone" in unknown.state.message


def test_a_crash_loop_whose_pod_is_deleted_needs_one_that_stays_ready_and_counts_what_is_there() -> None:
    """Though others become ready after it; and pods that were well beside it say nothing."""
    well = runs(7, 0, 1)
    steps = [
        Seen(40, of(3, 2), [named(0, looping(), ready=False), well, old_pod()], FAILING, "CrashLoopBackOff"),
        Seen(41, of(3, 2), [well, old_pod()], FAILING, "CrashLoopBackOff"),
        Seen(42, of(3, 2), [creating(1, 42), well, old_pod()], FAILING, "CrashLoopBackOff"),
        Seen(50, of(3, 3), [runs(1, 42, 50), creating(2, 50), well], FAILING, "CrashLoopBackOff"),
        Seen(75, of(3, 3), [runs(1, 42, 50), runs(2, 50, 75), well], FAILING, "CrashLoopBackOff"),
        Seen(80, of(3, 3), [runs(1, 42, 50), runs(2, 50, 75), well], PROGRESSING, "Rolling"),
    ]
    found = follow(steps)
    assert [(v.state.level, v.state.reason) for v in found] == [(s.level, s.reason) for s in steps]
    tail = "; its pod is gone, and no later one has been ready for 30 s yet, "
    told = [verdict.state.message.partition(tail)[2] for verdict in found[1:5]]
    assert told == ["1 of 3 new pods ready", "1 of 3 new pods ready", "2 of 3 new pods ready", "3 of 3 new pods ready"]
    assert found[3].look_again_ms == at(80)


def test_after_a_restart_no_pod_is_said_not_to_have_been_ready_that_has() -> None:
    """Nobody saw whether the pod of 10 s came after the one that is gone."""
    work, failed = of(3, 1), Seen(0, of(3, 1), [named(0, looping(), ready=False), old_pod()], FAILING, "")
    state = msgspec.structs.replace(follow([failed])[-1].state, level_since_ms=T0)
    pods, memory, told = [runs(1, 10, 20), old_pod()], None, []
    for at_s in (40, 50):
        verdict = judge_rollout(work, pods, state, THRESHOLDS, at(at_s), memory=memory)
        state, memory = msgspec.structs.replace(verdict.state, level_since_ms=T0), verdict.memory
        assert state.level is FAILING
        told.append(state.message.partition("; its pod is gone, and ")[2])
    assert told == [
        "no later one has been ready for 30 s yet, 1 of 3 new pods ready",
        "none that is known to be later has been ready for 30 s yet, 1 of 3 new pods ready",
    ]


def test_a_pod_of_a_set_that_is_made_anew_under_its_name_is_another() -> None:
    work = statefulset(desired=3, replicas=3, updated=1, ready=2, available=2, current_revision=OLD, started_ms=T0)
    loops = msgspec.structs.replace(named(0, looping(), ready=False), name="orders-2")
    anew = msgspec.structs.replace(creating(1, 60), name="orders-2")
    ready = msgspec.structs.replace(runs(1, 60, 75), name="orders-2")
    steps = [
        Seen(10, work, [loops], FAILING, "CrashLoopBackOff"),
        Seen(60, work, [anew], FAILING, "CrashLoopBackOff"),
        Seen(75, work, [ready], FAILING, "CrashLoopBackOff"),
        Seen(105, work, [ready], PROGRESSING, "Rolling"),
    ]
    found = follow(steps)
    assert [(v.state.level, v.state.reason) for v in found] == [(s.level, s.reason) for s in steps]
    assert "its pod is gone" in found[1].state.message and "1 of 3 new pods ready" in found[2].state.message


def test_a_newer_end_replaces_what_is_held_at_once() -> None:
    first = Seen(10, of(3, 1), [named(0, looping(), ready=False), old_pod()], FAILING, "CrashLoopBackOff")
    ended = named(1, restarted(1, since_ms=at(52)), at_s=40, ready=False)
    second = Seen(52, of(3, 1), [ended, old_pod()], FAILING, "CrashLoopBackOff")
    state = follow([first, second])[-1].state
    assert (state.level, state.reason, state.pod) == (FAILING, "CrashLoopBackOff", ended.name)
    assert state.message == f"container app exits 1 in {ended.name}, 0 of 3 new pods ready"


def test_an_image_that_is_there_now_hides_no_end_of_the_next_pod() -> None:
    first = Seen(0, of(3, 1), [named(0, MISSING, ready=False), old_pod()], FAILING, "ErrImagePull")
    dead = container(state="terminated", reason="Error", exit_code=1, ready=False, since_ms=at(70))
    second = Seen(70, of(3, 1), [named(1, dead, at_s=60, ready=False), old_pod()], WARNING, "Exit")
    state = follow([first, second])[-1].state
    assert (state.level, state.reason) == (WARNING, "Exit")
    assert state.message == f"container app exits 1 in orders-{NEW}-1, 0 of 3 new pods ready"


def test_what_is_wrong_with_the_next_pod_is_told_first_and_what_is_held_once() -> None:
    first = Seen(0, of(3, 1), [named(0, looping(), ready=False), old_pod()], FAILING, "CrashLoopBackOff")
    placed = {"scheduled": False, "scheduled_reason": "Unschedulable", "scheduled_message": "0/3 nodes are available"}
    nowhere = named(1, at_s=60, ready=False, **placed)
    more = [Seen(t, of(3, 1), [nowhere, old_pod()], FAILING, "CrashLoopBackOff") for t in (76, 80)]
    said = {verdict.state.message for verdict in follow([first, *more])[1:]}
    now = f"pod orders-{NEW}-1 cannot be scheduled: 0/3 nodes are available, 0 of 3 new pods ready"
    assert said == {f"{now}; before it: container app exits 1 in orders-{NEW}-0"}


def test_a_service_that_is_back_counts_what_is_available() -> None:
    down = deployment(ready=0, available=0)
    crash = [named(n, looping(), ready=False, at_s=-90_000) for n in (1, 2)]
    steps = [
        Seen(-60, deployment(), [runs(1, -90_000, -80_000), runs(2, -90_000, -80_000)], OK, "Complete"),
        Seen(0, down, crash, FAILING, "DegradedCrashLoopBackOff"),
        Seen(80, deployment(ready=1, available=1), [runs(3, 60, 80), creating(4, 60)], FAILING, "Degraded"),
        Seen(85, deployment(), [runs(3, 60, 80), runs(4, 60, 85)], FAILING, "Degraded"),
        Seen(110, deployment(), [runs(3, 60, 80), runs(4, 60, 85)], OK, "Complete"),
    ]
    found = follow(steps)
    assert [verdict.state.level for verdict in found] == [step.level for step in steps]
    assert found[2].state.message.endswith("1 of 2 available") and found[3].state.message.endswith("2 of 2 available")


def test_a_pod_that_is_there_still_is_told_of_with_the_counts_of_now() -> None:
    slow = named(0, container(ready=False), ready=False)
    moved = msgspec.structs.replace(of(3, 1), conditions=(available(), progressing("ReplicaSetUpdated", at_ms=at(409))))
    steps = [
        Seen(400, of(3, 1), [slow, old_pod()], FAILING, "NeverReady"),
        Seen(410, moved, [named(0, ready_changed_ms=at(409)), old_pod()], FAILING, "NeverReady"),
        Seen(439, moved, [named(0, ready_changed_ms=at(409)), old_pod()], PROGRESSING, "Rolling"),
    ]
    found = follow(steps)
    assert [(v.state.level, v.state.reason) for v in found] == [(s.level, s.reason) for s in steps]
    assert found[1].state.message.endswith("; its pod has not been ready for 30 s yet, 1 of 3 new pods ready")


def test_a_crash_loop_does_not_flicker_before_the_pod_that_replaces_the_deleted_one_is_seen() -> None:
    well = [runs(7, 0, 1), runs(8, 0, 1)]
    loops, again = named(0, looping(), ready=False), named(1, looping(), at_s=60, ready=False)
    short = rolling(desired=3, replicas=2, updated=2, ready=2, available=2)
    seen = ((40, of(3, 3), [loops]), (60, short, []), (60.3, of(3, 3), [creating(1, 60)]), (70, of(3, 3), [again]))
    found = follow([Seen(at_s, work, [*well, *more], FAILING, "") for at_s, work, more in seen])
    assert {(verdict.state.level, verdict.state.reason) for verdict in found} == {(FAILING, "CrashLoopBackOff")}


def test_nor_is_it_held_for_ever_where_none_replaces_it() -> None:
    short = deployment(replicas=1, ready=1, available=1)
    well, loops = runs(7, -90_000, -80_000), named(0, looping(), at_s=-90_000, ready=False)
    steps = [
        Seen(-60, deployment(), [well, runs(0, -90_000, -80_000)], OK, "Complete"),
        Seen(0, short, [well, loops], FAILING, "DegradedCrashLoopBackOff"),
        *(Seen(at_s, short, [well], FAILING, "DegradedCrashLoopBackOff") for at_s in (10, 39)),
        Seen(40, short, [well], WARNING, "DegradedMissingPods"),
    ]
    found = follow(steps)
    assert [(v.state.level, v.state.reason) for v in found] == [(s.level, s.reason) for s in steps]
    assert found[2].look_again_ms == at(40)
