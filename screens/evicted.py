"""Pods that nodes have put out and that were left lying about: how many, and where. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from statusdesk.states import RolloutState
from statusdesk.text import counted

MOST_NODES = 4


def evicted_words(rollouts: Iterable[RolloutState]) -> str:
    """Return ``3 evicted pods left lying about: 2 by n-1, 1 by n-2``, the node with most first; empty for none."""
    number, nodes = 0, Counter[str]()
    for rollout in rollouts:
        number += rollout.evicted
        nodes.update(dict(rollout.evicted_from))
    if not number:
        return ""
    named = sorted(((-count, node) for node, count in nodes.items() if node))
    said = [f"{-count} by {node}" for count, node in named[:MOST_NODES]]
    if len(named) > MOST_NODES:
        said.append(f"{-sum(count for count, _ in named[MOST_NODES:])} by {len(named) - MOST_NODES} more nodes")
    words = f"{counted(number, 'evicted pod')} left lying about"
    return f"{words}: {', '.join(said)}" if said else words


def evicted_by_namespace(rollouts: Sequence[RolloutState]) -> tuple[str, ...]:
    """Return a line for each namespace with evicted pods, which it names where the rollouts are of several."""
    places = sorted({(rollout.cluster, rollout.namespace) for rollout in rollouts})
    lines = []
    for place in places:
        words = evicted_words(rollout for rollout in rollouts if (rollout.cluster, rollout.namespace) == place)
        if words:
            lines.append(words if len(places) == 1 else f"{'/'.join(place)}: {words}")
    return tuple(lines)
