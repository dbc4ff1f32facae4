"""A node that is lost is told once, whatever number of workloads has pods there; their rows say no more than that."""

from typing import Any

from statusdesk.board import Board, Mark
from statusdesk.states import Changes, Level, LostNode, RolloutState
from tests.pictures import MINUTE, NOW, SOURCES, picture, rollout, rows, source

LOST_MS = NOW - 4 * MINUTE


def losing(app: str, *lost: LostNode, stage: str = "staging", **changes: Any) -> RolloutState:
    fields = {"level": Level.UNKNOWN, "reason": "DegradedNodeLost", "message": f"nothing is known of pod {app}-1"}
    return rollout(app, stage, lost=lost, **(fields | changes))


def told(board: Board) -> list[tuple[str, str, int, str]]:
    return [(each.cluster, each.node, each.since_ms, each.words) for each in board.lost_nodes]


def test_forty_workloads_of_a_lost_node_are_one_line_and_forty_rows_without_a_second() -> None:
    node = [losing(f"app{n:02}", LostNode("n-3", 1 + (n == 0), LOST_MS + n)) for n in range(40)]
    board = picture(*node).board(NOW)
    assert told(board) == [("eu", "n-3", LOST_MS, "nothing is known of 41 pods of 40 workloads")]
    assert {(row.mark, row.message) for row in board.rows} == {(Mark.UNKNOWN, "")}
    assert board.counts.unknown == 40 and not board.all_well
    cell = rows(board)["app07"].cells[1]
    assert cell is not None and cell.message == "nothing is known of pod app07-1", "whoever asks is told"


def test_two_nodes_are_two_lines() -> None:
    both = losing("b", LostNode("n-3", 1, LOST_MS), LostNode("n-4", 2, LOST_MS + 5))
    board = picture(losing("a", LostNode("n-3", 1, LOST_MS - 5)), both).board(NOW)
    assert told(board) == [
        ("eu", "n-3", LOST_MS - 5, "nothing is known of 2 pods of 2 workloads"),
        ("eu", "n-4", LOST_MS + 5, "nothing is known of 2 pods of 1 workload"),
    ]


def test_a_row_that_has_more_to_tell_tells_it() -> None:
    """An outage is no less one because its node is lost; and another stage may be unknown for another reason."""
    down = losing("a", LostNode("n-3", 1, LOST_MS), level=Level.FAILING, message="no pod is available")
    silent = rollout("b", "production", cluster="us")
    sources = (*SOURCES, source("kubernetes/us", NOW - 10 * MINUTE))
    board = picture(down, losing("b", LostNode("n-3", 1, LOST_MS)), silent, sources=sources).board(NOW)
    assert rows(board)["a"].message.startswith("staging: no pod is available")
    assert rows(board)["b"].message == "production: kubernetes/us gives no news, last known: ok"
    assert told(board) == [("eu", "n-3", LOST_MS, "nothing is known of 2 pods of 2 workloads")]


def test_a_pod_whose_node_has_no_name_is_told_in_its_row() -> None:
    board = picture(losing("a")).board(NOW)
    assert not board.lost_nodes and rows(board)["a"].message == "staging: nothing is known of pod a-1"


def test_of_a_cluster_that_is_silent_no_node_is_told() -> None:
    late = source("kubernetes/eu", NOW - 10 * MINUTE)
    board = picture(losing("a", LostNode("n-3", 1, LOST_MS)), sources=(late,)).board(NOW)
    assert not board.lost_nodes and "kubernetes/eu gives no news" in rows(board)["a"].message


def test_the_line_goes_with_the_node_that_is_back() -> None:
    made = picture(losing("a", LostNode("n-3", 1, LOST_MS)))
    assert made.board(NOW).lost_nodes
    made.apply(Changes(change=2, rollouts=(rollout("a", "staging"),)))
    assert not made.board(NOW + 1).lost_nodes
