"""Since when a rollout has been well without a break: what a soak counts."""

from statusdesk.states import HEALTHY, RolloutState


def well_since_ms(before: RolloutState | None, state: RolloutState, now_ms: int) -> int | None:
    """Return since when a workload whose row is now known is well, None when it is not.

    More or fewer pods of the same make no break; another version or revision does, whatever became of the one before,
    and so does one that was held back and runs at last.
    """
    if state.level not in HEALTHY:
        return None
    if before is None or before.level not in HEALTHY:
        return now_ms
    same = (before.version, before.revision, before.versions) == (state.version, state.revision, state.versions)
    return healthy_since_ms(before) if same else now_ms


def healthy_since_ms(rollout: RolloutState) -> int:
    """Return since when a rollout that is well is so; a row from before this was kept tells it by its level."""
    if rollout.well_since_ms is not None:
        return rollout.well_since_ms
    return max(rollout.version_since_ms or rollout.since_ms, rollout.level_since_ms)
