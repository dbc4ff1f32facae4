"""The nodes of which nothing is heard, gathered from the workloads that have pods there."""

from collections.abc import Iterable

from statusdesk.board import Cell, LostNodeSum, Row
from statusdesk.rollout_view import silence_of
from statusdesk.states import RolloutState


def lost_nodes_of_rows(rows: Iterable[Row]) -> tuple[LostNodeSum, ...]:
    """Return the nodes that are lost, as the workloads of these rows tell."""
    return lost_nodes((cell, one) for row in rows for cell in row.cells if cell is not None for one in cell.rollouts)


def lost_nodes(workloads: Iterable[tuple[Cell, RolloutState]]) -> tuple[LostNodeSum, ...]:
    """Return the nodes that are lost, by cluster and name; a workload whose cluster is silent tells nothing of them."""
    found: dict[tuple[str, str], LostNodeSum] = {}
    for cell, rollout in workloads:
        if not rollout.lost or silence_of(cell, rollout) is not None:
            continue
        for lost in rollout.lost:
            key = (rollout.cluster, lost.node)
            known = found.get(key)
            found[key] = LostNodeSum(
                cluster=rollout.cluster,
                node=lost.node,
                since_ms=min(lost.since_ms, known.since_ms) if known is not None else lost.since_ms,
                workloads=1 + (known.workloads if known is not None else 0),
                pods=lost.pods + (known.pods if known is not None else 0),
            )
    return tuple(found[key] for key in sorted(found))
