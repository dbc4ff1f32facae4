"""Where a rollout stands by its counts and conditions: the decision tables of Deployment, StatefulSet, DaemonSet.

Source: ``kubectl rollout status`` and the Deployment controller's progress conditions.
"""

from collections.abc import Iterator

from statusdesk.facts import Container, Pod, Workload
from statusdesk.image_names import image_digest, image_tag
from statusdesk.judge.pods import condition_of, is_live, is_observed
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollout_scene import UNLIMITED_S, USUAL_DEADLINE_S
from statusdesk.states import Level, RolloutState

DEGRADED = "Degraded"
OUT_WHILE_ROLLING = DEGRADED + "WhileRolling"
SCALING = "Scaling"
_SILENT = ("DeploymentPaused", "DeploymentResumed", "ProgressDeadlineExceeded")  # whether it was complete is not told
REPLACING = "Replacing"
STARTING = "Starting"
ROLLING = "Rolling"
OBSERVING = "Observing"
NOT_OBSERVED = "NotObserved"
OLD_POD_BLOCKS = "OldPodBlocks"
PAUSED_LONG = "PausedLong"
NO_PODS_MS = 30_000  # a controller that makes pods has made one by then
JOB_KINDS = ("Job", "CronJob")
DONE_LEVELS = (Level.OK, Level.IDLE, Level.SCALING)


def desired_of(workload: Workload) -> int:
    """Return how many pods there should be; unset ``spec.replicas`` means one."""
    return 1 if workload.desired is None else workload.desired


def is_complete(workload: Workload) -> bool:
    """Return whether the counts say that every pod is of the new revision and available."""
    desired = desired_of(workload)
    if workload.kind == "StatefulSet":
        if workload.ready < desired:
            return False
        if workload.strategy == "OnDelete":
            return True
        return workload.updated >= desired - (workload.partition or 0)
    if workload.kind == "DaemonSet":
        updated = workload.strategy == "OnDelete" or workload.updated >= desired
        return updated and workload.available >= desired
    return (
        workload.updated >= desired
        and workload.replicas <= workload.updated
        and workload.available >= workload.updated
        and workload.ready >= desired
    )


def was_completed(workload: Workload, before: RolloutState | None, memory: Memory | None, now_ms: int) -> bool:
    """Return whether this revision was complete once, so that what is missing now is no rollout's fault.

    A Deployment says so itself (NewReplicaSetAvailable stays until the next revision), unless it was paused since. For
    the others memory or the previous verdict tells; at first sight, an old workload whose pods are all of one revision.
    """
    if workload.kind in JOB_KINDS or _is_unseen(workload, before, memory):
        return False
    progressing = condition_of(workload, "Progressing") if workload.kind == "Deployment" else None
    if progressing is not None:
        if progressing.reason not in _SILENT:
            return progressing.reason == "NewReplicaSetAvailable"
        if template_changed(workload, before) or workload.updated < workload.replicas:
            return False
        if before is None and progressing.reason == "ProgressDeadlineExceeded":
            return False
    unknown = memory is None and before is not None and before.level is Level.PAUSED
    if before is not None and not (unknown and before.revision == workload.revision):
        if before.revision != workload.revision or _has_first(workload, before):
            return False
        if memory is not None and memory.revision == workload.revision:
            return memory.completed
        return before.level in DONE_LEVELS or is_served(before.reason)
    if workload.kind == "StatefulSet":
        one_revision = bool(workload.update_revision) and workload.update_revision == workload.current_revision
        one_revision = one_revision and workload.updated >= workload.replicas  # one that was undone keeps a broken pod
    else:
        one_revision = workload.updated >= max(1, desired_of(workload))
    return one_revision and now_ms - (workload.created_ms or now_ms) > USUAL_DEADLINE_S * 1000


def _is_unseen(workload: Workload, before: RolloutState | None, memory: Memory | None) -> bool:
    """Return whether nobody has looked at another template yet: what is told of the workload is of the one before."""
    if before is None or is_observed(workload):
        return False
    if before.revision != workload.revision or template_changed(workload, before):
        return True
    return memory is not None and memory.revision == workload.revision and not memory.completed


def _has_first(workload: Workload, before: RolloutState) -> bool:
    """Return whether the first pod of a revision has come, of which there was none while pods of another one served."""
    return before.updated == 0 < before.ready and workload.updated > 0


def is_degraded(reason: str) -> bool:
    """Return whether a reason tells of a service that has come through and is less than it should be."""
    return reason.startswith(DEGRADED) and reason != OUT_WHILE_ROLLING


def was_down(before: RolloutState | None) -> bool:
    """Return whether it was the service that failed before, for whatever reason."""
    return before is not None and before.level is Level.FAILING and is_degraded(before.reason)


def blames_version(reason: str) -> bool:
    """Return whether a failing rollout is a sign against its version: what is out, or blocks it, is the one before."""
    return reason not in (OUT_WHILE_ROLLING, OLD_POD_BLOCKS)


def is_served(reason: str) -> bool:
    """Return whether a reason tells of a service that has come through, and of no rollout."""
    return is_degraded(reason) or reason.startswith((SCALING, REPLACING, STARTING))


def template_changed(workload: Workload, before: RolloutState | None) -> bool:
    """Return whether the image or version is another than at the previous verdict."""
    return before is not None and (before.image != workload.image or before.version != workload.version)


def progress_ms(workload: Workload) -> int | None:
    """Return when the rollout last progressed, None when that is not told (timed out, or no deadline).

    Source: ``conditions[Progressing].lastUpdateTime``, which moves with every pod that becomes ready.
    """
    progressing = condition_of(workload, "Progressing")
    if progressing is None or progressing.status == "False":
        return None
    return progressing.updated_ms or progressing.changed_ms


