"""One connection to Vault, through hvac; every way to fail becomes a problem and one sentence.

hvac would take the operator's own token from the environment or home, follow redirects with the token, and return
other types than on success; so it is given an explicit token, follows none, and hands out its raw responses.
"""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from collectors.authorities import authorities
from collectors.masking import Mask
from collectors.pace import RETRY_AFTER_LIMIT_S
from collectors.transport import (
    VisitFailed,
    not_json,
    plain_url,
    read_body,
    retry_after_s,
    secret_of,
    told_failures,
)
from collectors.vault_facts import tail
from collectors.vault_wire import (
    CapabilitiesEnvelope,
    CertificateEnvelope,
    CertificateWire,
    Envelope,
    Errors,
    HealthWire,
    SecretIdEnvelope,
    SecretIdWire,
    TokenWire,
    TuneEnvelope,
)
from statusdesk.config import VaultSettings
from statusdesk.redact import looks_secret
from statusdesk.text import clean, span

if TYPE_CHECKING:
    import requests

D = TypeVar("D")
CONNECT_S = 2.0
TOTAL_SHARE = 3.0  # a whole answer may take this many times the time-out of one read
MAX_BODY_BYTES = 1024 * 1024
RATE_LIMITED = "RateLimited"
_SETTING = "[vault] address"


def policy_line(path: str, capability: str) -> str:
    """Return the line of a policy that allows this at a path."""
    return f'path "{clean(path)}" {{ capabilities = ["{capability}"] }}'


LOOKUP_SELF_RULE = policy_line("auth/token/lookup-self", "read")
RENEW_SELF_RULE = policy_line("auth/token/renew-self", "update")
LOOKUP_PATH = "auth/token/lookup-accessor"
LOOKUP_RULE = policy_line(LOOKUP_PATH, "update")
CAPABILITIES_RULE = policy_line("sys/capabilities-self", "update")
POLICY = """\
# Look up tokens by accessor; no other parameter may be sent.
path "auth/token/lookup-accessor" {
  capabilities       = ["update"]
  allowed_parameters = { "accessor" = [] }
}
# Only our own token: how long it lives. Nothing is renewed.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
"""
"""The least that our own token's policy must allow; ``sys/health`` needs none."""


class AccessorUnknown(Exception):
    """Vault knows no token of this accessor: expired, revoked, used up, or never there; it does not tell which."""


class TokenProblem(VisitFailed):
    """The look-up of one token failed for a reason that says nothing about the others."""


def refused_alone(where: str, accessor: str) -> TokenProblem:
    """Return the refusal of one look-up where others are answered: the policy has the path, and names accessors."""
    said = "lets our token look up others and not this one (403): in its policy"
    mend = f"add the accessor that ends in {tail(accessor)} to the allowed_parameters of {LOOKUP_PATH}"
    return TokenProblem("Forbidden", f"{where} {said} {mend}")


