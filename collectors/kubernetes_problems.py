"""What can go wrong in a conversation with a Kubernetes API server, as one word and one sentence."""

import re

import msgspec

from collectors.kubernetes_wire import StatusWire
from statusdesk.faults import INTERNAL, told
from statusdesk.text import clean

_USER = re.compile(r'User "([^"]+)"')
_STATUS = msgspec.json.Decoder(StatusWire)
ROLE, NAMES_ROLE = "statusdesk-read", "statusdesk-namespaces"  # as deploy/kubernetes/ names them
_BINDING = "statusdesk-reader"  # the one that is applied with the role binds the service account, under its own name
_SERVICE_ACCOUNT = "system:serviceaccount:statusdesk:statusdesk"


class ApiProblem(Exception):  # noqa: N818  (a fact about the source that happens to travel as an exception)
    """One failed request or broken stream.

    ``problem`` and ``message`` are those of ``facts.Visited``. ``passing`` says that it heals by itself when it
    happens once, so that only its repetition is a failure. ``retry_after_s`` is what the server asked for. ``status``
    and ``said`` are of the answer, if it was one. ``absent`` is the name of the object that the API server itself says
    there is not; any other 404 may be of something in front of it, and says nothing about an object.
    """

    def __init__(
        self,
        problem: str,
        message: str,
        *,
        passing: bool = False,
        retry_after_s: float | None = None,
        status: int = 0,
        said: str = "",
        absent: str = "",
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = clean(message)
        self.passing = passing
        self.retry_after_s = retry_after_s
        self.status = status
        self.said = said
        self.absent = absent


def as_problem(error: Exception) -> ApiProblem:
    """Return what went wrong; a fault of our own, too, is told as the source's, for a silent thread looks healthy."""
    return error if isinstance(error, ApiProblem) else ApiProblem(INTERNAL, told(error))


class Refused(ApiProblem):
    """403: the server knows who we are, and we may not; ``user`` is the name by which it knows us."""

    def __init__(self, message: str) -> None:
        super().__init__("Forbidden", message)
        found = _USER.search(message)
        self.user = clean(found.group(1)) if found else ""


class Expired(ApiProblem):
    """410: the resource version is too old; only a new list helps."""

    def __init__(self, message: str) -> None:
        super().__init__("Gone", message, passing=True)


def problem_of(status: int, body: bytes, headers: dict[str, str], host: str) -> ApiProblem:
    """Return what an answer other than 200 means. ``headers`` have lower-case names."""
    answer = _status_of(body)
    said = clean(answer.message)
    if status == 401:
        return ApiProblem("Unauthorized", f"{host} refuses our credentials (401); renew those of the kubeconfig")
    if status == 403:
        return Refused(said or f"{host} forbids it (403)")
    if status == 410:
        return Expired(said or "resource version too old (410)")
    if status == 429:
        wait_s = _seconds(headers.get("retry-after", ""))
        return ApiProblem("ServerError", f"{host} asks to slow down (429)", passing=True, retry_after_s=wait_s)
    if 300 <= status < 400:
        return ApiProblem("Misconfigured", f"{host} redirects ({status}), which is not followed; is it an API server?")
    absent = ""
    if status == 404:
        problem, message = "Misconfigured", f"{host} has no such path (404); is it a Kubernetes API server?"
        if said:
            message = f"{host} answers {status}: {said}"
        if answer.reason == "NotFound" and answer.details is not None and answer.details.kind:
            absent = answer.details.name
    else:
        problem, message = "ServerError", f"{host} answers {status}" + (f": {said}" if said else "")
    wait_s = _seconds(headers.get("retry-after", ""))
    return ApiProblem(problem, message, retry_after_s=wait_s, status=status, said=said, absent=absent)


def error_event_problem(code: int, message: str) -> ApiProblem:
    """Return what an ERROR event of a watch means."""
    if code == 410:
        return Expired(message or "resource version too old (410)")
    return ApiProblem("ServerError", f"the watch ended with an error ({code}): {message}", passing=True)


def grant(user: str, namespace: str, role: str = ROLE) -> str:
    """Return the commands that let ``user`` read ``namespace``, the whole cluster when empty.

    They apply a file of ``deploy/kubernetes/``, and bind its role to a user who is not the service account in it.
    """
    if namespace:
        apply, kind, roles = f"kubectl apply -n {namespace} -f per-namespace.yaml", "rolebinding", "role"
    else:
        file = "namespaces.yaml" if role == NAMES_ROLE else "cluster-wide.yaml"
        apply, kind, roles = f"kubectl apply -f {file}", "clusterrolebinding", "clusterrole"
    if user == _SERVICE_ACCOUNT:
        return apply
    binding = _BINDING if role == ROLE else f"{role}-reader"
    name = f" -n {namespace}" if namespace else ""
    parts = user.split(":")
    if user.startswith("system:serviceaccount:") and len(parts) == 4:
        who = f" --serviceaccount={parts[2]}:{parts[3]}"
    else:
        who = f" --user={user or 'USER'}"
    return f"{apply}; kubectl create {kind} {binding}{name} --{roles}={role}{who}"


def _status_of(body: bytes) -> StatusWire:
    try:
        status = _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return StatusWire()
    return status if status.kind == "Status" else StatusWire()


def _seconds(text: str) -> float | None:
    return min(float(text), 300.0) if text.isascii() and text.isdigit() else None
