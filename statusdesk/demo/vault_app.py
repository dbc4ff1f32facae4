"""The simulated Vault over HTTP: token lookups, renewals, health, seal and leader, with the bodies of a real server."""

import datetime
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from statusdesk.demo.vault_tokens import HeldToken, RefusedError, Vault, VaultState

_VERSION = "2.7.2"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
_CODES = {
    VaultState.ACTIVE: ("activecode", 200),
    VaultState.STANDBY: ("standbycode", 429),
    VaultState.SEALED: ("sealedcode", 503),
    VaultState.UNINITIALISED: ("uninitcode", 501),
}
_DENIED = "1 error occurred:\n\t* permission denied\n\n"
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def vault_app(vault: Vault) -> web.Application:
    """Return the HTTP application of a simulated Vault."""
    desk = _Desk(vault)
    app = web.Application()
    routes: tuple[tuple[str, str, _Handler], ...] = (
        ("/v1/sys/health", "GET HEAD", desk.health),
        ("/v1/sys/seal-status", "GET", desk.seal_status),
        ("/v1/sys/leader", "GET", desk.leader),
        ("/v1/auth/token/lookup-accessor", "POST PUT", desk.lookup_accessor),
        ("/v1/auth/token/lookup-self", "GET POST PUT", desk.lookup_self),
        ("/v1/auth/token/renew-self", "POST PUT", desk.renew_self),
    )
    for path, methods, handler in routes:
        for method in methods.split():
            app.router.add_route(method, path, desk.guarded(handler))
        app.router.add_route("*", path, desk.guarded(desk.unsupported))
    app.router.add_route("*", "/v1/{path:.*}", desk.guarded(desk.unknown))
    app.router.add_route("*", "/{path:.*}", desk.guarded(desk.unknown))
    return app


