"""A Kubernetes API on loopback that a test drives: objects, watches, and any answer in place of its own."""

import contextlib
import json
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

DATA = Path(__file__).parent.parent / "data" / "kubernetes"
KINDS = {"pods": "Pod", "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
SERVED = KINDS | {"jobs": "Job"}
WAIT_S = 10.0


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def wait_for(condition: Callable[[], object], what: str = "") -> None:
    """Wait until ``condition`` holds."""
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s, what or "waited in vain"
        time.sleep(0.005)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    authorization: str

    @property
    def resource(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def scope(self) -> str:
        parts = self.path.split("/")
        return parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else ""

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "1"


@dataclass
class Answer:
    """An answer of the test's own; a ``body`` of parts is sent chunk by chunk.

    ``before`` runs before the first byte, ``then`` after the last; ``cut`` ends the connection without a proper end;
    ``drip_s`` sends a blank now and then, for ever.
    """

    status: int = 200
    body: bytes | list[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    then: Callable[[], object] | None = None
    drip_s: float = 0.0
    cut: bool = False


@dataclass
class Rule:
    when: Callable[[Request], bool]
    answer: Answer
    left: int


class Kube:
    """The server: ``objects`` by resource; ``answer`` puts an answer of the test's before its own."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[tuple[str, str], dict]] = {resource: {} for resource in SERVED}
        self.namespaces: list[str] = []
        self.version = 100
        self.requests: list[Request] = []
        self.over = threading.Event()
        self._rules: list[Rule] = []
        self._watches: list[tuple[Request, queue.SimpleQueue]] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> None:
        kube = self
        self.over.clear()

        class Bound(_Handler):
            pass

        Bound.kube = kube
        self._server = _Server(("127.0.0.1", self.port), Bound)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those that are open."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self.over.set()
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._watches.clear()

    def put(self, resource: str, *objects: dict) -> None:
        for one in objects:
            meta = one["metadata"]
            meta.setdefault("namespace", "testing")
            self.objects[resource][meta["namespace"], meta["name"]] = one

    def load(self, resource: str, name: str) -> None:
        self.put(resource, *json.loads(recorded(name))["items"])

    def answer(self, when: Callable[[Request], bool], answer: Answer, times: int = 10**9) -> Rule:
        rule = Rule(when, answer, times)
        with self._lock:
            self._rules.insert(0, rule)
        return rule

    def forget(self) -> None:
        """Answer as a healthy server again."""
        with self._lock:
            self._rules.clear()

    def rule_for(self, request: Request) -> Answer | None:
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.left > 0 and rule.when(request):
                    rule.left -= 1
                    return rule.answer
        return None

    def send(self, resource: str, *parts: bytes, scope: str = "") -> None:
        """Send each of ``parts`` as one chunk to the open watches of a resource."""
        with self._lock:
            for request, parts_out in self._watches:
                if request.resource == resource and request.scope == scope:
                    for part in parts:
                        parts_out.put(part)

    def close_watches(self, resource: str) -> None:
        self.send(resource, b"")

    def watching(self, resource: str, scope: str = "") -> int:
        with self._lock:
            return sum(1 for request, _ in self._watches if (request.resource, request.scope) == (resource, scope))

    def hears(self, watch: Request) -> bool:
        """Return whether what is sent now is sent to this watch."""
        with self._lock:
            return any(request is watch for request, _ in self._watches)

    def asked(self, resource: str, watch: bool, scope: str | None = None) -> list[Request]:
        return [
            one
            for one in list(self.requests)
            if one.resource == resource and one.is_watch == watch and (scope is None or one.scope == scope)
        ]

    @contextlib.contextmanager
    def watch(self, request: Request) -> Iterator[queue.SimpleQueue]:
        entry = (request, queue.SimpleQueue())
        with self._lock:
            self._watches.append(entry)
        try:
            yield entry[1]
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._watches.remove(entry)


def is_selected(request: Request, one: dict) -> bool:
    """Tell whether an object has the label that is asked for: ``name=value``, or ``!name`` for none."""
    labels = one["metadata"].get("labels", {})
    name, is_equal, value = request.query.get("labelSelector", "").partition("=")
    if name.startswith("!"):
        return name[1:] not in labels
    return not is_equal or labels.get(name) == value


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        return  # the collector hangs up when it likes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    kube: Kube

    def log_message(self, format: str, *args: object) -> None:
        return

    def setup(self) -> None:
        super().setup()
        self.kube._sockets.add(self.connection)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.kube._sockets.discard(self.connection)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        request = Request(self.command, url.path, query, self.headers.get("Authorization", ""))
        with contextlib.suppress(OSError):
            answer = self.kube.rule_for(request)
            if answer is not None:
                self._send(answer)
            elif request.path == "/version":
                self._send(Answer(body=recorded("version.json")))
            elif request.resource == "namespaces":
                items = [{"metadata": {"name": name}} for name in self.kube.namespaces]
                self._send(Answer(body=_list("Namespace", items, str(self.kube.version))))
            elif request.resource not in SERVED:
                self._send(Answer(status=404, body=b"{}"))
            elif request.is_watch:
                self._watch(request)
            else:
                self._list(request)

    def _list(self, request: Request) -> None:
        found = self.kube.objects[request.resource]
        items = [one for (namespace, _), one in sorted(found.items()) if request.scope in ("", namespace)]
        items = [one for one in items if is_selected(request, one)]
        start = int(request.query.get("continue") or 0)
        end = start + int(request.query.get("limit") or len(items))
        token = str(end) if end < len(items) else ""
        body = _list(SERVED[request.resource], items[start:end], str(self.kube.version), token)
        self._send(Answer(body=body))

    def _watch(self, request: Request) -> None:
        # known before its head is sent: whoever has seen the stream open may send to it
        with self.kube.watch(request) as parts:
            self._head(200, {"Transfer-Encoding": "chunked"})
            while not self.kube.over.is_set():
                try:
                    part = parts.get(timeout=0.05)
                except queue.Empty:
                    if self._is_left():
                        return
                    continue
                self._chunk(part)
                if not part:
                    return

    def _is_left(self) -> bool:
        """Return whether the client has hung up."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _send(self, answer: Answer) -> None:
        if answer.before:
            answer.before()
        if answer.drip_s:
            self._head(answer.status, {"Transfer-Encoding": "chunked"})
            while not self.kube.over.wait(answer.drip_s):
                self._chunk(b" ")
        if isinstance(answer.body, list):
            self._head(answer.status, {"Transfer-Encoding": "chunked"} | answer.headers)
            for part in answer.body:
                self._chunk(part)
            if answer.then:
                answer.then()
            if not answer.cut:
                self._chunk(b"")
        else:
            self._head(answer.status, {"Content-Length": str(len(answer.body))} | answer.headers)
            self.wfile.write(answer.body)
            self.wfile.flush()
            if answer.then:
                answer.then()
        if answer.cut:
            self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.flush()


def _list(kind: str, items: list[dict], version: str, token: str = "") -> bytes:
    meta = {"resourceVersion": version} | ({"continue": token} if token else {})
    return json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": meta, "items": items}).encode()
