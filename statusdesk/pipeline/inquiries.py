"""What is asked of the clusters about rollouts that roll or are not well, and what becomes of the answers."""

from collections.abc import Callable, Iterable, Mapping

from statusdesk.facts import Changed, Event, LogTail, Pod, Revision, Swept, Workload
from statusdesk.judge.pods import is_observed
from statusdesk.judge.rollout_latch import RUNS_ON
from statusdesk.pipeline.clock_steps import moved
from statusdesk.pipeline.evidence import Taking
from statusdesk.states import RESTING, Level, RolloutState
from statusdesk.store.writer import Writer
from statusdesk.wants import EventsWanted, LogWanted, RevisionsWanted, Wanted, WorkloadKey

ASK_EVERY_MS = 10_000
ASK_LATER_MS = 60_000  # of what has not been well for long
LONG_MS = 600_000
ASK_AGAIN_MS = 2_000  # when it became worse since it was asked
SETTLES_MS = 3_000  # many rollouts are over before anything need be asked
PODS_ASKED = 3
REVISED = ("Deployment", "StatefulSet", "DaemonSet")

Ask = Callable[[Wanted], None]
Members = Mapping[tuple[str, str, str], Pod]
Asked = tuple[str, str]
"""(uid, revision) of a workload as it was when its revisions were asked for."""


class Case:
    """One rollout that is asked about."""

    def __init__(self, workload: Workload, next_ms: int) -> None:
        self.workload = workload
        self.members: Members = {}
        self.new_revision = ""
        self.pod = ""
        self.runs_on = ""
        """The init container that goes on and on, where the verdict names one."""
        self.tail: LogTail | None = None
        self.level = Level.PROGRESSING
        self.next_ms = next_ms
        self.asked_ms = 0
        self.worse_ms = next_ms
        self.events: tuple[Event, ...] = ()
        self.revisions: tuple[Revision, ...] = ()
        self.revised: Asked | None = None
        """For what ``revisions`` are the answer; of another revision they name one that is not the newest."""
        self.asking: Asked | None = None
        """The first that was asked for since the last answer: the next one may be the answer to it."""
        self.failure: tuple[int, str] | None = None
        """(level_since_ms, revision) of the failure of which evidence was taken."""
        self.taking: Taking | None = None


