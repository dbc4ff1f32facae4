"""Conditions that are of the revision before: an undo leaves what the controller last said of the one that it undid.

Source: the Deployment controller writes Progressing anew only with the next progress, though ``observedGeneration``
and the revision's number are of the newest spec by then.
"""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Condition, Pod, Workload
from statusdesk.judge.pods import condition_of, is_live, is_observed, named_in
from statusdesk.judge.rollout_counts import NO_PODS_MS, ROLLING
from statusdesk.judge.rollout_memory import Lasts, Memory
from statusdesk.states import Level, RolloutState

_STALE, _LEAVING, _BETWEEN = Lasts("stale"), Lasts("leaving"), Lasts("between")


class Current(msgspec.Struct, frozen=True):
    """A workload without the condition that is not of its newest revision, where there is one.

    ``undone`` is the hash that the condition names, ``note`` what to remember of it. ``awaits``: whether a rollout
    waits for the pods of the revision before, of which alone the workload still tells. ``since_ms``: since when that is
    noted, None where that does not matter.
    """

    workload: Workload
    undone: str = ""
    note: Lasts | None = None
    awaits: bool = False
    since_ms: int | None = None


def current(
    workload: Workload, pods: Sequence[Pod], before: RolloutState | None, memory: Memory | None, now_ms: int
) -> Current:
    """Return what of a workload is about its newest revision, as far as the previous verdict tells."""
    if workload.kind != "Deployment":
        return Current(workload)
    said = condition_of(workload, "Progressing")
    note, since_ms = _note(said, workload, pods, before, memory), None
    if not note and said is not None and _is_between(said, workload, pods):
        note = _BETWEEN.of(_which(said))
        since_ms = now_ms if memory is None else dict(memory.since).get(note)
        if since_ms is None or now_ms - since_ms >= NO_PODS_MS:
            note = None  # nothing comes: the service is down
    if not note:
        return Current(workload)
    awaits = note.what in (_LEAVING.what, _BETWEEN.what)
    if said is None:
        return Current(workload, note=note, awaits=awaits)
    kept = tuple(condition for condition in workload.conditions if condition is not said)
    stripped = msgspec.structs.replace(workload, conditions=kept)
    return Current(stripped, named_in(said.message, workload.name), note, awaits, since_ms)


def noted(memory: Memory | None, now: Current, completed: bool, now_ms: int) -> Memory:
    """Return the memory with the note that the condition is stale, for as long as it stays as it is.

    ``completed``: of the revision whose number the workload has, which is still that of before while a rollout waits.
    """
    memory = memory if memory is not None else Memory(now.workload.revision)
    since = (*memory.since, (now.note, now_ms if now.since_ms is None else now.since_ms))
    return msgspec.structs.replace(memory, since=since, completed=completed if now.awaits else memory.completed)


def _note(
    said: Condition | None,
    workload: Workload,
    pods: Sequence[Pod],
    before: RolloutState | None,
    memory: Memory | None,
) -> Lasts | None:
    """Return what to remember of a condition that is stale, or of pods that are awaited; None where there is none."""
    known = dict(memory.since) if memory is not None else {}
    told_before = before.conditions if before is not None else ()
    if said is not None and not known and workload.strategy != "Recreate" and said not in told_before:
        return None  # as nearly always
    if said is None:
        leaving = _LEAVING.of(workload.revision)
        return leaving if _is_leaving("", workload, pods, leaving in known) else None
    which = _which(said)
    stale, leaving = _STALE.of(which), _LEAVING.of(which)
    named = named_in(said.message, workload.name)
    goes_on = leaving in known or (memory is None and _was_under_way(said, workload, before))
    if named and _is_leaving(named, workload, pods, goes_on):
        return leaving  # though it is stale as well
    if stale in known:
        return stale
    if before is not None and said in before.conditions:
        if before.revision != workload.revision or before.image != workload.image:
            return stale
        if memory is None and said.status == "False" and before.level is not Level.FAILING:
            return stale  # what had not made the rollout fail was known to be of another revision
    return None


def _which(said: Condition) -> str:
    return f"{said.reason}/{said.updated_ms}/{said.message}"


def _was_under_way(said: Condition, workload: Workload, before: RolloutState | None) -> bool:
    """Return whether a rollout was under way when last judged, by who has no memory of it, and nothing came since."""
    if before is None or before.level is not Level.PROGRESSING or before.reason != ROLLING:
        return False
    return before.revision == workload.revision and said in before.conditions


def _is_between(said: Condition, workload: Workload, pods: Sequence[Pod]) -> bool:
    """Return whether the old pods have ended, and the first new one is about to come, as the objects alone tell.

    The controller counts no pod though it has seen the spec, and none is refused: a ReplicaSet that is to have pods
    makes them at once, so that it is one that was scaled down. What is said is of the revision before until the first
    pod of the new one comes.
    Source: ``rolloutRecreate`` and ``syncRolloutStatus`` of the Deployment controller.
    """
    if said.reason != "NewReplicaSetAvailable" or workload.replicas or any(map(is_live, pods)):
        return False
    return _may_await(workload)


def _may_await(workload: Workload) -> bool:
    """Return whether a Deployment makes new pods only once the old ones have ended, and nothing else hinders it."""
    if workload.strategy != "Recreate" or workload.updated or not workload.desired or not is_observed(workload):
        return False
    refused = condition_of(workload, "ReplicaFailure")
    return not workload.paused and (refused is None or refused.status != "True")


def _is_leaving(named: str, workload: Workload, pods: Sequence[Pod], known: bool) -> bool:
    """Return whether all pods of the revision that is named end, because another is to come once they have.

    Where a Deployment without a deadline names none, these are all its pods. A ReplicaSet that stays makes another pod
    at once, or is refused it.
    """
    if known and not is_observed(workload):
        return workload.strategy == "Recreate" and not workload.updated and bool(workload.desired)
    if not _may_await(workload):
        return False
    if workload.replicas or known:
        return True  # the controller counts pods, and none is of the newest revision
    its_own = [pod for pod in pods if not named or pod.revision == named]
    return any(pod.deleting_ms is not None for pod in its_own) and not any(map(is_live, its_own))
