"""A service that goes down while a rollout is under way: the same clock as at rest, told beside the rollout's state.

What a rollout takes away itself is no outage: it needs pods of the old revision that are to serve still, and do not.
"""

from collections.abc import Iterable

import msgspec

from statusdesk.facts import Pod
from statusdesk.judge.pods import is_live, is_observed
from statusdesk.judge.rollout_counts import (
    DONE_LEVELS,
    NOT_OBSERVED,
    OBSERVING,
    OUT_WHILE_ROLLING,
    ROLLING,
    desired_of,
    is_degraded,
    was_down,
)
from statusdesk.judge.rollout_held import NOBODY
from statusdesk.judge.rollout_memory import SETTLE_MS, Lasts
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level

_OUT = Lasts("out", only_seen=True)
_SERVED, _BEGAN_DOWN = Lasts("served"), Lasts("began down")
_WAS_DOWN, _CHANGED = Lasts("was down"), Lasts("changed")
_UNSEEN = (OBSERVING, NOT_OBSERVED, OUT_WHILE_ROLLING)  # said of a spec that is not observed: no pod is of it yet


def with_rolling_outage(finding: Finding, rollout: Rollout, scene: Scene, *, goes_on: bool) -> Finding:
    """Return the finding with an outage that began under way.

    ``goes_on``: it is the rollout of the previous verdict. One that fails stays so; anything else is less than that.
    """
    since_ms = _out_since_ms(finding, rollout, scene, goes_on)
    if is_degraded(finding.reason):
        return finding  # it is the service that is judged
    warns_s, fails_s = scene.thresholds.unavailable_warn_s, scene.thresholds.unavailable_fail_s
    said = finding.message.removeprefix(NOBODY)  # as it was held
    if since_ms is None or not scene.reached(since_ms + int(warns_s * 1000)):
        if finding.reason == OUT_WHILE_ROLLING:
            finding = Finding(level=Level.PROGRESSING, reason=ROLLING)  # held while its number is looked at
        return finding if said == finding.message else msgspec.structs.replace(finding, message=said)
    level, fails_ms = scene.fails_at(since_ms + int(fails_s * 1000))
    if finding.level is Level.FAILING and finding.reason != OUT_WHILE_ROLLING:
        return msgspec.structs.replace(finding, message=NOBODY + said, is_out=level is Level.FAILING)
    workload = rollout.workload
    look = finding.look or f"pods of the old revision, and events of {workload.kind} {workload.name}"
    said = NOBODY + said
    return Finding(
        level=level, reason=OUT_WHILE_ROLLING, message=said, look=look, fails_ms=fails_ms, is_out=level is Level.FAILING
    )


def _out_since_ms(finding: Finding, rollout: Rollout, scene: Scene, goes_on: bool) -> int | None:
    """Return since when nothing is available of a service of which something was after its rollout began."""
    workload, before = rollout.workload, rollout.before
    if not scene.rolling or scene.ends or finding.level in DONE_LEVELS or workload.deleting_ms is not None:
        return None
    known = scene.known_since if goes_on else {}
    changed = before is not None and not goes_on
    unseen = (changed or _CHANGED in known) and not is_observed(workload) and finding.reason in _UNSEEN
    if unseen:
        scene.since[_CHANGED] = known.get(_CHANGED, scene.now_ms)
    old = [pod for pod in rollout.all_pods if (unseen or pod.revision != rollout.revision) and is_live(pod)]
    lost_ms = max(_lost_ms(old, () if unseen else rollout.pods), default=scene.now_ms)
    was_out = _OUT in known or (goes_on and before is not None and before.is_out)
    if unseen and (_WAS_DOWN in known or (changed and was_down(before))):
        scene.since[_WAS_DOWN] = known.get(_WAS_DOWN, scene.now_ms)
        was_out = was_out or finding.reason == NOT_OBSERVED  # what was to mend it is not even begun
    served = _SERVED in known or (before is not None and (before.available > 0 or before.ready > 0))
    if not (served or was_out) and (before is None or (goes_on and not known)):
        served = lost_ms > (scene.started_ms or 0)  # nobody remembers: the pods tell
    mark = _SERVED if served or was_out or not rollout.is_out else _BEGAN_DOWN
    scene.since[mark] = known.get(mark, scene.now_ms)
    if mark == _BEGAN_DOWN or not rollout.is_out or not desired_of(workload):
        return None
    if workload.paused or (workload.strategy == "Recreate" and not unseen):
        return None  # these have limits of their own
    if all(pod.name in scene.lost for pod in old) and (old or not (was_out or unseen)):
        return None  # nothing is known of them, or the rollout has taken them
    since_ms = scene.since[_OUT] = known.get(_OUT, min(lost_ms, scene.now_ms))
    return since_ms


def _lost_ms(old: Iterable[Pod], new: Iterable[Pod]) -> Iterable[int]:
    """Yield when pods that serve no more were lost; a new one counts that was ready."""
    for pod in old:
        yield pod.ready_changed_ms or pod.created_ms or 0
    for pod in new:
        made_ms = max(pod.created_ms or 0, pod.scheduled_changed_ms or 0)
        if pod.ready_changed_ms is not None and pod.ready_changed_ms > made_ms + SETTLE_MS:
            yield pod.ready_changed_ms
