"""What holds an update back while nothing is under way, and which version the pods run that it leaves alone.

Source: ``updateStrategy`` of StatefulSets and DaemonSets (partition, OnDelete), ``spec.paused`` of Deployments.
"""

from typing import NamedTuple

from statusdesk.judge.pods import is_live, is_observed
from statusdesk.judge.rollout_counts import JOB_KINDS, desired_of, tells_version, versions_of
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import RolloutState


class HeldBack(NamedTuple):
    """What holds it back (empty: nothing does), the version of the pods that stay, and since when that is here.

    Where pods do not tell their version it is noted while the rollout is under way: at its end nobody could tell it.
    """

    by: str = ""
    version: str = ""
    since_ms: int | None = None


NOTHING = HeldBack()


def held_back(rollout: Rollout) -> HeldBack:
    """Return what holds an update to another version back; pods that a rollout is about to replace are not held."""
    if not _may_have_others(rollout):
        return NOTHING
    told = versions_of(rollout.workload, rollout.held)
    version = _only(told) if told else _as_known_before(rollout)
    if version == rollout.workload.version:
        return NOTHING
    if rollout.held and (rollout.completed or rollout.workload.paused):
        return HeldBack(_by(rollout), version, _since_ms(rollout, version))
    if told:
        return NOTHING
    return HeldBack("", version, _since_ms(rollout, version))


def _only(versions: set[str]) -> str:
    """Return the only one; of several none: which of them a pod runs must not pass for what all of them do."""
    return next(iter(versions)) if len(versions) == 1 else ""


def _by(rollout: Rollout) -> str:
    workload = rollout.workload
    if workload.kind == "Deployment":
        return "a pause"
    return "OnDelete" if workload.strategy == "OnDelete" else f"partition {workload.partition}"


def _as_known_before(rollout: Rollout) -> str:
    """Return which version the pods run that do not run what is asked for; empty when nobody knows.

    They may be of two versions when a third is asked for, or the later one in another way: which of them stay is not
    known then.
    """
    workload, before = rollout.workload, rollout.before
    if before is None:
        return ""
    if not _had_others(before):
        return before.version
    if before.version == workload.version:
        parted = before.revision != workload.revision and 0 < before.updated < before.desired
        return "" if parted else before.held_version
    return "" if before.updated else before.held_version


def _had_others(before: RolloutState) -> bool:
    """Return whether pods of another version than was asked for were left, known or not."""
    return bool(before.held_by) or before.held_since_ms is not None


def _may_have_others(rollout: Rollout) -> bool:
    """Return whether there are pods of another version, or may be that do not tell theirs."""
    workload = rollout.workload
    if rollout.held:
        return True
    if workload.kind in JOB_KINDS or tells_version(workload):
        return False
    return not is_observed(workload) or workload.updated < desired_of(workload)


def _since_ms(rollout: Rollout, version: str) -> int | None:
    before = rollout.before
    if before is not None and _had_others(before) and before.held_version == version:
        return before.held_since_ms
    if before is not None and before.version == version:
        return before.version_since_ms
    pods = rollout.held or tuple(filter(is_live, rollout.all_pods))
    return min((pod.created_ms for pod in pods if pod.created_ms is not None), default=rollout.workload.created_ms)
