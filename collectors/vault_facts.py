"""Vault's answers turned into facts: tokens and the server's health."""

import datetime

from collectors.transport import VisitFailed
from collectors.vault_certificates import validity_ms
from collectors.vault_wire import CertificateWire, HealthWire, SecretIdWire, TokenWire
from statusdesk.config import CertificateSettings, SecretIdSettings
from statusdesk.facts import Token, VaultHealth
from statusdesk.text import clean

SOURCE = "vault"
TAIL_CHARS = 6
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def token_of(
    wire: TokenWire, name: str, *, own: bool = False, seen_ms: int | None = None, mount_max_s: int = 0
) -> Token:
    """Return the fact of one token. Raises: VisitFailed when a time cannot be read, rather than "never expires"."""
    return Token(
        source=SOURCE,
        name=name,
        own=own,
        accessor_tail=tail(wire.accessor),
        issue_ms=moment_ms(wire.issue_time),
        expire_ms=moment_ms(wire.expire_time),
        last_renewal_ms=moment_ms(wire.last_renewal),
        period_s=wire.period or None,
        explicit_max_s=wire.explicit_max_ttl or 0,
        renewable=wire.renewable,
        num_uses=wire.num_uses or 0,
        orphan=wire.orphan,
        type=clean(wire.type or ""),
        display_name=clean(wire.display_name or ""),
        path=clean(wire.path or ""),
        root="root" in (wire.policies or ()),
        mount_max_s=mount_max_s,
        seen_ms=seen_ms,
    )


def secret_id_of(wire: SecretIdWire, settings: SecretIdSettings, seen_ms: int) -> Token:
    """Return the fact of one secret-id. Raises: VisitFailed"""
    return Token(
        source=SOURCE,
        name=settings.name,
        kind="secret-id",
        accessor_tail=tail(settings.accessor),
        issue_ms=moment_ms(wire.creation_time),
        expire_ms=moment_ms(wire.expiration_time),
        num_uses=wire.secret_id_num_uses,
        renewable=False,
        seen_ms=seen_ms,
    )


def certificate_of(wire: CertificateWire, settings: CertificateSettings, seen_ms: int) -> Token:
    """Return the fact of one certificate. Raises: VisitFailed"""
    issue_ms, expire_ms = validity_ms(wire.certificate)
    return Token(
        source=SOURCE,
        name=settings.name,
        kind="certificate",
        gone=wire.revocation_time > 0,
        accessor_tail=tail(settings.serial),
        issue_ms=issue_ms,
        expire_ms=expire_ms,
        renewable=False,
        seen_ms=seen_ms,
    )


def tail(accessor: str) -> str:
    """Return the end of an accessor, enough to tell it from others and too little to use it."""
    return clean(accessor[-TAIL_CHARS:])


def health_of(wire: HealthWire, asked_ms: int, answered_ms: int) -> VaultHealth:
    """Return the fact of the server; its clock is told in whole seconds, cut, so up to one second is no skew."""
    skew_ms = 0
    if wire.server_time_utc is not None:
        server_ms = wire.server_time_utc * 1000
        if server_ms > answered_ms:
            skew_ms = server_ms - answered_ms
        elif server_ms + 999 < asked_ms:
            skew_ms = server_ms + 999 - asked_ms
    return VaultHealth(
        source=SOURCE,
        initialized=wire.initialized,
        sealed=wire.sealed,
        standby=wire.standby,
        version=clean(wire.version),
        skew_ms=skew_ms,
    )


def moment_ms(text: str | None) -> int | None:
    """Return RFC 3339 as milliseconds; None for null and for year one, which is Go's way to say "no time".

    Raises: VisitFailed
    """
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise VisitFailed("NotJson", "Vault sends a time that cannot be read: look at the proxy before it") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    if moment.year < 1970:
        return None
    return (moment - _EPOCH) // datetime.timedelta(milliseconds=1)
