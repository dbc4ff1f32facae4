"""What is seen of a workload at one moment, made into what a verdict is about and what its pods are held against."""

from collections.abc import Sequence

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Event, LogTail, Pod, Workload
from statusdesk.judge.pods import is_observed
from statusdesk.judge.rollout_counts import (
    JOB_KINDS,
    began_ms,
    deadline_s,
    desired_of,
    is_complete,
    progress_ms,
    seen_began_ms,
)
from statusdesk.judge.rollout_events import scaled_up
from statusdesk.judge.rollout_held import named_before
from statusdesk.judge.rollout_memory import Lasts, Memory, pasts_of
from statusdesk.judge.rollout_nodes import lost_pods
from statusdesk.judge.rollout_pulls import pulls_of
from statusdesk.judge.rollout_scaling import added_pods, fresh_pods, is_scaling, owed_of
from statusdesk.judge.rollout_scene import USUAL_DEADLINE_S, Scene
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.judge.rollout_waits import waits_of
from statusdesk.states import RolloutState

_NONE: frozenset[str] = frozenset()


class Sight(msgspec.Struct, frozen=True, gc=False):
    """What is seen of a workload at one moment, and what was known of it: see ``rollouts.judge_rollout``."""

    workload: Workload
    pods: tuple[Pod, ...]
    before: RolloutState | None
    thresholds: RolloutThresholds
    now_ms: int
    events: Sequence[Event]
    memory: Memory | None
    looked_ms: int | None
    tail: LogTail | None
    told_ms: int


def begun_ms(sight: Sight, new_pods: tuple[Pod, ...], completed: bool) -> int:
    """Return when a rollout of which nobody noted that began, as far as what is seen tells."""
    if sight.before is None:
        return began_ms(sight.workload, sight.pods, new_pods, completed, sight.now_ms)
    looked_ms = sight.looked_ms if sight.looked_ms is not None else sight.before.level_since_ms
    return seen_began_ms(sight.workload, new_pods, looked_ms or sight.now_ms, sight.told_ms)


def rollout_of(
    sight: Sight,
    scene: Scene,
    revision: str,
    live: tuple[Pod, ...],
    held: tuple[Pod, ...],
    *,
    completed: bool,
    calm: bool,
) -> Rollout:
    """Return what the verdict is about; ``live``: pods of the revision, ``held``: those of the old one that stay."""
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


def scene_of(sight: Sight, started_ms: int, *, rolling: bool, calm: bool) -> Scene:
    """Return what its pods are held against."""
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
