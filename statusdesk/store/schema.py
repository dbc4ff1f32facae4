"""The schema: making a store, bringing an older one up to date, and telling whether a file is one.

What is only added (a table, a column with a default, an index) is derived from ``kinds``: the file remembers a sum of
the statements that made it, and whatever is missing is added when the sum differs. An older statusdesk reads such a
file still. Anything else (a rename, another meaning) raises ``SCHEMA_VERSION`` and is a ``Step``. A migration is one
transaction: it happens or it does not.
"""

import os
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from statusdesk.store.errors import StoreError, StoreUnusable
from statusdesk.store.kinds import TABLES

if TYPE_CHECKING:
    from sqlite_utils import Database

SCHEMA_VERSION = 1
APPLICATION_ID = 0x7374_646B  # "stdk" in the header of the file: this is ours
BUSY_MS = 2000
PAGE_BYTES = 8192  # a pod's row is about 1 KB; twice the usual size halves the calls that a full sweep takes to write

META = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
META_ROWS = "INSERT OR IGNORE INTO meta (name, value) VALUES ('change', 0), ('queue_change', 0)"
SHAPE = zlib.crc32("\n".join(statement for table in TABLES for statement in table.ddl).encode())


class Step(msgspec.Struct, frozen=True):
    """What must be done by hand to reach ``version``; it runs inside the transaction of the migration."""

    version: int
    what: str
    run: Callable[["Database"], None]


STEPS: tuple[Step, ...] = ()


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """Return the schema version of an open store, 0 for an empty file.

    Raises: StoreError when the file is something else.
    """
    application_id: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            return 0
        raise StoreUnusable(f"{path} is an SQLite file, but not a store of statusdesk; name another state directory")
    return version


def unwritable(path: Path, error: sqlite3.Error) -> type[StoreError]:
    """Return which error it is that the store cannot be written: read-only stays so until somebody mends it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    lasting = code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or not os.access(path.parent, os.W_OK)
    return StoreUnusable if lasting else StoreError


def damaged(path: Path, error: Exception) -> StoreError:
    return StoreUnusable(f"{path} is damaged or not a store ({error}); move it away and start `statusdesk watch` anew")


def newer(path: Path, found: int, known: int = SCHEMA_VERSION) -> StoreError:
    return StoreUnusable(
        f"{path} was written by a newer statusdesk (schema {found}, this one knows {known}); upgrade this statusdesk"
    )


def migrate(path: Path, version: int = SCHEMA_VERSION, steps: Sequence[Step] = STEPS) -> bool:
    """Bring the store at ``path`` to ``version``, making it when the file is empty; True when anything was done.

    Raises: StoreError when it is newer, not a store, or cannot be written.
    """
    try:
        db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        try:
            found = version_of(db, path)
            if found > version:
                raise newer(path, found, version)
            if found == version and _shape(db) == SHAPE:
                return False
            db.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # heeded while the file is empty
            db.execute("PRAGMA journal_mode = WAL")
            _run(db, found, version, steps)
            return True
        finally:
            db.close()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise damaged(path, error) from error
        raise unwritable(path, error)(f"{path} cannot be brought to schema {version}: {error}") from error


def _shape(db: sqlite3.Connection) -> int | None:
    row = db.execute("SELECT value FROM meta WHERE name = 'shape'").fetchone()
    return None if row is None else row[0]


def _run(db: sqlite3.Connection, found: int, version: int, steps: Sequence[Step]) -> None:
    from sqlite_utils import Database  # 0.1 s: only who migrates pays for it

    desk = Database(db)
    db.execute("BEGIN IMMEDIATE")
    try:
        if found:
            for step in sorted(steps, key=lambda step: step.version):
                if found < step.version <= version:
                    step.run(desk)
        _add_missing(desk)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _add_missing(desk: "Database") -> None:
    """Add the tables, columns and indexes that ``kinds`` has and the file has not."""
    desk.execute(META)
    desk.execute(META_ROWS)
    existing = set(desk.table_names())
    for table in TABLES:
        if table.name in existing:
            have = {column.name for column in desk.table(table.name).columns}
            for column in table.columns:
                if column.name not in have:
                    desk.table(table.name).add_column(column.name, column.sql_type, not_null_default=column.default)
        for statement in table.ddl:
            desk.execute(statement)
    desk.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('shape', ?)", (SHAPE,))
