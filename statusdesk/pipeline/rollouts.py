"""Workloads and their pods in memory, and the judging of those that changed or whose time has come."""

import functools
import heapq
from collections.abc import Callable, Iterable

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Changed, Event, Pod, Swept, Workload
from statusdesk.judge.pods import pod_state
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.pipeline.clock_steps import Witnessed, moved, moved_memory
from statusdesk.pipeline.cronjobs import CRON_JOB, CronJobs
from statusdesk.pipeline.inquiries import Ask, Inquiries
from statusdesk.pipeline.last_known import LastKnown
from statusdesk.pipeline.stamps import Seeing, Stamps, is_made_since
from statusdesk.states import PodState, RolloutState, SourceState
from statusdesk.store.writer import Transition, Writer

WorkloadKey = tuple[str, str, str, str]
PodKey = tuple[str, str, str]


def rollout_key(key: WorkloadKey) -> str:
    """Return the store's key of a workload: ``cluster/namespace/kind/name``."""
    return "/".join(key)


class Rollouts:
    """What is known of all clusters: takes facts of ``Workload`` and ``Pod``, puts rollouts and pods.

    ``join`` adds to a judged rollout the build that brought it, and is told whether its workload was made before our
    eyes; ``ask`` is told what is to be looked up.
    """

    def __init__(
        self,
        writer: Writer,
        thresholds: Callable[[str, str], RolloutThresholds],
        join: Callable[[RolloutState, bool], RolloutState] = lambda state, is_new: state,
        ask: Ask = lambda wanted: None,
    ) -> None:
        self._writer = writer
        self._inquiries = Inquiries(writer, ask)
        self._join = join
        self._thresholds_of = functools.cache(thresholds)
        self._workloads: dict[WorkloadKey, Workload] = {}
        self._pods: dict[PodKey, Pod] = {}
        self._members: dict[WorkloadKey, dict[PodKey, Pod]] = {}
        self._cronjobs = CronJobs()
        self._stamps = Stamps()
        self._last_known = LastKnown(writer.current(SourceState).values())
        self._witnessed = Witnessed()
        self._memories: dict[WorkloadKey, Memory] = {}
        self._new_revisions: dict[WorkloadKey, str] = {}
        self._looked: dict[WorkloadKey, int] = {}  # when what is dirty had been looked at before, where that is known
        self._made: set[WorkloadKey] = set()  # those of the dirty ones that were made before our eyes
        self._dirty: dict[WorkloadKey, None] = {}  # in the order of the facts, which is that of their memory
        self._dirty_pods: set[PodKey] = set()
        self._begun: list[tuple[int, RolloutState]] = []
        self._gone: list[str] = []
        self._gone_pods: list[str] = []
        self._due: list[tuple[int, WorkloadKey]] = []
        self._due_of: dict[WorkloadKey, int] = {}  # the earliest that is in the heap; what else is there of it is void
        self._pods_known: set[tuple[str, str]] = set()

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which time alone may change a verdict."""
        dues = (self._due[0][0] if self._due else None, self._inquiries.next_due_ms)
        return min((due for due in dues if due is not None), default=None)

    def answer(self, message: Swept | Changed) -> None:
        """Take what was looked up of rollouts that are not well."""
        if isinstance(message, Swept) and message.kind is Event:
            events = [fact for fact in message.facts if isinstance(fact, Event)]
            told = self._stamps.events(message.source.partition("/")[2], events, message.at_ms)
            message = msgspec.structs.replace(message, facts=told)
        self._dirty.update(dict.fromkeys(self._inquiries.answer(message)))

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
        for key in [key for key in self._pods if key not in seen and _within(key, cluster, swept.scope)]:
            self._lose_pod(key)
        for pod in self._writer.current(PodState).values():
            key = (pod.cluster, pod.namespace, pod.name)
            if pod.until_ms is None and key not in seen and _within(key, cluster, swept.scope):
                self._gone_pods.append(pod.key)
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
        before = self._workloads.get(workload.key) or self._cronjobs.job(workload.key)
        key = self._keep_workload(self._stamps.workload(workload, before, seeing))
        if looked_ms is not None:
            self._looked.setdefault(key, looked_ms)
        if before is None and is_made_since(workload, looked_ms):
            self._made.add(key)
        return key

    def _keep_workload(self, workload: Workload) -> WorkloadKey:
        if workload.owner_kind == CRON_JOB and workload.kind != CRON_JOB:
            workload = self._cronjobs.see(workload)
        key = workload.key
        self._workloads[key] = workload
        self._dirty[key] = None
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
        self._workloads.pop(key, None)
        self._memories.pop(key, None)
        self._due_of.pop(key, None)
        self._new_revisions.pop(key, None)
        self._dirty.pop(key, None)
        self._looked.pop(key, None)
        self._made.discard(key)
        self._inquiries.forget(key)
        self._gone.append(rollout_key(key))

    def _see_pod(self, pod: Pod, seeing: Seeing) -> None:
        key = pod.key
        before = self._pods.get(key)
        if before is pod:
            return
        pod = self._stamps.pod(pod, before, seeing)
        self._pods[key] = pod
        if not pod.workload_name:
            return
        owner = (pod.cluster, pod.namespace, pod.workload_kind, pod.workload_name)
        members = self._members.get(owner)
        if members is None:
            members = self._members[owner] = {}
        members[key] = pod
        self._dirty[owner] = None
        self._dirty_pods.add(key)

    def _lose_pod(self, key: PodKey) -> None:
        pod = self._pods.pop(key, None)
        self._stamps.forget(key)
        self._dirty_pods.discard(key)
        self._gone_pods.append("/".join(key))
        if pod is None or not pod.workload_name:
            return
        owner = (pod.cluster, pod.namespace, pod.workload_kind, pod.workload_name)
        members = self._members.get(owner)
        if members is not None:
            members.pop(key, None)
            if not members:
                del self._members[owner]
        self._dirty[owner] = None

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge what is dirty or due and put the rows; commit is the caller's."""
        while self._due and self._due[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._due)
            if self._due_of.get(key) == due_ms:
                del self._due_of[key]
                self._dirty[key] = None
        writer = self._writer
        if self._gone_pods:
            writer.gone(PodState, self._gone_pods, now_ms)
            self._gone_pods = []
        transitions: list[Transition] = []
        if self._gone:
            transitions += writer.gone(RolloutState, self._gone, now_ms)
            self._gone = []
        if self._dirty:
            states, pods = self._judge(now_ms)
            transitions += writer.put(states, now_ms)
            for began_ms, state in self._begun:
                transitions += writer.put([state], began_ms, now_ms)
            self._begun = []
            if pods:
                writer.put_pods(pods)
        return transitions

    def restamp(self, step_ms: int) -> None:
        """Move all that was seen with the clock, which was set, and have everything judged anew."""
        rows = [row for row in self._writer.current(RolloutState).values() if row.until_ms is None]
        self._witnessed.step(rows, step_ms)
        self._memories = {
            key: moved_memory(memory, self._workloads.get(key), step_ms) for key, memory in self._memories.items()
        }
        self._workloads = {key: moved(workload, step_ms) for key, workload in self._workloads.items()}
        self._pods = {key: moved(pod, step_ms) for key, pod in self._pods.items()}
        for members in self._members.values():
            members.update((key, self._pods[key]) for key in members)
        self._cronjobs.restamp(step_ms)
        self._stamps.restamp(step_ms)
        self._last_known.restamp(step_ms)
        self._inquiries.restamp(step_ms)
        self._looked = {key: at_ms + step_ms for key, at_ms in self._looked.items()}
        self._begun = [(at_ms + step_ms, moved(state, step_ms)) for at_ms, state in self._begun]
        self._due.clear()
        self._due_of.clear()
        self._dirty.update(dict.fromkeys(self._workloads))
        self._dirty_pods.update(self._pods)

    def seen(self, row: RolloutState) -> RolloutState:
        """Return a row with since when it is as it is in the clock as that is set now."""
        return self._witnessed.seen(row)

    def inquire(self, now_ms: int) -> None:
        """Begin to look into what has begun to fail, and ask what is due; after ``flush``. Raises: StoreError."""
        self._inquiries.take_evidence(self._writer.current(RolloutState), now_ms)
        self._inquiries.flush(now_ms)

    def _judge(self, now_ms: int) -> tuple[list[RolloutState], list[PodState]]:
        before = self._writer.current(RolloutState)
        states: list[RolloutState] = []
        pods: list[PodState] = []
        early: dict[WorkloadKey, None] = {}
        for key in dict.fromkeys(map(self._cronjobs.owner_of, self._dirty)):
            workload = self._workloads.get(key)
            if workload is None:
                continue
            if not self._knows_pods_of(key):
                early[key] = None
                continue
            name = rollout_key(key)
            members = self._members.get(self._cronjobs.job_of(key), {})
            verdict = self._verdict_on(workload, tuple(members.values()), before.get(name), now_ms)
            self._remember(key, verdict.memory)
            joined = self._join(verdict.state, key in self._made)
            self._made.discard(key)
            if verdict.began_ms is None:
                states.append(joined)
            else:
                self._begun.append((verdict.began_ms, joined))
            self._inquiries.judged(workload, members, verdict.new_revision, verdict.state, now_ms)
            if verdict.look_again_ms is not None:
                self._look_again(key, max(verdict.look_again_ms, now_ms + 100))
            pods += self._pod_states(key, name, members, verdict.new_revision)
        self._dirty = early
        self._dirty_pods.clear()
        return states, pods

    def _verdict_on(
        self, workload: Workload, pods: tuple[Pod, ...], before: RolloutState | None, now_ms: int
    ) -> Verdict:
        """Judge a rollout by all that is known of it; ``before``: its row."""
        key = workload.key
        return judge_rollout(
            workload,
            pods,
            self._witnessed.seen(before) if before is not None and before.until_ms is None else None,
            self._thresholds_of(key[0], key[1]),
            now_ms,
            events=self._inquiries.events_of(key),
            revisions=self._inquiries.revisions_of(workload),
            memory=self._memories.get(key),
            looked_ms=self._looked.pop(key, None),
            tail=self._inquiries.tail_of(key),
        )

    def _look_again(self, key: WorkloadKey, due_ms: int) -> None:
        """Have a workload judged anew then, unless it is to be earlier, which says when it is due after that."""
        earlier_ms = self._due_of.get(key)
        if earlier_ms is None or due_ms < earlier_ms:
            self._due_of[key] = due_ms
            heapq.heappush(self._due, (due_ms, key))

    def _remember(self, key: WorkloadKey, memory: Memory | None) -> None:
        if memory is not None:
            self._memories[key] = memory
        else:
            self._memories.pop(key, None)

    def _knows_pods_of(self, key: WorkloadKey) -> bool:
        """Whether the pods were listed: a workload judged without its pods would be told wrong for a moment."""
        return (key[0], "") in self._pods_known or (key[0], key[1]) in self._pods_known

    def _pod_states(
        self, key: WorkloadKey, name: str, members: dict[PodKey, Pod], new_revision: str
    ) -> Iterable[PodState]:
        if self._new_revisions.get(key) != new_revision:
            self._new_revisions[key] = new_revision
            touched = list(members.values())
        else:
            dirty = self._dirty_pods
            touched = [pod for pod_key, pod in members.items() if pod_key in dirty]
        number = self._writer.change + 1
        return [pod_state(pod, name, pod.revision == new_revision, number) for pod in touched]


def _within(key: PodKey, cluster: str, scope: str) -> bool:
    return key[0] == cluster and (not scope or key[1] == scope)
