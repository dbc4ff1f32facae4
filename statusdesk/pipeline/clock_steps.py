"""Notices that the system's clock was set, so that what was heard a moment ago does not seem old, or yet to come."""

from collections.abc import Callable

from msgspec.structs import replace

from statusdesk.states import SourceState

LEAST_STEP_MS = 2000
"""Less than that may be how long a thread waited between two looks at two clocks."""


class ClockSteps:
    """Compares the clock of the system with one that runs evenly, the time that a machine sleeps included."""

    def __init__(self, even: Callable[[], int]) -> None:
        self._even = even
        self._ahead_ms: int | None = None

    def step_ms(self, now_ms: int) -> int:
        """Return by how many milliseconds the clock was set since the last call; 0 for not at all."""
        ahead_ms = now_ms - self._even()
        step_ms = 0 if self._ahead_ms is None else ahead_ms - self._ahead_ms
        if self._ahead_ms is not None and abs(step_ms) < LEAST_STEP_MS:
            return 0
        self._ahead_ms = ahead_ms
        return step_ms


def restamped(state: SourceState, step_ms: int) -> SourceState:
    """Return what is known of a source with its last answers as long ago as they were before the clock was set."""
    return replace(
        state,
        last_ok_ms=None if state.last_ok_ms is None else state.last_ok_ms + step_ms,
        last_try_ms=None if state.last_try_ms is None else state.last_try_ms + step_ms,
    )
