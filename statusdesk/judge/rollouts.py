"""Rollouts: level, reason and sentence of a workload, from counts, conditions and the pods of its new revision."""

import operator
from collections.abc import Sequence

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Event, LogTail, Pod, Revision, Workload
from statusdesk.judge.pods import are_calm, is_live, of_new_revision
from statusdesk.judge.rollout_beginning import trouble_began_ms
from statusdesk.judge.rollout_counts import DONE_LEVELS, JOB_KINDS, template_changed, was_completed
from statusdesk.judge.rollout_due import has_come_through, held_pods
from statusdesk.judge.rollout_held import named_now
from statusdesk.judge.rollout_latch import hold
from statusdesk.judge.rollout_memory import Memory, PodPast
from statusdesk.judge.rollout_old import hold_old, with_old
from statusdesk.judge.rollout_outage import with_rolling_outage
from statusdesk.judge.rollout_scene import Finding, Scene
from statusdesk.judge.rollout_short import held_outage
from statusdesk.judge.rollout_sight import Sight, begun_ms, rollout_of, scene_of
from statusdesk.judge.rollout_stale import current, noted
from statusdesk.judge.rollout_standing import of_standing
from statusdesk.judge.rollout_state import state_of
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.judge.rollout_under_way import since_when_rolling_ms
from statusdesk.judge.rollout_unremarkable import unremarkable, well_as_before
from statusdesk.states import Level, RolloutState

_NAME = operator.attrgetter("name")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``look_again_ms``: when time alone may change the verdict. ``new_revision``: the hash of the new pods.

    ``memory``: what to hand in at the next judgement of the same workload, as long as the process lives.
    ``began_ms``: since when a rollout has been in trouble that is seen for the first time; else None (now).
    """

    state: RolloutState
    look_again_ms: int | None = None
    new_revision: str = ""
    memory: Memory | None = None
    began_ms: int | None = None


def judge_rollout(
    workload: Workload,
    pods: Sequence[Pod],
    before: RolloutState | None,
    thresholds: RolloutThresholds,
    now_ms: int,
    *,
    events: Sequence[Event] = (),
    revisions: Sequence[Revision] = (),
    memory: Memory | None = None,
    looked_ms: int | None = None,
    tail: LogTail | None = None,
    told_ms: int | None = None,
) -> Verdict:
    """Judge a workload with all its pods; ``before`` is the previous verdict, which holds what must not flicker.

    ``events`` and ``revisions`` are those looked up for it, where they are known. ``looked_ms``: when it had last been
    looked at before it was seen to be as it is. ``tail``: what an init container that runs for long said last.
    ``told_ms``: the moment now, where ``now_ms`` is one before, until which all is known: what is told late came since.
    """
    if before is not None and before.level is Level.OK:
        revision = unremarkable(workload, pods, before, thresholds, now_ms)
        if revision is not None:
            return Verdict(state=well_as_before(workload, before), new_revision=revision, memory=memory)
    asked = (before, thresholds, now_ms, events, memory, looked_ms, tail, now_ms if told_ms is None else told_ms)
    if workload.kind in JOB_KINDS:
        return _judge(Sight(workload, tuple(pods), *asked), ("", tuple(pods)))
    now = current(workload, pods, before, memory, now_ms)
    found = of_new_revision(now.workload, pods, revisions, now.undone)
    verdict = _judge(Sight(now.workload, tuple(pods), *asked), found, now.awaits)
    if now.note is None:
        return verdict
    completed = was_completed(now.workload, before, memory, now_ms)
    state = msgspec.structs.replace(verdict.state, conditions=workload.conditions)
    return msgspec.structs.replace(verdict, state=state, memory=noted(verdict.memory, now, completed, now_ms))


def _judge(sight: Sight, new: tuple[str, tuple[Pod, ...]], awaits: bool = False) -> Verdict:
    """Return the verdict of what is seen; ``new``: the newest revision's hash, and its pods."""
    workload, pods, before = sight.workload, sight.pods, sight.before
    revision, new_pods = new
    calm = are_calm(pods)
    live = new_pods if calm else tuple(filter(is_live, new_pods))
    held = held_pods(workload, pods, revision)
    well = not awaits and was_completed(workload, before, sight.memory, sight.now_ms)
    completed = has_come_through(workload, pods, live, held, well)
    same_revision = before is not None and before.revision == workload.revision
    # the first event of a rollout still bears the number of the revision before
    goes_on = same_revision and not template_changed(workload, before)
    started_ms = before.started_ms if before is not None and goes_on else workload.started_ms
    if started_ms is None:
        started_ms = begun_ms(sight, new_pods, completed)
    scene = scene_of(sight, started_ms, rolling=not completed, calm=calm)
    rollout = rollout_of(sight, scene, revision, live, held, completed=completed, calm=calm)
    finding = of_standing(rollout, scene)
    if goes_on and not scene.ends:
        finding = _latched(finding, rollout, scene)
    finding = with_old(finding, rollout, scene)
    finding = with_rolling_outage(finding, rollout, scene, goes_on=goes_on)
    new_ready = sum(pod.ready for pod in live)
    rolling_since_ms = since_when_rolling_ms(
        workload, finding, scene, before, new_ready, goes_on=goes_on, was_completed=well
    )
    state = state_of(rollout, finding, scene, rolling_since_ms)
    again_ms = min([moment for moment in scene.looks if moment > sight.now_ms], default=None)
    kept = _remembered(rollout, finding, scene)
    trouble_ms = trouble_began_ms(workload, pods, state, sight.now_ms) if before is None else None
    return Verdict(state=state, look_again_ms=again_ms, new_revision=revision, memory=kept, began_ms=trouble_ms)


def _remembered(rollout: Rollout, finding: Finding, scene: Scene) -> Memory | None:
    """Return what the next judgement has to know and the verdict does not say."""
    pasts: tuple[PodPast, ...] = ()
    if scene.pasts:
        pasts = tuple(sorted(scene.pasts.values(), key=_NAME))
    done = finding.level in DONE_LEVELS
    if done and not pasts and not scene.since and finding.level is not Level.SCALING:
        return None  # the verdict says it all
    workload = rollout.workload
    return Memory(
        workload.revision,
        rollout.completed or (done and finding.level is not Level.SCALING),
        rollout.scaling,
        tuple(scene.since.items()),
        pasts,
        rollout.owed if rollout.scaling else 0,
        tuple(scene.pulls.items()),
        named_now(finding, rollout.service, scene),
    )


def _latched(finding: Finding, rollout: Rollout, scene: Scene) -> Finding:
    finding = hold(finding, rollout, scene)
    finding = hold_old(finding, rollout.before, rollout, scene)
    return held_outage(finding, rollout)
