"""What the gate reads, in one transaction: the rows of one app, and of what it rests on; every read by an index."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from statusdesk.facts import Build
from statusdesk.job_names import shown_job
from statusdesk.states import Collector, RolloutState, SourceState, TokenState
from statusdesk.states_alerts import AlertState
from statusdesk.store.builds import build, builds_of_job
from statusdesk.store.gaps import Gap, gaps
from statusdesk.store.kinds import ALERTS, COLLECTORS, ROLLOUTS, SOURCES, TOKENS, UNRESOLVED

OF_APP = f"{ROLLOUTS.current.select} WHERE app = ? AND until_ms IS NULL"
NEXT_APP = "SELECT app FROM rollout_current WHERE app > ? ORDER BY app LIMIT 1"
JOB_NAMES = "SELECT source, name, job_class, gap_after FROM jobs WHERE until_ms IS NULL"
UNREADABLE = "SELECT unreadable FROM jobs WHERE source = ? AND name = ? AND until_ms IS NULL"
NEXT_START = "SELECT started_ms FROM builds WHERE source = ? AND job = ? AND number > ? ORDER BY number LIMIT 1"
ALIVE_SOURCES = f"{SOURCES.current.select} WHERE until_ms IS NULL"
ALIVE_TOKENS = f"{TOKENS.current.select} WHERE until_ms IS NULL"
OPEN_ALERTS = f"{ALERTS.select} WHERE {UNRESOLVED}"
LAST_COLLECTOR = f"{COLLECTORS.select} ORDER BY rowid DESC LIMIT 1"
BUILDS_PER_PAIR = 30

JobsOf = Callable[[Collection[str], Sequence[tuple[str, str]]], list[tuple[str, str]]]
"""Given the names of all apps and (source, name) of all jobs: the jobs of the app."""


class GateRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows. ``builds``: of each job of the app, those into the namespaces asked for, newest first.

    ``job_classes``: of each job of the app, by (source, job). ``unread_after``: of those with builds that were not read
    yet, after which number. ``unreadable``: of those with builds that Jenkins does not tell, their numbers and when the
    next one began that is known, None for none. ``gaps``: when nobody saw the clusters and namespaces of the rollouts
    in the stage. ``asking``: the build that asks, None where it is not known.
    """

    rollouts: tuple[RolloutState, ...]
    builds: tuple[tuple[Build, ...], ...]
    job_classes: Mapping[tuple[str, str], str]
    alerts: tuple[AlertState, ...]
    sources: tuple[SourceState, ...]
    tokens: tuple[TokenState, ...]
    collector: Collector | None
    gaps: tuple[Gap, ...] = ()
    asking: Build | None = None
    unread_after: Mapping[tuple[str, str], int] = {}
    unreadable: Mapping[tuple[str, str], Mapping[int, int | None]] = {}


def gate_rows(
    db: sqlite3.Connection,
    app: str,
    jobs_of: JobsOf,
    in_stage: Callable[[RolloutState], bool],
    names: Sequence[str],
    within: Gap | None = None,
    asked_by: tuple[str, int] | None = None,
) -> GateRows:
    """Read what is known of an app; builds into the namespaces ``names`` and those of its rollouts ``in_stage``.

    ``within``: from when until now it is asked whether somebody looked; None: it is not. ``asked_by``: job and number
    of the build that asks.
    """
    found = map(ROLLOUTS.current.decode, db.execute(OF_APP, (app,)))
    rollouts = tuple(sorted(found, key=lambda rollout: rollout.key))
    namespaces = sorted({*names, *(rollout.namespace for rollout in rollouts if in_stage(rollout))})
    listed = [((source, job), job_class, after) for source, job, job_class, after in db.execute(JOB_NAMES)]
    classes = {job: job_class for job, job_class, _ in listed}
    unread = {job: after for job, _, after in listed if after is not None}
    jobs = jobs_of(set(_apps(db)), list(classes)) if rollouts else []
    builds = (
        tuple(builds_of_job(db, source, job, namespace, BUILDS_PER_PAIR))
        for source, job in jobs
        for namespace in namespaces
    )
    collector = db.execute(LAST_COLLECTOR).fetchone()
    return GateRows(
        rollouts=rollouts,
        builds=tuple(found for found in builds if found),
        job_classes={job: classes[job] for job in jobs},
        unread_after={job: unread[job] for job in jobs if job in unread},
        unreadable={job: numbers for job in jobs if (numbers := _unreadable(db, *job))},
        alerts=tuple(map(ALERTS.decode, db.execute(OPEN_ALERTS))),
        sources=tuple(map(SOURCES.current.decode, db.execute(ALIVE_SOURCES))),
        tokens=tuple(map(TOKENS.current.decode, db.execute(ALIVE_TOKENS))),
        collector=None if collector is None else COLLECTORS.decode(collector),
        gaps=gaps(db, _seen_by(filter(in_stage, rollouts)), *within) if within is not None else (),
        asking=_asking(db, classes, *asked_by) if asked_by is not None else None,
    )


def _unreadable(db: sqlite3.Connection, source: str, job: str) -> dict[int, int | None]:
    told = db.execute(UNREADABLE, (source, job)).fetchone()
    numbers = msgspec.json.decode(told[0], type=tuple[int, ...]) if told is not None else ()
    later = {number: db.execute(NEXT_START, (source, job, number)).fetchone() for number in numbers}
    return {number: (row[0] or None) if row is not None else None for number, row in later.items()}


def _asking(db: sqlite3.Connection, jobs: Iterable[tuple[str, str]], name: str, number: int) -> Build | None:
    found = (build(db, source, job, number) for source, job in jobs if shown_job(job) == shown_job(name))
    return next((each for each in found if each is not None), None)


def _seen_by(rollouts: Iterable[RolloutState]) -> list[str]:
    """Return the keys of the sources, and parts of them, that show these rollouts."""
    keys = {f"kubernetes/{each.cluster}{part}" for each in rollouts for part in ("", f"#{each.namespace}")}
    return sorted(keys)


def _apps(db: sqlite3.Connection) -> Iterator[str]:
    """Walk the names of all apps, one seek each."""
    at = ""
    while row := db.execute(NEXT_APP, (at,)).fetchone():
        at = row[0]
        yield at
