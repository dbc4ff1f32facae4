"""The writer's rows about builds: those at hand, those that wait to be written, and jobs that get another name.

Questions see what is not committed yet: they are asked inside of a transaction that writes it and is rolled back.
So there is one truth about what a job has built, whatever became of its name since the last commit.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, cast

from msgspec.structs import replace

from statusdesk.facts import Build, BuildDetails, Job, JobMove
from statusdesk.store import builds as questions
from statusdesk.store.current import LatestRows, Write
from statusdesk.store.foresight import foreseen
from statusdesk.store.kinds import BUILDS, DETAILS
from statusdesk.store.safety import asks

REMEMBERED_PER_JOB = 8
_BETWEEN = "\n"  # begins names while they are exchanged; no name from outside has it

JobKey = tuple[str, str]


class BuildRows:
    """What waits to be written of builds, and what is at hand of them; ``next_change`` numbers the coming commit.

    Questions that SQLite cannot answer raise StoreError.
    """

    def __init__(self, db: sqlite3.Connection, next_change: Callable[[], int], place: str) -> None:
        self.place = place
        self._db = db
        self._next_change = next_change
        self._builds = LatestRows(BUILDS)
        self._details = LatestRows(DETAILS)
        self._newest: dict[JobKey, int] = {}
        for source, name in questions.jobs_with_builds(db):
            builds = questions.builds_of_job(db, source, name, None, REMEMBERED_PER_JOB)
            self._newest[source, name] = builds[0].number
            self._builds.rows.update((build.key, build) for build in builds)

    @property
    def kept(self) -> tuple[LatestRows[Any], ...]:
        """The rows that a commit writes."""
        return (self._builds, self._details)

    def put(self, builds: Sequence[Build]) -> None:
        """Take builds, new or changed."""
        for build in builds:
            self._builds.put(build.key, build, self._next_change())

    def put_details(self, details: Sequence[BuildDetails]) -> None:
        """Take what was looked up of builds."""
        for each in details:
            self._details.put(each.key, each)

    def forget(self, source: str, job: str) -> None:
        """Delete what is known of the builds of a job: another one has its name now."""
        for rows in self.kept:
            delete: Write = (f"DELETE FROM {rows.table.name} WHERE source = ? AND job = ?", [(source, job)])
            rows.drop(lambda key: _job_of(key) == (source, job), delete)
        self._newest.pop((source, job), None)

    def move(self, moves: Sequence[JobMove]) -> None:
        """Have the builds of jobs under the names that these have now, all at once; what was under these goes."""
        after = {(move.source, move.before): move for move in moves}
        for move in moves:
            if (move.source, move.after) not in after:
                self.forget(move.source, move.after)
        newest = {key: self._newest.pop(key) for key in after if key in self._newest}
        self._newest.update(((key[0], after[key].after), number) for key, number in newest.items())
        for rows in self.kept:
            rows.rename(lambda row: _moved(row, after.get((row.source, row.job))), _renamings(rows.table.name, moves))
        stamp = "UPDATE builds SET url = ? || number || '/', change = ? WHERE source = ? AND job = ?"
        change = self._next_change()
        self._builds.first((stamp, [(move.url, change, move.source, move.after) for move in moves]))

    def gone(self, gone: Collection[JobKey]) -> None:
        """Leave the builds of jobs that have gone to the store."""
        for key in gone:
            self._newest.pop(key, None)
        # by the builds that are known: their numbers may be dates
        for build_key in [each for each in self._builds.rows if _job_of(each) in gone]:
            del self._builds.rows[build_key]

    def forget_old(self) -> None:
        """Keep only the newest builds of a job in memory, and the open ones: those are seen again and again."""
        known = self._builds.rows
        for key in self._builds.waiting:
            source, job, number = cast(tuple[str, str, int], key)
            newest = self._newest[source, job] = max(number, self._newest.get((source, job), 0))
            old = number if number <= newest - REMEMBERED_PER_JOB else number - REMEMBERED_PER_JOB
            build = known.get((source, job, old))
            if build is not None and not build.building and build.result is not None:
                del known[source, job, old]

    def settled(self) -> None:
        """Forget what is known by being committed."""
        self._details.rows.clear()

    @asks
    def known(self, per_job: int = questions.KNOWN_PER_JOB) -> list[Build]:
        """Return the newest builds of each job, all open ones, and the last that count of each namespace."""
        with foreseen(self._db, self._builds.writes()):
            return questions.known_builds(self._db, per_job)

    @asks
    def told_unread(self, jobs: Iterable[Job]) -> dict[str, tuple[tuple[int, int], ...]]:
        """Return first and last numbers of the builds of each job that were told, but are not said to be read."""
        with foreseen(self._db, self._builds.writes()):
            return questions.told_unread(self._db, jobs)

    @asks
    def of_jobs(self, jobs: Collection[JobKey], per_job: int = questions.KNOWN_PER_JOB) -> list[Build]:
        """Return what is to be known of the builds of jobs."""
        with foreseen(self._db, self._builds.writes()):
            return questions.known_builds(self._db, per_job, jobs)

    @asks
    def one(self, source: str, job: str, number: int) -> Build | None:
        """Return one build."""
        with foreseen(self._db, self._builds.writes()):
            return questions.build(self._db, source, job, number)

    @asks
    def details(self, source: str, job: str, number: int) -> BuildDetails | None:
        """Return what was looked up of one build."""
        with foreseen(self._db, self._details.writes()):
            return questions.details(self._db, source, job, number)

    @asks
    def of_pairs(self, pairs: Iterable[tuple[str, str, str]], limit: int) -> list[Build]:
        """Return the newest builds of each (source, job, namespace) that Jenkins has, newest first per pair."""
        with foreseen(self._db, self._builds.writes()):
            return [build for pair in pairs for build in questions.standing_builds(self._db, *pair, limit)]


def _job_of(key: object) -> JobKey:
    return cast(tuple[str, str, int], key)[:2]


def _moved(row: Any, move: JobMove | None) -> Any:  # noqa: ANN401  # a build, or what was looked up of one
    if move is None:
        return row
    return (
        replace(row, job=move.after, url=f"{move.url}{row.number}/")
        if isinstance(row, Build)
        else replace(row, job=move.after)
    )


def _renamings(table: str, moves: Sequence[JobMove]) -> list[Write]:
    """Return the statements that give the rows of jobs their new names; two may have exchanged theirs."""
    rename = f"UPDATE {table} SET job = ? WHERE source = ? AND job = ?"
    away: list[tuple[Any, ...]] = [(_BETWEEN + move.after, move.source, move.before) for move in moves]
    here: list[tuple[Any, ...]] = [(move.after, move.source, _BETWEEN + move.after) for move in moves]
    return [(rename, away), (rename, here)]
