"""What is watched at a Vault besides its health: tokens, secret-ids, certificates; each looked up in its own way."""

import threading
from typing import NamedTuple

from msgspec.structs import replace

from collectors.transport import VisitFailed
from collectors.vault_api import TokenProblem, VaultApi
from collectors.vault_facts import SOURCE, certificate_of, secret_id_of, tail, token_of
from statusdesk.clock import Clock
from statusdesk.config import CertificateSettings, SecretIdSettings, TokenSettings
from statusdesk.facts import Token

Item = TokenSettings | SecretIdSettings | CertificateSettings


class MountCap(NamedTuple):
    """The ``max_lease_ttl`` of a mount, 0 where it is not known; ``problem``: why Vault does not tell it."""

    max_s: int = 0
    problem: str = ""


class MountCaps:
    """The caps of the mounts that tokens come from, asked for at a slow pace where that is wanted.

    What failed for another reason than a refusal is asked for again at the next visit.
    """

    def __init__(self, wanted: bool, every_s: float, again_s: float) -> None:
        self._wanted = wanted
        self._every_ms = round(every_s * 1000)
        self._again_ms = round(again_s * 1000)
        self._known: dict[str, MountCap] = {}
        self._asked: dict[str, tuple[int, int]] = {}  # when, and for how long that holds
        self._asking = threading.Lock()  # several threads look tokens up; one of them asks

    def of(self, api: VaultApi, path: str, now_ms: int) -> MountCap:
        """Return the cap of the mount in the path of a token."""
        mount = mount_of(path)
        if not self._wanted or not mount:
            return MountCap()
        with self._asking:
            asked_ms, holds_ms = self._asked.get(mount, (0, 0))
            if not 0 <= now_ms - asked_ms < holds_ms:
                self._asked[mount] = now_ms, self._ask(api, mount)
            return self._known[mount]

    def _ask(self, api: VaultApi, mount: str) -> int:
        """Ask for a cap; return for how long the answer holds.

        It only helps to foretell: what really happens is seen by the renewals.
        """
        before = self._known.get(mount, MountCap())
        try:
            self._known[mount] = MountCap(api.mount_max_s(mount))
        except TokenProblem as error:
            denied = f"may not read sys/mounts/auth/{mount}/tune"
            self._known[mount] = MountCap(before.max_s, denied if error.problem == "Forbidden" else error.message)
        except VisitFailed:
            self._known[mount] = before
            return self._again_ms
        return self._every_ms


def mount_of(path: str) -> str:
    """Return the auth mount in the path of a token; empty where it came from none."""
    return path.split("/")[1] if path.startswith("auth/") else ""


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


def unseen(item: Item) -> Token:
    """Return what is told of what was never there."""
    if isinstance(item, CertificateSettings):
        return Token(source=SOURCE, name=item.name, kind="certificate", accessor_tail=tail(item.serial))
    kind = "secret-id" if isinstance(item, SecretIdSettings) else "token"
    return Token(source=SOURCE, name=item.name, kind=kind, accessor_tail=tail(item.accessor))
