"""What is going to happen in a simulated cluster, and when."""

import asyncio
import contextlib
import heapq
from collections.abc import Callable

from statusdesk.demo.clock import WorldClock

Step = Callable[[], None]


class Agenda:
    """Steps in order of time; one heap instead of a task for each of thousands of pods."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._steps: list[tuple[float, int, Step]] = []
        self._count = 0
        self._sooner = asyncio.Event()

    def after(self, world_seconds: float, step: Step) -> None:
        """Let ``step`` happen ``world_seconds`` from now."""
        at_ms = self._clock.now_ms() + self._clock.wall_s(max(0.0, world_seconds)) * 1000
        self._count += 1
        heapq.heappush(self._steps, (at_ms, self._count, step))
        if self._steps[0][1] == self._count:
            self._sooner.set()

    def catch_up(self, limit: int = 2000) -> float | None:
        """Do what is due, at most ``limit`` steps; return the moment (ms) of the next step, None without one."""
        done = 0
        while self._steps and self._steps[0][0] <= self._clock.now_ms() and done < limit:
            heapq.heappop(self._steps)[2]()
            done += 1
        return self._steps[0][0] if self._steps else None

    async def run(self) -> None:
        """Do steps when they are due, until cancelled; serves others in between."""
        while True:
            self._sooner.clear()
            due_ms = self.catch_up()
            wait_s = None if due_ms is None else max(0.0, (due_ms - self._clock.now_ms()) / 1000)
            if wait_s == 0.0:
                await asyncio.sleep(0)
                continue
            # Not wait_for: in Python 3.11 it loses a cancellation that comes together with what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._sooner.wait()

    def pass_time(self, world_seconds: float) -> None:
        """Move a stepped clock on, step by step."""
        end_ms = self._clock.now_ms() + self._clock.wall_s(world_seconds) * 1000
        while self._steps and self._steps[0][0] <= end_ms:
            self._clock.move_to(round(self._steps[0][0] + 0.5))
            self.catch_up()
        self._clock.move_to(round(end_ms))
