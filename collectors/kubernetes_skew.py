"""How far the clock of an API server is ahead of ours, so that its times can be told in ours."""

import threading
import weakref
from typing import Protocol

from statusdesk.clock import Clock, ClockSteps, system_clock
from statusdesk.server_clock import ServerSkew, date_ms

_HALF_SECOND_MS = 500


class Follower(Protocol):
    """What remembers times in our clock."""

    def forget(self) -> None: ...


class Skew:
    """What to take off a server's times: ``ms``, as the newest answer tells it.

    ``steps`` tells when our own clock was set: then it is known at once how far it is off.
    """

    def __init__(self, clock: Clock = system_clock, steps: ClockSteps | None = None) -> None:
        self._clock = clock
        self._steps = steps
        self._lock = threading.Lock()
        self._followers: list[weakref.ref[Follower]] = []
        self._skew = ServerSkew()

    @property
    def ms(self) -> int:
        """By how much it is ahead of ours."""
        return self._skew.ms

    def follow(self, follower: "Follower") -> None:
        """Let ``follower`` forget the times that it told when they are no longer right, as long as it lives."""
        self._followers = [known for known in self._followers if known() is not None] + [weakref.ref(follower)]

    def heard(self, date: str | None) -> None:
        """Take the header of an answer that has just come. Source: ``Date`` (RFC 9110), in whole seconds."""
        self.look()
        said_ms = date_ms(date)
        if said_ms is None:
            return
        with self._lock:
            if self._skew.heard(said_ms + _HALF_SECOND_MS - self._clock()):
                self._forget()

    def look(self) -> None:
        """Look whether our clock was set; called before times are told."""
        if self._steps is None:
            return
        with self._lock:
            step_ms = self._steps.step_ms(self._clock())
            if step_ms:
                self._skew.stepped(step_ms)
                self._forget()

    def _forget(self) -> None:
        for known in self._followers:
            follower = known()
            if follower is not None:
                follower.forget()
