"""How the streams of one cluster stand, made into outcomes: one for the source, one per namespace we may not read."""

import threading
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from collectors.kubernetes_kinds import Kind
from collectors.kubernetes_known import KnownLines
from collectors.kubernetes_problems import ApiProblem, Refused, as_problem, grant
from statusdesk.clock import Clock, ClockSteps
from statusdesk.facts import Visited
from statusdesk.text import clean

SEND_EVERY_MS = 2_000
HEARTBEAT_MS = 5_000
NO_ACCESS = "NoAccess"
_MOMENTS = (
    "heard_ms",
    "told_ms",
    "asked_ms",
    "asked_last_ms",
    "began_ms",
    "before_ms",
    "opened_ms",
    "closed_ms",
    "failing_ms",
    "next_try_ms",
)
_MAY_PASS = ("Gone", "Unreachable", "ServerError")  # those that a restart of the server brings, too


class Line:
    """How one kind in one scope stands. Written by its own thread and read by all; its problem only under the lock."""

    def __init__(self, standing: "Standing", kind: Kind, scope: str) -> None:
        self.kind = kind
        self.scope = scope
        self.heard_ms: int | None = None
        self.told_ms: int | None = None  # until when all has come: that a watch is open proves nothing of it
        self.asked_ms: int | None = None
        self.asked_last_ms: int | None = None
        self.began_ms: int | None = None  # when the request began whose answer is told of; and the one before that
        self.before_ms: int | None = None
        self.tried_ms = 0
        self.opened_ms: int | None = None
        self.closed_ms: int | None = None
        self.watch_refused = False
        self.took_ms = 0
        self.problem: ApiProblem | None = None
        self.failing_ms: int | None = None
        self.next_try_ms: int | None = None
        self._watch_broke = False
        self._standing = standing

    def asks(self) -> None:
        """A request goes out."""
        self.asked_ms = self.asked_last_ms = self._standing.clock()

    def answered(self) -> None:
        """The request has been answered, well or not."""
        self.asked_ms = None

    def listed(self, took_ms: int) -> None:
        """A list is complete. It does not mend a watch that breaks, or a source would seem to recover at each try."""
        first, self.took_ms, now_ms = self.heard_ms is None, took_ms, self._standing.clock()
        if self._watch_broke:
            self.heard_ms, self.told_ms = now_ms, now_ms - took_ms
        else:
            self.hears(now_ms, now_ms - took_ms)
        self.before_ms = self.began_ms = now_ms - took_ms
        self._standing.listed(self, now_ms - took_ms)
        if first:
            self._standing.changed(self)

    def opens(self) -> None:
        """A watch is open."""
        self.watch_refused = False
        self.before_ms, self.began_ms = self.began_ms, self.asked_last_ms
        self.opened_ms = self.heard_ms = self._standing.clock()
        self._standing.changed(self)

    def ends(self) -> None:
        """The server has ended the watch: it has told all until now."""
        self.told_ms = self._standing.clock()

    def closes(self) -> None:
        """The watch is not open any more."""
        self.opened_ms, self.closed_ms = None, self._standing.clock()

    def hears(self, now_ms: int, as_of_ms: int | None = None) -> None:
        """Something came that proves that we see what is there, or was at ``as_of_ms``."""
        self.heard_ms, self.told_ms = now_ms, now_ms if as_of_ms is None else as_of_ms
        if self.problem is not None:
            with self._standing.lock:
                self.mends(now_ms)
            self._standing.changed(self)

    def mends(self, now_ms: int) -> None:
        """What was wrong is over; the caller holds the lock of the standing."""
        self.heard_ms = now_ms
        self.problem = self.next_try_ms = self.failing_ms = None
        self._watch_broke = False

    def fails(self, problem: ApiProblem, next_try_ms: int, *, watch_broke: bool = False) -> None:
        """A try has failed; the next one comes at ``next_try_ms``."""
        with self._standing.lock:
            self.problem, self.next_try_ms, self.asked_ms = problem, next_try_ms, None
            self.tried_ms, self._watch_broke = self._standing.clock(), watch_broke
            self.failing_ms = self.failing_ms or self.tried_ms
        self._standing.changed(self)

    def request_ms(self, now_ms: int, proven_ms: int) -> int:
        """Return when the request began whose answer is told of; a watch tells first what has happened before it."""
        is_young = self.opened_ms is not None and now_ms - self.opened_ms < proven_ms
        return (self.before_ms if is_young else self.began_ms) or 0

    def is_blink(self, now_ms: int, grace_ms: int) -> bool:
        """Return whether what is wrong may be over in a moment: it is young, or a watch is open again and on trial."""
        problem = self.problem
        if problem is None or self.heard_ms is None or not (problem.passing or problem.problem in _MAY_PASS):
            return False
        return self.opened_ms is not None or now_ms - (self.failing_ms or now_ms) < grace_ms

    def shift(self, step_ms: int) -> None:
        """Move all moments; the caller holds the lock of the standing."""
        self.tried_ms += step_ms
        for name in _MOMENTS:
            at_ms = getattr(self, name)
            if at_ms is not None:
                setattr(self, name, at_ms + step_ms)

    @property
    def is_failing(self) -> bool:
        return self.problem is not None

    @property
    def refused(self) -> bool:
        return isinstance(self.problem, Refused)


