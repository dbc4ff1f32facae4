"""One connection to Jenkins, through python-jenkins; every way to fail becomes a problem and one sentence.

python-jenkins' own calls report a restart as "job does not exist" and put whole HTML pages into their errors, so only
its ``jenkins_request`` is used, without crumbs, probing or retries; the status is judged before it can raise.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from collectors.authorities import authorities
from collectors.jenkins_skew import ServerClock
from collectors.jenkins_wire import WhoAmI, Wire
from collectors.masking import Mask
from collectors.transport import (
    TooSlow,
    VisitFailed,
    failure,
    not_json,
    plain_url,
    read_body,
    read_error,
    retry_after_s,
    secret_of,
    told_failures,
)
from statusdesk.config import JenkinsSettings
from statusdesk.text import clean

if TYPE_CHECKING:
    import requests

CONNECT_S = 5.0
TOTAL_SHARE = 3.0  # a whole answer may take this many times the time-out of one read
_SETTING = "[jenkins] url"
_OPENING = threading.Lock()

W = TypeVar("W", bound=Wire)


class JenkinsApi:
    """A connection for one thread. ``version`` and ``session`` are those of the newest answer; the session changes
    when Jenkins restarts."""

    def __init__(self, settings: JenkinsSettings, secret: str, server_clock: ServerClock | None = None) -> None:
        self._settings = settings
        self._base = plain_url(settings.url) + "/"
        self._where = f"Jenkins at {clean(self._base.rstrip('/'))}"
        self._secret = secret
        self._server_clock = server_clock
        self.mask = Mask(secret, settings.user)
        self._client: Any = None  # jenkins.Jenkins has no types
        self.version = ""
        self.session = ""

    @classmethod
    def connect(
        cls, settings: JenkinsSettings, token: Callable[[], str] | None, server_clock: ServerClock | None = None
    ) -> "JenkinsApi":
        """Make a connection with the token as it is now; ``server_clock`` is told what Jenkins' clock says.

        Raises: VisitFailed when the token cannot be had.
        """
        return cls(settings, secret_of(token, "the Jenkins token"), server_clock)

    @property
    def where(self) -> str:
        return self._where

    def same_secret(self, other: Self) -> bool:
        return self._secret == other._secret

    def get(self, path: str, shape: type[W], patience: float = 1.0) -> W:
        """Return the decoded answer to one GET; ``patience`` as for ``body``. Raises: VisitFailed"""
        return self.decode(self.body(path, patience), shape)

    def body(self, path: str, patience: float = 1.0) -> bytes:
        """Return the answer to one GET as it came, but without our own secret.

        ``patience`` multiplies the time-outs, for requests that make a cold Jenkins read much from its disk.

        Raises: VisitFailed
        """
        read_s = self._settings.timeout_s * patience
        with self.answer(path, read_s) as response:
            return self.mask.body(read_body(response, read_s * TOTAL_SHARE))

    def decode(self, body: bytes, shape: type[W]) -> W:
        """Return an answer decoded. Raises: VisitFailed"""
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise not_json(body, self._where, f"a login page? Check {_SETTING} and the token", _SETTING) from None

    @contextlib.contextmanager
    def answer(self, path: str, read_s: float) -> "Iterator[requests.Response]":
        """Open the answer to one GET, to be read in the block; no read may take longer than ``read_s``.

        Raises: VisitFailed, also for what goes wrong in the block.
        """
        import jenkins
        import requests

        try:
            with told_failures(self._where, _SETTING):
                client = self._client or self._open()
                client.timeout = (min(CONNECT_S, self._settings.timeout_s), read_s)
                request = requests.Request("GET", self._base + path, auth=self._auth(), hooks={"response": self._judge})
                response = client.jenkins_request(request, add_crumb=False, resolve_auth=False, stream=True)
                with contextlib.closing(response):
                    yield response
        except jenkins.TimeoutException as error:
            cause = error.__context__
            raise failure(cause if isinstance(cause, Exception) else TooSlow(), self._where, _SETTING) from None
        except jenkins.JenkinsException:
            raise VisitFailed("ServerError", f"{self._where} cannot be asked: look at its log") from None

    def who(self) -> str:
        """Return the name that Jenkins knows us by. Raises: VisitFailed"""
        from collectors.jenkins_queries import WHO_AM_I

        return clean(self.get(WHO_AM_I, WhoAmI).name or "anonymous")

    def _open(self) -> Any:  # noqa: ANN401  jenkins.Jenkins has no types
        import jenkins

        if not self._base.startswith(("http://", "https://")):
            raise VisitFailed("Misconfigured", f"{self._where}: this address cannot be used: check {_SETTING}")
        # Given no credentials and told not to resolve them, the client neither probes nor tries Kerberos.
        with _OPENING:  # one at a time: else one thread would take away the filter that another still needs
            root = logging.getLogger()
            root.addFilter(_without_headers)
            try:
                client = jenkins.Jenkins(self._base)
            finally:
                root.removeFilter(_without_headers)
        client.crumb = False
        self._set_up(client._session)  # the only way to its TLS settings
        self._client = client
        return client

    def _set_up(self, session: "requests.Session") -> None:
        """Give a session what the environment says of proxies and certificates once; it would look at each request."""
        from requests.utils import get_environ_proxies

        session.trust_env = False
        session.proxies.update(get_environ_proxies(self._base))
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.verify = authorities(self._settings.ca_file, bundle)
        session.max_redirects = 0

    def _auth(self) -> "requests.auth.AuthBase | Callable[[Any], Any]":
        """Credentials, or a callable that adds none: without any, requests would look into ``~/.netrc``."""
        import requests.auth

        if not self._settings.user or not self._secret:
            return _anonymous
        user, secret = self._settings.user.encode(), self._secret.encode()
        return requests.auth.HTTPBasicAuth(user, secret)

    def _judge(self, response: "requests.Response", **_: object) -> None:
        """Look at the status before python-jenkins raises for it, and before any redirect would be followed."""
        self.version = self._header(response, "X-Jenkins") or self.version
        self.session = self._header(response, "X-Jenkins-Session") or self.session
        if response.status_code == 200:
            if self._server_clock is not None:
                self._server_clock.heard(response.headers, response.elapsed)
            return
        page = read_error(response, self._settings.timeout_s)
        problem, said = self._refusal(response, page)
        raise VisitFailed(
            problem,
            f"{self._where} {said}",
            retry_after_s=retry_after_s(response.headers.get("Retry-After")),
            status=response.status_code,
        )

    def _header(self, response: "requests.Response", name: str) -> str:
        return clean(self.mask.text(response.headers.get(name, "")))

    def _refusal(self, response: "requests.Response", page: bytes) -> tuple[str, str]:
        status = response.status_code
        user = self._header(response, "X-You-Are-Authenticated-As") or self._settings.user or "anonymous"
        if 300 <= status < 400:
            to = self.mask.target(response.headers.get("Location", ""))
            return "Misconfigured", f"redirects to {to or 'nowhere'} ({status}), a login page? Check {_SETTING}"
        match status:
            case 401:
                return "Unauthorized", f"refuses the user {user} (401): check [jenkins] user and its API token"
            case 403:
                right = self._header(response, "X-Required-Permission") or "Overall/Read and Job/Read"
                return "Forbidden", f"lets {user} in but not read this (403): grant {right} to {user}"
            case 404:
                return "Misconfigured", f"has nothing at this address (404): check {_SETTING}, or grant Job/Discover"
            case 429:
                return "RateLimited", "asks for fewer requests (429): raise [jenkins] interval"
            case 503 if b"Starting Jenkins" in page or b"getting ready to work" in page:
                return "ServerError", "is starting (503): wait until it is ready"
            case 502 | 503 | 504:
                return "ServerError", f"is not reached by the proxy before it, or overloaded ({status}): look at both"
            case _ if status >= 500:
                return "ServerError", f"fails with an error page ({status}): look at the Jenkins log"
            case _:
                return "Misconfigured", f"answers {status} where 200 was expected: check {_SETTING}"


def _anonymous(request: Any) -> Any:  # noqa: ANN401  requests hands its own request through
    return request


def _without_headers(record: logging.LogRecord) -> bool:
    """Keep python-jenkins from logging the headers of its environment variable, which may be credentials."""
    return not str(record.msg).startswith("JENKINS_API_EXTRA_HEADERS")