def paused_ms(workload: Workload) -> int | None:
    """Return since when the controller has known a Deployment to be paused, None when it does not say."""
    progressing = condition_of(workload, "Progressing")
    if progressing is None or progressing.reason != "DeploymentPaused":
        return None
    return progressing.updated_ms or progressing.changed_ms


def deadline_ms(workload: Workload) -> int | None:
    """Return when Kubernetes will give the rollout up, or when it has; None where it never will."""
    progressing, limit_s = condition_of(workload, "Progressing"), deadline_s(workload)
    if workload.kind in JOB_KINDS and limit_s is not None and workload.started_ms is not None:
        return workload.started_ms + int(limit_s * 1000)
    progressed_ms = progress_ms(workload)
    if limit_s is None or progressing is None:
        return None
    return progressed_ms + int(limit_s * 1000) if progressed_ms is not None else progressing.changed_ms


def deadline_s(workload: Workload) -> float | None:
    """Return the progress deadline in seconds, None where there is none."""
    deadline = workload.deadline_s
    return None if deadline is None or deadline >= UNLIMITED_S else float(deadline)


def began_ms(workload: Workload, pods: tuple[Pod, ...], new_pods: tuple[Pod, ...], completed: bool, now_ms: int) -> int:
    """Return when a rollout that was not seen beginning most likely began.

    A pod of the new revision that is older than one of another is left from before: the rollout goes back to it. Where
    nothing tells, one of a workload that was changed since it was made began when it was first seen.
    """
    times = [pod.created_ms for pod in new_pods if pod.created_ms is not None]
    progressed_ms = progress_ms(workload)
    if completed and progressed_ms is not None:
        times.append(progressed_ms)
    if not completed and times:
        revisions = {pod.revision for pod in new_pods}
        others_ms = max((pod.created_ms or 0 for pod in pods if pod.revision not in revisions), default=0)
        times = [created_ms for created_ms in times if created_ms >= others_ms]
    if times:
        return min(times)
    was_changed = not completed and workload.kind not in JOB_KINDS and workload.generation > 1
    return progressed_ms or (None if was_changed else workload.created_ms) or now_ms


def seen_began_ms(workload: Workload, new_pods: tuple[Pod, ...], looked_ms: int, now_ms: int) -> int:
    """Return when a rollout began that was not there at ``looked_ms``: what came of it since tells, else it is now."""
    if workload.kind not in JOB_KINDS and not is_observed(workload):
        return now_ms  # what there is came of the revision before
    times = [progress_ms(workload), *(pod.created_ms for pod in new_pods)]
    # the condition of the rollout before may have come with what was heard then
    return min((at_ms for at_ms in times if at_ms is not None and looked_ms < at_ms < now_ms), default=now_ms)


def version_of_old(workload: Workload, pods: tuple[Pod, ...], revision: str) -> str:
    """Return the version that pods of another revision run, read from the image of the main container's name."""
    return next((version for pod, version in _versions(workload, pods) if pod.revision != revision), "")


def versions_of(workload: Workload, pods: tuple[Pod, ...]) -> set[str]:
    """Return the versions that the pods run, as their images tell; empty where these do not tell it."""
    return {version for _, version in _versions(workload, pods)}


def passed_over(workload: Workload, pods: tuple[Pod, ...], revision: str, known: str) -> str:
    """Return the version that was here before, when ``known`` was replaced while nobody looked; else nothing.

    Pods of another revision tell, the newest of them first, as long as none is left of the known version.
    """
    told = [each for each in _versions(workload, pods) if each[1] != workload.version]
    seen = is_observed(workload)  # else there is no pod of the newest revision
    if (seen and not revision) or any(version == known for _, version in told):
        return ""
    old = ((pod.created_ms or 0, version) for pod, version in told if not seen or pod.revision != revision)
    return max(old, default=(0, ""))[1]


def _versions(workload: Workload, pods: tuple[Pod, ...]) -> Iterator[tuple[Pod, str]]:
    """Yield each pod whose main container tells its version, by their names."""
    main = next((name for name, image in workload.images if image == workload.image), "")
    if not main or not tells_version(workload):
        return
    for pod in sorted(filter(is_live, pods), key=lambda pod: pod.name):  # an evicted leftover may be of any version
        for container in pod.containers:
            if container.name != main:
                continue
            is_asked_for = container.image == workload.image
            if version := workload.version if is_asked_for else _version_in(container, workload):
                yield pod, version


def _version_in(container: Container, workload: Workload) -> str:
    """Return the version of a container; a node may call an image that is pinned by any tag that it has there."""
    digest = image_digest(container.image) or image_digest(container.image_id)
    pinned = image_digest(workload.image)
    if digest and digest == pinned:
        return workload.version
    is_by_digest = bool(pinned) and image_tag(f"@{pinned}") == workload.version
    return image_tag(f"@{digest}" if digest and is_by_digest else container.image)


def tells_version(workload: Workload) -> bool:
    """Return whether the version is told by the image, so that pods tell theirs: by a tag, or by a digest alone."""
    return bool(workload.version) and image_tag(workload.image) == workload.version


def digest_of(workload: Workload, new_pods: tuple[Pod, ...]) -> str:
    """Return the digest of the main image as the first pod that knows it tells."""
    main = next((name for name, image in workload.images if image == workload.image), "")
    for pod in new_pods:
        for container in pod.containers:
            digest = container.image_id.rpartition("@")[2]
            if container.name == main and digest.startswith("sha256:"):
                return digest
    return ""
