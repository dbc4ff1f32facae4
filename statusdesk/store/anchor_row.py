"""How the clock stood by which the rows of the store are stamped: written with the rows that move when it is set."""

import sqlite3

from statusdesk.clock import Anchor
from statusdesk.store.current import Write

_READ = "SELECT name, value FROM meta WHERE name IN ('boot', 'ahead_ms')"
_WRITE = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)"


class AnchorRow:
    """The anchor as it is known, and whether it waits to be written."""

    def __init__(self, db: sqlite3.Connection) -> None:
        known = dict(db.execute(_READ))
        self.anchor = Anchor(known["boot"], known["ahead_ms"]) if len(known) == len(Anchor._fields) else None
        self._waits = False

    def put(self, anchor: Anchor) -> None:
        """Take how the clock stands now."""
        self.anchor, self._waits = anchor, True

    def writes(self) -> list[Write]:
        """Return what waits to be written."""
        return [(_WRITE, list(self.anchor._asdict().items()))] if self._waits and self.anchor is not None else []

    def settled(self) -> None:
        """Forget what waited: it is committed."""
        self._waits = False
