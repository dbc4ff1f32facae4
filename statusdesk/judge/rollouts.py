"""Rollouts: level, reason and sentence of a workload, from counts, conditions and the pods of its new revision."""

import operator
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Event, LogTail, Pod, Revision, Workload
from statusdesk.judge.pods import are_calm, is_live, is_observed, of_new_revision
from statusdesk.judge.rollout_beginning import trouble_began_ms
from statusdesk.judge.rollout_counts import (
    DONE_LEVELS,
    JOB_KINDS,
    began_ms,
    deadline_ms,
    deadline_s,
    desired_of,
    digest_of,
    is_complete,
    passed_over,
    progress_ms,
    seen_began_ms,
    template_changed,
    version_of_old,
    was_completed,
)
from statusdesk.judge.rollout_due import has_come_through, held_pods
from statusdesk.judge.rollout_events import scaled_up
from statusdesk.judge.rollout_held import named_before, named_now
from statusdesk.judge.rollout_latch import hold
from statusdesk.judge.rollout_memory import Lasts, Memory, PodPast, pasts_of
from statusdesk.judge.rollout_nodes import evicted_from, lost_nodes, lost_pods
from statusdesk.judge.rollout_old import hold_old, with_old
from statusdesk.judge.rollout_outage import with_rolling_outage
from statusdesk.judge.rollout_pulls import pulls_of
from statusdesk.judge.rollout_scaling import added_pods, fresh_pods, is_scaling, owed_of
from statusdesk.judge.rollout_scene import USUAL_DEADLINE_S, Finding, Scene
from statusdesk.judge.rollout_short import held_outage
from statusdesk.judge.rollout_stale import current, noted
from statusdesk.judge.rollout_standing import of_standing
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.judge.rollout_under_way import since_when_rolling_ms
from statusdesk.judge.rollout_waits import waits_of
from statusdesk.judge.soaking import well_since_ms
from statusdesk.states import RESTING, Level, RolloutState

_NONE: frozenset[str] = frozenset()
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


class Sight(msgspec.Struct, frozen=True, gc=False):
    """What is seen of a workload at one moment, and what was known of it: see ``judge_rollout``."""

    workload: Workload
    pods: tuple[Pod, ...]
    before: RolloutState | None
    thresholds: RolloutThresholds
    now_ms: int
    events: Sequence[Event]
    memory: Memory | None
    looked_ms: int | None
    tail: LogTail | None


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
) -> Verdict:
    """Judge a workload with all its pods; ``before`` is the previous verdict, which holds what must not flicker.

    ``events`` and ``revisions`` are those looked up for it, where they are known. ``looked_ms``: when it had last been
    looked at before it was seen to be as it is. ``tail``: what an init container that runs for long said last.
    """
    if before is not None and before.level is Level.OK:
        revision = _unremarkable(workload, pods, before, thresholds, now_ms)
        if revision is not None:
            return Verdict(state=_as_before(workload, before), new_revision=revision, memory=memory)
    asked = (before, thresholds, now_ms, events, memory, looked_ms, tail)
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


def _unremarkable(
    workload: Workload, pods: Sequence[Pod], before: RolloutState, thresholds: RolloutThresholds, now_ms: int
) -> str | None:
    """Return the hash of the pods when nothing can have changed for the worse, else None (then judge in full)."""
    desired = workload.desired
    if (
        not desired
        or desired != before.desired
        or workload.updated != desired
        or workload.replicas != desired
        or workload.ready != desired
        or workload.available != desired
        or workload.observed_generation != workload.generation
        or workload.revision != before.revision
        or workload.version != before.version
        or workload.image != before.image
        or workload.paused
        or workload.deleting_ms is not None
    ):
        return None
    for condition in workload.conditions:
        if condition.status != "True" or condition.type == "ReplicaFailure":
            return None
    settled_ms = now_ms - int(max(thresholds.latch_s, workload.min_ready_s) * 1000)
    revision = ""
    for pod in pods:
        if pod.deleting_ms is not None:
            return None  # it may be stuck
        if not pod.ready or pod.ready_changed_ms is None or pod.ready_changed_ms > settled_ms:
            return None
        if pod.revision != revision:
            if revision:
                return None
            revision = pod.revision
    return revision or None


