"""What is held of a failing rollout: whose pod it was, whether that is still there, and how it is said."""

import re
from collections.abc import Sequence

import msgspec

from statusdesk.facts import Pod
from statusdesk.judge.pods import is_live
from statusdesk.judge.rollout_memory import Memory, Named
from statusdesk.judge.rollout_scene import Finding, Scene, as_before
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level, RolloutState

BESIDE = "; of the old revision "
NOBODY = "no pod is available, "
_NOW = (Level.WARNING, Level.UNKNOWN)
_ITS_POD = "; its pod "
_BEFORE_IT = "; before it: "
_COUNTS = re.compile(r", \d+ of \d+ (?:new pods? ready|available)$")


def named_before(
    before: RolloutState | None, memory: Memory | None, pods: Sequence[Pod], looked_ms: int | None
) -> Named | None:
    """Return the pod that the previous verdict names, if that was failing; what was made since ``looked_ms`` is new."""
    if before is None or before.level is not Level.FAILING or not before.pod:
        return None
    if memory is not None and memory.named is not None and memory.named.pod == before.pod:
        return memory.named
    there = [pod for pod in pods if is_live(pod) and (looked_ms is None or (pod.created_ms or 0) <= looked_ms)]
    return _named(before.pod, there)


def named_now(finding: Finding, live: Sequence[Pod], scene: Scene) -> Named | None:
    """Return the pod that a failing verdict names, for the next one; of a pod that is gone, what is known."""
    if finding.level is not Level.FAILING or not finding.pod:
        return None
    known = scene.named
    if finding.held and known is not None and known.pod == finding.pod and _still_there(known, live) is None:
        return known
    return _named(finding.pod, live)


def _named(name: str, pods: Sequence[Pod]) -> Named:
    uid = next((pod.uid for pod in pods if pod.name == name), "")
    return Named(name, uid, frozenset([pod.uid for pod in pods]))


def _still_there(named: Named, live: Sequence[Pod]) -> Pod | None:
    return next((pod for pod in live if pod.name == named.pod and pod.uid == named.uid), None)


def found_at(before: RolloutState, live: Sequence[Pod], scene: Scene) -> tuple[Pod | None, list[Pod]]:
    """Return the pod that the verdict ``before`` names, None when it is gone; and those that came after it went.

    A pod of a StatefulSet is made anew under the same name.
    """
    named = scene.named
    if named is None:
        return next((pod for pod in live if pod.name == before.pod), None), []
    return _still_there(named, live), [pod for pod in live if pod.uid not in named.beside]


def held(
    finding: Finding, rollout: Rollout, before: RolloutState, there: Pod | None, waits_for: str, *, is_later_known: bool
) -> Finding:
    """Return what was found before, with what is so now: that it is held, for what (``waits_for``), and the counts.

    ``finding`` is that of this moment: what is wrong now is told first. ``is_later_known``: no pod that has done what
    is waited for may have come after the one that is gone.
    """
    kept = as_before(before)
    if there is not None and finding.level is Level.WARNING and _is_about(finding, before):
        return msgspec.structs.replace(kept, message=finding.message)
    counts = rollout.served if rollout.is_of_service(kept) else rollout.counts
    cause = _cause_of(before.message)
    if finding.level in _NOW:
        now = finding.message if finding.message.endswith(counts) else f"{finding.message}, {counts}"
        return msgspec.structs.replace(kept, message=f"{now}{_BEFORE_IT}{cause}", look=finding.look or kept.look)
    if there is not None:
        return msgspec.structs.replace(kept, message=f"{cause}{_ITS_POD}has not {waits_for} yet, {counts}")
    nobody = "no later one has" if is_later_known else "none that is known to be later has"
    return msgspec.structs.replace(
        kept,
        message=f"{cause}{_ITS_POD}is gone, and {nobody} {waits_for} yet, {counts}",
        look=f"what was kept of {before.pod}, and the pods that came after it",
    )


def _is_about(finding: Finding, before: RolloutState) -> bool:
    return (finding.pod, finding.container) == (before.pod, before.container)


def _cause_of(message: str) -> str:
    """Return what was found, without what was said of it since, nor counts."""
    said = message.partition(BESIDE)[0].removeprefix(NOBODY)
    said = said.partition(_BEFORE_IT)[2] or said
    return _COUNTS.sub("", said.partition(_ITS_POD)[0])