class _Desk:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def guarded(self, handler: _Handler) -> _Handler:
        """Turn refusals into Vault's error bodies."""

        async def answer(request: web.Request) -> web.Response:
            try:
                return await handler(request)
            except RefusedError as refused:
                return _answer(refused.status, {"errors": refused.errors})

        return answer

    async def health(self, request: web.Request) -> web.Response:
        """Answer ``sys/health``; its code can be overridden by the query."""
        if request.headers.get("X-Vault-Namespace"):
            raise RefusedError(400, "operation unavailable in namespaces")
        state = self._vault.state
        body: dict[str, object] = {
            "initialized": state is not VaultState.UNINITIALISED,
            "sealed": state in (VaultState.SEALED, VaultState.UNINITIALISED),
            "standby": state is not VaultState.ACTIVE,
            "replication_performance_mode": "primary" if state is VaultState.ACTIVE else "unknown",
            "replication_dr_mode": "disabled" if state is VaultState.ACTIVE else "unknown",
            "server_time_utc": self._vault.now_ms() // 1000,
            "version": _VERSION,
        }
        if state in (VaultState.ACTIVE, VaultState.STANDBY):
            body |= self._cluster()
        name, code = _CODES[state]
        if state is VaultState.STANDBY and request.query.get("standbyok", "").lower() in ("true", "1"):
            code = 200
        elif request.query.get(name, "").isdecimal():
            code = int(request.query[name])
        return _answer(code, body)

    async def seal_status(self, request: web.Request) -> web.Response:
        """Answer ``sys/seal-status``, 200 in every state."""
        state = self._vault.state
        made = state is not VaultState.UNINITIALISED
        is_open = state in (VaultState.ACTIVE, VaultState.STANDBY)
        body: dict[str, object] = {
            "type": "shamir",
            "initialized": made,
            "sealed": not is_open,
            "t": 2 if made else 0,
            "n": 3 if made else 0,
            "progress": 0,
            "nonce": "",
            "recovery_seal": False,
            "version": _VERSION,
            "commit_date": "2026-10-26T20:32:27Z",
            "migration": False,
        }
        return _answer(200, body | (self._cluster() if is_open else {}) | {"storage_type": "raft"})

    async def leader(self, request: web.Request) -> web.Response:
        """Answer ``sys/leader``, 503 when sealed."""
        self._open()
        active = self._vault.state is VaultState.ACTIVE
        address = f"{request.url.origin()}"
        return _answer(200, {"ha_enabled": True, "is_self": active, "leader_address": address if active else ""})

    async def lookup_accessor(self, request: web.Request) -> web.Response:
        """Answer ``auth/token/lookup-accessor``: what a token is, never the token itself."""
        self._open(request)
        caller = self._caller(request)
        asked = await _body(request)
        if "root" not in caller.policies and ("statusdesk" not in caller.policies or set(asked) - {"accessor"}):
            raise RefusedError(403, _DENIED)
        accessor = asked.get("accessor", "")
        token = self._vault.by_accessor(accessor if isinstance(accessor, str) else "")
        return self._envelope(data=self._described(token, secret=""))

    async def lookup_self(self, request: web.Request) -> web.Response:
        """Answer ``auth/token/lookup-self``."""
        self._open(request)
        caller = self._caller(request)
        return self._envelope(data=self._described(caller, secret=caller.secret))

    async def renew_self(self, request: web.Request) -> web.Response:
        """Answer ``auth/token/renew-self``."""
        self._open(request)
        caller = self._caller(request)
        increment = (await _body(request)).get("increment", "")
        grant = self._vault.renew(caller, _seconds(str(increment)))
        auth: dict[str, object] = {
            "client_token": caller.secret,
            "accessor": caller.accessor,
            "policies": list(caller.policies),
            "token_policies": list(caller.policies),
            "metadata": caller.meta,
            "lease_duration": grant.lease_s,
            "renewable": caller.renewable,
            "entity_id": "",
            "token_type": caller.type,
            "orphan": caller.orphan,
            "mfa_requirement": None,
            "num_uses": caller.num_uses,
        }
        return self._envelope(auth=auth, warnings=grant.warnings)

    async def unsupported(self, request: web.Request) -> web.Response:
        """Refuse a method that a path does not have."""
        self._open(request)
        self._caller(request)
        raise RefusedError(405, "1 error occurred:\n\t* unsupported operation\n\n")

    async def unknown(self, request: web.Request) -> web.Response:
        """Refuse a path that is not served."""
        self._open(request)
        path = request.match_info["path"]
        if path.startswith("auth/token/"):
            self._caller(request)
            raise RefusedError(404, "1 error occurred:\n\t* unsupported path\n\n")
        raise RefusedError(404, f'no handler for route "{path}". route entry not found.')

    def _open(self, request: web.Request | None = None) -> None:
        if self._vault.state in (VaultState.SEALED, VaultState.UNINITIALISED):
            raise RefusedError(503, "Vault is sealed")
        if request is None:
            return
        if request.headers.get("X-Vault-Namespace", "").strip("/") not in ("", "root"):
            raise RefusedError(404, "namespace not found")
        if self._vault.rate_limited:
            path = request.path.removeprefix("/v1/")
            raise RefusedError(429, f'request path "{path}": rate limit quota exceeded')

    def _caller(self, request: web.Request) -> HeldToken:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._vault.by_secret(request.headers.get("X-Vault-Token", "") or bearer)

    def _cluster(self) -> dict[str, object]:
        identity = self._vault.cluster_id
        return {"cluster_name": f"vault-cluster-{identity[:8]}", "cluster_id": identity}

    def _envelope(
        self,
        *,
        data: dict[str, object] | None = None,
        auth: dict[str, object] | None = None,
        warnings: list[str] | None = None,
    ) -> web.Response:
        body = {"request_id": self._vault.new_id(), "lease_id": "", "renewable": False, "lease_duration": 0}
        return _answer(200, body | {"data": data, "wrap_info": None, "warnings": warnings, "auth": auth})

    def _described(self, token: HeldToken, secret: str) -> dict[str, object]:
        now = self._vault.now_ms()
        data: dict[str, object] = {
            "accessor": token.accessor,
            "creation_time": token.issue_ms // 1000,
            "creation_ttl": token.creation_ttl_s,
            "display_name": token.display_name,
            "entity_id": "",
            "expire_time": _moment(token.expire_ms) if token.expire_ms is not None else None,
            "explicit_max_ttl": token.explicit_max_s,
            "id": secret,
            "issue_time": _moment(token.issue_ms),
        }
        if token.last_renewal_ms is not None:
            data["last_renewal"] = _moment(token.last_renewal_ms)
            data["last_renewal_time"] = token.last_renewal_ms // 1000
        data |= {"meta": token.meta, "num_uses": token.num_uses, "orphan": token.orphan, "path": token.path}
        if token.period_s:
            data["period"] = token.period_s
        left_s = 0 if token.expire_ms is None else max(0, token.expire_ms - now) // 1000
        more = {"policies": list(token.policies), "renewable": token.renewable, "ttl": left_s, "type": token.type}
        return data | more


def _answer(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body) + b"\n", headers=_HEADERS)


async def _body(request: web.Request) -> dict[str, object]:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=dict[str, object])
    except msgspec.DecodeError as error:
        raise RefusedError(400, "error parsing JSON") from error


def _moment(at_ms: int) -> str:
    """Return RFC 3339 with nine digits, less trailing zeros, as Go writes it."""
    moment = datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC)
    fraction = f"{at_ms % 1000:03d}".rstrip("0")
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}Z" if fraction else "Z")


def _seconds(text: str) -> int | None:
    """Read ``90``, ``90s``, ``5m`` or ``2h``; None for anything else."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text and text[-1] in units else (text, 1)
    return int(number) * unit if number.isdecimal() else None
