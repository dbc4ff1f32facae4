"""What rows claim to be bad now: by the alert that it amounts to, and by the row that claims it."""

from collections.abc import Sequence, Set

from statusdesk.states_alerts import AlertState


class Claims:
    """The claims of all rows; several may be of one alert, of which the first explains it."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, AlertState]] = {}
        """By fingerprint and subject."""
        self.by: dict[str, tuple[str, ...]] = {}
        """The fingerprints, by subject."""

    def put(self, about: str, claims: Sequence[AlertState]) -> set[str]:
        """Take all that a row claims in place of what it did; return the fingerprints that are touched."""
        before = self.by.get(about, ())
        if not claims and not before:
            return set()
        now = tuple([claim.fingerprint for claim in claims])
        for fingerprint in before:
            if fingerprint not in now:  # one that stays keeps its place: the first of several explains the alert
                self.of[fingerprint].pop(about, None)
                if not self.of[fingerprint]:
                    del self.of[fingerprint]
        for claim in claims:
            self.of.setdefault(claim.fingerprint, {})[about] = claim
        if now:
            self.by[about] = now
        else:
            self.by.pop(about, None)
        return {*before, *now}

    def claimed(self, about: str) -> list[AlertState]:
        """Return all that a row claims."""
        return [self.of[fingerprint][about] for fingerprint in self.by.get(about, ())]

    def first(self, fingerprint: str) -> AlertState | None:
        """Return what explains an alert, None when nothing claims it."""
        claims = self.of.get(fingerprint)
        return next(iter(claims.values())) if claims else None

    def hanging_on(self, sources: Set[str]) -> set[str]:
        """Return the fingerprints of what is claimed by rows that were read from one of these."""
        return {
            fingerprint
            for fingerprint, claims in self.of.items()
            if not all(sources.isdisjoint(claim.hangs_on) for claim in claims.values())
        }
