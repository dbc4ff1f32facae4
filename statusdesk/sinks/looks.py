"""When the collector has looked last: what the threads of sinks were told was so then, and need not be any more.

All threads stand still together when a process is stopped or its machine sleeps, and whichever goes on first must not
tell what was so before.
"""

from statusdesk.clock import Clock, boot_clock, system_clock

SLEPT_MS = 60_000
"""A collector that has not looked for so long has slept: the machine was suspended, or the process was stopped."""


class Looks:
    """The last look of the collector; ``even`` goes on while the machine sleeps. Any thread may ask.

    No clock of a paused machine goes on; what pauses it may set the one of the system when it goes on. So the last look
    is taken for an old one when the clock was set forward, until the next one: nobody waits long for that.
    """

    def __init__(self, even: Clock = boot_clock, clock: Clock = system_clock, longest_ms: int = SLEPT_MS) -> None:
        self.even = even
        self._clock = clock
        self._longest_ms = longest_ms
        self._looked: tuple[int, int] | None = None

    def looked(self, at: int, now_ms: int) -> None:
        """Note that all is told of what there was at ``at`` (``even``), when the clock told ``now_ms``."""
        self._looked = at, now_ms

    @property
    def ago_ms(self) -> int:
        """How long ago the last look was, by the clock that tells more; 0 before the first one."""
        if self._looked is None:
            return 0
        at, now_ms = self._looked
        return max(self.even() - at, self._clock() - now_ms)

    @property
    def are_late(self) -> bool:
        """Whether all of us may have slept: the collector is about to find out."""
        return self.ago_ms > self._longest_ms
