"""The time of the demo world: wall-clock time, with the lives of things in it shortened by a factor."""

import asyncio

from statusdesk.clock import Clock, system_clock


class WorldClock:
    """Wall-clock time with durations divided by ``speed``.

    Every timestamp of the world is the wall clock's, so that no client ever sees a time in the future; at speed 10 a
    container that takes 60 s to become ready takes 6 s. Speed 1 is real time.
    """

    def __init__(self, speed: float = 1.0, now: Clock = system_clock) -> None:
        if speed <= 0:
            raise ValueError("the speed of the world must be above 0")
        self._speed = speed
        self._now = now

    @property
    def speed(self) -> float:
        """How many times faster than life the world runs."""
        return self._speed

    def now_ms(self) -> int:
        """Return the wall clock, in milliseconds of UTC since 1970."""
        return self._now()

    def wall_s(self, world_seconds: float) -> float:
        """Return how long ``world_seconds`` of the world last for people, in seconds."""
        return world_seconds / self._speed

    def world_s(self, wall_seconds: float) -> float:
        """Return how many seconds of the world pass in ``wall_seconds`` of people."""
        return wall_seconds * self._speed

    def move_to(self, at_ms: int) -> None:
        """Move a stepped clock on.

        Raises: TypeError for a clock that moves by itself.
        """
        if not isinstance(self._now, SteppedTime):
            raise TypeError("only a SteppedTime can be moved")
        self._now.move_to(at_ms)

    async def sleep(self, world_seconds: float) -> None:
        """Wait for ``world_seconds`` of the world."""
        await asyncio.sleep(max(0.0, self.wall_s(world_seconds)))


class SteppedTime:
    """A clock that stands still until it is moved: what a test gives to ``WorldClock``."""

    def __init__(self, start_ms: int) -> None:
        self._at_ms = start_ms

    def __call__(self) -> int:
        return self._at_ms

    def move_to(self, at_ms: int) -> None:
        """Move to ``at_ms``; time never goes back."""
        self._at_ms = max(self._at_ms, at_ms)
