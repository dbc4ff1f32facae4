"""A Kubernetes API on loopback whose logs are what a test says: replies in turn, cut, silent, refused."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from collectors.kubernetes_names import AppRules
from collectors.log_lines import LineKind, LogLine, Selection, Target
from collectors.log_track import Patience
from collectors.pod_logs import PodLogs
from statusdesk.config import ClusterSettings
from tests.collectors.kubernetes_server import Answer, Kube, Request, is_selected, wait_for

QUICK = Patience(
    first_wait_s=0.02,
    longest_wait_s=0.1,
    refused_s=0.2,
    poll_s=0.1,
    linger_s=0.0,
    stale_s=0.1,
    end_s=0.5,
    settle_s=0.01,
)


@dataclass
class Reply:
    """One answer to a request for a log. ``end`` is eof, cut (no proper end) or hang (silent until the test ends)."""

    body: bytes | list[bytes] = b""
    end: str = "eof"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    then: Callable[[], object] | None = None
    before: Callable[[], object] | None = None


def stamped(*texts: str | bytes, second: int = 0, start: int = 0) -> bytes:
    """Return lines of one second of 12:00, a millisecond apart."""
    lines = []
    for number, text in enumerate(texts, start):
        raw = text if isinstance(text, bytes) else text.encode()
        lines.append(b"2026-11-22T12:00:%02d.%03d000000Z %s\n" % (second, number, raw))
    return b"".join(lines)


def refusal(status: int, message: str, **headers: str) -> Reply:
    body = json.dumps({"kind": "Status", "message": message, "code": status}).encode()
    return Reply([body], status=status, headers=headers)


def container(name: str = "app", run: str = "run-1", state: dict | None = None, **more: object) -> dict:
    return {"name": name, "containerID": run, "state": state or {"running": {}}} | more


def ended(run: str, code: int = 0, reason: str = "Completed", at: str = "12:00:05") -> dict:
    at = f"2026-11-22T{at}Z"
    return {"terminated": {"exitCode": code, "reason": reason, "containerID": run, "finishedAt": at}}


def pod(
    name: str,
    *containers: dict,
    inits: tuple[dict, ...] = (),
    app: str = "orders",
    uid: str = "",
    workload: str = "",
    kind: str = "Deployment",
    revision: str = "h1",
) -> dict:
    """Return a pod; without an ``app`` it carries no label, with a ``workload`` it belongs to that Deployment.

    Its ``revision`` is the hash of its template; of another ``kind`` a workload owns its pods itself.
    """
    direct = kind != "Deployment"
    owner = {"kind": kind if direct else "ReplicaSet", "name": workload if direct else f"{workload}-{revision}"}

    def asked(some: tuple[dict, ...]) -> list[dict]:
        return [{key: one[key] for key in ("name", "restartPolicy", "image") if key in one} for one in some]

    containers = containers or (container(),)
    return {
        "metadata": {
            "name": name,
            "namespace": "testing",
            "uid": uid or f"uid-{name}",
            "resourceVersion": "101",
            "labels": ({"app.kubernetes.io/name": app} if app else {}) | {"pod-template-hash": revision},
            "ownerReferences": [owner | {"controller": True}] * bool(workload),
        },
        "spec": {"containers": asked(containers), "initContainers": asked(inits)},
        "status": {"containerStatuses": list(containers), "initContainerStatuses": list(inits)},
    }


class LogKube(Kube):
    """``replies`` by container (``app``) or pod and container (``orders-1/app``), one for each request, the last for
    ever; those of the run before may have a name of their own (``app previous``). ``asked_logs`` are the queries."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.asked_logs: list[dict[str, str]] = []

    def show(self, *pods: dict, event: str = "") -> None:
        """Put pods, and send them to the watches as an event."""
        self.put("pods", *pods)
        for one in pods if event else ():
            self.tell(event, one)

    def tell(self, event: str, one: dict) -> None:
        """Send an event to the watches that have asked for such pods."""
        told = json.dumps({"type": event, "object": one}).encode() + b"\n"
        with self._lock:
            for request, parts in self._watches:
                if (request.resource, request.scope) == ("pods", "testing") and is_selected(request, one):
                    parts.put(told)

    def watching(self, resource: str, scope: str = "") -> int:
        """Return how many watches are open; 0 until all are that follow a list."""
        listed = {one.query.get("labelSelector") for one in self.asked(resource, False, scope)}
        with self._lock:
            watches = [one for one, _ in self._watches if (one.resource, one.scope) == (resource, scope)]
        return len(watches) if listed <= {one.query.get("labelSelector") for one in watches} else 0

    def drop(self, name: str) -> None:
        gone = self.objects["pods"].pop(("testing", name))
        self.tell("DELETED", gone)

    def rule_for(self, request: Request) -> Answer | None:
        if (answer := super().rule_for(request)) is not None:
            return answer
        parts = request.path.split("/")
        if request.resource == "log":
            return self._log(parts[-2], request)
        if len(parts) == 7 and parts[5] == "pods":
            found = self.objects["pods"].get(("testing", parts[6]))
            details = {"kind": "pods", "name": parts[6]}
            gone = {"kind": "Status", "code": 404, "reason": "NotFound", "details": details}
            body = json.dumps(found if found is not None else gone).encode()
            return Answer(status=200 if found is not None else 404, body=body)
        return None

    def _log(self, name: str, request: Request) -> Answer:
        self.asked_logs.append({"pod": name} | request.query)
        container = request.query["container"]
        before = self.replies[f"{container} previous"] if "previous" in request.query else []
        replies = before or self.replies[f"{name}/{container}"] or self.replies[container]
        if not replies:
            return Answer(body=[], then=lambda: self.over.wait(20))
        reply = replies.pop(0) if len(replies) > 1 else replies[0]

        def after() -> None:
            if reply.then is not None:
                reply.then()
            if reply.end == "hang":
                self.over.wait(20)

        body = reply.body if isinstance(reply.body, list) else [reply.body] if reply.body else []
        return Answer(reply.status, body, reply.headers, before=reply.before, then=after, cut=reply.end != "eof")


