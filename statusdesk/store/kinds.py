"""Which tables there are, and how the structs of ``facts`` and ``states`` become their rows and come back.

Columns follow the fields of the struct, so that a field added there is a column here. A kind that lasts (rollouts,
build outcomes, tokens, sources) has two tables with the same columns: ``<kind>_current``, one row per key, and
``<kind>_history``, one row per closed period. Everything else has one table.
"""

import enum
import json
import operator
import types
import typing
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import astuple

from statusdesk.facts import Build, BuildDetails, Event, Executors, Job, QueueItem, Revision
from statusdesk.states import (
    AlertState,
    BuildState,
    Collector,
    EnvironmentHours,
    EnvironmentState,
    Evidence,
    Grant,
    JobEvent,
    Level,
    PlatformState,
    PodState,
    RolloutState,
    SourceState,
    Stamped,
    TokenState,
)
from statusdesk.states import Lasting as Lasting
from statusdesk.states_alerts import Acknowledgement, MutedThere, Notification, PostedThere, Silence

Convert = Callable[[Any], Any]
R = TypeVar("R", bound=msgspec.Struct)
S = TypeVar("S", bound=Stamped)


class Column(msgspec.Struct, frozen=True):
    """One column: its SQL type, its default (None: may be NULL), and what converts its values, if anything must."""

    name: str
    sql_type: str
    default: str | int | None
    to_sql: Convert | None = None
    from_sql: Convert | None = None

    @property
    def ddl(self) -> str:
        if self.default is None:
            return f"{self.name} {self.sql_type}"
        quoted = f"'{self.default}'" if isinstance(self.default, str) else str(self.default)
        return f"{self.name} {self.sql_type} NOT NULL DEFAULT {quoted}"


_encode_json = msgspec.json.Encoder().encode


def _to_json(value: object) -> str:
    try:
        return _encode_json(value).decode()
    except UnicodeEncodeError:  # half a character, which no text that was cleaned has
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace").decode()


def _column(field: msgspec.structs.FieldInfo) -> Column:
    """Choose the column for a field: text, integer, or JSON text for a tuple."""
    if typing.get_origin(field.type) is tuple:
        return Column(field.name, "TEXT", "[]", _to_json, msgspec.json.Decoder(field.type).decode)
    options = typing.get_args(field.type) or (field.type,)
    base = next(option for option in options if option is not types.NoneType)
    nullable = types.NoneType in options
    if issubclass(base, enum.StrEnum):
        first = Level.UNKNOWN if base is Level else next(iter(base))
        # ``_value_`` is the plain attribute behind the slower ``value`` property
        by_value = {member.value: member for member in base}
        return Column(field.name, "TEXT", first.value, operator.attrgetter("_value_"), by_value.__getitem__)
    if base is bool:
        return Column(field.name, "INTEGER", int(field.default is True), int, bool)
    if base is int:
        return Column(field.name, "INTEGER", None if nullable else 0)
    if base is str:
        return Column(field.name, "TEXT", None if nullable else "")
    raise TypeError(f"no column type for {field.name}: {field.type}")


class Table(Generic[R]):
    """One table whose rows are structs of one class.

    ``extra`` are columns beside the fields of the struct; ``partial`` are indexes of some rows: label, columns, which.
    """

    def __init__(
        self,
        name: str,
        row: type[R],
        key: tuple[str, ...],
        indexes: tuple[tuple[str, ...], ...] = (),
        extra: tuple[Column, ...] = (),
        partial: tuple[tuple[str, tuple[str, ...], str], ...] = (),
        without_rowid: bool = False,
    ) -> None:
        self.name = name
        self.row = row
        self.key = key
        self.indexes = indexes
        self.partial = partial
        self.without_rowid = without_rowid
        self.fields = tuple(_column(field) for field in msgspec.structs.fields(row))
        self.columns = self.fields + extra
        self.has_extra = bool(extra)
        self.names = tuple(column.name for column in self.fields)
        self.listed = ", ".join(self.names)
        self.select = f"SELECT {self.listed} FROM {name}"
        self._writes = tuple((i, c.to_sql) for i, c in enumerate(self.fields) if c.to_sql is not None)
        self._reads = tuple((c.name, c.from_sql) for c in self.fields if c.from_sql is not None)

    def encode(self, row: R) -> tuple[Any, ...]:
        """Return the values of a row in the order of ``names``."""
        values = list(astuple(row))
        for index, write in self._writes:
            values[index] = write(values[index])
        return tuple(values)

    def decode(self, values: tuple[Any, ...]) -> R:
        """Return the struct of values selected as ``listed``."""
        fields = dict(zip(self.names, values, strict=True))
        for name, read in self._reads:
            fields[name] = read(fields[name])
        return self.row(**fields)

    @property
    def insert(self) -> str:
        """INSERT OR REPLACE: writing the same row twice (after a commit that failed late) does no harm."""
        names = [column.name for column in self.columns]
        return f"INSERT OR REPLACE INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    @property
    def upsert(self) -> str:
        """INSERT … ON CONFLICT: unlike REPLACE it leaves index entries alone that do not change."""
        names = [column.name for column in self.columns]
        sets = ", ".join(f"{name} = excluded.{name}" for name in names if name not in self.key)
        values = ", ".join("?" * len(names))
        conflict = ", ".join(self.key)
        into = f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({values})"
        return f"{into} ON CONFLICT ({conflict}) DO UPDATE SET {sets}"

    @property
    def ddl(self) -> list[str]:
        """The statements that make the table and its indexes when they are missing."""
        columns = ", ".join(column.ddl for column in self.columns)
        rowid = " WITHOUT ROWID" if self.without_rowid else ""
        made = [f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({', '.join(self.key)})){rowid}"]
        for index in self.indexes:
            label = "_".join(part.split()[0] for part in index)
            made.append(f"CREATE INDEX IF NOT EXISTS {self.name}_{label} ON {self.name} ({', '.join(index)})")
        for label, index, where in self.partial:
            names = ", ".join(index)
            made.append(f"CREATE INDEX IF NOT EXISTS {self.name}_{label} ON {self.name} ({names}) WHERE {where}")
        return made


