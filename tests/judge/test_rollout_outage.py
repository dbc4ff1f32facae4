"""An outage that was told goes on, whatever is done to the spec, until a pod is ready again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.facts import Workload
from statusdesk.states import Level
from tests.judge.corpus.owed import DOWN, NONE, OUT, OUTAGE, REFUSED, UP, made, said
from tests.judge.make import deployment
from tests.judge.sequence import Seen, follow


@st.composite
def changes(draw: st.DrawFn) -> list[Workload]:
    """Up to six new specs of a Deployment of which nothing is available."""
    found = []
    for number in range(3, 3 + draw(st.integers(1, 6))):
        there = draw(st.integers(0, 6))
        refused = (REFUSED,) if draw(st.booleans()) else ()
        found.append(
            deployment(
                generation=number,
                observed_generation=number - draw(st.integers(0, 1)),
                desired=draw(st.integers(1, 6)),
                replicas=there,
                updated=there,
                paused=draw(st.booleans()),
                **NONE,
                **said(*refused),
            )
        )
    return found


@given(changes(), st.integers(1, 100))
@settings(max_examples=100, deadline=None)
def test_an_outage_goes_on(specs: list[Workload], step_s: int) -> None:
    steps = [*OUTAGE]
    for index, workload in enumerate(specs, 1):
        pods = [*DOWN, *[made(f"n{number}", 90 + index * step_s) for number in range(workload.replicas - 2)]]
        steps.append(Seen(90 + index * step_s, workload, pods[: workload.replicas], Level.FAILING, "Degraded"))
    assert [verdict.state.level for verdict in follow(steps)[2:]] == [Level.FAILING] * (len(steps) - 2)


@given(changes(), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_an_outage_is_told_in_its_time(specs: list[Workload], step_s: int) -> None:
    """However often the spec is changed before; without a pod that tells, it began when it was seen, at 1 s."""
    steps = [UP, Seen(1, OUT, DOWN, Level.WARNING, "")]
    for index, workload in enumerate(specs, 1):
        steps.append(Seen(1 + index * step_s, workload, DOWN, Level.WARNING, ""))
    last = steps[-1]
    steps.append(Seen(max(91, last.at_s), last.workload, DOWN, Level.FAILING, ""))
    assert follow(steps)[-1].state.level is Level.FAILING
