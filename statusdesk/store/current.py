"""The current rows in memory, what of them waits to be written, and the statements that write it."""

import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic

from msgspec.structs import replace

from statusdesk.facts import QueueItem
from statusdesk.store.kinds import GROUP, QUEUE, Kind, R, S, Table
from statusdesk.store.periods import Stamping, Transition, end, stamp

QUIET_MS = 1000


class Rows:
    """Rows made into values one by one while they are bound: what was just made is still in the processor's cache."""

    def __init__(self, encode: Callable[[Any], tuple[Any, ...]], rows: Collection[Any]) -> None:
        self._encode = encode
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self._encode, self._rows)


Write = tuple[str, list[tuple[Any, ...]] | Rows]
"""A statement and its rows, for ``executemany``; they may be gone through again."""


class LastingRows(Generic[S]):
    """The current rows of a kind that lasts; ``closed`` are, by key, the periods closed since the last commit."""

    def __init__(self, kind: Kind[S], rows: dict[str, S]) -> None:
        self.kind = kind
        self.rows = rows
        self._dirty: set[str] = set()
        self.closed: dict[str, list[S]] = {}
        self._held: set[str] = set()
        self._retold: dict[str, S] = {}  # what says something else now without a transition, until it is taken
        self._written_ms: dict[str, int] = {}
        self._upsert = kind.current.upsert
        self._insert = kind.history.insert

    def put(self, key: str, state: S, at_ms: int, change: int, seen_ms: int | None = None) -> Transition | None:
        """Take a state; the transition that it makes, if any."""
        before = self.rows.get(key)
        stamping = stamp(self.kind, before, state, at_ms, change, seen_ms)
        if stamping is None:
            return None
        return self._take(key, before, stamping)

    def gone(self, key: str, at_ms: int, change: int) -> Transition | None:
        """Mark a key as gone; nothing when it is not known or gone already."""
        before = self.rows.get(key)
        stamping = None if before is None else end(before, at_ms, change)
        return None if stamping is None else self._take(key, before, stamping)

    def _take(self, key: str, before: S | None, stamping: Stamping[S]) -> Transition | None:
        self.rows[key] = stamping.row
        if stamping.quiet and key not in self._dirty:
            self._held.add(key)
        else:
            self._dirty.add(key)
        if stamping.moved:
            self._retold.pop(key, None)
        elif not stamping.quiet:
            self._retold[key] = stamping.row
        if stamping.closed is not None:
            self.closed.setdefault(key, []).append(stamping.closed)
        return Transition(before, stamping.row) if stamping.moved else None  # type: ignore[arg-type]  # S is Lasting

    def take_retold(self) -> list[S]:
        """Return, once, the rows that say something else than before without a transition."""
        retold, self._retold = list(self._retold.values()), {}
        return retold

    def release(self, now_ms: int, change: int, *, every: bool = False) -> None:
        """Let quiet changes be written whose row was last written a second ago or earlier (or all of them)."""
        for key in [key for key in self._held if every or abs(now_ms - self._written_ms.get(key, 0)) >= QUIET_MS]:
            self._held.discard(key)
            if key not in self._dirty:
                self.rows[key] = replace(self.rows[key], change=change)
                self._dirty.add(key)

    def writes(self) -> list[Write]:
        """Return what waits to be written."""
        made: list[Write] = []
        if self.closed:
            closed = [row for rows in self.closed.values() for row in rows]
            made.append((self._insert, Rows(self.kind.history.encode, closed)))
        if self._dirty:
            made.append((self._upsert, Rows(self.kind.current.encode, [self.rows[key] for key in self._dirty])))
        return made

    def settled(self, now_ms: int) -> None:
        """Forget what waited: it is committed."""
        if self.kind.quiet:
            self._written_ms.update(dict.fromkeys(self._dirty, now_ms))
            self._held -= self._dirty
        self._dirty.clear()
        self.closed.clear()

    def gone_before(self, limit_ms: int) -> list[str]:
        """Return the keys that went before ``limit_ms`` and have nothing left to be written."""
        rows = self.rows.items()
        old = [key for key, row in rows if row.until_ms is not None and row.until_ms < limit_ms]
        return [key for key in old if key not in self._dirty]

    def drop(self, keys: Iterable[str]) -> None:
        """Forget rows that were deleted from the store."""
        for key in keys:
            self.rows.pop(key, None)
            self._written_ms.pop(key, None)


