"""A service that goes down while a rollout is under way: the same clock as at rest, told beside the rollout's state.

What a rollout takes away itself is no outage: it needs pods of the old revision that are to serve still, and do not.
"""

from collections.abc import Iterable

import msgspec

from statusdesk.facts import Pod
from statusdesk.judge.pods import is_live
from statusdesk.judge.rollout_counts import DONE_LEVELS, OUT_WHILE_ROLLING, ROLLING, desired_of, is_degraded
from statusdesk.judge.rollout_memory import SETTLE_MS
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level

_SAID = "no pod is available, "
_RESTS = (*DONE_LEVELS, Level.PAUSED)


def with_rolling_outage(finding: Finding, rollout: Rollout, scene: Scene, *, goes_on: bool) -> tuple[Finding, bool]:
    """Return the finding with an outage that began under way, and whether it has lasted for as long as fails.

    ``goes_on``: it is the rollout of the previous verdict. One that fails stays so; anything else is less than that.
    """
    since_ms = _out_since_ms(finding, rollout, scene, goes_on)
    if is_degraded(finding.reason):
        return finding, False  # it is the service that is judged
    warns_s, fails_s = scene.thresholds.unavailable_warn_s, scene.thresholds.unavailable_fail_s
    said = finding.message.removeprefix(_SAID)  # as it was held
    if since_ms is None or not scene.reached(since_ms + int(warns_s * 1000)):
        if finding.reason == OUT_WHILE_ROLLING:
            finding = Finding(level=Level.PROGRESSING, reason=ROLLING)  # held while its number is looked at
        return msgspec.structs.replace(finding, message=said), False
    level, fails_ms = scene.fails_at(since_ms + int(fails_s * 1000))
    fails = level is Level.FAILING
    if finding.level is Level.FAILING and finding.reason != OUT_WHILE_ROLLING:
        return msgspec.structs.replace(finding, message=_SAID + said), fails
    workload = rollout.workload
    look = finding.look or f"pods of the old revision, and events of {workload.kind} {workload.name}"
    out = Finding(level=level, reason=OUT_WHILE_ROLLING, message=_SAID + said, look=look, fails_ms=fails_ms)
    return out, fails


def _out_since_ms(finding: Finding, rollout: Rollout, scene: Scene, goes_on: bool) -> int | None:
    """Return since when nothing is available of a service of which something was after its rollout began."""
    workload, before = rollout.workload, rollout.before
    known = scene.known_since if goes_on else {}
    if not scene.rolling or scene.ends or finding.level in _RESTS or workload.deleting_ms is not None:
        return None
    served = "served" in known or (before is not None and (before.available > 0 or before.ready > 0))
    if served or not rollout.is_out:
        scene.since["served"] = known.get("served", scene.now_ms)
    if not rollout.is_out or not desired_of(workload) or workload.paused or workload.strategy == "Recreate":
        return None
    old = [pod for pod in rollout.all_pods if pod.revision != rollout.revision and is_live(pod)]
    if not old or all(pod.name in scene.lost for pod in old):
        return None  # the rollout has taken them, or nothing is known of them
    lost_ms = max(_lost_ms(old, rollout.pods), default=scene.now_ms)
    was_out = goes_on and before is not None and before.is_out
    if not (served or was_out or (not known and lost_ms > (scene.started_ms or 0))):
        return None
    since_ms = scene.since["out"] = known.get("out", min(lost_ms, scene.now_ms))
    return since_ms


def _lost_ms(old: Iterable[Pod], new: Iterable[Pod]) -> Iterable[int]:
    """Yield when pods that serve no more were lost; a new one counts that was ready."""
    for pod in old:
        yield pod.ready_changed_ms or pod.created_ms or 0
    for pod in new:
        made_ms = max(pod.created_ms or 0, pod.scheduled_changed_ms or 0)
        if pod.ready_changed_ms is not None and pod.ready_changed_ms > made_ms + SETTLE_MS:
            yield pod.ready_changed_ms
