"""Reading the store, from any process, while a collector writes it or not: now, since a change number, as of a time."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from statusdesk.facts import Build, BuildDetails, Event, Revision
from statusdesk.states import Changes, Collector, Evidence, Grant, JobEvent, Level, PodState, RolloutState, SourceState
from statusdesk.states_alerts import AlertState, Notification, Silence
from statusdesk.store import alerts as alert_questions
from statusdesk.store import builds as build_questions
from statusdesk.store import gate_rows as gate_questions
from statusdesk.store import past
from statusdesk.store.errors import StoreError
from statusdesk.store.gate_rows import GateRows, JobsOf
from statusdesk.store.kinds import (
    ALERTS,
    COLLECTORS,
    ENVIRONMENT_HOURS,
    ENVIRONMENTS,
    EVENTS,
    EVIDENCE,
    EXECUTORS,
    GRANTS,
    JOBS,
    KINDS,
    MUTED_THERE,
    OUTCOMES,
    PLATFORM,
    PODS,
    POSTED_THERE,
    QUEUE,
    REVISIONS,
    ROLLOUTS,
    SILENCES,
    SOURCES,
    TABLES,
    TOKENS,
    UNRESOLVED,
    R,
    S,
    Table,
)
from statusdesk.store.opening import Opened, file_mark, older, open_for_reading, wal_mark
from statusdesk.store.schema import damaged

Answer = TypeVar("Answer")

LAST_MS = 2**63 - 1
META = "SELECT value FROM meta WHERE name IN ('change', 'queue_change') ORDER BY name"
LAST_COLLECTOR = f"{COLLECTORS.select} ORDER BY rowid DESC LIMIT 1"
ALL_QUEUE = f"{QUEUE.select} ORDER BY source, id"
GONE_JOBS = "SELECT source, name FROM jobs WHERE change > ? AND until_ms IS NOT NULL"
PODS_OF = f"{PODS.select} WHERE workload = ? AND until_ms IS NULL ORDER BY key"
EVENTS_OF = f"{EVENTS.select} WHERE workload = ? ORDER BY coalesce(last_ms, first_ms) DESC, uid"
REVISIONS_OF = f"{REVISIONS.select} WHERE workload = ? ORDER BY revision DESC, name"
EVIDENCE_OF = (
    f"{EVIDENCE.select} WHERE key = ? AND since_ms BETWEEN ? AND ? ORDER BY since_ms DESC, pod, container, previous"
)
STANDING = (
    "SELECT cluster, namespace, level, count(*) FROM rollout_current WHERE until_ms IS NULL"
    " GROUP BY cluster, namespace, level"
)
WHOLE_SOURCES = f"{SOURCES.current.select} WHERE until_ms IS NULL AND scope = ''"
GRANTS_OF = f"{GRANTS.select} WHERE key = ? ORDER BY renewed_ms DESC LIMIT ?"
ALIVE = {
    **{table.name: f"{table.select} WHERE until_ms IS NULL" for table in (*(kind.current for kind in KINDS), JOBS)},
    ALERTS.name: f"{ALERTS.select} WHERE {UNRESOLVED}",
    SILENCES.name: f"{SILENCES.select} WHERE expired_ms IS NULL",
    MUTED_THERE.name: MUTED_THERE.select,
    POSTED_THERE.name: POSTED_THERE.select,
}
CHANGED = {
    **{name: f"{question.partition(' WHERE ')[0]} WHERE change > ?" for name, question in ALIVE.items()},
    JOBS.name: f"{JOBS.select} WHERE change > ? AND until_ms IS NULL",
}


class StoreCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How full the store is. ``rows`` by table; those of history tables are estimates of the last ANALYZE."""

    path: str
    live: bool
    change: int
    bytes: int
    rows: dict[str, int]
    oldest_ms: int | None


