"""The outbox: which messages are queued for which sink, decided when the alerts are written, in the same commit.

A message that waits (``group_wait``) takes in what comes meanwhile, and is dropped when all of it is over before it is
due. What was told is known from the messages that were sent: a restart is no edge.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from msgspec.structs import replace

from statusdesk.alerts.carrying import Memory, carried, carry
from statusdesk.alerts.dedup import Told, due, group_of, grouping, hits_of, wanted
from statusdesk.alerts.dedup import is_due as is_due
from statusdesk.alerts.groups import (
    Group,
    Key,
    content_of,
    firing_of,
    is_open_incident,
    is_read,
    note_end,
    over_since_tried,
    told_of,
    untold,
    with_perhaps,
    without_quiet_ends,
)
from statusdesk.alerts.outcomes import after, refused
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS, LEVEL_TRIGGERED, plain_name
from statusdesk.alerts.telling import Outcome, Refusal
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import AlertsSettings, SinkSettings
from statusdesk.states_alerts import AlertState, Notification

AMEND_MARGIN_MS = 1_000
"""A message that is due sooner may be on its way already: what comes now goes into the next one.

Of a short ``group_wait`` it is a tenth of that. One that stands behind another of its group has not left in any case:
it is held until we have taken what has become of that one.
"""


class Outbox:
    """Queues messages for the sinks of a configuration; sinks that are told how it stands again and again get none."""

    def __init__(
        self,
        settings: AlertsSettings,
        sinks: Sequence[SinkSettings],
        tuning: Tuning,
        *,
        active: Iterable[AlertState] = (),
        queued: Iterable[Notification] = (),
        last_of_groups: Iterable[Notification] = (),
        ended: Iterable[AlertState] = (),
        last_id: int = 0,
        unsent: Iterable[int] = (),
        now_ms: int = 0,
    ) -> None:
        self._settings = settings
        self._sinks = [sink for sink in sinks if sink.type != LEVEL_TRIGGERED]
        self._grouping = [(sink, grouping(sink, settings.group_by)) for sink in self._sinks]
        self._tuning = tuning
        self._groups: dict[Key, Group] = {}
        self._of_id: dict[int, Group] = {}
        self._last_id = last_id
        self._held: Set[str] = frozenset()
        self._withheld = set(unsent)
        by_name = {sink.name: sink for sink in self._sinks}
        # what a real sink is to hear waits while a dry run goes on
        configured = {*by_name, *map(plain_name, by_name)}
        queued, firing = tuple(queued), {alert.fingerprint: alert for alert in active}
        ends = {(alert.fingerprint, alert.started_ms): alert for alert in ended}
        memory = Memory(tuple(last_of_groups), queued, firing, ends, frozenset(self._withheld))
        found = carry(memory, self._sinks, settings.group_by, tuning, last_id=last_id, now_ms=now_ms)
        self._last_id += len(found.carried)
        self._remember(by_name, found.last, found.queued, ends)
        orphans = [replace(each, state="dropped") for each in queued if each.sink not in configured]
        self._found = [*found.carried, *found.dropped, *orphans]  # to be written
        self._dirty = set(self._groups)
        for alert in firing.values():
            self._see(alert)
        self._forget_ends()

    def _remember(
        self,
        by_name: Mapping[str, SinkSettings],
        last: Iterable[Notification],
        queued: Iterable[Notification],
        ended: Mapping[tuple[str, int], AlertState],
    ) -> None:
        """Take up what each group was told last, what is still to be told, and how what was told of has ended."""
        for told in last:
            if told.sink in by_name:
                group = self._group(by_name[told.sink], told.group_labels)
                group.told = told_of(told, told.sent_ms or told.created_ms)
                group.over.update((alert.fingerprint, alert) for alert in told.alerts)
        for each in queued:
            if each.sink in by_name:
                group = self._group(by_name[each.sink], each.group_labels)
                group.queued.append(each)
                group.over.update((alert.fingerprint, alert) for alert in each.alerts)
                self._of_id[each.id] = group
        for group in self._groups.values():
            group.over = {key: ended.get((key, each.started_ms), each) for key, each in group.over.items()}

    def _forget_ends(self) -> None:
        """Where what is over is not told, do not remember it as told."""
        for group in self._groups.values():
            if not group.sink.send_resolved:
                group.told = replace(group.told, firing=group.told.firing & group.alerts.keys())

    def _group(self, sink: SinkSettings, labels: tuple[tuple[str, str], ...]) -> Group:
        group = self._groups.get((sink.name, labels))
        if group is None:
            group = self._groups[sink.name, labels] = Group(sink, labels)
        return group

    def _see(self, alert: AlertState) -> None:
        shared = group_of(alert, self._settings.group_by)
        for sink, by in self._grouping:
            labels = shared if by is self._settings.group_by else group_of(alert, by)
            if wanted(alert, sink, self._tuning):
                self._take(alert, self._group(sink, labels))
            elif (group := self._groups.get((sink.name, labels))) is not None and is_open_incident(alert, group):
                self._take(untold(alert), group)

    def _take(self, alert: AlertState, group: Group) -> None:
        sink = group.sink
        self._dirty.add((sink.name, group.labels))
        if alert.state == "firing":
            if group.told.hits:  # one that is over and comes again is news again
                kept = hits_of([alert])
                known = {hit for hit in group.told.hits if hit[0] != alert.fingerprint or hit in kept}
                group.told = replace(group.told, hits=frozenset(known))
            group.alerts[alert.fingerprint] = alert
            group.over.pop(alert.fingerprint, None)
        elif alert.fingerprint in group.alerts:
            del group.alerts[alert.fingerprint]
            group.over[alert.fingerprint] = alert
            if not sink.send_resolved:
                group.told = replace(group.told, firing=group.told.firing - {alert.fingerprint})

    def step(
        self,
        changed: Sequence[AlertState],
        now_ms: int,
        held: Set[str] = frozenset(),
        handed_on: Iterable[tuple[str, str]] = (),
    ) -> list[Notification]:
        """Return the messages to write after these alerts have changed: new, amended and dropped ones.

        ``held``: alerts of an earlier time of which nobody knows whether they still fire: nobody
        is told of them now. A message that has not left (``unsent``) is handed on when it speaks of none.
        ``handed_on``: which of them has ended taken, and as which one it goes on.
        """
        written, self._found = self._found, []
        self._hold(held)
        for alert in changed:
            if alert.state != "pending":
                self._see(alert)
        named = {alert.fingerprint: alert for alert in changed} if handed_on else {}
        for ended, heir in handed_on:
            written += self._hand_on(named[ended], named[heir], now_ms)
        for key, group in self._groups.items():
            if key not in self._dirty and self._repeats(group, now_ms):
                self._dirty.add(key)
        for key in sorted(self._dirty):
            written += self._decide(key, self._groups[key], now_ms)
        self._dirty.clear()
        return [*written, *self._freed({each.id for each in written})]

    def _hand_on(self, ended: AlertState, heir: AlertState, now_ms: int) -> list[Notification]:
        """Remember what nobody is told of, as it is taken, as told to whom what it was is told: they hear its end.

        Incidents are closed with what they were opened for.
        """
        written = []
        before, labels = (group_of(each, self._settings.group_by) for each in (ended, heir))
        for sink in self._sinks:
            known = self._groups.get((sink.name, before))
            if known is None or ended.fingerprint not in known.told.firing or sink.type == KEEPS_INCIDENTS:
                continue
            if not wanted(heir, sink, self._tuning):
                continue
            group, at_ms = self._group(sink, labels), known.told.at_ms
            firing = group.told.firing - {ended.fingerprint} | {heir.fingerprint}
            group.told = Told(firing, max(at_ms, group.told.at_ms), group.told.hits | hits_of([heir]))
            if not group.queued:  # else what waits is told with it
                self._last_id += 1
                alerts = tuple(alert for each, alert in {**group.over, **group.alerts}.items() if each in firing)
                written.append(carried(sink.name, labels, alerts, self._last_id, group.told.at_ms, now_ms))
        return written

    def _hold(self, held: Set[str]) -> None:
        moved, self._held = held ^ self._held, held
        if moved:
            self._dirty.update(key for key, group in self._groups.items() if moved & group.alerts.keys())

    def _is_withheld(self, group: Group) -> bool:
        """Whether a message that waits says of an alert that it fires, and nobody knows whether it does."""
        return bool(self._held) and any(self._held & firing_of(each) for each in group.queued)

    def _freed(self, written: Set[int]) -> list[Notification]:
        """Return what was withheld and is not any more, but for what was written anew."""
        freed = [number for number in sorted(self._withheld) if not self._is_waiting(number)]
        self._withheld.difference_update(freed)
        groups = {number: self._of_id[number] for number in freed if number in self._of_id and number not in written}
        return [each for number, group in groups.items() for each in group.queued if each.id == number]

    def _is_waiting(self, number: int) -> bool:
        return number in self._of_id and self._is_withheld(self._of_id[number])

    def withhold(self, numbers: Iterable[int]) -> None:
        """Take note that messages are not to leave before it is known that they are true, as those of an earlier time.

        They are returned by ``step`` when they may.
        """
        self._withheld.update(numbers)

    def hear(self, outcomes: Iterable[Outcome | Refusal]) -> list[Notification]:
        """Take what has become of attempts; return the messages to write."""
        written: list[Notification] = []
        for outcome in outcomes:
            if isinstance(outcome, Refusal):
                self._last_id += 1
                written.append(refused(outcome, self._last_id, self._settings.group_by))
                continue
            group = self._of_id.get(outcome.id)
            if group is None:
                written += self._late(outcome)
                continue
            at = next(index for index, each in enumerate(group.queued) if each.id == outcome.id)
            tried = after(group.queued[at], outcome)
            if tried.state == "queued":
                written.append(tried)
                group.queued[at] = tried
                continue
            del group.queued[at]
            del self._of_id[outcome.id]
            written.append(self._ended(group, tried, outcome))
            if tried.state not in ("sent", "dropped"):
                written += self._drop_all(group)
        return written

    def _late(self, outcome: Outcome) -> list[Notification]:
        """Take what has become of a message that was dropped meanwhile: one that went out all the same was told."""
        sink = next((sink for sink in self._sinks if outcome.sent is not None and sink.name == outcome.sent.sink), None)
        if outcome.sent is None or sink is None or outcome.state != "sent":
            return []
        return [self._ended(self._group(sink, outcome.sent.group_labels), after(outcome.sent, outcome), outcome)]

    def _ended(self, group: Group, tried: Notification, outcome: Outcome) -> Notification:
        """Note what a sink was told, or would not hear: what was in the message when it was sent."""
        if (sent := outcome.sent) is not None:
            named = ("what", "why", "fingerprints", "alerts", "news", "unread", "idempotency_key")
            tried = replace(tried, **{name: getattr(sent, name) for name in named})
        note_end(group, tried, outcome.at_ms)
        self._dirty.add((group.sink.name, group.labels))
        return tried

    @property
    def unsent(self) -> list[Notification]:
        """The messages that wait, in order."""
        return sorted((each for group in self._groups.values() for each in group.queued), key=lambda each: each.id)

    def _repeat(self, group: Group) -> int:
        own = group.sink.repeat_s
        return round((self._settings.repeat_s if own is None else own) * 1000)

    def _repeats(self, group: Group, now_ms: int) -> bool:
        repeat_ms = self._repeat(group)
        if not repeat_ms or group.queued or now_ms - (group.given_up or group.told).at_ms < repeat_ms:
            return False
        return any(map(is_read, group.alerts.values()))

    def _decide(self, key: Key, group: Group, now_ms: int) -> list[Notification]:
        """Hold what fires against what the sink will have been told once all that is queued is sent."""
        if self._is_withheld(group):
            return []
        over = over_since_tried(group, self._withheld)
        group.perhaps |= over  # their end is told; what fires still is news
        untrue = self._drop_all(group) if over else []
        return [*untrue, *self._decided(key, group, now_ms)]

    def _decided(self, key: Key, group: Group, now_ms: int) -> list[Notification]:
        last = group.queued[-1] if group.queued else None
        amended = last is not None and self._waits(group, last, now_ms)
        before = group.queued[:-1] if amended else group.queued
        told = told_of(before[-1], now_ms) if before else self._told(group, now_ms)
        told = without_quiet_ends(group, with_perhaps(group, told))
        heard = self._heard(group, told.firing if last is None else told.firing | firing_of(last))
        # what flaps was told with that word, and is not told again until it holds
        audible = {each.fingerprint for each in heard if not (each.flapping and each.fingerprint in told.firing)}
        hits = hits_of(heard)
        confirmed = any(is_read(each) and each.fingerprint in told.firing for each in heard)
        repeat_ms = self._repeat(group) if confirmed and not before else 0
        resolved_too = group.sink.send_resolved
        why = due(told, audible, group.alerts.keys(), repeat_ms, now_ms, resolved_too=resolved_too, hits=hits)
        if not why:
            dropped = self._drop(group, last) if amended and last is not None else []
            self._tidy(key, group)
            return dropped
        news = (audible - told.firing) | {fingerprint for fingerprint, _ in hits - told.hits}
        alerts = content_of(group, told, audible, news, why, now_ms)
        said = (alerts, why, self._unread(alerts))
        if amended and last is not None and (last.alerts, last.why, last.unread) == said:
            return []
        named = tuple(alert.fingerprint for alert in alerts if alert.fingerprint in news)
        made = self._made(last if amended else None, group, why, alerts, named, now_ms)
        if amended:
            group.queued[-1] = made
        else:
            group.queued.append(made)
        self._of_id[made.id] = group
        return [made]

    def _heard(self, group: Group, known: Set[str]) -> list[AlertState]:
        """Return what may be told now; what cannot be read is no news: that its source is down is told in its place."""
        return [
            alert
            for alert in group.alerts.values()
            if not alert.muted_at(group.sink.name) and alert.fingerprint not in self._held
            if is_read(alert) or alert.fingerprint in known
        ]

    def _waits(self, group: Group, last: Notification, now_ms: int) -> bool:
        """Whether the last message of a group has certainly not left, so that it takes in what comes now."""
        withheld = last.id in self._withheld
        if last.attempts:  # it may have arrived: its words are others only where it must be said when that was seen
            return withheld and any(
                each in group.alerts and not is_read(group.alerts[each]) for each in firing_of(last)
            )
        if withheld:
            return True
        margin_ms = min(AMEND_MARGIN_MS, self._wait_ms(group) // 10)
        return len(group.queued) > 1 or last.due_ms - now_ms > margin_ms

    def _wait_ms(self, group: Group) -> int:
        own = group.sink.group_wait_s
        return round((self._settings.group_wait_s if own is None else own) * 1000)

    def _told(self, group: Group, now_ms: int) -> Told:
        """Return what the sink was told; what was given up is not tried again before it would be repeated."""
        given_up = group.given_up
        if given_up is None or (self._repeat(group) and now_ms - given_up.at_ms >= self._repeat(group)):
            return group.told
        # what is over needs no word of it; what fires still has had its chance
        still = given_up.firing & group.alerts.keys()
        hits = group.told.hits | given_up.hits
        return Told(group.told.firing | still, max(group.told.at_ms, given_up.at_ms), hits)

    def _unread(self, alerts: Iterable[AlertState]) -> tuple[str, ...]:
        return tuple(each.fingerprint for each in alerts if each.state == "firing" and each.fingerprint in self._held)

    def _made(
        self,
        waiting: Notification | None,
        group: Group,
        why: str,
        alerts: tuple[AlertState, ...],
        news: tuple[str, ...],
        now_ms: int,
    ) -> Notification:
        fires = any(alert.state == "firing" for alert in alerts)
        what, fingerprints = "firing" if fires else "resolved", tuple(alert.fingerprint for alert in alerts)
        said: dict[str, Any] = {"what": what, "why": why, "fingerprints": fingerprints, "alerts": alerts, "news": news}
        said["unread"] = self._unread(alerts)
        if waiting is not None:
            # a receiver that has seen the key takes the message for one that it has: it says something else now
            key = f"{group.sink.name}-{waiting.id}-{now_ms}"
            return replace(waiting, **said, idempotency_key=key)
        self._last_id += 1
        return Notification(
            id=self._last_id,
            sink=group.sink.name,
            group_key=group.key,
            created_ms=now_ms,
            due_ms=now_ms + (0 if why == "repeat" else self._wait_ms(group)),
            idempotency_key=f"{group.sink.name}-{self._last_id}-{now_ms}",
            group_labels=group.labels,
            **said,
        )

    def _drop(self, group: Group, waiting: Notification) -> list[Notification]:
        group.queued.remove(waiting)
        self._of_id.pop(waiting.id, None)
        return [replace(waiting, state="dropped")]

    def _drop_all(self, group: Group) -> list[Notification]:
        """Drop what was queued behind a message that was given up: it spoke of what nobody was told."""
        return [each for waiting in list(group.queued) for each in self._drop(group, waiting)]

    def _tidy(self, key: Key, group: Group) -> None:
        """Forget a group in which nothing fires and of which nothing was told."""
        if not group.alerts and not group.queued and not (group.told.firing and group.sink.send_resolved):
            self._groups.pop(key, None)
