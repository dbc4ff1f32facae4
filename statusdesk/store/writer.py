"""The one writer: compares what is put with what is known, and writes the difference in one transaction per commit."""

import contextlib
import sqlite3
from collections.abc import Collection, Hashable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

import msgspec
from msgspec.structs import replace

from statusdesk.clock import Clock
from statusdesk.facts import Build, BuildDetails, Event, Executors, Job, QueueItem, Revision
from statusdesk.states import AlertState, Collector, EnvironmentHours, Evidence, Grant, JobEvent, PodState, TokenState
from statusdesk.store import analysis
from statusdesk.store import builds as build_questions
from statusdesk.store.alert_rows import AlertRows
from statusdesk.store.analysis import Analysis
from statusdesk.store.anchor_row import AnchorRow
from statusdesk.store.build_rows import BuildRows
from statusdesk.store.current import GroupRows, LastingRows, LatestRows, QueueRows, Write
from statusdesk.store.earlier import Earlier
from statusdesk.store.errors import StoreError
from statusdesk.store.grant_rows import GrantRows
from statusdesk.store.kinds import (
    COLLECTORS,
    ENVIRONMENT_HOURS,
    EVENTS,
    EVIDENCE,
    EXECUTORS,
    JOB_EVENTS,
    JOBS,
    KINDS,
    PODS,
    REVISIONS,
    ROLLOUTS,
    SOURCES,
    Lasting,
)
from statusdesk.store.opening import check_place, file_mark, open_for_writing
from statusdesk.store.periods import Transition
from statusdesk.store.prune import Pruner
from statusdesk.store.safety import asks, storable, write_all
from statusdesk.store.schema import damaged

__all__ = ["Transition", "Writer"]

PODS_KEEP_S = 3600.0

C = TypeVar("C")


