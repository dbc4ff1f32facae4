"""Alerts beside the rows: the engine and the outbox over the writer, and what may be told of them after a commit."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from statusdesk.alerts.engine import Alerts
from statusdesk.alerts.lifecycle import waits_moved
from statusdesk.alerts.making import make
from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.rules import subject
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS, LEVEL_TRIGGERED, addresses, plain_name
from statusdesk.alerts.telling import AlertEvent, Heard, News
from statusdesk.alerts.touched import the_job
from statusdesk.alerts.tuning import Tuning
from statusdesk.config import Config
from statusdesk.config_alerts import SEVERITIES
from statusdesk.console_requests import Asked
from statusdesk.facts import Visited
from statusdesk.job_names import shown_job
from statusdesk.pipeline.answers import answer
from statusdesk.states import AlertState, BuildState, Collector, Lasting, PlatformState, Transition, source_key
from statusdesk.states_alerts import RESOLVED_FOR_MS, WATCHDOG, MutedThere, Notification, PostedThere
from statusdesk.store.kinds import KINDS
from statusdesk.store.writer import Writer

DYING_MS = 5_000


class Alerting:
    """Steps alerts and outbox with each flush; ``sends`` is False for a collector that tells nobody anything.

    The alerts are taken from the store at the first ``begin``, with the moment that only then is known.
    """

    def __init__(
        self,
        config: Config,
        writer: Writer,
        renamed_to: Callable[[str, str], str],
        *,
        sends: bool,
    ) -> None:
        """``renamed_to`` tells how a job that has gone is called now; empty: it has gone."""
        self._writer = writer
        self._renamed_to = renamed_to
        self._tuning = Tuning(config)
        self._settings = config.alerts
        self._sinks = config.sinks if sends else ()
        self._alertmanagers = {
            plain_name(sink.name): len(addresses(sink)) for sink in config.sinks if sink.type == LEVEL_TRIGGERED
        }
        self._level_triggered = any(sink.type == LEVEL_TRIGGERED for sink in self._sinks)
        self._started_ms = 0
        self._down_ms = 0  # for how long nobody has looked before the start, or before it woke
        self._unread: frozenset[str] = frozenset()
        self._early_ms = 0  # by how much the clock was set between the last sign of life and ``begin``
        self._at = (0, 0)
        self._engine: Alerts | None = None
        self._outbox: Outbox | None = None
        self._events: list[AlertEvent] = []
        self._queued: dict[int, Notification] = {}
        self._dropped: dict[int, None] = {}
        self._stands_otherwise = True
        self._settled = False  # outcomes were taken: who sends waits for what becomes of their groups

    @property
    def engine(self) -> Alerts:
        """The alerts; ``begin`` was called before."""
        assert self._engine is not None
        return self._engine

    def begin(self, t: int, now_ms: int) -> None:
        """Note the moment of a flush, before anything is put."""
        self._at = (t, now_ms)
        if self._engine is not None:
            return
        rows = self._writer.alert_rows
        beat = rows.last_beat
        early_ms = self._early_ms
        self._down_ms = max(0, now_ms - early_ms - beat.beat_ms) if beat is not None else 0
        alive: list[Lasting] = [row for kind in KINDS for row in self._writer.current(kind.row).values()]
        within_ms = round(self._settings.flapping.within_s * 1000)
        self._started_ms = now_ms
        unresolved = [replace(alert, change=0) for alert in rows.unresolved()]  # as what waits to be told has it
        engine = Alerts(
            self._tuning,
            unresolved,
            alive,
            rows.silences(),
            [(each, at_ms + early_ms) for each, at_ms in rows.firings(now_ms - early_ms - within_ms)],
            rows.starts(),
            t=t,
            now_ms=now_ms,
            down_ms=self._down_ms,
            set_ms=early_ms,
        )
        told = {sink.name for sink in self._sinks if sink.type == LEVEL_TRIGGERED}
        for muted in rows.muted():
            if muted.sink not in told:  # nobody reads it any more
                rows.put_muted(MutedThere(sink=muted.sink))
        self._forget_posts()
        if self._sinks:
            self._outbox = self._open(unresolved)
        self._engine = engine  # only now: where the store cannot be read, all of it is tried again

    def _forget_posts(self) -> None:
        """Forget what was taken where the settings name no Alertmanager any more."""
        rows = self._writer.alert_rows
        for each in rows.posts():
            if each.peer and each.number >= self._alertmanagers.get(each.sink, 0):
                rows.put_posted(PostedThere(sink=each.sink, number=each.number, peer=""))

    def _open(self, unresolved: Iterable[AlertState]) -> Outbox:
        rows = self._writer.alert_rows
        queued, last = rows.queued(), rows.last_of_groups()
        # an incident that one which was given up has opened all the same is closed in the end
        keep = [sink.name for sink in self._sinks if sink.type == KEEPS_INCIDENTS]
        last = sorted([*last, *(each for name in keep for each in rows.given_up(name))], key=lambda each: each.id)
        told = {(alert.fingerprint, alert.started_ms) for each in (*queued, *last) for alert in each.alerts}
        unsent = {each.id for each in queued if _has_not_left(each, _end_ms(rows.last_beat))}
        self._queued.update((each.id, each) for each in queued if each.id not in unsent)
        return Outbox(
            self._settings,
            self._sinks,
            self._tuning,
            active=[alert for alert in unresolved if alert.state == "firing"],
            queued=queued,
            last_of_groups=last,
            ended=rows.ended(told),
            last_id=rows.last_id(),
            unsent=unsent,
            now_ms=self._at[1],
        )

    def slept(self, down_ms: int, t: int, now_ms: int) -> None:
        """Take note that nobody has looked for so long: who is told of what was known then is told as after a start."""
        if self._engine is None:
            return  # it begins with what is known of the time before
        self._down_ms = max(down_ms, self._down_ms if self._engine.unread.fingerprints else 0)
        self._engine.slept(down_ms, t, now_ms)
        self._stands_otherwise = True
        if self._outbox is not None:
            # what has left meanwhile, or is being sent, is told as an outcome
            waiting = [each.id for each in self._outbox.unsent]
            self._outbox.withhold(waiting)
            for number in waiting:
                self._queued.pop(number, None)
                self._dropped[number] = None

    def restamp(self, step_ms: int) -> None:
        """Take note that the clock was set, and what rows tell of moved with it."""
        if self._engine is not None:
            self._engine.restamp(step_ms)
            return
        self._early_ms += step_ms
        self._writer.put_alerts([waits_moved(alert, step_ms) for alert in self._writer.firing()])

    def visited(self, visited: Visited) -> None:
        """Take how a source as a whole answered, or a part of it."""
        about = source_key(visited.source, visited.scope)
        if visited.ok:
            self.engine.answered(about, self._at[0])
        else:
            self.engine.failed(about, visited.at_ms)

    def settle(self, told: Iterable[Heard]) -> None:
        """Take what has become of messages, and what is muted, or was taken, elsewhere."""
        outcomes = []
        for each in told:
            if isinstance(each, MutedThere):
                self._writer.alert_rows.put_muted(each)
            elif isinstance(each, PostedThere):
                self._writer.alert_rows.put_posted(each)
            else:
                outcomes.append(each)
        if self._outbox is not None:
            self._settled = self._settled or bool(outcomes)
            # who sends them knows already what is tried again
            self._put(self._outbox.hear(outcomes), tell=False)

    def answer(self, asked: Asked, now_ms: int) -> None:
        """Do what somebody asks for; it is written with the next flush.

        Raises: Refused.
        """
        answer(asked, self.engine, self._writer.alert_rows, now_ms)

    def step(self, transitions: Iterable[Transition], retold: Iterable[Lasting]) -> None:
        """Put the alerts and messages that follow; commit is the caller's."""
        t, now_ms = self._at
        transitions = tuple(transitions)
        self._follow_jobs(each.after for each in transitions)
        changed = self.engine.step(transitions, t, now_ms, retold)
        self._events += self.engine.take_events()
        unread = self.engine.unread.fingerprints
        if changed or unread != self._unread:
            self._stands_otherwise, self._unread = True, unread
        if changed:
            self._writer.put_alerts(changed)
        handed_on = self.engine.leaving.take_handed_on()
        if self._outbox is not None:
            self._put(self._outbox.step(changed, now_ms, self.engine.unread.held, handed_on))

    def _follow_jobs(self, rows: Iterable[Lasting]) -> None:
        """Tell the alerts of jobs that were renamed what they are about now."""
        for row in rows:
            if not isinstance(row, BuildState | PlatformState) or row.until_ms is None:
                continue
            if name := self._renamed_to(row.source, row.job):
                whole = f"{row.source}/"
                other = replace(row, key=f"{whole}{name}{row.key.removeprefix(whole + row.job)}")
                self.engine.renamed(subject(row), subject(other), f"{the_job(row.job)} is called {shown_job(name)} now")

    def _put(self, notifications: list[Notification], *, tell: bool = True) -> None:
        if not notifications:
            return
        self._writer.alert_rows.put_notifications(notifications)
        for each in notifications:
            if each.state == "queued":
                if tell:
                    self._queued[each.id] = each
                    self._dropped.pop(each.id, None)
            else:
                self._queued.pop(each.id, None)
                if each.state == "dropped":
                    self._dropped[each.id] = None

    def next_due_ms(self) -> int | None:
        """Return the moment at which a flush is due for the alerts."""
        if self._engine is None:
            return None
        due = self._engine.next_due
        t, now_ms = self._at
        return None if due is None else now_ms + max(0, due - t)

    def take_events(self) -> list[AlertEvent]:
        """Return what has happened to alerts; called after a commit."""
        events, self._events = self._events, []
        return events

    def take_news(self) -> News | None:
        """Return what is new for who sends messages, None when nothing is; called after a commit."""
        if not self._sinks or not (self._queued or self._dropped or self._stands_otherwise or self._settled):
            return None
        self._settled = False
        queued, self._queued = tuple(each for _, each in sorted(self._queued.items())), {}
        dropped, self._dropped = tuple(self._dropped), {}
        standing = self._standing() if self._stands_otherwise and self._level_triggered else None
        self._stands_otherwise = False
        return News(queued, dropped, standing, self._unread, self._down_ms)

    def _standing(self) -> tuple[AlertState, ...]:
        now_ms = self._at[1]
        found = [alert for alert in self._writer.alert_rows.recent() if _is_told(alert, now_ms)]
        watchdog = make(self._tuning, WATCHDOG, summary="statusdesk watches and can be heard", stage="")
        if watchdog is not None:
            found.append(_firing(watchdog, self._started_ms))
        return tuple(found)


def _has_not_left(waiting: Notification, end_ms: int | None) -> bool:
    """Whether a message that waits was due only after somebody could send it last."""
    return not waiting.attempts and end_ms is not None and waiting.due_ms > end_ms


def _end_ms(beat: Collector | None) -> int | None:
    """Return when an earlier process ended; one that was killed may have sent something after its last sign of life."""
    if beat is None:
        return None
    return beat.stopped_ms if beat.stopped_ms is not None else beat.beat_ms + DYING_MS


def _is_told(alert: AlertState, now_ms: int) -> bool:
    if alert.state == "resolved":
        resolved_ms = alert.resolved_ms or 0
        return alert.fired_ms is not None and now_ms - resolved_ms < RESOLVED_FOR_MS
    # an Alertmanager tells nobody that an alert hits more than before: what is critical it hears itself
    kept_back = alert.kept_back and not alert.still_told_to and alert.severity != SEVERITIES[-1]
    return alert.state == "firing" and not kept_back


def _firing(alert: AlertState, since_ms: int) -> AlertState:
    return replace(alert, state="firing", started_ms=since_ms, fired_ms=since_ms)
