"""The names that jobs had before they were renamed, and those that they have since."""

import math
from collections.abc import Iterable

from statusdesk.job_names import spellings
from statusdesk.states_builds import JobEvent


class Renames:
    """By which names jobs were known, as far as what happened to them is remembered."""

    def __init__(self, events: Iterable[JobEvent] = ()) -> None:
        self._by_new_name: dict[tuple[str, str], list[JobEvent]] = {}
        self._by_old_name: dict[str, list[JobEvent]] = {}
        for event in events:
            if event.what == "renamed":
                self._by_new_name.setdefault((event.source, event.other), []).append(event)
                for name in spellings(event.name):
                    self._by_old_name.setdefault(name, []).append(event)

    def earlier_names(self, source: str, name: str) -> list[tuple[str, int]]:
        """Return the names that a job had, and until when, the last one first."""
        names: list[tuple[str, int]] = []
        until_ms: float = math.inf
        while before := [e for e in self._by_new_name.get((source, name), ()) if e.at_ms < until_ms]:
            last = max(before, key=lambda event: event.at_ms)
            name, until_ms = last.name, last.at_ms
            names.append((last.name, last.at_ms))
        return names

    def later_name(self, name: str) -> str:
        """Return what a job is called since that had this name, as it is or with dashes for the slashes of folders."""
        since_ms: float = -math.inf
        while after := [e for e in self._by_old_name.get(name, ()) if e.at_ms > since_ms]:
            last = max(after, key=lambda event: event.at_ms)
            name, since_ms = last.other, last.at_ms
        return name
