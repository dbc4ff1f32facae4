"""What an earlier process kept of what is not configured any more: it ends at the start, and stays in the history.

Nobody asks after it, so nobody would ever tell that it is well, or that it has gone. What is configured again later is
new then.
"""

from statusdesk.config import Config
from statusdesk.pipeline.clock_steps import LASTING
from statusdesk.source_names import JENKINS, KUBERNETES
from statusdesk.states import EnvironmentState, Lasting, PodState, RolloutState
from statusdesk.store.writer import Transition, Writer


class Unconfigured:
    """Ends, once, the rows of clusters, namespaces, and of a Jenkins or Vault, that the settings do not have."""

    def __init__(self, config: Config, writer: Writer) -> None:
        self._config = config
        self._writer = writer
        self._sources = frozenset(config.source_names())
        self._places: dict[tuple[str, str], bool] = {}
        self._has_ended = False

    def end(self, now_ms: int) -> list[Transition]:
        """Put the end of all that is not configured; commit is the caller's."""
        if self._has_ended:
            return []
        self._has_ended = True
        writer = self._writer
        pods = writer.current(PodState).values()
        writer.gone(PodState, [pod.key for pod in pods if not self._has_place(pod.cluster, pod.namespace)], now_ms)
        jobs = [job for job in writer.jobs() if job.source not in self._sources]
        for source in {job.source for job in jobs}:
            writer.gone_jobs(source, {job.name for job in jobs if job.source == source}, now_ms)
        if JENKINS not in self._sources:
            writer.drop_jenkins(JENKINS)
        made: list[Transition] = []
        for kind in LASTING:
            rows = [row for row in writer.current(kind).values() if row.until_ms is None and not self._has(row)]
            made += writer.gone(kind, [row.key for row in rows], now_ms)
            for row in rows:
                if isinstance(row, RolloutState):
                    writer.put_events(row.key, ())
                    writer.put_revisions(row.key, ())
        return made

    def _has(self, row: Lasting) -> bool:
        if isinstance(row, RolloutState):
            return self._has_place(row.cluster, row.namespace)
        if isinstance(row, EnvironmentState):
            of_cluster = not row.cluster or f"{KUBERNETES}{row.cluster}" in self._sources
            return of_cluster and JENKINS in self._sources
        return row.source in self._sources

    def _has_place(self, cluster: str, namespace: str) -> bool:
        """Whether somebody reads a namespace: without any in the stages of a cluster, all of them are."""
        place = (cluster, namespace)
        if place not in self._places:
            settings = self._config
            wanted = not settings.namespaces_of(cluster) or settings.stage_of(cluster, namespace) is not None
            self._places[place] = wanted and f"{KUBERNETES}{cluster}" in self._sources
        return self._places[place]
