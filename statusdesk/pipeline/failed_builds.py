"""Which builds that failed are looked up: each once, so that what it failed of is shown at once."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from statusdesk.states import BuildState, Level
from statusdesk.wants import BuildWanted

ASKED_FOR_MS = 86_400_000  # what failed longer ago is looked up by nobody
KEPT = 10_000


class FailedBuilds:
    """Asks once for each build that failed not long ago."""

    def __init__(self, ask: Callable[[BuildWanted], None]) -> None:
        self._ask = ask
        self._asked: OrderedDict[str, None] = OrderedDict()  # the newest that were asked for

    def see(self, states: Iterable[BuildState], now_ms: int) -> None:
        """Take how the builds of jobs stand now."""
        for state in states:
            if state.level is not Level.FAILING or state.number is None or state.url in self._asked:
                continue
            if now_ms - (state.started_ms or 0) > ASKED_FOR_MS:
                continue
            self._asked[state.url] = None
            if len(self._asked) > KEPT:
                self._asked.popitem(last=False)
            self._ask(BuildWanted(job=state.job, number=state.number, url=state.url))
