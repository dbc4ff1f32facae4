"""What is said of a rollout that no build made, in one way by the board, ``status`` and the rollout screen."""

from collections.abc import Iterable

from statusdesk.job_names import shown_build
from statusdesk.states import BuildRule, RolloutState


def unbuilt_among(rollouts: Iterable[RolloutState]) -> list[RolloutState]:
    """Return those of which it is known that no build made them."""
    return [rollout for rollout in rollouts if rollout.build_rule == BuildRule.NONE]


def unbuilt(rollout: RolloutState) -> str:
    """Say that no build made a rollout, and what it went back to."""
    changed = f"{rollout.name} changed{f' to {rollout.version}' if rollout.version else ''} without a build"
    back = back_to(rollout)
    return f"{changed}, {back}" if back else changed


def back_to(rollout: RolloutState) -> str:
    """Return ``back to what deploy-web #648 built`` for a rollout that no build made, empty where that is not so."""
    if rollout.build_rule != BuildRule.NONE or rollout.build_number is None:
        return ""
    return f"back to what {shown_build(rollout.build_job, rollout.build_number)} built"
