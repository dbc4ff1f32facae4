"""Where the time comes from; passed in wherever a rule depends on it, so that tests set it."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds of UTC since 1970."""


def system_clock() -> int:
    return time.time_ns() // 1_000_000


def steady_clock() -> int:
    """Return milliseconds that run evenly, whatever is done to the system's clock; their beginning means nothing."""
    return time.monotonic_ns() // 1_000_000


def boot_clock() -> int:
    """Return milliseconds that run evenly and go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000


SAME_CLOCK_MS = 5_000
"""Servers tell their time in whole seconds, and it is a while on its way: a smaller difference is not corrected for."""

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