class Reader:
    """Reads the store at ``path``; one thread at a time.

    ``live`` is False when the last collector stopped cleanly and none runs: what is read then does not change until
    ``reopen_if_needed`` finds that one has started.

    Raises: StoreError, from every method, when the store is missing, refused, damaged, or of another schema.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: Opened = open_for_reading(path)
        self._openings = 1

    @property
    def live(self) -> bool:
        """Whether what a collector writes is seen."""
        return self._opened.live

    def data_version(self) -> int:
        """Return a number that differs whenever another process has committed or the file was opened anew."""
        try:
            version: int = self._opened.db.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be read: {error}") from error
        return self._openings << 32 | version

    def reopen_if_needed(self) -> bool:
        """Open the file anew if what is read is not what a collector writes (any more); tell whether it was.

        That is so when another file stands in its place, when a collector has appeared, and when the ``-wal`` file was
        removed or replaced under this reader.
        """
        now = file_mark(self.path)
        if now is None:
            return False
        wal, known = wal_mark(self.path), self._opened.wal
        lost = self._opened.live and (wal and wal[:2]) != (known and known[:2])
        appeared = not self._opened.live and wal is not None and wal != known
        if now == self._opened.file and not lost and not appeared:
            return False
        self.reopen()
        return True

    def reopen(self) -> None:
        """Open the file anew.

        The old connection is closed first: SQLite would share its ``-shm`` file, which may be a removed one, with the
        new one.
        """
        self._opened.db.close()
        self._opened = open_for_reading(self.path)
        self._openings += 1

    def changes(self, since: int) -> Changes:
        """Return the rows whose change number is above ``since``, in one transaction; 0: all that have not gone."""
        return self._ask(lambda db: _changes(db, since))

    def as_of(self, at_ms: int) -> Changes:
        """Return rollouts, build outcomes, tokens, sources and alerts as they were at a moment."""
        return self._ask(lambda db: past.as_of(db, at_ms))

    def periods(self, kind: type[S], key: str, since_ms: int, until_ms: int) -> list[S]:
        """Return the periods of a key that overlap [``since_ms``, ``until_ms``), oldest first; the last may be open."""
        found = next(each for each in KINDS if each.row is kind)
        return self._ask(lambda db: past.periods(db, found, key, since_ms, until_ms))

    def pods(self, workload_key: str) -> list[PodState]:
        """Return the pods of a rollout, old and new revision, without those that have gone."""
        return self._ask(lambda db: [PODS.decode(row) for row in db.execute(PODS_OF, (workload_key,))])

    def events(self, rollout_key: str) -> list[Event]:
        """Return what Kubernetes told of a rollout that is not healthy, newest first; nothing once it is."""
        return self._ask(lambda db: [EVENTS.decode(row) for row in db.execute(EVENTS_OF, (rollout_key,))])

    def revisions(self, rollout_key: str) -> list[Revision]:
        """Return the revisions of a rollout that rolls or is not healthy, newest first; nothing once it is."""
        return self._ask(lambda db: [REVISIONS.decode(row) for row in db.execute(REVISIONS_OF, (rollout_key,))])

    def evidence(self, rollout_key: str, since_ms: int | None = None, until_ms: int | None = None) -> list[Evidence]:
        """Return the evidence of failures that began in [``since_ms``, ``until_ms``], newest first; None: all.

        For a failing period these are its ``level_since_ms`` and ``since_ms``.
        """
        given = (rollout_key, since_ms or 0, LAST_MS if until_ms is None else until_ms)
        return self._ask(lambda db: [EVIDENCE.decode(row) for row in db.execute(EVIDENCE_OF, given)])

    def builds(self, job: str, namespace: str | None, limit: int, source: str = "jenkins") -> list[Build]:
        """Return the newest builds of a job, newest first; ``namespace``: None any, empty not attributed."""
        return self._ask(lambda db: build_questions.builds_of_job(db, source, job, namespace, limit))

    def build(self, source: str, job: str, number: int) -> Build | None:
        """Return one build; None when it is not known (any more)."""
        return self._ask(lambda db: build_questions.build(db, source, job, number))

    def build_details(self, source: str, job: str, number: int) -> BuildDetails | None:
        """Return what was looked up of one build; None when nothing was."""
        return self._ask(lambda db: build_questions.details(db, source, job, number))

    def unattributed(self) -> list[build_questions.Unattributed]:
        """Return the jobs with builds that could not be attributed to a namespace, those with the most first."""
        return self._ask(build_questions.unattributed)

    def job_events(self, since_ms: int, limit: int) -> list[JobEvent]:
        """Return the newest events of jobs since a moment, newest first."""
        return self._ask(lambda db: build_questions.job_events(db, since_ms, limit))

    def grants(self, token_key: str, limit: int) -> list[Grant]:
        """Return what the last renewals of a token gave, newest first."""
        return self._ask(lambda db: [GRANTS.decode(row) for row in db.execute(GRANTS_OF, (token_key, limit))])

    def alerts(self, since_ms: int | None = None, limit: int = alert_questions.MOST) -> list[AlertState]:
        """Return the alerts that are not resolved, and those resolved since ``since_ms`` (None: none), newest first."""
        return self._ask(lambda db: alert_questions.alerts(db, since_ms, limit))

    def silences(self, now_ms: int | None = None) -> list[Silence]:
        """Return the silences, newest first; with ``now_ms`` only those that hold then or will."""
        return self._ask(lambda db: alert_questions.silences(db, now_ms))

    def notifications(self, since_ms: int = 0, limit: int = alert_questions.MOST) -> list[Notification]:
        """Return the messages that were queued since then, newest first."""
        return self._ask(lambda db: alert_questions.notifications(db, since_ms, limit))

    def last_of_alerts(
        self, asked: Mapping[tuple[str, str], Mapping[str, Collection[int]]], until_ms: int
    ) -> list[Notification]:
        """Return the newest message about each alert asked for (see ``store.alerts``)."""
        return self._ask(lambda db: alert_questions.last_of_alerts(db, asked, until_ms))

    def last_not_taken(self, sink: str) -> tuple[Notification, int | None] | None:
        """Return the newest message that a sink has not taken, or not wholly, and when it has taken one last."""
        return self._ask(lambda db: alert_questions.last_not_taken(db, sink))

    def standing(self) -> list[tuple[str, str, Level, int]]:
        """Return how many rollouts are at which level: cluster, namespace, level, number."""
        rows = self._ask(lambda db: db.execute(STANDING).fetchall())
        return [(cluster, namespace, Level(level), number) for cluster, namespace, level, number in rows]

    def sources(self, *, scopes: bool = False) -> list[SourceState]:
        """Return how the sources answer, each as a whole; with ``scopes`` also parts of them."""
        asked = ALIVE[SOURCES.current.name] if scopes else WHOLE_SOURCES
        return self._ask(lambda db: [SOURCES.current.decode(row) for row in db.execute(asked)])

    def gate_rows(
        self,
        app: str,
        jobs_of: JobsOf,
        in_stage: Callable[[RolloutState], bool],
        names: Sequence[str],
        within: tuple[int, int] | None = None,
        asked_by: tuple[str, int] | None = None,
    ) -> GateRows:
        """Return what the gate asks about an app (see ``store.gate_rows``)."""
        return self._ask(lambda db: gate_questions.gate_rows(db, app, jobs_of, in_stage, names, within, asked_by))

    def collector(self) -> Collector | None:
        """Return the heartbeat of the collector that wrote last."""
        return self._ask(_collector)

    def counts(self) -> StoreCounts:
        """Return how full the store is, without reading any history through."""
        return self._ask(self._counts)

    def _counts(self, db: sqlite3.Connection) -> StoreCounts:
        histories = {kind.history.name for kind in KINDS}
        rows = {
            table.name: db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
            for table in TABLES
            if table.name not in histories
        }
        rows.update(dict.fromkeys(sorted(histories), 0))
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone():
            for name, figures in db.execute("SELECT tbl, stat FROM sqlite_stat1"):
                if name in histories:
                    rows[name] = int(figures.split()[0])
        return StoreCounts(
            path=str(self.path),
            live=self.live,
            change=db.execute(META).fetchone()[0],
            bytes=sum(each.stat().st_size for each in (self.path, *self.path.parent.glob(f"{self.path.name}-wal"))),
            rows=rows,
            oldest_ms=min((found for kind in KINDS if (found := _oldest(db, kind.name)) is not None), default=None),
        )

    def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Answer a question in one read transaction."""
        try:
            try:
                return _in_transaction(self._opened.db, question)
            except sqlite3.DatabaseError:
                # a collector may have begun to write under a file that was opened as unchanging
                if not self.reopen_if_needed():
                    raise
                return _in_transaction(self._opened.db, question)
        except sqlite3.OperationalError as error:
            if "no such " in str(error):
                raise older(self.path) from error
            raise StoreError(f"{self.path} cannot be read: {error}") from error
        except (sqlite3.Error, KeyError, msgspec.DecodeError) as error:
            raise damaged(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._opened.db.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _in_transaction(db: sqlite3.Connection, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    db.execute("BEGIN")
    try:
        return question(db)
    finally:
        if db.in_transaction:
            db.execute("COMMIT")


def _changes(db: sqlite3.Connection, since: int) -> Changes:
    (change,), (queue_change,) = db.execute(META).fetchall()
    if since and change == since:
        return Changes(change=change, collector=_collector(db))

    def rows(table: Table[R]) -> tuple[R, ...]:
        found = db.execute(CHANGED[table.name], (since,)) if since else db.execute(ALIVE[table.name])
        return tuple(map(table.decode, found.fetchall()))

    return Changes(
        change=change,
        rollouts=rows(ROLLOUTS.current),
        builds=rows(OUTCOMES.current),
        tokens=rows(TOKENS.current),
        sources=rows(SOURCES.current),
        alerts=rows(ALERTS),
        silences=rows(SILENCES),
        muted=rows(MUTED_THERE),
        posts=rows(POSTED_THERE),
        jobs=rows(JOBS),
        gone_jobs=tuple(db.execute(GONE_JOBS, (since,))) if since else (),
        renamed=build_questions.renamed_since(db, since),
        queue=tuple(map(QUEUE.decode, db.execute(ALL_QUEUE))) if queue_change > since or not since else None,
        executors=tuple(map(EXECUTORS.decode, db.execute(EXECUTORS.select))),
        platform=rows(PLATFORM.current),
        environments=rows(ENVIRONMENTS.current),
        environment_hours=tuple(map(ENVIRONMENT_HOURS.decode, db.execute(ENVIRONMENT_HOURS.select))),
        collector=_collector(db),
    )


def _collector(db: sqlite3.Connection) -> Collector | None:
    row = db.execute(LAST_COLLECTOR).fetchone()
    return None if row is None else COLLECTORS.decode(row)


def _oldest(db: sqlite3.Connection, name: str) -> int | None:
    """Return when the oldest period of a kind began: one seek per key."""
    oldest: Any = db.execute(
        f"SELECT min(coalesce((SELECT min(since_ms) FROM {name}_history WHERE key = c.key), c.since_ms))"
        f" FROM {name}_current c"
    ).fetchone()[0]
    return None if oldest is None else int(oldest)