def _as_before(workload: Workload, before: RolloutState) -> RolloutState:
    return RolloutState(
        key=before.key,
        cluster=before.cluster,
        namespace=before.namespace,
        kind=before.kind,
        name=before.name,
        app=workload.app,
        level=before.level,
        reason=before.reason,
        message=before.message,
        version=before.version,
        revision=before.revision,
        image=before.image,
        digest=before.digest,
        previous_version=before.previous_version,
        desired=before.desired,
        updated=workload.updated,
        ready=workload.ready,
        available=workload.available,
        started_ms=before.started_ms,
        version_since_ms=before.version_since_ms,
        build=workload.build,
        init_ms=before.init_ms,
        well_since_ms=before.well_since_ms,
    )


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
        started_ms = _began_ms(sight, new_pods, completed)
    scene = _scene(sight, started_ms, rolling=not completed, calm=calm)
    rollout = _rollout(sight, scene, revision, live, held, completed=completed, calm=calm)
    finding = of_standing(rollout, scene)
    if goes_on and not scene.ends:
        finding = _latched(finding, rollout, scene)
    finding = with_old(finding, rollout, scene)
    finding = with_rolling_outage(finding, rollout, scene, goes_on=goes_on)
    new_ready = sum(pod.ready for pod in live)
    rolling_since_ms = since_when_rolling_ms(
        workload, finding, scene, before, new_ready, goes_on=goes_on, was_completed=well
    )
    state = _state(rollout, finding, scene, rolling_since_ms)
    again_ms = min([moment for moment in scene.looks if moment > sight.now_ms], default=None)
    kept = _remembered(rollout, finding, scene)
    trouble_ms = trouble_began_ms(workload, pods, state, sight.now_ms) if before is None else None
    return Verdict(state=state, look_again_ms=again_ms, new_revision=revision, memory=kept, began_ms=trouble_ms)


def _began_ms(sight: Sight, new_pods: tuple[Pod, ...], completed: bool) -> int:
    if sight.before is None:
        return began_ms(sight.workload, sight.pods, new_pods, completed, sight.now_ms)
    looked_ms = sight.looked_ms if sight.looked_ms is not None else sight.before.level_since_ms
    return seen_began_ms(sight.workload, new_pods, looked_ms or sight.now_ms, sight.now_ms)


def _rollout(
    sight: Sight,
    scene: Scene,
    revision: str,
    live: tuple[Pod, ...],
    held: tuple[Pod, ...],
    *,
    completed: bool,
    calm: bool,
) -> Rollout:
    workload, before, memory = sight.workload, sight.before, sight.memory
    complete = is_complete(workload)
    scaling = completed and not (complete and is_observed(workload)) and is_scaling(workload, before, memory)
    owed = owed_of(workload, before, memory) if scaling else desired_of(workload)
    fresh = fresh_pods(live, before, sight.looked_ms, scene) if scaling else frozenset()
    return Rollout(
        workload=workload,
        pods=live,
        all_pods=sight.pods,
        held=held,
        revision=revision,
        before=before,
        completed=completed,
        complete=complete,
        calm=calm,
        scaling=scaling,
        owed=owed,
        fresh=fresh,
        added=added_pods(workload, fresh, owed, scene) if scaling else frozenset(),
        events=sight.events,
    )


