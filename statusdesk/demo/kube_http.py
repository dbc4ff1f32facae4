"""A simulated Kubernetes API server: the HTTP side of a ``KubeCluster``."""

from email.utils import formatdate

import msgspec
from aiohttp import web

from statusdesk.demo.kube_access import Asked
from statusdesk.demo.kube_answers import CLUSTER, Refused, bad_request, big_answer, json_answer, no_such_path, not_found
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_discovery import GROUPS, VERSION, api_group, api_groups, api_resources, api_versions
from statusdesk.demo.kube_faulty import Handler, misbehave
from statusdesk.demo.kube_forms import Forms
from statusdesk.demo.kube_kinds import EVENTS, NEW_EVENTS, Kind, Obj, find_kind
from statusdesk.demo.kube_pages import Pages
from statusdesk.demo.kube_podlog import serve_log
from statusdesk.demo.kube_query import QueryError, Selection, read_number, read_selection
from statusdesk.demo.kube_review import review
from statusdesk.demo.kube_watch import Watch

_PAGES = web.AppKey("pages", Pages)
_MOST_BYTES = 1 << 20


def kube_app(cluster: KubeCluster) -> web.Application:
    """Return the API server of a cluster; who serves it runs the cluster (``cluster.run``) beside it."""
    app = web.Application(middlewares=[misbehave], client_max_size=_MOST_BYTES)
    app[CLUSTER] = cluster
    app[_PAGES] = Pages(cluster.parts.store)
    cluster.on_compact(app[_PAGES].forget)

    async def cut(_: web.Application) -> None:
        cluster.cut_watches()

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(cluster.parts.now_ms() / 1000, usegmt=True)

    app.on_shutdown.append(cut)
    app.on_response_prepare.append(date)
    for path in ("/healthz", "/livez", "/readyz"):
        app.router.add_get(path, _healthy)
    app.router.add_get("/version", _told(VERSION))
    app.router.add_get("/api", _told(api_versions()))
    app.router.add_get("/apis", _told(api_groups()))
    app.router.add_get("/api/v1", _told(api_resources("")))
    for group in GROUPS:
        app.router.add_get(f"/apis/{group}", _told(api_group(group)))
        app.router.add_get(f"/apis/{group}/v1", _told(api_resources(group)))
    app.router.add_post("/apis/authorization.k8s.io/v1/{resource}", _review)
    for base in ("/api/v1", "/apis/{group}/v1"):
        app.router.add_route("*", base + "/namespaces/{namespace}/{resource}/{name}/log", _log)
        app.router.add_route("*", base + "/namespaces/{namespace}/{resource}/{name}", _one)
        app.router.add_route("*", base + "/namespaces/{namespace}/{resource}", _many)
        app.router.add_route("*", base + "/{resource}/{name}", _one)
        app.router.add_route("*", base + "/{resource}", _many)
    app.router.add_route("*", "/{path:.*}", _nothing)
    return app


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _nothing(_: web.Request) -> web.Response:
    raise no_such_path()


def _told(answer: Obj) -> Handler:
    body = msgspec.json.encode(answer)

    async def tell(_: web.Request) -> web.StreamResponse:
        return json_answer(body)

    return tell


async def _review(request: web.Request) -> web.Response:
    resource = request.match_info["resource"]
    if resource not in ("selfsubjectaccessreviews", "selfsubjectrulesreviews"):
        raise no_such_path()
    answer = review(request.app[CLUSTER].access, resource, await request.read())
    return json_answer(msgspec.json.encode(answer), 201)


def _kind(request: web.Request) -> Kind:
    kind = find_kind(request.match_info.get("group", ""), "v1", request.match_info["resource"])
    if kind is None or ("namespace" in request.match_info and not kind.namespaced):
        raise no_such_path()
    return kind


_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def _allow(request: web.Request, kind: Kind, verb: str, name: str = "", sub: str = "") -> str:
    """Return the namespace that a request is about.

    Raises: Refused where the user may not do it; writing is never allowed.
    """
    namespace = request.match_info.get("namespace", "")
    verb = _WRITES.get(request.method, verb)
    asked = name if kind.resource == "namespaces" else namespace
    access = request.app[CLUSTER].access
    may = access.may(verb, kind.resource, asked, sub)
    request.app[CLUSTER].asked[Asked(verb, kind.group, kind.resource + (f"/{sub}" if sub else ""), namespace, may)] += 1
    if not may:
        raise Refused(access.refusal(verb, kind, asked, name, sub))
    return namespace


async def _one(request: web.Request) -> web.StreamResponse:
    kind, name = _kind(request), request.match_info["name"]
    namespace = _allow(request, kind, "get", name)
    if kind.namespaced and not namespace:
        raise no_such_path()
    cluster = request.app[CLUSTER]
    item = cluster.parts.store.get(EVENTS if kind is NEW_EVENTS else kind, namespace, name)
    if item is None:
        raise not_found(kind, name)
    return json_answer(Forms(request, cluster, kind).whole(item))


def _selection(request: web.Request, kind: Kind) -> Selection:
    try:
        return read_selection(kind, request.query)
    except QueryError as error:
        raise bad_request(str(error)) from None


async def _many(request: web.Request) -> web.StreamResponse:
    kind = _kind(request)
    watching = request.query.get("watch") in ("true", "1")
    namespace = _allow(request, kind, "watch" if watching else "list")
    selection = _selection(request, kind)
    forms = Forms(request, request.app[CLUSTER], kind)
    try:
        if watching:
            return await Watch(request, kind, namespace, selection, forms).serve()
        limit = read_number(request.query, "limit") or 0
    except QueryError as error:
        raise bad_request(str(error)) from None
    page = request.app[_PAGES].page(kind, namespace, selection, limit, request.query.get("continue", ""))
    return await big_answer(request, forms.listed(page))


async def _log(request: web.Request) -> web.StreamResponse:
    kind, name = _kind(request), request.match_info["name"]
    if kind.resource != "pods":
        raise no_such_path()
    namespace = _allow(request, kind, "get", name, "log")
    return await serve_log(request, namespace, name)


async def serve_cluster(cluster: KubeCluster, host: str = "127.0.0.1", port: int = 0) -> tuple[web.AppRunner, str]:
    """Serve a cluster and return the runner (``cleanup`` ends it) and the URL."""
    runner = web.AppRunner(kube_app(cluster), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    address = runner.addresses[0]
    return runner, f"http://{host}:{address[1]}"
