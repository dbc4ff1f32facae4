"""When alerts have fired and begun before: what tells a flapping one, and each firing from the one before it."""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from statusdesk.states import AlertState


class Past:
    """What has been of each alert, by fingerprint.

    ``firings``: when which has fired lately, ``starts``: when each that is stored has begun last, by the clock.
    ``within_ms``: for how long a firing may make the next one flapping; ``keep_ms``: for how long rows are stored.
    ``t`` is a time in milliseconds that runs evenly, ``now_ms`` what the clock says.
    """

    def __init__(
        self,
        firings: Iterable[tuple[str, int]],
        starts: Iterable[tuple[str, int]],
        within_ms: int,
        keep_ms: int,
        *,
        t: int,
        now_ms: int,
    ) -> None:
        self._within_ms, self._keep_ms = within_ms, keep_ms
        self._firings: dict[str, list[int]] = {}
        for fingerprint, fired_ms in firings:
            self._firings.setdefault(fingerprint, []).append(t - max(0, now_ms - fired_ms))
        self._last_start = dict(starts)
        self._swept = t

    def firings(self, fingerprint: str) -> Sequence[int]:
        """Return the times ``t`` at which an alert has fired lately."""
        return self._firings.get(fingerprint, ())

    def began(self, row: AlertState) -> None:
        """Note that a row is written: what was never written needs no other start."""
        self._last_start[row.fingerprint] = row.started_ms

    def fired(self, fingerprint: str, lives: Collection[str], t: int, now_ms: int) -> None:
        """Remember a firing for as long as it may make the next one flapping."""
        within = self._within_ms
        self._firings[fingerprint] = [*(at for at in self.firings(fingerprint) if t - at < within), t]
        if t - self._swept >= within:  # now and then those of all others, so that they do not grow for years
            self._swept = t
            self._firings = {each: times for each, times in self._firings.items() if t - times[-1] < within}
            kept_ms = now_ms - self._keep_ms  # what the store has no more can begin at the same moment again
            self._last_start = {each: at for each, at in self._last_start.items() if at > kept_ms or each in lives}

    def distinct(self, claim: AlertState, now_ms: int) -> AlertState:
        """Return the claim with a start that tells it from the same alert before."""
        last = self._last_start.get(claim.fingerprint)
        started_ms = claim.started_ms or now_ms
        if last is not None and started_ms <= last:
            started_ms = max(now_ms, last + 1)
        return claim if started_ms == claim.started_ms else replace(claim, started_ms=started_ms)
