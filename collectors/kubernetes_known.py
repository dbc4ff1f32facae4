"""Until when what each line of a cluster tells is known to hold: who judges by time waits for what is not."""

from collections.abc import Callable
from typing import Protocol

from collectors.kubernetes_kinds import Kind
from statusdesk.facts import KnownUntil

SLEPT_MS = 3_000
CLOSED_MS = 1_000  # a watch that ends is begun anew in a moment


class Heard(Protocol):
    """What is asked of a line: when it was heard last, since when its watch is open, and what is wrong with it."""

    kind: Kind
    scope: str
    heard_ms: int | None
    opened_ms: int | None
    closed_ms: int | None

    @property
    def is_failing(self) -> bool: ...


class _Told:
    """What was told of a line; ``is_seen`` None: nothing so far."""

    def __init__(self) -> None:
        self.is_seen: bool | None = None
        self.is_broken = False
        self.until_ms = 0
        self.since_ms: int | None = None  # since when it may be taken to be seen again


class KnownLines:
    """Tells of each line when it is not seen any more, and when it is again; who calls holds a lock.

    A watch that was opened first tells what happened meanwhile: it is taken to be seen after ``settle_ms``. One that is
    silent for ``hush_ms`` may be dead, for a bookmark is due each minute: what it tells is known till then, no longer.
    """

    def __init__(self, source: str, emit: Callable[[KnownUntil], None], settle_ms: int, hush_ms: int) -> None:
        self._source = source
        self._emit = emit
        self._settle_ms = settle_ms
        self._hush_ms = hush_ms
        self._lines: dict[Heard, _Told] = {}
        self._awake_ms: int | None = None

    def awake(self, now_ms: int) -> None:
        """Take note that this process runs; after it was stopped for a while nothing has been read that came then."""
        awake_ms, self._awake_ms = self._awake_ms, now_ms
        if awake_ms is None or now_ms - awake_ms < SLEPT_MS:
            return
        for line, told in self._lines.items():
            told.since_ms = None
            if told.is_seen and line.opened_ms is not None:
                self._tell_until(line, told, awake_ms, now_ms)

    def look(self, line: Heard, now_ms: int) -> None:
        """Tell what has changed about a line."""
        told = self._lines.setdefault(line, _Told())
        heard_ms = line.heard_ms or 0
        if line.opened_ms is not None and now_ms - heard_ms <= self._hush_ms:
            if told.since_ms is None:
                told.since_ms = now_ms
            if told.is_seen is not True and now_ms - told.since_ms >= self._settle_ms:
                told.is_seen, told.is_broken = True, False
                self._tell(line, now_ms)
            return
        told.since_ms = None
        if told.is_seen is False:
            if line.is_failing and not told.is_broken:
                self._tell_until(line, told, told.until_ms, now_ms)
        elif line.opened_ms is not None:
            self._tell_until(line, told, heard_ms + self._hush_ms, now_ms)
        else:
            last_ms = max(heard_ms, line.closed_ms or 0)
            is_late = line.heard_ms is not None and now_ms - last_ms >= CLOSED_MS
            if line.is_failing or is_late:
                self._tell_until(line, told, last_ms or now_ms, now_ms)

    def listed(self, line: Heard, until_ms: int, now_ms: int) -> None:
        """Take note that a line was seen as it was then; it matters while it is not seen all the time."""
        told = self._lines.setdefault(line, _Told())
        if told.is_seen is False and line.opened_ms is None:
            self._tell_until(line, told, max(told.until_ms, until_ms), now_ms)

    def drop(self, line: Heard, now_ms: int) -> None:
        """Take note that a line is not there any more: nothing waits for it."""
        told = self._lines.pop(line, None)
        if told is not None and told.is_seen is False:
            self._tell(line, now_ms)

    def shift(self, step_ms: int) -> None:
        """Move all moments with the clock, which was set."""
        if self._awake_ms is not None:
            self._awake_ms += step_ms
        for told in self._lines.values():
            told.until_ms += step_ms
            if told.since_ms is not None:
                told.since_ms += step_ms

    def _tell_until(self, line: Heard, told: _Told, until_ms: int, now_ms: int) -> None:
        told.is_seen, told.is_broken, told.until_ms = False, line.is_failing, until_ms
        self._tell(line, now_ms, until_ms, broken=told.is_broken)

    def _tell(self, line: Heard, now_ms: int, until_ms: int | None = None, *, broken: bool = False) -> None:
        kind = line.kind
        self._emit(
            KnownUntil(
                source=self._source,
                kind=kind.fact,
                subkind=kind.subkind,
                scope=line.scope,
                at_ms=now_ms,
                until_ms=until_ms,
                broken=broken,
            )
        )
