"""What changed while no collector ran is dated by what came of it since the store was known to be current."""

from collections.abc import Sequence

import msgspec
import pytest

from statusdesk.facts import Condition, Pod, Visited, Workload
from statusdesk.pipeline.last_known import LastKnown
from statusdesk.states import Level, RolloutState, SourceState
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    SOURCE,
    T0,
    Bench,
    deployments,
    plain_bench,
    pod,
    swept,
    workload,
)

HOUR_MS = 3_600_000
WENT_MS, AGO_MS, BACK_MS = T0 + 30_000, T0 + HOUR_MS, T0 + 2 * HOUR_MS  # the collector; the rollout; the collector


def done(at_ms: int, name: str = "abd") -> tuple[Condition, ...]:
    message = f'ReplicaSet "orders-{name}" has successfully progressed.'
    reason = "NewReplicaSetAvailable"
    return (Condition(type="Progressing", status="True", reason=reason, message=message, updated_ms=at_ms),)


def newer(at_ms: int, version: str = "1.6.0", **changes) -> Workload:
    fields = {"version": version, "revision": "3", "generation": 3, "observed_generation": 3}
    return workload(**(fields | {"conditions": done(at_ms + 8000)} | changes))


def made(at_ms: int, version: str = "1.6.0", revision: str = "abd") -> Pod:
    plain = pod(suffix=revision)
    container = msgspec.structs.replace(
        plain.containers[0], image=f"registry.local/orders:{version}", since_ms=at_ms + 1000
    )
    return msgspec.structs.replace(
        plain,
        name=f"orders-{revision}-x1",
        revision=revision,
        created_ms=at_ms,
        ready_changed_ms=at_ms + 8000,
        containers=(container,),
    )


def lists(bench: Bench, at_ms: int, found: Workload, pods: Sequence[Pod], *, ok: bool = True) -> RolloutState:
    bench.now_ms = at_ms
    visited = Visited(source=SOURCE, ok=ok, at_ms=at_ms)
    bench.see(deployments(found, started_ms=at_ms - 1), swept(Pod, *pods, started_ms=at_ms - 1), visited)
    row = bench.rollout()
    assert row is not None
    return row


def visits(bench: Bench, at_ms: int, **fields) -> None:
    bench.now_ms = at_ms
    bench.see(Visited(source=SOURCE, at_ms=at_ms, **fields))


@pytest.fixture(name="left")
def left_behind(bench: Bench) -> Bench:
    """A collector that has stopped, of which the new one has read nothing yet."""
    lists(bench, T0, workload(), [pod()])
    visits(bench, WENT_MS, ok=True)
    bench.restart()
    return bench


def test_a_rollout_that_came_through_meanwhile_began_when_its_pods_were_made(left: Bench) -> None:
    row = lists(left, BACK_MS, newer(AGO_MS), [made(AGO_MS)])
    assert (row.level, row.previous_version) == (Level.OK, "1.5.0")
    assert (row.started_ms, row.version_since_ms) == (AGO_MS, AGO_MS)


def test_collectors_that_could_not_read_the_cluster_in_between_change_nothing(left: Bench) -> None:
    for minutes in (70, 80, 90):
        visits(left, T0 + minutes * 60_000, ok=False, problem="Unreachable")
        left.restart()
    assert lists(left, BACK_MS, newer(AGO_MS), [made(AGO_MS)]).started_ms == AGO_MS


def test_each_of_several_collectors_dates_what_came_before_it(left: Bench) -> None:
    lists(left, BACK_MS, newer(AGO_MS), [made(AGO_MS)])
    left.restart()
    again = lists(left, BACK_MS + 60_000, newer(AGO_MS), [made(AGO_MS)])
    assert again.started_ms == AGO_MS
    left.restart()
    at_ms = BACK_MS + 90_000
    third = newer(at_ms, "1.7.0", revision="4", conditions=done(at_ms + 8000, "abe"))
    row = lists(left, BACK_MS + HOUR_MS, third, [made(at_ms, "1.7.0", "abe")])
    assert (row.started_ms, row.previous_version) == (at_ms, "1.6.0")


@pytest.mark.parametrize("stamped_ms", [WENT_MS - 300_000, BACK_MS + 300_000])
def test_what_is_stamped_by_a_clock_that_is_off_began_when_it_was_seen(left: Bench, stamped_ms: int) -> None:
    assert lists(left, BACK_MS, newer(stamped_ms), [made(stamped_ms)]).started_ms == BACK_MS


def test_a_spec_that_is_not_observed_has_nothing_of_its_own_yet(left: Bench) -> None:
    fresh = newer(AGO_MS, observed_generation=2, revision="2")
    assert lists(left, BACK_MS, fresh, [made(AGO_MS, "1.5.0", "abc")]).started_ms == BACK_MS


def test_a_namespace_that_was_refused_was_known_only_until_then(bench: Bench) -> None:
    lists(bench, T0, workload(), [pod()])
    visits(bench, T0 + 1000, ok=False, scope="staging", problem="NoAccess")
    visits(bench, BACK_MS, ok=True)
    bench.restart()
    row = lists(bench, T0 + 3 * HOUR_MS, newer(AGO_MS), [made(AGO_MS)])
    assert row.started_ms == AGO_MS


def test_a_version_that_came_and_went_meanwhile_is_the_one_before_this(left: Bench) -> None:
    rolling = newer(
        BACK_MS - 9000,
        "1.7.0",
        revision="4",
        replicas=2,
        conditions=(
            Condition(type="Progressing", status="True", reason="ReplicaSetUpdated", updated_ms=BACK_MS - 9000),
        ),
    )
    unready = msgspec.structs.replace(made(BACK_MS - 9000, "1.7.0", "abe"), ready=False)
    row = lists(left, BACK_MS, rolling, [made(AGO_MS), unready])
    assert (row.previous_version, row.version) == ("1.6.0", "1.7.0")


def test_what_was_known_moves_with_the_clock() -> None:
    known = LastKnown([SourceState(key=SOURCE, source=SOURCE, scope="", level=Level.OK, last_ok_ms=T0)])
    known.restamp(-5000)
    assert known.until_ms(SOURCE, "staging", T0) == T0 - 5000
    assert known.until_ms(SOURCE, "staging", T0 - 6000) is None
    assert known.until_ms("kubernetes/us", "staging", T0) is None