def _scene(sight: Sight, started_ms: int, *, rolling: bool, calm: bool) -> Scene:
    workload, pods, before, events = sight.workload, sight.pods, sight.before, sight.events
    thresholds, memory, now_ms = sight.thresholds, sight.memory, sight.now_ms
    since: dict[Lasts, int] = {}
    known = dict(memory.since) if memory is not None and memory.revision == workload.revision else {}
    return Scene(
        now_ms=now_ms,
        thresholds=thresholds,
        rolling=rolling,
        started_ms=started_ms,
        progress_ms=progress_ms(workload),
        deadline_s=deadline_s(workload) or USUAL_DEADLINE_S,
        latch_ms=int(max(thresholds.latch_s, workload.min_ready_s) * 1000),
        looks=[],
        since=since,
        known_since=known,
        pasts={} if calm and not (memory is not None and memory.pods) else pasts_of(memory, pods, thresholds, now_ms),
        scaled_up_ms=scaled_up(events) if events else {},
        pulls={} if calm else pulls_of(pods, events, before, memory),
        waits=waits_of(workload, pods, events, before, sight.tail),
        ends=workload.kind in JOB_KINDS,
        all_ready=is_observed(workload) and workload.ready >= workload.replicas >= max(1, desired_of(workload)),
        lost=_NONE if calm else lost_pods(pods, events, known, since, now_ms),
        named=named_before(before, memory, pods, sight.looked_ms),
    )


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


def _state(rollout: Rollout, finding: Finding, scene: Scene, rolling_since_ms: int | None) -> RolloutState:
    workload = rollout.workload
    previous, version_since_ms, digest = _past(rollout, scene)
    resting = finding.level in RESTING
    counting = scene.rolling and not resting and is_observed(workload) and not workload.paused
    state = RolloutState(
        key="/".join(workload.key),
        cluster=workload.cluster,
        namespace=workload.namespace,
        kind=workload.kind,
        name=workload.name,
        app=workload.app,
        level=finding.level,
        reason=finding.reason,
        message=finding.message,
        version=workload.version,
        revision=workload.revision,
        look=finding.look,
        pod=finding.pod,
        container=finding.container,
        exit_code=finding.exit_code,
        image=workload.image,
        digest=digest,
        previous_version=previous,
        desired=desired_of(workload),
        updated=workload.updated,
        ready=workload.ready,
        available=workload.available,
        started_ms=scene.started_ms,
        rolling_since_ms=rolling_since_ms,
        deadline_ms=deadline_ms(workload) if counting else None,
        fails_ms=finding.fails_ms if finding.level is Level.WARNING else None,
        version_since_ms=version_since_ms,
        build=workload.build,
        conditions=() if resting else workload.conditions,
        is_out=finding.is_out,
        found=finding.found,
        well_since_ms=well_since_ms(rollout.before, finding.level, workload, scene.now_ms),
    )
    return _with_pods(state, rollout, scene, counting=counting)


def _with_pods(state: RolloutState, rollout: Rollout, scene: Scene, *, counting: bool) -> RolloutState:
    """Return a state with what the pods tell: how many are ready, how long init containers took, what has gone."""
    evicted = () if rollout.calm else evicted_from(rollout.all_pods)
    all_well = state.level in RESTING or scene.all_ready
    return replace(
        state,
        new_ready=sum(pod.ready for pod in rollout.pods) if counting and not scene.ends else None,
        init_ms=tuple(scene.waits.init_ms.items()),
        evicted=sum(number for _, number in evicted),
        evicted_from=evicted,
        lost=() if all_well else lost_nodes(rollout.all_pods, scene.lost),
    )


def _past(rollout: Rollout, scene: Scene) -> tuple[str, int | None, str]:
    """Return the version before this one, since when this one is here, and its digest (kept while no pod tells it)."""
    workload, before = rollout.workload, rollout.before
    digest = digest_of(workload, rollout.pods)
    if before is None:
        previous = version_of_old(workload, rollout.all_pods, rollout.revision) if rollout.revision else ""
        return "" if previous == workload.version else previous, scene.started_ms, digest
    if before.version != workload.version:
        previous = passed_over(workload, rollout.all_pods, rollout.revision, before.version)
        return previous or before.version or before.previous_version, scene.started_ms, digest
    if not digest and not template_changed(workload, before):
        digest = before.digest
    return before.previous_version, before.version_since_ms, digest
