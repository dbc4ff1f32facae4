"""Questions about alerts, silences and notifications."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import convert
from msgspec.structs import replace

from statusdesk.states_alerts import AlertState, MutedThere, Notification, PostedThere, Silence, is_muted
from statusdesk.store.kinds import ALERTS, MUTED_THERE, NOTIFICATIONS, POSTED_THERE, QUEUED, SILENCES, UNRESOLVED

MOST = 1_000
_CLOCK_SET_MS = 3_600_000
"""A clock may have been set back by so much between two messages of a group."""
_OPEN_ALERTS = f"{ALERTS.select} WHERE {UNRESOLVED} ORDER BY started_ms DESC LIMIT ?"
_RESOLVED = (
    f"{ALERTS.select} WHERE state = 'resolved' AND fired_ms IS NOT NULL AND resolved_ms >= ?"
    " ORDER BY resolved_ms DESC LIMIT ?"
)
_ENDED = f"{ALERTS.select} WHERE fingerprint = ? AND started_ms = ? AND state = 'resolved'"
_FIRINGS = "SELECT fingerprint, fired_ms FROM alerts WHERE fired_ms >= ? ORDER BY fired_ms"
_STARTS = "SELECT fingerprint, max(started_ms) FROM alerts GROUP BY fingerprint"
_SILENCES = f"{SILENCES.select} ORDER BY created_ms DESC, id"
_COMING = f"{SILENCES.select} WHERE expired_ms IS NULL AND ends_ms > ? ORDER BY created_ms DESC, id"
_NOTIFICATIONS = f"{NOTIFICATIONS.select} WHERE created_ms >= ? ORDER BY created_ms DESC, id DESC LIMIT ?"
_TOLD_COLUMNS = (
    "id",
    "what",
    "why",
    "created_ms",
    "due_ms",
    "state",
    "attempts",
    "last_error",
    "sent_ms",
    "fingerprints",
)
_OF_GROUP = (
    f"SELECT {', '.join(_TOLD_COLUMNS)} FROM notifications WHERE sink = ? AND group_key = ? AND state != 'dropped'"
    " ORDER BY id DESC"
)
_ALERTS_OF = "SELECT alerts FROM notifications WHERE id = ?"
MOST_OF_GROUP = 100
_NOT_TAKEN = (
    f"SELECT {', '.join(_TOLD_COLUMNS)} FROM notifications WHERE sink = ? AND last_error != '' ORDER BY id DESC LIMIT 1"
)
_TAKEN = "SELECT max(sent_ms) FROM notifications WHERE sink = ? AND state = 'sent' AND attempts > 0"
_QUEUED = f"{NOTIFICATIONS.select} WHERE {QUEUED} ORDER BY id"
_LAST_OF_GROUP = (
    f"{NOTIFICATIONS.select} WHERE id IN"
    " (SELECT max(id) FROM notifications WHERE state = 'sent' GROUP BY sink, group_key) ORDER BY id"
)

_GIVEN_UP = (
    f"{NOTIFICATIONS.select} WHERE what = 'firing' AND state = 'failed' AND id IN"
    " (SELECT max(id) FROM notifications WHERE state IN ('sent', 'failed') AND sink = ? GROUP BY group_key) ORDER BY id"
)


class _Named(msgspec.Struct, frozen=True, gc=False):
    """What is read of an alert in a message: which one, how it was, and who kept it from being told."""

    fingerprint: str
    started_ms: int
    state: str
    alertname: str = ""
    severity: str = ""
    acked_by: str = ""
    silenced_by: str = ""
    inhibited_by: str = ""
    still_told_to: tuple[str, ...] = ()


def alerts(db: sqlite3.Connection, since_ms: int | None, limit: int = MOST) -> list[AlertState]:
    """Return the alerts that are not resolved, and those resolved since ``since_ms``, newest first."""
    found = [ALERTS.decode(row) for row in db.execute(_OPEN_ALERTS, (limit,))]
    if since_ms is not None:
        found += [ALERTS.decode(row) for row in db.execute(_RESOLVED, (since_ms, limit))]
    return found


def ended(db: sqlite3.Connection, keys: Iterable[tuple[str, int]]) -> list[AlertState]:
    """Return those of these alerts (fingerprint, ``started_ms``) that are over."""
    return [ALERTS.decode(row) for key in keys if (row := db.execute(_ENDED, key).fetchone()) is not None]


def firings(db: sqlite3.Connection, since_ms: int) -> list[tuple[str, int]]:
    """Return fingerprint and moment of all firings since then, oldest first."""
    return db.execute(_FIRINGS, (since_ms,)).fetchall()


def starts(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return when each alert has begun last."""
    return db.execute(_STARTS).fetchall()


def silences(db: sqlite3.Connection, now_ms: int | None = None) -> list[Silence]:
    """Return the silences, newest first; with ``now_ms`` only those that hold then or will."""
    asked = db.execute(_SILENCES) if now_ms is None else db.execute(_COMING, (now_ms,))
    return [SILENCES.decode(row) for row in asked]


def muted(db: sqlite3.Connection) -> list[MutedThere]:
    """Return what the Alertmanagers of each sink mute."""
    return [MUTED_THERE.decode(row) for row in db.execute(MUTED_THERE.select)]


