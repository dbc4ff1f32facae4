"""HTTP as sinks need it: a limit to all, no redirect followed, and no address in what is said of a failure."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import httpx
import msgspec

from statusdesk import __version__
from statusdesk.config import Secret
from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import SECRETS_KEPT, CredentialError, ReadSecret, read_secret
from statusdesk.redact import redact, safe
from statusdesk.server_clock import date_ms
from statusdesk.sinks.sending import Postponed, Refused, TurnedAway

MAX_ANSWER_BYTES = 64 * 1024
LONGEST_RETRY_AFTER_S = 600.0
WHOLE_TIMEOUTS = 2.0
"""A request as a whole may last so many times ``timeout``."""

_AGAIN = (408, 425, 429)
_OF_THE_ADDRESS = (401, 403, 404, 405, 407, 410)


class Answer(msgspec.Struct, frozen=True):
    """What a receiver said; ``date_ms``: its clock, None when it does not tell."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    date_ms: int | None = None

    def said(self, hidden: Collection[str] = ()) -> str:
        """Return the beginning of the body, on one line, without secrets."""
        return safe(redact(self.body[:4000].decode("utf-8", "replace"), hidden), 200)


class Http:
    """Asks the receivers of one sink; its threads may share it."""

    def __init__(self, sink: SinkSettings, base_dir: Path, read: ReadSecret = read_secret) -> None:
        self._sink = sink
        self._base_dir = base_dir
        self._read_secret = read
        self._client: httpx.Client | None = None
        self._known: dict[str, None] = {}  # those read last at the end

    def secret(self, secret: Secret | None) -> str:
        """Return a secret as it is now.

        Raises: Postponed when it cannot be had.
        """
        if secret is None:
            return ""
        try:
            found = self._read_secret(secret, self._base_dir)
        except CredentialError as error:
            raise Postponed(str(error), whole_sink=True) from None
        self._known.pop(found, None)
        self._known[found] = None
        if len(self._known) > SECRETS_KEPT:  # one that is issued anew each hour
            del self._known[next(iter(self._known))]
        return found

    def hidden(self, *more: str) -> list[str]:
        """Return what must not be repeated of an answer: secrets, addresses and their paths."""
        known = [*self._known, *more]
        paths = [path for each in known if len(path := each.partition("://")[2].partition("/")[2]) > 3]
        return [*known, *paths]

    def ask(
        self,
        method: str,
        url: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        most: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Send a request with a JSON body and return the answer, whatever its status, and ``most`` bytes of it.

        Raises: Postponed when there is none.
        """
        sent = {"User-Agent": f"statusdesk/{__version__}", **self._authorization(), **(headers or {})}
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        sink = self._sink
        login = httpx.BasicAuth(sink.user, self.secret(sink.password)) if sink.user and sink.password else None
        client = self._open()

        def asked() -> Answer:
            asking = client.stream(method, url, content=content, headers=sent, auth=login)
            with _in_words(sink.timeout_s), asking as answer:
                said_ms = date_ms(answer.headers.get("date"))
                return Answer(answer.status_code, self._read(answer, most), answer.headers, said_ms)

        return self._within(WHOLE_TIMEOUTS * sink.timeout_s, asked, client)

    def _within(self, most_s: float, asked: Callable[[], Answer], client: httpx.Client) -> Answer:
        """Ask in a thread of its own: ``timeout`` holds for each byte that comes, and names are looked up without one.

        Raises: Postponed when there is no whole answer within ``most_s``; the connections are closed then, so that
        the thread ends.
        """
        found: list[Answer | Exception] = []

        def ask() -> None:
            try:
                found.append(asked())
            except Exception as error:  # raised again where it was asked
                found.append(error)

        thread = threading.Thread(target=ask, name=f"ask {self._sink.name}", daemon=True)
        thread.start()
        thread.join(most_s)
        if not found:
            self._client = None
            client.close()
            raise Postponed(f"no whole answer within {most_s:g} s", whole_sink=True)
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _authorization(self) -> dict[str, str]:
        if self._sink.token is not None:
            return {"Authorization": f"Bearer {self.secret(self._sink.token)}"}
        return {}

    def _open(self) -> httpx.Client:
        if self._client is None:
            ca_file = str(self._base_dir / self._sink.ca_file) if self._sink.ca_file else None
            try:
                context = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise Postponed(f"ca_file cannot be used: {error.strerror}", whole_sink=True) from None
            self._client = httpx.Client(verify=context, timeout=self._sink.timeout_s, follow_redirects=False)
        return self._client

    def _read(self, answer: httpx.Response, most: int) -> bytes:
        end = time.monotonic() + self._sink.timeout_s
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) >= most or time.monotonic() > end:
                break
        return body

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()


@contextlib.contextmanager
def _in_words(timeout_s: float) -> Iterator[None]:
    """Turn what httpx raises into a sentence without the address."""
    try:
        yield
    except httpx.TimeoutException:
        raise Postponed(f"no answer within {timeout_s:g} s", whole_sink=True) from None
    except httpx.ConnectError as error:
        tls = "certificate" in str(error).lower() or "ssl" in str(error).lower()
        why = "its certificate cannot be verified" if tls else "no connection"
        raise Postponed(why, whole_sink=True) from None
    except httpx.RequestError as error:  # DecodingError and TooManyRedirects too
        raise Postponed(f"the connection broke ({type(error).__name__})", whole_sink=True) from None
    except RuntimeError:  # another thread has closed the connections: it waited too long
        raise Postponed("the connection was closed", whole_sink=True) from None
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise Postponed("its address cannot be used", whole_sink=True) from None


def accepted(answer: Answer, hidden: Collection[str] = ()) -> Answer:
    """Return the answer when the receiver has taken what was sent; ``hidden`` is not repeated of what it says.

    Raises: Postponed; TurnedAway when it is the address or the credential that is refused; Refused.
    """
    status = answer.status
    if 200 <= status < 300:
        return answer
    if 300 <= status < 400:
        raise TurnedAway(f"it answered {status}: redirects are not followed; name the address itself")
    said = f": {words}" if (words := answer.said(hidden)) else ""
    if status in _AGAIN or status >= 500:
        raise Postponed(f"it answered {status}{said}", _retry_after_s(answer), whole_sink=status in (429, 503))
    raise (TurnedAway if status in _OF_THE_ADDRESS else Refused)(f"it answered {status}{said}")


def delivered(answer: Answer, hidden: Collection[str] = ()) -> Answer:
    """Return the answer when the receiver has taken a message, see ``accepted``.

    Raises: Postponed, also when it is the address or the credential that is refused; Refused: the message itself is.
    """
    try:
        return accepted(answer, hidden)
    except TurnedAway as turned:
        raise Postponed(str(turned), _retry_after_s(answer), whole_sink=True) from None


def _retry_after_s(answer: Answer) -> float:
    """Return for how long the receiver wants to be left alone, in seconds; a date is read by its own clock."""
    text = answer.headers.get("retry-after", "")
    try:
        wait_s = float(text)
    except ValueError:
        until_ms = date_ms(text)
        if until_ms is None:
            return 0.0
        wait_s = (until_ms - (answer.date_ms or time.time() * 1000)) / 1000
    return min(max(0.0, wait_s), LONGEST_RETRY_AFTER_S) if wait_s == wait_s else 0.0


def host_of(url: str) -> str:
    """Return what may be told of an address: its host and port."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "?"
    return f"{parsed.host}:{parsed.port}" if parsed.port is not None else parsed.host
