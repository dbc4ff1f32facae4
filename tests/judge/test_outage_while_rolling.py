"""A service that goes down while it is rolled out: what the verdict says to alerts, and to the next desk."""

import pytest

from statusdesk.judge.presence import is_rolled_out
from statusdesk.states import Level
from tests.judge.corpus.outages import BEGUN, CRASHING, DIED, LOST, OUT
from tests.judge.corpus.words import CREATING
from tests.judge.make import T0, judge, looping, old_pod, pod, rolling, waiting
from tests.judge.sequence import Seen, at, follow, job, job_pod


@pytest.mark.parametrize(("at_s", "is_out"), [(60, False), (109, False), (110, True)])
def test_a_failing_rollout_tells_of_the_outage_beside_it(at_s: int, is_out: bool) -> None:
    pods = (*DIED, pod(looping(), ready=False))
    state = follow([*BEGUN, Seen(at_s, rolling(**OUT), pods, Level.FAILING, "")])[-1].state
    assert (state.reason, state.is_out) == ("CrashLoopBackOff", is_out)


def test_an_outage_that_is_told_does_not_say_that_the_new_version_is_there() -> None:
    state = follow([*BEGUN, *(Seen(t, rolling(**OUT), (*LOST, CREATING), Level.FAILING, "") for t in (21, 110))])[-1]
    assert state.state.is_out and not is_rolled_out(state.state)
    assert state.state.rolling_since_ms is not None
    assert state.state.pod == ""


@pytest.mark.parametrize("told_s", [30, 110, None])
def test_the_next_desk_knows_of_the_outage(told_s: int | None) -> None:
    """By the verdict that it finds, or by when the pods lost their readiness."""
    seen = [*BEGUN, Seen(told_s, rolling(**OUT), (*LOST, CREATING), Level.FAILING, "")] if told_s else []
    before = follow(seen)[-1].state if seen else None
    facts = (rolling(**OUT), *LOST, CREATING)
    again = judge(*facts, before=before, after_s=111)
    assert (again.state.level, again.state.reason) == (Level.FAILING, "DegradedWhileRolling")
    then = judge(*facts, before=again.state, memory=again.memory, after_s=200)
    assert (then.state.level, then.state.is_out) == (Level.FAILING, True)


def test_an_outage_from_before_the_rollout_is_none_to_the_next_desk() -> None:
    lost = [old_pod(looping(), name=name, ready=False, ready_changed_ms=T0 - 60_000) for name in ("x", "y")]
    assert not judge(rolling(**OUT), *lost, CREATING, after_s=200).state.is_out


def test_a_job_has_no_old_pods() -> None:
    """Its pods are of no revision, or bear a label of their own."""
    bad = job_pod(waiting("ErrImagePull", "not found"), revision="0123")
    assert judge(job(), bad).state.message.endswith("not found, 0 of 1 completed")


def test_a_failing_old_pod_between_two_ends_is_told_by_what_is_left_now() -> None:
    short = {"ready": 1, "available": 1, "conditions": OUT["conditions"]}
    runs = old_pod(name="y", ready=False, ready_changed_ms=at(20))
    seen = [
        Seen(22, rolling(**OUT), (*DIED, CREATING), Level.WARNING, "OldPodsFail"),
        Seen(25, rolling(**OUT), (old_pod(name="x", ready=False), CRASHING, CREATING), Level.WARNING, "OldPodsFail"),
        Seen(28, rolling(**short), (old_pod(name="x", ready=False), runs, CREATING), Level.WARNING, "OldPodsFail"),
    ]
    first, _, last = (each.state for each in follow([*BEGUN, *seen])[2:])
    assert "the service is down until the new ones are ready" in first.message
    assert last.reason == "OldPodsFail"
    assert last.message == "pod y is of the old revision and has failed, 1 of 2 old pods fails, 1 of 2 available"
