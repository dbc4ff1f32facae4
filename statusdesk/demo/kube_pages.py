"""Lists of a simulated API server, whole and in pages that all show one moment."""

import base64
import binascii
import time
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from statusdesk.demo.kube_answers import bad_request, expired
from statusdesk.demo.kube_kinds import EVENTS, NEW_EVENTS, Kind, Obj
from statusdesk.demo.kube_query import Selection
from statusdesk.demo.kube_store import KubeStore, Stored

_KEPT = 16
_KEPT_S = 300.0
_STALE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter."
)


@dataclass(slots=True)
class Page:
    """A page of a list: its objects and the metadata of the list."""

    items: list[Stored]
    meta: Obj


@dataclass(slots=True)
class _Snapshot:
    items: list[Stored]
    version: int
    at_s: float


class Pages:
    """Lists; the pages of one list are cut from one snapshot, kept for five minutes."""

    def __init__(self, store: KubeStore) -> None:
        self._store = store
        self._snapshots: OrderedDict[tuple[Kind, str, str, int], _Snapshot] = OrderedDict()

    def page(self, kind: Kind, namespace: str, selection: Selection, limit: int, token: str) -> Page:
        """Return a page; ``limit`` 0 is everything.

        Raises: Refused for a token that is malformed or too old.
        """
        if token:
            version, start = _read_token(token)
            snapshot = self._snapshots.get((kind, namespace, selection.text, version))
            if snapshot is None or time.monotonic() - snapshot.at_s > _KEPT_S:
                raise expired(_STALE)
            items = snapshot.items
        else:
            version, start = self._store.version, 0
            held = EVENTS if kind is NEW_EVENTS else kind
            items = self._store.items(held, namespace)
            if selection.tests:
                items = [item for item in items if selection(item)]
        meta: Obj = {"resourceVersion": str(version)}
        end = start + limit if limit else len(items)
        if end < len(items):
            if not token:
                self._keep((kind, namespace, selection.text, version), items, version)
            meta["continue"] = _token(version, end)
            if not selection.tests:
                meta["remainingItemCount"] = len(items) - end
        return Page(items[start:end], meta)

    def forget(self) -> None:
        """Forget all snapshots, as compaction does."""
        self._snapshots.clear()

    def _keep(self, key: tuple[Kind, str, str, int], items: list[Stored], version: int) -> None:
        self._snapshots[key] = _Snapshot(items, version, time.monotonic())
        while len(self._snapshots) > _KEPT:
            self._snapshots.popitem(last=False)


def _token(version: int, start: int) -> str:
    text = msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": version, "start": f"{start}\0"})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, int]:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise bad_request("invalid continue token: continue key is not valid: illegal base64 data") from None
    try:
        told = msgspec.json.decode(text)
        return int(told["rv"]), int(told["start"].rstrip("\0"))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        first = text[:1].decode(errors="replace")
        why = f"invalid character '{first}' looking for beginning of value"
        raise bad_request(f"invalid continue token: continue key is not valid: {why}") from None