class Inquiries:
    """Asks for revisions, events and logs of what is not well, keeps the answers, and drops them when it is."""

    def __init__(self, writer: Writer, ask: Ask) -> None:
        self._writer = writer
        self._ask = ask
        self._cases: dict[WorkloadKey, Case] = {}
        self._failing: set[WorkloadKey] = set()
        self._next_ms: int | None = None
        self._left = writer.looked_up()

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which something is to be asked or dropped."""
        return self._next_ms

    def events_of(self, key: WorkloadKey) -> tuple[Event, ...]:
        """Return the events that are known of a rollout."""
        case = self._cases.get(key)
        return case.events if case is not None else ()

    def revisions_of(self, workload: Workload) -> tuple[Revision, ...]:
        """Return the revisions that are known of a rollout, as it is now."""
        case = self._cases.get(workload.key)
        return case.revisions if case is not None and case.revised == _asked(workload) else ()

    def tail_of(self, key: WorkloadKey) -> LogTail | None:
        """Return what the init container that runs for long said last."""
        case = self._cases.get(key)
        return case.tail if case is not None else None

    def judged(self, workload: Workload, members: Members, new_revision: str, state: RolloutState, now_ms: int) -> None:
        """Take a verdict: ask soon when it is not well, forget after a while when it is."""
        key, level = workload.key, state.level
        case = self._cases.get(key)
        if case is None:
            if level in RESTING:
                if state.key in self._left:
                    self._drop(state.key)
                return
            case = self._cases[key] = Case(workload, now_ms + SETTLES_MS)
        worse = level not in RESTING and level is not Level.PROGRESSING and level is not case.level
        case.workload, case.members, case.new_revision = workload, members, new_revision
        case.level, case.pod = level, state.pod
        case.runs_on = state.container if state.reason.endswith(RUNS_ON) else ""
        if not case.runs_on:
            case.tail = None
        if worse:
            case.worse_ms = now_ms
        if worse or (case.revised is not None and case.revised != _asked(workload)):
            case.next_ms = min(case.next_ms, max(now_ms, case.asked_ms + ASK_AGAIN_MS))
        if level is Level.FAILING:
            self._failing.add(key)
        self._wake(case.next_ms)

    def take_evidence(self, rows: Mapping[str, RolloutState], now_ms: int) -> None:
        """Begin to take evidence of what has begun to fail, by the rows that the writer made of the verdicts."""
        for key in self._failing:
            case, row = self._cases[key], rows["/".join(key)]
            failure = (row.level_since_ms, row.revision)
            if row.level is not Level.FAILING or case.failure == failure:
                continue
            has_evidence = self._writer.has_evidence(row.key, row.level_since_ms, row.revision)
            case.failure = failure
            if not has_evidence:
                case.taking = Taking(row, case.workload, case.members, case.events, now_ms)
                for wanted in case.taking.wants:
                    self._ask(wanted)
                self._writer.put_evidence(case.taking.rows())
                case.next_ms = min(case.next_ms, max(now_ms, case.asked_ms + ASK_AGAIN_MS))
                self._wake(min(case.next_ms, case.taking.until_ms))
        self._failing.clear()

    def answer(self, message: Swept | Changed) -> Iterable[WorkloadKey]:
        """Take an answer; return the rollouts whose verdict it may change."""
        if isinstance(message, Changed):
            for tail in message.seen:
                assert isinstance(tail, LogTail)
                self._take_log(tail)
            return [key for key, case in self._cases.items() if case.tail in message.seen]
        kind, _, name = message.subkind.partition("/")
        key = (message.source.partition("/")[2], message.scope, kind, name)
        case = self._cases.get(key)
        if case is None:
            return ()
        if message.kind is Revision:
            return self._take_revisions(key, case, [one for one in message.facts if isinstance(one, Revision)])
        return self._take_events(key, case, [one for one in message.facts if isinstance(one, Event)])

    def _take_log(self, tail: LogTail) -> None:
        for case in self._cases.values():
            pod = case.members.get((tail.cluster, tail.namespace, case.pod)) if case.runs_on else None
            if pod is not None and (tail.pod_uid, tail.container) == (pod.uid, case.runs_on) and not tail.previous:
                case.tail = tail
            if case.taking is not None and case.taking.takes(tail):
                self._writer.put_evidence(case.taking.rows())
                self._finish(case)

    def _take_revisions(self, key: WorkloadKey, case: Case, revisions: list[Revision]) -> Iterable[WorkloadKey]:
        before = case.revised
        if case.asking is not None:
            case.revised, case.asking = case.asking, None
        changed = case.revised != before or set(revisions) != set(case.revisions)
        case.revisions = tuple(revisions)
        self._writer.put_revisions("/".join(key), revisions)
        return (key,) if changed else ()

    def _take_events(self, key: WorkloadKey, case: Case, events: list[Event]) -> Iterable[WorkloadKey]:
        changed = set(events) != set(case.events)
        case.events = tuple(events)
        self._writer.put_events("/".join(key), events)
        if case.taking is not None:
            case.taking.hears(events)
            self._writer.put_evidence(case.taking.rows())
            self._finish(case)
        return (key,) if changed else ()

    @staticmethod
    def _finish(case: Case) -> None:
        if case.taking is not None and case.taking.is_complete:
            case.taking = None

    def restamp(self, step_ms: int) -> None:
        """Move all that was asked and answered with the clock, which was set."""
        for case in self._cases.values():
            case.workload, case.events = moved(case.workload, step_ms), moved(case.events, step_ms)
            case.revisions = moved(case.revisions, step_ms)
            case.next_ms += step_ms
            case.worse_ms += step_ms
            case.asked_ms += step_ms
            if case.taking is not None:
                case.taking.until_ms += step_ms
        if self._next_ms is not None:
            self._next_ms += step_ms

    def forget(self, key: WorkloadKey) -> None:
        """Take note that a workload has gone."""
        self._failing.discard(key)
        if self._cases.pop(key, None) is not None or "/".join(key) in self._left:
            self._drop("/".join(key))

    def _drop(self, rollout_key: str) -> None:
        self._left.discard(rollout_key)
        self._writer.put_events(rollout_key, ())
        self._writer.put_revisions(rollout_key, ())

    def flush(self, now_ms: int) -> None:
        """Ask what is due, and drop what is known of rollouts that have been well for a while."""
        if self._next_ms is None or _is_ahead(self._next_ms, now_ms):
            return
        for key, case in list(self._cases.items()):
            if case.taking is not None and now_ms >= case.taking.until_ms:
                case.taking.give_up()
                self._writer.put_evidence(case.taking.rows())
                case.taking = None
            if _is_ahead(case.next_ms, now_ms):
                continue
            if case.level not in RESTING:
                self._ask_about(case, now_ms)
            elif case.taking is None:
                del self._cases[key]
                self._drop("/".join(key))
            lasts_long = now_ms - case.worse_ms >= LONG_MS and case.level not in RESTING
            case.next_ms = now_ms + (ASK_LATER_MS if lasts_long else ASK_EVERY_MS)
        self._next_ms = None
        for case in self._cases.values():
            self._wake(case.next_ms if case.taking is None else min(case.next_ms, case.taking.until_ms))

    def _wake(self, at_ms: int) -> None:
        if self._next_ms is None or at_ms < self._next_ms:
            self._next_ms = at_ms

    def _ask_about(self, case: Case, now_ms: int) -> None:
        workload = case.workload
        case.asked_ms = now_ms
        asked = _asked(workload)
        # a controller that has not looked yet has made none
        if workload.kind in REVISED and is_observed(workload) and case.revised != asked:
            case.asking = case.asking or asked
            self._ask(RevisionsWanted(workload=workload.key, uid=workload.uid, selector=workload.selector))
        uids = [workload.uid]
        uids += [one.uid for one in case.revisions if one.kind == "ReplicaSet" and one.hash == case.new_revision]
        uids += [pod.uid for pod in self._pods_to_ask(case)]
        urgent = case.level is not Level.PROGRESSING
        self._ask(EventsWanted(workload=workload.key, uids=tuple(dict.fromkeys(uids)), urgent=urgent))
        pod = case.members.get((workload.cluster, workload.namespace, case.pod)) if case.runs_on else None
        if pod is not None:
            self._ask(
                LogWanted(
                    cluster=pod.cluster,
                    namespace=pod.namespace,
                    pod=pod.name,
                    pod_uid=pod.uid,
                    container=case.runs_on,
                )
            )

    @staticmethod
    def _pods_to_ask(case: Case) -> list[Pod]:
        """Return the pod that the verdict names, then others that are not ready, of the new revision first."""
        pods = [pod for pod in case.members.values() if not pod.ready or pod.name == case.pod]
        pods.sort(key=lambda pod: (pod.name != case.pod, pod.revision != case.new_revision, pod.name))
        return pods[:PODS_ASKED]


def _asked(workload: Workload) -> Asked:
    return workload.uid, workload.revision


def _is_ahead(at_ms: int, now_ms: int) -> bool:
    """Return whether a moment has yet to come; one that is too far ahead was set before the clock was put back."""
    return now_ms < at_ms <= now_ms + ASK_LATER_MS
