"""Export: history as CSV or JSON lines, streamed; SQLite makes the cells, Python only passes them on.

Times are ISO 8601 UTC with ``Z``, durations seconds; what is not known is empty (``null`` in JSON). In CSV a cell of
text that begins with ``= + - @``, a tab or a carriage return gets a ``'`` in front, so that no spreadsheet takes it
for a formula, and a carriage return becomes a line feed; JSON keeps text as it is. Header rows are stable: columns are
only ever added at the end.

builds: job, namespace, number, result, started_at, finished_at, duration_s, version, cause, upstream_job,
upstream_number, git_revision, attributed_by, url, source; by start.

rollouts: app, cluster, namespace, kind, name, version, revision, level, reason, message, since, until, duration_s,
container, pod, exit_code, desired, updated, ready, available, previous_version, image, digest, build, build_job,
build_number, build_url, build_rule, runs, held_by; one row per period, by key and start; ``until`` is empty for a
period that goes on. ``version`` is what is asked for, ``runs`` what its pods run as far as that is known (two with a
blank between), ``held_by`` what keeps some of them, or all, from it though nothing is under way. ``digest`` is of the
first of ``runs``.

tokens: source, name, level, reason, message, since, until, duration_s, expires_at, last_renewal_at, granted_s,
period_s, explicit_max_s, renewable, accessor_tail, renewal_job; one row per period, as rollouts.

alerts: alertname, severity, state, cluster, namespace, app, version, started_at, fired_at, resolved_at, duration_s,
source, token, summary, fingerprint, pending_at, acked_by, acked_at, ack_comment, flapped, silenced_by, stage, reason,
last_good, build_url; by start. What was pending and never fired is left out. ``app`` is the job in an alert about a
build, and app/workload where a workload is not named as its app; both belong to the app when alerts are chosen by it.

notifications: id, sink, group_key, what, why, state, queued_at, due_at, sent_at, attempts, last_error, alerts (how
many), alertnames, namespaces, apps, fingerprints (each once, with blanks between), idempotency_key; by when they were
queued. One with ``why`` carried was not sent: it keeps what was told before other settings grouped it otherwise.

environments: cluster, namespace, level, reason, message, since, until, duration_s, up_since, made_by, job, number,
last_job, last_number, last_result, left_up_since, week_up_min, week_after_hours_min, url; one row per period.

platform: source, job, job_class, level, reason, message, since, until, duration_s, number, result, last_success_at,
period_s, period_rule, next_expected, disabled, url; one row per period of a platform job.
"""

import csv
import itertools
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TextIO

import msgspec

from statusdesk.store.errors import StoreError
from statusdesk.store.export_columns import SUBJECTS, Subject
from statusdesk.store.opening import older, open_for_reading

What = Literal["builds", "rollouts", "tokens", "alerts", "notifications", "environments", "platform"]
Format = Literal["csv", "jsonl"]
Progress = Callable[[int], None]

CHUNK_ROWS = 1_000
PROGRESS_ROWS = 20_000


class Query(msgspec.Struct, frozen=True):
    """What is asked of SQLite: one column per cell (CSV), or one column with a line (JSON)."""

    sql: str
    given: dict[str, str | int]
    header: tuple[str, ...]


def query(
    what: What,
    since_ms: int,
    until_ms: int,
    apps: Sequence[str] = (),
    namespaces: Sequence[str] = (),
    format: Format = "csv",
    jobs: Sequence[str] | None = None,
) -> Query:
    """Return the SQL of an export; its parameters are those of ``export``."""
    subject = SUBJECTS[what]
    given: dict[str, str | int] = {"since": since_ms, "until": until_ms}
    where = ""
    if jobs is not None and subject.job:
        apps = ()  # the caller has found the jobs of these apps
    filters = (
        ("apps", apps or None, subject.app, "EXISTS (SELECT 1 FROM json_each(:apps) WHERE {} GLOB value)"),
        ("namespaces", namespaces or None, subject.namespace, "{}"),
        ("jobs", None if subject.also else jobs, subject.job, "{} IN (SELECT value FROM json_each(:jobs))"),
    )
    for name, wanted, value, condition in filters:
        if wanted is None:
            continue
        if not value:
            raise ValueError(f"{what} cannot be chosen by {name}")
        # SQLite writes [^…] for what shell patterns write as [!…]
        given[name] = json.dumps([each.replace("[!", "[^") if name == "apps" else each for each in wanted])
        wanted_rows = condition.format(value)
        if name == "apps" and subject.also:
            wanted_rows = f"({wanted_rows} OR {subject.also})"
            given["jobs"] = json.dumps(list(jobs or ()))
        where += f" AND {wanted_rows}"
    order = f" ORDER BY {subject.order}" if subject.order else ""
    cells = _csv_cells(subject) if format == "csv" else _json_line(subject)
    sql = f"SELECT {cells} FROM {subject.rows}{where}{order}"
    return Query(sql, given, tuple(column.name for column in subject.columns))


def export(
    path: Path,
    what: What,
    since_ms: int,
    until_ms: int,
    apps: Sequence[str],
    namespaces: Sequence[str],
    format: Format,
    out: TextIO,
    progress: Progress | None = None,
    jobs: Sequence[str] | None = None,
) -> int:
    """Write what overlaps [``since_ms``, ``until_ms``) (builds: what began in it) to ``out``; return how many rows.

    ``apps`` are globs, ``namespaces`` names, empty for all. Builds and alerts about them know no app: their caller
    gives the ``jobs`` of the apps (None for all jobs). ``out`` was opened with ``newline=""``. ``progress`` is called
    with the count every 20,000 rows. Memory stays constant. While it lasts the collector's ``-wal`` file cannot be
    reused: a slow reader of ``out`` makes it grow.

    Raises: StoreError; ValueError when ``what`` cannot be chosen by a filter that was given.
    """
    asked = query(what, since_ms, until_ms, apps, namespaces, format, jobs)
    opened = open_for_reading(path)
    try:
        cursor = opened.db.execute(asked.sql, asked.given)
        if format == "csv":
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(asked.header)
            return _pass_on(cursor, writer.writerows, progress)
        return _pass_on(cursor, lambda rows: out.write("".join(itertools.chain.from_iterable(rows))), progress)
    except sqlite3.Error as error:
        if "no such " in str(error):  # a table or column of ours that no watch of this version has added yet
            raise older(path) from error
        raise StoreError(f"{path} cannot be exported: {error}") from error
    finally:
        opened.db.close()


def _pass_on(
    cursor: sqlite3.Cursor, write: Callable[[list[tuple[str, ...]]], object], progress: Progress | None
) -> int:
    count = told = 0
    while rows := cursor.fetchmany(CHUNK_ROWS):
        write(rows)
        count += len(rows)
        if progress is not None and count - told >= PROGRESS_ROWS:
            told = count
            progress(count)
    return count


def _csv_cells(subject: Subject) -> str:
    return ", ".join(f"{column.for_csv} AS {column.name}" for column in subject.columns)


def _json_line(subject: Subject) -> str:
    pairs = ", ".join(f"'{column.name}', {column.for_json}" for column in subject.columns)
    return f"json_object({pairs}) || char(10)"
