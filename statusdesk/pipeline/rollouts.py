"""The judging of workloads that changed or whose time has come, by all that is known of them."""

import functools
from collections.abc import Callable, Iterable

from statusdesk.config import RolloutThresholds
from statusdesk.facts import Changed, Event, KnownUntil, Pod, Swept, Visited, Workload
from statusdesk.judge.pods import pod_state
from statusdesk.judge.rollout_memory import Memory, after_dark
from statusdesk.judge.rollouts import Verdict, judge_rollout
from statusdesk.pipeline.clock_steps import Witnessed, moved, moved_memory
from statusdesk.pipeline.cluster_hearing import ClusterHearing
from statusdesk.pipeline.dues import Dues
from statusdesk.pipeline.inquiries import Ask, Inquiries
from statusdesk.pipeline.workloads_kept import PodKey, WorkloadKey, WorkloadsKept, rollout_key
from statusdesk.states import PodState, RolloutState
from statusdesk.store.writer import Transition, Writer

AGAIN_MS = 100
HOLD_MS = 5_000  # so long it takes, when a cluster answers again, until all that it now shows has been read


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
        self._kept = WorkloadsKept(writer, self._forget)
        self._witnessed = Witnessed()
        self._hearing = ClusterHearing()
        self._memories: dict[WorkloadKey, Memory] = {}
        self._judged: dict[WorkloadKey, int] = {}  # as of when, of those that are remembered
        self._held: dict[WorkloadKey, int] = {}  # since when something new waits for the rest that is not seen
        self._new_revisions: dict[WorkloadKey, str] = {}
        self._begun: list[tuple[int, RolloutState]] = []
        self._dues = Dues(self._hearing.as_of_ms)

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
            message = self._kept.events(message)
        self._kept.dirty.update(dict.fromkeys(self._inquiries.answer(message)))

    def sweep(self, swept: Swept) -> None:
        """Take everything seen of one kind in one scope; what the store holds of that scope beyond it has gone."""
        self._kept.sweep(swept)

    def change(self, changed: Changed) -> None:
        """Take what was seen or has gone since the last sweep."""
        self._kept.change(changed)

    def _forget(self, key: WorkloadKey) -> None:
        """Forget what was found out of a workload that has gone."""
        self._memories.pop(key, None)
        self._judged.pop(key, None)
        self._held.pop(key, None)
        self._dues.forget(key)
        self._new_revisions.pop(key, None)
        self._inquiries.forget(key)

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge what is dirty or due and put the rows; commit is the caller's."""
        is_news, self._hearing.is_news = self._hearing.is_news, False
        kept, writer = self._kept, self._writer
        kept.dirty.update(dict.fromkeys(self._dues.take(now_ms, is_news=is_news)))
        if is_news:
            self._held = {key: since_ms for key, since_ms in self._held.items() if self._hearing.is_dark(key)}
        if kept.gone_pods:
            writer.gone(PodState, kept.gone_pods, now_ms)
            kept.gone_pods = []
        transitions: list[Transition] = []
        if kept.gone:
            transitions += writer.gone(RolloutState, kept.gone, now_ms)
            kept.gone = []
        if kept.dirty:
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
            key: moved_memory(memory, self._kept.workloads.get(key), step_ms) for key, memory in self._memories.items()
        }
        self._kept.restamp(step_ms)
        self._hearing.restamp(step_ms)
        self._judged = {key: at_ms + step_ms for key, at_ms in self._judged.items()}
        self._held = {key: at_ms + step_ms for key, at_ms in self._held.items()}
        self._inquiries.restamp(step_ms)
        self._begun = [(at_ms + step_ms, moved(state, step_ms)) for at_ms, state in self._begun]
        self._dues.clear()

    def seen(self, row: RolloutState) -> RolloutState:
        """Return a row with since when it is as it is in the clock as that is set now."""
        return self._witnessed.seen(row)

    def inquire(self, now_ms: int) -> None:
        """Begin to look into what has begun to fail, and ask what is due; after ``flush``. Raises: StoreError."""
        self._inquiries.take_evidence(self._writer.current(RolloutState), now_ms)
        self._inquiries.flush(now_ms)

    def _judge(self, now_ms: int) -> tuple[list[RolloutState], list[PodState]]:
        kept, before = self._kept, self._writer.current(RolloutState)
        states: list[RolloutState] = []
        pods: list[PodState] = []
        early: dict[WorkloadKey, None] = {}
        for key in kept.due():
            workload = kept.workloads.get(key)
            if workload is None:
                continue
            if not kept.knows_pods_of(key) or self._holds(key, now_ms):
                early[key] = None
                continue
            name = rollout_key(key)
            members = kept.members_of(key)
            as_of_ms = self._hearing.as_of_ms(key, now_ms)
            verdict = self._verdict_on(workload, tuple(members.values()), before.get(name), as_of_ms, now_ms)
            self._remember(key, verdict.memory, as_of_ms)
            joined = self._join(verdict.state, key in kept.made)
            kept.made.discard(key)
            if verdict.began_ms is None:
                states.append(joined)
            else:
                self._begun.append((verdict.began_ms, joined))
            self._inquiries.judged(workload, members, verdict.new_revision, verdict.state, now_ms)
            again_ms = verdict.look_again_ms
            self._dues.judged(key, None if again_ms is None else max(again_ms, as_of_ms + AGAIN_MS), now_ms)
            pods += self._pod_states(key, name, members, verdict.new_revision)
        kept.judged_but(early, self._held)
        return states, pods

    def _verdict_on(
        self, workload: Workload, pods: tuple[Pod, ...], before: RolloutState | None, as_of_ms: int, now_ms: int
    ) -> Verdict:
        """Judge a rollout by all that is known of it, as of then; ``before``: its row."""
        key = workload.key
        memory = self._memories.get(key)
        if memory is not None and (dark_ms := self._hearing.dark_ms(key, self._judged.get(key, as_of_ms), as_of_ms)):
            memory = after_dark(memory, dark_ms)
        return judge_rollout(
            workload,
            pods,
            self._witnessed.seen(before) if before is not None and before.until_ms is None else None,
            self._thresholds_of(key[0], key[1]),
            as_of_ms,
            events=self._inquiries.events_of(key),
            revisions=self._inquiries.revisions_of(workload),
            memory=memory,
            looked_ms=self._kept.take_looked_ms(key),
            tail=self._inquiries.tail_of(key),
            told_ms=now_ms,
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

    def _remember(self, key: WorkloadKey, memory: Memory | None, as_of_ms: int) -> None:
        if memory is not None:
            self._memories[key], self._judged[key] = memory, as_of_ms
        else:
            self._memories.pop(key, None)
            self._judged.pop(key, None)

    def _pod_states(
        self, key: WorkloadKey, name: str, members: dict[PodKey, Pod], new_revision: str
    ) -> Iterable[PodState]:
        if self._new_revisions.get(key) != new_revision:
            self._new_revisions[key] = new_revision
            touched = list(members.values())
        else:
            dirty = self._kept.dirty_pods
            touched = [pod for pod_key, pod in members.items() if pod_key in dirty]
        number = self._writer.change + 1
        return [pod_state(pod, name, pod.revision == new_revision, number) for pod in touched]
