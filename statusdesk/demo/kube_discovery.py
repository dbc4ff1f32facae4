"""What a simulated cluster serves, told as kubectl asks for it."""

from statusdesk.demo.kube_kinds import KINDS, Obj

_VERBS = ["get", "list", "watch"]
VERSION: Obj = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-08-21T00:00:00Z",
    "goVersion": "go1.27.3",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_REVIEWS = (
    ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
)
GROUPS = ("apps", "batch", "events.k8s.io", "authorization.k8s.io")


def api_versions() -> Obj:
    """Return the answer to /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_group(name: str) -> Obj:
    """Return the answer to /apis/GROUP."""
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": [version],
        "preferredVersion": version,
    }


def api_groups() -> Obj:
    """Return the answer to /apis."""
    groups = [api_group(name) for name in GROUPS]
    for group in groups:
        del group["kind"], group["apiVersion"]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_resources(group: str) -> Obj:
    """Return the answer to /api/v1 (an empty group) or /apis/GROUP/v1."""
    resources = []
    for kind in KINDS:
        if kind.group != group:
            continue
        resource: Obj = {"name": kind.resource, "singularName": kind.singular, "namespaced": kind.namespaced}
        resource |= {"kind": kind.kind, "verbs": _VERBS}
        if kind.short:
            resource["shortNames"] = list(kind.short)
        if kind.in_all:
            resource["categories"] = ["all"]
        resources.append(resource)
    if not group:
        log: Obj = {"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]}
        resources.append(log)
    if group == "authorization.k8s.io":
        for name, kind_name in _REVIEWS:
            singular = name.removesuffix("s")
            review: Obj = {"name": name, "singularName": singular, "namespaced": False, "kind": kind_name}
            resources.append(review | {"verbs": ["create"]})
    version = f"{group}/v1" if group else "v1"
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
