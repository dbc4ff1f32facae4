"""What is said of an update that is held back, in one way by the board, ``status`` and the gate."""

from collections.abc import Iterable

from statusdesk.states import RolloutState

UNKNOWN_VERSION = "a version that is not known"


def held_among(rollouts: Iterable[RolloutState]) -> list[RolloutState]:
    """Return those with pods that an update to another version leaves alone."""
    return [rollout for rollout in rollouts if rollout.held_by]


def held_words(rollout: RolloutState) -> str:
    """Say what runs, what is asked for, and what holds it back."""
    name, by = rollout.name, rollout.held_by
    asked, before = rollout.version or UNKNOWN_VERSION, rollout.held_version or UNKNOWN_VERSION
    if not rollout.updated:
        return f"{name} runs {before}: {asked} is asked for and held back by {by}"
    share = f"{asked} in {rollout.updated} of {rollout.desired} pods and {before} in the others"
    return f"{name} runs {share}, held back by {by}"
