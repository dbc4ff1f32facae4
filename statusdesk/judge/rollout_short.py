"""A service that has come through, of which pods are missing or not ready though nothing is found at them."""

from statusdesk.judge.pods import condition_of
from statusdesk.judge.rollout_counts import DEGRADED, NO_PODS_MS, REPLACING, SCALING, STARTING, desired_of
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_pending import of_unready
from statusdesk.judge.rollout_scaling import EARLY_MS, SCALED, scaling_to
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import TROUBLED, Level
from statusdesk.text import counted

UNAVAILABLE = DEGRADED + "Unavailable"
_MISSING_PODS = DEGRADED + "MissingPods"
_UNAVAILABLE = Lasts("unavailable", only_seen=True)
_MISSING = Lasts("missing", only_seen=True)


def of_short(rollout: Rollout, scene: Scene) -> Finding:
    """Return why not all pods are there; a change of their number excuses only those that are new because of it."""
    workload, desired = rollout.workload, desired_of(rollout.workload)
    if not rollout.scaling and workload.replicas <= desired:
        return _of_lost(rollout, scene)
    lost = _of_lost(rollout, scene) if rollout.is_less else None
    if lost is not None and lost.level in TROUBLED:
        return lost
    if rollout.scaling:
        added = [pod for pod in rollout.pods if pod.name in rollout.added]
        return scaling_to(workload, rollout.served, added, scene)
    return Finding(level=Level.SCALING, reason=SCALING, message=f"scaling to {desired}, {workload.replicas} left")


def of_outage(rollout: Rollout, level: Level = Level.FAILING, fails_ms: int | None = None) -> Finding:
    """Return that nothing of a service is available."""
    return Finding(
        level=level,
        reason=UNAVAILABLE,
        message=f"no pod is available, {rollout.served}",
        look=f"pods and events of {rollout.workload.kind} {rollout.workload.name}",
        fails_ms=fails_ms,
    )


def held_outage(finding: Finding, rollout: Rollout) -> Finding:
    """Return the finding, or that nothing is available still: an outage ends with the first pod that is ready again."""
    workload, before = rollout.workload, rollout.before
    if before is None or before.level is not Level.FAILING or not before.reason.startswith(DEGRADED):
        return finding
    was_out = before.desired and not before.available and not before.ready
    is_out = desired_of(workload) and not workload.available and not workload.ready
    if not (was_out and is_out and rollout.completed) or workload.deleting_ms is not None:
        return finding
    return finding if finding.level in (Level.FAILING, Level.UNKNOWN) else of_outage(rollout)


def _of_lost(rollout: Rollout, scene: Scene) -> Finding:
    workload = rollout.workload
    if workload.available == 0 and workload.ready == 0:
        since_ms = _unavailable_since(rollout, scene)
        if scene.reached(since_ms + int(scene.thresholds.unavailable_warn_s * 1000)):
            return of_outage(rollout, *scene.fails_at(since_ms + int(scene.thresholds.unavailable_fail_s * 1000)))
    elif (missing := rollout.owed - workload.replicas) > 0 and _lasts(rollout, scene):
        return Finding(
            level=Level.WARNING,
            reason=_MISSING_PODS,
            message=f"{counted(missing, 'pod')} {'is' if missing == 1 else 'are'} missing, {rollout.served}",
            look=f"events of {workload.kind} {workload.name}",
        )
    pods = rollout.had
    return of_unready(workload, pods, rollout.all_pods, rollout.owed, rollout.served, scene)


def _unavailable_since(rollout: Rollout, scene: Scene) -> int:
    """Since when nothing is available: the condition says it, else the pods or the previous verdict.

    A condition that came with a higher number says only that this is not reached.
    """
    available = condition_of(rollout.workload, "Available")
    if available is not None and available.status == "False" and available.changed_ms is not None:
        scaled_ms = scene.since.get(SCALED)
        if scaled_ms is None or available.changed_ms < scaled_ms - EARLY_MS:
            return available.changed_ms
    had = rollout.had
    known = [moment for pod in had if (moment := pod.ready_changed_ms or pod.created_ms) is not None]
    if known and not any(pod.ready for pod in had):  # one that is ready was seen earlier than the counts
        lost_ms = max(known)  # what is made in place of it begins nothing anew
        since_ms = scene.since[_UNAVAILABLE] = min(scene.known_since.get(_UNAVAILABLE, lost_ms), lost_ms)
        return since_ms
    before, first_ms = rollout.before, scene.now_ms
    was_short = before is not None and before.reason.startswith((REPLACING, STARTING, DEGRADED))
    if before is not None and was_short and before.level_since_ms and not had:
        first_ms = before.level_since_ms
    return scene.lasts_since(_UNAVAILABLE, first_ms)


def _lasts(rollout: Rollout, scene: Scene) -> bool:
    """Whether pods have been missing for long enough to say so; there is no time for it but our own."""
    before = rollout.before
    since_ms = scene.lasts_since(_MISSING, scene.now_ms)
    return (before is not None and before.reason == _MISSING_PODS) or scene.reached(since_ms + NO_PODS_MS)
