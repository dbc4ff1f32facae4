"""The objects of a simulated cluster as bytes, with resource versions and the changes that watches are fed from."""

import asyncio
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from statusdesk.demo.kube_kinds import Kind, Obj

_VERSION = re.compile(rb'"resourceVersion":"\d+"')


class ExpiredError(Exception):
    """The resource version asked for is older than what is kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of one object; ``raw`` is its JSON without kind and apiVersion, as lists carry it."""

    namespace: str
    name: str
    version: int
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    raw: bytes


@dataclass(slots=True)
class Change:
    """One change, as a watch tells it."""

    version: int
    type: str
    item: Stored
    before: Stored | None = None
    _frame: bytes | None = None

    def frame(self, kind: Kind) -> bytes:
        """Return the line of a watch of whole objects; encoded once for all watches."""
        if self._frame is None:
            self._frame = watch_line(self.type, kind.prefix + self.item.raw[1:])
        return self._frame


def watch_line(change_type: str, body: bytes) -> bytes:
    """Return one line of a watch."""
    return b'{"type":"' + change_type.encode() + b'","object":' + body + b"}\n"


@dataclass(slots=True)
class _Shelf:
    items: dict[tuple[str, str], Stored] = field(default_factory=dict)
    order: list[tuple[str, str]] | None = None
    changes: list[Change] = field(default_factory=list)
    floor: int = 0
    written: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)


class KubeStore:
    """Objects by kind, namespace and name."""

    def __init__(self, first_version: int, history: int) -> None:
        self._version = first_version
        self._first = first_version
        self._history = history
        self._shelves: dict[Kind, _Shelf] = {}
        self._encode = msgspec.json.Encoder().encode

    @property
    def version(self) -> int:
        """The newest resource version."""
        return self._version

    def written(self) -> dict[str, int]:
        """Return how often something of each resource was written or deleted."""
        return {kind.qualified: shelf.written for kind, shelf in self._shelves.items()}

    def _shelf(self, kind: Kind) -> _Shelf:
        shelf = self._shelves.get(kind)
        if shelf is None:
            shelf = self._shelves[kind] = _Shelf(floor=self._first)
        return shelf

    def put(self, kind: Kind, obj: Obj, fields: Mapping[str, str]) -> int:
        """Write an object and return its new resource version."""
        self._version += 1
        meta = obj["metadata"]
        meta["resourceVersion"] = str(self._version)
        namespace = meta.get("namespace", "")
        item = Stored(namespace, meta["name"], self._version, meta.get("labels", {}), dict(fields), self._encode(obj))
        self._note(kind, item)
        return self._version

    def touch(self, kind: Kind, namespace: str, name: str) -> None:
        """Write an object again as it is: only its resource version moves."""
        old = self._shelf(kind).items[namespace, name]
        self._version += 1
        raw = _VERSION.sub(b'"resourceVersion":"%d"' % self._version, old.raw, count=1)
        self._note(kind, Stored(namespace, name, self._version, old.labels, old.fields, raw))

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete an object; its last state is what watches are told."""
        shelf = self._shelf(kind)
        old = shelf.items.pop((namespace, name), None)
        if old is None:
            return
        shelf.order = None
        self._version += 1
        raw = _VERSION.sub(b'"resourceVersion":"%d"' % self._version, old.raw, count=1)
        gone = Stored(namespace, name, self._version, old.labels, old.fields, raw)
        self._log(shelf, Change(self._version, "DELETED", gone, old))

    def _note(self, kind: Kind, item: Stored) -> None:
        shelf = self._shelf(kind)
        key = (item.namespace, item.name)
        old = shelf.items.get(key)
        shelf.items[key] = item
        if old is None:
            shelf.order = None
        self._log(shelf, Change(item.version, "MODIFIED" if old else "ADDED", item, old))

    def _log(self, shelf: _Shelf, change: Change) -> None:
        shelf.written += 1
        shelf.changes.append(change)
        if len(shelf.changes) > 2 * self._history:
            shelf.floor = shelf.changes[-self._history - 1].version
            del shelf.changes[: -self._history]
        for waiting in shelf.waiting:
            waiting.set()

    def get(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return one object."""
        return self._shelf(kind).items.get((namespace, name))

    def items(self, kind: Kind, namespace: str = "") -> list[Stored]:
        """Return the objects of a namespace, or all, in the order of the API: by namespace and name."""
        shelf = self._shelf(kind)
        if shelf.order is None:
            shelf.order = sorted(shelf.items)
        if namespace:
            return [shelf.items[key] for key in shelf.order if key[0] == namespace]
        return [shelf.items[key] for key in shelf.order]

    def names(self, kind: Kind) -> list[tuple[str, str]]:
        """Return namespace and name of all objects of a kind, in order."""
        shelf = self._shelf(kind)
        if shelf.order is None:
            shelf.order = sorted(shelf.items)
        return shelf.order

    def changes(self, kind: Kind, since: int) -> list[Change]:
        """Return what changed after ``since``.

        Raises: ExpiredError when that is no longer known.
        """
        shelf = self._shelf(kind)
        if since < shelf.floor:
            raise ExpiredError(f"too old resource version: {since} ({shelf.floor})")
        return shelf.changes[bisect_right(shelf.changes, since, key=attrgetter("version")) :]

    def compact(self) -> None:
        """Forget all changes: resource versions before this one have expired."""
        for shelf in self._shelves.values():
            shelf.changes.clear()
            shelf.floor = self._version
        self._first = self._version

    def listen(self, kind: Kind, bell: asyncio.Event) -> None:
        """Ring ``bell`` at each change of ``kind``."""
        self._shelf(kind).waiting.add(bell)

    def leave(self, kind: Kind, bell: asyncio.Event) -> None:
        """Stop ringing ``bell``."""
        self._shelf(kind).waiting.discard(bell)
