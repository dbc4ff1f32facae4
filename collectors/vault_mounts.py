"""The auth mounts that tokens come from, and the cap of each; a mount's path may have several parts.

Source: a token's ``path`` is that of its making (``auth/MOUNT/login/alice``), which does not tell where the mount ends.
``sys/mounts/auth/PATH/tune`` answers for the mount that a path is in, as far as our policy lets us ask, and 400 for one
that is in none.
"""

import threading
from typing import NamedTuple

from collectors.transport import VisitFailed
from collectors.vault_api import TokenProblem, VaultApi

_MAKES = ("login", "create", "create-orphan")
"""What follows a mount in the path of most tokens."""


class MountCap(NamedTuple):
    """The ``max_lease_ttl`` of a mount, 0 where it is not known; ``problem``: why Vault does not tell it."""

    max_s: int = 0
    problem: str = ""


def mounts_in(path: str) -> list[str]:
    """Return what may be the auth mount in the path of a token: the likely one, then the longest first.

    Empty where it came from none.
    """
    parts = path.strip("/").split("/")[1:] if path.startswith("auth/") else []
    found = ["/".join(parts[:size]) for size in range(max(1, len(parts) - 1), 0, -1) if parts]
    likely = next(("/".join(parts[:at]) for at, part in enumerate(parts) if at and part in _MAKES), None)
    return list(dict.fromkeys([*([likely] if likely else []), *found]))


def ask_mount(api: VaultApi, mounts: list[str]) -> tuple[str, int]:
    """Return the first of these that Vault tells of, with its ``max_lease_ttl`` in seconds.

    Raises: TokenProblem of the first that our policy refuses, else of the first; VisitFailed
    """
    problems: list[TokenProblem] = []
    for mount in mounts:
        try:
            return mount, api.mount_max_s(mount)
        except TokenProblem as error:
            problems.append(error)
    raise next((each for each in problems if each.problem == "Forbidden"), problems[0])


class MountCaps:
    """The caps of the mounts that tokens come from, asked for at a slow pace where that is wanted.

    Which part of a path is the mount is found out once. What failed for another reason than a refusal is asked for
    again at the next visit.
    """

    def __init__(self, wanted: bool, every_s: float, again_s: float) -> None:
        self._wanted = wanted
        self._every_ms = round(every_s * 1000)
        self._again_ms = round(again_s * 1000)
        self._known: dict[str, MountCap] = {}  # of the mount, or the likely one as long as none was found
        self._asked: dict[str, tuple[int, int]] = {}  # when, and for how long that holds
        self._found: set[str] = set()
        self._asking = threading.Lock()  # several threads look tokens up; one of them asks

    def of(self, api: VaultApi, path: str, now_ms: int) -> MountCap:
        """Return the cap of the mount in the path of a token."""
        mounts = mounts_in(path) if self._wanted else []
        if not mounts:
            return MountCap()
        with self._asking:
            mounts = [mount for mount in mounts if mount in self._found][:1] or mounts
            asked_ms, holds_ms = self._asked.get(mounts[0], (0, 0))
            if 0 <= now_ms - asked_ms < holds_ms:
                return self._known[mounts[0]]
            mount, holds_ms = self._ask(api, mounts)
            self._asked[mount] = now_ms, holds_ms
            return self._known[mount]

    def _ask(self, api: VaultApi, mounts: list[str]) -> tuple[str, int]:
        """Ask for a cap; return the mount, and for how long the answer holds.

        It only helps to foretell: what really happens is seen by the renewals.
        """
        likely = mounts[0]
        before = self._known.get(likely, MountCap())
        try:
            mount, max_s = ask_mount(api, mounts)
        except TokenProblem as error:
            denied = f"may not read sys/mounts/auth/{likely}/tune"
            self._known[likely] = MountCap(before.max_s, denied if error.problem == "Forbidden" else error.message)
        except VisitFailed:
            self._known[likely] = before
            return likely, self._again_ms
        else:
            self._known[mount] = MountCap(max_s)
            self._found.add(mount)
            return mount, self._every_ms
        return likely, self._every_ms
