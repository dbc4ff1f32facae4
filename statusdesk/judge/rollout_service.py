"""What is wrong beside the rollout: pods that do not end, flap, or are on a lost node."""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Pod
from statusdesk.judge.rollout_counts import DEGRADED
from statusdesk.judge.rollout_scene import LOST, Finding, Scene
from statusdesk.states import Level

STUCK = "StuckTerminating"


def of_leaving(pods: Sequence[Pod], scene: Scene) -> Finding | None:
    """Return pods that are still there long after their grace period; those of one node are told together.

    ``deletionTimestamp`` holds the grace period already.
    """
    wait_ms = int(scene.thresholds.terminating_s * 1000)
    stuck = [
        p
        for p in pods
        if p.deleting_ms is not None and scene.reached(p.deleting_ms + (0 if p.reason == LOST else wait_ms))
    ]
    if not stuck:
        return None
    pod = min(stuck, key=lambda p: p.name)
    same_node = [p for p in stuck if p.node == pod.node]
    lost = any(p.name in scene.lost or p.reason == LOST for p in same_node)
    where = f" on node {pod.node}" if pod.node else ""
    if lost:
        message = f"nothing is known of {_several(same_node)}: node {pod.node or '?'} has been lost"
    else:
        verb = "do not end" if len(same_node) > 1 else "does not end"
        message = f"{_several(same_node)}{where} {verb}" + (", is the node lost?" if len(same_node) > 1 else "")
    return Finding(
        level=Level.UNKNOWN if lost else Level.WARNING,
        reason=LOST if lost else STUCK,
        message=message,
        look=f"node {pod.node}, and finalizers of pod {pod.name}" if pod.node else f"finalizers of pod {pod.name}",
        pod=pod.name,
        role=8,
    )


def with_lost(standing: Finding, leaving: Finding, pods: Sequence[Pod]) -> Finding:
    """Return what is missing with the lost node that it is missing for."""
    node = next((pod.node for pod in pods if pod.name == leaving.pod), "")
    lost = [pod for pod in pods if pod.node == node and pod.deleting_ms is not None]
    return msgspec.structs.replace(
        standing,
        reason=f"{DEGRADED}{LOST}",
        message=f"node {node or '?'} has been lost with {_several(lost)}; {standing.message}",
        look=leaving.look,
        pod=leaving.pod,
    )


def _several(pods: Sequence[Pod]) -> str:
    return f"pod {pods[0].name}" if len(pods) == 1 else f"{len(pods)} pods"


def of_flapping(pods: Sequence[Pod], scene: Scene) -> Finding | None:
    """Return a pod that has changed between ready and not ready too often within the window."""
    flapping = [
        (len(past.flips_ms), pod.name, past.flips_ms)
        for pod in pods
        if (past := scene.pasts.get(pod.name)) is not None and len(past.flips_ms) >= scene.thresholds.flaps
    ]
    if not flapping:
        return None
    times, name, flips_ms = max(flapping)
    window_s = scene.thresholds.flap_window_s
    scene.reached(flips_ms[-scene.thresholds.flaps] + int(window_s * 1000))  # it is over when this one is too old
    return Finding(
        level=Level.WARNING,
        reason="Flapping",
        message=f"pod {name} changed between ready and not ready {times} times in {window_s / 60:g} min",
        look=f"readiness probe and log of {name}",
        pod=name,
        role=7,
    )
