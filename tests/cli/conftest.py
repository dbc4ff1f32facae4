"""A store with something of everything in it, its configuration, and the program as a user runs it."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from statusdesk.clock import system_clock
from statusdesk.facts import Build
from statusdesk.states import BuildState, Collector, Level, RolloutState, SourceState, TokenState
from statusdesk.store.writer import Writer

ROOT = Path(__file__).parents[2]
HOSTILE = "[/x] \x1b]0;title\x07\x1b[2J \u202eright\u202c 漢字 🎉 " + "long " * 80
CONFIG = """
stages = ["staging", "production"]
[kubernetes]
context = "eu"
kubeconfig = "kubeconfig"
[jenkins]
url = "http://127.0.0.1:1"
[store]
state_dir = "state"
"""


def wait_for(condition, timeout_s=30.0):
    """Return the first true value of ``condition``."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
    return value


def rollout(app, stage, level=Level.OK, version="1.0", **more):
    return RolloutState(
        key=f"eu/{stage}/Deployment/{app}",
        cluster="eu",
        namespace=stage,
        kind="Deployment",
        name=app,
        app=app,
        level=level,
        version=version,
        desired=2,
        ready=2,
        **({"updated": 2} | more),
    )


def source(name, level=Level.OK, at_ms=0, **more):
    return SourceState(
        key=name, source=name, scope="", level=level, live=True, last_ok_ms=at_ms, last_try_ms=at_ms, **more
    )


@pytest.fixture
def config(tmp_path):
    """Write a configuration and return its path."""
    (tmp_path / "kubeconfig").write_text("apiVersion: v1\nkind: Config\nclusters: []\n")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


class Beats:
    """A heart in place of a collector's: whoever reads the store sees one beat, however long a test takes."""

    def __init__(self, path):
        self._path, self._over = path, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def begin(self):
        if not self._thread.is_alive():
            self._thread.start()

    def _beat(self):
        while not self._over.wait(0.3):
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self._path)) as db, db:
                newest = "SELECT max(started_ms) FROM collectors"
                db.execute(
                    f"UPDATE collectors SET beat_ms = ? WHERE stopped_ms IS NULL AND started_ms = ({newest})",
                    (system_clock(),),
                )

    def end(self):
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()


@pytest.fixture
def beats(tmp_path):
    made = Beats(tmp_path / "state" / "statusdesk.db")
    yield made
    made.end()


@pytest.fixture
def put(tmp_path, beats):
    """Write states to the store, with a collector that beats from now on."""

    def put(*states, alive=True, builds=(), jobs=(), alerts=(), muted=(), sources=("kubernetes/eu", "jenkins")):
        now = system_clock()
        with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
            writer.put([*states, *(source(name, at_ms=now) for name in sources)], now)
            writer.put_builds(builds)
            writer.put_jobs(jobs)
            writer.put_alerts(alerts)
            for each in muted:
                writer.alert_rows.put_muted(each)
            stopped = None if alive else now
            writer.beat(Collector(pid=1, owner="watch", started_ms=now, beat_ms=now, stopped_ms=stopped))
            writer.commit()
        if alive:
            beats.begin()

    return put


@pytest.fixture
def run(config, tmp_path):
    """Run the program to its end, on the configuration, with nothing of this machine's environment that matters."""

    def run(*argv, env=None, configured=True, **options):
        words = [sys.executable, "-m", "statusdesk", *(["-c", str(config)] if configured else []), *argv]
        return subprocess.run(
            words, env=environment(tmp_path, env), capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL, **{"cwd": tmp_path, **options},
        )  # fmt: skip

    return run


def environment(home, more=None):
    """Return an environment in which only what is given differs between machines."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "xterm", **(more or {})}


def build(job, number, namespace="staging", result="SUCCESS", at_ms=None, **more):
    at_ms = system_clock() - 60_000 if at_ms is None else at_ms
    return Build(
        source="jenkins", job=job, number=number, url=f"http://j/{job}/{number}", namespace=namespace,
        result=result, started_ms=at_ms, duration_ms=1000, **more,
    )  # fmt: skip


def outcome(job, namespace, level=Level.OK, **more):
    return BuildState(
        key=f"jenkins/{job}@{namespace}", source="jenkins", job=job, namespace=namespace, job_class="deploy",
        level=level, **more,
    )  # fmt: skip


def token(name, level=Level.OK, **more):
    return TokenState(key=f"vault/{name}", source="vault", name=name, level=level, **more)
