"""When what a cluster tells of has happened by our clock: its stamps, held against the moments at which we saw them.

An API server, its controllers and each node stamp by clocks of their own, of which the header ``Date`` says nothing
where a proxy writes it. What was not there when we last looked cannot have happened before that, nor after we see it,
and nothing happens to a pod before it is made. Stamps that agree with this to some seconds are kept as they are; of
what was there before we began only they tell.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import msgspec

from statusdesk.facts import Changed, Container, Event, Pod, Swept, Workload
from statusdesk.judge.rollout_counts import JOB_KINDS

SAME_MS = 5000  # whole seconds, the way to us, and a kubelet that tells what it did a little later
SAMPLES = 32
SAMPLED_MS = 600_000
PLACES_KEPT = 10_000  # of those beyond, the oldest are taken to be scopes that are not there any more

Key = tuple[str, ...]


def is_made_since(workload: Workload, looked_ms: int | None) -> bool:
    """Return whether a workload was made after the moment at which its source was last read; Jobs are made by many."""
    if looked_ms is None or workload.created_ms is None or workload.kind in JOB_KINDS:
        return False
    return workload.created_ms >= looked_ms - SAME_MS


class Seeing(NamedTuple):
    """When something was seen, and when we had last looked before that; None when never."""

    at_ms: int
    looked_ms: int | None = None


class _Shifted(NamedTuple):
    """An object of which some stamps are told otherwise: ``created_ms`` as it is stamped, and stamp -> our time."""

    uid: str
    created_ms: int | None
    told: dict[int, int]


class _Telling:
    """Tells the stamps of one object. ``known``: those of before; ``told``: those that are told otherwise."""

    def __init__(self, known: frozenset[int | None], told: dict[int, int], seeing: Seeing) -> None:
        self._known = known
        self._at_ms = seeing.at_ms
        self._looked_ms = seeing.looked_ms
        self.told = told

    def tell(self, stamp_ms: int | None, floor_ms: int | None = None, *, later_ms: int = 0) -> int | None:
        """Return when it was, not before ``floor_ms``; ``later_ms``: how far ahead it is stamped on purpose."""
        if stamp_ms is None:
            return None
        if (again_ms := self.told.get(stamp_ms)) is not None:
            return again_ms
        told_ms = stamp_ms
        if stamp_ms not in self._known:
            told_ms = min(stamp_ms, self._at_ms + later_ms)
            if self._looked_ms is not None and told_ms < self._looked_ms + later_ms - SAME_MS:
                told_ms = self._looked_ms + later_ms
        if floor_ms is not None:
            told_ms = max(told_ms, floor_ms)
        if told_ms != stamp_ms:
            self.told[stamp_ms] = told_ms
        return told_ms


class Stamps:
    """Tells the times of workloads and pods in our clock, and remembers which of them are not as they are stamped."""

    def __init__(self) -> None:
        self._shifted: dict[Key, _Shifted] = {}
        self._looked: OrderedDict[tuple[str, str, str], int] = OrderedDict()  # those looked at last at the end
        self._samples: dict[str, deque[tuple[int, int]]] = {}

    def sweeps(self, swept: Swept) -> Seeing:
        """Return how the facts of a sweep are seen; what is new in it has happened since the one before."""
        place = (swept.source, swept.subkind or swept.kind.__name__, swept.scope)
        looked_ms = self._looked.get(place)
        if swept.over:
            self._looked.pop(place, None)
        else:
            self._look(place, swept.started_ms)
        return Seeing(swept.at_ms, None if looked_ms is None else min(looked_ms, swept.at_ms))

    def changes(self, changed: Changed) -> Seeing:
        """Return how the facts of a change are seen: they have happened since the stream was last heard.

        A watch that was cut, or a process that slept, goes on where it was, and tells late what happened meanwhile.
        """
        seen = cast(tuple[Workload | Pod, ...], changed.seen)
        pods = changed.kind.__name__ if changed.kind is Pod else ""
        for kind, namespace in {(pods or cast(Workload, fact).kind, fact.namespace) for fact in seen}:
            place = (changed.source, kind, "")
            self._look(place if place in self._looked else (changed.source, kind, namespace), changed.at_ms)
        heard_ms = changed.heard_ms if changed.heard_ms is not None else changed.at_ms
        return Seeing(changed.at_ms, min(heard_ms, changed.at_ms))

    def _look(self, place: tuple[str, str, str], at_ms: int) -> None:
        self._looked[place] = at_ms
        self._looked.move_to_end(place)
        if len(self._looked) > PLACES_KEPT:
            self._looked.popitem(last=False)

    def restamp(self, step_ms: int) -> None:
        """Move all that was seen with our clock, which was set: so are the stamps that are told in it from now on."""
        self._shifted = {
            key: _Shifted(
                each.uid,
                each.created_ms + step_ms if each.created_ms is not None else None,
                {stamp_ms + step_ms: told_ms + step_ms for stamp_ms, told_ms in each.told.items()},
            )
            for key, each in self._shifted.items()
        }
        for place in self._looked:
            self._looked[place] += step_ms
        for samples in self._samples.values():
            known = [(seen_ms + step_ms, age_ms) for seen_ms, age_ms in samples]
            samples.clear()
            samples.extend(known)

    def forget(self, key: Key) -> None:
        """Take note that an object has gone."""
        self._shifted.pop(key, None)

    def pod(self, pod: Pod, before: Pod | None, seeing: Seeing) -> Pod:
        """Return a pod with its times in our clock; ``before`` is what this told of it the last time."""
        if before is not None and before.uid != pod.uid:
            before = None
        if self._may_be_plain(pod, before, seeing) and _is_plain_pod(pod, before, seeing):
            return pod
        stamps = _of_pod(pod)
        telling = self._telling(pod, before, frozenset(_of_pod(before)) if before is not None else None, seeing)
        created_ms = telling.tell(pod.created_ms)
        grace_ms = 1000 * (pod.grace_s or 0)
        deleting_ms = telling.tell(pod.deleting_ms, later_ms=grace_ms)
        ready_ms = telling.tell(pod.ready_changed_ms, created_ms)
        scheduled_ms = telling.tell(pod.scheduled_changed_ms, created_ms)
        containers = [_retold(container, telling, created_ms) for container in pod.containers]
        if not self._keep(pod, stamps, telling):
            return pod
        return msgspec.structs.replace(
            pod,
            created_ms=created_ms,
            deleting_ms=deleting_ms,
            ready_changed_ms=ready_ms,
            scheduled_changed_ms=scheduled_ms,
            containers=tuple(containers),
        )

    def workload(self, workload: Workload, before: Workload | None, seeing: Seeing) -> Workload:
        """Return a workload with its times in our clock; ``before`` is what this told of it the last time."""
        if before is not None and before.uid != workload.uid:
            before = None
        if self._may_be_plain(workload, before, seeing) and _is_plain_workload(workload, before, seeing):
            return workload
        stamps, known = _of_workload(workload), frozenset(_of_workload(before)) if before is not None else None
        telling = self._telling(workload, before, known, seeing)
        created_ms = telling.tell(workload.created_ms)
        started_ms = telling.tell(workload.started_ms, created_ms)
        conditions = [
            msgspec.structs.replace(
                one, updated_ms=telling.tell(one.updated_ms), changed_ms=telling.tell(one.changed_ms)
            )
            for one in workload.conditions
        ]
        if not self._keep(workload, stamps, telling):
            return workload
        return msgspec.structs.replace(
            workload, created_ms=created_ms, started_ms=started_ms, conditions=tuple(conditions)
        )

    def events(self, cluster: str, events: Iterable[Event], at_ms: int) -> tuple[Event, ...]:
        """Return events, which are asked for and not seen to happen, by how far the cluster's stamps are off."""
        drift_ms = self._drift_ms(cluster, at_ms)
        if not drift_ms:
            return tuple(events)
        return tuple(
            msgspec.structs.replace(
                one,
                first_ms=one.first_ms + drift_ms if one.first_ms is not None else None,
                last_ms=one.last_ms + drift_ms if one.last_ms is not None else None,
            )
            for one in events
        )

    def _may_be_plain(self, fact: Pod | Workload, before: Pod | Workload | None, seeing: Seeing) -> bool:
        """Return whether nothing of an object is told otherwise so far, and nobody learns from when it came."""
        if self._shifted and fact.key in self._shifted:
            return False
        return before.created_ms == fact.created_ms if before is not None else seeing.looked_ms is None

    def _telling(
        self, fact: Pod | Workload, before: Pod | Workload | None, known: frozenset[int | None] | None, seeing: Seeing
    ) -> _Telling:
        if before is None or known is None:
            return _Telling(frozenset(), {}, self._first_seen(fact, seeing))
        shifted = self._shifted.get(fact.key)
        told = shifted.told if shifted is not None else {}
        created_ms = shifted.created_ms if shifted is not None else before.created_ms
        # a creation is stamped once: where it has moved, the clock was found to be off, and all stamps have moved
        moved_ms = (fact.created_ms or 0) - (created_ms or 0)
        if moved_ms:
            known = frozenset(stamp_ms + moved_ms for stamp_ms in known if stamp_ms is not None)
            told = {stamp_ms + moved_ms: told_ms for stamp_ms, told_ms in told.items()}
        return _Telling(known, dict(told), seeing)

    def _keep(self, fact: Pod | Workload, stamps: Iterable[int | None], telling: _Telling) -> bool:
        """Keep what is told otherwise as long as it is stamped so; return whether there is anything."""
        told = {stamp: telling.told[stamp] for stamp in stamps if stamp is not None and stamp in telling.told}
        if told:
            self._shifted[fact.key] = _Shifted(fact.uid, fact.created_ms, told)
        else:
            self._shifted.pop(fact.key, None)
        return bool(told)

    def _first_seen(self, fact: Pod | Workload, seeing: Seeing) -> Seeing:
        """Return how to see what came into sight; what others show to be old by its clock is as one of a first list."""
        if seeing.looked_ms is None or fact.created_ms is None:
            return seeing
        age_ms, late_ms = seeing.at_ms - fact.created_ms, seeing.at_ms - seeing.looked_ms
        if late_ms <= SAME_MS:  # else it may be as old as that, whatever the clocks say
            self._samples.setdefault(fact.cluster, deque(maxlen=SAMPLES)).append((seeing.at_ms, age_ms))
        least = self._least_ages_ms(fact.cluster, seeing.at_ms)[:1]
        return Seeing(seeing.at_ms) if least and age_ms > least[0] + late_ms + SAME_MS else seeing

    def _least_ages_ms(self, cluster: str, at_ms: int) -> list[int]:
        """Return by their stamps the ages at which things have lately come into sight, the least first."""
        return sorted(age_ms for seen_ms, age_ms in self._samples.get(cluster, ()) if seen_ms > at_ms - SAMPLED_MS)

    def _drift_ms(self, cluster: str, at_ms: int) -> int:
        """Return what to add to a cluster's stamps: what was seen to be made is at most that much older than stamped.

        One old thing that comes into sight says nothing: two must agree.
        """
        least = self._least_ages_ms(cluster, at_ms)[:2]
        if len(least) < 2 or least[1] - least[0] > SAME_MS or abs(least[0]) <= SAME_MS:
            return 0
        return least[0]