class VaultApi:
    """A connection for one thread."""

    def __init__(self, settings: VaultSettings, secret: str) -> None:
        self._settings = settings
        self._address = plain_url(settings.address)
        self._where = f"Vault at {clean(self._address)}"
        self._secret = secret
        self._mask = Mask(secret)
        self._prepared: requests.PreparedRequest | None = None
        self._clients: dict[bool, Any] = {}  # hvac.Client has no types

    @classmethod
    def connect(cls, settings: VaultSettings, token: Callable[[], str] | None) -> "VaultApi":
        """Make a connection with the token as it is now. Raises: VisitFailed when the token cannot be had."""
        return cls(settings, secret_of(token, "the Vault token"))

    @property
    def where(self) -> str:
        return self._where

    @property
    def has_secret(self) -> bool:
        return bool(self._secret)

    def same_secret(self, other: Self) -> bool:
        return self._secret == other._secret

    def another(self) -> "VaultApi":
        """Return a connection like this one for another thread."""
        return VaultApi(self._settings, self._secret)

    def health(self) -> HealthWire:
        """Return what the server says of itself, whatever status it says it with.

        Without token and namespace: the first is not needed, the second makes Vault refuse.

        Raises: VisitFailed
        """
        response, body = self._call(lambda client: client.sys.read_health_status(method="GET"), bare=True)
        try:
            return msgspec.json.decode(body, type=HealthWire)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            if response.status_code == 200:
                raise self._not_json(body) from None
        raise self._refusal(response, body)

    def own(self) -> TokenWire:
        """Return our own token. Raises: VisitFailed"""
        response, body = self._call(lambda client: client.auth.token.lookup_self())
        if response.status_code != 200:
            raise self._refusal(response, body, LOOKUP_SELF_RULE)
        return self._token(body)

    def renew_own(self) -> None:
        """Renew our own token; the only thing that is ever written. Raises: VisitFailed"""
        response, body = self._call(lambda client: client.auth.token.renew_self())
        if response.status_code != 200:
            raise self._refusal(response, body, RENEW_SELF_RULE)

    def may(self, path: str) -> frozenset[str]:
        """Return the capabilities of our own token at a path, by ``sys/capabilities-self``. Raises: VisitFailed"""
        response, body = self._call(
            lambda client: client.adapter.post("/v1/sys/capabilities-self", json={"paths": [path]})
        )
        if response.status_code != 200:
            raise self._refusal(response, body, CAPABILITIES_RULE)
        return frozenset(self._decoded(body, CapabilitiesEnvelope).data.capabilities)

    def secret_id(self, mount: str, role: str, accessor: str) -> SecretIdWire:
        """Return a secret-id by its accessor. Raises: AccessorUnknown, TokenProblem, VisitFailed"""
        response, body = self._call(
            lambda client: client.auth.approle.read_secret_id_accessor(role, accessor, mount_point=mount)
        )
        if response.status_code == 200:
            return self._decoded(body, SecretIdEnvelope).data
        said = body.decode("utf-8", "replace")
        if response.status_code in (404, 500) and "failed to find accessor entry" in said:
            raise AccessorUnknown
        rule = policy_line(f"auth/{mount}/role/{role}/secret-id-accessor/lookup", "update")
        raise self._of_one(self._refusal(response, body, rule, accessor), body)

    def certificate(self, mount: str, serial: str) -> CertificateWire:
        """Return a certificate by its serial number. Raises: AccessorUnknown, TokenProblem, VisitFailed"""
        path = f"{mount}/cert/{serial.lower().replace('-', ':')}"
        response, body = self._call(lambda client: client.adapter.get(f"/v1/{path}"))
        if response.status_code == 200:
            return self._decoded(body, CertificateEnvelope).data
        if response.status_code == 404 and _is_refusal(body) and not _errors(body):
            raise AccessorUnknown
        rule = f"{policy_line(path, 'read')}, or check mount: of a pki mount anybody may read this"
        raise self._of_one(self._refusal(response, body, rule), body)

    def mount_max_s(self, mount: str) -> int:
        """Return the ``max_lease_ttl`` of an auth mount. Raises: TokenProblem, VisitFailed"""
        path = f"sys/mounts/auth/{mount}/tune"
        response, body = self._call(lambda client: client.adapter.get(f"/v1/{path}"))
        if response.status_code == 200:
            return self._decoded(body, TuneEnvelope).data.max_lease_ttl
        raise self._of_one(self._refusal(response, body, policy_line(path, "read")), body)

    @staticmethod
    def _of_one(refusal: VisitFailed, body: bytes) -> VisitFailed:
        """Return a refusal as one that says nothing of the others, where Vault itself refused just this."""
        if refusal.status in (400, 403, 404, 405) and _is_refusal(body) and refusal.problem != "Unauthorized":
            return TokenProblem(refusal.problem, refusal.message)
        return refusal

    def lookup(self, accessor: str) -> TokenWire:
        """Return the token of an accessor. Raises: AccessorUnknown, TokenProblem, VisitFailed"""
        response, body = self._call(lambda client: self._post_accessor(client, accessor))
        status = response.status_code
        if status == 200:
            token = self._token(body)
            if token.accessor != accessor:
                raise TokenProblem("ServerError", f"{self._where} answered for another accessor than the one asked for")
            return token
        errors = _errors(body)
        said = " ".join(errors)
        if "invalid accessor" in said or (status == 403 and "bad token" in said):
            raise AccessorUnknown
        if "missing accessor" in said:
            raise TokenProblem("Misconfigured", "its accessor is empty: set accessor in [[vault.token]]")
        if "different namespace" in said:
            raise TokenProblem("Misconfigured", "its accessor is of another Vault namespace: check [vault] namespace")
        rule = f"{LOOKUP_RULE}, or this accessor to the allowed_parameters there"
        refusal = self._refusal(response, body, rule, accessor)
        if errors and (refusal.problem == "Forbidden" or status == 400):
            raise TokenProblem(refusal.problem, refusal.message)
        raise refusal

    def _post_accessor(self, client: Any, accessor: str) -> "requests.Response":  # noqa: ANN401  hvac has no types
        """Send what hvac's ``lookup_accessor`` sends; only the body differs, so the rest is prepared once.

        That takes a fifth off the CPU of a sweep.
        """
        adapter = client.adapter
        if self._prepared is None:
            import requests

            headers = {"X-Vault-Token": self._secret, "X-Vault-Request": "true", "Content-Type": "application/json"}
            if self._settings.namespace:
                headers["X-Vault-Namespace"] = self._settings.namespace
            url = f"{self._address}/v1/auth/token/lookup-accessor"
            self._prepared = adapter.session.prepare_request(requests.Request("POST", url, headers=headers))
        self._prepared.body = body = msgspec.json.encode({"accessor": accessor})
        self._prepared.headers["Content-Length"] = str(len(body))
        timeout = (min(CONNECT_S, self._settings.timeout_s), self._settings.timeout_s)
        response: requests.Response = adapter.session.send(
            self._prepared, stream=True, timeout=timeout, allow_redirects=False
        )
        return response

    def _call(self, send: Callable[[Any], Any], bare: bool = False) -> tuple["requests.Response", bytes]:
        total_s = self._settings.timeout_s * TOTAL_SHARE
        with told_failures(self._where, _SETTING):
            response: requests.Response = send(self._client(bare))
            with contextlib.closing(response):
                return response, self._mask.body(read_body(response, total_s, MAX_BODY_BYTES))

    def _client(self, bare: bool) -> Any:  # noqa: ANN401  hvac.Client has no types
        if not self._clients:
            self._open()
        return self._clients[bare]

    def _open(self) -> None:
        """Make both clients, over one session: with our token and namespace, and bare."""
        import hvac
        import hvac.adapters
        import requests

        class Streaming(hvac.adapters.RawAdapter):  # type: ignore[misc]  # hvac has no types
            """Hands out every response as it is, unread, so that reading it can be bounded."""

            def request(self, method: str, url: str, raise_exception: bool = True, **options: Any) -> Any:  # noqa: ANN401
                return super().request(method, url, raise_exception=False, stream=True, **options)

        session = requests.Session()
        session.trust_env = False  # no proxy and no ~/.netrc between us and Vault
        session.verify = authorities(self._settings.ca_file)
        for bare in (False, True):
            self._clients[bare] = hvac.Client(
                url=self._address,
                token="" if bare else self._secret,
                timeout=(min(CONNECT_S, self._settings.timeout_s), self._settings.timeout_s),
                allow_redirects=False,
                session=session,
                adapter=Streaming,
                namespace=None if bare else self._settings.namespace or None,
            )

    def _token(self, body: bytes) -> TokenWire:
        return self._decoded(body, Envelope).data

    def _decoded(self, body: bytes, kind: type[D]) -> D:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise self._not_json(body) from None

    def _not_json(self, body: bytes) -> VisitFailed:
        return not_json(body, self._where, f"check {_SETTING} (no /ui or /v1 at its end)", _SETTING)

    def _refusal(self, response: "requests.Response", body: bytes, rule: str = "", accessor: str = "") -> VisitFailed:
        """Return what a refusal means; ``rule`` is what would allow what was asked for.

        ``accessor`` is whose, which no sentence holds whole.
        """
        status = response.status_code
        errors = [each.replace(accessor, f"...{tail(accessor)}") if accessor else each for each in _errors(body)]
        problem, said = self._meaning(status, errors, body, rule)
        if 300 <= status < 400:
            to = self._mask.target(response.headers.get("Location", "")) or "nowhere"
            said = (
                f"redirects to {to} ({status}), which is not followed with a token: set {_SETTING} to the active node"
            )
        after_s = retry_after_s(response.headers.get("Retry-After"))
        if problem == RATE_LIMITED and after_s:
            said += f"; it is not asked again for {span(round(min(after_s, RETRY_AFTER_LIMIT_S) * 1000))}"
        return VisitFailed(problem, f"{self._where} {said}", retry_after_s=after_s, status=status)

    def _meaning(self, status: int, errors: list[str], body: bytes, rule: str) -> tuple[str, str]:
        said = " ".join(errors)
        match status:
            case 403 if "1 error occurred" in said:
                mend = f": add to its policy {rule}" if rule else ", which needs no right: look at the proxy before it"
                return "Forbidden", f"does not allow this to our token (403){mend}"
            case 403 if errors:
                return (
                    "Unauthorized",
                    "refuses our token (403), expired or revoked: give statusdesk a new one",
                )
            case 403:
                return "Forbidden", "is behind a proxy that refuses us (403): look at the proxy"
            case 404 if "namespace not found" in said:
                return "Misconfigured", "has no such namespace (404): check [vault] namespace"
            case 404 if errors:
                return "Misconfigured", f"has nothing at this path (404): check {_SETTING} (no /v1 at its end)"
            case 404:
                return "Misconfigured", f"is not what answers there, a proxy does (404): check {_SETTING}"
            case 429:
                return RATE_LIMITED, "asks for fewer requests (429): raise [vault] interval or its rate limit quota"
            case 503 if "sealed" in said:
                return "Sealed", "is sealed: unseal it"
            case 501:
                return "Sealed", "is not initialised: initialise and unseal it"
            case 502 | 503 | 504 if not errors:
                return "ServerError", f"is not reached by the proxy before it ({status}): look at both"
            case _ if status >= 500:
                return "ServerError", f"fails ({status}{_quoted(said)}): look at its log"
            case _ if body.lstrip()[:1] == b"<":
                return "NotJson", f"answers {status} with a web page: check {_SETTING}"
            case _:
                return "Misconfigured", f"refuses the request ({status}{_quoted(said)}): check {_SETTING}"


def _errors(body: bytes) -> list[str]:
    """Return Vault's own errors; none when a proxy answers."""
    try:
        return msgspec.json.decode(body, type=Errors).errors
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []


def _is_refusal(body: bytes) -> bool:
    """Tell whether Vault itself refused, in its own words or with none."""
    try:
        msgspec.json.decode(body, type=Errors)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _quoted(said: str) -> str:
    text = clean(said, 120)
    return f", {text}" if text and not looks_secret(said) else ""
