"""Tables, as kubectl asks for them: columns and cells for the kinds a simulated cluster serves."""

import time
from calendar import timegm
from collections.abc import Callable

import msgspec

from statusdesk.demo.kube_kinds import (
    DAEMON_SETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NAMESPACES,
    NEW_EVENTS,
    NODES,
    PODS,
    REPLICA_SETS,
    REVISIONS,
    STATEFUL_SETS,
    Kind,
    Obj,
)
from statusdesk.demo.kube_podtext import pod_restarts, pod_text

Cells = list[object]
_NONE = "<none>"
_AGES = (
    (120, 1, "s", 0, ""),
    (600, 60, "m", 1, "s"),
    (10_800, 60, "m", 0, ""),
    (28_800, 3600, "h", 60, "m"),
    (172_800, 3600, "h", 0, ""),
    (691_200, 86_400, "d", 3600, "h"),
)
_COLUMNS: dict[Kind, str] = {
    PODS: "Name|Ready|Status|Restarts|Age|IP+|Node+|Nominated Node+|Readiness Gates+",
    DEPLOYMENTS: "Name|Ready|Up-to-date#|Available#|Age|Containers+|Images+|Selector+",
    REPLICA_SETS: "Name|Desired#|Current#|Ready#|Age|Containers+|Images+|Selector+",
    STATEFUL_SETS: "Name|Ready|Age|Containers+|Images+",
    DAEMON_SETS: (
        "Name|Desired#|Current#|Ready#|Up-to-date#|Available#|Node Selector|Age|Containers+|Images+|Selector+"
    ),
    REVISIONS: "Name|Controller|Revision#|Age",
    JOBS: "Name|Status|Completions|Duration|Age|Containers+|Images+|Selector+",
    EVENTS: "Last Seen|Type|Reason|Object|Subobject+|Source+|Message|First Seen+|Count+#|Name+",
    NAMESPACES: "Name|Status|Age",
    NODES: "Name|Status|Roles|Age|Version",
}


def columns(kind: Kind) -> list[Obj]:
    """Return the column definitions of a kind; wide ones have priority 1."""
    found = []
    for text in _COLUMNS[EVENTS if kind is NEW_EVENTS else kind].split("|"):
        name = text.rstrip("+#")
        column = {
            "name": name,
            "type": "integer" if "#" in text else "string",
            "format": "name" if name == "Name" and "+" not in text else "",
            "description": f"{name} of the {kind.kind}.",
            "priority": 1 if "+" in text else 0,
        }
        found.append(column)
    return found


