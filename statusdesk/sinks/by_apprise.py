"""Whatever apprise can reach; it comes with ``statusdesk[notify]``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import CredentialError, ReadSecret, read_secret
from statusdesk.sinks.message import Message
from statusdesk.sinks.sending import Postponed, Refused

if TYPE_CHECKING:
    from apprise import Apprise

_KINDS = {"info": "info", "warning": "warning", "critical": "failure"}


class ByApprise:
    """Sends through one of apprise's addresses; it says no more than whether that worked."""

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._base_dir = base_dir
        self._read_secret = read

    def send(self, message: Message) -> None:
        """Send one message."""
        opened = self._open()
        alerts = message.listed
        kind = _KINDS.get(alerts[0].severity, "info") if alerts else "info"
        how: dict[str, Any] = {"notify_type": "success" if message.title.startswith("[RESOLVED]") else kind}
        if not opened.notify(title=message.title, body=message.text(), body_format="text", **how):
            raise Postponed("apprise could not send it")

    def _open(self) -> "Apprise":
        try:
            import apprise
        except ImportError:
            raise Postponed("apprise is not installed; install statusdesk[notify]", whole_sink=True) from None
        assert self._sink.url is not None
        opened = apprise.Apprise()
        try:
            url = self._read_secret(self._sink.url, self._base_dir)
        except CredentialError as error:
            raise Postponed(str(error), whole_sink=True) from None
        if not opened.add(url):
            raise Refused("apprise does not know this kind of address")
        for server in opened:
            server.socket_connect_timeout = server.socket_read_timeout = self._sink.timeout_s
        return opened

    def close(self) -> None:
        """Nothing stays open."""
