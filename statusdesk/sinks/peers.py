"""Alertmanagers, each told by a thread of its own: one that is away holds up no other."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Set
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from statusdesk import faults
from statusdesk.alerts.telling import Refusal
from statusdesk.alerts.tuning import Tuning
from statusdesk.clock import Clock, ClockSteps
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.server_clock import ServerSkew
from statusdesk.sinks.alertmanager import Terms, batches, content_mark, has_ended, posted, told
from statusdesk.sinks.http import Answer, Http, accepted, host_of
from statusdesk.sinks.looks import Looks
from statusdesk.sinks.sending import SendError, SinkStats
from statusdesk.states_alerts import RESOLVED_FOR_MS, AlertState, PostedThere

PACE_S = 1.0
"""Changes that come closer than that are posted together; the first one is at once."""

RETRY_S = 10.0
TIME_IS_KNOWN_MS = 15_000
LOOK_AGAIN_S = 1.0

_REFUSED_IN_PART = (400, 422)


class _OtherClock(Exception):
    """Their clock differs from ours by another time than was thought."""


class Standing:
    """What stands, as last told by the collector, shared by the threads of one sink."""

    def __init__(self, steady: Clock) -> None:
        self.news = threading.Condition()
        self.number = 0
        self.stopping = False
        self.unread: Set[str] = frozenset()
        self.unseen_ms = 0
        self._alerts: tuple[AlertState, ...] | None = None
        self._resolved_at: dict[tuple[str, int], int] = {}
        self._steady = steady
        self._refusals: deque[Refusal] = deque()
        self._refused: dict[str, str] = {}

    def refuse(self, refusal: Refusal, mark: str) -> None:
        """Keep that an alert was refused, once for all members of a cluster."""
        with self.news:
            if self._refused.get(refusal.alert.fingerprint) != mark:
                self._refused[refusal.alert.fingerprint] = mark
                self._refusals.append(refusal)

    def refusals(self) -> list[Refusal]:
        """Return what was refused since the last call."""
        with self.news:
            found = list(self._refusals)
            self._refusals.clear()
            return found

    def put(self, alerts: tuple[AlertState, ...], *, unread: Set[str] = frozenset(), unseen_ms: int = 0) -> None:
        """Take what stands now; of what is ``unread`` nobody knows whether it does, see ``News``."""
        with self.news:
            now = self._steady()
            over = {(each.fingerprint, each.started_ms) for each in alerts if each.state == "resolved"}
            self._resolved_at = {key: self._resolved_at.get(key, now) for key in over}
            self._alerts, self.unread, self.unseen_ms = alerts, unread, unseen_ms
            standing = {each.fingerprint for each in alerts}
            self._refused = {each: mark for each, mark in self._refused.items() if each in standing}
            self.number += 1
            self.news.notify_all()

    def stop(self) -> None:
        """End the threads that wait."""
        with self.news:
            self.stopping = True
            self.news.notify_all()

    def alerts(self) -> tuple[AlertState, ...] | None:
        """Return what stands, without what has been over for long; None before anything is known."""
        with self.news:
            if self._alerts is None:
                return None
            until = self._steady() - RESOLVED_FOR_MS
            # an even time: setting the clock neither cuts this short nor draws it out
            return tuple(each for each in self._alerts if self._over_since(each) > until)

    def _over_since(self, alert: AlertState) -> int:
        if alert.state != "resolved":
            return self._steady()
        return self._resolved_at.get((alert.fingerprint, alert.started_ms), self._steady())


class Peer:
    """Posts what stands to one Alertmanager, at each change and each ``resend``."""

    def __init__(
        self,
        url: str,
        terms: Terms,
        tuning: Tuning,
        standing: Standing,
        base_dir: Path,
        *,
        clock: Clock,
        steady: Clock,
        narrate: Callable[[str], None],
        number: int = 0,
        read: ReadSecret = read_secret,
        looks: Looks | None = None,
    ) -> None:
        """``number``: its place among those of the sink."""
        self._looks = looks or Looks(steady, clock)
        self._url = url.rstrip("/")
        self._terms = terms
        self._tuning = tuning
        self._standing = standing
        self._http = Http(terms.sink, base_dir, read)
        self._clock = clock
        self._steady = steady
        self._narrate = narrate
        self._skew = ServerSkew()
        self._steps = ClockSteps(self._looks.even)
        self._steps.step_ms(clock())
        self._heard_at: int | None = None  # steady: when they last told us their time
        self._quarantined: dict[str, str] = {}  # content of what was refused, by fingerprint
        self._said: dict[str, str] = {}  # with what, by fingerprint
        self._took: set[tuple[str, int]] = set()  # what fired at the last post that was taken
        self._taken_at: int | None = None  # ``looks.even``: when that was
        self._taken_there_ms = 0  # the same by their clock, which goes on while our machine is paused
        self._kept_back: Set[str] = frozenset()  # has ended there, and nobody knows whether it fires still
        self._posted = PostedThere(sink=terms.sink.name, number=number, peer=host_of(url))
        self._reports: deque[PostedThere] = deque(maxlen=1)
        self._stats = SinkStats(sink=terms.sink.name, type=terms.sink.type, peer=host_of(url))
        self._thread = threading.Thread(target=self._run, name=f"sink {terms.sink.name} {host_of(url)}", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> SinkStats:
        """How it went so far."""
        return self._stats

    def report(self) -> PostedThere | None:
        """Return how it stands since the last post, None when there was none since the last call."""
        return self._reports.popleft() if self._reports else None

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        seen, pause_s = 0, 0.0
        while (number := self._wait(seen, pause_s)) is not None:
            began = self._steady()
            pause_s = self._terms.sink.resend_s if self._post_all() else min(self._terms.sink.resend_s, RETRY_S)
            seen = number
            self._rest(PACE_S - (self._steady() - began) / 1000)
        self._http.close()

    def _wait(self, seen: int, pause_s: float) -> int | None:
        """Wait for a change, or ``pause_s``; return the number of what stands then, None at the end."""
        standing = self._standing
        with standing.news:
            standing.news.wait_for(lambda: standing.stopping or standing.number != seen, pause_s if seen else None)
            while self._has_slept() and not standing.stopping:
                standing.news.wait(LOOK_AGAIN_S)
            # what was told by the end is posted, when it has not been yet
            over = standing.stopping and (standing.number == seen or self._has_slept())
            return None if over else standing.number

    def _has_slept(self) -> bool:
        """Whether nobody has looked, nor posted, for so long that what is known to fire here may be over there."""
        ago_ms = self._looks.ago_ms
        return has_ended(self._terms, ago_ms if self._taken_at is None else min(ago_ms, self._since_taken_ms()))

    def _since_taken_ms(self) -> int:
        """Return for how long nothing was posted there; before the first post, for how long nobody had looked."""
        if self._taken_at is None:
            return self._standing.unseen_ms
        return max(self._looks.even() - self._taken_at, self._clock() + self._skew.ms - self._taken_there_ms)

    def _rest(self, rest_s: float) -> None:
        if rest_s > 0:
            with self._standing.news:
                self._standing.news.wait_for(lambda: self._standing.stopping, rest_s)

    def _note_step(self) -> None:
        """Notice that our clock was set: what they were told in its terms must not end for that."""
        if step_ms := self._steps.step_ms(self._clock()):
            self._skew.stepped(step_ms)
            self._heard_at = None  # or the machine was paused: by their clock that is no step
            self._said_skew()

    def _post_all(self, *, again: bool = True) -> bool:
        """Post all that stands; return whether it was taken. Of what need not be so any more nothing is posted."""
        self._note_step()
        try:
            if self._heard_at is None or self._steady() - self._heard_at > TIME_IS_KNOWN_MS:
                accepted(self._ask([]), self._http.hidden())  # for their time: in another one alerts could be over
            began_at, began_ms, free = self._looks.even(), self._clock(), self._free()
            for batch in batches([body for _, body in free]):
                if self._has_slept():
                    return False  # between two requests, or while one waited for its answer
                self._post(list(batch), free)
        except _OtherClock:
            if again:  # what they were told is wrong by as much as the clocks differ
                return self._post_all(again=False)
            self._failed("its clock does not run evenly")
            return False
        except SendError as error:
            self._failed(str(error))
            return False
        except Exception as error:  # the edge of one sink: a fault of ours must not end it
            self._failed(faults.told(error))
            return False
        self._worked(free, began_at, began_ms)
        return True

    def _free(self) -> list[tuple[AlertState, dict[str, Any]]]:
        """Return what is to be posted: all that this sink is told of, without what was refused as it is."""
        alerts = self._told()
        refused_before = self._quarantined
        self._quarantined = {
            each.fingerprint: mark for each in alerts if (mark := refused_before.get(each.fingerprint))
        }
        bodies = [(alert, self._body(alert)) for alert in alerts]
        return [
            (alert, body) for alert, body in bodies if self._quarantined.get(alert.fingerprint) != content_mark(body)
        ]

    def _told(self) -> list[AlertState]:
        standing = self._standing
        alerts = told(standing.alerts() or (), self._terms, self._tuning, self._clock())
        ended = has_ended(self._terms, self._since_taken_ms())
        # it fires again there only when it is known to, however often is posted meanwhile
        self._kept_back = standing.unread if ended else self._kept_back & standing.unread
        return [each for each in alerts if each.state != "firing" or each.fingerprint not in self._kept_back]

    def _body(self, alert: AlertState) -> dict[str, Any]:
        return posted(alert, self._terms, self._clock(), -self._skew.ms)

    def _post(self, batch: list[dict[str, Any]], free: list[tuple[AlertState, dict[str, Any]]]) -> None:
        answer = self._ask(batch)
        if answer.status not in _REFUSED_IN_PART or not batch:
            accepted(answer, self._http.hidden())
            return
        # Of what was posted together the good ones may have been taken or not: each is posted by itself.
        alerts = {id(body): alert for alert, body in free}
        for body in batch:
            single = answer if len(batch) == 1 else self._ask([body])
            if single.status in _REFUSED_IN_PART:
                self._quarantine(alerts[id(body)], content_mark(body), single)
            else:
                accepted(single, self._http.hidden())

    def _ask(self, batch: list[dict[str, Any]]) -> Answer:
        before_ms = self._clock()
        answer = self._http.ask("POST", f"{self._url}/api/v2/alerts", batch)
        if answer.date_ms is not None:
            self._heard_at = self._steady()
            if self._skew.heard(answer.date_ms - (before_ms + self._clock()) // 2):
                self._said_skew()
                raise _OtherClock
        return answer

    def _said_skew(self) -> None:
        if self._skew.ms:
            seconds = abs(self._skew.ms) / 1000
            which = "behind" if self._skew.ms > 0 else "ahead of"
            said = f"our clock is {seconds:.0f} s {which} that of {self._stats.peer}; mend the one that is wrong"
        else:
            said = f"our clock agrees with that of {self._stats.peer} again"
        self._narrate(f"statusdesk: sink {self._terms.sink.name}: {said}")

    def _quarantine(self, alert: AlertState, mark: str, answer: Answer) -> None:
        self._quarantined[alert.fingerprint] = mark
        self._stats = replace(self._stats, quarantined=self._stats.quarantined + 1)
        name, said = self._terms.sink.name, answer.said(self._http.hidden()) or f"status {answer.status}"
        self._said[alert.fingerprint] = said
        self._standing.refuse(Refusal(sink=name, alert=alert, error=said, at_ms=self._clock()), mark)
        self._narrate(
            f"statusdesk: sink {name}: {self._stats.peer} refuses the alert {alert.alertname} {alert.fingerprint}: "
            f"{said}; it is not posted again before it changes"
        )

    def _failed(self, problem: str) -> None:
        before = self._stats
        if problem != before.problem:
            name = self._terms.sink.name
            self._narrate(f"statusdesk: sink {name}: {before.peer} is not told: {problem}; trying again")
        self._stats = replace(before, failed=before.failed + 1, problem=problem, ahead_ms=-self._skew.ms)
        since_ms = self._posted.problem_ms if self._posted.problem else self._clock()
        self._took &= _firing(self._standing.alerts() or ())  # one that ended since is another when it fires again
        self._report(replace(self._posted, problem=problem, problem_ms=since_ms))

    def _report(self, posted: PostedThere) -> None:
        self._said = {key: said for key, said in self._said.items() if key in self._quarantined}
        taken = tuple(sorted(fingerprint for fingerprint, _ in self._took))
        self._posted = replace(posted, taken=taken, refused=tuple(sorted(self._said.items())))
        self._reports.append(self._posted)

    def _worked(self, free: list[tuple[AlertState, dict[str, Any]]], began_at: int, began_ms: int) -> None:
        before = self._stats
        # what was posted lives from then on: all may have stood still before the answer was read
        self._taken_at, self._taken_there_ms = began_at, began_ms + self._skew.ms
        if before.problem:
            self._narrate(f"statusdesk: sink {self._terms.sink.name}: {before.peer} is told again")
        self._stats = replace(
            before, sent=before.sent + len(free), last_ok_ms=self._clock(), problem="", ahead_ms=-self._skew.ms
        )
        for alert, body in free:
            if self._quarantined.get(alert.fingerprint) != content_mark(body):
                self._said.pop(alert.fingerprint, None)
        self._took = _firing(alert for alert, _ in free if alert.fingerprint not in self._said)
        self._report(replace(self._posted, ok_ms=began_ms, problem="", problem_ms=None))


def _firing(alerts: Iterable[AlertState]) -> set[tuple[str, int]]:
    return {(alert.fingerprint, alert.started_ms) for alert in alerts if alert.state == "firing"}
