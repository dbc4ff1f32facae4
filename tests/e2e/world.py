"""A demo world in a child process, and the commands of statusdesk run against it as a user would."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from statusdesk.store.reader import Reader

PROGRAM = [sys.executable, "-m", "statusdesk"]


def wait_for(condition: Callable[[], Any], timeout_s: float = 20.0, what: str = "") -> Any:
    """Return the first true value of ``condition``; fail with its last value after ``timeout_s``."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}; last value {value!r}")
        time.sleep(0.05)


class Ready(msgspec.Struct):
    """What ``demo --serve --control`` prints when ready."""

    kubernetes: str
    jenkins: str
    vault: str
    config: str
    kubeconfig: str
    state_dir: str
    control: str


class World:
    """A world that serves, with its faults and its truth."""

    def __init__(self, ready: Ready, truth: Path) -> None:
        self.ready = ready
        self._truth = truth

    @property
    def store(self) -> Path:
        return Path(self.ready.state_dir) / "statusdesk.db"

    def truth(self) -> dict[str, Any]:
        """Return what the world itself knows now."""
        return json.loads(wait_for(self._truth.exists) and self._truth.read_text())

    def fault(self, source: str, fault: str | int | None) -> None:
        """Break a source in a stated way, also what is open there, or mend it with None."""
        self.control("/fault", {"source": source, "fault": fault})
        if source == "kubernetes" and fault is not None:
            self.control("/cut-watches", {})

    def control(self, path: str, order: dict[str, Any]) -> None:
        """Give the world an order."""
        request = urllib.request.Request(
            self.ready.control + path, json.dumps(order).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def asked(self) -> list[dict[str, Any]]:
        """Return what the API server was asked for: verb, group, resource, namespace, allowed, count."""
        asked: list[dict[str, Any]] = _get(f"{self.ready.control}/asked")["asked"]
        return asked

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return the objects that the API server lists at a path."""
        items: list[dict[str, Any]] = _get(self.ready.kubernetes + path)["items"]
        return items

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the store answers to a query, nothing while it is not there yet."""
        if not self.store.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []

    def command(self, *argv: str) -> list[str]:
        """Return the argv of a statusdesk command on this world."""
        return [*PROGRAM, "--config", self.ready.config, *argv]

    def run(self, *argv: str, timeout_s: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run a statusdesk command on this world to its end."""
        return subprocess.run(self.command(*argv), capture_output=True, text=True, timeout=timeout_s, check=False)

    def status(self) -> dict[str, Any]:
        """Return what ``status --format json`` prints, or nothing while there is no store."""
        done = self.run("status", "--format", "json")
        return json.loads(done.stdout) if done.stdout else {}

    @contextlib.contextmanager
    def reader(self) -> Iterator[Reader]:
        """Read the store while the block lasts."""
        with Reader(self.store) as reader:
            yield reader

    @contextlib.contextmanager
    def watch(self, *argv: str, stdout: Any = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
        """Run ``watch`` while the block lasts."""
        with subprocess.Popen(
            self.command("watch", *argv), stdout=stdout, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                begun = "select 1 from collectors"  # a store that is being made is there already, and empty
                wait_for(lambda: self.rows(begun) or process.poll() is not None, what="the store")
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.communicate(timeout=10)
                if process.poll() is None:
                    process.kill()
                    process.communicate()


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        told: dict[str, Any] = json.loads(answer.read())
        return told


@contextlib.contextmanager
def serving(truth: Path, *options: str) -> Iterator[World]:
    """Serve a world with these options of ``statusdesk demo``."""
    argv = [*PROGRAM, "demo", "--serve", "--control", "--truth", str(truth), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield World(msgspec.json.decode(child.stdout.readline(), type=Ready), truth)
        finally:
            child.stdin.close()
            child.wait(20)
