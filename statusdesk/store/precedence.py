"""Who collects when two want to: a ``watch`` goes before the collector of a board, which steps down when asked."""

import contextlib
import os
import time
from pathlib import Path

from statusdesk.states import BOARD
from statusdesk.store.errors import LockHeld
from statusdesk.store.lock import StateLock
from statusdesk.store.opening import FILE_MODE

REQUEST_NAME = "step-down"
REQUEST_VALID_S = 15.0
WAIT_S = 12.0  # a collector gives its sources three seconds, and its last rows some more
ASK_EVERY_S = 0.1


def acquire(lock: StateLock, wait_s: float = WAIT_S) -> None:
    """Take the lock; when the collector of a board has it, ask that to step down and wait for it.

    The request is a file in the state directory, where only its owner may write: no process is signalled, whose number
    may be of another container.

    Raises: LockHeld when another ``watch`` has it, or the collector of the board does not step down in time.
    """
    end_s = time.monotonic() + wait_s
    asked = False
    try:
        while True:
            try:
                lock.acquire()
                return
            except LockHeld as held:
                # without a name it is being taken or left just now
                if held.owner != BOARD and not (asked and not held.owner):
                    raise
                if time.monotonic() >= end_s:
                    raise
            _ask(lock.state_dir)
            asked = True
            time.sleep(ASK_EVERY_S)
    finally:
        if asked:
            with contextlib.suppress(OSError):
                (lock.state_dir / REQUEST_NAME).unlink()


def asked_to_step_down(state_dir: Path) -> bool:
    """Return whether a ``watch`` waits for the directory; one that was killed meanwhile does not count for long."""
    try:
        age_s = time.time() - (state_dir / REQUEST_NAME).stat().st_mtime
    except OSError:
        return False
    return age_s < REQUEST_VALID_S


def _ask(state_dir: Path) -> None:
    with contextlib.suppress(OSError):  # then it is not heard, and the wait ends in time
        handle = os.open(state_dir / REQUEST_NAME, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
        os.utime(handle)
        os.close(handle)
