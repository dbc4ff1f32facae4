"""Slack's incoming webhooks, and what speaks like them (Mattermost, Rocket.Chat)."""

from pathlib import Path

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.http import Http, delivered
from statusdesk.sinks.message import Message

MOST_ALERTS = 10
MOST_CHARS = 35_000  # Slack cuts at 40,000


class Slack:
    """Posts the text; no part of it can address people or make links.

    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._http = Http(sink, base_dir, read)

    def send(self, message: Message) -> None:
        """Post one message."""
        url = self._http.secret(self._sink.url)
        text = escaped(f"{message.title}\n{message.text(MOST_ALERTS)}"[:MOST_CHARS])
        body = {"text": text, "mrkdwn": False, "link_names": False}
        delivered(self._http.ask("POST", url, body), self._http.hidden(url))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def escaped(text: str) -> str:
    """Return the text as Slack shows it to the letter: ``<!channel>`` is a call to all only with its brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
