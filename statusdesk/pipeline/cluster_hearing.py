"""As of when rollouts are judged: no rule of time goes on while nobody sees what becomes of their cluster.

In ``jenkins_hearing`` time goes on with each good visit, which tells all. Here it goes on by itself, for what is
watched, until it is told of a kind in a scope that it is not seen any more.
"""

from collections import deque
from typing import NamedTuple

from statusdesk.facts import KnownUntil, Pod, Visited
from statusdesk.faults import INTERNAL
from statusdesk.pipeline.cronjobs import CRON_JOB

SPANS_KEPT = 8
DARK_KEPT_MS = 3_600_000
BEAT_MS = 8_000  # a cluster that is watched is told to be well more often: later this process has slept
_ALL = ""

WorkloadKey = tuple[str, str, str, str]
_Line = tuple[str, str, str]  # cluster, kind, scope


class _Stands(NamedTuple):
    until_ms: int
    is_broken: bool


class ClusterHearing:
    """Takes until when each line of each cluster is known, and says as of when a workload is to be judged.

    ``is_news``: something has changed about it since that was set False.
    """

    def __init__(self) -> None:
        self._stands: dict[_Line, _Stands] = {}
        self._dark: dict[_Line, deque[tuple[int, int]]] = {}
        self._beats: dict[str, int] = {}
        self.is_news = False

    def known(self, known: KnownUntil) -> None:
        """Take until when a kind in a scope is known."""
        cluster = known.source.partition("/")[2]
        line = (cluster, known.subkind or known.kind.__name__, known.scope)
        self._put(line, known.until_ms, known.at_ms, known.broken)

    def visited(self, visited: Visited) -> None:
        """Take how a source answered: what collects a cluster may have broken by a fault of ours."""
        cluster = visited.source.partition("/")[2]
        line = (cluster, _ALL, "")
        if not cluster or visited.scope:
            return
        self._beats.pop(cluster, None)
        if visited.ok and visited.live:
            self._beats[cluster] = visited.at_ms
        self.is_news = True
        if visited.ok:
            self._put(line, None, visited.at_ms, False)
        elif visited.problem == INTERNAL:
            stood = self._stands.get(line)
            self._put(line, visited.at_ms if stood is None else stood.until_ms, visited.at_ms, True)

    def _put(self, line: _Line, until_ms: int | None, at_ms: int, is_broken: bool) -> None:
        stood = self._stands.pop(line, None)
        if stood is None and until_ms is None:
            return
        self.is_news = True
        ended_ms = at_ms if until_ms is None else until_ms
        if stood is not None and stood.is_broken and ended_ms > stood.until_ms:
            lately_ms = at_ms - DARK_KEPT_MS
            self._dark = {each: spans for each, spans in self._dark.items() if spans[-1][1] > lately_ms}
            self._dark.setdefault(line, deque(maxlen=SPANS_KEPT)).append((stood.until_ms, ended_ms))
        if until_ms is not None:
            self._stands[line] = _Stands(until_ms, is_broken)

    def as_of_ms(self, key: WorkloadKey, now_ms: int) -> int:
        """Return as of when to judge a workload: until then all that is told of it is known to hold."""
        now_ms = min(now_ms, self._beats.get(key[0], now_ms) + BEAT_MS)
        if not self._stands:
            return now_ms
        return min([now_ms, *(stands.until_ms for line in _lines(key) if (stands := self._stands.get(line)))])

    def is_dark(self, key: WorkloadKey) -> bool:
        """Return whether something of a workload should be seen and is not."""
        if not self._stands:
            return False
        return any(stands.is_broken for line in _lines(key) if (stands := self._stands.get(line)))

    def dark_ms(self, key: WorkloadKey, from_ms: int, until_ms: int) -> int:
        """Return for how long nobody saw what became of a workload between two moments."""
        if not self._dark:
            return 0
        return max(
            sum(
                max(0, min(ended_ms, until_ms) - max(began_ms, from_ms))
                for began_ms, ended_ms in self._dark.get(line, ())
            )
            for line in _lines(key)
        )

    def restamp(self, step_ms: int) -> None:
        """Move what was known with our clock, which was set."""
        self._stands = {
            line: stands._replace(until_ms=stands.until_ms + step_ms) for line, stands in self._stands.items()
        }
        self._beats = {cluster: at_ms + step_ms for cluster, at_ms in self._beats.items()}
        for spans in self._dark.values():
            moved = [(began_ms + step_ms, ended_ms + step_ms) for began_ms, ended_ms in spans]
            spans.clear()
            spans.extend(moved)


def _lines(key: WorkloadKey) -> tuple[_Line, ...]:
    """Return the lines that tell of a workload: its own and its pods', of the cluster and of its namespace."""
    cluster, namespace, kind, _ = key
    kind = "Job" if kind == CRON_JOB else kind
    pod = Pod.__name__
    return (
        (cluster, pod, ""),
        (cluster, kind, ""),
        (cluster, pod, namespace),
        (cluster, kind, namespace),
        (cluster, _ALL, ""),
    )
