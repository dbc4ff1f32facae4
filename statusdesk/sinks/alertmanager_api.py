"""What is asked of the Alertmanagers of a sink beside posting alerts to them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.http import Http, accepted
from statusdesk.sinks.sending import SendError

MOST_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


class AlertmanagerApi:
    """The API (v2) of the Alertmanagers of one sink, for one thread; a path begins behind ``/api/v2/``."""

    def __init__(self, sink: SinkSettings, urls: Iterable[str], base_dir: Path) -> None:
        self.name = sink.name
        self.urls = tuple(urls)
        self._http = Http(sink, base_dir)

    def read(self, url: str, path: str, what: type[T]) -> T:
        """Return what one of them answers.

        Raises: SendError.
        """
        answer = accepted(self._http.ask("GET", f"{url}/api/v2/{path}", most=MOST_BYTES), self._http.hidden())
        try:
            return msgspec.json.decode(answer.body, type=what)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SendError("it answers in a way that is not its API") from None

    def send(self, method: str, url: str, path: str, body: object = None) -> None:
        """Have one of them do something.

        Raises: SendError.
        """
        accepted(self._http.ask(method, f"{url}/api/v2/{path}", body), self._http.hidden())

    def close(self) -> None:
        """Let go of what is open."""
        self._http.close()
