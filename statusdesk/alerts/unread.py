"""Which alerts nobody knows to hold still: their sources have not been read since the start, or since we slept.

Nobody is told of them again before that, or before ``patience_ms`` are over: then with the word when they were seen.
"""

from collections.abc import Collection, Iterable, Mapping, Set

from msgspec.structs import replace

from statusdesk.alerts.lifecycle import Life, restored
from statusdesk.alerts.sources import Sources
from statusdesk.alerts.tuning import STANDARDS, Tuning
from statusdesk.states_alerts import AlertState


def patience_ms(tuning: Tuning) -> int:
    """Return for how long a source may be unread before it is said: as long as it takes to call it down, at least."""
    rule = tuning.of("SourceDown", "")
    return max(rule.for_ms if rule is not None else 0, round(STANDARDS["SourceDown"].for_s * 1000))


def woken(life: Life, down_ms: int, tolerance_ms: int, t: int, now_ms: int) -> Life:
    """Return the life of an alert of which nobody has seen anything for ``down_ms``, as ``restored`` would have it.

    Its waits, which were measured all the while, go on.
    """
    again = restored(life.alert, down_ms, tolerance_ms, t, now_ms)
    if down_ms <= tolerance_ms:
        again = replace(again, active=life.active, clear=life.clear, bad=life.bad)
    return replace(again, claimed_ms=life.claimed_ms)


class Unread:
    """The fingerprints of what fired when this process began, or woke; ``seen_ms``: when somebody has looked last."""

    def __init__(self, lives: Iterable[Life], sources: Sources, *, seen_ms: int, until: int) -> None:
        self._sources = sources
        self.seen_ms = seen_ms
        self._until: int | None = until  # ``t``; None: they are not waited for any more
        self.fingerprints = frozenset(life.alert.fingerprint for life in lives if life.alert.state == "firing")

    @property
    def held(self) -> Set[str]:
        """Those that nobody is to be told of now."""
        return self.fingerprints if self._until is not None else frozenset()

    @property
    def due(self) -> int | None:
        """The ``t`` until which they are waited for."""
        return self._until if self.fingerprints else None

    def read(self, lives: Mapping[str, Life], leaving: Collection[str] = ()) -> list[str]:
        """Return those of which it is known now that they hold, or that they are over, each once.

        What was read to be well, and is held firing for a while, is neither: it may be over before it is told of again.
        So is what is ``leaving``.
        """
        if not self.fingerprints:
            return []
        known = [
            fingerprint
            for fingerprint in self.fingerprints
            if fingerprint not in lives or (fingerprint not in leaving and self._holds(lives[fingerprint].alert))
        ]
        self.fingerprints = self.fingerprints.difference(known)
        return known

    def _holds(self, alert: AlertState) -> bool:
        return alert.cleared_ms is None and not self._sources.unread(alert)

    def overdue(self, t: int) -> frozenset[str]:
        """Return those that have been waited for long enough, once; not each of them has not been read."""
        if self._until is None or t < self._until:
            return frozenset()
        self._until = None
        return self.fingerprints
