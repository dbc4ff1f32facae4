"""``watch --listen``: ``/metrics``, ``/healthz`` and ``/readyz`` over HTTP, from the newest snapshot."""

import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from statusdesk import __version__
from statusdesk.snapshot import Mirror

HANGS_AFTER_S = 30.0
"""A loop that has not gone round for so long hangs; it turns about once a second even when nothing happens."""
IDLE_S = 10.0
MOST_AT_ONCE = 16
TEXT = "text/plain; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"


class AddressError(ValueError):
    """The address of ``--listen`` cannot be used; the sentence says why."""


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT`` or ``[V6]:PORT``.

    Raises: AddressError.
    """
    host, colon, port = text.rpartition(":")
    bare = host.startswith("[") and host.endswith("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise AddressError(f"{text!r} is no address; write it as 127.0.0.1:9464 or [::1]:9464")
    if ":" in host and not bare:
        raise AddressError(f"{text!r}: an IPv6 address stands in brackets, as [::1]:9464")
    return (host[1:-1] if bare else host), int(port)


class Listener:
    """Serves on an address until it is stopped; port 0 takes a free one, told by ``address``.

    Raises: AddressError when the address cannot be had.
    """

    def __init__(self, host: str, port: int, mirror: Mirror) -> None:
        served = type("Answers", (_Answers,), {"mirror": mirror})
        self._server = _Server.__new__(_Server)
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._server.address_family = family
            self._server.__init__((host, port), served)  # type: ignore[misc]  # the family must be there before
        except OSError as error:
            raise AddressError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="listen", daemon=True)

    @property
    def address(self) -> str:
        """The address that is served."""
        host, port = self._server.server_address[:2]
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End; what is being answered ends with the process."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, handler)

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Answer, unless too many are being answered: a client that hangs must not take all threads."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Answers(BaseHTTPRequestHandler):
    mirror: Mirror
    timeout = IDLE_S
    server_version = f"statusdesk/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        path = self.path.partition("?")[0]
        if path == "/metrics":
            from statusdesk.metrics import exposition

            self._answer(HTTPStatus.OK, exposition(self.mirror.now, time.time()), METRICS)
        elif path in ("/healthz", "/readyz"):
            problem = self._problem(ready=path == "/readyz")
            status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
            self._answer(status, f"{problem or 'ok'}\n".encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"/metrics /healthz /readyz\n")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _problem(self, *, ready: bool) -> str:
        now = self.mirror.now
        if not self.mirror.shown.is_set():
            return "starting"
        silent_s = time.monotonic() - now.looped_s
        if silent_s > HANGS_AFTER_S:
            return f"the collector's loop has not gone round for {silent_s:.0f} s"
        if ready and not now.settled:
            return "not every source has been asked yet"
        if ready and now.sources and all(source.is_blind for source in now.sources if not source.scope):
            return "no source answers"
        return now.store_problem if ready else ""

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = TEXT) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""
