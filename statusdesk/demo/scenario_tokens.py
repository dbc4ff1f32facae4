"""The Vault tokens of the estate, and how each stands.

In trouble are: one that is gone; one whose renewal job is red; one at its cap, though its job is green ("job green,
token dying"); and one whose next renewal gives less than the one before, because its mount caps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.scenario_estate import App
from statusdesk.demo.scenario_history import History
from statusdesk.demo.vault_tokens import HeldToken, Vault

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_REFUSED = ("curl: (22) The requested URL returned error: 403", '{"errors":["permission denied"]}')


@dataclass(slots=True, frozen=True)
class TokenPlan:
    """How a token stands when the world begins; all in seconds of the world."""

    app: str
    ttl_s: float
    every_s: float
    renewed_s_ago: float
    periodic: bool = True
    age_s: float = 20 * _DAY_S
    explicit_max_s: float = 0.0
    mount_max_s: float = 0.0  # of a mount of its own, 0: that of the system
    missed: int = 0  # newest runs of the renewal job that failed


CALM = (
    TokenPlan("orders", 24 * _HOUR_S, 8 * _HOUR_S, 0.9 * _HOUR_S),
    TokenPlan("customers", 72 * _HOUR_S, 24 * _HOUR_S, 5 * _HOUR_S),
    TokenPlan("billing", 600, 150, 40, periodic=False),
    TokenPlan("catalog", 1800, 600, 200),
    TokenPlan("payments", 24 * _HOUR_S, 8 * _HOUR_S, 2 * _HOUR_S),
    TokenPlan("gateway", 24 * _HOUR_S, 8 * _HOUR_S, 6.2 * _HOUR_S),
    TokenPlan("ledger", 32 * _DAY_S, 8 * _HOUR_S, 3 * _HOUR_S),
)
_LEDGER_AT_CAP = TokenPlan(
    "ledger",
    10 * _DAY_S,
    8 * _HOUR_S,
    1 * _HOUR_S,
    periodic=False,
    age_s=28 * _DAY_S - 2 * _HOUR_S,
    explicit_max_s=32 * _DAY_S,
)
_GATEWAY_SHRINKS = TokenPlan(  # its next renewal is due in 90 s, and its mount lets it live for 20 hours more
    "gateway",
    24 * _HOUR_S,
    8 * _HOUR_S,
    8 * _HOUR_S - 90,
    periodic=False,
    mount_max_s=20 * _DAY_S + 20 * _HOUR_S,
)
TROUBLED = (
    TokenPlan("orders", 24 * _HOUR_S, 8 * _HOUR_S, 24 * _HOUR_S + 1700, missed=3),
    *CALM[1:4],
    TokenPlan("payments", 24 * _HOUR_S, 8 * _HOUR_S, 21 * _HOUR_S + 3000, missed=2),
    _GATEWAY_SHRINKS,
    _LEDGER_AT_CAP,
)


@dataclass(slots=True, eq=False)
class WatchedToken:
    """A token with the job that renews it.

    ``renewal_works`` False lets that job fail, ``renewal_renews`` False lets it succeed without renewing this token.
    """

    name: str
    app: str
    token: HeldToken
    renewal_job: str
    every_s: float
    renewed_s_ago: float
    renewal_works: bool = True
    renewal_renews: bool = True

    def alive(self, now_ms: int) -> bool:
        """Tell whether the token still lives."""
        return not self.token.revoked and (self.token.expire_ms is None or self.token.expire_ms > now_ms)


def issue_tokens(
    estate: Sequence[App], plans: Sequence[TokenPlan], clock: WorldClock, vault: Vault, history: History
) -> dict[str, WatchedToken]:
    """Issue the tokens of those apps that exist, make their renewal jobs and their past runs."""
    names = {app.name for app in estate}
    found: dict[str, WatchedToken] = {}
    for plan in plans:
        if plan.app in names:
            found[plan.app] = _issue(plan, clock, vault, history)
    return found


def reissue(watched: WatchedToken, clock: WorldClock, vault: Vault) -> None:
    """Give an app a new token, with a new accessor, and mend its renewal."""
    ttl_s = _whole(clock, 24 * _HOUR_S)
    watched.token = vault.issue(ttl_s, period_s=ttl_s, display_name=f"token-{watched.app}", meta={"app": watched.app})
    watched.renewal_works = watched.renewal_renews = True


def _issue(plan: TokenPlan, clock: WorldClock, vault: Vault, history: History) -> WatchedToken:
    ttl_s = _whole(clock, plan.ttl_s)
    renewal_job = f"vault-renew-{plan.app}"
    token = vault.issue(
        ttl_s,
        age_s=clock.wall_s(plan.age_s),
        renewed_s_ago=clock.wall_s(plan.renewed_s_ago),
        period_s=ttl_s if plan.periodic else 0,
        explicit_max_s=_whole(clock, plan.explicit_max_s) if plan.explicit_max_s else 0,
        display_name=f"token-{plan.app}",
        meta={"app": plan.app, "job": renewal_job},
        **_mount(plan, clock),
    )
    job = history.platform_job(renewal_job)
    newest_s = plan.renewed_s_ago - plan.missed * plan.every_s
    history.place_runs(
        job,
        clock.wall_s(plan.every_s),
        clock.wall_s(max(newest_s, 30.0)),
        12,
        failed=plan.missed,
        trouble=_REFUSED,
    )
    return WatchedToken(
        name=plan.app,
        app=plan.app,
        token=token,
        renewal_job=renewal_job,
        every_s=plan.every_s,
        renewed_s_ago=max(newest_s, 0.0),
        renewal_works=plan.missed == 0,
    )


class _Mount(TypedDict, total=False):
    path: str
    mount_max_s: int


def _mount(plan: TokenPlan, clock: WorldClock) -> _Mount:
    """Return where a token was made and the cap there, when that is another one than the system's."""
    if not plan.mount_max_s:
        return {}
    return {"path": f"auth/{plan.app}/login", "mount_max_s": _whole(clock, plan.mount_max_s)}


def _whole(clock: WorldClock, world_seconds: float) -> int:
    """Return whole seconds of people's time, at least two."""
    return max(2, round(clock.wall_s(world_seconds)))
