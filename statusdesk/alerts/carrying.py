"""What sinks were told under other settings, taken over at a start: what still fires is never told as over. Pure.

What was told of an alert is remembered in the group that it has now. A sink that does not take it any more is told
nothing more of it; PagerDuty, where an incident is open, only that it is over. What is remembered otherwise than it was
told is written down, as messages with ``why`` ``carried``, of which nothing is sent.
"""

from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from statusdesk.alerts.dedup import group_of, grouping, key_of, wanted
from statusdesk.alerts.groups import Labels, is_quiet_end
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import CARRIED, AlertState, Notification


class Memory(msgspec.Struct, frozen=True):
    """What the store has of what sinks were told (``last``: the last message of each group) and are to be told.

    ``firing`` and ``ended``: how the alerts in it are now; ``unsent``: ids of what waits and has certainly not left.
    """

    last: Sequence[Notification]
    queued: Sequence[Notification]
    firing: Mapping[str, AlertState]
    ended: Mapping[tuple[str, int], AlertState]
    unsent: Set[int]


class Carrying(msgspec.Struct, frozen=True):
    """What was told and is to be told by the settings of now; ``dropped``: what waits no more, as it would say both."""

    last: list[Notification]
    queued: list[Notification]
    carried: list[Notification]
    dropped: list[Notification]


def carry(
    memory: Memory,
    sinks: Iterable[SinkSettings],
    group_by: tuple[str, ...],
    tuning: Tuning,
    *,
    last_id: int,
    now_ms: int,
) -> Carrying:
    """Return what sinks were told as these settings group it; ``last_id``: the highest number of a message."""
    found = Carrying([], [], [], [])
    for sink in sinks:
        of_sink = _OfSink(memory, sink, group_by, tuning)
        found.queued.extend(of_sink.queued)
        found.dropped.extend(msgspec.structs.replace(each, state="dropped") for each in of_sink.dropped)
        changed = of_sink.changed()
        found.last.extend(row for row in of_sink.last if row.group_labels not in changed)
        for labels in changed:
            last_id += 1
            row = of_sink.carried(labels, last_id, now_ms)
            found.last.append(row)
            found.carried.append(row)
    return found


class _OfSink:
    """What one sink was told, by group: in the messages, and as it is remembered."""

    def __init__(self, memory: Memory, sink: SinkSettings, group_by: tuple[str, ...], tuning: Tuning) -> None:
        self._memory, self._sink, self._tuning = memory, sink, tuning
        self._group_by = grouping(sink, group_by)
        self.last = [row for row in memory.last if row.sink == sink.name]
        waiting = [row for row in memory.queued if row.sink == sink.name]
        stale = {row.group_labels for row in waiting if any(self._is_stale(each, row) for each in row.alerts)}
        self.queued = [row for row in waiting if row.group_labels not in stale]
        self.dropped = [row for row in waiting if row.group_labels in stale]
        self._told: dict[Labels, dict[str, AlertState]] = {}
        self._remembered: dict[Labels, dict[str, AlertState]] = {}
        self._at_ms: dict[Labels, int] = {}
        for row in self.last:
            self._told[row.group_labels] = {each.fingerprint: each for each in row.alerts if each.state == "firing"}
            for alert in self._told[row.group_labels].values():
                self._remember(alert, row.sent_ms or row.created_ms)
        for row in self.dropped:
            for alert in row.alerts:
                if alert.state == "firing" and self._may_stay_open(alert, row):
                    self._remember(alert, row.created_ms)

    def _takes(self, alert: AlertState) -> bool:
        """Whether the sink takes what still fires."""
        now = self._memory.firing.get(alert.fingerprint)
        return now is None or wanted(now, self._sink, self._tuning)

    def _is_stale(self, alert: AlertState, row: Notification) -> bool:
        """Whether a message that waits says of an alert what it must not say, or what another group will say."""
        if group_of(alert, self._group_by) != row.group_labels:
            return True
        hidden = self._sink.type == KEEPS_INCIDENTS and alert.muted_at(self._sink.name)
        return alert.state == "firing" and not hidden and not self._takes(alert)

    def _may_stay_open(self, alert: AlertState, row: Notification) -> bool:
        """Whether a message that is dropped may have been sent, of what no other will say that it fires."""
        fires = alert.fingerprint in self._memory.firing
        return row.id not in self._memory.unsent and not (fires and self._takes(alert))

    def _remember(self, alert: AlertState, at_ms: int) -> None:
        if alert.fingerprint in self._memory.firing:
            kept = self._takes(alert) or self._sink.type == KEEPS_INCIDENTS
        else:
            ended = self._memory.ended.get((alert.fingerprint, alert.started_ms))
            kept = ended is None or not is_quiet_end(ended, self._sink)
        if kept:
            labels = group_of(alert, self._group_by)
            self._remembered.setdefault(labels, {}).setdefault(alert.fingerprint, alert)
            self._at_ms[labels] = max(at_ms, self._at_ms.get(labels, 0))

    def changed(self) -> list[Labels]:
        """Return the groups of which is remembered otherwise than they were told."""
        every = {**self._told, **self._remembered}
        return [each for each in every if self._told.get(each, {}).keys() != self._remembered.get(each, {}).keys()]

    def carried(self, labels: Labels, number: int, now_ms: int) -> Notification:
        """Return what stands for the last message of a group from now on."""
        alerts = tuple(self._remembered.get(labels, {}).values())
        return carried(self._sink.name, labels, alerts, number, self._at_ms.get(labels, now_ms), now_ms)


def carried(
    sink: str, labels: Labels, alerts: tuple[AlertState, ...], number: int, told_ms: int, now_ms: int
) -> Notification:
    """Return what stands for the last message of a group, of which these were told at ``told_ms``."""
    return Notification(
        id=number,
        sink=sink,
        group_key=key_of(labels),
        what="firing" if alerts else "resolved",
        why=CARRIED,
        created_ms=now_ms,
        due_ms=now_ms,
        state="sent",
        sent_ms=told_ms,
        idempotency_key=f"{sink}-{number}-{now_ms}",
        group_labels=labels,
        fingerprints=tuple(alert.fingerprint for alert in alerts),
        alerts=alerts,
    )
