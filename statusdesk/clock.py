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
