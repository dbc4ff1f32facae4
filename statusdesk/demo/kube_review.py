"""Access reviews: what a client may do, asked by itself."""

import msgspec

from statusdesk.demo.kube_access import Access
from statusdesk.demo.kube_answers import bad_request
from statusdesk.demo.kube_kinds import Obj
from statusdesk.demo.kube_protobuf import read_review


def review(access: Access, resource: str, body: bytes) -> Obj:
    """Answer a SelfSubjectAccessReview or a SelfSubjectRulesReview.

    Raises: Refused for a body that is none.
    """
    try:
        asked = read_review(body, resource) if body.startswith(b"k8s\0") else msgspec.json.decode(body)
        spec = asked["spec"]
        if resource == "selfsubjectrulesreviews":
            return _rules(access, spec)
        return _access(access, spec)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError):
        raise bad_request("the object provided is unrecognized (must be of type SelfSubjectReview)") from None


def _answer(kind: str, spec: Obj, status: Obj) -> Obj:
    head = {"kind": kind, "apiVersion": "authorization.k8s.io/v1"}
    return head | {"metadata": {}, "spec": spec, "status": status}


def _rules(access: Access, spec: Obj) -> Obj:
    paths = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"]
    rules = access.resource_rules(spec.get("namespace", ""))
    own = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    rules.append({"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": own})
    told = [{"verbs": ["get"], "nonResourceURLs": paths}]
    status = {"resourceRules": rules, "nonResourceRules": told, "incomplete": False}
    return _answer("SelfSubjectRulesReview", {}, status)


def _access(access: Access, spec: Obj) -> Obj:
    asked = spec.get("resourceAttributes")
    if asked is None:
        allowed = spec.get("nonResourceAttributes", {}).get("verb") == "get"
    else:
        resource, _, sub = asked.get("resource", "").partition("/")
        sub = asked.get("subresource", sub)
        allowed = access.may(asked.get("verb", ""), resource, asked.get("namespace", ""), sub)
    status: Obj = {"allowed": allowed}
    if allowed:
        binding = 'ClusterRoleBinding "statusdesk-read" of ClusterRole "statusdesk-read"'
        status["reason"] = f'RBAC: allowed by {binding} to User "{access.user}"'
    return _answer("SelfSubjectAccessReview", spec, status)
