"""A real Alertmanager, Debian's prometheus-alertmanager, or a cluster of them, with quick groups."""

import contextlib
import datetime
import json
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.world import wait_for
from tests.sinks.receiver import Receiver

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
MISSING = "no Alertmanager on this machine: install Debian's prometheus-alertmanager to run this"
SETTINGS = """
route:
  receiver: desk
  group_by: ["..."]
  group_wait: 100ms
  group_interval: 500ms
  repeat_interval: {repeat}
inhibit_rules:
  - source_matchers: ['app = "says-more"']
    target_matchers: ['app = "says-less"']
receivers:
  - name: desk
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


def free_port() -> int:
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Alertmanager:
    """One process; it can be stopped, killed and begun again at the same address with the same data."""

    def __init__(self, directory: Path, receiver_url: str, *cluster: str, repeat: str = "1h") -> None:
        assert PROGRAM is not None
        directory.mkdir(parents=True)
        (directory / "config.yml").write_text(SETTINGS.format(url=receiver_url, repeat=repeat))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._argv = [
            PROGRAM,
            f"--config.file={directory / 'config.yml'}",
            f"--storage.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            *(cluster or ("--cluster.listen-address=",)),
        ]
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._argv, stdout=log, stderr=log)
        wait_for(self._is_ready, 20, f"the Alertmanager: {self._log.read_text()[-500:]}")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def posted_s(self, app: str) -> float:
        """Return when the alert of an app was posted last, in the clock of ``time.time``; 0 where it does not stand."""
        with urllib.request.urlopen(f'{self.url}/api/v2/alerts?filter=app="{app}"', timeout=5) as answer:
            alerts = json.loads(answer.read())
        return max((datetime.datetime.fromisoformat(each["updatedAt"]).timestamp() for each in alerts), default=0.0)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[Receiver]:
        """Answer in its place, while it is stopped, that it is not there; what is posted is counted."""
        refusing = Receiver(self.port)
        refusing.fail(10_000, 503, {"Connection": "close"})
        try:
            yield refusing
        finally:
            refusing.close()

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None


@contextlib.contextmanager
def one(directory: Path, repeat: str = "1h") -> Iterator[tuple[Alertmanager, Receiver]]:
    """Run one, with who hears of it."""
    receiver = Receiver()
    try:
        running = Alertmanager(directory / "am", receiver.url, repeat=repeat)
        try:
            yield running, receiver
        finally:
            running.stop(signal.SIGKILL)
    finally:
        receiver.close()


@contextlib.contextmanager
def two(directory: Path) -> Iterator[tuple[tuple[Alertmanager, Alertmanager], Receiver]]:
    """Run two as a cluster."""
    receiver = Receiver()
    ports = free_port(), free_port()
    quick = ("--cluster.peer-timeout=200ms", "--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=1s",
             "--cluster.settle-timeout=1s")  # fmt: skip
    running = []
    try:
        for number, port in enumerate(ports):
            peers = [f"--cluster.peer=127.0.0.1:{other}" for other in ports if other != port]
            listen = f"--cluster.listen-address=127.0.0.1:{port}"
            running.append(Alertmanager(directory / f"am{number}", receiver.url, listen, *peers, *quick))
        yield (running[0], running[1]), receiver
    finally:
        for each in running:
            each.stop(signal.SIGKILL)
        receiver.close()
