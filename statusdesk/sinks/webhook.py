"""A webhook that takes what Alertmanager would send."""

from pathlib import Path

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.http import Http, delivered
from statusdesk.sinks.message import Message


class Webhook:
    """Posts Alertmanager's JSON, with a key by which a receiver can fold what arrives twice."""

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._http = Http(sink, base_dir, read)

    def send(self, message: Message) -> None:
        """Post one message."""
        url = self._sink.urls[0] if self._sink.urls else self._http.secret(self._sink.url)
        headers = {"Idempotency-Key": message.notification.idempotency_key}
        delivered(self._http.ask("POST", url, message.webhook(), headers), self._http.hidden(url))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
