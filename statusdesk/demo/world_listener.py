"""A loopback server that can be made to refuse, hang or talk nonsense, as sources do in life."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Fault = str | int | None
"""``hang``, ``refuse``, ``html``, ``truncated``, a status code, or None: no fault."""

FAULTS: tuple[Fault, ...] = (None, "hang", "refuse", "html", "truncated", 401, 403, 429, 500, 502, 503)
_LOGIN = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/sso'>Sign in</form></body></html>"
)
ErrorBody = Callable[[int], tuple[str, str]]
"""Gives content type and body of an error with that status, as this source would write it."""


class Listener:
    """One application on one loopback port."""

    def __init__(self, app: web.Application, error_body: ErrorBody, port: int = 0) -> None:
        self._app = app
        self._error_body = error_body
        self._fault: Fault = None
        self._released = asyncio.Event()
        self._site: web.SockSite | None = None
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self.port = port
        app.middlewares.append(self._middleware())

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Bind (a free port the first time, the same one afterwards) and listen."""
        if self._site is None:
            if self._runner.server is None:
                await self._runner.setup()
            held = _bound(self.port)
            self.port = held.getsockname()[1]
            self._site = web.SockSite(self._runner, held, backlog=128)
            await self._site.start()

    async def refuse(self) -> None:
        """Stop listening and drop every connection: new ones are refused."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            self.drop_connections()

    def drop_connections(self) -> None:
        """Close every open connection at once."""
        if self._runner.server is not None:
            for connection in list(self._runner.server.connections):
                connection.force_close()

    async def set_fault(self, fault: Fault) -> None:
        """Misbehave from now on, or behave again. Raises: ValueError for a fault that does not exist."""
        if fault not in FAULTS:
            raise ValueError(f"no such fault: {fault!r}")
        self._fault = fault
        self._released.set()
        self._released = asyncio.Event()
        if fault == "refuse":
            await self.refuse()
        else:
            await self.start()

    async def stop(self) -> None:
        """Stop for good."""
        self._released.set()
        self.drop_connections()
        await self._runner.cleanup()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
            fault = self._fault
            if fault == "hang":
                await self._released.wait()
            if fault == "html":
                return web.Response(text=_LOGIN, content_type="text/html")
            if isinstance(fault, int):
                content_type, body = self._error_body(fault)
                return web.Response(status=fault, text=body, content_type=content_type)
            response = await handler(request)
            return _truncated(response) if fault == "truncated" else response

        return misbehave


def _truncated(response: web.StreamResponse) -> web.StreamResponse:
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    body = response.body
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return web.Response(status=response.status, body=body[: len(body) // 2], content_type=response.content_type)


def _bound(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
    except OSError:
        with contextlib.suppress(OSError):
            held.close()
        raise
    return held


def jenkins_error(status: int) -> tuple[str, str]:
    """Return an error as a Jenkins, or the proxy before it, writes it."""
    return (
        "text/html",
        f"<html><head><title>Error {status}</title></head><body><h2>HTTP ERROR {status}</h2></body></html>",
    )


def vault_error(status: int) -> tuple[str, str]:
    """Return an error as a Vault writes it."""
    words = {401: "unauthorized", 403: "permission denied", 429: "rate limit quota exceeded"}
    return "application/json", '{"errors":["' + words.get(status, "internal error") + '"]}\n'


def kubernetes_error(status: int) -> tuple[str, str]:
    """Return an error as an API server writes it."""
    reasons = {401: "Unauthorized", 403: "Forbidden", 429: "TooManyRequests"}
    reason = reasons.get(status, "InternalError")
    body = (
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"%s","reason":"%s","code":%d}\n'
    )
    return "application/json", body % (reason, reason, status)
