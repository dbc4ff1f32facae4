"""The desk: every message in, judged rows and alerts out, one commit per batch."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from msgspec.structs import replace

from statusdesk.alerts.telling import AlertEvent, Heard, News
from statusdesk.clock import ClockSteps
from statusdesk.config import Config
from statusdesk.console_requests import Asked, LookUpBuild
from statusdesk.facts import (
    Build,
    BuildDetails,
    Changed,
    Event,
    Executors,
    Job,
    KnownUntil,
    LogTail,
    Message,
    Pod,
    QueueItem,
    Revision,
    Swept,
    Token,
    VaultHealth,
    Visited,
    Workload,
)
from statusdesk.judge.sources import judge_source
from statusdesk.pipeline.alerting import Alerting
from statusdesk.pipeline.answers import Refused
from statusdesk.pipeline.builds import AskBuild, Builds
from statusdesk.pipeline.causes import Causes
from statusdesk.pipeline.clock_steps import LASTING, Steps, is_ahead, moved, seen_until, unstamped
from statusdesk.pipeline.environments import Environments, act_of
from statusdesk.pipeline.inquiries import Ask
from statusdesk.pipeline.joins import Joins
from statusdesk.pipeline.platform import Platform
from statusdesk.pipeline.rollouts import Rollouts
from statusdesk.pipeline.tokens import VAULT, Tokens
from statusdesk.pipeline.unconfigured import Unconfigured
from statusdesk.source_names import JENKINS, KUBERNETES
from statusdesk.states import (
    Lasting,
    Level,
    RolloutState,
    SourceState,
    source_key,
)
from statusdesk.store.writer import Transition, Writer

_KUBERNETES = (Workload, Pod)
_LOOKED_UP = (Event, Revision, LogTail)
_VAULT = (Token, VaultHealth)
_JENKINS = (Job, Build, BuildDetails, QueueItem, Executors)
ORDERS_KEPT = 10_000
LOOK_AT_SCOPES_MS = 3_600_000
SCOPE_KEPT_MS = 86_400_000
EXACT_MS = 10
"""When a visit began is told in whole milliseconds, by two clocks."""


class Desk:
    """Routes messages to what keeps their facts, judges what changed and commits it with its alerts.

    ``ask`` is told what is to be looked up; the answers come as messages. ``steady`` is a clock in milliseconds that
    nobody sets (without one the moments of ``flush`` are taken to be even); ``steps`` tells when that of the system
    was set, also between an earlier process and this one. ``sends``: whether messages are queued.
    """

    def __init__(
        self,
        config: Config,
        writer: Writer,
        ask: Ask = lambda wanted: None,
        ask_build: AskBuild = lambda wanted: None,
        *,
        steady: Callable[[], int] | None = None,
        steps: ClockSteps | None = None,
        sends: bool = False,
    ) -> None:
        self._writer = writer
        acts, sources = partial(act_of, config), config.source_names()
        self._builds = Builds(writer, ask_build, partial(_is_of_a_stage, config), acts, sources)
        tokens = config.vault.tokens if config.vault is not None else ()
        self._platform = Platform(writer, self._builds, config.jenkins, tokens)
        self._environments = Environments(writer, self._builds, config)
        self._joins = Joins(writer, self._builds, config.apps)
        self._causes = Causes(writer, lambda row: self._rollouts.seen(row))
        self._rollouts = Rollouts(writer, config.thresholds_of, self._told_of, ask)
        self._tokens = Tokens(writer, config.vault, self._builds, config.namespaces)
        self._alerting = Alerting(config, writer, self._builds.events.renamed_to, sends=sends)
        self._steady = steady
        self._steps = steps
        if steps is not None:
            before = writer.alert_rows.last_beat
            steps.go_on(writer.anchor_row.anchor, before.beat_ms if before is not None else 0)
        self._stepped = Steps()
        self._begun = False
        self._visits: list[Visited] = []
        self._read_from_ms = 0  # what was asked of a source before says nothing of now: we have slept since
        self._looked_ms = 0  # when parts of sources that nobody speaks of were looked for
        self._moved: list[Transition] = []  # what a flush that failed has come to, for the next one
        self._retold: dict[tuple[type[Lasting], str], None] = {}  # likewise, without a transition
        self._tokens_moved: set[str] = set()
        self._told: list[Transition] = []  # what waits for a commit to be told of
        self._orders: OrderedDict[tuple[str, type, str, str], int] = OrderedDict()  # those swept last at the end
        self.visited: set[str] = set()
        self._inherited_parts = _inherited_parts(writer)
        self._unconfigured = Unconfigured(config, writer)

    @property
    def next_due_ms(self) -> int | None:
        """The moment at which a flush is due though no message came."""
        parts = (self._rollouts, self._tokens)
        dues = [*(part.next_due_ms for part in parts), self._alerting.next_due_ms()]
        return min((due for due in dues if due is not None), default=None)

    def take(self, message: Message, now_ms: int | None = None) -> None:
        """Take one message; nothing is judged or written before ``flush``.

        ``now_ms``: what the clock says, so that it is seen whether it was set while the message was on its way.
        """
        if now_ms is not None:
            self.look_at_clock(now_ms)
            message = self._stepped.told_now(message, now_ms)
        if isinstance(message, Changed):
            if message.kind in _KUBERNETES:
                self._rollouts.change(message)
            elif message.kind in _LOOKED_UP:
                self._rollouts.answer(message)
                self._causes.hear(message)
            elif message.kind in _JENKINS:
                self._builds.change(message)
                self._hear_jenkins()
                self._tokens.jobs_changed()
        elif isinstance(message, Swept):
            if self._is_newer(message):
                self._sweep(message)
        elif isinstance(message, KnownUntil):
            self._rollouts.known(message)
        else:
            self._visits.append(message)
            self._rollouts.visited(message)
            self._tokens.visited(message)
            if not message.scope:
                self.visited.add(message.source)
                if message.source == JENKINS:
                    self._builds.visited(message)
                    if message.ok:
                        self._platform.heard()
                        self._environments.answered()

    def _told_of(self, state: RolloutState, is_new: bool) -> RolloutState:
        """Return a judged rollout with what else is known of it: the build that did it, and its cause."""
        return self._causes.again(self._joins.join(state, is_new=is_new))

    def _is_newer(self, swept: Swept) -> bool:
        what = (swept.source, swept.kind, swept.subkind, swept.scope)
        if not swept.order:
            return True  # one after the other: none can be late
        if swept.order < self._orders.get(what, 0):
            return False
        self._orders[what] = swept.order
        self._orders.move_to_end(what)
        if len(self._orders) > ORDERS_KEPT:  # of scopes that are not there any more
            self._orders.popitem(last=False)
        return True

    def _hear_jenkins(self) -> None:
        self._platform.heard()
        self._environments.heard()

    def _sweep(self, swept: Swept) -> None:
        if swept.kind in _KUBERNETES:
            self._rollouts.sweep(swept)
        elif swept.kind in _LOOKED_UP:
            self._rollouts.answer(swept)
        elif swept.kind in _JENKINS:
            self._builds.sweep(swept)
            self._hear_jenkins()
            self._tokens.jobs_changed()
        else:
            assert swept.kind in _VAULT
            self._tokens.sweep(swept)

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge what changed, put rows and alerts, commit; return the changes of level, reason, version or revision.

        Raises: StoreError when a question or the commit failed; nothing is lost, the next flush tries again.
        """
        self.look_at_clock(now_ms)
        self._alerting.begin(self._even(now_ms), now_ms)
        made = self._moved
        self._begin(now_ms)
        made += self._flush_sources(now_ms)
        made += self._rollouts.flush(now_ms)
        self._rollouts.inquire(now_ms)
        made += self._environments.flush(now_ms)
        made += self._builds.flush(now_ms)
        made += self._platform.flush(now_ms)
        self._joins.gone(made)
        made += self._joins.flush(now_ms)
        made += self._tokens.flush(now_ms)
        self._tokens_moved |= self._tokens.take_changed()
        made += self._causes.flush(made, self._tokens_moved, now_ms)
        self._alerting.step(made, self._take_retold())
        self._told += made
        self._moved, self._retold, self._tokens_moved = [], {}, set()
        self._writer.commit()
        told, self._told = self._told, []
        return told

    def _take_retold(self) -> list[Lasting]:
        """Return, as they are now, the rows that were told otherwise since a flush went well."""
        self._retold |= {(type(row), row.key): None for row in self._writer.take_retold()}
        rows = (self._writer.current(kind).get(key) for kind, key in self._retold)
        return [row for row in rows if row is not None]

    def take_events(self) -> list[AlertEvent]:
        """Return what has happened to alerts and is committed."""
        return self._alerting.take_events()

    def take_news(self) -> News | None:
        """Return what who sends messages must know, all of it committed; None when nothing is new."""
        return self._alerting.take_news()

    def settle(self, outcomes: Iterable[Heard]) -> None:
        """Take what has become of messages; it is written with the next flush."""
        self._alerting.settle(outcomes)

    def slept(self, down_ms: int, now_ms: int) -> None:
        """Take note that this process stood still for so long: nobody knows that what was known is so any more."""
        self.look_at_clock(now_ms)
        self._read_from_ms = now_ms - EXACT_MS
        rows = [row for row in self._writer.current(SourceState).values() if row.until_ms is None and not row.scope]
        self._writer.put([seen_until(row, now_ms - down_ms) for row in rows], now_ms)
        self._alerting.slept(down_ms, self._even(now_ms), now_ms)

    def _even(self, now_ms: int) -> int:
        return now_ms if self._steady is None else self._steady()

    def answer(self, asked: Asked, now_ms: int) -> None:
        """Do what somebody asks for; it is written with the next flush.

        Raises: Refused when it cannot be.
        """
        request = asked.request
        if not isinstance(request, LookUpBuild):
            self._alerting.answer(asked, now_ms)
        elif not self._builds.look_up(request.source, request.job, request.number):
            raise Refused("the store does not know this build")

    def _begin(self, now_ms: int) -> None:
        """Forget answers from the future: before this process began, the clock was set back."""
        if not self._begun:
            self._begun = True
            known = [state for state in self._writer.current(SourceState).values() if state.until_ms is None]
            self._writer.put([unstamped(state) for state in known if is_ahead(state, now_ms)], now_ms)

    def look_at_clock(self, now_ms: int) -> None:
        """Where the clock was set, move with it what is known: its ages are those of before."""
        if self._steps is None:
            return
        step_ms = self._steps.step_ms(now_ms)
        if self._steps.anchor is not None and self._steps.anchor is not self._writer.anchor_row.anchor:
            self._writer.anchor_row.put(self._steps.anchor)
        if not step_ms:
            return
        self._stepped.take(step_ms, now_ms)
        self._visits = [moved(visited, step_ms) for visited in self._visits]
        self._read_from_ms += step_ms
        for kind in LASTING:
            rows = [row for row in self._writer.current(kind).values() if row.until_ms is None]
            self._writer.put([moved(row, step_ms) for row in rows], now_ms)
        for part in (self._rollouts, self._builds, self._tokens, self._joins):
            part.restamp(step_ms)
        self._platform.again()
        self._environments.again()
        self._alerting.restamp(step_ms)

    def _flush_sources(self, now_ms: int) -> list[Transition]:
        transitions = self._unconfigured.end(now_ms)
        current = self._writer.current(SourceState)
        for each in self._visits:
            if not each.scope and each.began_ms < self._read_from_ms:
                continue  # it is asked again; of a part it is told but once
            visited = replace(each, at_ms=min(each.at_ms, now_ms))  # the clock may have been set back since
            self._alerting.visited(visited)
            key = source_key(visited.source, visited.scope)
            self._inherited_parts.discard(key)
            if visited.ok and not visited.scope:
                transitions += self._writer.gone(SourceState, self._forgotten(visited.source), visited.at_ms)
            doubt = self._builds.doubt if visited.source == JENKINS else None
            state = judge_source(visited, current.get(key), doubt, read_ms=self._read_ms(visited, current))
            transitions += self._writer.put([state], visited.at_ms)
            if visited.ok and visited.source == JENKINS:
                self._joins.heard(visited.at_ms)
        self._visits.clear()
        if not 0 <= now_ms - self._looked_ms < LOOK_AT_SCOPES_MS:
            self._looked_ms = now_ms
            transitions += self._writer.gone(SourceState, self._quiet_scopes(now_ms), now_ms)
        return transitions

    def _quiet_scopes(self, now_ms: int) -> list[str]:
        """Return the parts of sources that were well when they were last spoken of, long ago: namespaces come and go.

        One that is spoken of again is there again; that a part is well says no more than that nothing is said of it.
        """
        well = [
            state
            for state in self._writer.current(SourceState).values()
            if state.scope and state.until_ms is None and state.level is Level.OK
        ]
        return [state.key for state in well if now_ms - (state.last_try_ms or 0) > SCOPE_KEPT_MS]

    def _read_ms(self, visited: Visited, current: Mapping[str, SourceState]) -> int | None:
        """Return until when a scope was read with its source; None where nothing of it ever was, or it is well."""
        whole = current.get(visited.source)
        if visited.ok or not visited.scope or whole is None or whole.last_ok_ms is None:
            return None
        if visited.source == VAULT:
            return self._tokens.seen_ms(f"{visited.source}/{visited.scope}")
        place = f"{visited.source.removeprefix(KUBERNETES)}/{visited.scope}/"
        known = source_key(visited.source, visited.scope) in current or any(
            state.until_ms is None and key.startswith(place)
            for key, state in self._writer.current(RolloutState).items()
        )
        return whole.last_ok_ms if known else None

    def _forgotten(self, source: str) -> list[str]:
        """Return the parts of a source that an earlier process told of, and this one does not though all is well.

        Whoever is refused something says so before the source as a whole is told to be well.
        """
        if not self._inherited_parts:
            return []
        keys = [key for key in self._inherited_parts if key.startswith(f"{source}#")]
        self._inherited_parts.difference_update(keys)
        return keys


def _is_of_a_stage(config: Config, namespace: str) -> bool:
    return any(stage.holds("", namespace) for stage in config.stages)


def _inherited_parts(writer: Writer) -> set[str]:
    """Return the keys of what an earlier process told of parts of sources.

    It holds until this process has told how they stand.
    """
    alive = [state for state in writer.current(SourceState).values() if state.until_ms is None]
    return {state.key for state in alive if state.scope}
