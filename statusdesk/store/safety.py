"""Values that SQLite would refuse, made storable, so that one odd row cannot keep all others from being written."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from statusdesk.store.current import Write
from statusdesk.store.errors import StoreError

BIGGEST = 2**63 - 1

P = ParamSpec("P")
T = TypeVar("T")


class Placed(Protocol):
    """What has the path of a store."""

    @property
    def place(self) -> str: ...


S = TypeVar("S", bound=Placed)


def asks(question: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Have a question to the store raise StoreError where SQLite cannot answer it, or answers what none of us wrote."""

    @wraps(question)
    def told(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return question(self, *args, **kwargs)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"{self.place} cannot be read: {error}") from error

    return told


def storable(writes: list[Write]) -> list[Write]:
    """Return the same statements with whole numbers cut to 64 bits and lone surrogates replaced."""
    return [(statement, [tuple(_value(value) for value in row) for row in rows]) for statement, rows in writes]


def _value(value: Any) -> Any:  # noqa: ANN401  # whatever a column may hold
    if isinstance(value, int):
        return max(-BIGGEST - 1, min(BIGGEST, value))
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def execute(db: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Run statements in the transaction that is open. Raises: what sqlite3 raises."""
    for statement, rows in writes:
        db.executemany(statement, rows)


def write_all(db: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Write all of it in one transaction, or nothing. Raises: what sqlite3 raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        execute(db, writes)
        db.execute("COMMIT")
    except BaseException:
        # a rollback that fails as well (the disk has gone) leaves nothing behind either: the file has not changed
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
