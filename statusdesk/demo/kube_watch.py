"""Watches of a simulated API server."""

import asyncio
import contextlib
import random

import msgspec
from aiohttp import web

from statusdesk.demo.kube_access import status_body
from statusdesk.demo.kube_answers import CLUSTER, bad_request
from statusdesk.demo.kube_forms import Forms
from statusdesk.demo.kube_kinds import EVENTS, NEW_EVENTS, Kind
from statusdesk.demo.kube_query import Selection, read_number
from statusdesk.demo.kube_store import Change, ExpiredError, KubeStore, watch_line

_BOOKMARK_S = 55.0
_PEER_S = 5.0


class Watch:
    """One open watch: sends what is there already if asked to, then every change at once."""

    def __init__(self, request: web.Request, kind: Kind, namespace: str, selection: Selection, forms: Forms) -> None:
        query = request.query
        self._request = request
        self._cluster = request.app[CLUSTER]
        self._store: KubeStore = self._cluster.parts.store
        self._kind = kind
        self._held = EVENTS if kind is NEW_EVENTS else kind
        self._namespace = namespace
        self._selection = selection
        self._forms = forms
        self._bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
        self._initial = query.get("sendInitialEvents") in ("true", "1")
        if self._initial and query.get("resourceVersionMatch") != "NotOlderThan":
            raise bad_request("resourceVersionMatch: Forbidden: must be NotOlderThan with sendInitialEvents")
        timeout_s = read_number(query, "timeoutSeconds")
        self._timeout_s = float(timeout_s) if timeout_s else random.uniform(1800, 3600)
        version = query.get("resourceVersion", "")
        if version and not version.isdigit():
            raise bad_request(f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: invalid syntax')
        self._since = int(version or 0)
        self._bell = asyncio.Event()
        self._cut = self._mid_line = False

    async def serve(self) -> web.StreamResponse:
        """Serve until the timeout, the client or a cut ends it."""
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "application/json"
        response.enable_chunked_encoding()
        self._store.listen(self._held, self._bell)
        untie = self._cluster.on_cut(self._be_cut)
        try:
            await response.prepare(self._request)
            await self._send(response)
            if self._cut and self._request.transport is not None:
                if self._mid_line:
                    line = self._bookmark()
                    await response.write(line[: len(line) // 2])
                self._request.transport.close()
                return response
            await response.write_eof()
        except ConnectionError:
            pass  # the client has gone
        finally:
            untie()
            self._store.leave(self._held, self._bell)
        return response

    def _be_cut(self, mid_line: bool) -> None:
        self._cut, self._mid_line = True, mid_line
        self._bell.set()

    async def _send(self, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        end_s, bookmark_s = loop.time() + self._timeout_s, loop.time() + _BOOKMARK_S
        if self._initial or self._since == 0:
            await self._send_initial(response)
        while not self._cut:
            self._bell.clear()
            try:
                lines = self._news()
            except ExpiredError as error:
                body = msgspec.json.encode(status_body(410, "Expired", str(error)))
                await response.write(watch_line("ERROR", body))
                return
            if lines:
                await response.write(b"".join(lines))
            now_s = loop.time()
            if now_s >= end_s:
                return
            if self._bookmarks and now_s >= bookmark_s:
                bookmark_s = now_s + _BOOKMARK_S
                await response.write(self._bookmark())
            if self._request.transport is None or self._request.transport.is_closing():
                return
            await self._wait(min(end_s - now_s, _PEER_S))

    async def _wait(self, seconds: float) -> None:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()

    async def _send_initial(self, response: web.StreamResponse) -> None:
        self._since = self._store.version
        items = [item for item in self._store.items(self._held, self._namespace) if self._selection(item)]
        for start in range(0, len(items), 500):
            lines = []
            for item in items[start : start + 500]:
                lines.append(self._line(Change(item.version, "ADDED", item)))
            await response.write(b"".join(lines))
        if self._initial and self._bookmarks:
            await response.write(self._bookmark(',"annotations":{"k8s.io/initial-events-end":"true"}'))

    def _news(self) -> list[bytes]:
        """Return the lines of what has changed since the last time.

        Raises: ExpiredError
        """
        lines = []
        for change in self._store.changes(self._held, self._since):
            self._since = change.version
            if self._namespace and change.item.namespace != self._namespace:
                continue
            if not self._selection.tests:
                lines.append(self._line(change))
                continue
            selected = self._as_selected(change)
            if selected is not None:
                lines.append(self._line(selected))
        self._since = max(self._since, self._store.version)
        return lines

    def _as_selected(self, change: Change) -> Change | None:
        """Return a change as it looks through the selection: entering is ADDED, leaving is DELETED."""
        was = change.before is not None and self._selection(change.before)
        matches = change.type != "DELETED" and self._selection(change.item)
        if not was and not matches:
            return None
        seen = "DELETED" if not matches else "MODIFIED" if was else "ADDED"
        return change if seen == change.type else Change(change.version, seen, change.item)

    def _line(self, change: Change) -> bytes:
        if self._forms.plain and self._kind is self._held:
            return change.frame(self._kind)
        return watch_line(change.type, self._forms.watched(change.item))

    def _bookmark(self, annotations: str = "") -> bytes:
        kind = self._kind
        meta = f'"metadata":{{"resourceVersion":"{self._since}"{annotations}}}'
        head = f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",'
        bare = kind.bare
        if self._forms.name == "PartialObjectMetadata":
            head, bare = '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",', ""
        return watch_line("BOOKMARK", f"{head}{meta}{bare}}}".encode())
