"""Questions about alerts, silences and notifications."""

import sqlite3

from statusdesk.states_alerts import AlertState, MutedThere, Notification, Silence
from statusdesk.store.kinds import ALERTS, MUTED_THERE, NOTIFICATIONS, QUEUED, SILENCES, UNRESOLVED

MOST = 1_000
_OPEN_ALERTS = f"{ALERTS.select} WHERE {UNRESOLVED} ORDER BY started_ms DESC LIMIT ?"
_RESOLVED = (
    f"{ALERTS.select} WHERE state = 'resolved' AND fired_ms IS NOT NULL AND resolved_ms >= ?"
    " ORDER BY resolved_ms DESC LIMIT ?"
)
_FIRINGS = "SELECT fingerprint, started_ms, fired_ms FROM alerts WHERE fired_ms >= ? ORDER BY fired_ms"
_SILENCES = f"{SILENCES.select} ORDER BY created_ms DESC, id"
_COMING = f"{SILENCES.select} WHERE expired_ms IS NULL AND ends_ms > ? ORDER BY created_ms DESC, id"
_NOTIFICATIONS = f"{NOTIFICATIONS.select} WHERE created_ms >= ? ORDER BY created_ms DESC, id DESC LIMIT ?"
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
