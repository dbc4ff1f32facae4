"""What lies behind a rollout's trouble: a token that its app uses and that died before. One cause, told once."""

import re
from collections.abc import Iterable

import msgspec

from statusdesk.states import TROUBLED, RolloutState, TokenState
from statusdesk.token_users import uses

INIT = ("InitExit", "InitRunning")
"""Ends of the reasons of a rollout that fails at its init containers (``DegradedInitExit`` too)."""
KILLED = (137, 139)
"""Killed (out of memory) and crashed: no refused token ends a container so."""
_DENIED = re.compile(r"permission denied|\b403\b|bad token|invalid token", re.IGNORECASE)


class Cause(msgspec.Struct, frozen=True):
    """In words, as ``token:<key of its row>``, and since when; None where nobody saw it die."""

    words: str
    key: str
    since_ms: int | None


def denies(text: str) -> bool:
    """Tell whether a text says that somebody was refused."""
    return _DENIED.search(text) is not None


def cause_of(rollout: RolloutState, tokens: Iterable[TokenState], *, denied: bool) -> Cause | None:
    """Return the dead token that explains a rollout's trouble, the one that died last before it; None when none does.

    ``denied``: the evidence says that the container was refused. What is not known is never blamed: the container
    must be an init container or have been refused, the token must be known to be dead, and to have died before. A token
    that was dead before anybody watched it is blamed only where something was refused.
    """
    if rollout.level not in TROUBLED or not rollout.container:
        return None
    refused = denied or denies(rollout.message)
    if not refused and (not rollout.reason.endswith(INIT) or rollout.exit_code in KILLED):
        return None
    dead = [
        token
        for token in tokens
        if token.until_ms is None
        and token.is_dead
        and (refused if token.dead_ms is None else token.dead_ms <= rollout.level_since_ms)
        and uses(token, rollout.app, rollout.namespace)
    ]
    last = max(dead, key=lambda token: (token.dead_ms or 0, token.key), default=None)
    if last is None:
        return None
    words = f"{last.kind} '{last.name}' {_end(last)}"
    return Cause(words, f"token:{last.key}", last.dead_ms)


def _end(token: TokenState) -> str:
    if token.dead_ms is None:
        return "is not known to Vault"
    return "has expired" if token.expire_ms is not None and token.dead_ms >= token.expire_ms else "is gone"
