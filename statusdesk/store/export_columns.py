"""What an export consists of: its columns as SQL over a row ``r``, and where its rows come from, in order."""

import enum

import msgspec

from statusdesk.store.kinds import ENVIRONMENTS, PLATFORM, ROLLOUTS, TOKENS, Kind, S

RISKY = "'[-=+@\t\r]*'"
"""GLOB pattern of texts that a spreadsheet would take for a formula."""


_IN_NAMESPACES = "{} IN (SELECT value FROM json_each(:namespaces))"
_NAMESPACES_OF_BUILD = (
    "CASE WHEN instr(r.namespaces, ',') THEN (SELECT group_concat(value, ' ') FROM json_each(r.namespaces))"
    " ELSE r.namespace END"
)
# what ``RolloutState.versions`` tells
_RUNS = (
    "CASE WHEN r.held_by = '' THEN r.version WHEN r.updated = 0 THEN r.held_version"
    " ELSE trim(r.version || ' ' || r.held_version) END"
)


class Cell(enum.Enum):
    """How a value becomes a cell."""

    TEXT = enum.auto()  # from outside: made formula-safe in CSV
    WORD = enum.auto()  # ours, or a number
    FLAG = enum.auto()  # true or false
    TIME = enum.auto()  # milliseconds, shown as ISO 8601
    SPAN = enum.auto()  # milliseconds, shown as seconds


class Column(msgspec.Struct, frozen=True):
    """One column: its name in the header, the SQL of its value, and how that becomes a cell."""

    name: str
    value: str
    cell: Cell

    @property
    def plain(self) -> str:
        """SQL of the value as JSON has it, but for flags."""
        if self.cell is Cell.TIME:
            return f"strftime('%Y-%m-%dT%H:%M:%fZ', {self.value} / 1000.0, 'unixepoch')"
        if self.cell is not Cell.SPAN:
            return self.value
        # nothing lasts less than no time: our clock was set back meanwhile, and how long it took is not known
        return f"CASE WHEN ({self.value}) >= 0 THEN ({self.value}) / 1000.0 END"

    @property
    def for_csv(self) -> str:
        if self.cell is Cell.TEXT:
            # Python's csv does not quote a lone carriage return, which readers take for the end of a row
            safe = f"CASE WHEN {self.value} GLOB {RISKY} THEN '''' || {self.value} ELSE {self.value} END"
            return f"replace({safe}, '\r', '\n')"
        if self.cell is Cell.FLAG:
            return f"CASE WHEN {self.value} THEN 'true' ELSE 'false' END"
        return self.plain

    @property
    def for_json(self) -> str:
        if self.cell is Cell.FLAG:
            return f"json(CASE WHEN {self.value} THEN 'true' ELSE 'false' END)"
        return self.plain


class Subject(msgspec.Struct, frozen=True):
    """One kind of export. ``app`` and ``job`` are what the filters of those names look at, ``namespace`` is one.

    ``also`` lets through what belongs to ``:apps`` in another way, such as by the ``:jobs`` of these apps.
    """

    columns: tuple[Column, ...]
    rows: str
    order: str = ""
    app: str = ""
    namespace: str = ""
    job: str = ""
    also: str = ""


def _columns(**cells: Cell | tuple[str, Cell]) -> tuple[Column, ...]:
    """Return columns by name; the value is the column of that name unless SQL is given."""
    made = []
    for name, cell in cells.items():
        made.append(Column(name, f"r.{name}", cell) if isinstance(cell, Cell) else Column(name, *cell))
    return tuple(made)


def _periods(kind: Kind[S]) -> str:
    """Return the periods of all keys that overlap [``:since``, ``:until``), by key and start, without sorting them.

    For each key one seek finds the period that held ``:since``; the current row follows unless it has gone, in which
    case its period is the last one of the history.
    """
    now, history = kind.current.name, kind.history.name
    # the key of the outer loop: with that of the inner one SQLite would not see that the rows come sorted
    listed = ", ".join("c.key" if name == "key" else f"h.{name}" for name in kind.history.names)
    return (
        f"(SELECT {listed} FROM {now} c CROSS JOIN {history} h ON h.key = c.key AND h.since_ms >="
        f" coalesce((SELECT max(since_ms) FROM {history} WHERE key = c.key AND since_ms <= :since), :since)"
        f" WHERE h.since_ms < :until AND h.until_ms > :since"
        f" UNION ALL {kind.current.select} WHERE until_ms IS NULL AND since_ms < :until"
        f" ORDER BY key, since_ms) r WHERE 1"
    )


