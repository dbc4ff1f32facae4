"""A small HTTP server that answers as a test says, and remembers what it was asked."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

DATA = Path(__file__).parents[1] / "data"
PATIENCE_S = 15.0


class Asked(NamedTuple):
    method: str
    path: str  # without the query
    query: str  # decoded
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    length: int | None = None  # a Content-Length that is not the body's own
    hold: threading.Event | None = None  # answer nothing before it is set
    drip_s: float = 0.0  # send byte by byte, this long apart


class Stage:
    """The server: ``answer`` decides, ``asked`` remembers, ``most_at_once`` counts."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.ahead_s = 0.0  # how far its clock is, as its header tells
        self.closing = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"stage": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    stage: Stage
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # one packet for head and body: else each answer waits for a delayed acknowledgement

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, unquote(parts.query), dict(self.headers), body)
        with self.stage._lock:
            self.stage.asked.append(asked)
            self.stage._at_once += 1
            self.stage.most_at_once = max(self.stage.most_at_once, self.stage._at_once)
        try:
            answer = self.stage.answer(asked)
        finally:
            with self.stage._lock:
                self.stage._at_once -= 1
        with contextlib.suppress(OSError):
            self._send(answer)

    do_POST = do_PUT = do_HEAD = do_GET

    def _send(self, answer: Answer) -> None:
        if answer.hold is not None:
            while not answer.hold.wait(0.02):
                if self.stage.closing.is_set():
                    return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        if answer.drip_s:
            for byte in answer.body:
                if self.stage.closing.wait(answer.drip_s):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
        else:
            self.wfile.write(answer.body)
        if answer.length is not None:
            self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.stage.ahead_s)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def staged(answer: Callable[[Asked], Answer]) -> Iterator[Stage]:
    stage = Stage(answer)
    try:
        yield stage
    finally:
        stage.close()


class Heard(list):
    """What a collector has sent, to wait upon."""

    def __init__(self) -> None:
        super().__init__()
        self._more = threading.Condition()

    def put(self, message: object) -> None:
        with self._more:
            self.append(message)
            self._more.notify_all()

    def wait_for(self, holds: Callable[["Heard"], object], patience_s: float = PATIENCE_S) -> object:
        """Return what ``holds`` returns as soon as that is true."""
        with self._more:
            assert self._more.wait_for(lambda: holds(self), patience_s), f"never came true; heard {list(self)}"
            return holds(self)

    def of(self, kind: type) -> list:
        return [message for message in self if isinstance(message, kind)]


def eventually(holds: Callable[[], object], patience_s: float = PATIENCE_S) -> object:
    """Return what ``holds`` returns as soon as that is true."""
    end = time.monotonic() + patience_s
    while not (found := holds()):
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def running(collector: object, stop: threading.Event) -> Iterator[None]:
    """Run a collector in a thread; at the end it must stop at once, and must not have raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            collector.run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert not raised, raised
