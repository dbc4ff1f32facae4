"""The verdict of this moment: which of what is found at conditions, pods and counts decides a rollout."""

import re

import msgspec

from statusdesk.facts import Pod, Workload
from statusdesk.judge.pods import condition_of, is_live, is_observed
from statusdesk.judge.rollout_counts import (
    DEGRADED,
    NOT_OBSERVED,
    OBSERVING,
    REPLACING,
    SCALING,
    desired_of,
    is_complete,
    is_scaling,
    template_changed,
)
from statusdesk.judge.rollout_findings import Finding, Scene, of_pod, worst
from statusdesk.states import Level, RolloutState

OBSERVE_MS = 60_000  # a controller that has not looked at a new spec for this long is not working
NO_PODS_MS = 30_000
_REFUSED_POD = re.compile(r'pods "([^"]+)"')
_BAD = (Level.WARNING, Level.FAILING, Level.UNKNOWN)


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """A workload with its pods: ``pods`` the live ones of the new revision (hash ``revision``), ``all_pods`` all.

    ``completed``: this revision was complete once, so that what is bad now is the service, not the rollout.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    all_pods: tuple[Pod, ...]
    revision: str
    before: RolloutState | None
    completed: bool

    @property
    def counts(self) -> str:
        """How far it is, in words."""
        desired = desired_of(self.workload)
        if self.completed:
            return f"{self.workload.available or self.workload.ready} of {desired} available"
        return f"{sum(pod.ready for pod in self.pods)} of {desired} new pods ready"


def of_standing(rollout: Rollout, scene: Scene) -> Finding:
    """Return the finding of this moment, before the latch."""
    workload, desired = rollout.workload, desired_of(rollout.workload)
    if workload.deleting_ms is not None:
        return Finding(level=Level.PROGRESSING, reason="Deleting", message=f"{workload.kind} is being deleted")
    if desired == 0:
        if workload.replicas:
            message = f"scaling to 0, {workload.replicas} pods left"
            return Finding(level=Level.SCALING, reason=SCALING, message=message)
        nodes = "no node wants it" if workload.kind == "DaemonSet" else "scaled to 0"
        return Finding(level=Level.IDLE, reason="Idle", message=nodes)
    if not is_observed(workload) and not workload.paused:
        return _unobserved(rollout, scene)
    found = _what_is_wrong(rollout, scene)
    if found is not None:
        if rollout.completed and found.level is not Level.FAILING and not is_complete(workload):
            # nothing available for long is an outage, whatever small thing is found at a pod
            outage = _short(rollout, scene).level is Level.FAILING
            return msgspec.structs.replace(found, level=Level.FAILING) if outage else found
        return found
    if workload.paused:
        return Finding(level=Level.PAUSED, reason="Paused", message=f"rollout is paused, {rollout.counts}")
    if is_complete(workload):
        return Finding(level=Level.OK, reason="Complete", message=f"{workload.ready} of {desired} pods ready")
    return _short(rollout, scene) if rollout.completed else _rolling(rollout, scene)


def _unobserved(rollout: Rollout, scene: Scene) -> Finding:
    """The spec is newer than the status: nothing in the status is about it, so what was bad stays so."""
    workload, before = rollout.workload, rollout.before
    if before is not None and before.revision == workload.revision and not template_changed(workload, before):
        if is_scaling(workload, before) and before.level not in _BAD:
            return Finding(level=Level.SCALING, reason=SCALING, message=f"scaling to {desired_of(workload)}")
        if before.level in _BAD and before.reason != NOT_OBSERVED:
            return Finding(
                level=before.level,
                reason=before.reason,
                message=before.message,
                look=before.look,
                pod=before.pod,
                container=before.container,
                exit_code=before.exit_code,
            )
    waits = before is not None and before.reason in (OBSERVING, NOT_OBSERVED)
    since_ms = before.level_since_ms if before is not None and waits and before.level_since_ms else scene.now_ms
    late = before is not None and before.reason == NOT_OBSERVED
    if late or scene.reached(since_ms + OBSERVE_MS):
        return Finding(
            level=Level.WARNING,
            reason=NOT_OBSERVED,
            message=f"the controller has not looked at generation {workload.generation}",
            look="kube-controller-manager",
        )
    return Finding(level=Level.PROGRESSING, reason=OBSERVING, message="the new spec is not observed yet")


def _what_is_wrong(rollout: Rollout, scene: Scene) -> Finding | None:
    at_pods = worst(of_pod(pod, scene) for pod in rollout.pods)
    by_condition = _by_conditions(rollout)
    found = at_pods
    if by_condition is not None and (at_pods is None or at_pods.level is not Level.FAILING):
        found = by_condition
    if found is None:
        return None
    reason = found.reason
    if rollout.completed and not reason.startswith((DEGRADED, SCALING)):
        reason = DEGRADED + reason
    return msgspec.structs.replace(found, reason=reason, message=f"{found.message}, {rollout.counts}")


def _by_conditions(rollout: Rollout) -> Finding | None:
    workload = rollout.workload
    progressing = condition_of(workload, "Progressing")
    if progressing is not None and progressing.status == "False":
        timed_out = progressing.reason == "ProgressDeadlineExceeded"
        message = "no progress within the deadline" if timed_out else progressing.message
        return Finding(
            level=Level.FAILING,
            reason=progressing.reason or "NotProgressing",
            message=message,
            look="pods and events of the new revision",
        )
    refused = condition_of(workload, "ReplicaFailure")
    if refused is None or refused.status != "True" or is_complete(workload):
        return None
    named = _REFUSED_POD.search(refused.message)
    why = refused.message.partition("forbidden: ")[2] or refused.message
    level, reason = Level.FAILING, "ReplicaFailure"
    if rollout.completed and is_scaling(workload, rollout.before):
        level, reason = Level.WARNING, SCALING + "ReplicaFailure"
    elif rollout.revision and named is not None and f"{workload.name}-{rollout.revision}-" not in named[1]:
        level = Level.WARNING  # it is the old ReplicaSet that may not make pods
    return Finding(
        level=level,
        reason=reason,
        message=f"pods cannot be created: {why}",
        look="quota, limits and admission of the namespace; events of the ReplicaSet",
    )


def _short(rollout: Rollout, scene: Scene) -> Finding:
    """Complete once, and pods are missing or not ready though nothing is found at them."""
    workload, before, desired = rollout.workload, rollout.before, desired_of(rollout.workload)
    message = rollout.counts
    if is_scaling(workload, before):
        return Finding(level=Level.SCALING, reason=SCALING, message=f"scaling to {desired}, {message}")
    if workload.replicas > desired:
        return Finding(level=Level.SCALING, reason=SCALING, message=f"scaling to {desired}, {workload.replicas} left")
    level = Level.PROGRESSING
    if workload.available == 0 and workload.ready == 0:
        since_ms = _unavailable_since(rollout, scene)
        if scene.reached(since_ms + int(scene.thresholds.unavailable_warn_s * 1000)):
            failing = scene.reached(since_ms + int(scene.thresholds.unavailable_fail_s * 1000))
            level = Level.FAILING if failing else Level.WARNING
    elif not workload.replicas >= desired and _lasts(rollout, DEGRADED + "MissingPods", scene):
        return Finding(
            level=Level.WARNING,
            reason=DEGRADED + "MissingPods",
            message=f"{desired - workload.replicas} pods are missing, {message}",
            look=f"events of {workload.kind} {workload.name}",
        )
    if level is Level.PROGRESSING:
        return Finding(level=level, reason=REPLACING, message=f"pods are being replaced, {message}")
    look = f"pods and events of {workload.kind} {workload.name}"
    return Finding(level=level, reason=DEGRADED + "Unavailable", message=f"no pod is available, {message}", look=look)


def _unavailable_since(rollout: Rollout, scene: Scene) -> int:
    """Since when nothing is available: the condition says it, else the pods or the previous verdict."""
    available = condition_of(rollout.workload, "Available")
    if available is not None and available.status == "False" and available.changed_ms is not None:
        return available.changed_ms
    times = [pod.ready_changed_ms or pod.created_ms for pod in rollout.pods]
    known = [moment for moment in times if moment is not None]
    if known:
        return max(known)
    before = rollout.before
    if before is not None and before.level_since_ms and before.reason.startswith((REPLACING, DEGRADED)):
        return before.level_since_ms
    return scene.now_ms


def _lasts(rollout: Rollout, reason: str, scene: Scene) -> bool:
    """Whether pods have been missing for long enough to say so; there is no time for it but our own."""
    before = rollout.before
    if before is None:
        return False
    if before.reason == reason:
        return True
    since_ms = before.level_since_ms if before.reason == REPLACING and before.level_since_ms else scene.now_ms
    return scene.reached(since_ms + NO_PODS_MS)


def _rolling(rollout: Rollout, scene: Scene) -> Finding:
    workload = rollout.workload
    stuck = _blocked_by_old(rollout, scene)
    if stuck is not None:
        return stuck
    since_ms = max(scene.started_ms or 0, scene.progress_ms or 0) or scene.now_ms
    if not rollout.pods and workload.updated == 0 and scene.reached(since_ms + NO_PODS_MS):
        return Finding(
            level=Level.WARNING,
            reason="NoPods",
            message="no pod of the new revision has been created",
            look=f"events of {workload.kind} {workload.name}",
        )
    share_ms = int(scene.deadline_s * scene.thresholds.never_ready_deadline_share * 1000)
    if scene.progress_ms is not None and scene.reached(scene.progress_ms + share_ms):
        message = f"no progress for half of the deadline, {rollout.counts}"
        return Finding(level=Level.WARNING, reason="Stalled", message=message, look="pods of the new revision")
    return Finding(level=Level.PROGRESSING, reason="Rolling", message=rollout.counts)


def _blocked_by_old(rollout: Rollout, scene: Scene) -> Finding | None:
    """A StatefulSet replaces pods in order and waits for each: a broken old pod holds up its own mending."""
    if rollout.workload.kind != "StatefulSet":
        return None
    old = [pod for pod in rollout.all_pods if pod.revision != rollout.revision and is_live(pod)]
    broken = worst(of_pod(pod, scene) for pod in old)
    if broken is None or broken.level is not Level.FAILING:
        return None
    return Finding(
        level=Level.WARNING,
        reason="OldPodBlocks",
        message=f"{broken.message}; pod {broken.pod} is of the old revision and holds up the rollout",
        look=f"delete pod {broken.pod} by hand",
        pod=broken.pod,
        container=broken.container,
        exit_code=broken.exit_code,
    )
