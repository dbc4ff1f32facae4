"""The log of a pod's container over HTTP."""

import asyncio
import datetime

from aiohttp import web

from statusdesk.demo.kube_answers import CLUSTER, bad_request, not_found
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_kinds import PODS
from statusdesk.demo.kube_lograte import LoudLog
from statusdesk.demo.kube_logs import RunLog
from statusdesk.demo.kube_model import ContainerModel, PodModel, Run
from statusdesk.demo.kube_query import QueryError, read_number

_LOOK_S = 0.1
_CHUNK = 1000


async def serve_log(request: web.Request, namespace: str, name: str) -> web.StreamResponse:
    """Serve a log: whole, its end, since a time, the previous run's, or as it grows.

    Raises: Refused
    """
    cluster = request.app[CLUSTER]
    pod = cluster.model_of_pod(namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    container = _container(pod, request.query.get("container", ""))
    run = _run(pod, container, previous=_is_on(request, "previous"))
    per_s = 0.0 if container.init else cluster.parts.loud.get((namespace, pod.workload.app), 0.0)
    log = (
        LoudLog(pod, container, run, per_s)
        if per_s
        else RunLog(pod, container, run, cluster.parts.clock.speed, cluster.parts.flourish)
    )
    try:
        reader = _Reader(request, cluster, log)
    except (QueryError, ValueError) as error:
        raise bad_request(str(error)) from None
    return await reader.serve(pod, follow=_is_on(request, "follow"))


def _is_on(request: web.Request, name: str) -> bool:
    return request.query.get(name) in ("true", "1")


def _container(pod: PodModel, name: str) -> ContainerModel:
    if not name:
        return pod.mains[0]
    for container in pod.containers:
        if container.name == name:
            return container
    raise bad_request(f"container {name} is not valid for pod {pod.name}")


def _run(pod: PodModel, container: ContainerModel, *, previous: bool) -> Run:
    if previous:
        if container.last is None:
            message = f'previous terminated container "{container.name}" in pod "{pod.name}" not found'
            raise bad_request(message)
        return container.last
    if container.run is None:
        why = container.reason or "ContainerCreating"
        why = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}.get(
            why, why
        )
        raise bad_request(f'container "{container.name}" in pod "{pod.name}" is waiting to start: {why}')
    return container.run


class _Reader:
    """Reads one log for one client."""

    def __init__(self, request: web.Request, cluster: KubeCluster, log: RunLog) -> None:
        self._request = request
        self._cluster = cluster
        self._log = log
        self._stamps = _is_on(request, "timestamps")
        self._left = read_number(request.query, "limitBytes")
        now_ms = cluster.parts.now_ms()
        start = log.oldest(now_ms)
        since_s, since = read_number(request.query, "sinceSeconds"), request.query.get("sinceTime", "")
        if since_s is not None:
            start = max(start, log.since(now_ms - since_s * 1000, now_ms))
        elif since:
            moment = datetime.datetime.fromisoformat(since.replace(" ", "+"))
            # The API hands the time on to the kubelet in whole seconds.
            start = max(start, log.since(int(moment.timestamp()) * 1000, now_ms))
        tail = read_number(request.query, "tailLines")
        if tail is not None:
            start = max(start, log.length(now_ms) - tail)
        self._next, self._there = start, log.length(now_ms)
        self._cut = self._cut_mid_line = False

    def _take(self, *, follow: bool) -> bytes:
        """Return the next lines, at most a chunk of them; without ``follow`` of those that were there when asked."""
        there = self._log.length(self._cluster.parts.now_ms()) if follow else self._there
        end = min(there, self._next + _CHUNK)
        text = self._log.lines(self._next, end, stamped=self._stamps).encode()
        self._next = max(self._next, end)
        if self._left is not None:
            text = text[: self._left]
            self._left -= len(text)
        return text

    async def serve(self, pod: PodModel, *, follow: bool) -> web.StreamResponse:
        """Serve the log; following ends with the run, the pod, the client or a cut."""
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "text/plain"
        response.enable_chunked_encoding()
        untie = self._cluster.on_cut(self._be_cut)
        self._cluster.log_cuts.append(self._be_cut)
        try:
            await response.prepare(self._request)
            while not self._cut and self._left != 0:
                ended = self._log.ended or pod.gone
                text = self._take(follow=follow)
                if text:
                    await response.write(text)
                    continue
                if ended or not follow or self._request.transport is None:
                    break
                if self._request.transport.is_closing():
                    break
                await asyncio.sleep(_LOOK_S)
            if self._cut_mid_line and (text := self._take(follow=follow)):
                await response.write(text[: len(text) // 2 + 1])
            if self._cut and self._request.transport is not None:
                self._request.transport.close()
                return response
            await response.write_eof()
        except ConnectionError:
            pass  # the client has gone
        finally:
            untie()
            self._cluster.log_cuts.remove(self._be_cut)
        return response

    def _be_cut(self, mid_line: bool) -> None:
        self._cut, self._cut_mid_line = True, mid_line
