"""Rows that are judged all together, whenever their source has told something."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from statusdesk.states import EnvironmentState, PlatformState
from statusdesk.store.writer import Transition, Writer

LONGEST_HOLD_MS = 300_000  # some job may never show its older builds
S = TypeVar("S", PlatformState, EnvironmentState)


class Hold:
    """Waits with a verdict while what it needs is being read, but not for ever."""

    def __init__(self) -> None:
        self._since_ms: int | None = None

    def holds(self, waits: bool, now_ms: int) -> bool:
        """Tell whether to wait, or to wait on."""
        if not waits:
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = now_ms
        return 0 <= now_ms - self._since_ms < LONGEST_HOLD_MS


class Rejudging(Generic[S]):
    """Whether the rows of a kind are due, and how they are put."""

    def __init__(self, writer: Writer, kind: type[S]) -> None:
        self._writer = writer
        self._kind: type[S] = kind
        self.heard = False
        self._judged = False

    def again(self) -> None:
        """Have them judged anew, where they were judged at all since this process began."""
        self.heard = self.heard or self._judged

    def put(self, states: Sequence[S], now_ms: int, *, whole: bool) -> list[Transition]:
        """Put all rows as they are judged now; with ``whole`` those that are not among them have gone."""
        self.heard, self._judged = False, True
        alive = {state.key for state in states}
        current = self._writer.current(self._kind)
        ended = [key for key, state in current.items() if state.until_ms is None and key not in alive]
        left = self._writer.gone(self._kind, ended, now_ms) if whole else []
        return left + self._writer.put(states, now_ms)
