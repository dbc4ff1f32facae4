"""Workloads and their pods as they were seen last, and what of them has changed since it was judged."""

from collections.abc import Callable, Iterable

import msgspec

from statusdesk.facts import Changed, Event, Pod, Swept, Workload
from statusdesk.pipeline.clock_steps import moved
from statusdesk.pipeline.cronjobs import CRON_JOB, CronJobs
from statusdesk.pipeline.last_known import LastKnown
from statusdesk.pipeline.stamps import Seeing, Stamps, is_made_since
from statusdesk.states import PodState, RolloutState, SourceState
from statusdesk.store.writer import Writer

WorkloadKey = tuple[str, str, str, str]
PodKey = tuple[str, str, str]


def rollout_key(key: WorkloadKey) -> str:
    """Return the store's key of a workload: ``cluster/namespace/kind/name``."""
    return "/".join(key)


class WorkloadsKept:
    """Takes facts of ``Workload`` and ``Pod``; ``forget`` is told of each workload that has gone.

    ``dirty``: what has changed, in the order of the facts, which is that of their memory; ``dirty_pods`` likewise.
    ``made``: those of the dirty ones that were made before our eyes. ``gone``, ``gone_pods``: keys of rows to be ended.
    """

    def __init__(self, writer: Writer, forget: Callable[[WorkloadKey], None]) -> None:
        self._writer = writer
        self._forget = forget
        self.workloads: dict[WorkloadKey, Workload] = {}
        self.pods: dict[PodKey, Pod] = {}
        self.dirty: dict[WorkloadKey, None] = {}
        self.dirty_pods: set[PodKey] = set()
        self.made: set[WorkloadKey] = set()
        self.gone: list[str] = []
        self.gone_pods: list[str] = []
        self._looked: dict[WorkloadKey, int] = {}  # when what is dirty had been looked at before, where that is known
        self._members: dict[WorkloadKey, dict[PodKey, Pod]] = {}
        self._pods_known: set[tuple[str, str]] = set()
        self._cronjobs = CronJobs()
        self._stamps = Stamps()
        self._last_known = LastKnown(writer.current(SourceState).values())

    def due(self) -> Iterable[WorkloadKey]:
        """Return what has changed, each once: the CronJob for its Jobs."""
        return dict.fromkeys(map(self._cronjobs.owner_of, self.dirty))

    def members_of(self, key: WorkloadKey) -> dict[PodKey, Pod]:
        """Return the pods of a workload: of a CronJob, those of its last Job."""
        return self._members.get(self._cronjobs.job_of(key), {})

    def take_looked_ms(self, key: WorkloadKey) -> int | None:
        """Return when what has changed had been looked at before, where that is known; it is told once."""
        return self._looked.pop(key, None)

    def judged_but(self, early: dict[WorkloadKey, None], waiting: Iterable[WorkloadKey]) -> None:
        """Take note that all but ``early`` has been judged; of those ``waiting`` the pods are new still."""
        self.dirty = early
        self.dirty_pods = {
            pod for key in waiting if key in early for pod in self.members_of(key) if pod in self.dirty_pods
        }

    def events(self, swept: Swept) -> Swept:
        """Return events that were looked up with their moments by our clock, as those of what is kept are."""
        told = [fact for fact in swept.facts if isinstance(fact, Event)]
        facts = self._stamps.events(swept.source.partition("/")[2], told, swept.at_ms)
        return msgspec.structs.replace(swept, facts=facts)

    def sweep(self, swept: Swept) -> None:
        """Take everything seen of one kind in one scope; what the store holds of that scope beyond it has gone."""
        cluster = swept.source.partition("/")[2]
        if swept.kind is Pod:
            self._sweep_pods(cluster, swept)
        else:
            self._sweep_workloads(cluster, swept)

    def _sweep_workloads(self, cluster: str, swept: Swept) -> None:
        seen: set[str] = set()
        seeing = self._stamps.sweeps(swept)
        if swept.subkind == "Job":
            for key in self._cronjobs.missing(cluster, swept.scope, {fact.key for fact in swept.facts}):  # type: ignore[misc]  # Workload.key
                self._lose_workload(key)
        for fact in swept.facts:
            assert isinstance(fact, Workload)
            looked_ms = seeing.looked_ms
            if looked_ms is None:
                looked_ms = self._last_known.until_ms(swept.source, fact.namespace, swept.at_ms)
            seen.add(rollout_key(self._see_workload(fact, seeing, looked_ms)))
        for state in self._writer.current(RolloutState).values():
            if state.until_ms is None and state.cluster == cluster and state.key not in seen:
                in_scope = not swept.scope or state.namespace == swept.scope
                kind = "Job" if state.kind == CRON_JOB else state.kind
                if in_scope and (not swept.subkind or kind == swept.subkind):
                    self._lose_workload((state.cluster, state.namespace, state.kind, state.name))

    def _sweep_pods(self, cluster: str, swept: Swept) -> None:
        if swept.over:
            self._pods_known.discard((cluster, swept.scope))
        else:
            self._pods_known.add((cluster, swept.scope))
        seen = {fact.key for fact in swept.facts}
        for key in [key for key in self.pods if key not in seen and _within(key, cluster, swept.scope)]:
            self._lose_pod(key)
        for pod in self._writer.current(PodState).values():
            key = (pod.cluster, pod.namespace, pod.name)
            if pod.until_ms is None and key not in seen and _within(key, cluster, swept.scope):
                self.gone_pods.append(pod.key)
        seeing = self._stamps.sweeps(swept)
        for fact in swept.facts:
            assert isinstance(fact, Pod)
            self._see_pod(fact, seeing)

    def change(self, changed: Changed) -> None:
        """Take what was seen or has gone since the last sweep."""
        seeing = self._stamps.changes(changed)
        if changed.kind is Pod:
            for gone in changed.gone:
                self._lose_pod(gone)  # type: ignore[arg-type]  # Pod.key, by the message's contract
            for fact in changed.seen:
                self._see_pod(fact, seeing)  # type: ignore[arg-type]  # facts of changed.kind
            return
        for gone in changed.gone:
            self._lose_workload(gone)  # type: ignore[arg-type]  # Workload.key, by the message's contract
        for fact in changed.seen:
            self._see_workload(fact, seeing, seeing.looked_ms)  # type: ignore[arg-type]  # facts of changed.kind

    def _see_workload(self, workload: Workload, seeing: Seeing, looked_ms: int | None) -> WorkloadKey:
        """Keep a workload and return its key: that of the CronJob for one of its Jobs."""
        before = self.workloads.get(workload.key) or self._cronjobs.job(workload.key)
        key = self._keep_workload(self._stamps.workload(workload, before, seeing))
        if looked_ms is not None:
            self._looked.setdefault(key, looked_ms)
        if before is None and is_made_since(workload, looked_ms):
            self.made.add(key)
        return key

    def _keep_workload(self, workload: Workload) -> WorkloadKey:
        if workload.owner_kind == CRON_JOB and workload.kind != CRON_JOB:
            workload = self._cronjobs.see(workload)
        key = workload.key
        self.workloads[key] = workload
        self.dirty[key] = None
        return key

    def _lose_workload(self, key: WorkloadKey) -> None:
        self._stamps.forget(key)
        owner = self._cronjobs.lose(key)
        if owner is not None:
            last = self._cronjobs.last(owner)
            if last is not None:
                self._keep_workload(last)
                return
            key = owner
        self.workloads.pop(key, None)
        self.dirty.pop(key, None)
        self._looked.pop(key, None)
        self.made.discard(key)
        self._forget(key)
        self.gone.append(rollout_key(key))

    def _see_pod(self, pod: Pod, seeing: Seeing) -> None:
        key = pod.key
        before = self.pods.get(key)
        if before is pod:
            return
        pod = self._stamps.pod(pod, before, seeing)
        self.pods[key] = pod
        if not pod.workload_name:
            return
        owner = (pod.cluster, pod.namespace, pod.workload_kind, pod.workload_name)
        members = self._members.get(owner)
        if members is None:
            members = self._members[owner] = {}
        members[key] = pod
        self.dirty[owner] = None
        self.dirty_pods.add(key)

    def _lose_pod(self, key: PodKey) -> None:
        pod = self.pods.pop(key, None)
        self._stamps.forget(key)
        self.dirty_pods.discard(key)
        self.gone_pods.append("/".join(key))
        if pod is None or not pod.workload_name:
            return
        owner = (pod.cluster, pod.namespace, pod.workload_kind, pod.workload_name)
        members = self._members.get(owner)
        if members is not None:
            members.pop(key, None)
            if not members:
                del self._members[owner]
        self.dirty[owner] = None

    def restamp(self, step_ms: int) -> None:
        """Move all that was seen with the clock, which was set; all of it is to be judged anew."""
        self.workloads = {key: moved(workload, step_ms) for key, workload in self.workloads.items()}
        self.pods = {key: moved(pod, step_ms) for key, pod in self.pods.items()}
        for members in self._members.values():
            members.update((key, self.pods[key]) for key in members)
        self._cronjobs.restamp(step_ms)
        self._stamps.restamp(step_ms)
        self._last_known.restamp(step_ms)
        self._looked = {key: at_ms + step_ms for key, at_ms in self._looked.items()}
        self.dirty.update(dict.fromkeys(self.workloads))
        self.dirty_pods.update(self.pods)

    def knows_pods_of(self, key: WorkloadKey) -> bool:
        """Whether the pods were listed: a workload judged without its pods would be told wrong for a moment."""
        return (key[0], "") in self._pods_known or (key[0], key[1]) in self._pods_known


def _within(key: PodKey, cluster: str, scope: str) -> bool:
    return key[0] == cluster and (not scope or key[1] == scope)
