"""Retention: deleting what is older than is kept, in bites that hold the store for milliseconds only."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from statusdesk.store.builds import IS_CONCLUSIVE
from statusdesk.store.current import LastingRows

KEYS_PER_BITE = 100

_OLD_BUILDS = f"""
DELETE FROM builds WHERE (source, job, number) IN (
  SELECT b.source, b.job, b.number FROM builds b
  WHERE b.started_ms < :limit AND (
    NOT EXISTS (SELECT 1 FROM jobs j WHERE j.source = b.source AND j.name = b.job AND j.until_ms IS NULL)
    OR NOT b.building AND b.result IS NOT NULL AND EXISTS (
      SELECT 1 FROM builds n
      WHERE n.source = b.source AND n.job = b.job AND n.namespace IS b.namespace AND n.number > b.number
        AND n.namespaces = b.namespaces
        AND CASE
          WHEN b.deleted THEN 1
          WHEN b.result = 'SUCCESS' THEN NOT n.building AND NOT n.deleted AND n.result = 'SUCCESS'
          WHEN b.result {IS_CONCLUSIVE} THEN NOT n.building AND NOT n.deleted AND n.result {IS_CONCLUSIVE}
          ELSE 1 END))
  LIMIT :rows)
"""

_OLD_PODS = """
DELETE FROM pod_current WHERE key IN (
  SELECT key FROM pod_current WHERE until_ms IS NOT NULL AND until_ms < :limit LIMIT :rows)
"""
_SMALL = (
    "DELETE FROM alerts WHERE (fingerprint, started_ms) IN (SELECT fingerprint, started_ms FROM alerts"
    " WHERE started_ms < :limit AND state = 'resolved' AND resolved_ms < :limit LIMIT :rows)",
    "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_ms < :limit LIMIT :rows)",
    "DELETE FROM acknowledgements WHERE rowid IN (SELECT rowid FROM acknowledgements WHERE at_ms < :limit LIMIT :rows)",
    "DELETE FROM notifications WHERE id IN (SELECT n.id FROM notifications n WHERE n.created_ms < :limit"
    " AND n.state != 'queued' AND (n.state != 'sent' OR EXISTS (SELECT 1 FROM notifications m WHERE m.sink = n.sink"
    " AND m.group_key = n.group_key AND m.id > n.id AND m.state = 'sent')"
    # the last one says what was told: it goes, after all others, when that is nothing, or told to none of our sinks
    " OR (n.what = 'resolved' OR :sinks IS NOT NULL AND n.sink NOT IN (SELECT value FROM json_each(:sinks)))"
    " AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.sink = n.sink"
    " AND o.group_key = n.group_key AND o.id < n.id AND o.state = 'sent')) LIMIT :rows)",
    "DELETE FROM grants WHERE (key, renewed_ms) IN"
    " (SELECT g.key, g.renewed_ms FROM grants g"
    " WHERE g.renewed_ms < :limit"
    " AND EXISTS (SELECT 1 FROM grants n WHERE n.key = g.key AND n.renewed_ms > g.renewed_ms) LIMIT :rows)",
    "DELETE FROM evidence WHERE rowid IN (SELECT rowid FROM evidence e WHERE e.since_ms < :limit"
    " AND NOT EXISTS (SELECT 1 FROM rollout_history h WHERE h.key = e.key AND h.since_ms = e.since_ms)"
    " AND NOT EXISTS (SELECT 1 FROM rollout_current r WHERE r.key = e.key AND r.until_ms IS NULL"
    " AND r.level = 'failing' AND r.level_since_ms <= e.since_ms) LIMIT :rows)",
    "DELETE FROM collectors WHERE rowid IN (SELECT c.rowid FROM collectors c WHERE c.beat_ms < :limit"
    " AND EXISTS (SELECT 1 FROM collectors n WHERE n.started_ms > c.started_ms) LIMIT :rows)",
    "DELETE FROM build_details WHERE rowid IN (SELECT rowid FROM build_details WHERE at_ms < :limit LIMIT :rows)",
    "DELETE FROM job_events WHERE rowid IN (SELECT rowid FROM job_events WHERE at_ms < :limit LIMIT :rows)",
    "DELETE FROM jobs WHERE rowid IN (SELECT rowid FROM jobs WHERE until_ms < :limit LIMIT :rows)",
)


class Pruner:
    """Deletes old rows, going on at each call where the last one stopped."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._at: dict[str, int] = {}

    def small(self, limit_ms: int, max_rows: int, sinks: Collection[str] | None = None) -> int:
        """Delete from the tables that have few old rows: builds, alerts, messages, grants, evidence and so on.

        ``sinks``: those that are configured, None when that is not known.
        """
        known = None if sinks is None else json.dumps(sorted(sinks))
        deleted = 0
        for statement in (_OLD_BUILDS, *_SMALL):
            if deleted >= max_rows:
                break
            deleted += self._bite(statement, [{"limit": limit_ms, "rows": max_rows - deleted, "sinks": known}])
        return deleted

    def pods(self, limit_ms: int, max_rows: int) -> int:
        """Delete pods that went before ``limit_ms``."""
        return self._bite(_OLD_PODS, [{"limit": limit_ms, "rows": max_rows}])

    def lasting(self, rows: LastingRows[Any], limit_ms: int, max_rows: int) -> int:
        """Delete the old periods of a kind, and the keys that went before ``limit_ms`` and have no period left."""
        name = rows.kind.name
        deleted = self.history(name, list(rows.rows), limit_ms, max_rows)
        old = [key for key in rows.gone_before(limit_ms) if not self._has_history(name, key)]
        old = old[: max(0, max_rows - deleted)]
        deleted += self._current(rows.kind.current.name, old)
        rows.drop(old)
        return deleted

    def history(self, name: str, keys: Sequence[str], limit_ms: int, max_rows: int) -> int:
        """Delete closed periods of a kind (``rollout``) that ended before ``limit_ms``."""
        statement = (
            f"DELETE FROM {name}_history WHERE key = :key AND since_ms IN (SELECT since_ms FROM {name}_history"
            f" WHERE key = :key AND since_ms < :limit AND until_ms < :limit ORDER BY since_ms LIMIT :rows)"
        )
        deleted = 0
        for bite in self._bites(name, keys, min(KEYS_PER_BITE, max_rows)):
            rows = (max_rows - deleted) // len(bite)
            if not rows:
                break
            deleted += self._bite(statement, [{"key": key, "limit": limit_ms, "rows": rows} for key in bite])
        return deleted

    def _current(self, table: str, keys: Sequence[str]) -> int:
        """Delete rows of a current table by key."""
        return self._bite(f"DELETE FROM {table} WHERE key = :key", [{"key": key} for key in keys])

    def _has_history(self, name: str, key: str) -> bool:
        found = self._db.execute(f"SELECT 1 FROM {name}_history WHERE key = ? LIMIT 1", (key,)).fetchone()
        return found is not None

    def _bites(self, name: str, keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
        """Cut the keys into bites, each key once, beginning where the last call ended."""
        if size <= 0:
            return
        start = self._at.get(name, 0)
        if start >= len(keys):
            start = 0
        turned = [*keys[start:], *keys[:start]]
        for index in range(0, len(turned), size):
            yield turned[index : index + size]
            self._at[name] = (start + index + size) % len(turned)

    def _bite(self, statement: str, rows: list[dict[str, Any]]) -> int:
        if not rows:
            return 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            count = self._db.executemany(statement, rows).rowcount
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return max(0, count)
