"""Questions about alerts, silences and notifications."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from statusdesk.states_alerts import AlertState, MutedThere, Notification, Silence
from statusdesk.store.kinds import ALERTS, MUTED_THERE, NOTIFICATIONS, QUEUED, SILENCES, UNRESOLVED

MOST = 1_000
_CLOCK_SET_MS = 3_600_000
"""A clock may have been set back by so much between two messages of a group."""
_OPEN_ALERTS = f"{ALERTS.select} WHERE {UNRESOLVED} ORDER BY started_ms DESC LIMIT ?"
_RESOLVED = (
    f"{ALERTS.select} WHERE state = 'resolved' AND fired_ms IS NOT NULL AND resolved_ms >= ?"
    " ORDER BY resolved_ms DESC LIMIT ?"
)
_ENDED = f"{ALERTS.select} WHERE fingerprint = ? AND started_ms = ? AND state = 'resolved'"
_FIRINGS = "SELECT fingerprint, started_ms, fired_ms FROM alerts WHERE fired_ms >= ? ORDER BY fired_ms"
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
MOST_OF_GROUP = 100
_QUEUED = f"{NOTIFICATIONS.select} WHERE {QUEUED} ORDER BY id"
_LAST_OF_GROUP = (
    f"{NOTIFICATIONS.select} WHERE id IN"
    " (SELECT max(id) FROM notifications WHERE state = 'sent' GROUP BY sink, group_key) ORDER BY id"
)


def alerts(db: sqlite3.Connection, since_ms: int | None, limit: int = MOST) -> list[AlertState]:
    """Return the alerts that are not resolved, and those resolved since ``since_ms``, newest first."""
    found = [ALERTS.decode(row) for row in db.execute(_OPEN_ALERTS, (limit,))]
    if since_ms is not None:
        found += [ALERTS.decode(row) for row in db.execute(_RESOLVED, (since_ms, limit))]
    return found


def ended(db: sqlite3.Connection, keys: Iterable[tuple[str, int]]) -> list[AlertState]:
    """Return those of these alerts (fingerprint, ``started_ms``) that are over."""
    return [ALERTS.decode(row) for key in keys if (row := db.execute(_ENDED, key).fetchone()) is not None]


def firings(db: sqlite3.Connection, since_ms: int) -> list[tuple[str, int, int]]:
    """Return fingerprint, start and moment of all firings since then, oldest first."""
    return db.execute(_FIRINGS, (since_ms,)).fetchall()


def silences(db: sqlite3.Connection, now_ms: int | None = None) -> list[Silence]:
    """Return the silences, newest first; with ``now_ms`` only those that hold then or will."""
    asked = db.execute(_SILENCES) if now_ms is None else db.execute(_COMING, (now_ms,))
    return [SILENCES.decode(row) for row in asked]


def muted(db: sqlite3.Connection) -> list[MutedThere]:
    """Return what the Alertmanagers of each sink mute."""
    return [MUTED_THERE.decode(row) for row in db.execute(MUTED_THERE.select)]


def notifications(db: sqlite3.Connection, since_ms: int, limit: int = MOST) -> list[Notification]:
    """Return the messages that were queued since then, newest first."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_NOTIFICATIONS, (since_ms, limit))]


def last_of_alerts(
    db: sqlite3.Connection, asked: Mapping[tuple[str, str], Mapping[str, int]], until_ms: int
) -> list[Notification]:
    """Return the newest message about each alert asked for, without the alerts as they were then.

    ``asked``: by sink and key of the group, the fingerprints of its alerts and since when they fire. Reads the messages
    of these groups by their index, newest first, only as far as the last of them that is looked for, and not far
    beyond the time asked for.
    """
    found: list[Notification] = []
    for (sink, group_key), since in asked.items():
        missing, oldest_ms = dict(since), min(since.values(), default=0)
        for seen, row in enumerate(db.execute(_OF_GROUP, (sink, group_key))):
            told = _narrow(sink, group_key, row)
            if not missing or seen >= MOST_OF_GROUP or told.created_ms < oldest_ms - _CLOCK_SET_MS:
                break
            if told.created_ms > until_ms:
                continue
            about = [key for key in told.fingerprints if key in missing and told.created_ms >= missing[key]]
            if about:
                found.append(replace(told, fingerprints=tuple(about)))
                for key in about:
                    del missing[key]
    return found


def _narrow(sink: str, group_key: str, row: tuple[Any, ...]) -> Notification:
    """Return a message of what is known of it cheaply: its alerts are not decoded."""
    fields = dict(zip(_TOLD_COLUMNS, row, strict=True))
    fields["fingerprints"] = msgspec.json.decode(fields["fingerprints"], type=tuple[str, ...])
    return Notification(sink=sink, group_key=group_key, **fields)


def queued(db: sqlite3.Connection) -> list[Notification]:
    """Return the messages that wait to be sent, in order."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_QUEUED)]


def last_of_groups(db: sqlite3.Connection) -> list[Notification]:
    """Return the last message that was sent of each group to each sink."""
    return [NOTIFICATIONS.decode(row) for row in db.execute(_LAST_OF_GROUP)]


def last_id(db: sqlite3.Connection) -> int:
    """Return the highest number of a message."""
    found: int | None = db.execute("SELECT max(id) FROM notifications").fetchone()[0]
    return found or 0
