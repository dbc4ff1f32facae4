"""Which running builds are to be looked up again, so that their stages are shown as they go on."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from statusdesk.facts import Build, BuildDetails
from statusdesk.states_builds import BuildState
from statusdesk.wants import BuildWanted

AGAIN_MS = 30_000
MOST_AT_ONCE = 10  # what runs beside these waits for its turn: Jenkins is asked for little
WITHOUT_STAGES = 2  # a Pipeline that has just begun has none yet; what has none then is no Pipeline


@dataclass(slots=True)
class _Running:
    wanted: BuildWanted
    asked_ms: int | None = None
    without_stages: int = 0


class RunningBuilds:
    """Asks for each running build now and then, and once more when it has ended."""

    def __init__(self, ask: Callable[[BuildWanted], None]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, int], _Running] = {}
        self._waiting: set[tuple[str, int]] = set()

    def see(self, build: Build) -> None:
        """Take a build that is new or has changed."""
        key = (build.job, build.number)
        if build.building:
            if build.url:
                wanted = BuildWanted(job=build.job, number=build.number, url=build.url)
                self._known.setdefault(key, _Running(wanted))
            return
        self._waiting.discard(key)
        ended = self._known.pop(key, None)
        if ended is not None and ended.asked_ms is not None and build.result:
            self._ask(replace(ended.wanted, ended=True))

    def forget(self, job: str) -> None:
        """Take that a job has gone: nobody will tell how its builds end."""
        for key in [key for key in self._known if key[0] == job]:
            del self._known[key]
            self._waiting.discard(key)

    def answered(self, details: BuildDetails) -> bool:
        """Take what was looked up: a build without stages is not asked for again and again.

        Tells whether it waits for a person to decide since this, or does not any more.
        """
        key = (details.job, details.number)
        known = self._known.get(key)
        if known is None:
            return False
        if not details.stages:
            known.without_stages += 1
            return False
        if details.waits_for_input == (key in self._waiting):
            return False
        self._waiting ^= {key}
        return True

    def with_waits(self, state: BuildState) -> BuildState:
        """Return a pair with which of its running builds wait for a person to decide."""
        running = tuple(replace(each, waits=(state.job, each.number) in self._waiting) for each in state.running)
        return replace(state, running=running) if running != state.running else state

    def step(self, now_ms: int) -> None:
        """Ask for what is due, what has waited longest first."""
        if not self._known:
            return
        running = [each for each in self._known.values() if each.without_stages < WITHOUT_STAGES]
        fresh = sum(each.asked_ms is not None and 0 <= now_ms - each.asked_ms < AGAIN_MS for each in running)
        due = [each for each in running if each.asked_ms is None or not 0 <= now_ms - each.asked_ms < AGAIN_MS]
        due.sort(key=lambda each: each.asked_ms or 0)
        for each in due[: max(0, MOST_AT_ONCE - fresh)]:
            each.asked_ms = now_ms
            self._ask(each.wanted)
