"""HTTP as both Jenkins and Vault need it: answers read within bounds, failures as one sentence without secrets."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from statusdesk.faults import INTERNAL, told
from statusdesk.server_clock import date_ms
from statusdesk.text import clean

if TYPE_CHECKING:
    import requests

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 16 * 1024
_PIECE_BYTES = 64 * 1024


class VisitFailed(Exception):
    """A visit, or one request of it, did not work; ``problem`` and ``message`` are those of ``facts.Visited``."""

    def __init__(self, problem: str, message: str, *, retry_after_s: float | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.retry_after_s = retry_after_s
        self.status = status


class TooSlow(Exception):
    """The whole answer did not come within its time."""


class TooLarge(Exception):
    """The answer is larger than anything that the source should send."""


def plain_url(url: str) -> str:
    """Return the URL without user, password, query and trailing slash; empty when it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def secret_of(read: Callable[[], str] | None, what: str) -> str:
    """Return the stripped secret; empty when none is configured.

    Raises: VisitFailed when it cannot be read or cannot be sent; its message never holds any of it.
    """
    if read is None:
        return ""
    try:
        secret = read().strip()
    except Exception as error:  # the reader is the caller's and fails in its own ways; its sentences hold no secret
        raise VisitFailed("Misconfigured", f"{what}: {clean(str(error))}") from None
    if not (secret.isascii() and secret.isprintable()):
        raise VisitFailed(
            "Misconfigured",
            f"{what} holds characters that cannot be sent in a header: keep only the token there, on one line",
        )
    return secret


def read_body(response: "requests.Response", total_s: float, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Read a streamed answer to its end; the time-out of ``requests`` bounds each read, this bounds their sum.

    Raises: TooSlow, TooLarge, and what urllib3 raises for a broken connection.
    """
    end = time.monotonic() + total_s
    pieces: list[bytes] = []
    size = 0
    while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            raise TooLarge
        if time.monotonic() > end:
            raise TooSlow
    return b"".join(pieces)


def read_error(response: "requests.Response", total_s: float) -> bytes:
    """Return the beginning of a refusal's body, or what came of it; it only helps to tell what is wrong."""
    import urllib3.exceptions

    try:
        return read_body(response, total_s, MAX_ERROR_BYTES)
    except (TooSlow, TooLarge, urllib3.exceptions.HTTPError, OSError):
        return b""
    finally:
        response.close()


def retry_after_s(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, given as seconds or as a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    moment_ms = date_ms(value)
    return None if moment_ms is None else max(0.0, moment_ms / 1000 - time.time())


@contextlib.contextmanager
def told_failures(where: str, setting: str) -> Iterator[None]:
    """Turn what requests and urllib3 raise within the block into a problem and a sentence; see ``failure``.

    Raises: VisitFailed
    """
    import requests
    import urllib3.exceptions

    try:
        yield
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        UnicodeError,
        OSError,
        TooSlow,
        TooLarge,
    ) as error:
        # "from None": the texts of these errors may hold header values, and so the token.
        raise failure(error, where, setting) from None


def not_json(body: bytes, where: str, page: str, setting: str) -> VisitFailed:
    """Say what an answer is that should have been JSON; ``page`` is what to look at where it is a web page."""
    start = body.lstrip()[:1]
    if not start:
        said = f"answers with nothing at all: look at the proxy before it, and {setting}"
    elif start == b"<":
        said = f"answers with a web page, {page}"
    elif start in b"{[":
        said = "sends JSON that is cut off or of another shape: look at the proxy before it"
    else:
        said = f"does not answer JSON: check {setting}"
    return VisitFailed("NotJson", f"{where} {said}")


def failure(error: Exception, where: str, setting: str) -> VisitFailed:
    """Turn what requests or urllib3 raised into a problem and a sentence.

    ``where`` names the source with its address (``Jenkins at https://...``), ``setting`` the key of its address in the
    configuration. The error's own text is never used: it may hold header values.
    """
    import requests.exceptions as requested
    import urllib3.exceptions as pooled

    if isinstance(error, TooSlow | requested.Timeout | pooled.TimeoutError):
        if isinstance(error, requested.ConnectTimeout | pooled.ConnectTimeoutError):
            return VisitFailed("Timeout", f"{where} does not accept a connection in time: check {setting}, firewalls")
        return VisitFailed("Timeout", f"{where} accepts but does not answer in time: look at its load, or its proxy")
    if isinstance(error, TooLarge):
        return VisitFailed("NotJson", f"{where} sends an answer of over {MAX_BODY_BYTES >> 20} MiB: check {setting}")
    if isinstance(error, requested.SSLError | pooled.SSLError):
        return VisitFailed(
            "Unreachable", f"{where}: TLS fails ({_certificate(error)}): check its certificate and ca_file"
        )
    if isinstance(error, requested.ProxyError | pooled.ProxyError):
        return VisitFailed("Unreachable", f"{where}: the proxy does not connect: check HTTPS_PROXY and NO_PROXY")
    if isinstance(error, requested.InvalidHeader | UnicodeError):
        return VisitFailed("Misconfigured", f"{where}: a credential holds characters that cannot be sent in a header")
    if isinstance(error, ValueError):  # requests' InvalidURL, MissingSchema and InvalidSchema are among these
        return VisitFailed("Misconfigured", f"{where}: this address cannot be used: check {setting}")
    if type(error) is OSError and "TLS CA certificate" in str(error):  # the one thing that requests tells so
        return VisitFailed("Misconfigured", f"{where}: ca_file does not exist or cannot be read")
    return VisitFailed("Unreachable", f"{where} {_unreachable(error, setting)}")


def fault(error: Exception, where: str) -> VisitFailed:
    """Turn a fault of our own into a problem that tells its place, but not its text, which may hold secrets."""
    return VisitFailed(INTERNAL, f"{where}: {told(error)}")


def _unreachable(error: Exception, setting: str) -> str:
    import socket

    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"cannot be found, its host name has no address: check {setting} and DNS"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"refuses the connection: check that it runs, and {setting}"
    if any(isinstance(cause, OSError) and cause.errno in (101, 113) for cause in causes):
        return "has no route to it: check the network or VPN"
    return "broke the connection before the answer was complete: look at its log, or at the proxy before it"


def _certificate(error: Exception) -> str:
    import ssl

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return clean(cause.verify_message) or "certificate not trusted"
    return "no TLS spoken there, no common version, or no certificate in ca_file"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it was made from; urllib3 keeps its own in ``reason`` and in the arguments."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        todo += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
