"""A receiver of webhooks on this machine: it keeps what comes, and answers what the test wants."""

import http.server
import json
import threading
import time
from typing import Any, NamedTuple


class Got(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: Any
    at_s: float


class Receiver:
    """Answers 200, or what stands in ``answers`` first: (status, headers, body)."""

    def __init__(self, port: int = 0) -> None:
        self.got: list[Got] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.ahead_s = 0.0  # its clock
        self.refusing: dict[str, int] = {}  # app: how often what speaks of it is answered with 500
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer goes out in one piece: in two the second waits 40 ms for the first

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(content) if content else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Got(self.path, headers, body, time.monotonic()))
                status, more, said = receiver.answer(body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_DELETE = do_POST

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + receiver.ahead_s)

            def log_message(self, *args: Any) -> None:
                return

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *args: Any) -> None:
                """An Alertmanager that is killed breaks its connections: nothing to tell."""

        self._server = Server(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, times: int, status: int = 500, headers: dict[str, str] | None = None, said: bytes = b"") -> None:
        self.answers += [(status, headers or {}, said)] * times

    def answer(self, body: Any) -> tuple[int, dict[str, str], bytes]:
        for alert in (body or {}).get("alerts", ()) if isinstance(body, dict) else ():
            app = alert["labels"].get("app")
            if self.refusing.get(app):
                self.refusing[app] -= 1
                return 500, {}, b""
        return self.answers.pop(0) if self.answers else (200, {}, b"")

    def about(self, app: str) -> list[str]:
        """The status of each alert of an app that came in Alertmanager's webhooks, in order."""
        return [
            alert["status"]
            for got in list(self.got)
            for alert in (got.body or {}).get("alerts", ())
            if alert["labels"].get("app") == app
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
