"""A Kubernetes API of fixed answers in a process of its own, so that its work is not counted.

Run as a script it prints its URL and serves until stdin ends. Lists are paged when asked to be; a watch of pods sends
``--events`` MODIFIED events as fast as they are read, then stays open. Objects are copies of recorded ones.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

AWAY = 250
READY = re.compile(
    rb'("type":"Ready","observedGeneration":1,"status":")True(","lastProbeTime":null,"lastTransitionTime":")[^"]*'
)
DATA = Path(__file__).parent / "data"
NAMESPACES = ("testing", "staging", "performance", "audit", "production")
PLURALS = {
    "pods": "Pod",
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
}
GROUPS = {"pods": "v1", "jobs": "batch/v1"}


class Objects:
    """The serialized objects of a cluster: ``pods_per_app`` pods for each Deployment."""

    def __init__(self, pods: int, deployments: int) -> None:
        pod = (DATA / "pod.json").read_text()
        deployment = (DATA / "deployment.json").read_text()
        pod = json.dumps(json.loads(pod), separators=(",", ":"))
        deployment = json.dumps(json.loads(deployment), separators=(",", ":"))
        self.items: dict[str, list[bytes]] = {plural: [] for plural in PLURALS}
        for index in range(deployments):
            self.items["deployments"].append(_renamed(deployment, index))
        for index in range(pods):
            text = _renamed(pod, index % deployments)
            text = text.replace(b"gzrl8", f"{index:05d}".encode())
            self.items["pods"].append(text.replace(b"2181e33b-34c9", f"{index:08x}-34c9".encode()))

    def events(self, count: int) -> Iterator[bytes]:
        """Yield watch events: one pod after the other loses its readiness, just now, and regains it a little later."""
        pods = self.items["pods"]
        for index in range(count):
            lost = index % 2 == 0
            number = index // 2 if lost else index // 2 - AWAY
            now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            pod = pods[number % len(pods)]
            pod = pod.replace(b'"resourceVersion":"1444"', f'"resourceVersion":"{2_000_000 + index}"'.encode())
            pod = READY.sub(rb"\g<1>%s\g<2>%s" % (b"False" if lost else b"True", now.encode()), pod)
            if lost:
                pod = pod.replace(b'"ready":true', b'"ready":false')
            yield b'{"type":"MODIFIED","object":' + pod + b"}\n"


def _renamed(text: str, index: int) -> bytes:
    namespace = NAMESPACES[index % len(NAMESPACES)]
    text = text.replace("auth", f"app-{index // len(NAMESPACES):04d}").replace("testing", namespace)
    return text.encode()


class QuietServer(ThreadingHTTPServer):
    """A client that goes away in the middle is the end of its measurement, not an error."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as the base class has it


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    objects: Objects
    event_count: int
    over: threading.Event

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:  # noqa: N802  (the name that http.server calls)
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        plural = url.path.rsplit("/", 1)[-1]
        if url.path == "/version":
            self._send(b'{"major":"1","minor":"36","gitVersion":"v1.36.0"}')
        elif plural not in PLURALS:
            self.send_error(404)
        elif query.get("watch") in ("1", "true", "True"):
            self._watch(plural)
        else:
            self._list(plural, query)

    def _list(self, plural: str, query: dict[str, str]) -> None:
        items = self.objects.items[plural]
        start = int(query.get("continue") or 0)
        end = start + int(query["limit"]) if "limit" in query else len(items)
        meta = {"resourceVersion": "1000000"} | ({"continue": str(end)} if end < len(items) else {})
        group = GROUPS.get(plural, "apps/v1")
        head = json.dumps({"kind": PLURALS[plural] + "List", "apiVersion": group, "metadata": meta})[:-1]
        self._send(head.encode() + b',"items":[' + b",".join(items[start:end]) + b"]}")

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _watch(self, plural: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with contextlib.suppress(OSError):
            for line in self.objects.events(self.event_count if plural == "pods" else 0):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            while not self.over.wait(10):
                line = b'{"type":"BOOKMARK","object":{"kind":"%s","metadata":{"resourceVersion":"9000000"}}}\n'
                line = line % PLURALS[plural].encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
        self.close_connection = True


@contextlib.contextmanager
def serving(pods: int, deployments: int, events: int = 0) -> Iterator[str]:
    """Serve in a child process and yield its URL."""
    argv = [sys.executable, __file__, "--pods", str(pods), "--deployments", str(deployments), "--events", str(events)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.stdin.close()


def kubeconfig(url: str, directory: Path) -> Path:
    """Write a kubeconfig for the server and return its path."""
    path = directory / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "bench",
                "clusters": [{"name": "bench", "cluster": {"server": url}}],
                "users": [{"name": "bench", "user": {}}],
                "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            }
        )
    )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--deployments", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=0)
    args = parser.parse_args()
    Handler.objects = Objects(args.pods, args.deployments)
    Handler.event_count = args.events
    Handler.over = threading.Event()
    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
