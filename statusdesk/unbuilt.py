"""What is said of a rollout that no build made, in one way by the board, ``status`` and the rollout screen."""

from collections.abc import Iterable

from statusdesk.job_names import shown_build
from statusdesk.states import BuildRule, RolloutState

APART_MS = 10_000  # a new version is seen before the cluster has counted its revision


def unbuilt_among(rollouts: Iterable[RolloutState]) -> list[RolloutState]:
    """Return those of which it is known that no build made them."""
    return [rollout for rollout in rollouts if rollout.build_rule == BuildRule.NONE]


def unbuilt(rollout: RolloutState) -> str:
    """Say that no build made a rollout, and what it went back to."""
    if rollout.version and _had_it_before(rollout):
        return f"{rollout.name} changed without a build, and is {rollout.version} as before"
    changed = f"{rollout.name} changed{f' to {rollout.version}' if rollout.version else ''} without a build"
    back = back_to(rollout)
    return f"{changed}, {back}" if back else changed


def back_to(rollout: RolloutState) -> str:
    """Return ``back to what deploy-web #648 built`` for a rollout that no build made, empty where that is not so."""
    if rollout.build_rule != BuildRule.NONE or rollout.build_number is None:
        return ""
    return f"back to what {shown_build(rollout.build_job, rollout.build_number)} built"


def _had_it_before(rollout: RolloutState) -> bool:
    """Whether its version was there when the rollout began: its template was changed, or it was restarted."""
    since_ms, started_ms = rollout.version_since_ms, rollout.started_ms
    return since_ms is not None and started_ms is not None and since_ms < started_ms - APART_MS
