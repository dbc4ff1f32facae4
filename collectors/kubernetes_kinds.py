"""The kinds that are listed and watched: where they are served, how they are decoded, which fact they become."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from collectors.kubernetes_facts import Translator
from collectors.kubernetes_wire import ListWire, PodEvent, PodWire, WorkloadEvent, WorkloadWire
from statusdesk.facts import Pod, Workload

Fact = Pod | Workload


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind. ``subkind`` is that of its sweeps: a class of facts that is not of one kind needs it.

    ``optional`` is what the board does without where the right to read it, or the API itself, is missing.
    """

    name: str
    resource: str
    group: str
    fact: type
    subkind: str
    page: msgspec.json.Decoder[Any]
    event: msgspec.json.Decoder[Any]
    optional: bool = False

    def path(self, scope: str) -> str:
        """Return the path of the list in a namespace, or of all when ``scope`` is empty."""
        prefix = f"/apis/{self.group}/v1" if self.group else "/api/v1"
        namespace = f"/namespaces/{quote(scope, safe='')}" if scope else ""
        return f"{prefix}{namespace}/{self.resource}"

    @property
    def title(self) -> str:
        """The resource as kubectl and RBAC name it: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def translate(self, translator: Translator) -> Callable[[Any], Fact]:
        """Return the function that makes a fact of a decoded object."""
        if self.fact is Pod:
            return translator.pod
        name = self.name
        return lambda wire: translator.workload(name, wire)

    def key(self, cluster: str, namespace: str, name: str) -> tuple[str, ...]:
        """Return the key that the fact of this object has."""
        return (cluster, namespace, name) if self.fact is Pod else (cluster, namespace, self.name, name)


def _workloads(name: str, group: str = "apps", *, optional: bool = False) -> Kind:
    return Kind(
        name=name,
        resource=f"{name.lower()}s",
        group=group,
        fact=Workload,
        subkind=name,
        page=msgspec.json.Decoder(ListWire[WorkloadWire]),
        event=msgspec.json.Decoder(WorkloadEvent),
        optional=optional,
    )


DEPLOYMENT = _workloads("Deployment")
STATEFUL_SET = _workloads("StatefulSet")
DAEMON_SET = _workloads("DaemonSet")
JOB = _workloads("Job", "batch", optional=True)
POD = Kind(
    name="Pod",
    resource="pods",
    group="",
    fact=Pod,
    subkind="",
    page=msgspec.json.Decoder(ListWire[PodWire]),
    event=msgspec.json.Decoder(PodEvent),
)
KINDS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, POD, JOB)
