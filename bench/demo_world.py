"""The demo world as a child process, for measurements that need three living sources; orders to it, and a collector."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def world(*options: str) -> Iterator[dict[str, str]]:
    """Serve a world with these options of ``statusdesk demo`` and yield what it prints when ready."""
    argv = [sys.executable, "-m", "statusdesk", "demo", "--serve", *options]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.stdin.close()
            child.wait(20)


def order(ready: dict[str, str], path: str, **how: object) -> None:
    """Give an order to the control endpoint of a world that was served with ``--control``."""
    request = urllib.request.Request(f"{ready['control']}/{path}", json.dumps(how).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def changes(ready: dict[str, str]) -> int:
    """Return how many changes of pods and workloads the API server of a world has had."""
    with urllib.request.urlopen(f"{ready['control']}/asked", timeout=30) as answer:
        told = json.loads(answer.read())["changes"]
    return sum(told.get(name, 0) for name in ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps"))


def argv_of(ready: dict[str, str], *words: str) -> list[str]:
    """Return the argv of a statusdesk command on a world."""
    return [sys.executable, "-m", "statusdesk", "--config", ready["config"], *words]


def store_of(ready: dict[str, str]) -> Path:
    """Return the store of the collector of a world."""
    return Path(ready["state_dir"]) / "statusdesk.db"


@contextlib.contextmanager
def collecting(ready: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``watch`` on a world."""
    with subprocess.Popen(argv_of(ready, "--quiet", "watch"), stdout=subprocess.DEVNULL) as child:
        try:
            yield child
        finally:
            child.terminate()
            child.wait(20)
