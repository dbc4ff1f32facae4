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
    """A workload without the condition that is not of its newest revision; ``undone`` is the hash that it names."""

    workload: Workload
    stale: Condition | None = None
    undone: str = ""


def current(workload: Workload, pods: Sequence[Pod], before: RolloutState | None, memory: Memory | None) -> Current:
    """Return what of a workload is about its newest revision, as far as the previous verdict tells."""
    if workload.kind != "Deployment" or before is None:
        return Current(workload)
    said = condition_of(workload, "Progressing")
    if said is None or not _is_stale(said, workload, pods, before, memory):
        return Current(workload)
    kept = tuple(condition for condition in workload.conditions if condition is not said)
    stripped = msgspec.structs.replace(workload, conditions=kept)
    return Current(stripped, said, named_in(said.message, workload.name))


def noted(memory: Memory | None, now: Current, now_ms: int) -> Memory | None:
    """Return the memory with the note that the condition is stale, for as long as it stays as it is."""
    if now.stale is None:
        return memory
    memory = memory if memory is not None else Memory(now.workload.revision)
    return msgspec.structs.replace(memory, since=(*memory.since, (_key(now.stale), now_ms)))


def _is_stale(
    said: Condition, workload: Workload, pods: Sequence[Pod], before: RolloutState, memory: Memory | None
) -> bool:
    if memory is not None and _key(said) in dict(memory.since):
        return True
    if said not in before.conditions:
        return _is_leaving(said, workload, pods)
    if before.revision != workload.revision or before.image != workload.image:
        return True
    # what had not made the rollout fail was known to be of another revision
    gave_up = said.status == "False" and before.level is not Level.FAILING
    return gave_up or _is_leaving(said, workload, pods)


def _is_leaving(said: Condition, workload: Workload, pods: Sequence[Pod]) -> bool:
    """Return whether all pods of the revision that is named end, because another is to come once they have."""
    if workload.strategy != "Recreate" or workload.updated or not workload.desired or not is_observed(workload):
        return False
    named = named_in(said.message, workload.name)
    its_own = [pod for pod in pods if named and pod.revision == named]
    return bool(its_own) and not any(map(is_live, its_own))


def _key(said: Condition) -> str:
    return f"stale/{said.reason}/{said.updated_ms}/{said.message}"
