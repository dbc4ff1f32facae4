"""One sink with an outbox: its thread sends what is due, in order within a group, and tries again, ever later."""

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from statusdesk import faults
from statusdesk.alerts.dedup import is_due
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS
from statusdesk.alerts.telling import Outcome
from statusdesk.backoff import doubled
from statusdesk.clock import Clock
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.looks import Looks
from statusdesk.sinks.message import Ask, Message
from statusdesk.sinks.pace import Pace
from statusdesk.sinks.sending import PartlySent, Postponed, Refused, Sender, SinkStats
from statusdesk.states_alerts import Notification
from statusdesk.text import counted

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
LOOK_AGAIN_S = 1.0
"""So often the clock is looked at while something waits: somebody may have set it."""

REMEMBERED = 10_000
SAY_AGAIN_MS = 3_600_000
TRIED_ANEW_MS = 300_000
"""So long is tried again what was tried before a start or a sleep, however long that took: networks come up late."""


class _Try(msgspec.Struct):
    """How far the attempts of one message are; times are ``steady`` milliseconds."""

    not_before: int = 0
    give_up_at: int | None = None
    attempted: bool = False  # by this process: its waits are no more a matter of the clock


class Outlet:
    """Sends the messages of one sink. All public methods are called on the collector's thread and never block."""

    def __init__(
        self,
        sink: SinkSettings,
        sender: Sender,
        *,
        ask: Ask,
        clock: Clock,
        steady: Clock,
        narrate: Callable[[str], None],
        site: str = "",
        pace: Pace | None = None,
        looks: Looks | None = None,
    ) -> None:
        self._sink = sink
        self._looks = looks or Looks(clock=clock)
        self._sender = sender
        self._ask = ask
        self._clock = clock
        self._steady = steady
        self._narrate = narrate
        self._site = site
        self._pace = pace
        self._waiting: dict[int, Notification] = {}
        self._tries: dict[int, _Try] = {}
        self._over: dict[int, None] = {}  # the newest at the end
        self._outcomes: deque[Outcome] = deque()
        self._held: set[str] = set()  # groups of which the outbox does not know yet that a message has ended
        self._settling: set[str] = set()  # those of them of which it is being told
        self._hold_until = 0  # steady: the whole sink rests
        self._stats = SinkStats(sink=sink.name, type=sink.type)
        self._lost = ("", 0, 0)  # why messages were lost, when that was said (steady), how many since
        self._complained = False
        self._stopping = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    def take(self, queued: Iterable[Notification], dropped: Iterable[int]) -> None:
        """Take messages that are new or have changed, and forget those that were dropped.

        What is taken is what the outbox makes of the outcomes that it has: their groups need wait no longer.
        """
        with self._news:
            for notification in queued:
                if notification.id not in self._over:
                    self._waiting[notification.id] = notification
                    self._tries.setdefault(notification.id, self._first_try(notification))
            for number in dropped:
                self._waiting.pop(number, None)
                self._tries.pop(number, None)
            self._held -= self._settling
            self._settling.clear()
            self._news.notify()

    def _first_try(self, notification: Notification) -> _Try:
        if not notification.attempts:
            return _Try()  # its time begins with the first attempt
        tried_ms, give_up_ms = max(0, self._clock() - notification.created_ms), round(self._sink.give_up_s * 1000)
        return _Try(give_up_at=self._steady() + max(min(TRIED_ANEW_MS, give_up_ms), give_up_ms - tried_ms))

    def outcomes(self) -> list[Outcome]:
        """Return what has become of attempts since the last call."""
        with self._news:
            found = list(self._outcomes)
            self._outcomes.clear()
            ended = {each.sent.group_key for each in found if each.sent is not None and each.state != "queued"}
            self._settling |= ended
        return found

    @property
    def stats(self) -> SinkStats:
        """How it went so far."""
        return replace(self._stats, waiting=len(self._waiting))

    def stop(self) -> None:
        """Send nothing more after what is being sent now."""
        with self._news:
            self._stopping = True
            self._news.notify()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (notification := self._next()) is not None:
            if self._is_overtaken(notification):
                self._end(notification, "dropped", notification.attempts)
            else:
                self._attempt(notification)
        self._sender.close()

    def _next(self) -> Notification | None:
        """Wait for a message that is to be sent now; None at the end."""
        with self._news:
            while not self._stopping:
                if self._looks.are_late:
                    self._news.wait(LOOK_AGAIN_S)
                    continue
                now, now_ms = self._steady(), self._clock()
                waits = [(self._wait_ms(each, now, now_ms), each) for each in self._heads()]
                ready = [each for wait_ms, each in waits if wait_ms <= 0]
                if ready:
                    return ready[0] if self._pace is None else self._pace.first(ready)
                soonest_s = min((wait_ms for wait_ms, _ in waits), default=0) / 1000
                self._news.wait(min(LOOK_AGAIN_S, soonest_s) if waits else None)
            return None

    def _heads(self) -> list[Notification]:
        """Return the oldest message of each group: the others wait for it, until it is known what has become of it.

        Whoever does not know that changes what stands behind it; sent before, it would be told with another key again.
        """
        heads: dict[str, Notification] = {}
        for number in sorted(self._waiting):
            heads.setdefault(self._waiting[number].group_key, self._waiting[number])
        return [each for group_key, each in heads.items() if group_key not in self._held]

    def _wait_ms(self, notification: Notification, now: int, now_ms: int) -> int:
        tried = self._tries[notification.id]
        due = tried.attempted or is_due(notification, now_ms)
        paced_ms = 0 if self._pace is None else self._pace.wait_ms(now)
        return max(0 if due else notification.due_ms - now_ms, tried.not_before - now, self._hold_until - now, paced_ms)

    def _is_overtaken(self, notification: Notification) -> bool:
        """Whether an incident that is to be opened is over: that it is closed is queued behind.

        Closing one that is not open does nothing, and nobody is called for what is over.
        """
        if self._sink.type != KEEPS_INCIDENTS or notification.attempts or notification.what != "firing":
            return False
        with self._news:
            behind = [each for each in self._waiting.values() if each.group_key == notification.group_key]
        return any(each.what == "resolved" and each.id > notification.id for each in behind)

    def _attempt(self, notification: Notification) -> None:
        attempts, number = notification.attempts + 1, notification.id
        if self._pace is not None:
            self._pace.spend(notification, self._steady())
        state, problem, due_ms = "sent", "", None
        try:
            self._sender.send(Message(notification, self._ask(), self._site))
        except PartlySent as partly:
            problem = str(partly)
        except Refused as refused:
            state, problem = "quarantined", str(refused)
        except Postponed as postponed:
            state, problem, due_ms = self._postpone(number, attempts, postponed)
        except (
            Exception
        ) as error:  # the edge of one sink: a fault of ours must not end it, nor lose what may yet arrive
            state, problem, due_ms = self._postpone(number, attempts, Postponed(faults.told(error)))
        self._tell(self._end(notification, state, attempts, problem, due_ms))

    def _end(
        self, notification: Notification, state: str, attempts: int, problem: str = "", due_ms: int | None = None
    ) -> Outcome:
        """Note what has become of an attempt."""
        number, at_ms = notification.id, self._clock()
        outcome = Outcome(
            id=number, state=state, at_ms=at_ms, attempts=attempts, last_error=problem, due_ms=due_ms, sent=notification
        )
        with self._news:
            if state == "queued":
                if number in self._waiting:  # else it was dropped meanwhile
                    again = replace(self._waiting[number], attempts=attempts, due_ms=due_ms or notification.due_ms)
                    self._waiting[number] = again
            else:
                self._waiting.pop(number, None)
                self._tries.pop(number, None)
                self._over[number] = None
                if len(self._over) > REMEMBERED:
                    del self._over[next(iter(self._over))]
                self._held.add(notification.group_key)
            self._outcomes.append(outcome)
        return outcome

    def _postpone(self, number: int, attempts: int, postponed: Postponed) -> tuple[str, str, int | None]:
        now = self._steady()
        wait_s = doubled(FIRST_WAIT_S, attempts, LONGEST_WAIT_S)
        wait_ms = round(max(wait_s * random.uniform(0.9, 1.1), postponed.after_s) * 1000)
        with self._news:
            tried = self._tries.get(number, _Try())  # of one that was dropped meanwhile nothing stays
            if tried.give_up_at is None:
                tried.give_up_at = now + round(self._sink.give_up_s * 1000)
            if now >= tried.give_up_at:
                return "failed", str(postponed), None
            tried.attempted = True
            tried.not_before = min(now + wait_ms, max(now, tried.give_up_at))
            if postponed.whole_sink:
                self._hold_until = tried.not_before
        return "queued", str(postponed), self._clock() + wait_ms

    def _tell(self, outcome: Outcome) -> None:
        before, name, problem = self._stats, self._sink.name, outcome.last_error
        if outcome.state == "sent":
            if problem != before.problem and (problem or self._complained):
                self._narrate(f"statusdesk: sink {name}: {problem or 'it takes messages again'}")
                self._complained = bool(problem)
            self._stats = replace(before, sent=before.sent + 1, last_ok_ms=outcome.at_ms, problem=problem)
            return
        if outcome.state == "queued":
            if problem != before.problem:
                self._narrate(f"statusdesk: sink {name}: {problem}; trying again")
                self._complained = True
            self._stats = replace(before, failed=before.failed + 1, problem=problem)
        elif outcome.state == "failed":
            tried = counted(outcome.attempts, "attempt")
            self._complain(problem, f"a message is given up after {tried}")
            self._stats = replace(before, failed=before.failed + 1, given_up=before.given_up + 1, problem=problem)
        else:
            self._complain(problem, "a message was refused and is not sent again")
            self._stats = replace(before, quarantined=before.quarantined + 1, problem=problem)

    def _complain(self, problem: str, what: str) -> None:
        """Say that a message is lost; of the same problem once an hour."""
        now = self._steady()
        said, at, unsaid = self._lost
        if problem == said and now - at < SAY_AGAIN_MS:
            self._lost = (said, at, unsaid + 1)
            return
        more = f" (and {unsaid} more since this was said last)" if unsaid and problem == said else ""
        self._narrate(f"statusdesk: sink {self._sink.name}: {problem}; {what}{more}")
        self._lost, self._complained = (problem, now, 0), True
