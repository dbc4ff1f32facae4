"""Runs a program on a pseudo-terminal of its own, as a person would, and tells when it has painted something."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

COLUMNS, ROWS = 140, 40
READ_BYTES = 1 << 16


class Terminal:
    """One program on a terminal of 140 × 40; ends it when the block is left."""

    def __init__(self, argv: Sequence[str], cwd: Path, more_env: Mapping[str, str] | None = None) -> None:
        env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE")}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
        env |= more_env or {}
        self.started_s = time.perf_counter()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
                os.execvpe(argv[0], list(argv), env)
            finally:
                os._exit(127)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self._reap()
        os.close(self._master)

    def send(self, keys: bytes) -> float:
        """Press keys; return when."""
        pressed_s = time.perf_counter()  # before: who reads them may be quicker than we are scheduled again
        os.write(self._master, keys)
        return pressed_s

    def wait_for(self, *markers: bytes, timeout_s: float = 30.0) -> float:
        """Read until one of the markers has come (all that came before is forgotten); return when.

        Raises: TimeoutError with the end of what was painted; EOFError when the program ends first.
        """
        seen = b""
        end = time.perf_counter() + timeout_s
        while not any(marker in seen for marker in markers):
            chunk = self._read(end - time.perf_counter())
            if chunk is None:
                raise TimeoutError(f"never painted {markers!r}: {seen[-2000:]!r}")
            seen += chunk
        return time.perf_counter()

    def drain(self, quiet_s: float, longest_s: float = 5.0) -> None:
        """Read until nothing has come for a while, or for as long as is allowed."""
        end = time.perf_counter() + longest_s
        while time.perf_counter() < end and self._read(quiet_s) is not None:
            pass

    def read_for(self, seconds: float) -> bytes:
        """Return what is written in a stretch of time."""
        seen, end = b"", time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            seen += self._read(left) or b""
        return seen

    def _read(self, timeout_s: float) -> bytes | None:
        """Return what the program has written, None when nothing came in time."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, timeout_s))
        if not ready:
            return None
        try:
            chunk = os.read(self._master, READ_BYTES)
        except OSError as error:  # Linux answers EIO when the other side has been closed
            raise EOFError("the program has ended") from error
        if not chunk:
            raise EOFError("the program has ended")
        return chunk

    def _reap(self) -> None:
        """Take the program's end; read on meanwhile, for a program that cannot write cannot end."""
        end = time.perf_counter() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.perf_counter() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return
            with contextlib.suppress(EOFError):
                self._read(0.02)
