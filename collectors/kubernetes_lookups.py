"""Lookups in one cluster for rollouts that roll or are not healthy: revisions, events, logs; slowly, one at a time."""

import threading
import time
from collections import OrderedDict
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from collectors.kubernetes_connection import JSON
from collectors.kubernetes_looked_up import (
    EVENTS_PAGE,
    REVISIONS_PAGE,
    event_of,
    log_query,
    log_tail,
    newest_first,
    revision_of,
)
from collectors.kubernetes_problems import ApiProblem, Refused, as_problem, grant
from collectors.kubernetes_remembered import Times
from collectors.kubernetes_shared import Shared
from collectors.kubernetes_standing import NO_ACCESS
from collectors.kubernetes_wire import METADATA_ONLY, ItemT, ListWire
from statusdesk.facts import Changed, Event, LogTail, Revision, Swept
from statusdesk.faults import INTERNAL
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted, Wanted, WorkloadKey, subkind_of

MOST_WAITING = 2_000
EVENTS_KEPT = 60
OBJECTS_ONE_BY_ONE = 6  # more objects of a namespace than this are asked for by one list of its events
PAGES_OF_EVENTS = 6
MOST_PAGES = 40
CROWDED_S = 600.0
TRIES = 3
LOGS, EVENTS, PODS_LOG = 0, "events", "pods/log"
ANY = "*/*"

Key = tuple[object, ...]


class Refusal(NamedTuple):
    """What was told of something that we may not look up, until when that holds, and what to ask then."""

    until_s: float
    told: str
    wanted: Wanted


