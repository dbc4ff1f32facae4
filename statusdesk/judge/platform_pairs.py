"""A platform job for each of the namespaces that it is run for: its builds, whether it is awaited, what is history."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from statusdesk.facts import BY_HAND, CONCLUSIVE, Build

_TIMER = "timer"


class Pair(NamedTuple):
    """The builds of a job for one namespace; all of them, and no name, where it is not run for namespaces.

    ``awaited``: that it does not run is told, for it is run without a person. ``settled``: its environment was made or
    destroyed well after its newest run, which is history.
    """

    namespace: str
    builds: Sequence[Build]
    awaited: bool = True
    settled: bool = False

    @property
    def decisive(self) -> Build | None:
        """The newest build that came to a result."""
        return newest([build for build in self.builds if not build.building and build.result in CONCLUSIVE])

    @property
    def success(self) -> Build | None:
        """The newest build that succeeded."""
        return newest([build for build in self.builds if not build.building and build.result == "SUCCESS"])


def pairs_of(builds: Sequence[Build], settled_ms: Mapping[str, int]) -> list[Pair]:
    """Return the pairs of a job; ``settled_ms``: before when what it did for a namespace is history.

    Where its timer last started it for no namespace, it is awaited as a whole: what names it had before, or was given
    by hand, is run once. Otherwise it is awaited for each namespace for which it is run again and again by no person.
    """
    of: dict[str, list[Build]] = {}
    for build in builds:
        for namespace in build.all_namespaces or ("",):
            of.setdefault(namespace, []).append(build)
    pairs = [_pair(namespace, each, settled_ms.get(namespace)) for namespace, each in of.items()]
    if len(pairs) < 2:
        return [pair._replace(awaited=not pair.settled) for pair in pairs] or [Pair("", builds)]
    last = newest([build for build in builds if build.trigger == _TIMER]) or newest(list(filter(_by_itself, builds)))
    by_name = last is not None and last.all_namespaces and any(pair.awaited for pair in pairs)
    if by_name or all(pair.settled for pair in pairs):
        return pairs
    return [Pair("", builds), *(pair._replace(awaited=False) for pair in pairs)]


def _pair(namespace: str, builds: Sequence[Build], settled_ms: int | None) -> Pair:
    last = newest([build for build in builds if not build.building])
    settled = last is not None and settled_ms is not None and last.started_ms < settled_ms
    again = any(build.trigger == _TIMER for build in builds) or sum(map(_by_itself, builds)) > 1
    return Pair(namespace, builds, bool(namespace) and again and not settled, settled)


def _by_itself(build: Build) -> bool:
    return build.trigger not in BY_HAND


def newest(builds: Sequence[Build]) -> Build | None:
    """Return the build with the highest number."""
    return max(builds, key=lambda build: build.number, default=None)
