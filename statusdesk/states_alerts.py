"""Alerts, and what is said about them: by people (silences, acknowledgements) and to people (notifications).

Each class is one table of the store; its fields are the columns, in order.
"""

from typing import Protocol

import msgspec

from statusdesk.text import few

WATCHDOG = "Watchdog"
"""The alert that always fires, for sinks that want to hear from us without end; it is never stored."""

BUILD_FAILED = "BuildFailed"
"""The alert of a failed build: the one whose app its labels do not say."""

RESOLVED_FOR_MS = 15 * 60_000
"""Sinks that are told how it stands hear for so long that an alert is over: one that was away hears it still.

Source: Prometheus, rules/alerting.go (resolvedRetention).
"""

CARRIED = "carried"
"""``why`` of what stands for a message though nothing was sent: the settings group otherwise what was told."""

SWITCHED_OFF = "its rule was switched off"
RENAMED = "it goes on under other labels"
"""``ended_by`` of an alert of which nobody is told that it is over: the same is told under its new labels."""

MOST_LISTED = 12


def listed(hits: tuple[str, ...]) -> str:
    """Return whom an alert hits, in words."""
    return few(hits, MOST_LISTED)


class Mutable(Protocol):
    """Who keeps an alert from being told: an ``AlertState``, or as much of one as is needed."""

    @property
    def acked_by(self) -> str: ...
    @property
    def silenced_by(self) -> str: ...
    @property
    def inhibited_by(self) -> str: ...
    @property
    def still_told_to(self) -> tuple[str, ...]: ...


def is_muted(alert: Mutable, sink: str = "") -> bool:
    """Return whether a sink is not to be told of an alert, or, without one, nobody is."""
    if alert.acked_by or alert.silenced_by:
        return True
    told = sink in alert.still_told_to if sink else bool(alert.still_told_to)
    return bool(alert.inhibited_by) and not told


