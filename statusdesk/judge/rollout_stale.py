"""Conditions that are of the revision before: an undo leaves what the controller last said of the one that it undid.

Source: the Deployment controller writes Progressing anew only with the next progress, though ``observedGeneration``
and the revision's number are of the newest spec by then.
"""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Condition, Pod, Workload
from statusdesk.judge.pods import condition_of, is_live, is_observed, named_in
from statusdesk.judge.rollout_memory import Memory
from statusdesk.states import Level, RolloutState


class Current(msgspec.Struct, frozen=True):
    """A workload without the condition that is not of its newest revision, where there is one.

    ``undone`` is the hash that the condition names, ``note`` what to remember of it.
    """

    workload: Workload
    undone: str = ""
    note: str = ""


def current(workload: Workload, pods: Sequence[Pod], before: RolloutState | None, memory: Memory | None) -> Current:
    """Return what of a workload is about its newest revision, as far as the previous verdict tells."""
    if workload.kind != "Deployment" or before is None:
        return Current(workload)
    said = condition_of(workload, "Progressing")
    note = _note(said, workload, pods, before, memory) if said is not None else ""
    if said is None or not note:
        return Current(workload)
    kept = tuple(condition for condition in workload.conditions if condition is not said)
    stripped = msgspec.structs.replace(workload, conditions=kept)
    return Current(stripped, named_in(said.message, workload.name), note)


def noted(memory: Memory | None, now: Current, now_ms: int) -> Memory:
    """Return the memory with the note that the condition is stale, for as long as it stays as it is."""
    memory = memory if memory is not None else Memory(now.workload.revision)
    return msgspec.structs.replace(memory, since=(*memory.since, (now.note, now_ms)))


def _note(said: Condition, workload: Workload, pods: Sequence[Pod], before: RolloutState, memory: Memory | None) -> str:
    """Return what to remember of a condition that is stale, empty of one that is not."""
    known = dict(memory.since) if memory is not None else {}
    which = f"{said.reason}/{said.updated_ms}/{said.message}"
    stale, leaving = f"stale/{which}", f"leaving/{which}"
    if stale in known:
        return stale
    if said in before.conditions:
        if before.revision != workload.revision or before.image != workload.image:
            return stale
        if memory is None and said.status == "False" and before.level is not Level.FAILING:
            return stale  # what had not made the rollout fail was known to be of another revision
    return leaving if _is_leaving(said, workload, pods, leaving in known) else ""


def _is_leaving(said: Condition, workload: Workload, pods: Sequence[Pod], known: bool) -> bool:
    """Return whether all pods of the revision that is named end, because another is to come once they have."""
    if workload.strategy != "Recreate" or workload.updated or not workload.desired or not is_observed(workload):
        return False
    named = named_in(said.message, workload.name)
    its_own = [pod for pod in pods if named and pod.revision == named]
    return (known or bool(its_own)) and not any(map(is_live, its_own))
