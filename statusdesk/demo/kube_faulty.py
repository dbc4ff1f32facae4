"""How a simulated API server misbehaves when a test wants it to."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from statusdesk.demo.kube_access import status_body
from statusdesk.demo.kube_answers import CLUSTER, Refused
from statusdesk.demo.kube_cluster import KubeCluster

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOOK_S = 0.05
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_STATUS = {
    401: status_body(401, "Unauthorized", "Unauthorized"),
    403: status_body(403, "Forbidden", "forbidden: access denied by policy", {}),
    429: status_body(429, "TooManyRequests", "Too many requests, please try again later.", {"retryAfterSeconds": 1}),
    500: status_body(500, "InternalError", "Internal error occurred: etcdserver: request timed out", {}),
}


@web.middleware
async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer as the fault of the cluster says, or well."""
    cluster = request.app[CLUSTER]
    fault = cluster.faults
    if fault is None:
        return await _well(cluster, request, handler)
    if fault == "hang":
        return await _hang(cluster, request)
    if fault == "refuse":
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault == "html":
        return web.Response(body=_PAGE, content_type="text/html")
    if fault == "truncated":
        return await _truncated(request)
    refused = Refused(_STATUS[int(fault)], {"Retry-After": "1"} if fault == 429 else None)
    return refused.answer()


async def _well(cluster: KubeCluster, request: web.Request, handler: Handler) -> web.StreamResponse:
    if cluster.token is not None and request.headers.get("Authorization") != f"Bearer {cluster.token}":
        return Refused(_STATUS[401]).answer()
    try:
        return await handler(request)
    except Refused as refused:
        return refused.answer()


async def _hang(cluster: KubeCluster, request: web.Request) -> web.StreamResponse:
    """Accept, and never answer, as long as the fault lasts and the client is there."""
    while cluster.faults == "hang" and request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_LOOK_S)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"meta')
    if request.transport is not None:
        request.transport.close()
    return response
