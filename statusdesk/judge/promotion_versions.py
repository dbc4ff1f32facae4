"""The age of versions: which of two is newer, from when each was first seen, and never from how it is written.

An earlier stage is taken to run the newer version, as promotion goes; that a later stage is newer wants evidence.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from statusdesk.states import RolloutState

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


MOST_VERSIONS = 500
"""Of one app: older ones are forgotten, but for those that run now or did before, which are compared."""


class Lineage:
    """When each version of one app was first seen, in any stage; grows with every rollout seen, in any order.

    ``watched_ms`` is since when nothing was missed: a version that arrives later and was never seen is a new one.
    """

    __slots__ = ("_first_ms", "_versions_of", "watched_ms")

    def __init__(self) -> None:
        self._first_ms: dict[str, int] = {}
        self._versions_of: dict[str, tuple[str, ...]] = {}  # by rollout
        self.watched_ms: int | None = None

    def see(self, rollout: RolloutState) -> None:
        """Note the version of a rollout, and that the one before it had been there earlier."""
        since_ms = rollout.version_since_ms
        self._versions_of[rollout.key] = (rollout.version, rollout.previous_version, rollout.held_version)
        if rollout.held_version and rollout.held_since_ms is not None:
            self._note(rollout.held_version, rollout.held_since_ms)
        if since_ms is None:
            return
        self._note(rollout.version, since_ms)
        if rollout.previous_version:
            self._note(rollout.previous_version, since_ms - 1)

    def leave(self, rollout_key: str) -> None:
        """Note that a rollout has gone: nobody compares its versions any more."""
        self._versions_of.pop(rollout_key, None)

    def _note(self, version: str, at_ms: int) -> None:
        known_ms = self._first_ms.get(version)
        if version and (known_ms is None or at_ms < known_ms):
            self._first_ms[version] = at_ms
            if len(self._first_ms) > MOST_VERSIONS:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        compared = {version for pair in self._versions_of.values() for version in pair}
        old = min(self._first_ms.keys() - compared, key=self._first_ms.__getitem__, default=None)
        if old is not None:
            del self._first_ms[old]

    def first_ms(self, version: str) -> int | None:
        return self._first_ms.get(version)


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A version in a stage: since when, and which versions its workloads ran before."""

    stage: int
    version: str
    since_ms: int | None
    previous: frozenset[str] = frozenset()


def is_newer(later: Arrival, earlier: Arrival, lineage: Lineage) -> bool:
    """Return whether a later stage runs a newer version than an earlier one: it came after, and was not known before.

    A version known from before its arrival is compared by first sight. One that was not known is new if we watched it
    arrive, or if the later stage left the very version behind that the earlier one still runs (a rollback in the later
    stage looks the same, so that a lower number speaks against it), or else if its number is higher.
    """
    if later.since_ms is None or earlier.since_ms is None or later.since_ms <= earlier.since_ms:
        return False
    first_ms, other_ms = lineage.first_ms(later.version), lineage.first_ms(earlier.version)
    if first_ms is not None and other_ms is not None and first_ms < later.since_ms:
        return first_ms > other_ms
    watched = lineage.watched_ms is not None and later.since_ms >= lineage.watched_ms
    if watched or earlier.version in later.previous:
        return not _is_lower(later.version, earlier.version)
    return _is_lower(earlier.version, later.version)


def _is_lower(version: str, than: str) -> bool:
    one, other = _NUMBERS.match(version), _NUMBERS.match(than)
    if one is None or other is None:
        return False
    return [int(n) for n in one[1].split(".")] < [int(n) for n in other[1].split(".")]


def order_of(arrivals: Sequence[Arrival], lineage: Lineage) -> list[str]:
    """Return the versions of a row, oldest first; ``arrivals`` in order of stages."""
    order: list[str] = []
    for arrival in reversed(arrivals):
        if arrival.version not in order:
            order.append(arrival.version)
    if len(order) < 2:
        return order
    for older, newer in _evidence(arrivals, lineage):
        if order.index(newer) < order.index(older):
            order.remove(newer)
            order.insert(order.index(older) + 1, newer)
    return order


def _evidence(arrivals: Sequence[Arrival], lineage: Lineage) -> Iterable[tuple[str, str]]:
    for index, earlier in enumerate(arrivals):
        for later in arrivals[index + 1 :]:
            if later.version != earlier.version and is_newer(later, earlier, lineage):
                yield earlier.version, later.version
