"""Tokens, their settings, and what becomes of them."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from statusdesk.config import TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.token_grants import grant_of
from statusdesk.judge.token_jobs import Run
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Grant, Level, TokenState

H = 3_600_000
T0 = 1_800_000_000_000


def token(**changes: Any) -> Token:
    """A token of 24 hours that was renewed now."""
    fields: dict[str, Any] = {
        "source": "vault",
        "name": "orders",
        "issue_ms": T0 - 100 * H,
        "last_renewal_ms": T0,
        "expire_ms": T0 + 24 * H,
    }
    return Token(**(fields | changes))


def settings(**changes: Any) -> TokenSettings:
    return TokenSettings(name="orders", accessor="a", **changes)


EVERY_8H = settings(renew_every_s=8 * 3600.0, renewal_job="renew-orders")


def renewed(before: Token, after_h: float, left_h: float) -> Token:
    now_ms = T0 + int(after_h * H)
    return token(issue_ms=before.issue_ms, last_renewal_ms=now_ms, expire_ms=now_ms + int(left_h * H))


def granted(tokens: Iterable[Token]) -> tuple[Grant, ...]:
    """Return the grants of a token that is looked at all the time: each was the last one until the next came."""
    grants: list[Grant] = []
    for seen in tokens:
        grant = grant_of(seen, "vault/orders")
        if grant is not None and grant not in grants:
            grants = [replace(each, seen_ms=each.seen_ms or grant.renewed_ms) for each in grants] + [grant]
    return tuple(grants)


def after(*tokens: Token, rules: TokenSettings | None = None) -> list[TokenState]:
    """Judge a token at each of its renewals, as the pipeline does; it is looked at all the time."""
    states: list[TokenState] = []
    for number, seen in enumerate(tokens, 1):
        before = states[-1] if states else None
        around = Around(grants=granted(tokens[:number]))
        states.append(judge_token(seen, before, rules, seen.last_renewal_ms or T0, around).state)
    return states


def renewals(count: int, gap_h: float = 8, left_h: float = 24) -> list[Token]:
    """The same token, renewed again and again."""
    return [renewed(token(), number * gap_h, left_h) for number in range(count)]


CAPPED = token(explicit_max_s=124 * 3600)
FAILED = Around(run=Run(job="renew-orders", number=7, result="FAILURE", started_ms=T0 + H, ended_ms=T0 + H))


def parent(**changes: Any) -> TokenState:
    fields: dict[str, Any] = {"key": "vault/boss", "source": "vault", "name": "boss", "level": Level.WARNING}
    return TokenState(**(fields | {"reason": "RunningDown", "expire_ms": T0 + 5 * H} | changes))