def table(kind: Kind, objects: list[Obj], meta: Obj, now_ms: int, include: str, *, headers: bool = True) -> Obj:
    """Return a Table; ``include`` (Metadata, Object, None) is what a row carries beside its cells."""
    rows = []
    for obj in objects:
        row: Obj = {"cells": _CELLS[kind](obj, now_ms // 1000)}
        if include == "Object":
            row["object"] = {"kind": kind.kind, "apiVersion": kind.api_version} | obj
        elif include != "None":
            row["object"] = partial(obj)
        rows.append(row)
    shown = columns(kind) if headers else None
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": shown,
        "rows": rows,
    }


def partial(obj: Obj) -> Obj:
    """Return only the metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def decode(raw: bytes) -> Obj:
    """Return an object from its bytes."""
    found: Obj = msgspec.json.decode(raw)
    return found


def age(stamp: str | None, now_s: int) -> str:
    """Return how long ago, as kubectl prints it: 45s, 2m12s, 71m, 5h2m, 3d4h, 12d."""
    if not stamp:
        return "<unknown>"
    seconds = max(0, now_s - timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")))
    for below, unit, name, small, small_name in _AGES:
        if seconds < below:
            rest = seconds % unit // small if small else 0
            return f"{seconds // unit}{name}" + (f"{rest}{small_name}" if rest else "")
    return f"{seconds // 86400}d"


def _containers(obj: Obj) -> Cells:
    containers = obj["spec"]["template"]["spec"]["containers"]
    return [",".join(c["name"] for c in containers), ",".join(c["image"] for c in containers)]


def _selector(obj: Obj) -> str:
    return ",".join(f"{key}={value}" for key, value in obj["spec"]["selector"]["matchLabels"].items())


def _pod(obj: Obj, now_s: int) -> Cells:
    statuses = obj["status"].get("containerStatuses", [])
    ready = sum(1 for status in statuses if status["ready"])
    restarts, last = pod_restarts(obj)
    told = f"{restarts} ({age(last, now_s)} ago)" if restarts and last else str(restarts)
    cells: Cells = [obj["metadata"]["name"], f"{ready}/{len(obj['spec']['containers'])}", pod_text(obj), told]
    cells += [age(obj["metadata"]["creationTimestamp"], now_s), obj["status"].get("podIP", _NONE)]
    return [*cells, obj["spec"].get("nodeName", _NONE), _NONE, _NONE]


def _deployment(obj: Obj, now_s: int) -> Cells:
    status, wanted = obj["status"], obj["spec"]["replicas"]
    cells: Cells = [obj["metadata"]["name"], f"{status.get('readyReplicas', 0)}/{wanted}"]
    cells += [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [*cells, age(obj["metadata"]["creationTimestamp"], now_s), *_containers(obj), _selector(obj)]


def _replica_set(obj: Obj, now_s: int) -> Cells:
    status = obj["status"]
    cells: Cells = [obj["metadata"]["name"], obj["spec"]["replicas"], status["replicas"]]
    cells += [status.get("readyReplicas", 0), age(obj["metadata"]["creationTimestamp"], now_s)]
    return [*cells, *_containers(obj), _selector(obj)]


def _stateful_set(obj: Obj, now_s: int) -> Cells:
    ready = f"{obj['status'].get('readyReplicas', 0)}/{obj['spec']['replicas']}"
    return [obj["metadata"]["name"], ready, age(obj["metadata"]["creationTimestamp"], now_s), *_containers(obj)]


def _daemon_set(obj: Obj, now_s: int) -> Cells:
    status = obj["status"]
    names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    cells: Cells = [obj["metadata"]["name"], *(status.get(name, 0) for name in names)]
    cells += [status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0), _NONE]
    return [*cells, age(obj["metadata"]["creationTimestamp"], now_s), *_containers(obj), _selector(obj)]


def _revision(obj: Obj, now_s: int) -> Cells:
    owner = obj["metadata"]["ownerReferences"][0]
    controller = f"{owner['kind'].lower()}.apps/{owner['name']}"
    return [obj["metadata"]["name"], controller, obj["revision"], age(obj["metadata"]["creationTimestamp"], now_s)]


def _job(obj: Obj, now_s: int) -> Cells:
    spec, status = obj["spec"], obj["status"]
    wanted, succeeded = spec.get("completions", 1), status.get("succeeded", 0)
    ended = next((each["type"] for each in status.get("conditions", ()) if each["status"] == "True"), "Running")
    cells: Cells = [obj["metadata"]["name"], ended, f"{succeeded}/{wanted}", ""]
    return [*cells, age(obj["metadata"]["creationTimestamp"], now_s), *_containers(obj), _selector(obj)]


def _event(obj: Obj, now_s: int) -> Cells:
    about = obj.get("involvedObject") or obj["regarding"]
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj["eventTime"]
    series = obj.get("series") or {}
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or series.get("lastObservedTime") or first
    source = obj.get("source") or {}
    where = ", ".join(part for part in (source.get("component"), source.get("host")) if part)
    what = f"{about['kind'].lower()}/{about['name']}"
    cells: Cells = [age(last, now_s), obj["type"], obj["reason"], what, about.get("fieldPath", "")]
    cells += [where or obj.get("reportingComponent", ""), (obj.get("message") or obj.get("note", "")).strip()]
    return [*cells, age(first, now_s), obj.get("count") or series.get("count", 1), obj["metadata"]["name"]]


def _namespace(obj: Obj, now_s: int) -> Cells:
    return [obj["metadata"]["name"], obj["status"]["phase"], age(obj["metadata"]["creationTimestamp"], now_s)]


def _node(obj: Obj, now_s: int) -> Cells:
    made = age(obj["metadata"]["creationTimestamp"], now_s)
    return [obj["metadata"]["name"], "Ready", _NONE, made, obj["status"]["nodeInfo"]["kubeletVersion"]]


_CELLS: dict[Kind, Callable[[Obj, int], Cells]] = {
    PODS: _pod,
    DEPLOYMENTS: _deployment,
    REPLICA_SETS: _replica_set,
    STATEFUL_SETS: _stateful_set,
    DAEMON_SETS: _daemon_set,
    REVISIONS: _revision,
    JOBS: _job,
    EVENTS: _event,
    NEW_EVENTS: _event,
    NAMESPACES: _namespace,
    NODES: _node,
}
