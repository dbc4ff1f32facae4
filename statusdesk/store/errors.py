"""What goes wrong with the store, as sentences for people."""

from pathlib import Path


class StoreError(Exception):
    """The store cannot be read or written; ``str()`` is one sentence with what to do about it."""


class StoreUnusable(StoreError):
    """The store will not be usable before a person has done something: trying again by itself changes nothing."""


class LockHeld(Exception):
    """Another process holds the state directory; ``pid`` is None and ``owner`` empty while it has not written them."""

    def __init__(self, state_dir: Path, pid: int | None, owner: str = "") -> None:
        self.state_dir = state_dir
        self.pid = pid
        self.owner = owner
        who = f"process {pid}" if pid is not None else "another process"
        super().__init__(f"{who} already collects into {state_dir}")
