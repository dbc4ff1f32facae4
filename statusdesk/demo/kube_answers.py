"""Answers of a simulated API server: JSON, refusals, compression."""

import asyncio
import zlib

import msgspec
from aiohttp import web

from statusdesk.demo.kube_access import status_body
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_kinds import Kind, Obj

CLUSTER = web.AppKey("cluster", KubeCluster)
_COMPRESSED_FROM = 128 * 1024
_HEADERS = {"Cache-Control": "no-cache, private"}


class Refused(Exception):
    """A request that ends in a Status."""

    def __init__(self, body: Obj, headers: dict[str, str] | None = None) -> None:
        super().__init__(body["message"])
        self.body = body
        self.headers = headers or {}

    def answer(self) -> web.Response:
        """Return the answer."""
        return json_answer(msgspec.json.encode(self.body), int(self.body["code"]), self.headers)


def bad_request(message: str) -> Refused:
    """Return the refusal of a malformed request."""
    return Refused(status_body(400, "BadRequest", message))


def not_found(kind: Kind, name: str) -> Refused:
    """Return the refusal of a name that nothing has."""
    details: Obj = {"name": name}
    if kind.group:
        details["group"] = kind.group
    message = f'{kind.qualified} "{name}" not found'
    return Refused(status_body(404, "NotFound", message, details | {"kind": kind.resource}))


def no_such_path() -> Refused:
    """Return the refusal of a path that is not served."""
    message = "the server could not find the requested resource"
    return Refused(status_body(404, "NotFound", message, {}))


def expired(message: str) -> Refused:
    """Return the refusal of a version that is no longer known."""
    return Refused(status_body(410, "Expired", message))


def json_answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer in JSON."""
    told = _HEADERS | (headers or {})
    return web.Response(body=body, status=status, content_type="application/json", headers=told)


async def big_answer(request: web.Request, body: bytes) -> web.Response:
    """Return a list, compressed as the API server does it when it is large and the client takes it."""
    if len(body) < _COMPRESSED_FROM or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return json_answer(body)
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = await asyncio.to_thread(lambda: packer.compress(body) + packer.flush())
    return json_answer(packed, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
