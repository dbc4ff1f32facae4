"""What is watched at a Vault besides its health: tokens, secret-ids, certificates; each looked up in its own way."""

import threading

from collectors.transport import VisitFailed
from collectors.vault_api import TokenProblem, VaultApi
from collectors.vault_facts import SOURCE, certificate_of, secret_id_of, tail, token_of
from statusdesk.clock import Clock
from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings
from statusdesk.facts import Token

Item = TokenSettings | SecretIdSettings | CertificateSettings


class MountCaps:
    """The ``max_lease_ttl`` of the mounts that tokens come from, asked for at a slow pace where that is wanted."""

    def __init__(self, wanted: bool, every_s: float) -> None:
        self._wanted = wanted
        self._every_ms = round(every_s * 1000)
        self._known: dict[str, int] = {}
        self._asked_ms: dict[str, int] = {}
        self._asking = threading.Lock()  # several threads look tokens up; one of them asks

    def of(self, api: VaultApi, path: str, now_ms: int) -> int:
        """Return the cap in seconds; 0 where it is not wanted, not allowed or not known."""
        if not self._wanted or not path.startswith("auth/"):
            return 0
        mount = path.split("/")[1]
        with self._asking:
            asked_ms = self._asked_ms.get(mount)
            if asked_ms is None or not 0 <= now_ms - asked_ms < self._every_ms:
                self._asked_ms[mount] = now_ms
                self._ask(api, mount)
            return self._known[mount]

    def _ask(self, api: VaultApi, mount: str) -> None:
        try:
            self._known[mount] = api.mount_max_s(mount)
        except (TokenProblem, VisitFailed):
            # it only helps to foretell; what really happens is seen by the renewals
            self._known.setdefault(mount, 0)


def look_up(api: VaultApi, item: Item, clock: Clock, caps: MountCaps) -> Token:
    """Return what is known of it now. Raises: AccessorUnknown, TokenProblem, VisitFailed"""
    if isinstance(item, SecretIdSettings):
        return secret_id_of(api.secret_id(item.mount, item.role, item.accessor), item, clock())
    if isinstance(item, CertificateSettings):
        return certificate_of(api.certificate(item.mount, item.serial), item, clock())
    wire = api.lookup(item.accessor)
    seen_ms = clock()
    return token_of(wire, item.name, seen_ms=seen_ms, mount_max_s=caps.of(api, wire.path or "", seen_ms))


def unseen(item: Item) -> Token:
    """Return what is told of what was never there."""
    if isinstance(item, CertificateSettings):
        return Token(source=SOURCE, name=item.name, kind="certificate", accessor_tail=tail(item.serial))
    kind = "secret-id" if isinstance(item, SecretIdSettings) else "token"
    return Token(source=SOURCE, name=item.name, kind=kind, accessor_tail=tail(item.accessor))
