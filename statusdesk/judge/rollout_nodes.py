"""Pods of nodes that are not heard of any more: by the mark that is left on them, by events, by what was known."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from statusdesk.facts import ContainerRole, Event, Pod
from statusdesk.judge.pods import is_evicted
from statusdesk.judge.rollout_findings import of_lost_node
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_scene import LOST, Finding
from statusdesk.states import LostNode

_LOST_WITH_NODE = Lasts("node")
_EARLY_MS = 10_000  # clocks differ, and event times are whole seconds


def lost_pods(
    pods: Sequence[Pod], events: Sequence[Event], known_since: Mapping[Lasts, int], since: dict[Lasts, int], now_ms: int
) -> frozenset[str]:
    """Return the names of the pods of which nothing is known since their node went; notes in ``since`` those told of.

    The node controller takes Ready from them and gives no reason for it, while their containers stay as the node last
    told of them; a node that lives gives a reason always. Its event is gone after an hour, and what it told is not.
    Source: Kubernetes' ``MarkPodsNotReady`` and ``GeneratePodReadyCondition``.
    """
    lost: set[str] = set()
    for pod in pods:
        if pod.ready:
            continue
        if pod.phase == "Unknown" or pod.reason == LOST:
            lost.add(pod.name)
        elif _is_left_as_it_was(pod):
            noted = _LOST_WITH_NODE.of(f"{pod.uid}/{pod.ready_changed_ms}")
            told = noted in known_since or _is_told(pod, events)
            if told:
                since[noted] = known_since.get(noted, now_ms)
            if told or (not pod.ready_reason and _was_ready(pod)):
                lost.add(pod.name)
    return frozenset(lost)


def _is_left_as_it_was(pod: Pod) -> bool:
    """Return whether all containers of a pod are ready though the pod is not."""
    if not pod.node or pod.ready_changed_ms is None or pod.phase != "Running":
        return False
    apps = [container for container in pod.containers if container.role is ContainerRole.APP]
    return bool(apps) and all(container.ready for container in apps)


def _was_ready(pod: Pod) -> bool:
    """Return whether a pod became unready while its containers ran: from one that was not, nothing is taken."""
    since_ms = [container.since_ms for container in pod.containers if container.role is ContainerRole.APP]
    return all(moment is not None and moment <= (pod.ready_changed_ms or 0) for moment in since_ms)


def _is_told(pod: Pod, events: Iterable[Event]) -> bool:
    since_ms = (pod.ready_changed_ms or 0) - _EARLY_MS
    return any(
        event.reason == "NodeNotReady"
        and event.object_kind == "Pod"
        and event.object_name == pod.name
        and event.object_uid in ("", pod.uid)
        and (event.last_ms or 0) >= since_ms
        for event in events
    )


def of_lost(pods: Iterable[Pod], lost: frozenset[str]) -> Finding | None:
    """Return what is said of the pods among these that went with their node, those of one node told as one."""
    gone = sorted((pod for pod in pods if pod.name in lost), key=lambda pod: pod.name)
    return grouped(of_lost_node(gone[0]), gone) if gone else None


def lost_nodes(pods: Iterable[Pod], lost: frozenset[str]) -> tuple[LostNode, ...]:
    """Return the nodes with which these pods went, in order of name; of a pod without a node there is none to tell."""
    by_node: dict[str, list[int]] = {}
    for pod in pods:
        if pod.name in lost and pod.node:
            moments = (pod.ready_changed_ms, pod.deleting_ms, pod.created_ms)
            by_node.setdefault(pod.node, []).append(next((ms for ms in moments if ms is not None), 0))
    return tuple(LostNode(node, len(since_ms), min(since_ms)) for node, since_ms in sorted(by_node.items()))


def evicted_from(pods: Iterable[Pod]) -> tuple[tuple[str, int], ...]:
    """Return how many pods each node has put out that were left lying about, in order of name."""
    nodes = Counter(pod.node for pod in pods if is_evicted(pod))
    return tuple(sorted(nodes.items()))


def grouped(finding: Finding, pods: Sequence[Pod]) -> Finding:
    """Tell the pods of a lost node as one."""
    if finding.reason != LOST:
        return finding
    node = next((pod.node for pod in pods if pod.name == finding.pod), "")
    lost = [pod for pod in pods if pod.node == node and not pod.ready]
    if not node or len(lost) < 2:
        return finding
    return msgspec.structs.replace(finding, message=f"nothing is known of {len(lost)} pods: node {node} has been lost")
