"""The nodes that a verdict names: those with which pods went, and those that have put pods out."""

from statusdesk.states import Level, LostNode
from tests.judge.corpus.nodes import SERVED, left
from tests.judge.corpus.words import NONE, VETERANS
from tests.judge.make import T0, available, deployment, judge, progressing, unready


def test_the_nodes_with_which_pods_went_are_named_with_how_many_and_since_when() -> None:
    gone = (left("a"), left("e", ready_changed_ms=T0 - 9000), left("c", node="n-4"), left("d", node=""))
    state = judge(deployment(desired=5, replicas=5, updated=5, ready=1, available=1), *gone, VETERANS[1]).state
    assert state.lost == (LostNode("n-3", 2, T0 - 9000), LostNode("n-4", 1, T0))
    assert state.level is Level.UNKNOWN and state.is_only_lost


def test_a_node_that_is_back_is_not_named_any_more() -> None:
    first = judge(SERVED, left(), VETERANS[1]).state
    assert first.lost == (LostNode("n-3", 1, T0),)
    again = judge(deployment(), *VETERANS, before=first, after_s=60).state
    assert (again.level, again.lost, again.is_only_lost) == (Level.OK, (), False)


def test_an_outage_is_more_than_a_lost_node() -> None:
    ending = left(reason="NodeLost", deleting_ms=T0 + 5000)
    conditions = (available(False), progressing("NewReplicaSetAvailable"))
    state = judge(deployment(desired=1, **NONE, conditions=conditions), ending, after_s=200).state
    assert state.lost == (LostNode("n-3", 1, T0),)
    assert state.level is not Level.UNKNOWN and not state.is_only_lost


def test_evicted_pods_are_counted_by_node() -> None:
    nodes = ("n-2", "n-1", "n-2")
    out = [unready(name=f"e{i}", phase="Failed", reason="Evicted", node=node) for i, node in enumerate(nodes)]
    state = judge(deployment(), *VETERANS, *out, after_s=60).state
    assert (state.level, state.evicted, state.evicted_from) == (Level.OK, 3, (("n-1", 1), ("n-2", 2)))
