"""Questions about builds: those of a job and namespace, and those that a starting collector must know."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator

import msgspec

from statusdesk.facts import CONCLUSIVE, Build, BuildDetails, Job
from statusdesk.states import JobEvent
from statusdesk.store.kinds import BUILDS, DETAILS, JOB_EVENTS, OPEN, SHARED

IS_CONCLUSIVE = f"IN ({', '.join(repr(result) for result in CONCLUSIVE)})"
STANDS = "NOT building AND NOT deleted"
KNOWN_PER_JOB = 30
_HIGHEST = 2**63 - 1

_SELECT = f"SELECT {BUILDS.listed} FROM builds WHERE source = :source AND job = :job"
_NEWEST = "AND deleted <= :deleted ORDER BY number DESC LIMIT :limit"
OF_JOB = f"{_SELECT} {_NEWEST}"
OF_NAMESPACE = f"{_SELECT} AND namespace IS :namespace {_NEWEST}"
ALSO_OF_NAMESPACE = (
    f"{_SELECT} AND {SHARED} AND namespace IS NOT :namespace AND instr(namespaces, :quoted) > 0 {_NEWEST}"
)
ONE = f"{BUILDS.select} WHERE source = ? AND job = ? AND number = ?"
DETAILS_OF = f"{DETAILS.select} WHERE source = ? AND job = ? AND number = ?"
_NEXT_JOB = "SELECT source, job FROM builds WHERE (source, job) > (?, ?) ORDER BY source, job LIMIT 1"
_NEXT_NAMESPACE = (
    "SELECT namespace FROM builds WHERE source = ? AND job = ? AND namespace > ? ORDER BY namespace LIMIT 1"
)
# the jobs of the platform deploy into no namespace: theirs are not missed
UNATTRIBUTED = (
    "SELECT b.source, b.job, count(*), max(b.number) FROM jobs j CROSS JOIN builds b"
    " ON b.source = j.source AND b.job = j.name AND b.namespace IS NULL AND NOT b.deleted"
    " WHERE j.until_ms IS NULL AND j.job_class NOT IN ('seed', 'renewal') GROUP BY j.source, j.name"
)
TOLD_BETWEEN = "SELECT number FROM builds WHERE source = ? AND job = ? AND number > ? AND number < ? ORDER BY number"
_UNREADABLE = "SELECT source, name, value FROM jobs, json_each(unreadable) WHERE until_ms IS NULL"
_NEXT = f"{_SELECT} AND number > :after ORDER BY number LIMIT 1"
RENAMED = f"{JOB_EVENTS.select} WHERE what = 'renamed'"
EVENTS = f"{JOB_EVENTS.select} WHERE at_ms >= ? ORDER BY at_ms DESC LIMIT ?"
_OPEN = f"SELECT {BUILDS.listed} FROM builds WHERE {OPEN}"
_NEWEST_OF_PAIR = tuple(
    f"{_SELECT} AND namespace IS :namespace AND {which} ORDER BY number DESC LIMIT 1"
    for which in ("1", f"{STANDS} AND result {IS_CONCLUSIVE}", f"{STANDS} AND result = 'SUCCESS'")
)


def builds_of_job(
    db: sqlite3.Connection, source: str, job: str, namespace: str | None, limit: int, *, deleted_too: bool = True
) -> list[Build]:
    """Return the newest builds of a job, newest first.

    ``namespace`` None means any, empty means those that could not be attributed. A build that deploys into several
    namespaces is found under each of them.
    """
    given: dict[str, str | int | None] = {"source": source, "job": job, "limit": limit, "deleted": deleted_too}
    if namespace is None:
        return [BUILDS.decode(row) for row in db.execute(OF_JOB, given)]
    given["namespace"] = namespace or None
    found = [BUILDS.decode(row) for row in db.execute(OF_NAMESPACE, given)]
    if namespace:
        given["quoted"] = msgspec.json.encode(namespace).decode()
        also = [BUILDS.decode(row) for row in db.execute(ALSO_OF_NAMESPACE, given)]
        if also:
            found = sorted(found + also, key=lambda build: -build.number)[:limit]
    return found


def standing_builds(db: sqlite3.Connection, source: str, job: str, namespace: str, limit: int) -> list[Build]:
    """Return the newest builds of a (job, namespace) that are not deleted, with the last that count; newest first."""
    found = {each.number: each for each in builds_of_job(db, source, job, namespace, limit, deleted_too=False)}
    for build in _that_count(db, source, job, namespace or None):
        found.setdefault(build.number, build)
    return sorted(found.values(), key=lambda build: -build.number)


def build(db: sqlite3.Connection, source: str, job: str, number: int) -> Build | None:
    """Return one build."""
    row = db.execute(ONE, (source, job, number)).fetchone()
    return None if row is None else BUILDS.decode(row)


def details(db: sqlite3.Connection, source: str, job: str, number: int) -> BuildDetails | None:
    """Return what was looked up of one build."""
    row = db.execute(DETAILS_OF, (source, job, number)).fetchone()
    return None if row is None else DETAILS.decode(row)


class Unattributed(msgspec.Struct, frozen=True):
    """A job with builds that could not be attributed: how many, and the number of the newest."""

    source: str
    job: str
    builds: int
    newest: int


def unattributed(db: sqlite3.Connection) -> list[Unattributed]:
    """Return the jobs with builds that could not be attributed, those with the most first."""
    found = [Unattributed(*row) for row in db.execute(UNATTRIBUTED)]
    return sorted(found, key=lambda each: (-each.builds, each.source, each.job))


def job_events(db: sqlite3.Connection, since_ms: int, limit: int) -> list[JobEvent]:
    """Return the newest events of jobs since a moment, newest first."""
    return [JOB_EVENTS.decode(row) for row in db.execute(EVENTS, (since_ms, limit))]


def renamed_since(db: sqlite3.Connection, since: int) -> tuple[JobEvent, ...] | None:
    """Return all renamings that are stored, or None where nothing has happened to a job since a change number."""
    newest = db.execute("SELECT max(change) FROM job_events").fetchone()[0]
    if since and (newest or 0) <= since:
        return None
    return tuple(JOB_EVENTS.decode(row) for row in db.execute(RENAMED))


def jobs_with_builds(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Walk the (source, job) pairs that have builds, one seek each."""
    at = ("", "")
    while row := db.execute(_NEXT_JOB, at).fetchone():
        at = row
        yield at


