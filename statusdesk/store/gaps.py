"""When nobody looked: no collector worked, or one could not see a source; read from the rows that tell of both."""

import sqlite3
from collections.abc import Iterable, Iterator

from statusdesk.store import past
from statusdesk.store.kinds import COLLECTORS, SOURCES

Gap = tuple[int, int]
"""From and until, in milliseconds of UTC."""

COLLECTED_SINCE = (
    f"{COLLECTORS.select} WHERE started_ms >= coalesce("
    "(SELECT max(started_ms) FROM collectors WHERE started_ms <= ?), 0) ORDER BY started_ms, pid"
)


def gaps(db: sqlite3.Connection, source_keys: Iterable[str], since_ms: int, now_ms: int) -> tuple[Gap, ...]:
    """Return when nobody saw one of these sources (``source`` or ``source#scope``) since a moment; they may overlap."""
    found = list(_without_collector(db, since_ms))
    for key in source_keys:
        for row in past.periods(db, SOURCES, key, since_ms, now_ms):
            if row.is_blind:
                found.append((row.since_ms, now_ms if row.until_ms is None else row.until_ms))
    return tuple(sorted(found))


def _without_collector(db: sqlite3.Connection, since_ms: int) -> Iterator[Gap]:
    """Yield the times between one collector and the next."""
    seen_ms: int | None = None
    for values in db.execute(COLLECTED_SINCE, (since_ms,)):
        row = COLLECTORS.decode(values)
        if seen_ms is not None and row.started_ms > seen_ms:
            yield seen_ms, row.started_ms
        seen_ms = max(seen_ms or 0, row.beat_ms)
