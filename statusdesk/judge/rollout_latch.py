"""The latch: a failing rollout stays failing until it is shown to be well, so that a crash loop does not flicker."""

import msgspec

from statusdesk.facts import ContainerRole, Pod
from statusdesk.judge.rollout_counts import DEGRADED, OLD_POD_BLOCKS, desired_of, is_degraded
from statusdesk.judge.rollout_events import is_starting
from statusdesk.judge.rollout_held import found_at, held
from statusdesk.judge.rollout_loops import loop_waits_for
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_subject import Rollout
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
_GONE = Lasts("gone", only_seen=True)


def hold(finding: Finding, rollout: Rollout, scene: Scene) -> Finding:
    """Return the finding, or the previous failing one where that has not been shown to be over.

    It was of the same revision. Only what was found at a pod is held: conditions speak for themselves.
    """
    before = rollout.before
    if before is None or before.level is not Level.FAILING or finding.level is Level.FAILING:
        return finding
    if before.reason == OLD_POD_BLOCKS:
        return finding  # its pod is none of the new revision: ``hold_old`` holds it
    if not before.pod or desired_of(rollout.workload) == 0 or not finding.reason:
        return finding
    if finding.level is Level.PAUSED and not before.reason.startswith(DEGRADED):
        return finding
    there, later = found_at(before, rollout.service, scene)
    if _is_over(before, there, later, rollout, scene):
        return finding
    if there is None and finding.level is Level.WARNING and _may_end_again(finding, rollout, scene):
        # what it died of is gone with its pod: it is no better for what came after it, whose own end is told
        ends = finding.reason.removeprefix(DEGRADED) == "Exit" and before.reason.endswith("CrashLoopBackOff")
        reason = before.reason if ends else finding.reason
        return msgspec.structs.replace(finding, level=Level.FAILING, reason=reason)
    unsure = any(_may_be_later(pod, before, later) and _shows_well(pod, before, scene) for pod in rollout.service)
    return held(finding, rollout, before, there, _waits_for(before, there, scene), is_later_known=not unsure)


def _may_be_later(pod: Pod, before: RolloutState, later: list[Pod]) -> bool:
    """Whether nobody knows that a pod came after one that is gone, but it may have: while no collector ran."""
    return pod not in later and (pod.created_ms or 0) > before.level_since_ms


def _may_end_again(finding: Finding, rollout: Rollout, scene: Scene) -> bool:
    """Whether a pod was found to end, and has not been ready for the latch since: then that would be over at once."""
    if not finding.pod or not finding.reason.endswith(CRASHES):
        return False
    return not any(pod.name == finding.pod and is_settled(pod, scene, finding.container) for pod in rollout.service)


def _waits_for(before: RolloutState, there: Pod | None, scene: Scene) -> str:
    """Say what a pod has to have done until what was found is over; ``there``: the pod, if it is there still."""
    if before.reason.endswith(RUNS_ON):
        return "come to its end with that"
    if before.reason.endswith(CRASHES):
        looping = loop_waits_for(there, scene, _looping(before)) if there is not None else ""
        if looping:
            return looping
        return f"been ready for {scene.latch_ms / 1000:g} s"
    return "started"


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


def _is_over(before: RolloutState, there: Pod | None, later: list[Pod], rollout: Rollout, scene: Scene) -> bool:
    """Well again: its pod shows it, or where that is gone one that came after it; or without it all others are well.

    Another may come in its place still: for that it has to have been gone for the latch where pods are missing.
    """
    if there is not None:
        return _shows_well(there, before, scene)
    if any(_shows_well(pod, before, scene) for pod in later):
        return True
    live = rollout.service
    gone_ms = scene.lasts_since(_GONE.of(before.pod), scene.now_ms)
    if not live or not all(is_settled(pod, scene) for pod in live):
        return False
    return len(live) >= desired_of(rollout.workload) or scene.reached(gone_ms + scene.latch_ms)


def _looping(before: RolloutState) -> str:
    """Return the container that a failing verdict has told to be in a crash loop."""
    return before.container if before.reason.endswith(CRASHES) and not before.reason.endswith("NeverReady") else ""


def _shows_well(pod: Pod, before: RolloutState, scene: Scene) -> bool:
    """Return whether a pod has been ready for the latch, or what was found before is healed in it."""
    if is_settled(pod, scene, _looping(before)):
        return True
    if before.reason.endswith(STARTS):
        return not is_starting(pod)
    if before.reason.endswith(RUNS_ON):
        return _has_done(pod, before.container)
    return not before.reason.endswith(CRASHES) and _has_started(pod, before.container)


def is_settled(pod: Pod, scene: Scene, loops: str = "") -> bool:
    """Return whether a pod has been ready for the latch, and is not ready between two ends of a crash loop only.

    ``loops``: the container that is known to have been in one.
    """
    if not pod.ready or not (pod.ready_changed_ms is None or scene.reached(pod.ready_changed_ms + scene.latch_ms)):
        return False
    return not loop_waits_for(pod, scene, loops)


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
    named = next((each for each in pod.containers if each.name == container), None)
    if named is None:
        return False
    return named.state == "running" or (named.exit_code is not None and named.reason not in CRASHES)
