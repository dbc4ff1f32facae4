"""Keeps the pods of one target in mind: lists them, watches them, and lists again where watching is refused."""

import threading
from collections.abc import Callable

import msgspec

from collectors.kubernetes_api import KubernetesApi, Stream
from collectors.kubernetes_names import AppRules
from collectors.kubernetes_pages import all_pages
from collectors.kubernetes_problems import ApiProblem, Refused, as_problem, error_event_problem, grant
from collectors.kubernetes_wire import AddedWire, BookmarkWire, DeletedWire, ErrorWire, ModifiedWire
from collectors.log_lines import Target
from collectors.log_owners import owners_of
from collectors.log_pods import ONE_POD, POD_EVENT, PODS_PAGE, Choice, LogPod, LogPodWire, Query
from statusdesk.backoff import doubled

WATCH_S = 270
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 15.0


class Cluster(msgspec.Struct):
    """Where pods are, and by which connection they are read."""

    name: str
    api: KubernetesApi


class Roster:
    """The pods of a target that a query finds, kept by a thread of its own; that calls ``changed`` after each change.

    The workloads by which pods are the target's are those of the last list.
    """

    def __init__(
        self,
        api: KubernetesApi,
        target: Target,
        rules: AppRules,
        changed: Callable[[], None],
        poll_s: float,
        query: Query = (),
    ) -> None:
        self.target = target
        self.problem = ""
        self.answered = False
        """Whether the pods were listed, or it was said why not."""
        self.first: frozenset[str] = frozenset()
        """The uids of the pods that were there at the beginning."""
        self._listed = False
        self._api = api
        self._choice, self._rules = Choice(target, rules), rules
        self._changed = changed
        self._poll_s = poll_s
        self._pods: dict[str, LogPod] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stream: Stream | None = None
        self._query = query
        self._failures = 0

    def start(self) -> None:
        threading.Thread(target=self._run, name="log-roster", daemon=True).start()

    def close(self) -> None:
        self._over.set()
        if (stream := self._stream) is not None:
            stream.close()

    def pods(self) -> list[LogPod]:
        """Return the pods as far as they are known."""
        with self._lock:
            return list(self._pods.values())

    def ask(self, name: str, uid: str) -> LogPod | None:
        """Ask for one pod now; None when it has gone, or another one has its name. Raises: ApiProblem.

        One that may be listed, but not asked for, is as it was listed. A 404 that does not name the pod is of something
        in front of the API server: only a list or a watch tells then that it has gone.
        """
        path = f"{self._choice.path()}/{name}"
        try:
            wire = ONE_POD.decode(self._api.get(path))
        except Refused:
            with self._lock:
                return self._pods.get(uid)
        except ApiProblem as problem:
            with self._lock:
                is_listed = uid in self._pods
            if problem.status != 404 or (problem.absent != name and is_listed):
                raise
            wire = None
        except msgspec.DecodeError as error:
            raise ApiProblem("NotJson", f"{self._api.host} answers with something else than a pod ({error})") from error
        pod = self._choice.pod(wire) if wire is not None else None
        if pod is None or pod.uid != uid:
            with self._lock:
                self._pods.pop(uid, None)
            return None
        with self._lock:
            self._pods[uid] = pod
        return pod

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._watch(self._list())
            except Exception as error:  # the edge of this thread: a fault of ours is told, too, and tried again
                problem = as_problem(error)
                if not problem.passing:
                    self.problem, self.answered = self._told(problem), True
                    self._changed()
                self._failures += 1
                wait_s = doubled(FIRST_WAIT_S, self._failures, LONGEST_WAIT_S)
                self._over.wait(max(wait_s, problem.retry_after_s or 0.0))

    def _told(self, problem: ApiProblem) -> str:
        namespace = self.target.namespace
        if isinstance(problem, Refused):
            return f"{problem.user or 'we'} may not read pods in {namespace}: {grant(problem.user, namespace)}"
        return problem.message

    def _list(self) -> str:
        """List the pods; return the version to watch from. Raises: ApiProblem."""
        found, version = all_pages(self._api, self._choice.path(), self._query, PODS_PAGE)
        if any(map(self._choice.may_own, found)):
            self._choice.own(owners_of(self._api, self.target.namespace, self.target.app, self._rules))
        pods = {pod.uid: pod for pod in map(self._choice.pod, found) if pod is not None}
        if not self._listed:
            self.first, self._listed = frozenset(pods), True
        with self._lock:
            self._pods = pods
        self.answered, self.problem = True, ""
        self._changed()
        return version

    def _watch(self, version: str) -> None:
        """Follow the changes until they have to be listed anew. Raises: ApiProblem."""
        while not self._over.is_set():
            query = [*self._query, ("watch", "1"), ("resourceVersion", version), ("allowWatchBookmarks", "true")]
            try:
                stream = self._api.stream(self._choice.path(), [*query, ("timeoutSeconds", str(WATCH_S))])
            except Refused:
                self._over.wait(self._poll_s)
                return
            self._stream = stream
            try:
                newest = self._events(stream, version)
            finally:
                stream.dispose()
            if newest == version:
                self._over.wait(self._poll_s)
                return  # nothing came: it may be a version that is too old, which some servers do not say
            version = newest

    def _events(self, stream: Stream, version: str) -> str:
        rest = b""
        if self._over.is_set():
            return version
        try:
            for chunk in stream.chunks():
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    version = self._event(line) or version
                    # not by a list alone: then a watch that always fails would be asked for on and on
                    self._failures = 0
                self._changed()
        except ApiProblem as problem:
            if not problem.passing:
                raise
        except msgspec.DecodeError as error:
            raise ApiProblem("NotJson", f"{self._api.host} sends a watch that is no JSON ({error})") from error
        return version

    def _event(self, line: bytes) -> str:
        if not line.strip():
            return ""
        event = POD_EVENT.decode(line)
        if isinstance(event, ErrorWire):
            raise error_event_problem(event.object.code, event.object.message)
        if isinstance(event, BookmarkWire):
            return event.object.metadata.resource_version
        assert isinstance(event, AddedWire | ModifiedWire | DeletedWire)
        wire: LogPodWire = event.object
        pod = self._choice.pod(wire)
        with self._lock:
            if pod is None or isinstance(event, DeletedWire):
                self._pods.pop(wire.metadata.uid, None)
            else:
                self._pods[pod.uid] = pod
        return wire.metadata.resource_version
