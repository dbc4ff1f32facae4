"""Rows that are judged all together, when their source has told something and as time passes."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from statusdesk.states import EnvironmentState, PlatformState
from statusdesk.store.writer import Transition, Writer

S = TypeVar("S", PlatformState, EnvironmentState)


class Rejudging(Generic[S]):
    """When the rows of a kind are due, and how they are put."""

    def __init__(self, writer: Writer, kind: type[S], every_ms: int) -> None:
        self._writer = writer
        self._kind: type[S] = kind
        self._every_ms = every_ms
        self._judged_ms: int | None = None
        self.heard = False

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which time alone may change a verdict."""
        return None if self._judged_ms is None else self._judged_ms + self._every_ms

    def is_due(self, now_ms: int) -> bool:
        """Tell whether something was heard since they were judged, or they were judged a while ago."""
        passed = self._judged_ms is not None and not 0 <= now_ms - self._judged_ms < self._every_ms
        return self.heard or passed

    def put(self, states: Sequence[S], now_ms: int, *, whole: bool) -> list[Transition]:
        """Put all rows as they are judged now; with ``whole`` those that are not among them have gone."""
        self.heard, self._judged_ms = False, now_ms
        alive = {state.key for state in states}
        current = self._writer.current(self._kind)
        ended = [key for key, state in current.items() if state.until_ms is None and key not in alive]
        left = self._writer.gone(self._kind, ended, now_ms) if whole else []
        return left + self._writer.put(states, now_ms)
