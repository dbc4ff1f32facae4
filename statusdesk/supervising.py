"""The threads of the collectors: one that fails by a fault of ours is told as its source's and begun again."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from statusdesk import faults
from statusdesk.backoff import doubled
from statusdesk.clock import Clock
from statusdesk.facts import Message, Visited

AGAIN_FIRST_S = 5.0
AGAIN_LIMIT_S = 60.0

Narrate = Callable[[str], None]


class Runs(Protocol):
    """One collector: ``run`` blocks until its stop event is set."""

    def run(self) -> None: ...

    def visit_now(self) -> None: ...


class Supervision:
    """Runs each collector in a thread of its own until ``stop`` is set; ``verbose``: where a fault was met is told."""

    def __init__(
        self,
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
        narrate: Narrate,
        *,
        verbose: bool,
    ) -> None:
        self._emit, self._stop, self._clock = emit, stop, clock
        self._narrate, self._verbose = narrate, verbose
        self._threads: list[threading.Thread] = []
        self._collectors: list[Runs] = []

    def start(self, collectors: Iterable[tuple[str, Runs]]) -> None:
        """Begin to run collectors, each by the name of its source."""
        for name, collector in collectors:
            thread = threading.Thread(target=self._supervise, args=(name, collector), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
            self._collectors.append(collector)

    def visit_now(self) -> None:
        """Let each source be visited at once."""
        for collector in self._collectors:
            collector.visit_now()

    def join(self, timeout_s: float) -> None:
        """Wait so long for the end of each."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _supervise(self, name: str, collector: Runs) -> None:
        failures = 0
        while not self._stop.is_set():
            began_s = time.monotonic()
            details = ""
            try:
                collector.run()
                said = "statusdesk itself ended its collector too soon: report this"
            except Exception as error:  # the edge of one collector: a silent death would look like health
                said, details = faults.told(error), faults.trace(error)
            if self._stop.is_set():
                return
            if time.monotonic() - began_s >= AGAIN_LIMIT_S:
                failures = 0  # it was well for long: what came now is new
            failures += 1
            wait_s = doubled(AGAIN_FIRST_S, failures, AGAIN_LIMIT_S)
            self._narrate(f"statusdesk: {name}: {said}; trying again in {wait_s:.0f} s")
            if details and self._verbose:
                self._narrate(details)
            self._emit(self._broken(name, said, wait_s))
            self._stop.wait(wait_s)

    def _broken(self, name: str, said: str, wait_s: float) -> Visited:
        now_ms = self._clock()
        again_ms = now_ms + int(wait_s * 1000)
        return Visited(source=name, ok=False, at_ms=now_ms, problem=faults.INTERNAL, message=said, next_try_ms=again_ms)
