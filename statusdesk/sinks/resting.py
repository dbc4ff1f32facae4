"""What was refused because of the address or the credential: asked for again, later each time."""

from collections.abc import Container, Hashable
from typing import Generic, TypeVar

from statusdesk.backoff import doubled
from statusdesk.clock import Clock
from statusdesk.sinks.sending import TurnedAway

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 60.0
Key = TypeVar("Key", bound=Hashable)


class Resting(Generic[Key]):
    """Knows what was refused so, and until when it is not asked for again."""

    def __init__(self, steady: Clock) -> None:
        self._steady = steady
        self._refused: dict[Key, tuple[int, int, str]] = {}  # how often in a row, until when (steady), with what

    def refused(self, key: Key, said: TurnedAway) -> None:
        """Take note that it was refused once more."""
        failures = self._refused[key][0] + 1 if key in self._refused else 1
        until = self._steady() + round(doubled(FIRST_WAIT_S, failures, LONGEST_WAIT_S) * 1000)
        self._refused[key] = (failures, until, str(said))

    def problem(self, key: Key) -> TurnedAway | None:
        """Return with what it was refused while it is not to be asked for again."""
        _, until, said = self._refused.get(key, (0, 0, ""))
        return TurnedAway(said) if said and self._steady() < until else None

    def over(self, key: Key) -> None:
        """Take note that it is not refused any more."""
        self._refused.pop(key, None)

    def forget_but(self, wanted: Container[Key]) -> None:
        """Forget what nobody wants any more."""
        self._refused = {key: each for key, each in self._refused.items() if key in wanted}
