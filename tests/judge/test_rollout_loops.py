"""Crash loops of containers that are ready between their ends: failing all the time, and well once they live longer."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from statusdesk.facts import Container
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level, RolloutState
from tests.judge.make import T0, THRESHOLDS, deployment, pod, restarted, rolling, waiting
from tests.judge.sequence import at

FAILING, OK = Level.FAILING, Level.OK
HOUR_MS = 3_600_000
STEP_S = 5
Moment = tuple[int, Container, bool]
"""A second, the container as it is from then on, and whether its pod is ready."""


def runs(since_s: int, count: int, ran_s: int, **changes) -> Container:
    fields = {"since_ms": at(since_s), "last_finished_ms": at(since_s) - 1000, "last_ran_ms": ran_s * 1000}
    return restarted(count, **(fields | changes))


def loop(lives_s: Sequence[int], ready_after_s: int = 5) -> Iterator[Moment]:
    """Yield a container that lives for so long each time, as the kubelet restarts it: at once, then ever later."""
    now_s, count, delay_s = 0, 2, 10
    for ran_s, lives in zip(lives_s, [*lives_s[1:], lives_s[-1]], strict=True):
        ended = {"restarts": count, "last_reason": "Error", "last_exit_code": 1, "last_finished_ms": at(now_s)}
        yield now_s, waiting("CrashLoopBackOff", "back-off", last_ran_ms=ran_s * 1000, **ended), False
        now_s, count, delay_s = now_s + delay_s, count + 1, min(300, delay_s * 2)
        again = runs(now_s, count, ran_s)
        yield now_s, again, False
        yield now_s + ready_after_s, msgspec.structs.replace(again, ready=True), True
        now_s += lives


def followed(moments: Sequence[Moment], until_s: int, *, of_service: bool, forgets: bool = False) -> list[RolloutState]:
    """Judge every few seconds, as if time alone were followed; ``forgets``: by a new process each time."""
    before: RolloutState | None = None
    memory: Memory | None = None
    found = []
    for now_s in range(moments[0][0], until_s, STEP_S):
        past = [moment for moment in moments if moment[0] <= now_s]
        container, ready = past[-1][1:]
        others_s = [each_s for each_s, _, each in past if each is not ready]
        changed_s = min(each_s for each_s, _, _ in past if each_s > max(others_s, default=-1))
        count = 2 if ready else 1
        made_ms = T0 - HOUR_MS if of_service else T0 - 1000
        one = pod(container, created_ms=made_ms, ready=ready, ready_changed_ms=at(changed_s))
        facts = {"ready": count, "available": count}
        workload = deployment(**facts) if of_service else rolling(**facts)
        verdict = judge_rollout(
            workload,
            (one, pod(name="other", created_ms=made_ms, ready_changed_ms=made_ms)),
            before,
            THRESHOLDS,
            at(now_s),
            memory=None if forgets else memory,
        )
        before, memory = msgspec.structs.replace(verdict.state, level_since_ms=at(now_s)), verdict.memory
        found.append(verdict.state)
    return found


LIVES = [[8] * 6, [60] * 6, [45, 60, 50, 70, 55], [300] * 4, [590, 590, 590]]


@pytest.mark.parametrize("lives_s", LIVES, ids=str)
@pytest.mark.parametrize("of_service", [True, False], ids=["service", "rollout"])
def test_it_fails_from_one_end_to_the_next(lives_s: list[int], of_service: bool) -> None:
    moments = list(loop(lives_s))
    states = followed(moments, moments[-1][0] + 15, of_service=of_service)
    assert {state.level for state in states} == {FAILING}


def test_it_fails_for_a_process_that_has_just_begun() -> None:
    moments = list(loop([60] * 5))
    assert {state.level for state in followed(moments, moments[-1][0] + 15, of_service=True, forgets=True)} == {FAILING}


@pytest.mark.parametrize(("ran_s", "well_after_s"), [(5, 35), (60, 90), (300, 330), (590, 600)])
def test_it_is_well_once_it_lives_longer_and_says_when(ran_s: int, well_after_s: int) -> None:
    moments = list(loop([ran_s]))
    well_s = moments[1][0] + well_after_s
    states = followed(moments, well_s + 2 * STEP_S, of_service=True)
    assert [state.level for state in states[-3:]] == [FAILING, OK, OK]
    said = f"container app exits 1 in {states[0].pod}; its pod has not run for {well_after_s} s yet, 2 of 2 available"
    assert states[-3].message == said


def test_the_longest_of_its_runs_counts() -> None:
    """It lived for 200 s once: shorter runs after that prove nothing."""
    moments = list(loop([200, 20, 150, 40, 120]))
    assert {state.level for state in followed(moments, moments[-1][0] + 15, of_service=True)} == {FAILING}


@pytest.mark.parametrize(("count", "ran_s"), [(1, 20), (1, 5000), (7, 5000), (7, 601)])
def test_one_end_is_no_loop_whatever_was_before_it(count: int, ran_s: int) -> None:
    """It ended for the first time, or had run for hours: well after the latch."""
    again = msgspec.structs.replace(runs(0, count, ran_s), ready=True)
    states = followed([(0, again, True)], 60, of_service=True)
    levels = [state.level for state in states]
    assert FAILING not in levels and levels[30 // STEP_S :] == [OK] * (len(levels) - 30 // STEP_S)


def test_a_node_that_restarts_makes_no_loop() -> None:
    again = msgspec.structs.replace(runs(0, 3, 20), ready=True, last_reason="Unknown", last_exit_code=255)
    assert {state.level for state in followed([(0, again, True)], 60, of_service=True)} == {OK}
