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


class Lack(msgspec.Struct, frozen=True):
    """A right that is missing: by which name the server knows us, empty where it does not tell, and what it costs.

    ``whole``: it is to be given in the whole cluster.
    """

    user: str
    loss: str = ""
    whole: bool = False


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one thing works. ``namespace`` is empty for the whole cluster; ``message`` says how to mend it.

    ``optional``: the board works without it. ``lack`` is set where all that is missing is a right of the role.
    """

    verb: str
    resource: str
    ok: bool
    namespace: str = ""
    message: str = ""
    optional: bool = False
    lack: Lack | None = None


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
        user = _user(api)
        whole = [_list(api, kind, "", user) for kind in KINDS]
        # an older server says who we are only where it refuses
        user = user or next((result.lack.user for result in whole if result.lack is not None), "")
        refused = [kind for kind, result in zip(KINDS, whole, strict=True) if not result.ok]
        results, names = [version, *whole], list(Interest(namespaces).names)
        if refused and Interest(namespaces).globs:
            result, found = _namespaces(api, Interest(namespaces), user)
            results.append(result)
            names = list(dict.fromkeys((*names, *found)))[:MOST_NAMESPACES]
        results += [_list(api, kind, name, user) for kind in refused for name in names]
        user = user or next((result.lack.user for result in results if result.lack is not None), "")
        for name in names or ["default"]:
            results += _rights(api, name, user, whole=not any(result.lack for result in whole))
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


def _list(api: KubernetesApi, kind: Kind, namespace: str, user: str) -> ProbeResult:
    lack, message = None, ""
    loss = f"{kind.resource} are not shown" if kind.optional else ""
    try:
        api.get(kind.path(namespace), [("limit", "1")])
    except Refused as refused:
        lack = Lack(user or refused.user, loss, whole=not namespace)
        message = grant(lack.user, namespace)
    except ApiProblem as problem:
        message = problem.message
    said = f"{loss} without it: {message}" if message and loss else message
    what = {"verb": "list", "resource": kind.title, "namespace": namespace}
    return ProbeResult(**what, ok=not message, message=said, optional=kind.optional, lack=lack)


def _namespaces(api: KubernetesApi, interest: Interest, user: str) -> tuple[ProbeResult, list[str]]:
    found: list[str] = []
    message = ""
    try:
        page = _NAMES_PAGE.decode(api.get(NAMESPACES_PATH, [("limit", "500")]))
        found = [item.metadata.name for item in page.items or () if item.metadata.name in interest]
    except Refused as refused:
        message = grant(user or refused.user, "", NAMES_ROLE)
    except ApiProblem as problem:
        message = problem.message
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = f"{api.host} answers with something else than a list"
    return ProbeResult(verb="list", resource="namespaces", ok=not message, message=message), found


def _rights(api: KubernetesApi, namespace: str, user: str, *, whole: bool) -> Iterator[ProbeResult]:
    """Yield our rights in a namespace; ``whole``: lists are allowed in the whole cluster, and so the rest should be."""
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
        lack, message = None, ""
        if not ok and rules.incomplete:
            message = "the server cannot tell all of our rights; it may be allowed all the same"
        elif not ok:
            lack = None if problem else Lack(user, loss, whole)
            message = problem or grant(user, "" if whole else namespace)
        if loss and not ok:
            message = f"{loss} without it: {message}"
        what = {"verb": verb, "resource": title, "namespace": namespace}
        yield ProbeResult(**what, ok=ok, message=message, optional=bool(loss), lack=lack)
