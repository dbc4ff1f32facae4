"""The writer's rows about alerts: alerts, silences, acknowledgements, notifications."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from statusdesk.states import Collector
from statusdesk.states_alerts import (
    RESOLVED_FOR_MS,
    Acknowledgement,
    AlertState,
    MutedThere,
    Notification,
    PostedThere,
    Silence,
)
from statusdesk.store import alerts as questions
from statusdesk.store.current import LatestRows
from statusdesk.store.kinds import (
    ACKNOWLEDGEMENTS,
    ALERTS,
    COLLECTORS,
    MUTED_THERE,
    NOTIFICATIONS,
    POSTED_THERE,
    SILENCES,
    UNRESOLVED,
)
from statusdesk.store.safety import asks

AT_HAND_MS = RESOLVED_FOR_MS + 5 * 60_000
"""Resolved alerts stay at hand for so long: a little longer than any sink is told of them."""


class AlertRows:
    """What waits to be written of alerts, and what is at hand of them; ``next_change`` numbers the coming commit.

    Questions that SQLite cannot answer raise StoreError.
    """

    def __init__(self, db: sqlite3.Connection, next_change: Callable[[], int], place: str) -> None:
        self.place = place
        self._db = db
        self._next_change = next_change
        before = db.execute(f"{COLLECTORS.select} ORDER BY rowid DESC LIMIT 1").fetchone()
        self.last_beat: Collector | None = None if before is None else COLLECTORS.decode(before)
        """How the collector before this one was last alive; None when there was none."""
        since_ms = (self.last_beat.beat_ms if self.last_beat is not None else 0) - AT_HAND_MS
        wanted = f"{ALERTS.select} WHERE {UNRESOLVED} OR resolved_ms > ?"
        found = map(ALERTS.decode, db.execute(wanted, (since_ms,)))
        self._alerts = LatestRows(ALERTS, {(alert.fingerprint, alert.started_ms): alert for alert in found})
        self._silences = LatestRows(SILENCES, {silence.id: silence for silence in questions.silences(db)})
        self._acknowledgements = LatestRows(ACKNOWLEDGEMENTS)
        self._muted = LatestRows(MUTED_THERE, {each.sink: each for each in questions.muted(db)})
        self._posts = LatestRows(POSTED_THERE, {(each.sink, each.number): each for each in questions.posts(db)})
        self._notifications = LatestRows(NOTIFICATIONS, {each.id: each for each in questions.queued(db)})

    @property
    def kept(self) -> tuple[LatestRows[Any], ...]:
        """The rows that a commit writes."""
        return (self._alerts, self._silences, self._acknowledgements, self._notifications, self._muted, self._posts)

    def put_alerts(self, alerts: Sequence[AlertState]) -> None:
        """Take alerts, new or changed."""
        for alert in alerts:
            key = (alert.fingerprint, alert.started_ms)
            before = self._alerts.rows.get(key)
            if before is None or replace(alert, change=before.change) != before:
                self._alerts.put(key, replace(alert, change=self._next_change()))

    def put_silences(self, silences: Sequence[Silence]) -> None:
        """Take silences, new or changed."""
        for silence in silences:
            self._silences.put(silence.id, replace(silence, change=self._next_change()))

    def put_acknowledgements(self, acknowledgements: Sequence[Acknowledgement]) -> None:
        """Take acknowledgements, given or withdrawn."""
        for each in acknowledgements:
            self._acknowledgements.put((each.fingerprint, each.started_ms, each.at_ms), each)

    def put_muted(self, muted: MutedThere) -> None:
        """Take what a sink's Alertmanagers mute; that they say the same again is not written."""
        before = self._muted.rows.get(muted.sink)
        if before is None or replace(muted, change=before.change) != before:
            self._muted.put(muted.sink, replace(muted, change=self._next_change()))

    def muted(self) -> list[MutedThere]:
        """Return what is muted, by sink."""
        return list(self._muted.rows.values())

    def put_posted(self, posted: PostedThere) -> None:
        """Take what an Alertmanager has taken; the same again is not written."""
        key = (posted.sink, posted.number)
        before = self._posts.rows.get(key)
        found = posted if before is None else posted.after(before)
        if before is None or replace(found, change=before.change) != before:
            self._posts.put(key, replace(found, change=self._next_change()))

    def posts(self) -> list[PostedThere]:
        """Return what Alertmanagers have taken, by sink and place."""
        return list(self._posts.rows.values())

    def put_notifications(self, notifications: Sequence[Notification]) -> None:
        """Take messages, queued or with what has become of them."""
        for each in notifications:
            self._notifications.put(each.id, replace(each, change=self._next_change()))

    def unresolved(self) -> list[AlertState]:
        """Return the alerts that are pending or firing."""
        return [alert for alert in self._alerts.rows.values() if alert.state != "resolved"]

    def recent(self) -> list[AlertState]:
        """Return the alerts at hand: all that are not resolved, and those resolved a short while ago."""
        return list(self._alerts.rows.values())

    def silences(self) -> list[Silence]:
        """Return all silences that are kept."""
        return list(self._silences.rows.values())

    @asks
    def firings(self, since_ms: int) -> list[tuple[str, int]]:
        """Return fingerprint and moment of the committed firings since then, oldest first."""
        return questions.firings(self._db, since_ms)

    def starts(self) -> list[tuple[str, int]]:
        """Return when each committed alert has begun last."""
        return questions.starts(self._db)

    def queued(self) -> list[Notification]:
        """Return the messages that wait to be sent, in order."""
        waiting = [each for each in self._notifications.rows.values() if each.state == "queued"]
        return sorted(waiting, key=lambda each: each.id)

    @asks
    def ended(self, keys: Iterable[tuple[str, int]]) -> list[AlertState]:
        """Return those of these alerts (fingerprint, ``started_ms``) that are over, as they ended."""
        return questions.ended(self._db, keys)

    def last_of_groups(self) -> list[Notification]:
        """Return the last message that was sent of each group to each sink."""
        return questions.last_of_groups(self._db)

    @asks
    def given_up(self, sink: str) -> list[Notification]:
        """Return the last message of each group to a sink, where that was given up and says that something fires."""
        return questions.given_up(self._db, sink)

    @asks
    def last_id(self) -> int:
        """Return the highest number of a message."""
        return max([questions.last_id(self._db), *(each.id for each in self._notifications.rows.values())])

    def settled(self) -> None:
        """Forget what waited, and the messages that are done with: it is committed."""
        for rows in self.kept:
            rows.settled()
        _drop(self._notifications, [each.id for each in self._notifications.rows.values() if each.state != "queued"])
        self._acknowledgements.rows.clear()

    def prune(self, now_ms: int, keep_ms: int) -> None:
        """Let go of alerts resolved a while ago, and of silences that ended before what is kept."""
        old_ms = now_ms - AT_HAND_MS
        resolved = ((alert.fingerprint, alert.started_ms) for alert in self.recent() if _before(alert, old_ms))
        _drop(self._alerts, list(resolved))
        _drop(self._silences, [each.id for each in self.silences() if each.ends_ms < now_ms - keep_ms])


def _before(alert: AlertState, limit_ms: int) -> bool:
    return alert.resolved_ms is not None and alert.resolved_ms < limit_ms


def _drop(rows: LatestRows[Any], keys: Iterable[Any]) -> None:
    for key in list(keys):
        if key not in rows.waiting:
            del rows.rows[key]
