"""The verdict of this moment: which of what is found at conditions, pods and counts decides a rollout."""

import re

import msgspec

from statusdesk.facts import Workload
from statusdesk.judge.pods import condition_of, is_observed
from statusdesk.judge.rollout_counts import (
    DEGRADED,
    JOB_KINDS,
    NO_PODS_MS,
    NOT_OBSERVED,
    ROLLING,
    SCALING,
    desired_of,
)
from statusdesk.judge.rollout_events import REFUSED_LOOK, explained, of_pod_events, of_refusals, reason_of
from statusdesk.judge.rollout_findings import of_pod, pulled_long
from statusdesk.judge.rollout_jobs import of_job, of_last_job
from statusdesk.judge.rollout_latch import is_past
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_nodes import grouped
from statusdesk.judge.rollout_old import of_old_pods
from statusdesk.judge.rollout_pending import ENDING, of_held_up, of_leaving_slowly, soaking_until
from statusdesk.judge.rollout_resting import of_nothing_wanted, of_paused, of_unobserved
from statusdesk.judge.rollout_scene import LOST, Finding, Scene
from statusdesk.judge.rollout_service import of_flapping, of_leaving, with_lost
from statusdesk.judge.rollout_short import of_short
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level
from statusdesk.text import counted

_REFUSED_POD = re.compile(r'pods "([^"]+)"')
_NO_PODS = Lasts("no pods", only_seen=True)
_COUNTS = Lasts("counts", only_seen=True)
_BAD = (Level.WARNING, Level.FAILING, Level.UNKNOWN)
_WAITING = ("NoPods", "Stalled")  # for what, pods that do not end tell better


def of_standing(rollout: Rollout, scene: Scene) -> Finding:
    """Return the finding of this moment, before the latch."""
    workload = rollout.workload
    if workload.kind in JOB_KINDS:
        job = of_job(workload, rollout.all_pods, rollout.pods, rollout.events, scene)
        return of_last_job(job, rollout.before) if workload.kind == "CronJob" else job
    if workload.deleting_ms is not None:
        return Finding(level=Level.PROGRESSING, reason="Deleting", message=f"{workload.kind} is being deleted")
    if desired_of(workload) == 0:
        return of_leaving(rollout.all_pods, scene) or of_nothing_wanted(rollout, scene)
    if not is_observed(workload):
        unobserved = of_unobserved(rollout, scene)
        if not workload.paused or unobserved.reason == NOT_OBSERVED:
            return unobserved
    found = _what_is_wrong(rollout, scene)
    if found is not None:
        if rollout.is_of_service(found) and found.level is not Level.FAILING and not rollout.complete:
            # nothing available for long is an outage, whatever small thing is found at a pod
            return _with_outage(rollout, found, scene)
        return found
    if workload.paused:
        return _paused_outage(rollout, scene) or of_paused(rollout, scene)
    leaving = of_leaving(rollout.all_pods, scene) if len(rollout.all_pods) > len(rollout.pods) else None
    if rollout.complete:
        return leaving or Finding(level=Level.OK, reason="Complete", message=_complete_words(workload))
    standing = of_short(rollout, scene) if rollout.completed else _rolling(rollout, scene)
    if leaving is None:
        return standing
    if standing.level not in _BAD or standing.reason in _WAITING:
        said = leaving.message if rollout.completed else f"{leaving.message}, {rollout.counts}"
        return msgspec.structs.replace(leaving, message=said)
    return with_lost(standing, leaving, rollout.all_pods) if leaving.reason == LOST and rollout.completed else standing


def _with_outage(rollout: Rollout, found: Finding, scene: Scene) -> Finding:
    """Return what was found, as an outage where nothing is available for long; of lost nodes nothing is known."""
    had = rollout.had
    if len(had) >= rollout.owed and all(pod.ready or pod.name in scene.lost for pod in had):
        return found
    outage = of_short(rollout, scene)
    if outage.level is not Level.FAILING:
        return found
    return outage if found.level is Level.UNKNOWN else msgspec.structs.replace(found, level=Level.FAILING)


def _complete_words(workload: Workload) -> str:
    desired = desired_of(workload)
    # of what is not wanted any more, some may still be there
    words = f"{min(workload.ready, desired)} of {counted(desired, 'pod')} ready"
    if workload.updated >= desired or workload.kind not in ("StatefulSet", "DaemonSet"):
        return words
    why = "OnDelete" if workload.strategy == "OnDelete" else f"partition {workload.partition}"
    return f"{words}, {workload.updated} of them updated ({why})"


def _paused_outage(rollout: Rollout, scene: Scene) -> Finding | None:
    """A pause is no excuse for a service that has less than it should, though nothing is found at its pods.

    Nor where one paused between the old pods and the new ones.
    """
    workload = rollout.workload
    if not rollout.completed and (
        workload.available or workload.ready or not (rollout.held or _makes_pods_anew(workload))
    ):
        return None
    outage = of_short(rollout, scene)
    return outage if outage.level in _BAD else None


def _makes_pods_anew(workload: Workload) -> bool:
    """Return whether a Deployment had pods, and makes new ones only now that they have gone."""
    return workload.strategy == "Recreate" and bool(workload.revision) and not workload.replicas


def _what_is_wrong(rollout: Rollout, scene: Scene) -> Finding | None:
    found = _at_pods(rollout, scene) if rollout.events or not rollout.calm else None
    if found is None or found.level is not Level.FAILING:
        found = _by_conditions(rollout) or _by_refusals(rollout, scene) or found
    if found is None and scene.pasts:
        found = of_flapping(rollout.relied_on, scene)
    if found is None:
        return None
    if found.pod:
        found = grouped(found, rollout.service)
    if found.pod and rollout.events:
        found = explained(found, rollout.service, rollout.events)
    reason, of_service = found.reason, rollout.is_of_service(found)
    if of_service and not reason.startswith((DEGRADED, SCALING)):
        reason = DEGRADED + reason
    counts = rollout.served if of_service else rollout.counts
    return msgspec.structs.replace(found, reason=reason, message=f"{found.message}, {counts}")


