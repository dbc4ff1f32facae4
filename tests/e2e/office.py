"""A ``watch`` with a store of its own on a shared world, that tells a real Alertmanager, and a receiver directly."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statusdesk.states import SourceState
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from tests.e2e.world import PROGRAM, World, wait_for
from tests.sinks.receiver import Got, Receiver

RESEND_S = 1.0
SETTINGS = """
[alerts]
group_wait = "0s"
group_by = ["alertname", "app"]
"""
THERE = """
[[sink]]
name = "am"
type = "alertmanager"
urls = [{urls}]
resend = "{resend_s:g}s"
"""
DIRECT = """
[[sink]]
name = "hook"
type = "webhook"
urls = ["{url}/direct"]
"""


def sinks(*urls: str, hook: str = "") -> str:
    """Return the settings of Alertmanagers at these addresses, and of a receiver that is told directly."""
    there = THERE.format(urls=", ".join(f'"{url}"' for url in urls), resend_s=RESEND_S) if urls else ""
    return SETTINGS + there + (DIRECT.format(url=hook) if hook else "")


class Office:
    """The same collector, over restarts; its words are in ``said``."""

    def __init__(self, world: World, directory: Path, *urls: str, hook: str = "", after: str = "") -> None:
        directory.mkdir(parents=True)
        self._config = directory / "config.toml"
        self._config.write_text(Path(world.ready.config).read_text() + sinks(*urls, hook=hook) + after)
        self._environment = {**os.environ, "STATUSDESK_STATE_DIR": str(directory / "state")}
        self._said = directory / "said"
        self.state_dir = directory / "state"

    @property
    def said(self) -> str:
        return self._said.read_text() if self._said.exists() else ""

    @contextlib.contextmanager
    def watch(self, *dying: str) -> Iterator[subprocess.Popen[str]]:
        """Run it while the block lasts; ``dying``: moment, app and state at which it kills itself."""
        program = [sys.executable, "-m", "tests.e2e.dying", *dying] if dying else PROGRAM
        words = [*program, "--config", str(self._config), "watch"]
        with (
            self._said.open("a") as said,
            subprocess.Popen(
                words, stdout=subprocess.DEVNULL, stderr=said, text=True, env=self._environment
            ) as process,
        ):
            try:
                wait_for(lambda: self.is_ready or process.poll() is not None, 30, "all sources were visited")
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.send_signal(signal.SIGTERM)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(15)
                if process.poll() is None:
                    process.kill()

    @property
    def is_ready(self) -> bool:
        return len(self.sources()) >= 3

    def sources(self) -> dict[str, SourceState]:
        """Return what its store says of the sources, nothing while there is none."""
        try:
            with Reader(self.state_dir / "statusdesk.db") as reader:
                return {row.source: row for row in reader.sources()}
        except (StoreError, OSError):
            return {}


def told_there(receiver: Receiver, app: str, path: str = "/", *, source: str = "") -> list[tuple[Any, Any]]:
    """Return the alerts of an app, or a source, that came there, each after its message; the same message twice is one.

    A receiver folds by the key: what was sent and not marked as sent is sent again with the same.
    """
    folded: dict[object, Got] = {}
    for number, got in enumerate(list(receiver.got)):
        folded.setdefault(got.headers.get("idempotency-key", number), got)
    bodies = [got.body or {} for got in folded.values() if got.path == path]
    label, value = ("app", app) if app else ("source", source)
    return [(body, alert) for body in bodies for alert in body.get("alerts", ()) if alert["labels"].get(label) == value]


def heard(receiver: Receiver, app: str, path: str = "/", *, source: str = "") -> list[tuple[str, str]]:
    """Return rule and status of each alert of an app, or a source, that came there."""
    alerts = [alert for _, alert in told_there(receiver, app, path, source=source)]
    return [(alert["labels"]["alertname"], alert["status"]) for alert in alerts]