# of the alerts of a message each value once, in their order
_OF_ALERTS = (
    "(SELECT group_concat(v, ' ') FROM (SELECT DISTINCT json_extract(a.value, '$.{0}') v FROM json_each(r.alerts) a)"
    " WHERE v != '')"
)

_PERIOD = {
    "since": ("r.since_ms", Cell.TIME),
    "until": ("r.until_ms", Cell.TIME),
    "duration_s": ("r.until_ms - r.since_ms", Cell.SPAN),
}

BUILDS = Subject(
    _columns(
        job=Cell.TEXT,
        namespace=(_NAMESPACES_OF_BUILD, Cell.TEXT),
        number=Cell.WORD,
        result=("CASE WHEN r.building THEN 'RUNNING' ELSE r.result END", Cell.TEXT),
        started_at=("r.started_ms", Cell.TIME),
        finished_at=("CASE WHEN NOT r.building THEN r.started_ms + r.duration_ms END", Cell.TIME),
        duration_s=("CASE WHEN NOT r.building THEN r.duration_ms END", Cell.SPAN),
        version=Cell.TEXT,
        cause=Cell.TEXT,
        upstream_job=Cell.TEXT,
        upstream_number=Cell.WORD,
        git_revision=Cell.TEXT,
        attributed_by=Cell.WORD,
        url=Cell.TEXT,
        source=Cell.TEXT,
    ),
    rows="builds r WHERE r.started_ms >= :since AND r.started_ms < :until",
    order="r.started_ms",
    namespace=f"({_IN_NAMESPACES.format('+r.namespace')} OR EXISTS"
    f" (SELECT 1 FROM json_each(r.namespaces) n WHERE {_IN_NAMESPACES.format('n.value')}))",
    job="+r.job",  # the plus keeps the planner on the index by start, which needs no sorting
)

PERIODS_OF_ROLLOUTS = Subject(
    _columns(
        app=Cell.TEXT,
        cluster=Cell.TEXT,
        namespace=Cell.TEXT,
        kind=Cell.TEXT,
        name=Cell.TEXT,
        version=Cell.TEXT,
        revision=Cell.TEXT,
        level=Cell.WORD,
        reason=Cell.TEXT,
        message=Cell.TEXT,
        **_PERIOD,
        container=Cell.TEXT,
        pod=Cell.TEXT,
        exit_code=Cell.WORD,
        desired=Cell.WORD,
        updated=Cell.WORD,
        ready=Cell.WORD,
        available=Cell.WORD,
        previous_version=Cell.TEXT,
        image=Cell.TEXT,
        digest=Cell.TEXT,
        build=Cell.TEXT,
        build_job=Cell.TEXT,
        build_number=Cell.WORD,
        build_url=Cell.TEXT,
        build_rule=Cell.WORD,
        runs=(_RUNS, Cell.TEXT),
        held_by=Cell.TEXT,
    ),
    rows=_periods(ROLLOUTS),
    app="r.app",
    namespace=_IN_NAMESPACES.format("r.namespace"),
)

PERIODS_OF_TOKENS = Subject(
    _columns(
        source=Cell.TEXT,
        name=Cell.TEXT,
        level=Cell.WORD,
        reason=Cell.TEXT,
        message=Cell.TEXT,
        **_PERIOD,
        expires_at=("r.expire_ms", Cell.TIME),
        last_renewal_at=("r.last_renewal_ms", Cell.TIME),
        granted_s=("r.granted_ms", Cell.SPAN),
        period_s=Cell.WORD,
        explicit_max_s=Cell.WORD,
        renewable=Cell.FLAG,
        accessor_tail=Cell.TEXT,
        renewal_job=Cell.TEXT,
    ),
    rows=_periods(TOKENS),
)

PERIODS_OF_ENVIRONMENTS = Subject(
    _columns(
        cluster=Cell.TEXT,
        namespace=Cell.TEXT,
        level=Cell.WORD,
        reason=Cell.TEXT,
        message=Cell.TEXT,
        **_PERIOD,
        up_since=("r.up_since_ms", Cell.TIME),
        made_by=Cell.TEXT,
        job=Cell.TEXT,
        number=Cell.WORD,
        last_job=Cell.TEXT,
        last_number=Cell.WORD,
        last_result=Cell.TEXT,
        left_up_since=("r.left_up_ms", Cell.TIME),
        week_up_min=Cell.WORD,
        week_after_hours_min=Cell.WORD,
        url=Cell.TEXT,
    ),
    rows=_periods(ENVIRONMENTS),
    namespace=_IN_NAMESPACES.format("r.namespace"),
)

