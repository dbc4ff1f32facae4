"""The names that jobs had before they were renamed."""

import math
from collections.abc import Iterable

from statusdesk.states_builds import JobEvent


class Renames:
    """By which names jobs were known, as far as what happened to them is remembered."""

    def __init__(self, events: Iterable[JobEvent] = ()) -> None:
        self._by_new_name: dict[tuple[str, str], list[JobEvent]] = {}
        for event in events:
            if event.what == "renamed":
                self._by_new_name.setdefault((event.source, event.other), []).append(event)

    def earlier_names(self, source: str, name: str) -> list[tuple[str, int]]:
        """Return the names that a job had, and until when, the last one first."""
        names: list[tuple[str, int]] = []
        until_ms: float = math.inf
        while before := [e for e in self._by_new_name.get((source, name), ()) if e.at_ms < until_ms]:
            last = max(before, key=lambda event: event.at_ms)
            name, until_ms = last.name, last.at_ms
            names.append((last.name, last.at_ms))
        return names
