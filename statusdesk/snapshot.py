"""What the collector process shows of itself to others: an immutable picture, replaced after each flush."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.telling import Heard, Refusal
from statusdesk.states import Level, RolloutState, SourceState, TokenState
from statusdesk.states_alerts import AlertState, MutedThere, PostedThere
from statusdesk.store.writer import Writer


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one moment. ``notifications``: how many messages or posts came to which end, by sink and outcome.

    ``settled``: every source has been asked once. ``looped_s``: when the loop last went round, by a steady clock.
    ``flushes``: how often rows were written. ``store_problem``: why they could not be at the last flush, or nothing.
    """

    looped_s: float
    settled: bool = False
    store_problem: str = ""
    rollouts: tuple[RolloutState, ...] = ()
    sources: tuple[SourceState, ...] = ()
    tokens: tuple[TokenState, ...] = ()
    alerts: tuple[AlertState, ...] = ()
    notifications: Mapping[tuple[str, str], int] = {}
    flushes: int = 0

    def count(self, level: Level) -> int:
        """Return how many rollouts are at a level."""
        return sum(rollout.level is level for rollout in self.rollouts)


OUTCOMES = ("sent", "failed", "quarantined", "retried", "dropped")

Posts = Callable[[], Iterable[tuple[str, int, int]]]
"""Tells of sinks that are told how it stands: name, how many alerts were taken, and how many posts failed."""


class Mirror:
    """Holds the newest snapshot. The collector's thread replaces it, any thread reads it; nobody waits for anybody.

    ``queues`` are the names of the sinks that messages are queued for, ``tells`` of those that are told how it stands
    (``posts`` counts for them). What is not counted yet is 0: a first failure is seen to be an increase.
    """

    def __init__(self, queues: Iterable[str] = (), tells: Iterable[str] = (), posts: Posts = tuple) -> None:
        self.now = Snapshot(looped_s=0.0)
        self._none = {(sink, outcome): 0 for sink in queues for outcome in OUTCOMES}
        self._none |= {(sink, outcome): 0 for sink in tells for outcome in ("sent", "failed", "quarantined")}
        self._posts = posts
        self._sink_of: dict[int, str] = {}
        self._notifications: Counter[tuple[str, str]] = Counter()
        self._rows = self.now
        self._change: int | None = None
        self.shown = threading.Event()  # set once a first snapshot is there

    def told(self, queued: Iterable[tuple[int, str]], dropped: Iterable[int]) -> None:
        """Note which messages were queued, id and sink, and which are not to be sent any more."""
        self._sink_of.update(queued)
        for number in dropped:
            if (sink := self._sink_of.pop(number, None)) is not None:
                self._notifications[sink, "dropped"] += 1

    def settled(self, outcomes: Iterable[Heard]) -> None:
        """Count what has become of messages; one that is tried again counts as ``retried`` each time."""
        for each in outcomes:
            if isinstance(each, MutedThere | PostedThere):
                continue
            if isinstance(each, Refusal):
                self._notifications[each.sink, "quarantined"] += 1
                continue
            again = each.state == "queued"
            sink = self._sink_of.get(each.id, "") if again else self._sink_of.pop(each.id, "")
            if sink:
                self._notifications[sink, "retried" if again else each.state] += 1

    def flushed(self, writer: Writer, looped_s: float, *, settled: bool, store_problem: str) -> None:
        """Show what the writer has now; the rows are gone through only when some were written since the last time."""
        if writer.change != self._change:
            self._change = writer.change
            self._rows = Snapshot(
                looped_s=looped_s,
                rollouts=tuple(row for row in writer.current(RolloutState).values() if row.until_ms is None),
                sources=tuple(row for row in writer.current(SourceState).values() if row.until_ms is None),
                tokens=tuple(row for row in writer.current(TokenState).values() if row.until_ms is None),
                alerts=tuple(writer.firing()),
                flushes=self._rows.flushes + 1,
            )
        self.now = replace(
            self._rows,
            looped_s=looped_s,
            settled=settled,
            store_problem=store_problem,
            notifications=self._counted(),
        )
        self.shown.set()

    def _counted(self) -> dict[tuple[str, str], int]:
        counted = Counter(self._none)
        counted.update(self._notifications)
        for sink, sent, failed in self._posts():  # one for each Alertmanager of a sink
            counted[sink, "sent"] += sent
            counted[sink, "failed"] += failed
        return dict(counted)
