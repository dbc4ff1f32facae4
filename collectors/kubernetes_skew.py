"""How far the clock of an API server is ahead of ours, so that its times can be told in ours."""

import email.utils
import threading
import weakref
from typing import Protocol

from statusdesk.clock import SAME_CLOCK_MS, Clock, ClockSteps, system_clock

_HALF_SECOND_MS = 500


class Follower(Protocol):
    """What remembers times in our clock."""

    def forget(self) -> None: ...


class Skew:
    """What to take off a server's times. ``ms`` is 0 until a clock is known to be off, and moves only by steps.

    ``steps`` tells when our own clock was set: then it is known at once how far it is off.
    """

    def __init__(self, clock: Clock = system_clock, steps: ClockSteps | None = None) -> None:
        self._clock = clock
        self._steps = steps
        self._lock = threading.Lock()
        self._followers: list[weakref.ref[Follower]] = []
        self.ms = 0

    def follow(self, follower: "Follower") -> None:
        """Let ``follower`` forget the times that it told when they are no longer right, as long as it lives."""
        self._followers = [known for known in self._followers if known() is not None] + [weakref.ref(follower)]

    def heard(self, date: str | None) -> None:
        """Take the header of an answer that has just come. Source: ``Date`` (RFC 9110), in whole seconds."""
        self.look()
        if not date:
            return
        try:
            said_ms = int(email.utils.parsedate_to_datetime(date).timestamp() * 1000) + _HALF_SECOND_MS
        except (ValueError, OverflowError):
            return
        with self._lock:
            skew_ms = said_ms - self._clock()
            if abs(skew_ms - self.ms) > SAME_CLOCK_MS:
                self._put(skew_ms)

    def look(self) -> None:
        """Look whether our clock was set; called before times are told."""
        if self._steps is None:
            return
        with self._lock:
            step_ms = self._steps.step_ms(self._clock())
            if step_ms:
                self._put(self.ms - step_ms)

    def _put(self, skew_ms: int) -> None:
        self.ms = skew_ms if abs(skew_ms) > SAME_CLOCK_MS else 0
        for known in self._followers:
            follower = known()
            if follower is not None:
                follower.forget()
