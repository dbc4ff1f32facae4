"""Who may read what in a simulated cluster, and how it misbehaves when a test wants it to."""

from dataclasses import dataclass, field
from typing import NamedTuple

from statusdesk.demo.kube_kinds import KINDS, Kind, Obj

READ = ("get", "list", "watch")


class Asked(NamedTuple):
    """One kind of request, in the words of RBAC; an empty ``namespace`` is the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str
    allowed: bool


@dataclass(slots=True)
class Access:
    """What the one user of a cluster may do.

    ``namespaces`` are those that may be read when ``cluster_wide`` is off. ``forbidden`` are namespaces that may not be
    read at all; with one of them nothing may be read cluster-wide, since rights cannot except a namespace.
    What is in ``denied`` is refused everywhere: a resource (``pods/log``), or one verb on it (``watch pods``).
    """

    user: str = "reader"
    cluster_wide: bool = True
    namespaces: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    may_list_namespaces: bool = True

    def may(self, verb: str, resource: str, namespace: str, sub: str = "") -> bool:
        """Return whether the user may do this; an empty namespace is the whole cluster."""
        name = f"{resource}/{sub}" if sub else resource
        if verb not in READ or name in self.denied or f"{verb} {name}" in self.denied:
            return False
        if resource in ("namespaces", "nodes"):
            return self.may_list_namespaces if resource == "namespaces" else self.cluster_wide
        if not any(kind.resource == resource for kind in KINDS):
            return False
        if not namespace:
            return self.cluster_wide and not self.forbidden
        return namespace not in self.forbidden and (self.cluster_wide or namespace in self.namespaces)

    def resource_rules(self, namespace: str) -> list[Obj]:
        """Return the resource rules of a namespace."""
        allowed: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for kind in KINDS:
            where = namespace if kind.namespaced else ""
            verbs = tuple(verb for verb in READ if self.may(verb, kind.resource, where))
            if verbs:
                allowed.setdefault((kind.group, verbs), []).append(kind.resource)
        rules: list[Obj] = [
            {"verbs": list(verbs), "apiGroups": [group], "resources": resources}
            for (group, verbs), resources in allowed.items()
        ]
        if self.may("get", "pods", namespace, "log"):
            rules.append({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]})
        return rules

    def refusal(self, verb: str, kind: Kind, namespace: str, name: str = "", sub: str = "") -> Obj:
        """Return the Status of a refusal."""
        qualified = kind.qualified + (f' "{name}"' if name else "")
        resource = f"{kind.resource}/{sub}" if sub else kind.resource
        where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        what = f'cannot {verb} resource "{resource}" in API group "{kind.group}" {where}'
        details: Obj = {"name": name} if name else {}
        if kind.group:
            details["group"] = kind.group
        details["kind"] = kind.resource
        return status_body(403, "Forbidden", f'{qualified} is forbidden: User "{self.user}" {what}', details)


def status_body(code: int, reason: str, message: str, details: Obj | None = None) -> Obj:
    """Return a Status of failure, with the fields in the order of the API."""
    body: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return body
