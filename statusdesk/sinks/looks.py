"""When the collector has looked last: what the threads of sinks were told was so then, and need not be any more.

All threads stand still together when a process is stopped or its machine sleeps, and whichever goes on first must not
tell what was so before.
"""

from statusdesk.clock import Clock, boot_clock

SLEPT_MS = 60_000
"""A collector that has not looked for so long has slept: the machine was suspended, or the process was stopped."""


class Looks:
    """The last look of the collector; ``even`` goes on while the machine sleeps. Any thread may ask."""

    def __init__(self, even: Clock = boot_clock, longest_ms: int = SLEPT_MS) -> None:
        self.even = even
        self._longest_ms = longest_ms
        self._at: int | None = None

    def looked(self, at: int) -> None:
        """Note that all is told of what there was at ``at`` (``even``)."""
        self._at = at

    @property
    def ago_ms(self) -> int:
        """How long ago the last look was; 0 before the first one."""
        return 0 if self._at is None else self.even() - self._at

    @property
    def are_late(self) -> bool:
        """Whether all of us may have slept: the collector is about to find out."""
        return self.ago_ms > self._longest_ms