class LatestRows(Generic[R]):
    """Rows of a table with one row per key and no periods; ``extra`` values follow the fields of the struct."""

    def __init__(self, table: Table[R], rows: Mapping[Any, R] | None = None) -> None:
        self.table = table
        self.rows: dict[Hashable, R] = dict(rows or {})
        self.waiting: dict[Hashable, tuple[R, tuple[int | None, ...]]] = {}
        self._upsert = table.upsert
        self._before: list[Write] = []

    def put(self, key: Hashable, row: R, *extra: int | None) -> bool:
        """Take a row; False when it is what is known already."""
        if self.rows.get(key) == row:
            return False
        self.take(key, row, *extra)
        return True

    def take(self, key: Hashable, row: R, *extra: int | None) -> None:
        """Take a row that is known to be another one."""
        self.rows[key] = row
        self.waiting[key] = (row, extra)

    def rewrite(self, key: Hashable, row: R, *extra: int | None) -> None:
        """Write a row though it is known, because its extra values have changed."""
        self.waiting[key] = (row, extra)

    def drop(self, of: Callable[[Hashable], bool], delete: Write) -> None:
        """Forget the rows of some keys, which a statement deletes before anything that waits is written."""
        for rows in (self.rows, self.waiting):
            for key in [key for key in rows if of(key)]:
                del rows[key]
        self._before.append(delete)

    def rename(self, renamed: Callable[[R], R], writes: Iterable[Write]) -> None:
        """Have rows under other keys, which statements change before anything that waits is written."""
        rows = [renamed(row) for row in self.rows.values()]
        self.rows = {row.key: row for row in rows}  # type: ignore[attr-defined]  # only of facts that have a key
        waiting = [(renamed(row), extra) for row, extra in self.waiting.values()]
        self.waiting = {row.key: (row, extra) for row, extra in waiting}  # type: ignore[attr-defined]
        self._before += writes

    def first(self, write: Write) -> None:
        """Have a statement run before anything that waits is written."""
        self._before.append(write)

    def writes(self) -> list[Write]:
        """Return what waits to be written."""
        if not self.waiting:
            return list(self._before)
        encode = self.table.encode
        if self.table.has_extra:
            return [*self._before, (self._upsert, [encode(row) + extra for row, extra in self.waiting.values()])]
        return [*self._before, (self._upsert, Rows(encode, [row for row, _ in self.waiting.values()]))]

    def settled(self) -> None:
        """Forget what waited: it is committed."""
        self.waiting.clear()
        self._before.clear()


class GroupRows(Generic[R]):
    """Rows of a table that belong to a rollout, replaced as a whole when any of them has changed."""

    def __init__(self, table: Table[R], db: sqlite3.Connection) -> None:
        self._table = table
        self._rows: dict[str, tuple[R, ...]] = {}
        for *values, group in db.execute(f"SELECT {table.listed}, {GROUP} FROM {table.name} ORDER BY {GROUP}"):
            self._rows[group] = (*self._rows.get(group, ()), table.decode(tuple(values)))
        self._waiting: set[str] = set()

    @property
    def groups(self) -> list[str]:
        """The rollouts that have rows."""
        return list(self._rows)

    def put(self, group: str, rows: Sequence[R]) -> None:
        """Take all rows of a rollout; none at all forgets it."""
        if set(self._rows.get(group, ())) == set(rows):
            return
        self._waiting.add(group)
        if rows:
            self._rows[group] = tuple(rows)
        else:
            del self._rows[group]

    def writes(self) -> list[Write]:
        """Return what waits to be written."""
        if not self._waiting:
            return []
        encode = self._table.encode
        rows = [(*encode(row), group) for group in self._waiting for row in self._rows.get(group, ())]
        return [
            (f"DELETE FROM {self._table.name} WHERE {GROUP} = ?", [(group,) for group in self._waiting]),
            (self._table.insert, rows),
        ]

    def settled(self) -> None:
        """Forget what waited: it is committed."""
        self._waiting.clear()


class QueueRows:
    """The queue of each source, replaced as a whole when anything in it has changed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._rows: dict[str, tuple[QueueItem, ...]] = {}
        for item in map(QUEUE.decode, db.execute(f"{QUEUE.select} ORDER BY source, id")):
            self._rows[item.source] = (*self._rows.get(item.source, ()), item)
        self._waiting: set[str] = set()

    def put(self, source: str, items: Sequence[QueueItem]) -> None:
        """Take the queue of a source; order does not matter."""
        ordered = tuple(sorted({item.id: item for item in items}.values(), key=lambda item: item.id))
        if self._rows.get(source, ()) != ordered:
            self._rows[source] = ordered
            self._waiting.add(source)

    def writes(self, change: int) -> list[Write]:
        """Return what waits to be written."""
        if not self._waiting:
            return []
        items = [QUEUE.encode(item) for source in self._waiting for item in self._rows[source]]
        return [
            ("DELETE FROM queue WHERE source = ?", [(source,) for source in self._waiting]),
            (QUEUE.insert, items),
            ("UPDATE meta SET value = ? WHERE name = 'queue_change'", [(change,)]),
        ]

    def settled(self) -> None:
        """Forget what waited: it is committed."""
        self._waiting.clear()
