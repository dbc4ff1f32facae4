"""What holds an update back while nothing is under way, and which version the pods run that it leaves alone.

Source: ``updateStrategy`` of StatefulSets and DaemonSets (partition, OnDelete), ``spec.paused`` of Deployments.
"""

from typing import NamedTuple

from statusdesk.judge.pods import runs_images
from statusdesk.judge.rollout_counts import most_run
from statusdesk.judge.rollout_subject import Rollout


class HeldBack(NamedTuple):
    """What holds it back (empty: nothing does), the version of the pods that stay, and since when that is here."""

    by: str = ""
    version: str = ""
    since_ms: int | None = None


NOTHING = HeldBack()


def held_back(rollout: Rollout) -> HeldBack:
    """Return what holds an update to another version back; pods that a rollout is about to replace are not held."""
    if not rollout.held or not (rollout.completed or rollout.workload.paused):
        return NOTHING
    version = _version_of_held(rollout)
    if version == rollout.workload.version:
        return NOTHING
    return HeldBack(_by(rollout), version, _since_ms(rollout, version))


def _by(rollout: Rollout) -> str:
    workload = rollout.workload
    if workload.kind == "Deployment":
        return "a pause"
    return "OnDelete" if workload.strategy == "OnDelete" else f"partition {workload.partition}"


def _version_of_held(rollout: Rollout) -> str:
    """Return the version that the pods run; where they do not tell it, what ran before; empty when nobody knows."""
    workload, before = rollout.workload, rollout.before
    told = most_run(workload, rollout.held)
    if told or before is not None:
        return told or (before.runs if before is not None else "")
    wanted = dict(workload.images)
    return workload.version if all(runs_images(pod, wanted) for pod in rollout.held) else ""


def _since_ms(rollout: Rollout, version: str) -> int | None:
    before = rollout.before
    if before is not None and before.held_by and before.held_version == version:
        return before.held_since_ms
    if before is not None and before.version == version:
        return before.version_since_ms
    return min((pod.created_ms for pod in rollout.held if pod.created_ms is not None), default=None)
