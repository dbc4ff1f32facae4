"""Visits to a source, one at a time: how each went is told, also that a part of it failed, and when it works again."""

import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from collectors.pace import Pace
from collectors.transport import VisitFailed, fault
from statusdesk.clock import Clock
from statusdesk.facts import AnyFact, Message, Swept, Visited


class Outcome(NamedTuple):
    """How a visit that reached its source went; an empty problem is none. The others as in ``facts.Visited``."""

    problem: str = ""
    message: str = ""
    shown: int | None = None
    who: str = ""


class Connection(Protocol):
    """A connection made with a secret."""

    def same_secret(self, other: Self) -> bool: ...


C = TypeVar("C", bound=Connection)
Connect = Callable[[], C]
Look = Callable[[C], Outcome]


class Visits(Generic[C]):
    """Visits one source until told to stop.

    ``connect`` makes a connection with the secret as it is then, ``look`` asks through it and returns how it went,
    ``detail`` is told with each visit. ``name`` names the source in sentences. What is told goes to ``emit``.
    """

    def __init__(
        self,
        source: str,
        name: str,
        interval_s: float,
        connect: Connect[C],
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
    ) -> None:
        self._source = source
        self._name = name
        self._connect = connect
        self._emit = emit
        self._stop = stop
        self._clock = clock
        self._pace = Pace(interval_s, stop)
        self._broken: set[str] = set()
        self.connection: C | None = None

    def run(self, look: Look[C], detail: Callable[[], str]) -> None:
        """Visit again and again; returns when stop is set."""
        self._pace.follow()
        while not self._stop.is_set():
            self._pace.wait(self._visit(look, detail))

    def hurry(self) -> None:
        """Visit at once instead of at the next interval."""
        self._pace.hurry()

    def _visit(self, look: Look[C], detail: Callable[[], str]) -> float:
        """Visit once and say how it went; returns the seconds to wait."""
        began_s = time.monotonic()
        error: VisitFailed | None = None
        outcome = Outcome()
        try:
            outcome = self._with_secret(look)
        except VisitFailed as failed:
            error = failed
        except Exception as failed:  # the thread is the only one that watches this source: it tells and goes on
            error = fault(failed, self._name)
        if error is not None:
            outcome = Outcome(error.problem, error.message)
        delay_s = self._pace.next_delay_s(error is None, error.retry_after_s if error else None)
        now_ms = self._clock()
        self._emit(
            Visited(
                source=self._source,
                ok=not outcome.problem,
                at_ms=now_ms,
                problem=outcome.problem,
                message=outcome.message,
                detail=detail(),
                took_ms=round((time.monotonic() - began_s) * 1000),
                next_try_ms=now_ms + round(delay_s * 1000),
                shown=outcome.shown,
                who=outcome.who,
            )
        )
        return delay_s

    def _with_secret(self, look: Look[C]) -> Outcome:
        """Look with the secret in use; where it is refused, once more with it as it is now, if that differs."""
        before = self.connection = self.connection or self._connect()
        try:
            return look(before)
        except VisitFailed as error:
            if error.problem != "Unauthorized":
                raise
            after = self.connection = self._connect()
            if after.same_secret(before):
                raise
            return look(after)

    def tell_sweep(self, kind: type, facts: tuple[AnyFact, ...], started_ms: int) -> None:
        """Tell all facts of a kind."""
        self._emit(Swept(source=self._source, kind=kind, facts=facts, started_ms=started_ms, at_ms=self._clock()))

    def tell_part(self, scope: str, error: VisitFailed | None, what: str = "") -> None:
        """Tell that a part of the visit failed, as long as it does, and once that it works again.

        ``what`` goes before the sentence of the error.
        """
        if error is None and scope not in self._broken:
            return
        if error is None:
            self._broken.discard(scope)
        else:
            self._broken.add(scope)
        self._emit(
            Visited(
                source=self._source,
                ok=error is None,
                at_ms=self._clock(),
                scope=scope,
                problem=error.problem if error else "",
                message=f"{what}{error.message}" if error else "",
            )
        )