class Kind(Generic[S]):
    """A kind that lasts: its two tables, what makes a period, and what is too quiet to be written at each visit."""

    def __init__(
        self, name: str, row: type[S], quiet: tuple[str, ...] = (), indexes: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        self.name = name
        self.row = row
        self.quiet = quiet
        self.current = Table(f"{name}_current", row, ("key",), indexes=(("change",), *indexes))
        self.history = Table(f"{name}_history", row, ("key", "since_ms"), without_rowid=True)
        parts = [part for part in ("level", "reason", "version", "revision") if part in self.current.names]
        self.period: Callable[[S], tuple[str, ...]] = operator.attrgetter(*parts)
        self.level: Callable[[S], Level] = operator.attrgetter("level")


CHANGE = Column("change", "INTEGER", 0)
GROUP = "workload"
OF_ROLLOUT = Column(GROUP, "TEXT", "")
UNTIL = Column("until_ms", "INTEGER", None)
OPEN = "building OR result IS NULL"
UNRESOLVED = "state != 'resolved'"
QUEUED = "state = 'queued'"
GONE = "until_ms IS NOT NULL"
SHARED = "namespaces LIKE '%,%'"

ROLLOUTS = Kind("rollout", RolloutState, indexes=(("app",),))
OUTCOMES = Kind("build", BuildState)
TOKENS = Kind("token", TokenState)
SOURCES = Kind("source", SourceState, quiet=("last_ok_ms", "heard_ms", "last_try_ms", "next_try_ms", "took_ms"))
PLATFORM = Kind("platform", PlatformState)
ENVIRONMENTS = Kind("environment", EnvironmentState)
KINDS: tuple[Kind[Any], ...] = (ROLLOUTS, OUTCOMES, TOKENS, SOURCES, PLATFORM, ENVIRONMENTS)

# nobody asks for the pods that have changed: a screen reads those of one rollout
PODS = Table(
    "pod_current",
    PodState,
    ("key",),
    indexes=(("workload", "key"),),
    partial=(("gone", ("until_ms",), GONE),),
)
EVENTS = Table("events", Event, (GROUP, "uid"), extra=(OF_ROLLOUT,), without_rowid=True)
REVISIONS = Table("revisions", Revision, (GROUP, "name"), extra=(OF_ROLLOUT,), without_rowid=True)
EVIDENCE = Table("evidence", Evidence, ("key", "since_ms", "pod", "container", "previous"), indexes=(("since_ms",),))
BUILDS = Table(
    "builds",
    Build,
    ("source", "job", "number"),
    indexes=(("source", "job", "namespace", "number DESC"), ("started_ms",), ("change",)),
    partial=(("open", ("source", "job", "number"), OPEN), ("shared", ("source", "job", "number DESC"), SHARED)),
    extra=(CHANGE,),
    without_rowid=True,
)
DETAILS = Table("build_details", BuildDetails, ("source", "job", "number"), indexes=(("at_ms",),))
JOB_EVENTS = Table("job_events", JobEvent, ("source", "name", "at_ms"), indexes=(("at_ms",), ("change",)))
JOBS = Table("jobs", Job, ("source", "name"), indexes=(("change",),), extra=(UNTIL, CHANGE))
QUEUE = Table("queue", QueueItem, ("source", "id"))
EXECUTORS = Table("executors", Executors, ("source",), extra=(CHANGE,))
ENVIRONMENT_HOURS = Table("environment_hours", EnvironmentHours, ("source",), extra=(CHANGE,))
ALERTS = Table(
    "alerts",
    AlertState,
    ("fingerprint", "started_ms"),
    indexes=(("change",), ("started_ms",), ("resolved_ms",)),
    partial=(("unresolved", ("fingerprint",), UNRESOLVED),),
)
SILENCES = Table("silences", Silence, ("id",), indexes=(("change",),))
MUTED_THERE = Table("muted_there", MutedThere, ("sink",), indexes=(("change",),))
POSTED_THERE = Table("posted_there", PostedThere, ("sink", "number"), indexes=(("change",),))
ACKNOWLEDGEMENTS = Table("acknowledgements", Acknowledgement, ("fingerprint", "started_ms", "at_ms"))
NOTIFICATIONS = Table(
    "notifications",
    Notification,
    ("id",),
    indexes=(("created_ms",), ("sink", "group_key", "id")),
    partial=(("queued", ("due_ms",), QUEUED),),
)
GRANTS = Table("grants", Grant, ("key", "renewed_ms"), without_rowid=True)
COLLECTORS = Table("collectors", Collector, ("started_ms", "pid"))

TABLES: tuple[Table[Any], ...] = (
    *(table for kind in KINDS for table in (kind.current, kind.history)),
    *(PODS, EVENTS, REVISIONS, EVIDENCE),
    *(BUILDS, DETAILS, JOB_EVENTS, JOBS, QUEUE, EXECUTORS, ENVIRONMENT_HOURS, ALERTS, GRANTS, COLLECTORS),
    *(SILENCES, ACKNOWLEDGEMENTS, NOTIFICATIONS, MUTED_THERE, POSTED_THERE),
)
"""All tables but ``meta``."""
