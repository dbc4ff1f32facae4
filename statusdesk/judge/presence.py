"""Whether the version that a workload asks for is there: a template is a wish, pods are what runs."""

from statusdesk.judge.rollout_counts import (
    DONE_LEVELS,
    JOB_KINDS,
    NOT_OBSERVED,
    OBSERVING,
    is_served,
)
from statusdesk.states import Level, RolloutState


def is_there(rollout: RolloutState) -> bool:
    """Return whether at least one pod of a rollout's version exists; a job has its version with its next run at last.

    While the controller has not observed a new version yet, the counts are those of the version before.
    """
    if rollout.kind in JOB_KINDS:
        return True
    is_new = (rollout.version_since_ms or 0) >= rollout.level_since_ms
    return rollout.updated > 0 and not (is_new and rollout.reason in (OBSERVING, NOT_OBSERVED))


def is_run(rollout: RolloutState, version: str) -> bool:
    """Return whether at least one pod of a rollout is of that version, whichever it asks for."""
    if version == rollout.version:
        return is_there(rollout)
    return version in rollout.versions


def is_rolled_out(rollout: RolloutState) -> bool:
    """Return whether a rollout's version has taken over as far as it is to; of what is silent counts tell."""
    if not is_there(rollout):
        return False
    if rollout.level is Level.UNKNOWN:
        return rollout.updated >= rollout.desired
    completed = is_served(rollout.reason)
    return rollout.kind in JOB_KINDS or rollout.level in DONE_LEVELS or completed
