"""What a probe said is told of an end that it can have brought about."""

import pytest

from statusdesk.facts import Event
from tests.judge.make import looping, old_pod, rolling, unready
from tests.judge.sequence import Seen, at, event, follow
from tests.judge.test_rollout_latch import FAILING

SAID = "Liveness probe failed: connection refused"
NOW_S = 20  # the run of ``looping()`` ended at 5


def probe(last_s: float) -> Event:
    return event("Unhealthy", SAID, first_ms=at(-9000), last_ms=at(last_s))


def killing(last_s: float, container: str = "app", which: str = "liveness") -> Event:
    words = f"Container {container} failed {which} probe, will be restarted"
    return event("Killing", words, type="Normal", last_ms=at(last_s))


@pytest.mark.parametrize(
    ("exit_code", "events", "told"),
    [
        (137, (probe(5),), True),
        (143, (probe(-25),), True),
        (137, (probe(-2400),), False),  # long before that run
        (137, (probe(18),), False),  # of the run after it
        (2, (probe(4),), False),  # it ended by itself
        (1, (probe(4), killing(4)), True),  # its own reaction to the signal
        (0, (probe(4), killing(4, which="startup")), True),
        (1, (probe(4), killing(-2400)), False),
        (1, (probe(4), killing(4, container="agent")), False),
    ],
)
def test_a_probe_is_told_where_it_can_have_ended_the_run(exit_code: int, events: tuple[Event, ...], told: bool) -> None:
    pods = [unready(looping(exit_code=exit_code)), old_pod()]
    state = follow([Seen(NOW_S, rolling(), pods, FAILING, "CrashLoopBackOff", events)])[-1].state
    assert state.level is FAILING and f"exits {exit_code}" in state.message
    assert (SAID in state.message) is told
