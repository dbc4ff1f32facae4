"""Workloads of which nothing is expected for now: scaled to nothing, paused, or changed and not looked at yet."""

from statusdesk.judge.rollout_counts import (
    NOT_OBSERVED,
    OBSERVING,
    PAUSED_LONG,
    ROLLING,
    SCALING,
    desired_of,
    paused_ms,
    template_changed,
)
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_old import still_blocked
from statusdesk.judge.rollout_scene import Finding, Scene, as_before
from statusdesk.judge.rollout_short import of_short
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level
from statusdesk.text import counted

OBSERVE_MS = 60_000  # a controller that has not looked at a new spec for this long is not working
SCALED_TO_ZERO = "ScaledToZero"
_IDLE, _PAUSED, _UNOBSERVED = Lasts("idle"), Lasts("paused"), Lasts("unobserved", only_seen=True)
_BAD = (Level.WARNING, Level.FAILING, Level.UNKNOWN)


def of_nothing_wanted(rollout: Rollout, scene: Scene) -> Finding:
    """Scaled to 0, or on its way there; for a while a warning where the stage asks for that."""
    workload, before = rollout.workload, rollout.before
    was_wanted = before is not None and (before.desired > 0 or before.reason in (SCALING, SCALED_TO_ZERO))
    idle_ms = int(scene.thresholds.idle_warn_s * 1000)
    if idle_ms and before is not None and (was_wanted or _IDLE in scene.known_since):
        known_ms = before.level_since_ms if before.reason == SCALED_TO_ZERO and before.level_since_ms else scene.now_ms
        since_ms = scene.lasts_since(_IDLE, known_ms)
        if not workload.replicas and not scene.reached(since_ms + idle_ms):
            message = "scaled to 0, and was not for long"
            return Finding(level=Level.WARNING, reason=SCALED_TO_ZERO, message=message, look="who scaled it")
    if workload.replicas:
        message = f"scaling to 0, {counted(workload.replicas, 'pod')} left"
        return Finding(level=Level.SCALING, reason=SCALING, message=message)
    nodes = "no node wants it" if workload.kind == "DaemonSet" else "scaled to 0"
    return Finding(level=Level.IDLE, reason="Idle", message=nodes)


def of_paused(rollout: Rollout, scene: Scene) -> Finding:
    """Paused, and a warning once that lasts for long."""
    before, since_ms = rollout.before, paused_ms(rollout.workload)
    if since_ms is None:
        paused = before is not None and before.reason == "Paused" and before.level_since_ms > 0
        since_ms = scene.lasts_since(_PAUSED, before.level_since_ms if before is not None and paused else scene.now_ms)
    message = f"rollout is paused, {rollout.counts}"
    if scene.reached(since_ms + int(scene.thresholds.paused_warn_s * 1000)):
        look = f"kubectl rollout resume {rollout.workload.kind.lower()}/{rollout.workload.name}"
        message = f"rollout has been paused for long, {rollout.counts}"
        return Finding(level=Level.WARNING, reason=PAUSED_LONG, message=message, look=look)
    return Finding(level=Level.PAUSED, reason="Paused", message=message)


def of_unobserved(rollout: Rollout, scene: Scene) -> Finding:
    """The spec is newer than the status: nothing in the status is about it, so what was bad stays so.

    A service of which nothing has been available for long is down all the same.
    """
    workload, before = rollout.workload, rollout.before
    same = before is not None and before.revision == workload.revision and not template_changed(workload, before)
    if rollout.completed and (before is None or before.level is not Level.FAILING):
        outage = of_short(rollout, scene)
        if outage.level is Level.FAILING:
            return outage
    if before is not None and same and before.level in _BAD and before.reason != NOT_OBSERVED:
        return as_before(before)
    blocked = still_blocked(rollout, scene) if before is not None and not same else None
    if blocked is not None:
        return blocked
    waits = before is not None and before.reason in (OBSERVING, NOT_OBSERVED)
    first_ms = before.since_ms if before is not None and waits and before.since_ms else scene.now_ms
    since_ms = scene.lasts_since(_UNOBSERVED, first_ms)
    late = before is not None and before.reason == NOT_OBSERVED
    if late or scene.reached(since_ms + OBSERVE_MS):
        return Finding(
            level=Level.WARNING,
            reason=NOT_OBSERVED,
            message=f"the controller has not looked at generation {workload.generation}",
            look="kube-controller-manager",
        )
    if same and rollout.scaling:
        return Finding(level=Level.SCALING, reason=SCALING, message=f"scaling to {desired_of(workload)}")
    if before is not None and same and before.reason == ROLLING:
        return as_before(before)  # its number alone was changed
    return Finding(level=Level.PROGRESSING, reason=OBSERVING, message="the new spec is not observed yet")
