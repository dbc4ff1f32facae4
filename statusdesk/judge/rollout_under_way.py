"""Since when the newest revision of a workload is on its way into the cluster: what a stuck rollout is counted from."""

from statusdesk.facts import Workload
from statusdesk.judge.pods import is_observed
from statusdesk.judge.rollout_counts import DEGRADED, DONE_LEVELS, OLD_POD_BLOCKS, PAUSED_LONG
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.states import Level, RolloutState

_MOVES = (Level.PROGRESSING, Level.WARNING, Level.FAILING, Level.UNKNOWN)
_HELD = Lasts("held")  # by a pause: what is remembered of it
_UNTIL_ROLLED_OUT = ("Stalled", "NoPods", OLD_POD_BLOCKS, "OldPodsFail")


def since_when_rolling_ms(
    workload: Workload,
    finding: Finding,
    scene: Scene,
    before: RolloutState | None,
    new_ready: int,
    *,
    goes_on: bool,
    was_completed: bool,
) -> int | None:
    """Return since when a rollout goes on that has not come through; None where none does, or it rests.

    ``new_ready``: pods of the newest revision that are ready. ``goes_on``: it is the revision of the verdict
    ``before``. ``was_completed``: that had come through already; what is still to be rolled out of it (a partition was
    lowered, a spec waits to be observed) begins now. So does one that was paused, whatever was wrong with it meanwhile.
    """
    if workload.paused:
        scene.lasts_since(_HELD, scene.now_ms)
        return None
    rests = scene.ends or workload.deleting_ms is not None or finding.level not in _MOVES
    if rests or not (scene.rolling or not is_observed(workload)):
        return None
    all_there = is_observed(workload) and min(new_ready, workload.updated) >= (workload.desired or 0)
    if finding.level is Level.WARNING and all_there and finding.reason not in _UNTIL_ROLLED_OUT:
        return None
    if goes_on and before is not None:
        if before.rolling_since_ms is not None:
            return before.rolling_since_ms
        if was_completed or _was_paused(before, scene) or _was_done(before):
            return scene.now_ms
    return scene.now_ms if was_completed else scene.started_ms


def _was_paused(before: RolloutState, scene: Scene) -> bool:
    """Return whether it was held; what was wrong with its pods may have been said instead, which no restart changes."""
    said = any(condition.reason == "DeploymentPaused" for condition in before.conditions)
    return said or before.level is Level.PAUSED or before.reason == PAUSED_LONG or _HELD in scene.known_since


def _was_done(before: RolloutState) -> bool:
    """Return whether it was the service that was judged: what waits for its pods to end since has no number yet."""
    return before.level in DONE_LEVELS or before.reason.startswith(DEGRADED)
