"""An HTTP proxy that counts what passes: requests by path, so that a poll's requests are seen from outside."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from kube_server import QuietServer


class Counter:
    """The paths that were asked for, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: list[str] = []

    def add(self, path: str) -> None:
        with self._lock:
            self._paths.append(path)

    def take(self) -> list[str]:
        """Return the paths since the last call."""
        with self._lock:
            paths, self._paths = self._paths, []
        return paths


def _handler(target: str, counter: Counter) -> type[BaseHTTPRequestHandler]:
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            return

        def do_GET(self) -> None:  # noqa: N802  (the name that http.server calls)
            counter.add(self.path.split("?")[0])
            upstream = http.client.HTTPConnection(host, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            upstream.request("GET", self.path, headers=headers)
            answer = upstream.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            upstream.close()

    return Handler


@contextlib.contextmanager
def counting(target: str) -> Iterator[tuple[str, Counter]]:
    """Forward to ``target`` and yield the proxy's URL and its counter."""
    counter = Counter()
    server = QuietServer(("127.0.0.1", 0), _handler(target, counter))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counter
    finally:
        server.shutdown()
        server.server_close()
