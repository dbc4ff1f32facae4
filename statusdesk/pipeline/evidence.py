"""Evidence: what a rollout looked like when it began to fail, put together as the answers come."""

from collections.abc import Iterable, Mapping, Sequence

from statusdesk.facts import Container, Event, LogTail, Pod, Workload
from statusdesk.states import Evidence, RolloutState
from statusdesk.wants import LogWanted

WAITS_MS = 60_000
EVENTS_KEPT = 40


class Taking:
    """The taking of evidence of one failure: of the container that the verdict names, or of the rollout as a whole."""

    def __init__(
        self,
        row: RolloutState,
        workload: Workload,
        members: Mapping[tuple[str, str, str], Pod],
        events: Iterable[Event],
        now_ms: int,
    ) -> None:
        self._row = row
        self._now_ms = now_ms
        self._pod = members.get((workload.cluster, workload.namespace, row.pod))
        containers = self._pod.containers if self._pod is not None else ()
        self._container = next((one for one in containers if one.name == row.container), None)
        self._events = self._about(events)
        self._heard = False
        self._tails: dict[bool, LogTail] = {}
        self.until_ms = now_ms + WAITS_MS
        self.wants: Sequence[LogWanted] = self._wants()
        self._awaited = {wanted.previous for wanted in self.wants}

    def _wants(self) -> list[LogWanted]:
        if self._pod is None or self._container is None:
            return []
        return [
            LogWanted(
                cluster=self._pod.cluster,
                namespace=self._pod.namespace,
                pod=self._pod.name,
                pod_uid=self._pod.uid,
                container=self._container.name,
                previous=previous,
            )
            for previous in _runs(self._container)
        ]

    def _about(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Return the events about the pod, or all where no pod is to blame; newest first."""
        found = [one for one in events if self._pod is None or one.object_uid == self._pod.uid]
        found.sort(key=lambda one: (-(one.last_ms or 0), one.uid))
        return tuple(found[:EVENTS_KEPT])

    @property
    def is_complete(self) -> bool:
        """Whether everything has been answered."""
        return self._heard and not self._awaited

    def takes(self, tail: LogTail) -> bool:
        """Take a log if it is one that was asked for; tell whether it was."""
        pod, container = self._pod, self._container
        if pod is None or container is None or tail.previous not in self._awaited:
            return False
        if (tail.cluster, tail.namespace, tail.pod) != pod.key or tail.container != container.name:
            return False
        self._awaited.discard(tail.previous)
        self._tails[tail.previous] = tail
        return True

    def hears(self, events: Iterable[Event]) -> None:
        """Take the events that are known after the failure began."""
        found = self._about(events)
        self._events = found or self._events
        self._heard = True

    def give_up(self) -> None:
        """Wait no longer: what has not been answered by now is told to be missing."""
        for wanted in self.wants:
            if wanted.previous in self._awaited:
                problem = "the cluster did not answer in time"
                self._tails[wanted.previous] = LogTail(
                    cluster=wanted.cluster,
                    namespace=wanted.namespace,
                    pod=wanted.pod,
                    pod_uid=wanted.pod_uid,
                    container=wanted.container,
                    previous=wanted.previous,
                    at_ms=self._now_ms,
                    problem=problem,
                )
        self._awaited = set()

    def rows(self) -> list[Evidence]:
        """Return the evidence as it is by now: one row for each run whose log has come, or one without a log."""
        if not self.wants:
            return [self._evidence(None)]
        return [self._evidence(tail) for tail in self._tails.values()]

    def _evidence(self, tail: LogTail | None) -> Evidence:
        row, container = self._row, self._container
        return Evidence(
            key=row.key,
            since_ms=row.since_ms,
            pod=row.pod,
            container=row.container,
            previous=tail.previous if tail is not None else False,
            at_ms=tail.at_ms if tail is not None else self._now_ms,
            reason=row.reason,
            revision=row.revision,
            lines=tail.lines if tail is not None else (),
            problem=tail.problem if tail is not None else self._why_no_log(),
            events=self._events,
            state=(container,) if container is not None else (),
        )

    def _why_no_log(self) -> str:
        if not self._row.container:
            return ""
        if self._container is None:
            return f"container {self._row.container} is not there any more"
        return f"container {self._container.name} has not run"


def _runs(container: Container) -> list[bool]:
    """Return which runs of a container have a log: the run before (True), the present one (False)."""
    # a container that waits for its next run tells the log of its last one either way
    runs = [True] if container.last_exit_code is not None else []
    return [*runs, False] if container.state in ("running", "terminated") else runs
