"""The alerts of one collector: claims by row, lives by fingerprint, and what each flush makes of them."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from statusdesk.alerts.claims import Claims
from statusdesk.alerts.inhibition import told_again_ms, weighed
from statusdesk.alerts.jobs import JobApps
from statusdesk.alerts.leaving import Leaving, taken_as
from statusdesk.alerts.lifecycle import Life, Step, advance, ended_unseen, released, restored, seen_again, waits_moved
from statusdesk.alerts.making import read_from
from statusdesk.alerts.mutes import Mutes
from statusdesk.alerts.past import Past
from statusdesk.alerts.rules import deserved, of_unread, subject
from statusdesk.alerts.sources import Sources
from statusdesk.alerts.telling import AlertEvent
from statusdesk.alerts.tuning import Tuning
from statusdesk.alerts.unread import Unread, patience_ms, woken
from statusdesk.alerts.versions import Versions
from statusdesk.judge.rollout_counts import blames_version
from statusdesk.states import AlertState, BuildState, Lasting, Level, RolloutState, SourceState, TokenState, Transition
from statusdesk.states_alerts import Silence

TOLERANCE_MS = 3_600_000
"""When nobody has looked for longer, waits begin anew (Prometheus: ``--rules.alert.for-outage-tolerance``)."""

_BEGINS = ("pending", "firing", "flapping")


class Alerts:
    """What is bad, since when, and what becomes of it.

    ``firings``: when which fingerprint has fired lately, ``starts``: when each that is stored has begun last.
    ``answered`` and ``failed`` are told of visits, ``step`` of each batch of transitions; ``t`` is a time in
    milliseconds that runs evenly, ``now_ms`` what the clock says. ``down_ms``: for how long nobody looked before this
    process; ``set_ms``: by how much the clock was set since then, with which ``stored`` and ``rows`` have moved.
    """

    def __init__(
        self,
        tuning: Tuning,
        stored: Iterable[AlertState],
        rows: Iterable[Lasting],
        silences: Iterable[Silence] = (),
        firings: Iterable[tuple[str, int]] = (),
        starts: Iterable[tuple[str, int]] = (),
        *,
        t: int,
        now_ms: int,
        down_ms: int = 0,
        set_ms: int = 0,
    ) -> None:
        self._tuning = tuning
        self._sources = Sources(tuning.sources)
        self._versions = Versions(tuning)
        self._jobs = JobApps(
            tuning.apps, self._versions, lambda row: self._sources.frozen(read_from(row), seen_now=False)
        )
        self._moved: set[str] = set()  # namespaces of which rollouts were taken, or can be read, or not, as before
        self._claims = Claims()
        self._apps: dict[str, None] = {}  # of which rows were taken, and not yet what they claim as a whole
        within_ms = round(tuning.flapping.within_s * 1000)
        self._past = Past(firings, starts, within_ms, tuning.keep_ms, t=t, now_ms=now_ms)
        self._changed: dict[str, AlertState] = {}
        self._events: list[AlertEvent] = []
        self.mutes = Mutes(silences)
        self._lives = {
            alert.fingerprint: restored(alert, down_ms, TOLERANCE_MS, t, now_ms, set_ms)
            for alert in stored
            if alert.state != "resolved"
        }
        self._again = {*self._lives}
        self._weigh_due = self._told_again(t, now_ms)
        self.leaving = Leaving(tuning, self._lives)
        until = t + patience_ms(tuning)
        self.unread = Unread(self._lives.values(), self._sources, seen_ms=now_ms - down_ms, until=until)
        self._take_up(rows)

    def _take_up(self, rows: Iterable[Lasting]) -> None:
        """Take what stands, beside the alerts that it had."""
        by_subject: dict[str, list[AlertState]] = {}
        for life in self._lives.values():
            by_subject.setdefault(life.alert.subject, []).append(life.alert)
        for row in sorted(rows, key=lambda each: isinstance(each, SourceState)):  # these last: what runs there is known
            if row.until_ms is None:
                self._again.update(self._take(row, by_subject.get(subject(row), ())))
        self._again.update(self._take_apps())

    def active(self) -> list[AlertState]:
        """Return what is pending or firing, but for what is pending quietly."""
        return [life.alert for life in self._lives.values() if not self._is_quiet(life)]

    def find(self, fingerprint: str) -> AlertState | None:
        """Return a firing or pending alert."""
        life = self._lives.get(fingerprint)
        return None if life is None or self._is_quiet(life) else life.alert

    def restamp(self, step_ms: int) -> None:
        """Take note that the clock was set: what is claimed of a row from now on has moved with it."""
        self.unread.seen_ms += step_ms
        self.leaving.restamp(step_ms)
        for fingerprint, life in list(self._lives.items()):
            alert = waits_moved(life.alert, step_ms)
            life = replace(life, claimed_ms=life.claimed_ms + step_ms)
            if alert is life.alert:
                self._lives[fingerprint] = life
            else:
                self._put(replace(life, alert=alert))

    def slept(self, down_ms: int, t: int, now_ms: int) -> None:
        """Take note that nobody has looked for ``down_ms``: what is known must be read once more, as after a start."""
        seen_ms = now_ms - down_ms
        if self.unread.fingerprints:  # since an earlier time
            seen_ms = min(seen_ms, self.unread.seen_ms)
        self._sources.slept()
        for each, life in self._lives.items():
            # how long a rollout takes is measured from its own beginning
            tolerance_ms = down_ms if self._is_quiet(life) else TOLERANCE_MS
            self._lives[each] = woken(life, down_ms, tolerance_ms, t, now_ms)
        self._again.update(self._lives)
        self.unread = Unread(self._lives.values(), self._sources, seen_ms=seen_ms, until=t + patience_ms(self._tuning))

    def failed(self, source: str, at_ms: int) -> None:
        """Note that a source as a whole did not answer, or that a part of it cannot be read."""
        if self._sources.failed(source):
            self._moved |= self._jobs.namespaces
            for fingerprint in sorted(self._hanging_on((source,)) & self._lives.keys()):
                life = self._lives[fingerprint]
                if life.alert.stale_since_ms is None:
                    unread = life.alert.fingerprint in self.unread.fingerprints
                    self._put(_changed(life, stale_since_ms=self.unread.seen_ms if unread else at_ms))
        self._observe(lambda alert: alert.source == source and not alert.hangs_on)

    def answered(self, source: str, t: int) -> None:
        """Note that a source as a whole answered, or that a part of it can be read again.

        What its other parts were told to be, they are still.
        """
        if self._sources.answered(source, t):
            self._moved |= self._jobs.namespaces
            self._again.update(self._hanging_on((source,)))
        self._observe(lambda alert: source in alert.hangs_on)

    def renamed(self, about: str, other: str, words: str) -> None:
        """Note that what a row was about is what another one is about now; both by their subject."""
        self.leaving.renamed(self._claims.by.get(about, ()), other, words)

    def _observe(self, concerns: Callable[[AlertState], bool]) -> None:
        for fingerprint, life in list(self._lives.items()):
            if life.alert.state == "pending" and fingerprint in self._claims.of and concerns(life.alert):
                self._lives[fingerprint] = seen_again(life)
                self._again.add(fingerprint)

    def step(
        self, transitions: Iterable[Transition], t: int, now_ms: int, retold: Iterable[Lasting] = ()
    ) -> list[AlertState]:
        """Return the alerts to write after these transitions: new, changed and resolved ones, in order.

        ``retold``: rows that explain themselves otherwise than before, at the level that they had.
        """
        seen: set[str] = set()
        for transition in transitions:
            seen.update(self._take(transition.after))
        seen.update(self._take_apps())
        for row in retold:
            renamed = isinstance(row, RolloutState) and self._versions.is_renamed(row)
            if renamed or getattr(row, "level", None) is Level.FAILING or subject(row) in self._claims.by:
                self._again.update(self._take(row))
        self._again.update(self._take_apps())
        settled = self._sources.settled(t)
        if settled:
            self._moved |= self._jobs.namespaces
        self._name_jobs()
        again, self._again = self._again, set()
        again.update(self._hanging_on(settled))
        again.update(fingerprint for fingerprint, life in self._lives.items() if life.due is not None and t >= life.due)
        for fingerprint in sorted(seen):
            self._evaluate(fingerprint, t, now_ms, seen_now=True)
        for fingerprint in sorted(again - seen):
            self._evaluate(fingerprint, t, now_ms, seen_now=False)
        self._end_leaving(t, now_ms)
        self._learn_unread(t)
        if self.mutes.due(now_ms):
            self._remute(now_ms)
        if self._changed or (self._weigh_due is not None and t >= self._weigh_due):
            self._inhibit(t, now_ms)
        written, self._changed = list(self._changed.values()), {}
        return written

    def take_events(self) -> list[AlertEvent]:
        """Return what has happened since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def next_due(self) -> int | None:
        """The ``t`` at which ``step`` is due though nothing has changed."""
        dues = [life.due for life in self._lives.values() if life.due is not None]
        others = (self._sources.next_due, self.unread.due, self.leaving.next_due, self._weigh_due)
        return min([*dues, *(due for due in others if due is not None)], default=None)

    def acknowledge(
        self, fingerprint: str, by: str, comment: str, until_ms: int | None, now_ms: int
    ) -> AlertState | None:
        """Let somebody take an alert (nobody: an empty ``by``); return it, None when there is none."""
        life = self._lives.get(fingerprint)
        if life is None or self._is_quiet(life):
            return None
        alert = released(life.alert)
        if by:
            alert = replace(alert, acked_by=by, acked_ms=now_ms, ack_comment=comment, ack_until_ms=until_ms)
        self._put(replace(life, alert=alert))
        self._events.append(AlertEvent("acked" if by else "unacked", alert))
        return alert

    def _take(self, row: Lasting, known: Sequence[AlertState] = ()) -> set[str]:
        """Take what a row claims; return the fingerprints that must be looked at.

        ``known``: the alerts that the store has of it, which hold if nothing can be told of it now.
        """
        touched: set[str] = set()
        if isinstance(row, BuildState):
            self._jobs.see(subject(row), row, known)
        self.leaving.see(row)
        claims = deserved(row, self._tuning)
        if claims and isinstance(row, SourceState):
            told = [replace(each, unseen=self._versions.unseen(each.cluster, each.namespace)) for each in claims]
            # a namespace of which nothing was ever read was never seen: no more is lost than there was
            claims = [each for each in told if each.unseen or not each.namespace]
        if claims is None and known:
            claims = [replace(alert, state="inactive") for alert in known]
        if isinstance(row, TokenState) and row.is_unread and row.until_ms is None:
            claims = of_unread(row, self._tuning, self._claims.claimed(subject(row)) if claims is None else claims)
        if claims is not None:
            touched = self._claim(subject(row), claims)
        if isinstance(row, RolloutState):
            self._moved.add(row.namespace)
            failed = bool(known) and any(blames_version(alert.reason) for alert in known)
            for app in self._versions.see(row, failed=failed):
                self._apps[app] = None
        return touched

    def _take_apps(self) -> set[str]:
        """Take what apps as a whole claim, of which rows were taken: once for all that came together."""
        touched: set[str] = set()
        for app in self._apps:
            before = self._claims.by.get(f"App:{app}", ())
            touched |= self._claim(f"App:{app}", self._versions.deserved(app))
            if other := self._versions.take_renamed(app):
                left = set(before).difference(self._claims.by.get(f"App:{app}", ()))
                self.leaving.renamed(left, f"App:{other}", f"what fails of {app} belongs to {other} now")
        self._apps.clear()
        return touched

    def _claim(self, about: str, claims: list[AlertState]) -> set[str]:
        # what a source showed that is not configured any more is no claim
        kept = [self._jobs.named(claim) for claim in claims if self._sources.has(claim.hangs_on)]
        touched = self._claims.put(about, kept)
        self.leaving.stay(self._claims.by.get(about, ()))
        return touched

    def _name_jobs(self) -> None:
        """Say anew of failed builds which app they are for, and what they did, where either may be another."""
        moved, self._moved = self._moved, set()
        for about in list(self._claims.by) if self._jobs.learn() else self._jobs.failed_for(moved) if moved else ():
            for fingerprint in self._claims.by.get(about, ()):
                claims = self._claims.of[fingerprint]
                named = self._jobs.named(claims[about])
                if named is not claims[about]:
                    claims[about] = named
                    self._again.add(fingerprint)

    def _evaluate(self, fingerprint: str, t: int, now_ms: int, *, seen_now: bool) -> None:
        life, claim = self._lives.get(fingerprint), self._claims.first(fingerprint)
        known = claim or (life.alert if life is not None else None)
        if known is None:
            return
        if self._sources.frozen(known.hangs_on, seen_now=seen_now):
            if life is not None and life.due is not None and t >= life.due:
                self._lives[fingerprint] = replace(life, due=None)  # looked at when its source can be relied on
            return
        if life is not None and life.alert.stale_since_ms is not None:
            life = _changed(life, stale_since_ms=None)
            self._put(life)
        if life is not None and claim is None and life.alert.state == "firing" and self._leaves(life.alert, t, now_ms):
            return
        rule = self._tuning.of(known.alertname, known.stage)
        if rule is None:
            if life is not None:
                self._end(life, now_ms)
            return
        if life is None and claim is not None:
            claim = self._past.distinct(claim, now_ms)
        firings = self._past.firings(fingerprint)
        step = advance(life, claim, rule, self._tuning.flapping, firings, t, now_ms)
        self._apply(fingerprint, step, t, now_ms)
        if step.life is None and claim is not None:
            self._again.add(fingerprint)  # one is over, and the next begins with the next step: each has its row

    def _apply(self, fingerprint: str, step: Step, t: int, now_ms: int) -> None:
        before = self._lives.get(fingerprint)
        row = step.row
        if row is not None and (before is None or step.what in ("firing", "flapping")):
            silenced_by = self.mutes.silenced_by(row, now_ms)
            if silenced_by != row.silenced_by:  # a copy costs more than the look
                row = replace(row, silenced_by=silenced_by)
        if step.life is None:
            self._lives.pop(fingerprint, None)
        else:
            same = row is None or row is step.life.alert
            self._lives[fingerprint] = step.life if same else replace(step.life, alert=row)
        if row is not None:
            self._changed[fingerprint] = row
            self._past.began(row)
        if step.what and row is not None:
            self._events.append(AlertEvent(step.what, row))
        if step.what in ("firing", "flapping"):
            self._past.fired(fingerprint, self._lives.keys(), t, now_ms)

    def _learn_unread(self, t: int) -> None:
        """Say of what nobody could read in time when it was seen, and no more of what has been read."""
        for fingerprint in self.unread.read(self._lives, self.leaving.waiting):
            life = self._lives.get(fingerprint)
            if life is not None and life.alert.stale_since_ms is not None:
                self._put(_changed(life, stale_since_ms=None))
        for fingerprint in self.unread.overdue(t):
            alert = self._lives[fingerprint].alert
            if alert.stale_since_ms is None and self._sources.unread(alert):
                self._put(_changed(self._lives[fingerprint], stale_since_ms=self.unread.seen_ms))

    def _leaves(self, alert: AlertState, t: int, now_ms: int) -> bool:
        return self.leaving.takes(alert, self._claims.by, self._claims.of, self._lives, t, now_ms)

    def _end_leaving(self, t: int, now_ms: int) -> None:
        """End what leaves, each with the reason; who has taken it has taken what it goes on as."""
        for fingerprint, ended_by, heir in self.leaving.ends(self._lives, self._claims.of.keys(), t):
            if not ended_by:
                self._again.add(fingerprint)  # it does not leave any more
                continue
            ended = self._lives[fingerprint].alert
            self._end(self._lives[fingerprint], now_ms, ended_by)
            if heir:
                self._put(replace(self._lives[heir], alert=taken_as(self._lives[heir].alert, ended)))

    def _end(self, life: Life, now_ms: int, ended_by: str = "") -> None:
        """End an alert that the settings do not have any more."""
        ended = ended_unseen(life.alert, ended_by, now_ms)
        told = life.alert.state == "firing"
        self._apply(life.alert.fingerprint, Step(None, ended, "resolved" if told else ""), 0, now_ms)

    def _put(self, life: Life) -> None:
        self._lives[life.alert.fingerprint] = life
        if not self._is_quiet(life):
            self._changed[life.alert.fingerprint] = life.alert

    def _remute(self, now_ms: int) -> None:
        for life in list(self._lives.values()):
            alert = life.alert
            silenced_by = self.mutes.silenced_by(alert, now_ms)
            if silenced_by != alert.silenced_by:
                life = _changed(life, silenced_by=silenced_by)
                self._put(life)
            if alert.ack_until_ms is not None and alert.ack_until_ms <= now_ms:
                self.acknowledge(alert.fingerprint, "", "", None, now_ms)

    def _inhibit(self, t: int, now_ms: int) -> None:
        """Mute an alert while another says more about the same, or is its cause; what is told of it now says so."""
        for alert in weighed([life.alert for life in self._lives.values()], self._tuning, now_ms):
            self._put(replace(self._lives[alert.fingerprint], alert=alert))
        now = {life.alert.fingerprint: life.alert for life in self._lives.values()}
        self._events = [
            AlertEvent(each.what, now.get(each.alert.fingerprint, each.alert)) if each.what in _BEGINS else each
            for each in self._events
        ]
        self._weigh_due = self._told_again(t, now_ms)

    def _told_again(self, t: int, now_ms: int) -> int | None:
        at_ms = told_again_ms(life.alert for life in self._lives.values())
        return None if at_ms is None else t + at_ms - now_ms

    def _is_quiet(self, life: Life) -> bool:
        if life.alert.state != "pending":
            return False
        rule = self._tuning.of(life.alert.alertname, life.alert.stage)
        return rule is not None and rule.quiet

    def _hanging_on(self, sources: Iterable[str]) -> set[str]:
        wanted = set(sources)
        if not wanted:
            return set()
        lives = {fingerprint for fingerprint, life in self._lives.items() if not wanted.isdisjoint(life.alert.hangs_on)}
        return lives | self._claims.hanging_on(wanted)


def _changed(life: Life, **fields: object) -> Life:
    return replace(life, alert=replace(life.alert, **fields))
