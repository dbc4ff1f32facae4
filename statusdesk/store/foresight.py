"""Questions that see writes that wait for a commit: done in a transaction for these alone, and rolled back.

What is foreseen is written a second time by the commit; while a desk runs that is what came within 100 ms, and where a
job's builds are told for the first time a few microseconds for each.
"""

import contextlib
import sqlite3
from collections.abc import Iterator

from statusdesk.store.current import Write
from statusdesk.store.safety import execute, storable


@contextlib.contextmanager
def foreseen(db: sqlite3.Connection, writes: list[Write]) -> Iterator[None]:
    """Let what is asked in the block see writes that wait for a commit; nothing of them stays.

    Raises: what sqlite3 raises.
    """
    if not writes:
        yield
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        try:
            execute(db, writes)
        except (OverflowError, UnicodeEncodeError):
            db.execute("ROLLBACK")  # a write that was done may not bear to be done twice
            db.execute("BEGIN IMMEDIATE")
            execute(db, storable(writes))
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
