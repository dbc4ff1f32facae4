"""What is said of a group of alerts: what is broken, who is hit, what to do next, and how it stands now. Pure."""

import shlex
from collections.abc import Callable
from typing import Any

import msgspec

from statusdesk.redact import safe
from statusdesk.sinks.advice import advice, hits_by_rule
from statusdesk.states_alerts import AlertState, Notification, listed
from statusdesk.text import iso

NEVER = "0001-01-01T00:00:00Z"
"""``endsAt`` of what fires, in Alertmanager's webhook."""

MAX_TEXT = 2_000


class Tally(msgspec.Struct, frozen=True):
    """How everything stands now: alerts that fire, that are pending; rollouts that are well, that nobody sees now."""

    firing: int = 0
    pending: int = 0
    ok: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        unknown = f", {self.unknown} unknown" if self.unknown else ""
        return f"now: {self.firing} firing, {self.pending} pending, {self.ok} ok{unknown}"


class Message(msgspec.Struct, frozen=True):
    """A notification with what makes it readable; ``tally`` is None when the store could not be asked."""

    notification: Notification
    tally: Tally | None = None
    site: str = ""

    @property
    def title(self) -> str:
        """One line: ``[FIRING] critical RolloutFailing shop/orders``."""
        alerts = self.notification.alerts
        what = self.notification.what.upper()
        if not alerts:
            return f"[{what}] {self.notification.group_key}"
        first = alerts[0]
        more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
        again = ", still" if self.notification.why == "repeat" else ""
        return f"[{what}{again}] {first.severity} {first.alertname} {place(first)}{more}"

    def text(self, most: int = 20) -> str:
        """Several lines: for each alert what is broken, who is hit and what next; then how it stands now."""
        alerts = self.notification.alerts
        parts = ["\n".join(lines_of(alert)) for alert in alerts[:most]]
        if len(alerts) > most:
            parts.append(f"and {len(alerts) - most} more")
        if self.tally is not None:
            parts.append(str(self.tally))
        return "\n\n".join(parts)

    def webhook(self) -> dict[str, Any]:
        """The body of Alertmanager's webhook, version 4, which many receivers read.

        Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
        """
        told = self.notification
        alerts = [_told(alert, self.site) for alert in told.alerts]
        body: dict[str, Any] = {
            "version": "4",
            "groupKey": told.group_key,
            "truncatedAlerts": 0,
            "status": told.what,
            "receiver": told.sink,
            "groupLabels": {name: value for name, value in told.group_labels if value},
            "commonLabels": _common([alert["labels"] for alert in alerts]),
            "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
            "externalURL": "",
            "alerts": alerts,
        }
        if self.tally is not None:
            # what stands in all of them is what simple receivers show
            body["commonAnnotations"]["now"] = str(self.tally)
        return body


def place(alert: AlertState) -> str:
    """Return what an alert is about: ``staging/orders``, ``vault/payments``."""
    parts: tuple[str, ...] = (alert.namespace, alert.app) if alert.app else (alert.source, alert.token)
    parts = parts if any(parts) else (alert.namespace,)
    return safe("/".join(part for part in parts if part) or alert.alertname)


def logs_command(alert: AlertState) -> str:
    """Return the command that shows what the app says, empty where none runs."""
    namespace, cluster = _where(alert)
    if not (alert.app and namespace and cluster):
        return ""
    app = alert.app_name
    return f"statusdesk logs {shlex.quote(app)} -n {shlex.quote(namespace)} --cluster {shlex.quote(cluster)}"


def _where(alert: AlertState) -> tuple[str, str]:
    """Return the namespace and the cluster of the trouble, also of an alert that is about an app as a whole."""
    return alert.namespace or alert.at_namespace, alert.cluster or alert.at_cluster


