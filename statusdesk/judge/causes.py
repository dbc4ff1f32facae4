"""What lies behind a rollout's trouble: a token that its app uses and that died before. One cause, told once."""

import re
from collections.abc import Iterable

import msgspec

from statusdesk.facts import Container
from statusdesk.states import TROUBLED, Level, RolloutState, TokenState
from statusdesk.token_users import uses

TOKEN = "token:"
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
    refused = denied or denies(rollout.message)
    if not _may_be_explained(rollout, refused):
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
    return Cause(words, f"{TOKEN}{last.key}", last.dead_ms)


def cause_left(
    rollout: RolloutState, token: TokenState | None, container: Container | None, *, denied: bool
) -> Cause | None:
    """Return the cause that a rollout had when its token had died, of one that was issued anew since; None of another.

    It explains the trouble until the ``container`` has failed with the new one: what failed before that did not have
    it. Where it is not known that it ran since, nothing else explains it.
    """
    if token is None or token.until_ms is not None or token.is_dead or token.level is Level.UNKNOWN:
        return None
    if not _may_be_explained(rollout, denied or denies(rollout.message)):
        return None
    issue_ms = token.issue_ms or 0
    anew_ms = issue_ms if issue_ms > rollout.level_since_ms else token.level_since_ms
    if container is not None and (_failed_ms(container) or 0) > anew_ms:
        return None
    words = f"{token.kind} '{token.name}' was gone until it was issued anew"
    return Cause(words, rollout.cause_key, rollout.cause_ms)


def _may_be_explained(rollout: RolloutState, refused: bool) -> bool:
    """Whether a container fails in a way in which one fails that was given no living token."""
    if rollout.level not in TROUBLED or not rollout.container:
        return False
    return refused or (rollout.reason.endswith(INIT) and rollout.exit_code not in KILLED)


def _failed_ms(container: Container) -> int | None:
    if container.state == "terminated" and container.exit_code:
        return container.since_ms
    return container.last_finished_ms if container.last_exit_code else None


def _end(token: TokenState) -> str:
    if token.dead_ms is None:
        return "is not known to Vault"
    return "has expired" if token.expire_ms is not None and token.dead_ms >= token.expire_ms else "is gone"
