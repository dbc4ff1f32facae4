"""The latch: a crash loop stays failing between its ends, and ends when it is shown to be over."""

from itertools import permutations

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.states import Level, RolloutState
from tests.judge.make import (
    OLD,
    T0,
    container,
    deployment,
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
from tests.judge.sequence import Seen, follow

PROGRESSING, IDLE, FAILING = Level.PROGRESSING, Level.IDLE, Level.FAILING


def crash_looping() -> RolloutState:
    return judge(rolling(), unready(looping()), old_pod(), after_s=20).state


def test_a_crash_loop_does_not_flicker_while_its_container_runs() -> None:
    before = crash_looping()
    for after_s in (21, 22, 25):
        running = unready(restarted(1, since_ms=T0 + 21_000))
        before = judge(rolling(), running, old_pod(), before=before, after_s=after_s).state
        assert (before.level, before.reason) == (FAILING, "CrashLoopBackOff")


def test_nor_when_the_container_is_ready_for_seconds() -> None:
    ready = pod(restarted(3, since_ms=T0 + 21_000), ready_changed_ms=T0 + 21_000)
    ready = msgspec.structs.replace(ready, containers=(container(restarts=3, since_ms=T0 + 21_000),))
    verdict = judge(rolling(), ready, before=crash_looping(), after_s=25)
    assert verdict.state.level is FAILING
    assert verdict.look_again_ms == T0 + 51_000


def test_nor_when_its_pod_is_deleted_and_made_anew() -> None:
    fresh = unready(waiting("ContainerCreating"), name="orders-7cc6f9fbf5-zzzzz", created_ms=T0 + 21_000)
    assert judge(rolling(), fresh, before=crash_looping(), after_s=22).state.level is FAILING
    assert judge(rolling(), before=crash_looping(), after_s=22).state.level is FAILING


def test_it_ends_when_the_pod_has_been_ready_for_the_latch() -> None:
    ready = pod(container(restarts=3, since_ms=T0 + 21_000), ready_changed_ms=T0 + 21_000)
    assert judge(rolling(), ready, before=crash_looping(), after_s=50).state.level is FAILING
    assert judge(rolling(), ready, before=crash_looping(), after_s=51).state.level is PROGRESSING


@pytest.mark.parametrize("ready_s", permutations((1, 22, 25)))
@pytest.mark.parametrize("is_remembered", [False, True])
def test_it_is_looked_at_again_until_the_last_pod_is_settled(ready_s: tuple[int, ...], is_remembered: bool) -> None:
    """Where one of them is not, it is enough to look again when that is: what the others wait for is found out then."""
    last = judge(rolling(), unready(looping()), old_pod(), after_s=26)
    pods = [
        pod(name=f"orders-7cc6f9fbf5-{name}", ready_changed_ms=T0 + at_s * 1000)
        for name, at_s in zip("bcd", ready_s, strict=True)
    ]
    now_ms = T0 + 26_000
    while last.state.level is FAILING:
        memory = last.memory if is_remembered else None
        last = judge(rolling(), *pods, before=last.state, after_s=(now_ms - T0) / 1000, memory=memory)
        assert last.look_again_ms is not None
        over_ms, now_ms = now_ms, last.look_again_ms
    assert over_ms == T0 + (31_000 if is_remembered else 55_000), "of one that is known to be later one is enough"


@pytest.mark.parametrize(
    ("workload", "level"),
    [
        (rolling(revision="3", generation=3, observed_generation=3), PROGRESSING),
        (rolling(generation=3, image="registry.local/orders:1.4.2", version="1.4.2"), PROGRESSING),
        (rolling(generation=3), FAILING),
        (deployment(desired=0, replicas=0, updated=0), IDLE),
    ],
)
def test_a_new_revision_ends_it_and_an_unobserved_change_does_not(workload: Workload, level: Level) -> None:
    assert judge(workload, old_pod(), before=crash_looping(), after_s=25).state.level is level


def test_a_cause_that_is_mended_ends_at_once() -> None:
    bad = unready(waiting("CreateContainerConfigError", 'secret "db" not found'))
    before = judge(rolling(), bad, after_s=5).state
    assert before.level is FAILING
    still = judge(rolling(), unready(waiting("ContainerCreating")), before=before, after_s=6).state
    started = judge(rolling(), unready(container(ready=False, since_ms=T0 + 6000)), before=before, after_s=7).state
    assert (still.level, started.level) == (FAILING, PROGRESSING)


def test_an_old_pod_that_holds_up_its_set_does_not_flicker_when_its_restarts_are_rare() -> None:
    """With a back-off of 5 minutes each end is alone in its window, at the moment the pod runs again."""
    workload = statefulset(desired=2, replicas=2, updated=0, ready=1, available=1, current_revision=OLD, started_ms=T0)
    old = {"name": "orders-1", "revision": OLD, "created_ms": T0 - 10_000_000, "ready": False}
    steps = []
    for turn in range(4):
        began_s = turn * 305.0
        ended_ms = T0 + round(began_s * 1000)
        loop = msgspec.structs.replace(looping(restarts=20 + turn), last_finished_ms=ended_ms)
        runs = restarted(21 + turn, since_ms=ended_ms + 303_000, last_finished_ms=ended_ms)
        steps += [
            Seen(began_s, workload, [pod(loop, **old), old_pod(name="orders-0")], Level.WARNING, "OldPodBlocks"),
            Seen(began_s + 303, workload, [pod(runs, **old), old_pod(name="orders-0")], Level.WARNING, "OldPodBlocks"),
        ]
    found = [(verdict.state.level, verdict.state.reason) for verdict in follow(steps)]
    assert found == [(step.level, step.reason) for step in steps]
    mended = pod(name="orders-1", created_ms=T0 + 1_300_000, ready_changed_ms=T0 + 1_300_000)
    over = Seen(
        1_301, msgspec.structs.replace(workload, updated=1), [mended, old_pod(name="orders-0")], PROGRESSING, ""
    )
    assert follow([*steps, over])[-1].state.level is PROGRESSING


def test_a_crash_loop_that_comes_through_is_no_degraded_service() -> None:
    """It fails until its pod has been ready for the latch, then all is well: no other trouble in between."""
    a, b = "orders-7cc6f9fbf5-aaaaa", "orders-7cc6f9fbf5-bbbbb"

    def runs(name: str, ready_s: float) -> Pod:
        since_ms = T0 + round(ready_s * 1000)
        again = msgspec.structs.replace(restarted(3, since_ms=since_ms), ready=True)
        return pod(again, name=name, ready_changed_ms=since_ms)

    done, words = deployment(), "CrashLoopBackOff"
    steps = [
        Seen(20, rolling(), [unready(looping(), name=a), old_pod()], FAILING, words),
        Seen(61, rolling(updated=2), [runs(a, 60), unready(looping(), name=b), old_pod()], FAILING, words),
        Seen(66, done, [runs(a, 60), runs(b, 65)], FAILING, words),
        Seen(80, done, [runs(a, 60), runs(b, 65)], FAILING, words),
        Seen(91, done, [runs(a, 60), runs(b, 65)], Level.OK, "Complete"),
        Seen(96, done, [runs(a, 60), runs(b, 65)], Level.OK, "Complete"),
        Seen(97, done, [runs(a, 60), runs(b, 65)], Level.OK, "Complete"),
    ]
    found = [(verdict.state.level, verdict.state.reason) for verdict in follow(steps)]
    assert found == [(step.level, step.reason) for step in steps]
    again = Seen(120, done, [runs(a, 60), runs(b, 119)], FAILING, "DegradedCrashLoopBackOff")
    assert follow([*steps, again])[-1].state.reason == again.reason


def test_a_first_exit_before_a_rollout_is_through_is_no_degraded_service() -> None:
    runs = msgspec.structs.replace(restarted(1, since_ms=T0 + 9_000), ready=True)
    steps = [
        Seen(8, rolling(), [unready(restarted(1, since_ms=T0 + 7_000)), old_pod()], Level.WARNING, "Exit"),
        Seen(10, deployment(), [pod(runs, ready_changed_ms=T0 + 9_500)], Level.OK, "Complete"),
        Seen(12, deployment(), [pod(runs, ready_changed_ms=T0 + 9_500)], Level.OK, "Complete"),
    ]
    assert [(v.state.level, v.state.reason) for v in follow(steps)] == [(s.level, s.reason) for s in steps]