def who_is_hit(alert: AlertState) -> str:
    """Return whom it hits: the stage, the namespace and the cluster, or what hangs on a source."""
    namespace, cluster = _where(alert)
    if alert.touches and not alert.token:
        return safe(alert.touches, MAX_TEXT)
    if namespace:
        stage = f"stage {alert.stage}, " if alert.stage else ""
        return safe(f"{stage}namespace {namespace}{f' of cluster {cluster}' if cluster else ''}")
    if alert.token:
        hit = f"fails now: {listed(alert.hits)}" if alert.hits and alert.touches else listed(alert.hits)
        used = "; ".join(filter(None, (alert.touches, hit)))
        return safe(f"what uses the token {alert.token}" + (f": {used}" if used else ""), MAX_TEXT)
    if hit := hits_by_rule(alert):
        return hit
    return safe(f"all that is read from {alert.source}") if alert.source else ""


def next_steps(alert: AlertState) -> list[str]:
    """Return what to do next, best first: where to look, what helps, the log, the build, the page that says more."""
    steps = [f"look at {safe(alert.look)}"] if alert.look else []
    steps += advice(alert)
    steps += [command] if (command := logs_command(alert)) else []
    steps += [f"build {alert.build_url}"] if alert.build_url else []
    steps += [f"runbook {alert.runbook}"] if alert.runbook else []
    return steps


def lines_of(alert: AlertState) -> list[str]:
    """Return an alert in words."""
    over = alert.state == "resolved"
    began = f"since {_moment(alert.started_ms)}" + (f" until {_moment(alert.resolved_ms)}" if over else "")
    words = safe(alert.summary, MAX_TEXT)
    lines = [f"{'over' if over else alert.severity}: {alert.alertname} {place(alert)}: {words} ({began})"]
    lines += [f"  hits: {hit}"] if (hit := who_is_hit(alert)) else []
    if over:
        return lines
    lines += [f"  last good version: {safe(alert.last_good)}"] if alert.last_good else []
    lines += [f"  next: {step}" for step in next_steps(alert)]
    lines += [f"  taken by {safe(alert.acked_by)}"] if alert.acked_by else []
    if alert.stale_since_ms is not None:
        lines.append(f"  its source has not answered since {_moment(alert.stale_since_ms)}: this is how it stood then")
    return lines


def _moment(ms: int | None) -> str:
    """Return a moment in whole seconds."""
    return iso(ms).partition(".")[0] + "Z" if ms is not None else "?"


def labels_of(alert: AlertState, site: str) -> dict[str, str]:
    """Return the labels that are sent; they never change while an alert lives."""
    return {**alert.labels, "site": site} if site else alert.labels


def annotations_of(alert: AlertState) -> dict[str, str]:
    """Return all that explains an alert, texts only: whoever takes them replaces what was said before."""
    given = {
        "summary": safe(alert.summary, MAX_TEXT),
        "description": "\n".join(lines_of(alert)),
        "hits": who_is_hit(alert),
        "stage": safe(alert.stage),
        "version": safe(alert.version),
        "reason": safe(alert.reason),
        "last_good_version": safe(alert.last_good),
        "look": safe(alert.look),
        "next": "\n".join(next_steps(alert)),
        "logs_command": logs_command(alert),
        "build_url": alert.build_url,
        "runbook_url": alert.runbook,
        "acked_by": safe(alert.acked_by),
        "stale_since": iso(alert.stale_since_ms) if alert.stale_since_ms is not None else "",
    }
    return {name: value for name, value in given.items() if value}


def _told(alert: AlertState, site: str) -> dict[str, Any]:
    over = alert.state == "resolved"
    return {
        "status": "resolved" if over else "firing",
        "labels": labels_of(alert, site),
        "annotations": annotations_of(alert),
        "startsAt": iso(alert.started_ms),
        "endsAt": iso(alert.resolved_ms) if over and alert.resolved_ms is not None else NEVER,
        "generatorURL": alert.build_url,
        "fingerprint": alert.fingerprint,
    }


def _common(maps: list[dict[str, str]]) -> dict[str, str]:
    first, *others = maps or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


Ask = Callable[[], Tally | None]
"""Tells how it stands now; None when nobody can tell."""
