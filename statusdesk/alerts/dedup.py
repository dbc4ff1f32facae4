"""Whether a sink must be told of a group of alerts, by what it was told last. Pure.

Source: ``needsUpdate`` of Alertmanager's notification pipeline.
"""

from collections.abc import Iterable, Set

import msgspec

from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS
from statusdesk.alerts.tuning import IN_PRODUCTION, SOURCE_DOWN, Tuning
from statusdesk.config_alerts import SEVERITIES, SinkSettings
from statusdesk.states_alerts import WATCHDOG, AlertState, Notification

CLOCK_SET_BACK_MS = 2_000

INCIDENT = ("alertname", "fingerprint")
NOBODY: frozenset[str] = frozenset()
Hit = tuple[str, str]


class Told(msgspec.Struct, frozen=True):
    """What a sink was last told of a group: the fingerprints that fire, and when (``now_ms``).

    ``hits``: the critical hits, and bad versions in production, that it was told of, each with the fingerprint of the
    alert that says so.
    """

    firing: frozenset[str] = NOBODY
    at_ms: int = 0
    hits: frozenset[Hit] = frozenset()


def due(
    told: Told | None,
    audible: Set[str],
    active: Set[str],
    repeat_ms: int,
    now_ms: int,
    *,
    resolved_too: bool = True,
    hits: Set[Hit] = frozenset(),
) -> str:
    """Return why a sink must be told of a group now: ``new``, ``changed``, ``resolved``, ``repeat``; empty: need not.

    ``active`` are all alerts of the group that fire, ``audible`` those of them that nobody has taken or silenced.
    What is over is told only of what was told. ``repeat_ms`` 0: never again. ``hits``: the hits of those that are
    audible; one that was not told is news.
    """
    before = told.firing if told is not None else NOBODY
    if audible - before:
        return "changed" if before & active else "new"
    if told is not None and hits - told.hits:
        return "changed"
    if before - active:
        if resolved_too:
            return "resolved"
        before = before & active
    repeats = repeat_ms > 0 and told is not None and now_ms - told.at_ms >= repeat_ms
    return "repeat" if repeats and before & audible else ""


def hits_of(alerts: Iterable[AlertState]) -> frozenset[Hit]:
    """Return the hits of alerts that fire: whom they hit critically, and which bad version production has."""
    firing = [each for each in alerts if each.state == "firing"]
    versions = [(each.fingerprint, each.version) for each in firing if each.alertname == IN_PRODUCTION]
    return frozenset([*((each.fingerprint, hit) for each in firing for hit in each.critical_hits), *versions])


def wanted(alert: AlertState, sink: SinkSettings, tuning: Tuning) -> bool:
    """Return whether a sink takes an alert: by severity, by stage (what belongs to none passes), by the rule's list."""
    if alert.alertname == WATCHDOG:
        return False
    if SEVERITIES.index(alert.severity) < SEVERITIES.index(sink.min_severity):
        return False
    if sink.stages and alert.stage and alert.stage not in sink.stages:
        return False
    rule = tuning.of(alert.alertname, alert.stage)
    return rule is None or rule.notify is None or sink.name in rule.notify


def takers(alert: AlertState, tuning: Tuning) -> frozenset[str]:
    """Return the names of the sinks that take an alert."""
    return frozenset(sink.name for sink in tuning.sinks if wanted(alert, sink, tuning))


def is_kept_from(alert: AlertState, alertmanager: str) -> bool:
    """Return whether an Alertmanager does not hear of an alert that another one mutes; the critical ones it does."""
    return alert.kept_back and alert.severity != SEVERITIES[-1] and alert.muted_at(alertmanager)


def is_due(notification: Notification, now_ms: int) -> bool:
    """Return whether a message is to be sent now; one from the future was queued before the clock was set back."""
    return notification.due_ms <= now_ms or notification.created_ms > now_ms + CLOCK_SET_BACK_MS


def grouping(sink: SinkSettings, group_by: tuple[str, ...]) -> tuple[str, ...]:
    """Return by what a sink's alerts are grouped: ``group_by``, or each by itself where it is an incident of its own.

    So only what has changed is told of it, what was taken is not sent again, and each is tried, given up and closed
    for itself.
    """
    return INCIDENT if sink.type == KEEPS_INCIDENTS else group_by


def group_of(alert: AlertState, group_by: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the labels, or the stage, by which an alert is grouped.

    Namespaces that cannot be read are told together, stage by stage: rights are lost by many at once.
    """
    if alert.alertname == SOURCE_DOWN and alert.namespace:
        group_by = tuple(dict.fromkeys("stage" if name == "namespace" else name for name in group_by))
    return tuple([(name, getattr(alert, name)) for name in group_by])


def key_of(group: tuple[tuple[str, str], ...]) -> str:
    """Return the key of a group: ``{alertname="RolloutFailing", cluster="eu"}``, as Alertmanager writes it."""
    quoted = (f'{name}="{value.translate(_ESCAPED)}"' for name, value in group)
    return "{" + ", ".join(quoted) + "}"


_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"'})