class AlertState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert. Key: fingerprint and ``started_ms``; ``state`` is ``pending``, ``firing`` or ``resolved``.

    Labels: alertname, severity, cluster, namespace, app, source, token; everything else explains. ``subject`` is the
    kind and key of the row that it is about: ``RolloutState:eu/staging/Deployment/orders``.

    ``started_ms``: since when it is bad; ``pending_ms``: since when we know; ``observations``: how often it was seen
    bad while pending. ``cleared_ms``: since when it is well though it is held firing (``keep_firing_for``, flapping).
    One that is resolved without ``fired_ms`` never fired. ``flapping``: it fired too often, and is folded into one;
    ``flapped``: it was at some time of its life; ``flaps``: how often it has fired while it flaps; ``once_held``: what
    its summary will be when it has held. ``stale_since_ms``: a source that it hangs on (``hangs_on``), or a part of one
    (``source#namespace``), has not been read since; it stays as it is until that is. ``acked_by`` and ``silenced_by``
    (the id of a silence) are empty when it is neither. ``inhibited_by`` is the fingerprint of an alert that says more
    about the same, or of its cause's; ``still_told_to``: the sinks that are not told of that one, and so are told of
    this one all the same. ``at_cluster``, ``at_namespace`` and ``at_stage``: where the trouble is now, where the alert
    is about an app as a whole and its labels do not say. ``unseen``: which apps and namespaces nobody sees while a
    cluster is down, in words. ``cause_key``: what lies behind it, as ``RolloutState`` has it (of a failed build, the
    rollout that it made); ``cause_over_ms``: since
    when the alert of that is over, which mutes it for a while still; ``kept_back``: another has muted it since before
    anybody could be told. ``hits``: whom an alert is told in place of, nearest to production
    first; ``critical_hits``: those of them whose own alerts are critical. ``touches``: whom it touches by the
    configuration, in words, where neither its labels nor its rule say. ``job_app``: the app that the job of a failed
    build belongs to, ``build_number`` that build (0: not known), ``did``: what it did to its namespace, or how the last
    run of a job that is overdue ended, in words, where it is known. ``overdue_job``: the renewal job whose missed runs
    it is about, in the words of ``look``; empty where no run of it helps. ``overdue_in``: the namespaces, or globs, for
    which these runs are; none: for any. ``ended_by``: why it has ended though nobody saw it well: the settings say
    otherwise; in words.
    """

    fingerprint: str
    started_ms: int
    alertname: str
    severity: str
    state: str
    cluster: str = ""
    namespace: str = ""
    app: str = ""
    source: str = ""
    token: str = ""
    summary: str = ""
    version: str = ""
    fired_ms: int | None = None
    resolved_ms: int | None = None
    subject: str = ""
    stage: str = ""
    reason: str = ""
    look: str = ""
    runbook: str = ""
    build_url: str = ""
    last_good: str = ""
    pending_ms: int | None = None
    observations: int = 0
    cleared_ms: int | None = None
    flapping: bool = False
    flapped: bool = False
    acked_by: str = ""
    acked_ms: int | None = None
    ack_comment: str = ""
    ack_until_ms: int | None = None
    silenced_by: str = ""
    stale_since_ms: int | None = None
    inhibited_by: str = ""
    hangs_on: tuple[str, ...] = ()
    at_cluster: str = ""
    at_namespace: str = ""
    cause_key: str = ""
    kept_back: bool = False
    hits: tuple[str, ...] = ()
    critical_hits: tuple[str, ...] = ()
    unseen: str = ""
    flaps: int = 0
    once_held: str = ""
    touches: str = ""
    job_app: str = ""
    overdue_job: str = ""
    overdue_in: tuple[str, ...] = ()
    at_stage: str = ""
    still_told_to: tuple[str, ...] = ()
    did: str = ""
    ended_by: str = ""
    cause_over_ms: int | None = None
    build_number: int = 0
    change: int = 0

    @property
    def stage_now(self) -> str:
        """The stage where the trouble is now; ``stage`` is the one by which it is routed for as long as it lives."""
        return self.at_stage or self.stage

    @property
    def place(self) -> str:
        """What it is about: ``staging/orders``, ``vault/payments``, ``kubernetes/eu/staging``; else its name."""
        return self._place_in(self.namespace)

    @property
    def place_by_stage(self) -> str:
        """What it is about; of an app, where it has a stage, in that instead of its namespace."""
        return self._place_in(self.stage_now or self.namespace)

    def _place_in(self, where: str) -> str:
        parts = (where, self.app) if self.app else (self.source, self.namespace, self.token)
        return "/".join(part for part in parts if part) or self.alertname

    @property
    def labels(self) -> dict[str, str]:
        """The labels that are not empty; two alerts with the same are one."""
        names = ("alertname", "severity", "cluster", "namespace", "app", "source", "token")
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def app_name(self) -> str:
        """The app without the name of its workload (``orders`` of ``orders/worker``); of a job its app."""
        return self.job_app or (self.app.partition("/")[0] if self.cluster else self.app)

    @property
    def words(self) -> str:
        """What is bad, in one sentence, with whom it hits; and that it is well now, where it is held all the same."""
        if self.ended_by:
            return f"{self.ended_by}; it was: {self.summary}"
        held = "; it is well now, and held until it stays so" if self.cleared_ms and self.state == "firing" else ""
        return (f"{self.summary}; hits {listed(self.hits)}" if self.hits else self.summary) + held

    @property
    def muted(self) -> bool:
        """Whether nobody is to be told of it now."""
        return is_muted(self)

    def muted_at(self, sink: str) -> bool:
        """Whether one sink is not to be told of it now."""
        return is_muted(self, sink)


class Matcher(msgspec.Struct, frozen=True, gc=False):
    """One condition of a silence, as Alertmanager has it: a label, a value (or a regular expression), equal or not."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Silence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Alerts of which nobody is told for a while. Key: id. ``expired_ms``: when somebody ended it early."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    created_by: str
    comment: str = ""
    created_ms: int = 0
    expired_ms: int | None = None
    change: int = 0

    def active(self, now_ms: int) -> bool:
        """Whether it holds now."""
        return self.expired_ms is None and self.starts_ms <= now_ms < self.ends_ms


class Muted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert of which an Alertmanager tells nobody: silenced there, or ``inhibited`` by another alert.

    ``taken``: it is silenced because somebody has taken it, at another collector.
    """

    fingerprint: str
    inhibited: bool = False
    by: str = ""
    comment: str = ""
    until_ms: int | None = None
    taken: bool = False


class MutedThere(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the Alertmanagers of a sink mute, as they said last. Key: sink.

    ``problem``: why that could not be read again, since ``problem_ms``; empty when it could. ``lacking``: what is
    silenced or taken here and not there, for each address that lacks any of it: the part of a silence, or the
    fingerprint of the taken alert. One that holds another part about an alert keeps quiet about it.
    """

    sink: str
    muted: tuple[Muted, ...] = ()
    problem: str = ""
    problem_ms: int | None = None
    lacking: tuple[tuple[str, ...], ...] = ()
    change: int = 0


class PostedThere(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one Alertmanager of a sink has taken of what is posted to it again and again. Key: sink, number.

    ``number``: its place in ``urls``; ``peer``: its host, empty when the sink has none there any more. ``ok_ms``: when
    the last post that it took was begun. ``problem``: why it has taken none since ``problem_ms``; empty when it has.
    ``taken``: fingerprints of what fires and was in it. ``refused``: fingerprint of each alert that it will not have,
    and what it said.
    """

    sink: str
    number: int
    peer: str
    ok_ms: int | None = None
    problem: str = ""
    problem_ms: int | None = None
    taken: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    change: int = 0

    def after(self, before: "PostedThere") -> "PostedThere":
        """Return it with what an earlier process was answered, as long as this one has no answer of its own."""
        if self.ok_ms is not None or before.peer != self.peer:
            return self
        since_ms = before.problem_ms if self.problem and before.problem else self.problem_ms
        refused = self.refused or before.refused
        return msgspec.structs.replace(
            self, ok_ms=before.ok_ms, problem_ms=since_ms, taken=before.taken, refused=refused
        )


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody has taken an alert. Key: fingerprint, ``started_ms`` of the alert, ``at_ms``.

    ``withdrawn``: it was taken back then. The alert's own row says who has it now.
    """

    fingerprint: str
    started_ms: int
    at_ms: int
    by: str
    comment: str = ""
    until_ms: int | None = None
    withdrawn: bool = False


class Notification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of one group of alerts to one sink, queued in the same commit as what caused it. Key: id.

    ``what`` is ``firing`` while any of its alerts fires, else ``resolved``; ``why`` is ``new``, ``changed``,
    ``resolved``, ``repeat`` or ``carried``. ``alerts`` are the alerts as they were then, ``fingerprints`` theirs;
    ``news`` are those of them that are new, or hit more than was told, ``unread`` those of which nobody knew, after a
    start, whether they still fire.
    ``group_labels`` is the value of each ``group_by`` label. ``state``: ``queued`` (send it at ``due_ms``), ``sent``,
    ``failed`` (given up), ``quarantined`` (refused for good) or ``dropped`` (over before it was due).
    ``idempotency_key`` stays the same over all attempts and restarts.
    """

    id: int
    sink: str
    group_key: str
    what: str
    why: str
    created_ms: int
    due_ms: int
    state: str = "queued"
    attempts: int = 0
    last_error: str = ""
    sent_ms: int | None = None
    idempotency_key: str = ""
    group_labels: tuple[tuple[str, str], ...] = ()
    fingerprints: tuple[str, ...] = ()
    alerts: tuple[AlertState, ...] = ()
    news: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    change: int = 0
