"""The forms of answers a simulated API server gives: whole objects, metadata only, tables."""

import msgspec
from aiohttp import web

from statusdesk.demo.kube_access import status_body
from statusdesk.demo.kube_answers import Refused
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_kinds import NEW_EVENTS, Kind, Obj
from statusdesk.demo.kube_newevents import newer_event
from statusdesk.demo.kube_pages import Page
from statusdesk.demo.kube_query import wanted_form
from statusdesk.demo.kube_store import Stored
from statusdesk.demo.kube_table import decode, partial, table

_encode = msgspec.json.encode


class Forms:
    """One request's form of answer."""

    def __init__(self, request: web.Request, cluster: KubeCluster, kind: Kind) -> None:
        form = wanted_form(request.headers.get("Accept", ""))
        if form is None:
            message = "only the following media types are accepted: application/json"
            raise Refused(status_body(406, "NotAcceptable", message))
        self.name = "PartialObjectMetadata" if form.startswith("Partial") else form
        self._kind = kind
        self._cluster = cluster
        self._include = request.query.get("includeObject", "Metadata")
        self._headers = True

    @property
    def plain(self) -> bool:
        """Whether whole objects are wanted."""
        return not self.name

    def _object(self, item: Stored) -> Obj:
        found = decode(item.raw)
        return newer_event(found) if self._kind is NEW_EVENTS else found

    def _table(self, items: list[Stored], meta: Obj) -> bytes:
        objects = [self._object(item) for item in items]
        now_ms = self._cluster.parts.now_ms()
        made = table(self._kind, objects, meta, now_ms, self._include, headers=self._headers)
        self._headers = False
        return _encode(made)

    def whole(self, item: Stored) -> bytes:
        """Return one object that stands alone."""
        if self.name == "Table":
            return self._table([item], {"resourceVersion": str(item.version)})
        if self.name:
            return _encode(partial(self._object(item)))
        if self._kind is NEW_EVENTS:
            return self._kind.prefix + _encode(self._object(item))[1:]
        return self._kind.prefix + item.raw[1:]

    def watched(self, item: Stored) -> bytes:
        """Return an object as a line of a watch holds it; a table tells its columns only the first time."""
        return self.whole(item)

    def listed(self, page: Page) -> bytes:
        """Return a list."""
        if self.name == "Table":
            return self._table(page.items, page.meta)
        meta = _encode(page.meta)
        if self.name:
            head = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":'
            items = b",".join(_encode(partial(self._object(item))) for item in page.items)
            return head + meta + b',"items":[' + items + b"]}"
        head = f'{{"kind":"{self._kind.kind}List","apiVersion":"{self._kind.api_version}","metadata":'.encode()
        if self._kind is NEW_EVENTS:
            items = b",".join(_encode(self._object(item)) for item in page.items)
        else:
            items = b",".join([item.raw for item in page.items])
        return head + meta + b',"items":[' + items + b"]}"
