"""Opening the file: who may read it, in which state it was left, and what to say when it cannot be."""

import errno
import os
import sqlite3
import stat
from pathlib import Path
from urllib.parse import quote

import msgspec

from statusdesk.store.errors import StoreError, StoreUnusable
from statusdesk.store.schema import BUSY_MS, SCHEMA_VERSION, damaged, migrate, newer, unwritable, version_of

FILE_NAME = "statusdesk.db"
DIR_MODE = 0o750
FILE_MODE = 0o640
CACHE_KIB = 4_096  # it is filled within minutes, so that the memory of a collector stays as it is then
WAL_PAGES = 4000  # 32 MiB: what is written again and again is copied into the file less often
WAL_LIMIT = 64 * 1024 * 1024


class Opened(msgspec.Struct):
    """An open connection for reading. ``live``: it sees what a collector writes.

    ``file`` and ``wal`` tell another file, or another state of the ``-wal`` file, from the ones found at opening.
    """

    db: sqlite3.Connection
    live: bool
    file: tuple[int, int]
    wal: tuple[int, ...] | None


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def file_mark(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one that takes its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def check_place(path: Path, mark: tuple[int, int] | None) -> None:
    """Look whether the file that was opened still stands at its path.

    Raises: StoreError when it was removed or another one stands there: nobody would ever read what is written.
    """
    now = file_mark(path)
    if now != mark:
        what = "was removed" if now is None else "was replaced by another file"
        raise StoreError(f"{path} {what} while it was written to, so nobody could read it; start again")


def wal_mark(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a collector begins to write; None when no ``-wal`` file is there."""
    try:
        found = wal_of(path).stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def prepare_dir(state_dir: Path) -> None:
    """Make the state directory, readable by its group and writable by its owner only; an existing one stays as it is.

    Raises: StoreError.
    """
    try:
        if not state_dir.is_dir():
            state_dir.parent.mkdir(parents=True, exist_ok=True)
            state_dir.mkdir()
            state_dir.chmod(DIR_MODE)  # whatever the umask is: the readers' group must get in
    except FileExistsError:
        if not state_dir.is_dir():
            raise StoreUnusable(f"{state_dir} is a file; the state directory needs another name") from None
    except OSError as error:
        raise refused(error)(f"the state directory {state_dir} cannot be made: {error.strerror}") from error


def refused(error: OSError) -> type[StoreError]:
    """Return which error it is that something cannot be made: rights and what is read-only, a person must mend."""
    lasting = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
    return StoreUnusable if error.errno in lasting else StoreError


def directory_problem(state_dir: Path) -> str:
    """Return a sentence when others may write into the state directory, else nothing.

    There a console of another user could leave ``-wal`` and ``-shm`` files of its own, and the collector then cannot
    write.
    """
    mode = stat.S_IMODE(state_dir.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{state_dir} is writable by others (mode {mode:04o}): chmod {DIR_MODE:04o} {state_dir}"
    return ""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the store as its one writer, making or migrating it when needed.

    Raises: StoreError.
    """
    prepare_dir(path.parent)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
        os.fchmod(handle, FILE_MODE)  # -wal and -shm take the mode of the file
        os.close(handle)
    except FileExistsError:
        pass
    except OSError as error:
        raise refused(error)(f"{path} cannot be made: {error.strerror}") from error
    migrate(path)
    try:
        sqlite3.register_adapter(type(None), _as_it_is)
        # the engine and whoever stops it are different threads, never at the same time
        db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        db.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
    except sqlite3.Error as error:
        raise unwritable(path, error)(f"{path} cannot be opened for writing: {error}") from error
    return db


def _as_it_is(value: None) -> None:
    """Adapt None to itself: the module looks for an adapter of every one that is bound, and finding none is slow."""
    return value


def open_for_reading(path: Path) -> Opened:
    """Open the store read-only, in whatever state its collector left it.

    Without a ``-wal`` file no collector runs and the last one stopped cleanly: the file is then opened as immutable,
    which neither needs nor leaves any file beside it.

    Raises: StoreError (missing, no permission, not a store, older or newer schema, damaged).
    """
    file = _readable(path)
    wal = wal_mark(path)
    live = wal is not None
    try:
        db = _connect(path, live)
    except sqlite3.OperationalError as error:
        if not live or error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise StoreError(f"{path} cannot be opened: {error}") from error
        live = False
        db = _connect_immutable(path)
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    try:
        _check_version(db, path)
    except StoreError:
        db.close()
        raise
    return Opened(db, live, file, wal)


def _readable(path: Path) -> tuple[int, int]:
    """Return the mark of a file that may be read, without opening it.

    Nothing but SQLite opens the store: closing any other descriptor of it drops the locks that the connections of this
    process hold, and the next writer then removes the ``-wal`` file under them.
    Source: https://www.sqlite.org/howtocorrupt.html (2.2)

    Raises: StoreError.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise StoreError(f"there is no store at {path} yet; `statusdesk watch` makes it") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        raise StoreError(f"{path} cannot be read: {os.strerror(errno.EISDIR)}")
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path} cannot be read: {os.strerror(errno.EACCES)}")
    return (found.st_dev, found.st_ino)


def older(path: Path) -> StoreError:
    return StoreError(
        f"{path} was written by an older statusdesk; start `statusdesk watch` once to bring it up to date"
    )


def _connect(path: Path, live: bool) -> sqlite3.Connection:
    mode = "mode=ro" if live else "mode=ro&immutable=1"
    db = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # connecting alone touches nothing
    except sqlite3.Error:
        db.close()
        raise
    return db


def _connect_immutable(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path, live=False)
    except sqlite3.Error as error:
        raise damaged(path, error) from error


def _check_version(db: sqlite3.Connection, path: Path) -> None:
    try:
        found = version_of(db, path)
    except sqlite3.Error as error:
        raise damaged(path, error) from error
    if found > SCHEMA_VERSION:
        raise newer(path, found)
    if found == 0 and not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise StoreError(f"{path} is empty; `statusdesk watch` fills it")
    if found < SCHEMA_VERSION:
        raise older(path)
