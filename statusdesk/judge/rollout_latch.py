"""The latch: a failing rollout stays failing until it is shown to be well, so that a crash loop does not flicker."""

import msgspec

from statusdesk.facts import ContainerRole, Pod
from statusdesk.judge.rollout_counts import DEGRADED, is_degraded
from statusdesk.judge.rollout_events import is_starting
from statusdesk.judge.rollout_scene import Finding, Scene, as_before
from statusdesk.states import Level, RolloutState

STARTS = (
    "FailedMount",
    "FailedMapVolume",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "NetworkNotReady",
    "Creating",
    "Pulling",
)
CRASHES = ("CrashLoopBackOff", "OOMKilled", "InitExit", "Exit", "ContainerCannotRun", "StartError", "NeverReady")

RUNS_ON = "InitRunning"


def hold(finding: Finding, before: RolloutState | None, live: tuple[Pod, ...], desired: int, scene: Scene) -> Finding:
    """Return the finding, or the previous failing one where that has not been shown to be over.

    ``before`` is of the same revision. Only what was found at a pod is held: conditions speak for themselves.
    """
    if before is None or before.level is not Level.FAILING or finding.level is Level.FAILING:
        return finding
    if not before.pod or desired == 0 or not finding.reason:
        return finding
    if finding.level is Level.PAUSED and not before.reason.startswith(DEGRADED):
        return finding
    if _is_over(before, live, scene):
        return finding
    again = finding if finding.level is Level.WARNING and finding.pod == before.pod else None
    return msgspec.structs.replace(
        as_before(before),
        message=again.message if again is not None and again.container == before.container else before.message,
    )


def is_past(pod: Pod, before: RolloutState | None, revision: str) -> bool:
    """Whether the restarts of a ready pod are those of a rollout that has come through: no service has suffered them.

    They are where the revision was on its way when last judged, or was well already since after they happened.
    """
    if before is None or before.revision != revision or is_degraded(before.reason) or not pod.ready:
        return False
    if any(each.state in ("waiting", "terminated") and each.exit_code != 0 for each in pod.containers):
        return False  # it has ended again
    if before.level in (Level.FAILING, Level.WARNING, Level.PROGRESSING):
        return True
    since_ms = [each.since_ms for each in pod.containers if each.restarts and each.state == "running"]
    quiet = before.level in (Level.OK, Level.PAUSED)
    return quiet and all(each is not None and each <= before.level_since_ms for each in since_ms)


def _is_over(before: RolloutState, live: tuple[Pod, ...], scene: Scene) -> bool:
    """Well again: the pod has been ready for the latch, or without it all others have, or its cause is healed."""
    named = next((pod for pod in live if pod.name == before.pod), None)
    if named is not None:
        if is_settled(named, scene):
            return True
        if before.reason.endswith(STARTS):
            return not is_starting(named)
        if before.reason.endswith(RUNS_ON):
            return _has_done(named, before.container)
        return not before.reason.endswith(CRASHES) and _has_started(named, before.container)
    settled = [is_settled(pod, scene) for pod in live]
    return bool(settled) and all(settled)


def is_settled(pod: Pod, scene: Scene) -> bool:
    """Return whether a pod has been ready for the latch."""
    return pod.ready and (pod.ready_changed_ms is None or scene.reached(pod.ready_changed_ms + scene.latch_ms))


def _has_done(pod: Pod, container: str) -> bool:
    """Whether an init container that went on and on has done its work: what it says meanwhile may be cut off."""
    named = next((each for each in pod.containers if each.name == container), None)
    if named is None:
        return False
    return named.exit_code == 0 or (named.started and named.role is ContainerRole.SIDECAR)


def _has_started(pod: Pod, container: str) -> bool:
    """Whether what could not start (an image, a missing key, a place to run) has started now."""
    if not container:
        return pod.scheduled
    return any(c.name == container and (c.state == "running" or c.exit_code == 0) for c in pod.containers)
