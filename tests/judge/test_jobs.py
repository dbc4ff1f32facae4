"""Whether a list of jobs is believed, and what is said of one that is not."""

import pytest

from statusdesk.facts import Visited
from statusdesk.judge.jobs import Doubt, doubt_of, sentence
from statusdesk.judge.sources import judge_source
from statusdesk.states import Level
from tests.judge.make import T0


@pytest.mark.parametrize(
    ("shown", "expected", "before", "believed"),
    [
        (10, 0, None, True),
        (5, 10, None, True),
        (4, 10, None, False),
        (4, 10, Doubt(4, 10), True),
        (4, 10, Doubt(0, 10), False),
        (0, 10, None, False),
        (0, 10, Doubt(0, 10), False),
        (0, 0, None, False),
    ],
)
def test_a_fall_is_believed_when_it_was_seen_twice_and_nothing_at_all_never(shown, expected, before, believed) -> None:
    assert (doubt_of(shown, expected, before) is None) is believed


def test_a_good_visit_that_shows_nothing_is_failing_and_says_what_to_grant() -> None:
    visited = Visited(source="jenkins", ok=True, at_ms=T0, shown=0, who="monitor")
    state = judge_source(visited, None, Doubt(0, 10))
    assert (state.level, state.reason, state.last_ok_ms) == (Level.FAILING, "Empty", None)
    assert "grant Job/Read and View/Read to monitor" in state.message
    assert "only 2 of 10 jobs" in sentence(Doubt(2, 10), "monitor")
    assert "set [jenkins] user" in sentence(Doubt(0, 0), "anonymous")
