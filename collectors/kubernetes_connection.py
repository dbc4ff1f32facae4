"""Requests to an API server: by the pool of connections alone, or by the Kubernetes client that has one."""

import json
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

from collectors.kubeconfig import Plain
from collectors.kubernetes_problems import ApiProblem

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from urllib3 import HTTPResponse

Query = Sequence[tuple[str, str]]
JSON = "application/json"
IDLE_S, INTERVAL_S, TRIES = 30, 15, 9


class Prepared(Protocol):
    """A request with its credentials, to be sent."""

    def send(self, connect_s: float, head_s: float) -> "HTTPResponse":
        """Return the answer, not read yet. Raises: ApiProblem, what urllib3 raises."""


class Connection(Protocol):
    """What knows the server and who we are to it."""

    @property
    def host(self) -> str:
        """The address of the server."""

    def prepare(self, method: str, path: str, query: Query, accept: str, body: dict[str, object] | None) -> Prepared:
        """Return a request; credentials that have expired are renewed. Raises: ApiProblem."""

    def close(self) -> None:
        """Close connections that are idle."""


class PlainConnection:
    """A pool of connections with a token or a certificate."""

    def __init__(self, plain: Plain, pool_size: int) -> None:
        import urllib3

        self.host = plain.host
        self._token = plain.token
        more: dict[str, Any] = {"ssl_context": plain.tls} if plain.tls is not None else {}
        if plain.server_name:
            more["server_hostname"] = plain.server_name
        self.pool = urllib3.PoolManager(retries=False, maxsize=pool_size, socket_options=_socket_options(), **more)

    def prepare(self, method: str, path: str, query: Query, accept: str, body: dict[str, object] | None) -> Prepared:
        headers = {"Accept": accept, "Content-Type": JSON, "User-Agent": "statusdesk"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = self.host + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        return _PlainRequest(self, method, url, headers, json.dumps(body) if body is not None else None)

    def close(self) -> None:
        self.pool.clear()


class _PlainRequest:
    def __init__(
        self, connection: PlainConnection, method: str, url: str, headers: dict[str, str], body: str | None
    ) -> None:
        self._connection, self._method, self._url = connection, method, url
        self._headers, self._body = headers, body

    def send(self, connect_s: float, head_s: float) -> "HTTPResponse":
        import urllib3

        timeout = urllib3.Timeout(connect=connect_s, read=head_s)
        response: HTTPResponse = self._connection.pool.request(  # type: ignore[assignment]
            self._method, self._url, body=self._body, headers=self._headers, timeout=timeout, preload_content=False
        )
        return response


class ClientConnection:
    """The Kubernetes client, whose hooks renew tokens."""

    def __init__(self, client: "ApiClient") -> None:
        self.client = client

    @property
    def host(self) -> str:
        return str(self.client.configuration.host)

    def prepare(self, method: str, path: str, query: Query, accept: str, body: dict[str, object] | None) -> Prepared:
        from kubernetes.config import ConfigException

        try:
            arguments = self.client.param_serialize(
                method,
                path,
                query_params=list(query),
                header_params={"Accept": accept, "Content-Type": JSON},
                body=body,
                auth_settings=["BearerToken"],
            )
        except ConfigException as error:
            message = f"cannot renew the credentials for {self.host}: {error}"
            raise ApiProblem("Misconfigured", message) from error
        return _ClientRequest(self, arguments)

    def close(self) -> None:
        self.client.rest_client.close()


class _ClientRequest:
    def __init__(self, connection: ClientConnection, arguments: tuple[Any, ...]) -> None:
        self._connection, self._arguments = connection, arguments

    def send(self, connect_s: float, head_s: float) -> "HTTPResponse":
        from kubernetes.client.exceptions import ApiException

        try:
            answer = self._connection.client.call_api(*self._arguments, _request_timeout=(connect_s, head_s))
        except ApiException as error:
            message = f"no trusted connection to {self._connection.host}: {error.reason}"
            raise ApiProblem("Unreachable", message) from error
        response: HTTPResponse = answer.response
        return response


def _socket_options() -> list[tuple[int, int, int]]:
    """Return urllib3's own, and those that let the kernel notice a peer that has gone, as client-go has them."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    values = {
        "TCP_KEEPIDLE": IDLE_S,
        "TCP_KEEPINTVL": INTERVAL_S,
        "TCP_KEEPCNT": TRIES,
    }
    options += [
        (socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in values.items() if hasattr(socket, name)
    ]
    return options
