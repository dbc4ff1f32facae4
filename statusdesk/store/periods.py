"""When a period begins and ends: pure rules that the writer applies to each state that is put."""

from typing import Generic

import msgspec
from msgspec.structs import replace

from statusdesk.states import Transition as Transition
from statusdesk.store.kinds import Kind, S


class Stamping(msgspec.Struct, Generic[S], frozen=True):
    """What a put comes to: the stamped row, the period that it closes, a transition or not, and if writing can wait."""

    row: S
    closed: S | None = None
    moved: bool = False
    quiet: bool = False


def stamp(
    kind: Kind[S], before: S | None, state: S, at_ms: int, change: int, seen_ms: int | None = None
) -> Stamping[S] | None:
    """Give a state its times and change number; None when it says nothing new.

    A period never begins before the one it follows, even when the clock is set back. One that would last no time at
    all is replaced and leaves no history. ``seen_ms`` is given where what is seen now began earlier.
    """
    if before is None or before.until_ms is not None:
        at_ms = at_ms if before is None else max(at_ms, before.until_ms or 0)
        seen_ms = max(at_ms, seen_ms or 0)
        row = replace(state, since_ms=at_ms, level_since_ms=at_ms, seen_ms=seen_ms, until_ms=None, change=change)
        return Stamping(row, moved=True)
    since_ms, level_since_ms, seen_ms = before.since_ms, before.level_since_ms, before.seen_ms
    same = replace(
        state,
        since_ms=since_ms,
        level_since_ms=level_since_ms,
        seen_ms=seen_ms,
        until_ms=None,
        change=before.change,
    )
    if same == before:
        return None
    if kind.period(state) == kind.period(before):
        if kind.quiet and replace(same, **{name: getattr(before, name) for name in kind.quiet}) == before:
            return Stamping(replace(same, seen_ms=max(at_ms, seen_ms)), quiet=True)
        return Stamping(replace(same, seen_ms=max(at_ms, seen_ms), change=change))
    at_ms = max(at_ms, since_ms)
    if kind.level(state) != kind.level(before):
        level_since_ms = at_ms
    row = replace(state, since_ms=at_ms, level_since_ms=level_since_ms, seen_ms=at_ms, until_ms=None, change=change)
    closed = replace(before, until_ms=at_ms) if at_ms > since_ms else None
    return Stamping(row, closed, moved=True)


def end(before: S, at_ms: int, change: int) -> Stamping[S] | None:
    """Mark a row as gone; None when it is gone already."""
    if before.until_ms is not None:
        return None
    at_ms = max(at_ms, before.since_ms)
    row = replace(before, until_ms=at_ms, change=change)
    return Stamping(row, row if at_ms > before.since_ms else None, moved=True)
