"""What is asked of the Alertmanagers of a sink beside posting alerts to them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from statusdesk.clock import Clock, system_clock
from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.server_clock import ServerSkew
from statusdesk.sinks.http import MAX_ANSWER_BYTES, Answer, Http, accepted
from statusdesk.sinks.sending import SendError

MOST_BYTES = 16 * 1024 * 1024
T = TypeVar("T")


class AlertmanagerApi:
    """The API (v2) of the Alertmanagers of one sink, for one thread; a path begins behind ``/api/v2/``."""

    def __init__(
        self,
        sink: SinkSettings,
        urls: Iterable[str],
        base_dir: Path,
        clock: Clock = system_clock,
        read: ReadSecret = read_secret,
    ) -> None:
        self.name = sink.name
        self.urls = tuple(urls)
        self._http = Http(sink, base_dir, read)
        self._clock = clock
        self._skews = {url: ServerSkew() for url in self.urls}

    def read(self, url: str, path: str, what: type[T]) -> T:
        """Return what one of them answers.

        Raises: SendError.
        """
        answer = accepted(self._ask("GET", url, path, most=MOST_BYTES), self._http.hidden())
        try:
            return msgspec.json.decode(answer.body, type=what)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SendError("it answers in a way that is not its API") from None

    def send(self, method: str, url: str, path: str, body: object = None) -> None:
        """Have one of them do something.

        Raises: SendError.
        """
        accepted(self._ask(method, url, path, body), self._http.hidden())

    def ahead_ms(self, url: str) -> int:
        """Return by how much our clock is ahead of that of one of them; 0 when they agree."""
        return -self._skews[url].ms

    def _ask(self, method: str, url: str, path: str, body: object = None, *, most: int = MAX_ANSWER_BYTES) -> Answer:
        before_ms = self._clock()
        answer = self._http.ask(method, f"{url}/api/v2/{path}", body, most=most)
        if answer.date_ms is not None:
            self._skews[url].heard(answer.date_ms - (before_ms + self._clock()) // 2)
        return answer

    def close(self) -> None:
        """Let go of what is open."""
        self._http.close()
