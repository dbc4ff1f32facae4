"""What renewals gave, for the one writer: that one was seen again is written where it tells more, and at the end."""

import sqlite3
from collections.abc import Iterable

from statusdesk.states import Grant
from statusdesk.store.current import LatestRows
from statusdesk.store.kinds import GRANTS
from statusdesk.store.safety import asks

GROWN = 0.25
"""So much of the time for which a grant was seen to be the last one may get lost with the process."""


class GrantRows:
    """Grants that wait to be written. ``place`` is the path of the store."""

    def __init__(self, db: sqlite3.Connection, place: str) -> None:
        self.place = place
        self.kept = LatestRows(GRANTS)
        self._db = db
        self._held: dict[str, Grant] = {}
        self._written: dict[str, Grant] = {}

    def put(self, grants: Iterable[Grant]) -> None:
        """Take what renewals gave; the last one of each token is the newest."""
        for grant in grants:
            self.kept.waiting[grant.key, grant.renewed_ms] = (grant, ())
            self._written[grant.key] = grant
            self._held.pop(grant.key, None)

    def saw(self, grant: Grant) -> None:
        """Take that a token was not renewed since."""
        written = self._written.get(grant.key)
        known_ms = written.seen_ms if written is not None and written.renewed_ms == grant.renewed_ms else None
        seen_ms = grant.seen_ms or 0
        if known_ms is None or seen_ms - known_ms > GROWN * max(0, seen_ms - grant.renewed_ms):
            self.put([grant])
        else:
            self._held[grant.key] = grant

    def release(self) -> None:
        """Have all written that was seen."""
        self.put(list(self._held.values()))

    def forget(self, token_keys: Iterable[str]) -> None:
        """Have written what was seen of tokens that are no longer watched."""
        for key in token_keys:
            if key in self._held:
                self.put([self._held[key]])
            self._written.pop(key, None)

    @asks
    def of(self, token_key: str, limit: int) -> list[Grant]:
        """Return the newest committed grants of a token, oldest first. Raises: StoreError."""
        rows = self._db.execute(f"{GRANTS.select} WHERE key = ? ORDER BY renewed_ms DESC LIMIT ?", (token_key, limit))
        return [GRANTS.decode(row) for row in rows][::-1]
