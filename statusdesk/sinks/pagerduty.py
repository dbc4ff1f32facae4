"""PagerDuty's events: an incident per alert, folded by its fingerprint."""

from pathlib import Path
from typing import Any

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.alertmanager import is_address
from statusdesk.sinks.http import Http, delivered
from statusdesk.sinks.message import Message, annotations_of, labels_of, place
from statusdesk.sinks.pace import Pace
from statusdesk.states_alerts import AlertState
from statusdesk.text import iso

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"
MOST_SUMMARY_CHARS = 1024
BURST = 20
EVERY_S = 0.75
"""PagerDuty takes about 120 events a minute for one key, and answers 429 to more: we stay at 100 in any minute.

Source: https://community.pagerduty.com/forum/t/monitoring-api-rate-limiting/3318 (its staff; elsewhere 480 are told).
"""


class PagerDuty:
    """Triggers and resolves; a trigger that arrives twice is one incident.

    Source: https://developer.pagerduty.com/api-reference/send-an-event-to-pagerduty
    """

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._http = Http(sink, base_dir, read)

    def send(self, message: Message) -> None:
        """Send the event of the alert that the message is about: each is grouped by itself.

        Raises: Postponed, Refused.
        """
        url = self._sink.urls[0] if self._sink.urls else EVENTS_URL
        key = self._http.secret(self._sink.key)
        for alert in message.listed:
            delivered(self._http.ask("POST", url, event(alert, key, message)), self._http.hidden(key))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def pace(*, pair: bool = False) -> Pace:
    """Return how fast events are sent; a pair of collectors shares the key, and what is taken for it."""
    return Pace(EVERY_S * 2, BURST // 2) if pair else Pace(EVERY_S, BURST)


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
