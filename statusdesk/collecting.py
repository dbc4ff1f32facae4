"""How a console comes by a collector: it attaches to one that beats, starts one of its own, takes over when it dies."""

import contextlib
import os
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from statusdesk import exit_codes
from statusdesk.backoff import doubled
from statusdesk.states import BOARD, Collector
from statusdesk.store.errors import StoreError
from statusdesk.store.opening import prepare_dir

LOST_AFTER_MS = 2000
TAKE_OVER_AFTER_MS = 3000
RESTART_MS = 15_000  # a service that is restarted is back within that
TAKE_OVER_JITTER_MS = 1000
BUSY_RETRY_MS = 3000
FIRST_RETRY_MS = 1000
LONGEST_RETRY_MS = 30_000
STOP_GRACE_S = 1.0
LOG_FILE = "collector.log"
LOG_BYTES = 1_000_000


def lost_ms(collector: Collector | None, now_ms: int) -> int | None:
    """Return for how long no collector has beaten (0 when none ever did), None while one beats.

    A beat that is yet to come is none: the clock was set back, and whoever lives beats by the new one within a second.
    """
    if collector is None:
        return 0
    if collector.stopped_ms is not None:
        return max(0, now_ms - collector.stopped_ms)
    silence_ms = now_ms - collector.beat_ms
    return abs(silence_ms) if abs(silence_ms) > LOST_AFTER_MS else None


def _patience_ms(collector: Collector, jitter: float) -> float:
    """Return for how long to wait for another collector: a ``watch`` that was stopped cleanly may be restarted."""
    restarts = collector.stopped_ms is not None and collector.owner != BOARD
    return (RESTART_MS if restarts else TAKE_OVER_AFTER_MS) + jitter * TAKE_OVER_JITTER_MS


class Child(Protocol):
    """A collector process that this console has started."""

    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        ...

    def last_words(self) -> str:
        """Return the last line that it said, or nothing."""
        ...

    def tidy(self) -> None:
        """Keep its log from growing without end."""
        ...

    def stop(self) -> None:
        """End it, gently at first."""
        ...


class CollectorChild:
    """``statusdesk watch`` as a child that ends when its stdin does, and so with this process, however that ends."""

    def __init__(self, argv: Sequence[str], state_dir: Path) -> None:
        prepare_dir(state_dir)
        self._log = state_dir / LOG_FILE
        log_fd = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            self._log_start = os.fstat(log_fd).st_size
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log_fd,
                env=_environment(),
                # Ctrl-C and a closed terminal are for the console; the child is told by the end of its stdin.
                start_new_session=True,
            )
        finally:
            os.close(log_fd)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """Return the last line that it wrote to its log, or nothing."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def tidy(self) -> None:
        """Empty the log when it has grown beyond its bound; the child appends, so that it goes on at the start."""
        with contextlib.suppress(OSError):
            if self._log.stat().st_size > LOG_BYTES:
                os.truncate(self._log, 0)
                self._log_start = 0

    def stop(self) -> None:
        """Close its stdin; terminate it if it is still there after a second, kill it after another."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for insist in (self._process.terminate, self._process.kill, None):
            try:
                self._process.wait(STOP_GRACE_S)
                return
            except subprocess.TimeoutExpired:
                if insist is not None:
                    insist()


def _environment() -> dict[str, str]:
    """Return the environment in which the child finds our own packages, and nothing in the working directory."""
    own = str(Path(__file__).resolve().parents[1])
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != own]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([own, *others]), "PYTHONSAFEPATH": "1"}


def _words(error: OSError | StoreError) -> str:
    """Return what went wrong in words, without the number of the error."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


class Supervision:
    """Decides, once a second, whether this console must start a collector."""

    def __init__(
        self,
        start: Callable[[], Child] | None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """``start`` is None when the console only attaches; ``jitter`` spreads the take-over of several consoles."""
        self._start = start
        self._jitter = jitter
        self._child: Child | None = None
        self._ticked = False
        self._failures = 0
        self._not_before_ms = 0
        self.problem = ""

    def tick(self, now_ms: int, collector: Collector | None) -> int | None:
        """Start a collector if one is missing, and return for how long none has beaten, None while one does."""
        lost = lost_ms(collector, now_ms)
        first, self._ticked = not self._ticked, True
        if lost is None:
            self.problem = ""
        self._look_at_child(now_ms)
        if self._start is None or self._child is not None or lost is None:
            return lost
        patience_ms = 0 if first or collector is None else _patience_ms(collector, self._jitter())
        if lost >= patience_ms and now_ms >= self._not_before_ms:
            try:
                self._child = self._start()
            except (OSError, StoreError) as error:
                self._failed(now_ms, f"no collector can be started: {_words(error)}")
        return lost

    @property
    def starting(self) -> bool:
        """Whether a collector of our own runs (it may not have beaten yet)."""
        return self._child is not None

    def close(self) -> None:
        """End the collector if it is ours."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _look_at_child(self, now_ms: int) -> None:
        if self._child is None:
            return
        code = self._child.exit_code()
        if code is None:
            self._child.tidy()
            return
        words = self._child.last_words().removeprefix("statusdesk: ")
        self._child.stop()
        self._child = None
        if code == exit_codes.ALREADY_RUNNING:
            # Another console was faster: its collector beats soon, or dies and leaves the lock.
            self._not_before_ms = now_ms + BUSY_RETRY_MS
            self._failures = 0
        elif code == exit_codes.STEPPED_DOWN:
            # A ``watch`` has asked for it, and is about to beat.
            self._not_before_ms = now_ms + RESTART_MS
            self._failures = 0
        else:
            self._failed(now_ms, f"the collector ended with exit code {code}" + (f": {words}" if words else ""))

    def _failed(self, now_ms: int, problem: str) -> None:
        self.problem = problem
        self._failures += 1
        self._not_before_ms = now_ms + int(doubled(FIRST_RETRY_MS, self._failures, LONGEST_RETRY_MS))
