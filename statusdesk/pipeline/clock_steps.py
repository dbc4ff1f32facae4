"""What is known when the system's clock was set: all of it is as long ago as before, no older and not yet to come."""

import functools
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from statusdesk.facts import Build, Message, Workload
from statusdesk.judge.rollout_memory import Lasts, Memory
from statusdesk.states import (
    BuildState,
    EnvironmentState,
    Lasting,
    PlatformState,
    RolloutState,
    SourceState,
    Stamped,
    TokenState,
)

T = TypeVar("T")

LASTING: tuple[type[Lasting], ...] = (
    SourceState,
    RolloutState,
    BuildState,
    TokenState,
    PlatformState,
    EnvironmentState,
)
"""The rows that are kept from one process to the next, and whose moments move."""

NEAR_MS = 500
"""So far ahead nothing is that was sent by the clock as it is: a step is longer."""

SPANS = frozenset({"took_ms", "duration_ms", "granted_ms", "usual_ms", "ran_ms", "last_ran_ms", "paused_ms", "init_ms"})
"""Fields in milliseconds that are no moments."""

AHEAD = frozenset({"skew_ms"})
"""By how much the clock of a server is ahead of ours."""

OF_SERVER = frozenset({("Token", "issue_ms"), ("Token", "expire_ms"), ("Token", "last_renewal_ms")})
"""Moments that are told in the clock of the server."""

OF_WRITER = frozenset(Stamped.__struct_fields__)
"""When the periods of a row began: what was written stays."""


@functools.cache
def _fields(kind: type) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Return the moments of a class, each with its sign, and the fields that may hold others of such classes."""
    names = kind.__struct_fields__  # type: ignore[attr-defined]  # a class of msgspec.Struct
    moments, rest = [], []
    for name in names:
        if issubclass(kind, Stamped) and name in OF_WRITER:
            continue
        if name.endswith("_ms") and name not in SPANS and (kind.__name__, name) not in OF_SERVER:
            moments.append((name, -1 if name in AHEAD else 1))
        elif not name.endswith("_ms"):
            rest.append(name)
    return tuple(moments), tuple(rest)


def moved(value: T, step_ms: int) -> T:
    """Return a fact, a message or a row with its moments in our clock as long ago as they were before a step of it.

    A moment that is 0 stands for none.
    """
    if isinstance(value, tuple):
        parts = [moved(each, step_ms) for each in value] if value and isinstance(value[0], msgspec.Struct) else value
        return tuple(parts) if parts is not value else value  # type: ignore[return-value]
    if not isinstance(value, msgspec.Struct):
        return value
    moments, rest = _fields(type(value))
    changes: dict[str, Any] = {}
    for name, sign in moments:
        at_ms = getattr(value, name)
        if at_ms or (sign < 0 and at_ms is not None):
            changes[name] = at_ms + sign * step_ms
    for name in rest:
        known = getattr(value, name)
        if isinstance(known, tuple) and known and isinstance(known[0], msgspec.Struct):
            changes[name] = moved(known, step_ms)
    return replace(value, **changes) if changes else value


class Steps:
    """The steps of our clock as the desk takes note of them, and the messages that were sent before the last one."""

    def __init__(self) -> None:
        self._step_ms = 0
        self._before_ms = 0  # what the clock would say if it had not been set

    def take(self, step_ms: int, now_ms: int) -> None:
        """Take note that the clock was set."""
        self._step_ms, self._before_ms = step_ms, now_ms - step_ms

    def told_now(self, message: Message, now_ms: int) -> Message:
        """Return a message in the clock as it is: one that was on its way when that was set is moved with it.

        What comes from the future was sent before a clock was set back; and nothing is sent after it was set forward
        that bears a time of before.
        """
        if not self._step_ms:
            return message
        late = message.at_ms > now_ms + NEAR_MS if self._step_ms < 0 else message.at_ms <= self._before_ms
        return moved(message, self._step_ms) if late else message


class Witnessed:
    """By how much the clock was set since each row got its stamps, which stay as they were written."""

    STAMPS = ("level_since_ms", "since_ms", "well_since_ms")

    def __init__(self) -> None:
        self._known: dict[str, dict[str, tuple[int, int]]] = {}  # by key and stamp: as it is, and how far it is off

    def step(self, rows: Iterable[RolloutState], step_ms: int) -> None:
        """Take all rows that are there when the clock is set."""
        self._known = {
            row.key: {
                name: (at_ms, self._off_ms(row, name) + step_ms)
                for name in self.STAMPS
                if (at_ms := getattr(row, name)) is not None
            }
            for row in rows
        }

    def _off_ms(self, row: RolloutState, name: str) -> int:
        at_ms, off_ms = self._known.get(row.key, {}).get(name, (None, 0))
        return off_ms if getattr(row, name) == at_ms else 0

    def seen(self, row: RolloutState) -> RolloutState:
        """Return a row with the beginnings of its periods in the clock as it is now."""
        if row.key not in self._known:
            return row
        changes = {name: getattr(row, name) + off_ms for name in self.STAMPS if (off_ms := self._off_ms(row, name))}
        return replace(row, **changes) if changes else row


class MovedBuilds:
    """By how much the clock was set since builds were seen: they are told again with the start that they had then."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[int, int]] = {}  # the start as it is told, and how far it is off

    def step(self, builds: Iterable[Build], step_ms: int) -> None:
        """Take all builds that are remembered, as they are before the step."""
        found = {}
        for build in builds:
            told_ms, off_ms = self._known.get(build.key, (build.started_ms, 0))
            found[build.key] = (told_ms, off_ms + step_ms)
        self._known = found

    def seen(self, build: Build) -> Build:
        """Return a build that is told again in the clock as it is now."""
        told_ms, off_ms = self._known.get(build.key, (None, 0))
        return moved(build, off_ms) if build.started_ms == told_ms else build


