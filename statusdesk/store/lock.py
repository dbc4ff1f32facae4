"""The lock that keeps the collector single: ``flock`` on a file in the state directory, with pid and owner in it."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from statusdesk.store.errors import LockHeld, StoreError
from statusdesk.store.opening import FILE_MODE, prepare_dir, refused

LOCK_NAME = "lock"
PROBE_TRIES = 3
PROBE_GAP_S = 0.02


class StateLock:
    """Holds a state directory for one process; the kernel lets go when the process ends, however it ends."""

    def __init__(self, state_dir: Path, owner: str = "") -> None:
        """``owner`` tells others on whose behalf the process collects."""
        self.state_dir = state_dir
        self._owner = owner
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the directory when it is missing.

        Raises: LockHeld when another process has it, StoreError when the file cannot be made or written.
        """
        if self._handle is not None:
            return
        prepare_dir(self.state_dir)
        path = self.state_dir / LOCK_NAME
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        except OSError as error:
            raise refused(error)(f"{path} cannot be opened: {error.strerror}") from error
        for attempt in range(PROBE_TRIES):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt + 1 == PROBE_TRIES:
                    pid, owner = _read(handle)
                    os.close(handle)
                    raise LockHeld(self.state_dir, pid, owner) from None
                time.sleep(PROBE_GAP_S)  # it may be no collector but a ``holder`` that looks
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()} {self._owner}".strip().encode() + b"\n", 0)
        except OSError as error:
            os.close(handle)
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error
        self._handle = handle

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files of the same name."""
        if self._handle is not None:
            with contextlib.suppress(OSError):  # a pid that stays is none: it counts while the lock is held
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "StateLock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def holder(state_dir: Path) -> int | None:
    """Return the pid of the process that holds the directory, None when none does (0: its pid is not known yet)."""
    try:
        handle = os.open(state_dir / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)[0] or 0
    else:
        return None
    finally:
        os.close(handle)


def _read(handle: int) -> tuple[int | None, str]:
    """Return the pid and the owner as far as they are written."""
    pid, _, owner = os.pread(handle, 64, 0).decode("ascii", "replace").strip().partition(" ")
    return (int(pid), owner) if pid.isdecimal() else (None, "")
