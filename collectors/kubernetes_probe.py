"""What a cluster lets us do, asked right by right; for ``statusdesk check``."""

from collections.abc import Iterator, Sequence

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_kinds import KINDS, Kind
from collectors.kubernetes_names import Interest
from collectors.kubernetes_problems import ApiProblem, Refused, grant
from collectors.kubernetes_wire import VersionWire, Wire
from statusdesk.config import ClusterSettings
from statusdesk.text import clean

RULES_PATH = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one thing works. ``namespace`` is empty for the whole cluster; ``message`` says how to mend it."""

    verb: str
    resource: str
    ok: bool
    namespace: str = ""
    message: str = ""


class _RuleWire(Wire):
    verbs: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None

    def allows(self, verb: str, group: str, resource: str) -> bool:
        wanted = ((self.verbs, verb), (self.api_groups, group), (self.resources, resource))
        return all(name in (given or ()) or "*" in (given or ()) for given, name in wanted)


class _RulesWire(Wire):
    resource_rules: list[_RuleWire] | None = None
    incomplete: bool = False


class _ReviewWire(Wire):
    status: _RulesWire


def probe(settings: ClusterSettings, namespaces: Sequence[str]) -> list[ProbeResult]:
    """Ask the cluster for its version, a list of each kind, and our rights to watch and to read logs.

    Lists are asked for in the whole cluster, and where that is refused in each namespace that is named in full. The
    rights come from ``SelfSubjectRulesReview``, a POST that stores nothing, once per namespace.
    """
    api = KubernetesApi(settings)
    try:
        version = _version(api)
        if not version.ok:
            return [version]
        names = Interest(namespaces).names
        results = [version]
        by_namespace = False
        for kind in KINDS:
            whole = _list(api, kind, "")
            if kind.optional and not whole.ok:
                why = f"not granted, so {kind.resource} are not shown: {whole.message}"
                whole = msgspec.structs.replace(whole, ok=True, message=why)
            results.append(whole)
            if not whole.ok:
                by_namespace = True
                results += [_list(api, kind, name) for name in names]
        if by_namespace and Interest(namespaces).globs:
            results.append(_namespaces(api))
        for name in names or ("default",):
            results += _rights(api, name)
        return results
    finally:
        api.close()


def _version(api: KubernetesApi) -> ProbeResult:
    try:
        version = msgspec.json.decode(api.get("/version"), type=VersionWire).git_version
    except ApiProblem as problem:
        return ProbeResult(verb="get", resource="version", ok=False, message=problem.message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = f"{api.host} does not answer as a Kubernetes API server does"
        return ProbeResult(verb="get", resource="version", ok=False, message=message)
    return ProbeResult(verb="get", resource="version", ok=True, message=clean(version))


def _list(api: KubernetesApi, kind: Kind, namespace: str) -> ProbeResult:
    ok, message = _try_list(api, kind.path(namespace), namespace)
    return ProbeResult(verb="list", resource=kind.title, namespace=namespace, ok=ok, message=message)


def _namespaces(api: KubernetesApi) -> ProbeResult:
    ok, message = _try_list(api, "/api/v1/namespaces", "")
    return ProbeResult(verb="list", resource="namespaces", ok=ok, message=message)


def _try_list(api: KubernetesApi, path: str, namespace: str) -> tuple[bool, str]:
    try:
        api.get(path, [("limit", "1")])
    except Refused as refused:
        return False, grant(refused.user, namespace)
    except ApiProblem as problem:
        return False, problem.message
    return True, ""


def _rights(api: KubernetesApi, namespace: str) -> Iterator[ProbeResult]:
    wanted = [("watch", kind.group, kind.resource, kind.title) for kind in KINDS if not kind.optional]
    wanted += [("list", "apps", name, f"{name}.apps") for name in ("replicasets", "controllerrevisions")]
    wanted += [("get", "", "pods/log", "pods/log"), ("list", "", "events", "events")]
    body: dict[str, object] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    problem, rules = "", _RulesWire()
    try:
        rules = msgspec.json.decode(api.ask(RULES_PATH, body), type=_ReviewWire).status
    except ApiProblem as failed:
        problem = f"cannot ask for our rights: {failed.message}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = f"cannot ask for our rights: {api.host} answers with something else"
    for verb, group, resource, title in wanted:
        ok = any(rule.allows(verb, group, resource) for rule in rules.resource_rules or ())
        if ok:
            message = ""
        elif rules.incomplete:
            message = "the server cannot tell all of our rights; it may be allowed all the same"
        else:
            message = problem or grant("", namespace)
        yield ProbeResult(verb=verb, resource=title, namespace=namespace, ok=ok, message=message)