class Standing:
    """The lines of one cluster and the outcomes made of them; any thread may call it."""

    def __init__(
        self,
        source: str,
        emit: Callable[[Visited], None],
        clock: Clock,
        *,
        silence_ms: int,
        patience_ms: int,
        proven_ms: int,
        grace_ms: int,
        steps: ClockSteps,
        known: KnownLines,
    ) -> None:
        self.clock = clock
        self.version = ""
        self._source = source
        self._emit = emit
        self._silence_ms = silence_ms
        self._patience_ms = patience_ms
        self._proven_ms = proven_ms
        self._grace_ms = grace_ms
        self._steps = steps
        self._known = known
        self.lock = threading.Lock()
        self._lines: list[Line] = []
        self._sent: Visited | None = None
        self._refused: dict[str, str] = {}

    def line(self, kind: Kind, scope: str) -> Line:
        """Return a new line, which counts from now on."""
        line = Line(self, kind, scope)
        with self.lock:
            self._lines = [*self._lines, line]
        return line

    def drop(self, line: Line) -> None:
        """Forget a line, and with its last one the refusal of its namespace."""
        with self.lock:
            self._lines = [other for other in self._lines if other is not line]
            self._known.drop(line, self.clock())
            if self._refused and not any(other.scope == line.scope for other in self._lines):
                self._send_scope(line.scope, "")

    def end(self) -> None:
        """Forget all lines: others are about to be made, and what was told of these keeps nobody waiting."""
        for line in self._lines:
            self.drop(line)

    def changed(self, line: Line) -> None:
        """Send what has changed by a failure or a recovery, at once."""
        with self.lock:
            if line in self._lines:
                self._known.look(line, self.clock())
            if line.scope:
                self._look_at_scope(line.scope)
            self._send(at_once=True)

    def listed(self, line: Line, as_of_ms: int) -> None:
        """Take note that a line was listed as it was then."""
        with self.lock:
            if line in self._lines:
                self._known.listed(line, as_of_ms, self.clock())

    def refuse(self, scope: str, message: str, problem: str = NO_ACCESS) -> None:
        """Say of a namespace, or of a glob of them, that it cannot be read; an empty message takes that back."""
        with self.lock:
            self._send_scope(scope, clean(message), problem)

    def broken(self, error: Exception) -> None:
        """Say of the whole source that a fault of ours keeps it from being told."""
        with self.lock:
            self._sent = self._failed(as_problem(error), [], self.clock())
            self._emit(self._sent)

    def tick(self) -> None:
        """Send what is due: news at most every two seconds, a heartbeat while every stream is open.

        A watch that stays open has mended what was wrong, though nothing happens in it.
        """
        now_ms = self.clock()
        mended = False
        with self.lock:  # the thread of a line may tell of a new failure at this very moment
            self._look_at_clock(now_ms)
            self._known.awake(now_ms)
            for line in self._lines:
                self._known.look(line, now_ms)
                if line.problem is not None and now_ms - (line.opened_ms or now_ms) >= self._proven_ms:
                    line.mends(now_ms)
                    mended = True
                    if line.scope:
                        self._look_at_scope(line.scope)
            self._send(at_once=mended)

    def look_at_clock(self) -> None:
        """Where the clock of the system was set, move all moments with it, before others are taken by it."""
        with self.lock:
            self._look_at_clock(self.clock())

    def _look_at_clock(self, now_ms: int) -> None:
        if step_ms := self._steps.step_ms(now_ms):
            self._shift(step_ms)

    def _shift(self, step_ms: int) -> None:
        """Move all moments with the clock of the system, which was set: what was heard is as long ago as before."""
        for line in self._lines:
            line.shift(step_ms)
        self._known.shift(step_ms)
        if self._sent is not None:
            self._sent = replace(self._sent, at_ms=self._sent.at_ms + step_ms)

    def _send(self, at_once: bool) -> None:
        now_ms = self.clock()
        outcome = self._outcome(now_ms)
        if outcome is None:
            return
        sent = self._sent
        if sent is None or outcome.ok != sent.ok or (at_once and _differs(outcome, sent)):
            due = True
        elif outcome.ok and outcome.live:
            news = outcome.at_ms > sent.at_ms and (self._heard_ms() > sent.at_ms or outcome.began_ms > sent.began_ms)
            due = now_ms - sent.at_ms >= (SEND_EVERY_MS if news or _differs(outcome, sent) else HEARTBEAT_MS)
        else:
            due = outcome.at_ms > sent.at_ms and now_ms - sent.at_ms >= SEND_EVERY_MS
        if due:
            self._sent = outcome
            self._emit(outcome)

    def _heard_ms(self) -> int:
        return max((line.heard_ms or 0 for line in self._lines), default=0)

    def _outcome(self, now_ms: int) -> Visited | None:
        """Return how the source stands as a whole; None while answers are awaited, the first or those after a blink."""
        lines = [line for line in self._lines if not (line.refused and line.kind.optional)]
        failing = [line for line in lines if line.problem is not None and not line.refused]
        slow = [line for line in lines if line.asked_ms is not None and now_ms - line.asked_ms > self._patience_ms]
        if failing and not all(line.is_blink(now_ms, self._grace_ms) for line in failing):
            return self._failure(failing, now_ms)
        if slow:
            problem = ApiProblem("Timeout", "no answer yet; a credentials plugin of the kubeconfig may be waiting")
            return self._failed(problem, slow, now_ms)
        if failing:
            return None
        if not any(not line.kind.optional for line in lines):
            return self._nothing_to_see(now_ms)
        if any(line.heard_ms is None and not line.refused for line in lines):
            return None
        readable = [line for line in lines if not line.refused]
        needed = [line for line in lines if not line.kind.optional]
        if needed and all(line.refused for line in needed):
            return self._failed(_no_access(needed), needed, max(line.tried_ms for line in needed))
        known_ms = [self._known_ms(line, now_ms) for line in readable]
        live = all(line.opened_ms for line in readable) and min(known_ms) == now_ms
        polled = _titles(line for line in readable if line.watch_refused)
        return Visited(
            source=self._source,
            ok=True,
            at_ms=min(known_ms),
            message=f"{polled} are polled, not watched; grant watch to see changes at once" if polled else "",
            detail=self._detail(lines),
            took_ms=max(line.took_ms for line in readable),
            live=live,
            heard_ms=min(line.told_ms or 0 for line in readable),
            asked_ms=min(line.request_ms(now_ms, self._proven_ms) for line in readable),
        )

    def _known_ms(self, line: Line, now_ms: int) -> int:
        """Return the moment for which a line's facts are known to hold: now, while an open watch is not silent."""
        heard_ms = line.heard_ms or 0
        return now_ms if line.opened_ms and now_ms - heard_ms <= self._silence_ms else heard_ms

    def _nothing_to_see(self, now_ms: int) -> Visited:
        """Return what it means that the cluster is refused to us and no namespace is left to look at."""
        if self._refused:
            return self._failed(ApiProblem("NoAccess", next(iter(self._refused.values()))), [], now_ms)
        return self._failed(ApiProblem("Empty", "no namespace of the cluster has a name that is asked for"), [], now_ms)

    def _failure(self, failing: list[Line], now_ms: int) -> Visited:
        # the newest failure of all tells best how it stands
        newest = max(failing, key=lambda line: line.tried_ms)
        assert newest.problem is not None
        return self._failed(newest.problem, failing, newest.tried_ms)

    def _failed(self, problem: ApiProblem, lines: list[Line], at_ms: int) -> Visited:
        tries = [line.next_try_ms for line in lines if line.next_try_ms is not None]
        return Visited(
            source=self._source,
            ok=False,
            at_ms=at_ms,
            problem=problem.problem,
            message=clean(
                f"{_titles(lines)}: {problem.message}" if lines and len(lines) < len(self._lines) else problem.message
            ),
            detail=self._detail(self._lines),
            next_try_ms=min(tries, default=None),
        )

    def _detail(self, lines: Iterable[Line]) -> str:
        parts = [self.version] if self.version else []
        if any(line.scope for line in lines):
            parts.append("per namespace")
        return ", ".join(parts)

    def _look_at_scope(self, scope: str) -> None:
        lines = [line for line in self._lines if line.scope == scope and not line.kind.optional]
        refused = [line for line in lines if line.refused]
        if refused or all(line.problem is None for line in lines):  # one that fails otherwise is not known to be ours
            self._send_scope(scope, _no_access(refused).message if refused else "")

    def _send_scope(self, scope: str, message: str, problem: str = NO_ACCESS) -> None:
        if self._refused.get(scope, "") == message:
            return
        if message:
            self._refused[scope] = message
        else:
            del self._refused[scope]
        self._emit(
            Visited(
                source=self._source,
                scope=scope,
                ok=not message,
                at_ms=self.clock(),
                problem=problem if message else "",
                message=message,
            )
        )


def _differs(one: Visited, other: Visited) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in ("ok", "problem", "message", "detail", "live"))


def _titles(lines: Iterable[Line]) -> str:
    return ", ".join(dict.fromkeys(line.kind.title for line in lines))


def _no_access(lines: list[Line]) -> ApiProblem:
    users = [line.problem.user for line in lines if isinstance(line.problem, Refused)]
    user = next(filter(None, users), "")
    scopes = list(dict.fromkeys(line.scope for line in lines))
    where = f"in namespace {scopes[0]}" if len(scopes) == 1 else "in any namespace"
    who = f"{user} may not" if user else "may not"
    command = grant(user, scopes[0] if len(scopes) == 1 else "")
    return ApiProblem("NoAccess", f"{who} list {_titles(lines)} {where}: {command}")
