"""When a change is in the store, as its readers see it."""

import sqlite3
import time
from pathlib import Path

LOOK_EVERY_S = 0.002


class Stored:
    """Looks at a store again and again, as a console does, only more often."""

    def __init__(self, path: Path, timeout_s: float = 60.0) -> None:
        end = time.monotonic() + timeout_s
        while not path.exists():
            if time.monotonic() > end:
                raise TimeoutError(f"no store at {path}")
            time.sleep(0.05)
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    def one(self, query: str, *values: object) -> object | None:
        """Return the first value of a query, None while there is none (or no table yet)."""
        try:
            row = self._db.execute(query, values).fetchone()
        except sqlite3.OperationalError:
            return None
        return None if row is None else row[0]

    def wait(self, query: str, *values: object, timeout_s: float = 30.0) -> float:
        """Return when the query first gave a true value.

        Raises: TimeoutError.
        """
        end = time.perf_counter() + timeout_s
        while not self.one(query, *values):
            if time.perf_counter() > end:
                raise TimeoutError(f"never stored: {query} {values}")
            time.sleep(LOOK_EVERY_S)
        return time.perf_counter()

    def settle(self, quiet_s: float, longest_s: float = 60.0) -> None:
        """Wait until nothing new has been stored for a while, or for as long as is allowed."""
        end, seen, since = time.monotonic() + longest_s, object(), time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < quiet_s:
            change = self.one("select value from meta where name = 'change'")
            if change != seen:
                seen, since = change, time.monotonic()
            time.sleep(0.1)
