"""The store as it was: rows at a moment, and the periods of a key. One seek per key, never a scan of a history."""

import sqlite3
from typing import Any

import msgspec
from msgspec.structs import replace

from statusdesk.states import AlertState, Changes, Collector, SourceState
from statusdesk.store.builds import renamed_since
from statusdesk.store.kinds import (
    ALERTS,
    COLLECTORS,
    ENVIRONMENTS,
    JOBS,
    KINDS,
    OUTCOMES,
    PLATFORM,
    ROLLOUTS,
    SOURCES,
    TOKENS,
    Kind,
    S,
)


class PastQuestions(msgspec.Struct, frozen=True):
    """The questions about one kind, as SQL."""

    still: str
    """Current rows that were as they are at ``:at``."""
    since_closed: str
    """Closed periods that held ``:at``, of keys whose current row is younger."""
    periods: str
    """Closed periods of ``:key`` that overlap [``:since``, ``:until``)."""
    last: str
    """The current row of ``:key`` if it overlaps and has not gone (else its period is a closed one)."""


def questions(kind: Kind[Any]) -> PastQuestions:
    """Return the questions for a kind."""
    now, history = kind.current.name, kind.history.name
    listed = ", ".join(f"h.{name}" for name in kind.history.names)
    return PastQuestions(
        f"{kind.current.select} WHERE since_ms <= :at AND (until_ms IS NULL OR until_ms > :at)",
        # CROSS JOIN fixes the order: for each young current row one seek for its period, one for the row
        f"SELECT {listed} FROM {now} c CROSS JOIN {history} h ON h.key = c.key AND h.since_ms ="
        f" (SELECT max(since_ms) FROM {history} WHERE key = c.key AND since_ms <= :at)"
        f" WHERE c.since_ms > :at AND h.until_ms > :at",
        f"{kind.history.select} WHERE key = :key AND since_ms < :until AND until_ms > :since ORDER BY since_ms",
        f"{kind.current.select} WHERE key = :key AND since_ms < :until AND until_ms IS NULL",
    )


QUESTIONS = {kind.row: questions(kind) for kind in KINDS}
ALERTS_AT = f"{ALERTS.select} WHERE started_ms <= :at AND (resolved_ms IS NULL OR resolved_ms > :at)"
COLLECTOR_AT = f"{COLLECTORS.select} WHERE started_ms <= :at ORDER BY started_ms DESC LIMIT 1"


def as_of(db: sqlite3.Connection, at_ms: int) -> Changes:
    """Return what was current at ``at_ms``, as if it were read then: nothing in it is later than that moment.

    Counts and messages are the last ones of the period that held the moment. Jobs are those that exist now.
    """
    collector = _collector_at(db, at_ms)
    looked_ms = at_ms if collector is None else min(at_ms, collector.beat_ms)
    return Changes(
        change=db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0],
        rollouts=tuple(_rows_at(db, ROLLOUTS, at_ms)),
        builds=tuple(_rows_at(db, OUTCOMES, at_ms)),
        tokens=tuple(_rows_at(db, TOKENS, at_ms)),
        sources=tuple(_source_at(source, looked_ms) for source in _rows_at(db, SOURCES, at_ms)),
        alerts=tuple(_alert_at(ALERTS.decode(row), at_ms) for row in db.execute(ALERTS_AT, {"at": at_ms})),
        jobs=tuple(JOBS.decode(row) for row in db.execute(f"{JOBS.select} WHERE until_ms IS NULL")),
        renamed=renamed_since(db, 0),
        queue=(),
        platform=tuple(_rows_at(db, PLATFORM, at_ms)),
        environments=tuple(_rows_at(db, ENVIRONMENTS, at_ms)),
        collector=collector,
    )


def periods(db: sqlite3.Connection, kind: Kind[S], key: str, since_ms: int, until_ms: int) -> list[S]:
    """Return the periods of a key that overlap [``since_ms``, ``until_ms``), oldest first; the last may be open."""
    asked = QUESTIONS[kind.row]
    given = {"key": key, "since": since_ms, "until": until_ms}
    found = [kind.history.decode(row) for row in db.execute(asked.periods, given)]
    return found + [kind.current.decode(row) for row in db.execute(asked.last, given)]


def _rows_at(db: sqlite3.Connection, kind: Kind[S], at_ms: int) -> list[S]:
    asked = QUESTIONS[kind.row]
    rows = [kind.current.decode(row) for row in db.execute(asked.still, {"at": at_ms})]
    rows += [kind.history.decode(row) for row in db.execute(asked.since_closed, {"at": at_ms})]
    return [replace(row, until_ms=None, seen_ms=min(row.seen_ms, at_ms)) for row in rows]


def _source_at(source: SourceState, looked_ms: int) -> SourceState:
    """Bring the visits of a source back to what was known: none can be later than the collector that made it."""
    last_ok_ms = None if source.last_ok_ms is None else min(source.last_ok_ms, looked_ms)
    heard_ms = None if source.heard_ms is None else min(source.heard_ms, looked_ms)
    last_try_ms = None if source.last_try_ms is None else min(source.last_try_ms, looked_ms)
    return replace(source, last_ok_ms=last_ok_ms, heard_ms=heard_ms, last_try_ms=last_try_ms)


def _alert_at(alert: AlertState, at_ms: int) -> AlertState:
    fired = alert.fired_ms is not None and alert.fired_ms <= at_ms
    then = replace(
        alert,
        state="firing" if fired else "pending",
        fired_ms=alert.fired_ms if fired else None,
        resolved_ms=None,
        cleared_ms=None,
        flapping=False,
        silenced_by="",  # whether it was then is not known
    )
    if then.stale_since_ms is not None and then.stale_since_ms > at_ms:
        then = replace(then, stale_since_ms=None)
    if then.acked_ms is not None and then.acked_ms > at_ms:
        then = replace(then, acked_by="", acked_ms=None, ack_comment="", ack_until_ms=None)
    return then


def _collector_at(db: sqlite3.Connection, at_ms: int) -> Collector | None:
    row = db.execute(COLLECTOR_AT, {"at": at_ms}).fetchone()
    if row is None:
        return None
    collector = COLLECTORS.decode(row)
    stopped_ms = collector.stopped_ms
    stopped = stopped_ms if stopped_ms is not None and stopped_ms <= at_ms else None
    return replace(collector, beat_ms=min(collector.beat_ms, at_ms), stopped_ms=stopped)