def moved_memory(memory: Memory, workload: Workload | None, step_ms: int) -> Memory:
    """Return what is remembered of a workload, which is as it was before the clock was set."""
    stamps = {one.updated_ms for one in workload.conditions if one.updated_ms} if workload is not None else set()

    def renamed(lasts: Lasts) -> Lasts:
        for stamp_ms in stamps:
            lasts = lasts.of(lasts.whom.replace(f"/{stamp_ms}/", f"/{stamp_ms + step_ms}/"))
        return lasts

    pods = [
        replace(
            past,
            ready_changed_ms=past.ready_changed_ms + step_ms if past.ready_changed_ms is not None else None,
            flips_ms=tuple(at_ms + step_ms for at_ms in past.flips_ms),
            restarted=tuple((name, at_ms + step_ms if at_ms else 0) for name, at_ms in past.restarted),
        )
        for past in memory.pods
    ]
    since = tuple((renamed(lasts), at_ms + step_ms) for lasts, at_ms in memory.since)
    return replace(memory, since=since, pods=tuple(pods))


def is_ahead(state: SourceState, now_ms: int) -> bool:
    """Return whether a source has answered in the future: before this process began, the clock was set back."""
    return max(state.last_ok_ms or 0, state.last_try_ms or 0) > now_ms


def unstamped(state: SourceState) -> SourceState:
    """Return what is known of a source without when it answered."""
    return replace(state, last_ok_ms=None, heard_ms=None, last_try_ms=None)


def seen_until(state: SourceState, seen_ms: int) -> SourceState:
    """Return what is known of a source after a sleep that began at ``seen_ms``: it has not answered since.

    Where the clock was set at waking, all is as long ago as if nobody had slept.
    """
    last_ok_ms, heard_ms = (None if each is None else min(each, seen_ms) for each in (state.last_ok_ms, state.heard_ms))
    return replace(state, last_ok_ms=last_ok_ms, heard_ms=heard_ms)
