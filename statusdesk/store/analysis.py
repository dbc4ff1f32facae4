"""Keeps the statistics of SQLite's planner fresh."""

import contextlib
import sqlite3

AFTER_ROWS = 2_000
EVERY_MS = 3_600_000
ROWS = 400


class Analysis:
    """Analyses the store once there are rows, and then at most once an hour."""

    def __init__(self, db: sqlite3.Connection, now_ms: int) -> None:
        self._db = db
        self._rows = 0
        analysed = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone()
        self._done_ms = now_ms if analysed else None

    def written(self, rows: int, now_ms: int) -> None:
        """Take how many rows a commit has written."""
        self._rows += rows
        never = self._done_ms is None and self._rows >= AFTER_ROWS
        again = self._done_ms is not None and abs(now_ms - self._done_ms) >= EVERY_MS
        if never or (again and self._rows):
            self._done_ms, self._rows = now_ms, 0
            # statistics only: what fails here fails at the next commit, where it is told
            with contextlib.suppress(sqlite3.Error):
                self._db.execute(f"PRAGMA analysis_limit = {ROWS}")
                self._db.execute("ANALYZE")
