"""Tokens of which nothing is known now: our own that Vault refuses, and those that cannot be looked up."""

from msgspec.structs import replace

from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings
from statusdesk.facts import Token
from statusdesk.judge.token_life import moment
from statusdesk.states import Level, TokenState

REFUSED = "Refused"
UNREAD = "NotLookedUp"


def refused(own: TokenState) -> TokenState:
    """Return our own token as it is while Vault refuses it: it is of no use, and nobody can tell whether it lives."""
    said = "Vault refuses it (403): expired or revoked"
    return replace(own, level=Level.UNKNOWN, reason=REFUSED, message=said, dead_ms=None, steady_since_ms=None)


def unread(
    token: Token, before: TokenState | None, settings: TokenSettings | SecretIdSettings | CertificateSettings | None
) -> TokenState:
    """Return a token that cannot be looked up, with what was known of it before: nobody can tell whether it lives."""
    known = before if before is not None and before.until_ms is None else None
    if known is None or known.accessor_tail not in ("", token.accessor_tail):  # it was issued anew
        known = TokenState(
            key=f"{token.source}/{token.name}", source=token.source, name=token.name, level=Level.UNKNOWN
        )
    return replace(
        known,
        level=Level.UNKNOWN,
        reason=UNREAD,
        message=unread_words(token.problem, known.expire_ms),
        kind=token.kind,
        own=token.own,
        owner=settings.owner if settings is not None else "",
        apps=settings.apps if settings is not None else (),
        namespaces=settings.namespaces if settings is not None else (),
        accessor_tail=token.accessor_tail,
        renewal_job=settings.renewal_job if isinstance(settings, TokenSettings) else "",
        dead_ms=None,
        steady_since_ms=None,
    )


def unread_words(problem: str, expire_ms: int | None) -> str:
    """Say why it cannot be looked up, and the end that was told last, which a renewal may have moved since."""
    if expire_ms is None:
        return problem
    return f"last known to end at {moment(expire_ms)}, look-ups refused: {problem}"