def _is_plain_pod(pod: Pod, before: Pod | None, seeing: Seeing) -> bool:
    """Return whether all stamps of a pod are told as they are: those of before, and new ones that can be right.

    What ``_Telling`` comes to for nearly every pod, at a fraction of the cost.
    """
    at_ms, created_ms = seeing.at_ms, pod.created_ms or 0
    if before is None:
        least_ms = created_ms
        if created_ms > at_ms or pod.deleting_ms is not None:
            return False
        ready_ms = scheduled_ms = None
        known: Sequence[Container] = ()
    else:
        least_ms = max(created_ms, (seeing.looked_ms or 0) - SAME_MS)
        if pod.deleting_ms != before.deleting_ms or len(pod.containers) != len(before.containers):
            return False
        ready_ms, scheduled_ms, known = before.ready_changed_ms, before.scheduled_changed_ms, before.containers
    stamp_ms = pod.ready_changed_ms
    if stamp_ms is not None and stamp_ms != ready_ms and not least_ms <= stamp_ms <= at_ms:
        return False
    stamp_ms = pod.scheduled_changed_ms
    if stamp_ms is not None and stamp_ms != scheduled_ms and not least_ms <= stamp_ms <= at_ms:
        return False
    for index, one in enumerate(pod.containers):
        old = known[index] if known else None
        stamp_ms = one.since_ms
        if stamp_ms is not None and not least_ms <= stamp_ms <= at_ms and (old is None or stamp_ms != old.since_ms):
            return False
        stamp_ms = one.last_finished_ms
        if stamp_ms is None or least_ms <= stamp_ms <= at_ms:
            continue
        if old is None or stamp_ms != old.last_finished_ms:
            return False
    return True