class Lookups:
    """Answers wants with facts, at most ``Timing.lookups_per_s`` requests a second, in one thread of its own.

    A want that waits already is not taken twice. What a namespace refuses is told once, and asked again after
    ``Timing.relook_s``, also when nobody wants it any more: or a right that was granted would seem to be lacking for
    ever. A failure makes all wait: longer each time, or as long as the server asks for.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._timing = shared.timing
        self._ready = threading.Condition()
        self._waiting: tuple[OrderedDict[Key, Wanted], ...] = (OrderedDict(), OrderedDict(), OrderedDict())
        self._over = False
        self._next_s = 0.0
        self._failures = 0
        self._tries: dict[Key, int] = {}
        self._refused: dict[str, Refusal] = {}
        self._crowded: dict[str, float] = {}
        self._times = Times(shared.api.skew)

    def want(self, wanted: Wanted) -> None:
        """Take a want; called by any thread, returns at once. Too many at once are dropped: who wants asks again."""
        mine, key = self._waiting[_urgency(wanted)], _key(wanted)
        with self._ready:
            if self._over or len(mine) >= MOST_WAITING:
                return
            for queue in self._waiting:
                if queue is not mine:
                    queue.pop(key, None)
            mine[key] = wanted  # the newest question, at the place of the first
            self._ready.notify()

    def end(self) -> None:
        """Stop for good; called by another thread, returns at once."""
        with self._ready:
            self._over = True
            self._ready.notify()

    def run(self) -> None:
        """Answer until ended."""
        while (wanted := self._next()) is not None:
            try:
                self._answer(wanted)
            except Exception as error:  # the edge of one thread: a fault of ours is told and tried again
                self._fails(wanted, as_problem(error))
            else:
                self._failures = 0
                self._tries.pop(_key(wanted), None)

    def _next(self) -> Wanted | None:
        """Wait for the most urgent want; None when ended."""
        with self._ready:
            while not self._over:
                for queue in self._waiting:
                    if queue:
                        return queue.popitem(last=False)[1]
                first = min(self._refused.values(), key=lambda refusal: refusal.until_s, default=None)
                left_s = None if first is None else first.until_s - time.monotonic()
                if first is not None and left_s is not None and left_s <= 0:
                    return first.wanted
                self._ready.wait(left_s)
        return None

    def _pace(self) -> None:
        """Wait for the next request's turn. Raises: ApiProblem when ended."""
        with self._ready:
            while not self._over and (left_s := self._next_s - time.monotonic()) > 0:
                self._ready.wait(left_s)
            if self._over:
                raise ApiProblem("Unreachable", "the collector stops", passing=True)
        self._next_s = time.monotonic() + 1 / self._timing.lookups_per_s

    def _answer(self, wanted: Wanted) -> None:
        """Look up and tell. Raises: ApiProblem."""
        namespace, resource, _ = _place(wanted)
        scope = f"{namespace}/{resource}"
        refusal = self._refused.get(scope)
        if refusal is not None and time.monotonic() < refusal.until_s:
            self._tell_no_log(wanted, refusal.told)
            return
        if isinstance(wanted, LogWanted):
            self._log(wanted)
        elif isinstance(wanted, RevisionsWanted):
            self._revisions(wanted)
        else:
            self._events(wanted)
        self._allows(scope)

    def _allows(self, scope: str) -> None:
        if self._refused.pop(scope, None) is not None:
            self._shared.standing.refuse(scope, "")

    def _refuses(self, scope: str, wanted: Wanted, told: str, again_s: float, problem: str = NO_ACCESS) -> None:
        self._refused[scope] = Refusal(time.monotonic() + again_s, told, wanted)
        self._shared.standing.refuse(scope, told, problem)

    def _fails(self, wanted: Wanted, problem: ApiProblem) -> None:
        """Tell what will not change by asking again; wait and ask again for the rest."""
        namespace, resource, group = _place(wanted)
        if isinstance(problem, Refused):
            title = f"{resource}.{group}" if group else resource
            told = f"{problem.user or 'we'} may not read {title} in {namespace}: {grant(problem.user, namespace)}"
            self._refuses(f"{namespace}/{resource}", wanted, told, self._timing.relook_s)
            self._tell_no_log(wanted, told)
            return
        if problem.status in (400, 404):
            self._allows(f"{namespace}/{resource}")
            gone = f"pod {wanted.pod} has gone" if isinstance(wanted, LogWanted) and problem.status == 404 else ""
            self._tell_no_log(wanted, gone or problem.said or problem.message)
            return
        if problem.problem == INTERNAL:
            again_s = self._timing.backoff_s(problem, self._failures)  # taken back by the next good answer
            self._refuses(f"{namespace}/{resource}", wanted, problem.message, again_s, INTERNAL)
        key = _key(wanted)
        self._failures += 1
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        self._next_s = max(self._next_s, time.monotonic() + self._timing.backoff_s(problem, self._failures))
        if tries < TRIES:
            self.want(wanted)
        else:
            del self._tries[key]
            self._tell_no_log(wanted, problem.message)

    def _tell_no_log(self, wanted: Wanted, problem: str) -> None:
        if isinstance(wanted, LogWanted):
            self._tell_log(log_tail(wanted, self._shared.clock(), problem=problem))

    def _tell_log(self, tail: LogTail) -> None:
        shared = self._shared
        shared.emit(Changed(source=shared.source, kind=LogTail, at_ms=tail.at_ms, seen=(tail,)))

    def _log(self, wanted: LogWanted) -> None:
        namespace, pod = quote(wanted.namespace, safe=""), quote(wanted.pod, safe="")
        self._pace()
        body = self._shared.api.get(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", log_query(wanted), ANY)
        self._tell_log(log_tail(wanted, self._shared.clock(), body))

    def _revisions(self, wanted: RevisionsWanted) -> None:
        """List the revisions of a workload by its selector, and keep those that it owns."""
        cluster, namespace, kind, _ = wanted.workload
        _, resource, _ = _place(wanted)
        started_ms = self._shared.clock()
        path = f"/apis/apps/v1/namespaces/{quote(namespace, safe='')}/{resource}"
        query = [("labelSelector", wanted.selector)] if wanted.selector else []
        # the images of a ControllerRevision are in its data; of a ReplicaSet nothing but metadata is wanted
        accept = METADATA_ONLY if kind == "Deployment" else JSON
        wires, _ = self._list(path, query, REVISIONS_PAGE, MOST_PAGES, accept)
        revisions = [revision_of(cluster, kind, wire, self._times) for wire in wires]
        owned = tuple(one for one in revisions if one.owner_uid == wanted.uid)
        self._tell_sweep(wanted.workload, Revision, owned, started_ms)

    def _list(
        self,
        path: str,
        query: list[tuple[str, str]],
        decoder: msgspec.json.Decoder[ListWire[ItemT]],
        most_pages: int,
        accept: str = JSON,
    ) -> tuple[list[ItemT], bool]:
        """Return the items of the first pages, and whether there are no more. Raises: ApiProblem."""
        items: list[ItemT] = []
        token = ""
        for _ in range(most_pages):
            self._pace()
            more = [("continue", token)] if token else []
            body = self._shared.api.get(path, [*query, ("limit", "500"), *more], accept)
            try:
                page = decoder.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                host = self._shared.api.host
                raise ApiProblem("NotJson", f"{host} answers with something else than a list ({error})") from error
            items += page.items or ()
            if page.metadata.continue_ in ("", token):
                return items, True
            token = page.metadata.continue_
        return items, False

    def _tell_sweep(
        self, workload: WorkloadKey, kind: type, facts: tuple[Event, ...] | tuple[Revision, ...], started_ms: int
    ) -> None:
        shared = self._shared
        shared.emit(
            Swept(
                source=shared.source,
                kind=kind,
                facts=facts,
                started_ms=started_ms,
                at_ms=shared.clock(),
                scope=workload[1],
                subkind=subkind_of(workload),
            )
        )

    def _events(self, wanted: EventsWanted) -> None:
        """Look up the events of a workload; one list of the namespace's events answers many who wait for them."""
        namespace = wanted.workload[1]
        others = self._others(namespace)
        objects = sum(len(other.uids) for other in (wanted, *others))
        if objects <= OBJECTS_ONE_BY_ONE or time.monotonic() < self._crowded.get(namespace, 0.0):
            self._events_one_by_one(wanted)
        elif not self._events_at_once(namespace, [wanted, *others]):
            now_s = time.monotonic()
            self._crowded = {name: until_s for name, until_s in self._crowded.items() if until_s > now_s}
            self._crowded[namespace] = now_s + CROWDED_S
            self._events_one_by_one(wanted)

    def _others(self, namespace: str) -> list[EventsWanted]:
        with self._ready:
            waiting = [one for queue in self._waiting for one in queue.values()]
        return [one for one in waiting if isinstance(one, EventsWanted) and one.workload[1] == namespace]

    def _events_one_by_one(self, wanted: EventsWanted) -> None:
        started_ms, found = self._shared.clock(), list[Event]()
        for uid in wanted.uids:
            found += self._events_of(wanted.workload[1], [("fieldSelector", f"involvedObject.uid={uid}")], {uid}, 1)[0]
        self._tell_events(wanted, found, started_ms)

    def _events_at_once(self, namespace: str, wanting: list[EventsWanted]) -> bool:
        """List all events of a namespace for all who want some; False when there are too many of them."""
        started_ms = self._shared.clock()
        uids = {uid for wanted in wanting for uid in wanted.uids}
        found, whole = self._events_of(namespace, [], uids, PAGES_OF_EVENTS)
        if not whole:
            return False
        by_object: dict[str, list[Event]] = {}
        for event in found:
            by_object.setdefault(event.object_uid, []).append(event)
        for wanted in wanting:
            with self._ready:
                self._waiting[_urgency(wanted)].pop(_key(wanted), None)
            self._tell_events(wanted, [one for uid in wanted.uids for one in by_object.get(uid, ())], started_ms)
        return True

    def _events_of(
        self, namespace: str, query: list[tuple[str, str]], uids: set[str], pages: int
    ) -> tuple[list[Event], bool]:
        """Return the events about objects, of those that a selector names, and whether these are all."""
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/events"
        wires, whole = self._list(path, query, EVENTS_PAGE, pages)
        about = [wire for wire in wires if wire.involved_object.uid in uids]
        return [event_of(self._shared.cluster, wire, self._times) for wire in about], whole

    def _tell_events(self, wanted: EventsWanted, found: list[Event], started_ms: int) -> None:
        kept = {event.uid: event for event in sorted(found, key=newest_first)[:EVENTS_KEPT]}
        self._tell_sweep(wanted.workload, Event, tuple(kept.values()), started_ms)


def _urgency(wanted: Wanted) -> int:
    """Logs first, for a run that ends takes the one before with it; then events of what fails."""
    if isinstance(wanted, LogWanted):
        return LOGS
    return 1 if isinstance(wanted, EventsWanted) and wanted.urgent else 2


def _key(wanted: Wanted) -> Key:
    if isinstance(wanted, LogWanted):
        return (wanted.namespace, wanted.pod, wanted.container, wanted.previous)
    return (type(wanted), wanted.workload)


def _place(wanted: Wanted) -> tuple[str, str, str]:
    """Return namespace, resource and group of what is looked up."""
    if isinstance(wanted, LogWanted):
        return wanted.namespace, PODS_LOG, ""
    if isinstance(wanted, EventsWanted):
        return wanted.workload[1], EVENTS, ""
    return wanted.workload[1], "replicasets" if wanted.workload[2] == "Deployment" else "controllerrevisions", "apps"
