"""A collector in a process of its own, measured until this one has seen in its store what was waited for.

Who looks into the store is not the process that is measured: a look at 10,000 rows costs as much as many events.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LOOK_EVERY_S = 0.1
LONGEST_S = 120.0


def until_told() -> None:
    """In the measured process: wait until the other one has seen enough."""
    sys.stdin.readline()


def measured(argv: Sequence[str], store: Path, enough: Callable[[sqlite3.Connection], bool]) -> Any:  # noqa: ANN401
    """Start the process, tell it when ``enough`` holds of its store, and return what it prints as JSON.

    Raises: TimeoutError.
    """
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        end_s = time.monotonic() + LONGEST_S
        while not _holds(store, enough):
            if child.poll() is not None or time.monotonic() > end_s:
                child.kill()
                raise TimeoutError(f"not all is in {store} after {LONGEST_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        return json.loads(child.communicate("enough\n")[0])


def _holds(store: Path, enough: Callable[[sqlite3.Connection], bool]) -> bool:
    if not store.exists():
        return False
    try:
        connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        try:
            return enough(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError:  # not made yet
        return False