class Follow:
    """A follower of the pods of ``orders`` in ``testing``, and all that was taken from it."""

    def __init__(self, kube: LogKube, kubeconfig: str, patience: Patience = QUICK, **selection: object) -> None:
        settings = ClusterSettings(name="c1", kubeconfig=kubeconfig, request_timeout_s=5.0)
        target = Target(cluster="c1", namespace="testing", app="orders")
        given = {"targets": (target,), "tail": None} | selection
        self.source = PodLogs({"c1": settings}, AppRules(()), Selection(**given), patience)
        self.lines: list[LogLine] = []
        self.source.start()

    def texts(self, kind: LineKind = LineKind.LINE) -> list[str]:
        self.lines += self.source.take(10**6)
        return [line.text for line in self.lines if line.kind == kind]

    def marks(self) -> list[str]:
        return self.texts(LineKind.MARK)

    def said(self) -> list[str]:
        """Return lines and marks in their order, ``! `` before a mark."""
        self.lines += self.source.take(10**6)
        told = (LineKind.MARK, LineKind.CUT)
        return [f"! {line.text}" if line.kind in told else line.text for line in self.lines]

    def wait_said(self, *said: str) -> None:
        wait_for(lambda: len(self.said()) >= len(said), f"{self.said()} {self.source.status()}")
        assert self.said() == list(said)

    def wait_texts(self, *texts: str) -> None:
        wait_for(lambda: len(self.texts()) >= len(texts), f"{self.texts()} {self.source.status()}")
        assert self.texts() == list(texts)

    def wait_problem(self, words: str) -> None:
        wait_for(lambda: words in " ".join(self.source.status().problems), str(self.source.status()))
