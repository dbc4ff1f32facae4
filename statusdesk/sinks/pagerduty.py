"""PagerDuty's events: an incident per alert, folded by its fingerprint."""

from pathlib import Path
from typing import Any

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.alertmanager import is_address
from statusdesk.sinks.http import Http, delivered
from statusdesk.sinks.message import Message, annotations_of, labels_of, place
from statusdesk.sinks.sending import PartlySent, Refused
from statusdesk.states_alerts import AlertState
from statusdesk.text import counted, few, iso

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"
MOST_SUMMARY_CHARS = 1024


class PagerDuty:
    """Triggers and resolves; a trigger that arrives twice is one incident.

    Source: https://developer.pagerduty.com/api-reference/send-an-event-to-pagerduty
    """

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._http = Http(sink, base_dir, read)

    def send(self, message: Message) -> None:
        """Send an event for each alert of the message; all of them again when one could not be sent.

        Raises: Postponed; Refused when one or more were refused, after all have been sent.
        """
        url = self._sink.urls[0] if self._sink.urls else EVENTS_URL
        key = self._http.secret(self._sink.key)
        refused: list[str] = []
        alerts = message.listed
        for alert in alerts:
            try:
                delivered(self._http.ask("POST", url, event(alert, key, message)), self._http.hidden(key))
            except Refused as error:  # the others are no worse for it
                refused.append(f"{alert.alertname} {place(alert)}: {error}")
        if refused:
            what = f"{len(refused)} of {counted(len(alerts), 'event')} refused: {few(refused, apart='; ')}"
            raise Refused(what) if len(refused) == len(alerts) else PartlySent(what)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def event(alert: AlertState, key: str, message: Message) -> dict[str, Any]:
    """Return the event of one alert."""
    over = alert.state == "resolved"
    body: dict[str, Any] = {
        "routing_key": key,
        "event_action": "resolve" if over else "trigger",
        "dedup_key": f"{alert.fingerprint}-{message.site}" if message.site else alert.fingerprint,
    }
    if over:
        if alert.ended_by:  # an incident that is closed though nobody saw it well says why
            summary = f"{alert.alertname} {place(alert)}: {alert.ended_by}"[:MOST_SUMMARY_CHARS]
            body["payload"] = {"summary": summary, "source": _source(alert), "severity": alert.severity}
        return body
    explained = annotations_of(alert)
    links = [(alert.build_url, "build"), (alert.runbook, "runbook")]
    body["payload"] = {
        "summary": f"{alert.alertname} {place(alert)}: {explained.get('summary', '')}"[:MOST_SUMMARY_CHARS],
        "source": _source(alert),
        "severity": alert.severity,
        "timestamp": iso(alert.started_ms),
        "component": alert.app,
        "group": alert.namespace,
        "class": alert.reason,
        "custom_details": {
            **labels_of(alert, message.site),
            **explained,
            **({"now": str(message.tally)} if message.tally is not None else {}),
        },
    }
    body["links"] = [{"href": url, "text": text} for url, text in links if is_address(url)]
    body["client"] = "statusdesk"
    return body


def _source(alert: AlertState) -> str:
    return alert.cluster or alert.source or "statusdesk"
