"""What is watched at a Vault besides its health: tokens, secret-ids, certificates; each looked up in its own way."""

from msgspec.structs import replace

from collectors.vault_api import VaultApi
from collectors.vault_facts import SOURCE, certificate_of, secret_id_of, tail, token_of
from collectors.vault_mounts import MountCaps
from statusdesk.clock import Clock
from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings
from statusdesk.facts import Token

Item = TokenSettings | SecretIdSettings | CertificateSettings


def look_up(api: VaultApi, item: Item, clock: Clock, caps: MountCaps) -> Token:
    """Return what is known of it now. Raises: AccessorUnknown, TokenProblem, VisitFailed"""
    if isinstance(item, SecretIdSettings):
        return secret_id_of(api.secret_id(item.mount, item.role, item.accessor), item, clock())
    if isinstance(item, CertificateSettings):
        return certificate_of(api.certificate(item.mount, item.serial), item, clock())
    wire = api.lookup(item.accessor)
    seen_ms = clock()
    cap = caps.of(api, wire.path or "", seen_ms)
    token = token_of(wire, item.name, seen_ms=seen_ms, mount_max_s=cap.max_s)
    return replace(token, mount_problem=cap.problem) if cap.problem else token


def has_accessor(item: Item) -> bool:
    """Tell whether it can be asked for: the file with its accessor may tell none."""
    return isinstance(item, CertificateSettings) or bool(item.accessor)


def unseen(item: Item) -> Token:
    """Return what is told of what was never there."""
    if isinstance(item, CertificateSettings):
        return Token(source=SOURCE, name=item.name, kind="certificate", accessor_tail=tail(item.serial))
    kind = "secret-id" if isinstance(item, SecretIdSettings) else "token"
    return Token(source=SOURCE, name=item.name, kind=kind, accessor_tail=tail(item.accessor))
