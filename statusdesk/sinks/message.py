"""What is said of a group of alerts: what is broken, who is hit, what to do next, and how it stands now. Pure."""

import shlex
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from statusdesk.redact import safe
from statusdesk.sinks.advice import advice, hits_by_rule
from statusdesk.states_alerts import AlertState, Notification, listed
from statusdesk.text import iso

NEVER = "0001-01-01T00:00:00Z"
"""``endsAt`` of what fires, in Alertmanager's webhook."""

MAX_TEXT = 2_000
IN_PRODUCTION = "BadVersionInProduction"


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
    def listed(self) -> tuple[AlertState, ...]:
        """The alerts that somebody is to be told of, in order: not those that are muted, or flap as was told."""
        return tuple(alert for alert in self.notification.alerts if not self._hidden(alert))

    @property
    def status(self) -> str:
        """``firing`` while any of those fires, else ``resolved``."""
        return "firing" if any(alert.state == "firing" for alert in self.listed) else "resolved"

    def _hidden(self, alert: AlertState) -> str:
        """Return the word for why an alert that fires is not told of, empty when it is."""
        if alert.state != "firing":
            return ""
        told = alert.flapping and not self._is_news(alert)
        unread = alert.fingerprint in self.notification.unread
        whys = (
            (alert.acked_by, "taken"),
            (alert.silenced_by, "silenced"),
            (alert.muted_at(self.notification.sink), "held back"),
            (unread, "not known yet"),
        )
        return next((word for why, word in (*whys, (told, "flapping")) if why), "")

    def _is_news(self, alert: AlertState) -> bool:
        told = self.notification
        return alert.fingerprint in told.news if told.news else told.why in ("new", "changed")

    def _main(self) -> list[AlertState]:
        """Return what the message was made for: what is over, what is new, or all that still fires."""
        why, listed = self.notification.why, self.listed
        over = [alert for alert in listed if alert.state != "firing"]
        if why == "resolved" and over:
            return over
        firing = [alert for alert in listed if alert.state == "firing"]
        return (firing if why == "repeat" else [each for each in firing if self._is_news(each)]) or firing or over

    def _counts(self, shown: Collection[AlertState]) -> str:
        """Return how many alerts there are beside these, in words: ``3 firing, 2 taken, 1 silenced``."""
        words = Counter(
            self._hidden(alert) or ("firing" if alert.state == "firing" else "over")
            for alert in self.notification.alerts
            if alert not in shown
        )
        order = ("firing", "over", "taken", "silenced", "held back", "flapping", "not known yet")
        return ", ".join(f"{words[word]} {word}" for word in order if words[word])

    @property
    def title(self) -> str:
        """One line: ``[FIRING] critical RolloutFailing shop/orders; besides 2 firing, 1 taken``."""
        told, main = self.notification, self._main()
        what = "RESOLVED" if told.why == "resolved" else self.status.upper()
        if not main:
            return f"[{what}] {told.group_key}"
        first = main[0]
        if what == "RESOLVED" and all(alert.ended_by for alert in main):
            what = "ENDED"
        more = f" and {len(main) - 1} more" if len(main) > 1 else ""
        besides = f"; besides {counts}" if (counts := self._counts(main)) else ""
        again = ", still" if told.why == "repeat" else ""
        return f"[{what}{again}] {first.severity} {first.alertname} {place(first)}{more}{besides}"

    def text(self, most: int = 20) -> str:
        """Several lines: for each alert what is broken, who is hit and what next; then how it stands now.

        Where something is over, what still fires is only counted, and so is always what somebody has taken or silenced.
        """
        alerts = self._main() if self.notification.why == "resolved" else self.listed
        parts = ["\n".join(lines_of(alert)) for alert in alerts[:most]]
        if len(alerts) > most:
            parts.append(f"and {len(alerts) - most} more")
        if counts := self._counts(alerts):
            parts.append(f"besides: {counts}")
        if self.tally is not None:
            parts.append(str(self.tally))
        return "\n\n".join(parts)

    def webhook(self) -> dict[str, Any]:
        """The body of Alertmanager's webhook, version 4, which many receivers read.

        Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
        """
        told = self.notification
        alerts = [_told(alert, self.site) for alert in self.listed]
        body: dict[str, Any] = {
            "version": "4",
            "groupKey": told.group_key,
            "truncatedAlerts": 0,
            "status": self.status,
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
    """Return what an alert is about, as it may be told."""
    return safe(alert.place)


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
    if namespace and not alert.unseen:
        stage = f"stage {alert.stage_now}, " if alert.stage_now else ""
        runs = f"production, which has {alert.version}; it fails in " if alert.alertname == IN_PRODUCTION else ""
        return safe(f"{runs}{stage}namespace {namespace}{f' of cluster {cluster}' if cluster else ''}")
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
    said = f"{alert.ended_by}; nobody saw it well, it was: {words}" if alert.ended_by else words
    what = "ended" if alert.ended_by else "over" if over else alert.severity
    lines = [f"{what}: {alert.alertname} {place(alert)}: {said} ({began})"]
    lines += [f"  hits: {hit}"] if (hit := who_is_hit(alert)) else []
    if over:
        return lines
    lines += [f"  last good version: {safe(alert.last_good)}"] if alert.last_good else []
    lines += [f"  next: {step}" for step in next_steps(alert)]
    lines += [f"  taken by {safe(alert.acked_by)}"] if alert.acked_by else []
    if alert.stale_since_ms is not None:
        seen = _moment(alert.stale_since_ms)
        lines.append(f"  last seen {seen}: it has not been read since, this is how it stood then")
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
        "summary": safe(f"{alert.ended_by}: {alert.summary}" if alert.ended_by else alert.summary, MAX_TEXT),
        "description": "\n".join(lines_of(alert)),
        "hits": who_is_hit(alert),
        "application": safe(alert.job_app),
        "stage": safe(alert.stage_now),
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
