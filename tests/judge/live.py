"""The simulated cluster in stepped time, followed by the pipeline as a collector would have it do."""

import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from collectors.kubernetes_facts import Translator
from collectors.kubernetes_kinds import KINDS
from collectors.kubernetes_kinds import Kind as Watched
from collectors.kubernetes_looked_up import EVENTS_PAGE, REVISIONS_PAGE, event_of, revision_of
from collectors.kubernetes_names import AppRules
from collectors.kubernetes_remembered import Times
from collectors.kubernetes_wire import PodWire, WorkloadWire
from statusdesk.config import RolloutThresholds
from statusdesk.demo.clock import SteppedTime, WorldClock
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_kinds import EVENTS, REPLICA_SETS, REVISIONS, find_kind
from statusdesk.demo.kube_kinds import Kind as Served
from statusdesk.demo.kube_store import Stored
from statusdesk.facts import Changed, Event, Revision, Swept
from statusdesk.pipeline.rollouts import Rollouts
from statusdesk.states import RolloutState
from statusdesk.store.writer import Transition, Writer
from statusdesk.wants import EventsWanted, RevisionsWanted, Wanted, subkind_of

START_MS = 1_795_000_000_000
SOURCE = "kubernetes/eu"


class Live:
    """A cluster and a desk that follows it.

    ``hearing`` is the chance by which kinds of objects are heard of late, in another order, and twice; None for never.
    """

    def __init__(self, directory: Path, seed: int = 1, *, hearing: int | None = 1) -> None:
        self.cluster = KubeCluster(WorldClock(1.0, SteppedTime(START_MS)), seed=seed)
        self.transitions: list[Transition] = []
        self._chance = random.Random(hearing)
        self._late = hearing is not None
        self._writer = Writer(directory / "statusdesk.db", 90 * 86400.0, self.now_ms)
        self._wanted: deque[Wanted] = deque()
        self._rollouts = self._follower()
        self._translator = Translator("eu", AppRules(()))
        self._times = Times()
        self._seen = {kind.name: 0 for kind in KINDS}

    def _follower(self) -> Rollouts:
        return Rollouts(self._writer, lambda cluster, namespace: RolloutThresholds(), ask=self._wanted.append)

    def now_ms(self) -> int:
        return self.cluster.parts.now_ms()

    def close(self) -> None:
        self._writer.close()

    def rows(self) -> dict[str, RolloutState]:
        """Return the verdicts of this moment, by ``namespace/kind/name``."""
        rows = self._writer.current(RolloutState).values()
        return {f"{row.namespace}/{row.kind}/{row.name}": row for row in rows if row.until_ms is None}

    def restart(self) -> None:
        """Let another process go on with what the store holds."""
        self._writer.commit()
        self._rollouts = self._follower()
        self.begin()

    def begin(self) -> None:
        """List everything, as a collector does at its start or when a watch has expired."""
        kinds = list(KINDS)
        self._chance.shuffle(kinds)
        for kind in kinds:
            served = find_served(kind)
            facts = tuple(self._fact(kind, item) for item in self.cluster.parts.store.items(served))
            self._seen[kind.name] = self.cluster.parts.store.version
            now_ms = self.now_ms()
            self._rollouts.sweep(
                Swept(source=SOURCE, kind=kind.fact, facts=facts, started_ms=now_ms, at_ms=now_ms, subkind=kind.subkind)
            )
        self._flush()

    def pass_time(self, seconds: int, each: Callable[[], object] = lambda: None) -> None:
        """Let time pass second by second, and tell the desk what happens; ``each`` is called after each of them."""
        for _ in range(seconds):
            self.cluster.pass_time(1)
            self.tell()
            each()

    def tell(self) -> None:
        """Tell what has changed, each kind by itself, in any order."""
        kinds = list(KINDS)
        self._chance.shuffle(kinds)
        for kind in kinds:
            if not self._late or self._chance.random() < 0.8:
                self._hear(kind)
        self._answer()
        self._flush()

    def _hear(self, kind: Watched) -> None:
        served, store = find_served(kind), self.cluster.parts.store
        changes = store.changes(served, self._seen[kind.name])
        self._seen[kind.name] = store.version
        seen: dict[tuple[str, str], Stored] = {}
        gone: set[tuple[str, str]] = set()
        for change in changes:
            key = (change.item.namespace, change.item.name)
            if change.type == "DELETED":
                seen.pop(key, None)
                gone.add(key)
            else:
                seen[key] = change.item
        if not seen and not gone:
            return
        facts = [self._fact(kind, item) for item in seen.values()]
        self._chance.shuffle(facts)
        changed = Changed(
            source=SOURCE,
            kind=kind.fact,
            at_ms=self.now_ms(),
            seen=tuple(facts),
            gone=tuple(kind.key("eu", namespace, name) for namespace, name in gone),
        )
        self._rollouts.change(changed)
        if self._late and self._chance.random() < 0.2:
            self._rollouts.change(changed)

    def _fact(self, kind: Watched, item: Stored):  # noqa: ANN202  (a fact of the kind)
        wire = msgspec.json.decode(item.raw, type=PodWire if kind.name == "Pod" else WorkloadWire)
        return kind.translate(self._translator)(wire)

    def _flush(self) -> None:
        self.transitions += self._rollouts.flush(self.now_ms())
        self._rollouts.inquire(self.now_ms())

    def _answer(self) -> None:
        while self._wanted:
            wanted = self._wanted.popleft()
            if isinstance(wanted, EventsWanted):
                found: tuple[Event | Revision, ...] = self._events(wanted)
                kind: type = Event
            elif isinstance(wanted, RevisionsWanted):
                found, kind = self._revisions(wanted), Revision
            else:
                continue
            self._rollouts.answer(
                Swept(
                    source=SOURCE,
                    kind=kind,
                    facts=found,
                    started_ms=self.now_ms(),
                    at_ms=self.now_ms(),
                    scope=wanted.workload[1],
                    subkind=subkind_of(wanted.workload),
                )
            )

    def _page(self, kind: Served, namespace: str) -> bytes:
        items = b",".join(item.raw for item in self.cluster.parts.store.items(kind, namespace))
        return b'{"kind":"%sList","metadata":{},"items":[%s]}' % (kind.kind.encode(), items)

    def _events(self, wanted: EventsWanted) -> tuple[Event, ...]:
        page = EVENTS_PAGE.decode(self._page(EVENTS, wanted.workload[1]))
        about = [wire for wire in page.items or () if wire.involved_object.uid in wanted.uids]
        return tuple(event_of("eu", wire, self._times) for wire in about)

    def _revisions(self, wanted: RevisionsWanted) -> tuple[Revision, ...]:
        _, namespace, kind, _ = wanted.workload
        page = REVISIONS_PAGE.decode(self._page(REPLICA_SETS if kind == "Deployment" else REVISIONS, namespace))
        found = [revision_of("eu", kind, wire, self._times) for wire in page.items or ()]
        return tuple(revision for revision in found if revision.owner_uid == wanted.uid)


def find_served(kind: Watched) -> Served:
    """Return the simulated cluster's kind."""
    served = find_kind(kind.group, "v1", kind.resource)
    assert served is not None
    return served