def posts(db: sqlite3.Connection) -> list[PostedThere]:
    """Return what each Alertmanager of each sink has taken."""
    return [POSTED_THERE.decode(row) for row in db.execute(POSTED_THERE.select)]


def notifications(db: sqlite3.Connection, since_ms: int, limit: int = MOST) -> list[Notification]:
    """Return the messages that were queued since then, newest first."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_NOTIFICATIONS, (since_ms, limit))]


def last_of_alerts(
    db: sqlite3.Connection, asked: Mapping[tuple[str, str], Mapping[str, Collection[int]]], until_ms: int
) -> list[Notification]:
    """Return the newest message that tells of each alert asked for; of its alerts only names and states.

    ``asked``: by sink and key of the group, the fingerprints of its alerts and when they started. Reads the messages
    of these groups by their index, newest first, only as far as the last of them that is looked for, and not far
    beyond the time asked for. What a message tells is what it holds: it may have been queued before the alert fired.
    One that was refused, given up or not taken yet says nothing of what an older one has told.
    """
    found: list[Notification] = []
    for (sink, group_key), lives in asked.items():
        missing = {key: set(started) for key, started in lives.items() if started}
        untold: list[tuple[Notification, list[_Named]]] = []
        known: set[tuple[str, int]] = set()
        oldest_ms = min((min(started) for started in missing.values()), default=0)
        for seen, row in enumerate(db.execute(_OF_GROUP, (sink, group_key))):
            message = _narrow(sink, group_key, row)
            over_ms = message.sent_ms if message.sent_ms is not None else message.due_ms
            if not missing or seen >= MOST_OF_GROUP or over_ms < oldest_ms - _CLOCK_SET_MS:
                break
            if message.created_ms > until_ms or missing.keys().isdisjoint(message.fingerprints):
                continue
            heard = _heard(db, message)
            if message.state != "sent" and message.attempts:
                firing = [each for each in heard if each.state != "resolved"]
                untold.append(
                    (message, [each for each in firing if each.started_ms in lives.get(each.fingerprint, ())])
                )
                heard = [each for each in heard if each.state == "resolved"]
            told = _take(missing, heard)
            found += _telling(message, told)
            known.update((each.fingerprint, each.started_ms) for each in told)
        for message, heard in untold:
            named = [each for each in heard if (each.fingerprint, each.started_ms) not in known]
            found += _telling(message, [convert(each, AlertState, from_attributes=True) for each in named])
            known.update((each.fingerprint, each.started_ms) for each in named)
    return found


def _telling(message: Notification, told: Iterable[AlertState]) -> list[Notification]:
    """Return a message with what it tells, if it tells anything."""
    alerts = tuple(told)
    names = tuple(each.fingerprint for each in alerts)
    return [replace(message, fingerprints=names, alerts=alerts)] if alerts else []


def _heard(db: sqlite3.Connection, message: Notification) -> list[_Named]:
    """Return the alerts that a message tells of: what is muted stands in it only to be remembered."""
    (text,) = db.execute(_ALERTS_OF, (message.id,)).fetchone()
    named = msgspec.json.decode(text, type=list[_Named])
    return [each for each in named if each.state == "resolved" or not is_muted(each, message.sink)]


def _take(missing: dict[str, set[int]], heard: Iterable[_Named]) -> tuple[AlertState, ...]:
    """Return those that are missing, and do not miss them any more, nor what began later: older messages lack it."""
    told = []
    for each in heard:
        wanted = missing.get(each.fingerprint)
        if wanted is None:
            continue
        if each.started_ms in wanted:
            told.append(convert(each, AlertState, from_attributes=True))
        missing[each.fingerprint] = {started_ms for started_ms in wanted if started_ms < each.started_ms}
        if not missing[each.fingerprint]:
            del missing[each.fingerprint]
    return tuple(told)


def _narrow(sink: str, group_key: str, row: tuple[Any, ...]) -> Notification:
    """Return a message of what is known of it cheaply: its alerts are not decoded."""
    fields = dict(zip(_TOLD_COLUMNS, row, strict=True))
    fields["fingerprints"] = msgspec.json.decode(fields["fingerprints"], type=tuple[str, ...])
    return Notification(sink=sink, group_key=group_key, **fields)


def last_not_taken(db: sqlite3.Connection, sink: str) -> tuple[Notification, int | None] | None:
    """Return the newest message that a sink has not taken, or not wholly, and when it has taken one last."""
    row = db.execute(_NOT_TAKEN, (sink,)).fetchone()
    return (_narrow(sink, "", row), db.execute(_TAKEN, (sink,)).fetchone()[0]) if row is not None else None


def queued(db: sqlite3.Connection) -> list[Notification]:
    """Return the messages that wait to be sent, in order."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_QUEUED)]


def last_of_groups(db: sqlite3.Connection) -> list[Notification]:
    """Return the last message that was sent of each group to each sink."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_LAST_OF_GROUP)]


def given_up(db: sqlite3.Connection, sink: str) -> list[Notification]:
    """Return the last message of each group to a sink, where that was given up and says that something fires."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_GIVEN_UP, (sink,))]


def last_id(db: sqlite3.Connection) -> int:
    """Return the highest number of a message."""
    found: int | None = db.execute("SELECT max(id) FROM notifications").fetchone()[0]
    return found or 0