PERIODS_OF_PLATFORM = Subject(
    _columns(
        source=Cell.TEXT,
        job=Cell.TEXT,
        job_class=Cell.WORD,
        level=Cell.WORD,
        reason=Cell.TEXT,
        message=Cell.TEXT,
        **_PERIOD,
        number=Cell.WORD,
        result=Cell.TEXT,
        last_success_at=("r.last_success_ms", Cell.TIME),
        period_s=Cell.WORD,
        period_rule=Cell.WORD,
        next_expected=("r.next_expected_ms", Cell.TIME),
        disabled=Cell.FLAG,
        url=Cell.TEXT,
    ),
    rows=_periods(PLATFORM),
)

ALERTS = Subject(
    _columns(
        alertname=Cell.TEXT,
        severity=Cell.WORD,
        state=Cell.WORD,
        cluster=Cell.TEXT,
        namespace=Cell.TEXT,
        app=Cell.TEXT,
        version=Cell.TEXT,
        started_at=("r.started_ms", Cell.TIME),
        fired_at=("r.fired_ms", Cell.TIME),
        resolved_at=("r.resolved_ms", Cell.TIME),
        duration_s=("r.resolved_ms - r.started_ms", Cell.SPAN),
        source=Cell.TEXT,
        token=Cell.TEXT,
        summary=Cell.TEXT,
        fingerprint=Cell.WORD,
        pending_at=("r.pending_ms", Cell.TIME),
        acked_by=Cell.TEXT,
        acked_at=("r.acked_ms", Cell.TIME),
        ack_comment=Cell.TEXT,
        flapped=Cell.FLAG,
        silenced_by=Cell.WORD,
        stage=Cell.TEXT,
        reason=Cell.TEXT,
        last_good=Cell.TEXT,
        build_url=Cell.TEXT,
        inhibited_by=Cell.WORD,
    ),
    # what was pending only and never fired is no part of anybody's week
    rows="alerts r WHERE r.started_ms < :until AND (r.resolved_ms IS NULL OR r.resolved_ms > :since)"
    " AND NOT (r.state = 'resolved' AND r.fired_ms IS NULL AND r.pending_ms IS NOT NULL)",
    order="r.started_ms",
    app="r.app",
    # a failed build knows its job, not its app; a rollout whose workload is not named as its app is app/workload
    also="r.alertname = 'BuildFailed' AND r.app IN (SELECT value FROM json_each(:jobs))"
    " OR r.alertname IN ('RolloutFailing', 'RolloutStuck', 'ServiceDegraded')"
    " AND EXISTS (SELECT 1 FROM json_each(:apps)"
    " WHERE instr(r.app, '/') AND substr(r.app, 1, instr(r.app, '/') - 1) GLOB value)",
    namespace=_IN_NAMESPACES.format("r.namespace"),
)

NOTIFICATIONS = Subject(
    _columns(
        id=Cell.WORD,
        sink=Cell.TEXT,
        group_key=Cell.TEXT,
        what=Cell.WORD,
        why=Cell.WORD,
        state=Cell.WORD,
        queued_at=("r.created_ms", Cell.TIME),
        due_at=("r.due_ms", Cell.TIME),
        sent_at=("r.sent_ms", Cell.TIME),
        attempts=Cell.WORD,
        last_error=Cell.TEXT,
        alerts=("json_array_length(r.alerts)", Cell.WORD),
        alertnames=(_OF_ALERTS.format("alertname"), Cell.TEXT),
        namespaces=(_OF_ALERTS.format("namespace"), Cell.TEXT),
        apps=(_OF_ALERTS.format("app"), Cell.TEXT),
        fingerprints=(_OF_ALERTS.format("fingerprint"), Cell.TEXT),
        idempotency_key=Cell.TEXT,
    ),
    rows="notifications r WHERE r.created_ms >= :since AND r.created_ms < :until",
    order="r.created_ms",
)

SUBJECTS = {
    "builds": BUILDS,
    "rollouts": PERIODS_OF_ROLLOUTS,
    "tokens": PERIODS_OF_TOKENS,
    "alerts": ALERTS,
    "notifications": NOTIFICATIONS,
    "environments": PERIODS_OF_ENVIRONMENTS,
    "platform": PERIODS_OF_PLATFORM,
}