def _at_pods(rollout: Rollout, scene: Scene) -> Finding | None:
    found: Finding | None = None
    complete = rollout.completed and rollout.complete
    served = msgspec.structs.replace(scene, rolling=False) if rollout.held else scene
    for index, pod in enumerate(rollout.service):
        if pod.scheduled and pod.name in rollout.added:
            continue
        one = of_pod(pod, scene if index < len(rollout.pods) else served)
        if one is not None and one.crash and complete and is_past(pod, rollout.before, rollout.workload.revision):
            continue
        if one is not None and (found is None or one.order < found.order):
            found = one
    if rollout.events:
        one = of_pod_events(rollout.relied_on, rollout.events, scene)
        if one is not None and (found is None or one.order < found.order):
            found = one
    return found


def _by_refusals(rollout: Rollout, scene: Scene) -> Finding | None:
    """Pods that may not be made, as events tell it: a warning only where a scale-up is refused."""
    if not rollout.events:
        return None
    workload = rollout.workload
    missing = desired_of(workload) - workload.replicas
    if not rollout.completed and workload.kind == "Deployment":
        missing = desired_of(workload) - workload.updated
    found = of_refusals(workload, rollout.revision, rollout.events, missing, scene)
    if found is not None and rollout.completed and rollout.has_all_owed:
        return msgspec.structs.replace(found, level=Level.WARNING, reason=SCALING + found.reason)
    return found


def _by_conditions(rollout: Rollout) -> Finding | None:
    workload = rollout.workload
    progressing, refused = condition_of(workload, "Progressing"), _refused(rollout)
    if refused is not None and refused.level is Level.FAILING:
        return refused  # it says why there is no progress, for as long as it lasts
    if progressing is not None and progressing.status == "False":
        timed_out = progressing.reason == "ProgressDeadlineExceeded"
        message = "no progress within the deadline" if timed_out else progressing.message
        return Finding(
            level=Level.FAILING,
            reason=progressing.reason or "NotProgressing",
            message=message,
            look="pods and events of the new revision",
        )
    return refused


def _refused(rollout: Rollout) -> Finding | None:
    """Pods that may not be made, as the controller tells it."""
    workload, refused = rollout.workload, condition_of(rollout.workload, "ReplicaFailure")
    if refused is None or refused.status != "True" or rollout.complete:
        return None
    named = _REFUSED_POD.search(refused.message)
    level, reason = Level.FAILING, "ReplicaFailure"
    if rollout.completed and rollout.has_all_owed:
        level, reason = Level.WARNING, SCALING + "ReplicaFailure"
    elif rollout.revision and named is not None and f"{workload.name}-{rollout.revision}-" not in named[1]:
        level = Level.WARNING  # it is the old ReplicaSet that may not make pods
    return Finding(
        level=level,
        reason=reason,
        message=f"pods cannot be created: {reason_of(refused.message)}",
        look=f"{REFUSED_LOOK}; events of the ReplicaSet",
    )


def _lacks_pods(scene: Scene) -> bool:
    since_ms = max(scene.started_ms or 0, scene.progress_ms or 0)
    if scene.progress_ms is None or ENDING in scene.known_since or _NO_PODS in scene.known_since:
        # a rollout that was not seen to begin may have begun just now, and old pods may just have ended
        since_ms = max(since_ms, scene.lasts_since(_NO_PODS, scene.now_ms))
    return scene.reached(since_ms + NO_PODS_MS)


def _rolling(rollout: Rollout, scene: Scene) -> Finding:
    workload = rollout.workload
    going = [pod for pod in rollout.all_pods if pod not in rollout.held] if rollout.held else rollout.all_pods
    if len(rollout.all_pods) > len(rollout.service):
        stuck = of_old_pods(rollout, going, scene)
        if stuck is not None:
            return stuck
    held_up = of_held_up(workload, rollout.pods, going, rollout.counts, scene)
    if held_up is not None:
        return held_up
    if not rollout.pods and workload.updated == 0 and _lacks_pods(scene):
        return Finding(
            level=Level.WARNING,
            reason="NoPods",
            message="no pod of the new revision has been created",
            look=f"events of {workload.kind} {workload.name}",
        )
    progressed_ms = scene.progress_ms
    if progressed_ms is None and workload.kind != "Deployment":
        # these have no condition that says it: the counts have not moved
        counts = _COUNTS.of(f"{workload.replicas}/{workload.updated}/{workload.ready}/{workload.available}")
        progressed_ms = scene.lasts_since(counts, scene.now_ms)
    progressed_ms = soaking_until(workload, rollout.pods, progressed_ms)
    share_ms = int(scene.deadline_s * scene.thresholds.never_ready_deadline_share * 1000)
    if progressed_ms is not None and scene.reached(progressed_ms + share_ms):
        slowed = of_leaving_slowly(going, rollout.counts, scene)
        if slowed is not None:
            return slowed
        message = f"no progress for half of the deadline, {rollout.counts}"
        return Finding(level=Level.WARNING, reason="Stalled", message=message, look="pods of the new revision")
    pulled = pulled_long(rollout.pods, scene)
    message = f"{rollout.counts}, image {pulled} is being pulled" if pulled else rollout.counts
    return Finding(level=Level.PROGRESSING, reason=ROLLING, message=message)