def known_builds(
    db: sqlite3.Connection, per_job: int = KNOWN_PER_JOB, jobs: Collection[tuple[str, str]] | None = None
) -> list[Build]:
    """Return what a starting collector must know: the newest builds of each job, all open ones, and of each
    (job, namespace) the newest, the newest conclusive and the newest successful one, and the next after each that
    cannot be read; each once, newest first per job.

    ``jobs``: only of these.
    """
    found: dict[tuple[str, str, int], Build] = {}
    for source, job in jobs_with_builds(db) if jobs is None else jobs:
        for build in builds_of_job(db, source, job, None, per_job):
            found[build.key] = build
        for namespace in _namespaces(db, source, job):
            found.update((build.key, build) for build in _that_count(db, source, job, namespace))
    for row in db.execute(_OPEN):
        build = BUILDS.decode(row)
        if jobs is None or (build.source, build.job) in jobs:
            found[build.key] = build
    for source, job, after in db.execute(_UNREADABLE).fetchall() if jobs is None else ():
        row = db.execute(_NEXT, {"source": source, "job": job, "after": after}).fetchone()
        if row is not None:
            build = BUILDS.decode(row)
            found[build.key] = build
    return sorted(found.values(), key=lambda build: (build.source, build.job, -build.number))


def told_unread(db: sqlite3.Connection, jobs: Iterable[Job]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return by the name of each job which builds are stored of those that it is not said to have read.

    As first and last numbers of such that follow each other. A job that is not among ``jobs`` has gone: where it is
    back it is read from the beginning.
    """
    unread = {job.key: job.unread for job in jobs}
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for source, job in jobs_with_builds(db):
        told: list[tuple[int, int]] = []
        for after, before in unread.get((source, job), Job(source=source, name=job, url="").unread):
            given = (source, job, after, _HIGHEST if before is None else before)
            for (number,) in db.execute(TOLD_BETWEEN, given):
                begin = told.pop()[0] if told and told[-1][1] == number - 1 else number
                told.append((begin, number))
        if told:
            found[job] = tuple(told)
    return found


def _that_count(db: sqlite3.Connection, source: str, job: str, namespace: str | None) -> Iterator[Build]:
    """Yield the newest build of a job for a namespace, the newest conclusive and the newest successful one."""
    given = {"source": source, "job": job, "namespace": namespace}
    for question in _NEWEST_OF_PAIR:
        yield from map(BUILDS.decode, db.execute(question, given))


def _namespaces(db: sqlite3.Connection, source: str, job: str) -> Iterator[str | None]:
    yield None
    at = ""
    while row := db.execute(_NEXT_NAMESPACE, (source, job, at)).fetchone():
        at = row[0]
        yield at
