"""How far the clock of a Jenkins is ahead of ours, and its builds told in our clock.

What is known of a build keeps the start as Jenkins says it, by which a build is recognized; what is told of it is in
our clock, by how far Jenkins' was ahead when the build was first seen.
"""

import datetime
import threading
from collections import deque
from collections.abc import Mapping

from msgspec.structs import replace

from collectors.server_clocks import off_by
from collectors.transport import VisitFailed
from statusdesk.clock import Clock, ClockSteps, system_clock
from statusdesk.facts import Build
from statusdesk.server_clock import ServerSkew, date_ms

TOLD_MS = 60_000
NEWEST, ENOUGH = 5, 2  # answers: one that a proxy has kept for a while says nothing
CLOCK = "clock"
_SECOND_MS = 999  # the header is in whole seconds, cut


class ServerClock:
    """What to take off a server's times: ``ms``, which the newest answers agree on.

    ``steps`` tells when our own clock was set: then it is known at once how far it is off.
    """

    def __init__(self, clock: Clock = system_clock, steps: ClockSteps | None = None) -> None:
        self._clock = clock
        self._steps = steps
        self._newest: deque[int] = deque(maxlen=NEWEST)
        self._lock = threading.Lock()
        self._skew = ServerSkew()

    @property
    def ms(self) -> int:
        """By how much it is ahead of ours."""
        return self._skew.ms

    def heard(self, headers: Mapping[str, str], took: datetime.timedelta) -> None:
        """Take the headers of an answer that has just come. Source: ``Date`` (RFC 9110).

        It was written between question and answer, ``took`` apart: only what lies outside of these is off.
        """
        answered_ms = self._clock()
        self._look(answered_ms)
        asked_ms = answered_ms - round(took.total_seconds() * 1000)
        said_ms = date_ms(headers.get("Date"))
        if said_ms is None:
            return
        off_ms = said_ms - answered_ms if said_ms > answered_ms else min(0, said_ms + _SECOND_MS - asked_ms)
        with self._lock:
            self._newest.append(off_ms)
            if len(self._newest) < ENOUGH:
                return
            median_ms = sorted(self._newest, key=abs)[(len(self._newest) - 1) // 2]
            self._skew.heard(median_ms)

    def _look(self, now_ms: int) -> None:
        with self._lock:
            step_ms = self._steps.step_ms(now_ms) if self._steps is not None else 0
            if step_ms:
                self._skew.stepped(step_ms)
                self._newest = deque((off_ms - step_ms for off_ms in self._newest), maxlen=NEWEST)

    def ours(self, their_ms: int | None) -> int | None:
        """Return a moment of the server in our clock."""
        return their_ms - self.ms if their_ms else their_ms

    @property
    def words(self) -> str:
        """Say how it stands to ours; empty where that is not worth a word."""
        return f"its clock {off_by(self.ms)}" if abs(self.ms) > TOLD_MS else ""

    def problem(self, where: str) -> VisitFailed | None:
        """Return what is to be told of it."""
        if not self.words:
            return None
        return VisitFailed(
            "SkewedClock", f"{where} has {self.words}, which is corrected for: set both by NTP, or that of its proxy"
        )


def in_ours(build: Build) -> Build:
    """Return a build with its start in our clock."""
    return replace(build, started_ms=build.started_ms - build.skew_ms) if build.skew_ms else build


def as_stamped(build: Build) -> Build:
    """Return a build that was told in our clock with its start as Jenkins says it."""
    return replace(build, started_ms=build.started_ms + build.skew_ms) if build.skew_ms else build
