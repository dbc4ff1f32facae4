"""A dead man's switch: an address that is asked for after each round of visits, as long as the collector collects.

Whoever keeps the switch tells people when nothing comes any more.
"""

from collections.abc import Callable
from pathlib import Path

from statusdesk.clock import Clock
from statusdesk.config import Config, Secret
from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.http import Http, accepted
from statusdesk.sinks.repeating import Repeating
from statusdesk.states import Level, SourceState

LEAST_INTERVAL_S = 30.0
LOOK_EVERY_S = 1.0
FAIL = "/fail"


class Heartbeat:
    """Asks for the address at most each ``interval_s``, once all sources were visited since; with ``/fail`` when all
    sources fail.

    ``sources`` returns the rows of all sources, or None while the collector's own heartbeat has stopped: what a
    thread of a collector that hangs would tell is not true.
    """

    def __init__(
        self,
        url: Secret,
        base_dir: Path,
        sources: Callable[[], list[SourceState] | None],
        *,
        interval_s: float,
        clock: Clock,
        steady: Clock,
        narrate: Callable[[str], None],
        read: ReadSecret = read_secret,
    ) -> None:
        self._url = url
        self._http = Http(SinkSettings(name="heartbeat", type="webhook", timeout_s=10.0), base_dir, read)
        self._sources = sources
        self._interval_ms = round(interval_s * 1000)
        self._clock = clock
        self._steady = steady
        self._narrate = narrate
        self._last: int | None = None  # steady
        self._visited: dict[str, int] = {}  # when each source was tried last, at the last beat
        self._loop = Repeating(
            "heartbeat", LOOK_EVERY_S, self._look, failed=self._failed, works=self._works, close=self._http.close
        )
        self._loop.start()

    def stop(self) -> None:
        """End after what is being asked now."""
        self._loop.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._loop.join(timeout_s)

    def _look(self) -> bool:
        """Ask for the address when it is time; tell whether it was asked for."""
        if self._last is not None and self._steady() - self._last < self._interval_ms:
            return False
        sources = self._sources()
        if not sources or not round_done(sources, self._visited):
            return False
        self._last = self._steady()  # also when it fails: the next one is its retry
        url = self._http.secret(self._url)
        failing = all(source.level is Level.FAILING for source in sources)
        visited = {source.key: source.last_try_ms or 0 for source in sources}  # as it is before the answer is awaited
        accepted(self._http.ask("GET", f"{url.rstrip('/')}{FAIL}" if failing else url), self._http.hidden())
        self._visited = visited
        return True

    def _works(self) -> None:
        self._narrate("statusdesk: heartbeat: its address answers again")

    def _failed(self, problem: str) -> None:
        self._narrate(f"statusdesk: heartbeat: {problem}; trying again")


def round_done(sources: list[SourceState], visited: dict[str, int]) -> bool:
    """Tell whether every source was visited since it was last looked at; one that is live is visited all the time."""
    return all(source.live or (source.last_try_ms or 0) != visited.get(source.key, 0) for source in sources)


def interval_of(config: Config) -> float:
    """Return how often the heartbeat is due, in seconds: with the slowest source, and at least 30 s apart."""
    intervals = [config.jenkins.interval_s] if config.jenkins is not None else []
    intervals += [config.vault.interval_s] if config.vault is not None else []
    return max(LEAST_INTERVAL_S, *intervals, 0.0)
