"""What a Vault holds: tokens that live, are renewed, reach their cap and go. Rules as measured on a real server."""

import enum
import random
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from statusdesk.demo.clock import WorldClock

_ALPHABET = string.ascii_letters + string.digits
_SYSTEM_MAX_S = 2_764_800  # 768 hours, the default of both ttl and cap


class VaultState(enum.StrEnum):
    """What the server is: its health code follows from it."""

    ACTIVE = "active"
    STANDBY = "standby"
    SEALED = "sealed"
    UNINITIALISED = "uninitialised"


class RefusedError(Exception):
    """A request that Vault refuses, with its status and words."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status, errors)
        self.status = status
        self.errors = list(errors)


@dataclass(slots=True, eq=False)
class HeldToken:
    """One token. ``secret`` is the token itself, which lookups by accessor never tell; times in ms, the rest in s."""

    accessor: str
    secret: str
    issue_ms: int
    expire_ms: int | None
    creation_ttl_s: int
    period_s: int = 0
    explicit_max_s: int = 0
    renewable: bool = True
    num_uses: int = 0
    orphan: bool = False
    display_name: str = "token"
    path: str = "auth/token/create"
    policies: tuple[str, ...] = ("app", "default")
    meta: Mapping[str, str] | None = None
    last_renewal_ms: int | None = None
    type: str = "service"
    revoked: bool = False
    mount_max_s: int = _SYSTEM_MAX_S  # of the mount that it comes from: caps what is not periodic, told nowhere

    def cap_ms(self) -> int | None:
        """Return the moment that no renewal can pass; None for a periodic token without an explicit cap."""
        if self.explicit_max_s:
            return self.issue_ms + self.explicit_max_s * 1000
        return None if self.period_s else self.issue_ms + self.mount_max_s * 1000


@dataclass(slots=True, eq=False)
class Grant:
    """What a renewal gave: seconds, and the warning that only the renewer sees."""

    lease_s: int
    warnings: list[str] | None = None


@dataclass(slots=True, eq=False)
class Vault:
    """One Vault, driven by calls and seen over HTTP (``vault_app``)."""

    clock: WorldClock
    seed: int = 1
    state: VaultState = VaultState.ACTIVE
    rate_limited: bool = False
    tokens: dict[str, HeldToken] = field(default_factory=dict)
    cluster_id: str = field(init=False)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.cluster_id = self.new_id()

    def now_ms(self) -> int:
        """Return the world's time."""
        return self.clock.now_ms()

    def new_id(self) -> str:
        """Return an id as Vault gives to requests and clusters."""
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def issue(
        self,
        ttl_s: int,
        *,
        age_s: float = 0.0,
        renewed_s_ago: float | None = None,
        period_s: int = 0,
        explicit_max_s: int = 0,
        renewable: bool = True,
        num_uses: int = 0,
        orphan: bool = True,
        display_name: str = "token",
        policies: tuple[str, ...] = ("app", "default"),
        meta: Mapping[str, str] | None = None,
        path: str = "auth/token/create",
        mount_max_s: int = _SYSTEM_MAX_S,
    ) -> HeldToken:
        """Make a token ``age_s`` ago, renewed last ``renewed_s_ago``; ``ttl_s`` 0 never expires."""
        issued = (now := self.now_ms()) - int(age_s * 1000)
        token = HeldToken(
            accessor=self._letters(24),
            secret="hvs." + self._letters(24),
            issue_ms=issued,
            expire_ms=issued + ttl_s * 1000 if ttl_s else None,
            creation_ttl_s=ttl_s,
            period_s=period_s,
            explicit_max_s=explicit_max_s,
            renewable=renewable and ttl_s > 0,
            num_uses=num_uses,
            orphan=orphan,
            display_name=display_name,
            policies=policies,
            meta=meta,
            path=path,
            mount_max_s=mount_max_s,
        )
        if renewed_s_ago is not None and token.expire_ms is not None:
            _renew_at(token, now - int(renewed_s_ago * 1000), ttl_s)
        self.tokens[token.accessor] = token
        return token

    def renew(self, token: HeldToken, increment_s: int | None = None) -> Grant:
        """Renew a token: its period, or what is asked for, never past its cap. Raises: RefusedError."""
        if token.expire_ms is None:
            raise RefusedError(400, "lease is not renewable")
        if not token.renewable:
            raise RefusedError(400, _one_error("invalid request"))
        now = self.now_ms()
        wanted_s = token.period_s or increment_s or token.creation_ttl_s
        token.last_renewal_ms = now
        token.expire_ms = _granted_until(token, now, wanted_s)
        lease_s = round((token.expire_ms - now) / 1000)
        if lease_s < wanted_s - 1:
            cap = (
                f'TTL of "{wanted_s}s" exceeded the effective max_ttl of "{lease_s}s"; TTL value is capped accordingly'
            )
            return Grant(lease_s, [cap])
        return Grant(lease_s)

    def revoke(self, token: HeldToken) -> None:
        """Let a token go at once."""
        self.tokens.pop(token.accessor, None)
        token.revoked = True

    def by_accessor(self, accessor: str) -> HeldToken:
        """Return a living token. Raises: RefusedError for an empty, unknown, expired or revoked accessor."""
        if not accessor:
            raise RefusedError(400, _one_error("missing accessor"))
        token = self.tokens.get(accessor)
        if token is None or not self._lives(token):
            raise RefusedError(400, _one_error("invalid accessor"))
        return token

    def by_secret(self, secret: str) -> HeldToken:
        """Return the token that a request carries. Raises: RefusedError (403)."""
        for token in self.tokens.values():
            if secret and token.secret == secret and self._lives(token):
                return token
        raise RefusedError(403, "permission denied")

    def _lives(self, token: HeldToken) -> bool:
        return token.expire_ms is None or token.expire_ms > self.now_ms()

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=count))


def _renew_at(token: HeldToken, ms: int, ttl_s: int) -> None:
    token.last_renewal_ms = ms
    token.expire_ms = _granted_until(token, ms, ttl_s)


def _granted_until(token: HeldToken, renewed_ms: int, wanted_s: int) -> int:
    cap_ms = token.cap_ms()
    until_ms = renewed_ms + wanted_s * 1000
    return until_ms if cap_ms is None else min(until_ms, cap_ms)


def _one_error(text: str) -> str:
    return f"1 error occurred:\n\t* {text}\n\n"