def _is_plain_workload(workload: Workload, before: Workload | None, seeing: Seeing) -> bool:
    """Return the same of a workload: of its stamps only the start has a floor."""
    at_ms, least_ms = seeing.at_ms, (seeing.looked_ms or 0) - SAME_MS
    if before is None:
        if (workload.created_ms or 0) > at_ms:
            return False
        started_ms, known = None, frozenset[int | None]()
    else:
        started_ms, known = before.started_ms, frozenset(_of_workload(before))
    started, floor_ms = workload.started_ms, max(least_ms, workload.created_ms or 0)
    if started is not None and started != started_ms and not floor_ms <= started <= at_ms:
        return False
    for one in workload.conditions:
        for stamp_ms in (one.updated_ms, one.changed_ms):
            if stamp_ms is not None and not least_ms <= stamp_ms <= at_ms and stamp_ms not in known:
                return False
    return True


def _of_pod(pod: Pod) -> list[int | None]:
    stamps = [pod.created_ms, pod.deleting_ms, pod.ready_changed_ms, pod.scheduled_changed_ms]
    for container in pod.containers:
        stamps += (container.since_ms, container.last_finished_ms)
    return stamps


def _retold(container: Container, telling: _Telling, created_ms: int | None) -> Container:
    since_ms = telling.tell(container.since_ms, created_ms)
    finished_ms = telling.tell(container.last_finished_ms, created_ms)
    if since_ms == container.since_ms and finished_ms == container.last_finished_ms:
        return container
    return msgspec.structs.replace(container, since_ms=since_ms, last_finished_ms=finished_ms)


def _of_workload(workload: Workload) -> list[int | None]:
    stamps = [workload.created_ms, workload.started_ms]
    for condition in workload.conditions:
        stamps += (condition.updated_ms, condition.changed_ms)
    return stamps
