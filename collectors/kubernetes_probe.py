"""What a cluster lets us do, asked right by right; for ``statusdesk check``."""

from collections.abc import Iterator, Sequence

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_kinds import KINDS, Kind
from collectors.kubernetes_names import Interest
from collectors.kubernetes_problems import NAMES_ROLE, ApiProblem, Refused, grant
from collectors.kubernetes_wire import ListWire, NamedWire, VersionWire, Wire
from statusdesk.config import ClusterSettings
from statusdesk.text import clean

MOST_NAMESPACES = 40
USER_PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
RULES_PATH = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"

NAMESPACES_PATH = "/api/v1/namespaces"
_NAMES_PAGE = msgspec.json.Decoder(ListWire[NamedWire])


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one thing works. ``namespace`` is empty for the whole cluster; ``message`` says how to mend it.

    ``optional``: the board works without it.
    """

    verb: str
    resource: str
    ok: bool
    namespace: str = ""
    message: str = ""
    optional: bool = False


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


class _UserWire(Wire):
    username: str


class _UserInfoWire(Wire):
    user_info: _UserWire


class _WhoWire(Wire):
    status: _UserInfoWire


class _ReviewWire(Wire):
    status: _RulesWire


def probe(settings: ClusterSettings, namespaces: Sequence[str]) -> list[ProbeResult]:
    """Ask the cluster for its version, a list of each kind, and our rights to watch and to read logs.

    Lists are asked for in the whole cluster, and where that is refused in each namespace of interest. The rights come
    from ``SelfSubjectRulesReview``, a POST that stores nothing, once per namespace.
    """
    api = KubernetesApi(settings)
    try:
        version = _version(api)
        if not version.ok:
            return [version]
        whole = [_list(api, kind, "") for kind in KINDS]
        refused = [kind for kind, result in zip(KINDS, whole, strict=True) if not result.ok]
        results, names = [version, *whole], list(Interest(namespaces).names)
        if refused and Interest(namespaces).globs:
            result, found = _namespaces(api, Interest(namespaces))
            results.append(result)
            names = list(dict.fromkeys((*names, *found)))[:MOST_NAMESPACES]
        results += [_list(api, kind, name) for kind in refused for name in names]
        user = _user(api)
        for name in names or ["default"]:
            results += _rights(api, name, user)
        return results
    finally:
        api.close()


def _user(api: KubernetesApi) -> str:
    """Return the name by which the server knows us; empty where it does not tell (before Kubernetes 1.28)."""
    body: dict[str, object] = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        told = msgspec.json.decode(api.ask(USER_PATH, body), type=_WhoWire)
    except (ApiProblem, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return clean(told.status.user_info.username)


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
    if not ok and kind.optional:
        message = f"{kind.resource} are not shown without it: {message}"
    optional = kind.optional
    return ProbeResult(verb="list", resource=kind.title, namespace=namespace, ok=ok, message=message, optional=optional)


def _namespaces(api: KubernetesApi, interest: Interest) -> tuple[ProbeResult, list[str]]:
    found: list[str] = []
    message = ""
    try:
        page = _NAMES_PAGE.decode(api.get(NAMESPACES_PATH, [("limit", "500")]))
        found = [item.metadata.name for item in page.items or () if item.metadata.name in interest]
    except Refused as refused:
        message = grant(refused.user, "", NAMES_ROLE)
    except ApiProblem as problem:
        message = problem.message
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = f"{api.host} answers with something else than a list"
    return ProbeResult(verb="list", resource="namespaces", ok=not message, message=message), found


def _try_list(api: KubernetesApi, path: str, namespace: str) -> tuple[bool, str]:
    try:
        api.get(path, [("limit", "1")])
    except Refused as refused:
        return False, grant(refused.user, namespace)
    except ApiProblem as problem:
        return False, problem.message
    return True, ""


def _rights(api: KubernetesApi, namespace: str, user: str) -> Iterator[ProbeResult]:
    # the last is what is lost without a right that the board can do without
    wanted = [("watch", k.group, k.resource, k.title, f"{k.resource} are polled" if k.optional else "") for k in KINDS]
    wanted += [("list", "apps", name, f"{name}.apps", "") for name in ("replicasets", "controllerrevisions")]
    wanted += [("get", "", "pods/log", "pods/log", "no log is shown or kept"), ("list", "", "events", "events", "")]
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
    for verb, group, resource, title, loss in wanted:
        ok = any(rule.allows(verb, group, resource) for rule in rules.resource_rules or ())
        if ok:
            message = ""
        elif rules.incomplete:
            message = "the server cannot tell all of our rights; it may be allowed all the same"
        else:
            message = problem or grant(user, namespace)
        if loss and not ok:
            message = f"{loss} without it: {message}"
        yield ProbeResult(verb=verb, resource=title, namespace=namespace, ok=ok, message=message, optional=bool(loss))
