"""Which sources can be relied on now: what hangs on one that is down, or not heard of yet, stays as it is.

A part of a source (``source#namespace``) that may not be read is down by itself; of one that nobody speaks of, what
its source says holds.
"""

from collections.abc import Iterable

from statusdesk.states_alerts import AlertState

SETTLE_MS = 5_000
"""A source that answers again is relied on after so long, so that what it shows has been read by then."""


class Sources:
    """The configured sources as the alerts see them; times are ``t`` of ``lifecycle``."""

    def __init__(self, configured: Iterable[str]) -> None:
        self.configured = frozenset(configured)
        self._unheard = set(self.configured)
        self._slept = False
        self._down: set[str] = set()
        self._settling: dict[str, int] = {}

    def has(self, hangs_on: Iterable[str]) -> bool:
        """Whether all of these are configured, or parts of what is."""
        for each in hangs_on:  # of every claim: a loop costs half of what a generator does
            if each not in self.configured and each.partition("#")[0] not in self.configured:
                return False
        return True

    def slept(self) -> None:
        """Note that nobody has looked for long: each source must be read once more; what is down is, until then."""
        self._unheard = set(self.configured)
        self._settling.clear()
        self._slept = True

    def failed(self, source: str) -> bool:
        """Note that a source does not answer; tell whether it did until now."""
        self._unheard.discard(source)
        self._settling.pop(source, None)
        new = source not in self._down
        self._down.add(source)
        return new

    def answered(self, source: str, t: int) -> bool:
        """Note that a source answers; tell whether it can be relied on from now on and could not before."""
        if source in self._down or (self._slept and source in self._unheard):
            # what is watched answers at once after a sleep, and tells then what happened meanwhile
            self._down.discard(source)
            self._unheard.discard(source)
            self._settling[source] = t + SETTLE_MS
            return False
        if source in self._unheard:
            self._unheard.discard(source)
            return True
        return False

    def settled(self, t: int) -> list[str]:
        """Return the sources that can be relied on from now on, since they answer again."""
        found = [source for source, until in self._settling.items() if t >= until]
        for source in found:
            del self._settling[source]
        return found

    @property
    def next_due(self) -> int | None:
        """When the next source has settled."""
        return min(self._settling.values(), default=None)

    def frozen(self, hangs_on: Iterable[str], *, seen_now: bool) -> bool:
        """Whether nothing may be concluded of what hangs on these sources.

        ``seen_now``: it was judged just now, which tells that its source has been read.
        """
        for source in hangs_on:
            if source in self._down:
                return True
            if not seen_now and (source in self._unheard or source in self._settling):
                return True
        return False

    def unread(self, alert: AlertState) -> bool:
        """Whether what an alert hangs on has not been read since the start or a sleep, or not since it failed.

        One that is about a source itself is known again as soon as that has answered, or has failed once more.
        """
        if not alert.hangs_on:
            return alert.source in self._unheard
        return self.frozen(alert.hangs_on, seen_now=False)
