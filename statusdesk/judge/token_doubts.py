"""Tokens of which nothing is known now: our own that Vault refuses, what cannot be looked up, what ended unseen."""

from typing import Any

from msgspec.structs import replace

from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.token_life import moment
from statusdesk.states import NO_NEWS, TROUBLED, UNREAD, Level, TokenState

REFUSED = "Refused"
SILENT = "Vault gives no news"


def refused(own: TokenState) -> TokenState:
    """Return our own token as it is while Vault refuses it: it is of no use, and nobody can tell whether it lives."""
    said = "Vault refuses it (403): expired or revoked"
    return replace(own, level=Level.UNKNOWN, reason=REFUSED, message=said, dead_ms=None, steady_since_ms=None)


def unread(
    token: Token, before: TokenState | None, settings: TokenSettings | SecretIdSettings | CertificateSettings | None
) -> TokenState:
    """Return a token that cannot be looked up, with what was known of it before: nobody can tell whether it lives.

    One that is known to have died stays dead: an accessor never comes back. What time would change is not told.
    """
    known = known_of(token, before)
    rules: dict[str, Any] = {
        "kind": token.kind,
        "own": token.own,
        "owner": settings.owner if settings is not None else "",
        "apps": settings.apps if settings is not None else (),
        "namespaces": settings.namespaces if settings is not None else (),
        "renewal_job": settings.renewal_job if isinstance(settings, TokenSettings) else "",
    }
    if known is not None and known.is_dead:
        return replace(known, **rules)
    if known is None:
        known = TokenState(
            key=f"{token.source}/{token.name}", source=token.source, name=token.name, level=Level.UNKNOWN
        )
    return replace(
        known,
        level=Level.UNKNOWN,
        reason=UNREAD,
        message=_words(token, known.expire_ms),
        accessor_tail=token.accessor_tail or known.accessor_tail,
        dead_ms=None,
        steady_since_ms=None,
        next_renewal_ms=None,
        missed=0,
        survives=None,
        job_says="",
        said_number=None,
        **rules,
    )


def unseen(state: TokenState, before: TokenState | None) -> TokenState:
    """Return a token whose known end has passed while nobody could look: no milder than it was before.

    Only a renewal that was seen makes it well; what it was before tells nothing of another token of its name.
    """
    same = before is not None and before.identity == state.identity
    level = before.level if before is not None and same and before.level in TROUBLED else Level.UNKNOWN
    return replace(
        state,
        level=level,
        reason=NO_NEWS,
        steady_since_ms=None,
        next_renewal_ms=None,
        missed=0,
        survives=None,
        job_says="",
        said_number=None,
        notes=(),
    )


def left_unseen(row: TokenState, now_ms: int) -> TokenState | None:
    """Return what a row of the store has become of which nothing was heard since it was read; None until its end."""
    if row.kind != "token" or row.expire_ms is None or row.expire_ms > now_ms or row.is_dead or row.reason == UNREAD:
        return None
    return replace(unseen(row, row), message=unseen_words(moment(row.expire_ms), SILENT))


def doubted(state: TokenState, problem: str) -> TokenState:
    """Return a token with why the file with its accessor tells none; it may be another one by now that has its name.

    What is wrong by the accessor before stays so, a warning too; what was well by it is not known to be.
    """
    if not problem:
        return state
    message = "; ".join(filter(None, (state.message, problem)))
    if state.level in TROUBLED:
        return replace(state, message=message, accessor_problem=problem)
    return replace(state, level=Level.UNKNOWN, reason=UNREAD, message=message, accessor_problem=problem)


def undoubted(state: TokenState | None) -> TokenState | None:
    """Return what was judged without what was said of the file with its accessor."""
    if state is None or not state.accessor_problem:
        return state
    message = state.message.removesuffix(state.accessor_problem).removesuffix("; ")
    return replace(state, message=message, accessor_problem="")


def _words(token: Token, expire_ms: int | None) -> str:
    if token.problem != token.accessor_problem:
        return unread_words(token.problem, expire_ms, token.unknown_ms)
    return f"last known to end at {moment(expire_ms)}" if expire_ms is not None else ""


def unseen_words(when: str, why: str) -> str:
    return f"it should have ended at {when}, and {why}"


def known_of(token: Token, before: TokenState | None) -> TokenState | None:
    """Return what was known of a token before; nothing of one that had its name before it was issued anew."""
    if before is None or before.until_ms is not None:
        return None
    return before if before.accessor_tail in ("", token.accessor_tail) or not token.accessor_tail else None


def unread_words(problem: str, expire_ms: int | None, unknown_ms: int | None = None) -> str:
    """Say why it cannot be looked up, and the end that was told last, which a renewal may have moved since.

    ``unknown_ms``: when Vault did not know it, once, which is to be confirmed.
    """
    if expire_ms is None:
        return problem
    if unknown_ms is not None:
        return f"last known to end at {moment(expire_ms)}, not known to Vault at {moment(unknown_ms)}: asked again"
    return f"last known to end at {moment(expire_ms)}, look-ups refused: {problem}"
