"""The periods of a rollout that are over, for the one writer: what it had been before, also what is not committed."""

import sqlite3

from statusdesk.states import RolloutState
from statusdesk.store.current import LastingRows
from statusdesk.store.kinds import ROLLOUTS
from statusdesk.store.safety import asks

_NEWEST = f"{ROLLOUTS.history.select} WHERE key = ? ORDER BY since_ms DESC LIMIT ?"


class Earlier:
    """Answers from the history table and from what waits to be written to it. ``place`` is the path of the store."""

    def __init__(self, db: sqlite3.Connection, rows: LastingRows[RolloutState], place: str) -> None:
        self.place = place
        self._db = db
        self._rows = rows

    @asks
    def periods(self, key: str, limit: int) -> list[RolloutState]:
        """Return the newest closed periods of a rollout, oldest first. Raises: StoreError."""
        waiting = self._rows.closed.get(key, [])
        found = [ROLLOUTS.history.decode(row) for row in self._db.execute(_NEWEST, (key, limit))]
        return [*reversed(found), *waiting][-limit:]
