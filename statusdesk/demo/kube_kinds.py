"""The kinds of objects a simulated cluster serves."""

from dataclasses import dataclass
from typing import Any

Obj = dict[str, Any]
"""An object as the API tells it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object; ``bare`` is what a bookmark of it carries besides its metadata."""

    resource: str
    kind: str
    group: str
    version: str
    singular: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    in_all: bool = False
    bare: str = ""

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """How refusals name the resource: ``pods``, ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def prefix(self) -> bytes:
        """The beginning of an object that stands alone; objects in lists do without."""
        return f'{{"kind":"{self.kind}","apiVersion":"{self.api_version}",'.encode()


_TEMPLATE = '"template":{"metadata":{},"spec":{"containers":null}}'
NAMESPACES = Kind(
    "namespaces", "Namespace", "", "v1", "namespace", ("ns",), namespaced=False, bare=',"spec":{},"status":{}'
)
NODES = Kind(
    "nodes",
    "Node",
    "",
    "v1",
    "node",
    ("no",),
    namespaced=False,
    bare=',"spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}},"nodeInfo":{}}',
)
PODS = Kind("pods", "Pod", "", "v1", "pod", ("po",), in_all=True, bare=',"spec":{"containers":null},"status":{}')
EVENTS = Kind("events", "Event", "", "v1", "event", ("ev",), bare=',"involvedObject":{},"source":{}')
NEW_EVENTS = Kind("events", "Event", "events.k8s.io", "v1", "event", ("ev",), bare=',"eventTime":null,"regarding":{}')
DEPLOYMENTS = Kind(
    "deployments",
    "Deployment",
    "apps",
    "v1",
    "deployment",
    ("deploy",),
    in_all=True,
    bare=f',"spec":{{"replicas":0,"selector":null,{_TEMPLATE},"strategy":{{}}}},"status":{{}}',
)
REPLICA_SETS = Kind(
    "replicasets",
    "ReplicaSet",
    "apps",
    "v1",
    "replicaset",
    ("rs",),
    in_all=True,
    bare=f',"spec":{{"selector":null,{_TEMPLATE}}},"status":{{"replicas":0}}',
)
STATEFUL_SETS = Kind(
    "statefulsets",
    "StatefulSet",
    "apps",
    "v1",
    "statefulset",
    ("sts",),
    in_all=True,
    bare=f',"spec":{{"selector":null,{_TEMPLATE},"serviceName":""}},"status":{{"replicas":0}}',
)
DAEMON_SETS = Kind(
    "daemonsets",
    "DaemonSet",
    "apps",
    "v1",
    "daemonset",
    ("ds",),
    in_all=True,
    bare=f',"spec":{{"selector":null,{_TEMPLATE},"updateStrategy":{{}}}},"status":{{}}',
)
REVISIONS = Kind(
    "controllerrevisions", "ControllerRevision", "apps", "v1", "controllerrevision", bare=',"data":null,"revision":0'
)
JOBS = Kind("jobs", "Job", "batch", "v1", "job", in_all=True, bare=f',"spec":{{{_TEMPLATE}}},"status":{{}}')

KINDS = (
    NAMESPACES,
    NODES,
    PODS,
    EVENTS,
    NEW_EVENTS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    DAEMON_SETS,
    REVISIONS,
    JOBS,
)
WORKLOADS = {"Deployment": DEPLOYMENTS, "StatefulSet": STATEFUL_SETS, "DaemonSet": DAEMON_SETS}


def find_kind(group: str, version: str, resource: str) -> Kind | None:
    """Return the kind served at this place, if any."""
    for kind in KINDS:
        if (kind.group, kind.version, kind.resource) == (group, version, resource):
            return kind
    return None