class Writer:
    """Writes the store at ``path``; the caller holds the ``StateLock`` and uses one thread at a time.

    ``keep_s``: how long closed periods, finished builds and what has gone are kept; ``pods_keep_s``: gone pods.
    Nothing is written before ``commit``, and nothing is lost when a commit fails: the next one writes it.
    Questions that SQLite cannot answer raise StoreError.

    Raises: StoreError when the file cannot be opened, made or migrated.
    """

    def __init__(self, path: Path, keep_s: float, clock: Clock, pods_keep_s: float = PODS_KEEP_S) -> None:
        self.path = path
        self.place = str(path)
        self._keep_ms = round(keep_s * 1000)
        self._pods_keep_ms = round(pods_keep_s * 1000)
        self._clock = clock
        self._db = open_for_writing(path)
        self._mark = file_mark(path)
        try:
            self._load()
        except (sqlite3.Error, KeyError, msgspec.MsgspecError) as error:
            self._db.close()
            raise damaged(path, error) from error

    def _load(self) -> None:
        db = self._db
        self._change: int = db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0]
        self._lasting: dict[type, LastingRows[Any]] = {}
        for kind in KINDS:
            rows = map(kind.current.decode, db.execute(kind.current.select))
            self._lasting[kind.row] = LastingRows(kind, {row.key: row for row in rows})
        self._sources = self._lasting[SOURCES.row]
        self.earlier = Earlier(db, self._lasting[ROLLOUTS.row], self.place)
        self._pods = LatestRows(
            PODS, {pod.key: pod for pod in map(PODS.decode, db.execute(f"{PODS.select} WHERE until_ms IS NULL"))}
        )
        self._events = GroupRows(EVENTS, db)
        self._revisions = GroupRows(REVISIONS, db)
        self._evidence = LatestRows(EVIDENCE)
        jobs = map(JOBS.decode, db.execute(f"{JOBS.select} WHERE until_ms IS NULL"))
        self._jobs = LatestRows(JOBS, {job.key: job for job in jobs})
        executors = map(EXECUTORS.decode, db.execute(EXECUTORS.select))
        self._executors = LatestRows(EXECUTORS, {each.key: each for each in executors})
        hours = map(ENVIRONMENT_HOURS.decode, db.execute(ENVIRONMENT_HOURS.select))
        self._environment_hours = LatestRows(ENVIRONMENT_HOURS, {each.source: each for each in hours})
        self.alert_rows = AlertRows(db, lambda: self._change + 1, self.place)
        self.build_rows = BuildRows(db, lambda: self._change + 1, self.place)
        self._grants = GrantRows(db, self.place)
        self._job_events = LatestRows(JOB_EVENTS)
        self._beats = LatestRows(COLLECTORS)
        self.anchor_row = AnchorRow(db)
        self._queue = QueueRows(db)
        self._pruner = Pruner(db)
        self._analysis = Analysis(db, self._clock())

    def check_place(self) -> None:
        """Look whether the file still stands at its path. Raises: StoreError when it does not."""
        check_place(self.path, self._mark)

    def put(self, states: Sequence[Lasting], at_ms: int, seen_ms: int | None = None) -> list[Transition]:
        """Take judged states; return those whose level, reason, version or revision changed, that are new or back.

        ``seen_ms`` is given where what is seen only now began at ``at_ms``.
        """
        made: list[Transition] = []
        number = self._change + 1
        for state in states:
            transition = self._lasting[type(state)].put(state.key, state, at_ms, number, seen_ms)
            if transition is not None:
                made.append(transition)
        return made

    def take_retold(self) -> list[Lasting]:
        """Return, once, the rows that say something else than before without a transition."""
        return [row for rows in self._lasting.values() for row in rows.take_retold()]

    def gone(self, kind: type, keys: Iterable[str], at_ms: int) -> list[Transition]:
        """Mark keys of a lasting kind, or of ``PodState``, as gone; return what that changed (nothing for pods)."""
        number = self._change + 1
        if kind is PodState:
            for key in keys:
                pod = self._pods.rows.get(key)
                if pod is not None and pod.until_ms is None:
                    self._pods.put(key, replace(pod, until_ms=at_ms, change=number))
            return []
        if kind is TokenState:
            keys = list(keys)
            self._grants.forget(keys)
        rows = self._lasting[kind]
        made = (rows.gone(key, at_ms, number) for key in keys)
        return [transition for transition in made if transition is not None]

    def put_pods(self, pods: Sequence[PodState]) -> None:
        """Take pods as they are now; one that was gone is back."""
        number, rows = self._change + 1, self._pods.rows
        for pod in pods:
            before = rows.get(pod.key)
            if before is None or (same := replace(pod, change=before.change, until_ms=None)) != before:
                as_it_is = pod.change == number and pod.until_ms is None
                self._pods.take(pod.key, pod if as_it_is else replace(pod, change=number, until_ms=None))
            else:
                rows[pod.key] = same  # it shares its parts with what was seen now: the older ones can go

    def put_events(self, rollout_key: str, events: Sequence[Event]) -> None:
        """Take all that Kubernetes tells of a rollout now; nothing once it is healthy or gone."""
        self._events.put(rollout_key, events)

    def put_revisions(self, rollout_key: str, revisions: Sequence[Revision]) -> None:
        """Take all revisions of a rollout; nothing once it is healthy or gone."""
        self._revisions.put(rollout_key, revisions)

    def put_evidence(self, rows: Sequence[Evidence]) -> None:
        """Take evidence of a failure; what was taken of the same run of the same container is replaced."""
        for row in rows:
            key = (row.key, row.since_ms, row.pod, row.container, row.previous)
            self._evidence.put(key, replace(row, change=self._change + 1))

    @asks
    def has_evidence(self, rollout_key: str, since_ms: int, revision: str) -> bool:
        """Return whether evidence of a failure that began at ``since_ms`` or later is committed."""
        question = "SELECT 1 FROM evidence WHERE key = ? AND since_ms >= ? AND revision = ? LIMIT 1"
        return self._db.execute(question, (rollout_key, since_ms, revision)).fetchone() is not None

    @asks
    def evidence_lines(self, rollout_key: str, since_ms: int, container: str) -> list[str]:
        """Return the committed last lines of a container, of a failure that began at ``since_ms`` or later."""
        rows = self._db.execute(f"{EVIDENCE.select} WHERE key = ? AND since_ms >= ?", (rollout_key, since_ms))
        return [line for row in map(EVIDENCE.decode, rows) if row.container == container for line in row.lines]

    def looked_up(self) -> set[str]:
        """Return the rollouts of which events or revisions are kept."""
        return {*self._events.groups, *self._revisions.groups}

    def put_builds(self, builds: Sequence[Build]) -> None:
        """Take builds, new or changed; they are kept until retention."""
        self.build_rows.put(builds)

    def put_build_details(self, details: Sequence[BuildDetails]) -> None:
        """Take what was looked up of builds."""
        self.build_rows.put_details(details)

    def put_jobs(self, jobs: Sequence[Job]) -> None:
        """Take jobs as they are now."""
        for job in jobs:
            self._jobs.put(job.key, job, None, self._change + 1)

    def gone_jobs(self, source: str, names: Iterable[str], at_ms: int) -> None:
        """Mark jobs of a source as gone."""
        gone = {(source, name) for name in names}
        for key in gone:
            job = self._jobs.rows.pop(key, None)
            if job is not None:
                self._jobs.rewrite(job.key, job, at_ms, self._change + 1)
        self.build_rows.gone(gone)

    def put_job_events(self, events: Sequence[JobEvent]) -> None:
        """Take what has happened to jobs."""
        for event in events:
            self._job_events.put(event.key, replace(event, change=self._change + 1))

    def move_job_events(self, step_ms: int) -> None:
        """Have all that has happened to jobs as long ago as it was before our clock was set, as their builds are."""
        there = "UPDATE job_events SET at_ms = -(at_ms + ?)"  # no moment is negative: none meets one that is yet to go
        back = "UPDATE job_events SET at_ms = -at_ms, change = ?"
        moves: list[Write] = [(there, [(step_ms,)]), (back, [(self._change + 1,)])]
        self._job_events.rename(lambda event: replace(event, at_ms=event.at_ms + step_ms), moves)

    @asks
    def job_events(self, limit: int) -> list[JobEvent]:
        """Return the newest committed events of jobs, oldest first."""
        return build_questions.job_events(self._db, 0, limit)[::-1]

    def put_queue(self, source: str, items: Sequence[QueueItem]) -> None:
        """Take the whole queue of a source."""
        self._queue.put(source, items)

    def put_executors(self, executors: Executors) -> None:
        """Take the executors of a source."""
        self._executors.put(executors.key, executors, self._change + 1)

    def put_environment_hours(self, hours: EnvironmentHours) -> None:
        """Take for how long the environments of a source were up that are down now."""
        self._environment_hours.put(hours.source, hours, self._change + 1)

    def drop_jenkins(self, source: str) -> None:
        """Forget what a Jenkins does now, and what its environments took: nobody asks it any more."""
        self._queue.put(source, ())
        kept: tuple[tuple[LatestRows[Any], Hashable], ...]
        kept = ((self._executors, (source,)), (self._environment_hours, source))
        for rows, key in kept:
            if key in rows.rows:
                rows.drop({key}.__contains__, (f"DELETE FROM {rows.table.name} WHERE source = ?", [(source,)]))

    def put_alerts(self, alerts: Sequence[AlertState]) -> None:
        """Take alerts, new or changed."""
        self.alert_rows.put_alerts(alerts)

    def beat(self, collector: Collector) -> None:
        """Take the heartbeat of this collector; it alone does not raise the change number."""
        self._beats.put((collector.started_ms, collector.pid), collector)

    def put_grants(self, grants: Sequence[Grant]) -> None:
        """Take what renewals gave; the last one of each token is the newest."""
        self._grants.put(grants)

    def saw_grant(self, grant: Grant) -> None:
        """Take that a token was not renewed since; it is written where it tells more, and when the store is closed."""
        self._grants.saw(grant)

    def grants_of(self, token_key: str, limit: int) -> list[Grant]:
        """Return the newest committed grants of a token, oldest first."""
        return self._grants.of(token_key, limit)

    @property
    def change(self) -> int:
        """The change number of the last commit that wrote more than a heartbeat."""
        return self._change

    def commit(self) -> int:
        """Write all that was put since the last commit in one transaction; return the store's change number.

        Raises: StoreError when it cannot be written; everything is kept and the next commit tries again.
        """
        return self._commit(self._clock(), every=False)

    def _commit(self, now_ms: int, *, every: bool) -> int:
        number = self._change + 1
        self._sources.release(now_ms, number, every=every)
        if every:
            self._grants.release()
        writes = [write for rows in self._kept() for write in rows.writes()] + self._queue.writes(number)
        beats = self._beats.writes() + self.anchor_row.writes()
        if not writes and not beats:
            return self._change
        if writes:
            writes.append(("UPDATE meta SET value = ? WHERE name = 'change'", [(number,)]))
        self._transact(writes + beats)
        if writes:
            self._change = number
        self._settle(now_ms)
        self._analysis.written(sum(len(rows) for _, rows in writes), now_ms)
        return self._change

    def _kept(self) -> list[LastingRows[Any] | LatestRows[Any] | GroupRows[Any]]:
        return [*self._lasting.values(), *self._latest(), self._events, self._revisions]

    def _latest(self) -> tuple[LatestRows[Any], ...]:
        latest = (self._pods, *self.build_rows.kept, self._jobs, self._executors, self._grants.kept)
        return (*latest, self._environment_hours, self._evidence, self._job_events, *self.alert_rows.kept)

    def _transact(self, writes: list[Write]) -> None:
        try:
            try:
                write_all(self._db, writes)
            except (OverflowError, UnicodeEncodeError):
                write_all(self._db, storable(writes))
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be written: {error}") from error

    def _settle(self, now_ms: int) -> None:
        self.build_rows.forget_old()
        self._forget_gone_pods()
        for rows in self._lasting.values():
            rows.settled(now_ms)
        kept: tuple[LatestRows[Any] | GroupRows[Any], ...] = (*self._latest(), self._events, self._revisions)
        for each in (*kept, self._beats):
            each.settled()
        self.anchor_row.settled()
        self.alert_rows.settled()
        self.build_rows.settled()
        for once in (self._grants.kept, self._evidence, self._job_events):
            once.rows.clear()
        self._queue.settled()

    def _forget_gone_pods(self) -> None:
        """Leave the pods that went to the store: thousands may go in the time for which it keeps them."""
        for key, (pod, _) in self._pods.waiting.items():
            if pod.until_ms is not None:
                del self._pods.rows[key]

    def current(self, kind: type[C]) -> dict[str, C]:
        """Return the rows of a lasting kind with the gone ones, or of the pods that are there; do not change it."""
        rows = self._pods.rows if kind is PodState else self._lasting[kind].rows
        return cast(dict[str, C], rows)

    def firing(self) -> list[AlertState]:
        """Return the alerts that are not resolved (pending ones too)."""
        return self.alert_rows.unresolved()

    def jobs(self) -> list[Job]:
        """Return the jobs that exist."""
        return list(self._jobs.rows.values())

    def prune(self, now_ms: int, max_rows: int, sinks: Collection[str] | None = None) -> int:
        """Delete what is older than is kept, at most about ``max_rows`` rows in bites of milliseconds; return how many.

        ``sinks``: those that are configured; what others were told goes entirely. Raises: StoreError.
        """
        limit_ms = now_ms - self._keep_ms
        try:
            deleted = self._pruner.pods(now_ms - self._pods_keep_ms, max_rows)
            for rows in self._lasting.values():
                deleted += self._pruner.lasting(rows, limit_ms, max_rows - deleted)
            deleted += self._pruner.small(limit_ms, max_rows - deleted, sinks)
        except sqlite3.Error as error:
            raise StoreError(f"old rows of {self.path} cannot be deleted: {error}") from error
        self.alert_rows.prune(now_ms, self._keep_ms)
        return deleted

    def close(self) -> None:
        """Commit what waits, leave the file whole and closed.

        Raises: StoreError when the last commit fails; the file is closed all the same.
        """
        try:
            self._commit(self._clock(), every=True)
            # leaves no -wal behind for readers without write permission; a reader in the way does no harm
            with contextlib.suppress(sqlite3.Error):
                self._db.execute(f"PRAGMA analysis_limit = {analysis.ROWS}")
                self._db.execute("PRAGMA optimize")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._db.close()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(*([StoreError] if error is not None else [])):  # what came first says more
            self.close()
