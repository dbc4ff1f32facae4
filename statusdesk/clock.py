"""Where the time comes from; passed in wherever a rule depends on it, so that tests set it."""

import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_OFFSETS = Path("/proc/self/timens_offsets")

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


def boot() -> int | None:
    """Return a number for this run of the machine, in which ``boot_clock`` runs on; None where the system tells none.

    Source: ``random/boot_id`` in proc(5), the same in all containers, cut to what a store can hold; and
    ``timens_offsets`` in time_namespaces(7), by which the boot clocks of containers may be apart.
    """
    try:
        told = int(BOOT_ID.read_text().replace("-", ""), 16)
        apart = TIME_OFFSETS.read_bytes() if TIME_OFFSETS.exists() else b""  # Linux before 5.6 has none
    except (OSError, ValueError):
        return None
    return told >> 65 ^ zlib.crc32(apart)


class Anchor(NamedTuple):
    """By how much the clock was ahead of the even one in a run of the machine, as what is known is stamped."""

    boot: int
    ahead_ms: int


SAME_CLOCK_MS = 5_000
"""Servers tell their time in whole seconds, and it is a while on its way: a smaller difference is not corrected for."""

LEAST_STEP_MS = 2000
"""Less than that may be how long a thread waited between two looks at two clocks."""


class ClockSteps:
    """Compares the clock of the system with one that runs evenly, the time that a machine sleeps included.

    ``boot`` tells in which run of the machine; without it, nothing is known of what was before this process.
    """

    def __init__(self, even: Callable[[], int], boot: int | None = None) -> None:
        self._even = even
        self._boot = boot
        self._ahead_ms: int | None = None
        self.anchor: Anchor | None = None

    def go_on(self, anchor: Anchor | None, alive_ms: int) -> None:
        """Take how the clock stood in an earlier process, which was alive at ``alive_ms`` by it.

        It says nothing where the machine was started since. Nor where that moment is yet to come: then a machine was
        set back to what it was once, or somebody has written by another clock who leaves no anchor.
        """
        if anchor is None or anchor.boot != self._boot:
            return
        if self._even() + anchor.ahead_ms > alive_ms - LEAST_STEP_MS:
            self._ahead_ms, self.anchor = anchor.ahead_ms, anchor

    def step_ms(self, now_ms: int) -> int:
        """Return by how many milliseconds the clock was set since the last call; 0 for not at all."""
        ahead_ms = now_ms - self._even()
        step_ms = 0 if self._ahead_ms is None else ahead_ms - self._ahead_ms
        if self._ahead_ms is not None and abs(step_ms) < LEAST_STEP_MS:
            return 0
        self._ahead_ms = ahead_ms
        self.anchor = Anchor(self._boot, ahead_ms) if self._boot is not None else None
        return step_ms
