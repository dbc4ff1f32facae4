"""Workloads and their pods in memory, and the judging of those that changed or whose time has come."""

import functools
from collections.abc import Callable, Iterable

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Changed, Event, KnownUntil, Pod, Swept, Visited, Workload
from statusdesk.judge.pods import pod_state
from statusdesk.judge.rollout_memory import Memory, after_dark
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.pipeline.clock_steps import Witnessed, moved, moved_memory
from statusdesk.pipeline.cluster_hearing import ClusterHearing
from statusdesk.pipeline.cronjobs import CRON_JOB, CronJobs
from statusdesk.pipeline.dues import Dues
from statusdesk.pipeline.inquiries import Ask, Inquiries
from statusdesk.pipeline.last_known import LastKnown
from statusdesk.pipeline.stamps import Seeing, Stamps, is_made_since
from statusdesk.states import PodState, RolloutState, SourceState
from statusdesk.store.writer import Transition, Writer

AGAIN_MS = 100
HOLD_MS = 5_000  # so long it takes, when a cluster answers again, until all that it now shows has been read

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
        self._hearing = ClusterHearing()
        self._memories: dict[WorkloadKey, Memory] = {}
        self._judged: dict[WorkloadKey, int] = {}  # as of when, of those that are remembered
        self._held: dict[WorkloadKey, int] = {}  # since when something new waits for the rest that is not seen
        self._new_revisions: dict[WorkloadKey, str] = {}
        self._looked: dict[WorkloadKey, int] = {}  # when what is dirty had been looked at before, where that is known
        self._made: set[WorkloadKey] = set()  # those of the dirty ones that were made before our eyes
        self._dirty: dict[WorkloadKey, None] = {}  # in the order of the facts, which is that of their memory
        self._dirty_pods: set[PodKey] = set()
        self._begun: list[tuple[int, RolloutState]] = []
        self._gone: list[str] = []
        self._gone_pods: list[str] = []
        self._dues = Dues(self._hearing.as_of_ms)
        self._pods_known: set[tuple[str, str]] = set()

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which time alone may change a verdict."""
        dues = (self._dues.next_ms, self._inquiries.next_due_ms)
        return min((due for due in dues if due is not None), default=None)

    def known(self, known: KnownUntil) -> None:
        """Take until when what is told of a kind in a scope is known to hold."""
        self._hearing.known(known)

    def visited(self, visited: Visited) -> None:
        """Take how a source answered."""
        self._hearing.visited(visited)

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
        self._judged.pop(key, None)
        self._held.pop(key, None)
        self._dues.forget(key)
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
        is_news, self._hearing.is_news = self._hearing.is_news, False
        self._dirty.update(dict.fromkeys(self._dues.take(now_ms, is_news=is_news)))
        if is_news:
            self._held = {key: since_ms for key, since_ms in self._held.items() if self._hearing.is_dark(key)}
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
        self._hearing.restamp(step_ms)
        self._judged = {key: at_ms + step_ms for key, at_ms in self._judged.items()}
        self._held = {key: at_ms + step_ms for key, at_ms in self._held.items()}
        self._inquiries.restamp(step_ms)
        self._looked = {key: at_ms + step_ms for key, at_ms in self._looked.items()}
        self._begun = [(at_ms + step_ms, moved(state, step_ms)) for at_ms, state in self._begun]
        self._dues.clear()
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
            if not self._knows_pods_of(key) or self._holds(key, now_ms):
                early[key] = None
                continue
            name = rollout_key(key)
            members = self._members.get(self._cronjobs.job_of(key), {})
            as_of_ms = self._hearing.as_of_ms(key, now_ms)
            verdict = self._verdict_on(workload, tuple(members.values()), before.get(name), as_of_ms)
            self._remember(key, verdict.memory, as_of_ms)
            joined = self._join(verdict.state, key in self._made)
            self._made.discard(key)
            if verdict.began_ms is None:
                states.append(joined)
            else:
                self._begun.append((verdict.began_ms, joined))
            self._inquiries.judged(workload, members, verdict.new_revision, verdict.state, now_ms)
            again_ms = verdict.look_again_ms
            self._dues.judged(key, None if again_ms is None else max(again_ms, as_of_ms + AGAIN_MS), now_ms)
            pods += self._pod_states(key, name, members, verdict.new_revision)
        self._dirty = early
        self._dirty_pods = {pod for key in self._held if key in early for pod in self._pods_due(key)}
        return states, pods

    def _verdict_on(
        self, workload: Workload, pods: tuple[Pod, ...], before: RolloutState | None, now_ms: int
    ) -> Verdict:
        """Judge a rollout by all that is known of it, as of then; ``before``: its row."""
        key = workload.key
        memory = self._memories.get(key)
        if memory is not None and (dark_ms := self._hearing.dark_ms(key, self._judged.get(key, now_ms), now_ms)):
            memory = after_dark(memory, dark_ms)
        return judge_rollout(
            workload,
            pods,
            self._witnessed.seen(before) if before is not None and before.until_ms is None else None,
            self._thresholds_of(key[0], key[1]),
            now_ms,
            events=self._inquiries.events_of(key),
            revisions=self._inquiries.revisions_of(workload),
            memory=memory,
            looked_ms=self._looked.pop(key, None),
            tail=self._inquiries.tail_of(key),
        )

    def _holds(self, key: WorkloadKey, now_ms: int) -> bool:
        """Whether what is new of a workload waits, while the rest of it is about to be seen again."""
        if not self._hearing.is_dark(key):
            self._held.pop(key, None)
            return False
        until_ms = self._held.setdefault(key, now_ms) + HOLD_MS
        if not now_ms < until_ms <= now_ms + HOLD_MS:
            return False  # some of it is seen, the rest may stay dark for long
        self._dues.put(key, until_ms)
        return True

    def _pods_due(self, key: WorkloadKey) -> Iterable[PodKey]:
        members = self._members.get(self._cronjobs.job_of(key), {})
        return (pod for pod in members if pod in self._dirty_pods)

    def _remember(self, key: WorkloadKey, memory: Memory | None, as_of_ms: int) -> None:
        if memory is not None:
            self._memories[key], self._judged[key] = memory, as_of_ms
        else:
            self._memories.pop(key, None)
            self._judged.pop(key, None)

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
