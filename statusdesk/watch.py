"""The collector process: supervises the collectors, owns the writer and the heartbeat."""

import contextlib
import gc
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from statusdesk import __version__
from statusdesk.alerts.sink_kinds import plain_name
from statusdesk.alerts.telling import AlertEvent, Teller
from statusdesk.clock import Clock, ClockSteps, boot, boot_clock, steady_clock, system_clock
from statusdesk.config import Config
from statusdesk.console_requests import Inbox
from statusdesk.credentials import TellingReader, secrets_of
from statusdesk.facts import Message
from statusdesk.pipeline.answers import Refused
from statusdesk.pipeline.desk import Desk
from statusdesk.pipeline.inquiries import Ask
from statusdesk.sinks.looks import SLEPT_MS
from statusdesk.snapshot import Mirror
from statusdesk.states import BOARD, Collector
from statusdesk.store.errors import StoreError
from statusdesk.store.writer import Transition, Writer
from statusdesk.supervising import Narrate, Runs, Supervision
from statusdesk.systemd import Notifier
from statusdesk.text import counted
from statusdesk.wants import BuildWanted, Wanted, cluster_of

BEAT_MS = 1000
PRUNE_EVERY_MS = 60_000
PRUNE_ROWS = 2_000
MAX_MESSAGES_PER_BATCH = 5_000
JOIN_S = 3.0
TELLER_STOP_S = 5.0
REQUESTS_EVERY_MS = 300
LONGEST_START_MS = 60_000


class CollectorProcess:
    """Runs all collectors of a configuration and writes what they see to the store.

    ``out`` is called with each change of level, reason, version or revision, ``alerted`` with what happens to alerts;
    ``narrate`` with sentences for stderr; ``verbose`` adds where a fault of ours was met. ``teller`` sends messages;
    without one, and in a collector that a board has started (``owner``), none is sent or queued. ``read_by_sinks``
    tells what it reads for them. ``mirror`` is shown how it stands, ``notifier`` tells systemd.
    The caller holds the lock of the state directory.
    """

    def __init__(
        self,
        config: Config,
        *,
        owner: str,
        clock: Clock = system_clock,
        even: Clock = boot_clock,
        out: Callable[[Transition], None] | None = None,
        alerted: Callable[[AlertEvent], None] | None = None,
        teller: Teller | None = None,
        read_by_sinks: TellingReader | None = None,
        narrate: Narrate | None = None,
        verbose: bool = False,
        mirror: Mirror | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._config = config
        self._owner = owner
        self._clock = clock
        self._even = even
        self._out = out
        self._alerted = alerted
        self._sink_names = {name for sink in config.sinks for name in (sink.name, plain_name(sink.name))}
        self._sends = owner != BOARD and teller is not None
        self._teller = teller if self._sends else None
        self._endures_ms = teller.endures_ms if self._sends and teller is not None else SLEPT_MS
        self._looked_at, self._looked_ms = even(), clock()
        self._woke = False  # and nobody is told of that yet
        self._read_by_sinks = read_by_sinks or TellingReader()
        self._narrate = narrate or (lambda sentence: print(sentence, file=sys.stderr))
        self._verbose = verbose
        self._mirror = mirror
        self._notifier = notifier or Notifier({})
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._store_problem = ""
        self._prune_problem = ""
        self._started_ms = self._beaten_ms = clock()  # taken anew when it begins to collect
        self._lookups: dict[str, Ask] = {}
        self._look_up_build: Callable[[BuildWanted], None] = lambda wanted: None

    def run(self, stop: threading.Event) -> None:
        """Collect until ``stop`` is set; then stop the collectors and close the store cleanly.

        Raises: StoreError when there is no store to write to, or none any more.
        """
        self._run(lambda: stop.is_set())

    def run_once(self, timeout_s: float = 60.0) -> bool:
        """Collect until every source has answered or failed once; return whether all did within ``timeout_s``."""
        wanted = set(self.sources())
        end = time.monotonic() + timeout_s
        answered = False

        def done() -> bool:
            nonlocal answered
            answered = self._inbox.empty() and wanted <= self._desk.visited
            return answered or time.monotonic() > end

        self._run(done)
        return answered

    def sources(self) -> tuple[str, ...]:
        """Return the names of all sources of the configuration."""
        return self._config.source_names()

    def _run(self, done: Callable[[], bool]) -> None:
        self._started_ms = self._beaten_ms = started_ms = self._clock()
        state_dir = Path(self._config.store.state_dir)
        with Writer(state_dir / "statusdesk.db", self._config.store.keep_s, self._clock) as writer:
            self._writer = writer
            self._desk = Desk(
                self._config,
                writer,
                self._ask,
                self._ask_build,
                steady=steady_clock,
                steps=ClockSteps(self._even, boot()),
                sends=self._sends,
            )
            self._requests = Inbox(state_dir)
            if problem := self._requests.open():
                self._narrate(f"statusdesk: {problem}")
            self._beat()
            writer.commit()
            self._supervision = collectors = self._start(writer)
            try:
                self._loop(started_ms, done)
            finally:
                self._notifier.stopping()
                gc.enable()
                self._stop.set()
                collectors.join(JOIN_S)
                self._drain(0.0)
                self._flush()
                if self._teller is not None:
                    self._teller.stop(TELLER_STOP_S)
                    self._flush()  # what the teller has done to the end
                self._beat(stopped=True)
                self._commit()

    def _start(self, writer: Writer) -> Supervision:
        # All three clients need it, its modules import each other in a circle, and two threads that import such a
        # circle at once can each see it half made: an ImportError that would end a collector.
        import requests  # noqa: F401 - imported for the threads

        collectors = Supervision(self._inbox.put, self._stop, self._clock, self._narrate, verbose=self._verbose)
        collectors.start(self._collectors(writer))
        return collectors

    def _collectors(self, writer: Writer) -> list[tuple[str, Runs]]:
        """Make one collector per source; each imports its client in its own thread."""
        from collectors.hiding import Hiding

        config = self._config
        emit = Hiding(self._inbox.put, Path(config.path).parent)
        emit.learn(secret for _, secret in secrets_of(config))
        self._read_by_sinks.listen(emit.know)
        made: list[tuple[str, Runs]] = []
        if config.clusters:
            from collectors.kubernetes_cluster import KubernetesCluster

            for cluster in config.clusters:
                namespaces = config.namespaces_of(cluster.name)
                follower = KubernetesCluster(cluster, namespaces, config.apps, emit, self._stop, self._clock)
                self._lookups[cluster.name] = follower.want
                made.append((f"kubernetes/{cluster.name}", follower))
        if config.jenkins is not None:
            from collectors.jenkins_builds import JenkinsBuilds

            token, steps = emit.reader(config.jenkins.token, config.jenkins.user), ClockSteps(boot_clock)
            known, stored = writer.build_rows.known(), writer.jobs()
            told = writer.build_rows.told_unread(stored)
            renewed = config.vault.tokens if config.vault is not None else ()
            keep_s = config.store.keep_s
            visitor = JenkinsBuilds(
                config.jenkins, token, known, emit, self._stop, self._clock, stored, renewed, steps, keep_s, told
            )
            self._look_up_build = visitor.want
            made.append(("jenkins", visitor))
        if config.vault is not None:
            from collectors.vault_tokens import VaultTokens

            token, steps = emit.reader(config.vault.token), ClockSteps(boot_clock)
            made.append(("vault", VaultTokens(config.vault, token, emit, self._stop, self._clock, steps)))
        return made

    def _ask(self, wanted: Wanted) -> None:
        """Let the cluster that can answer look something up."""
        if (want := self._lookups.get(cluster_of(wanted))) is not None:
            want(wanted)

    def _ask_build(self, wanted: BuildWanted) -> None:
        """Let Jenkins look a build up; its collector is made after the desk."""
        self._look_up_build(wanted)

    def _loop(self, started_ms: int, done: Callable[[], bool]) -> None:
        batch_s = self._config.store.batch_ms / 1000
        flushed_s = 0.0
        next_beat_ms = started_ms + BEAT_MS
        next_prune_ms = started_ms + PRUNE_EVERY_MS
        self._looked_at, self._looked_ms = self._even(), self._clock()  # what came before was its start, however long
        began_s = looked_s = time.monotonic()
        settled = False
        # Reading the first lists makes no cycles, and looking for some costs a third of it.
        gc.disable()
        while not done():
            now_ms = self._clock()
            due_ms = min(next_beat_ms, self._desk.next_due_ms or next_beat_ms, now_ms + REQUESTS_EVERY_MS)
            # What comes after a pause is written soon; in a stream of changes more of them are written together.
            streaming = time.monotonic() - flushed_s < 2 * batch_s
            if self._drain(max(0.0, min(due_ms - now_ms, BEAT_MS) / 1000), batch_s if streaming else batch_s / 5):
                flushed_s = time.monotonic()
            now_ms = self._clock()
            if now_ms >= next_beat_ms or now_ms < next_beat_ms - 2 * BEAT_MS:
                self._writer.check_place()
                self._beat()
                next_beat_ms = now_ms + BEAT_MS
            if now_ms >= next_prune_ms or now_ms < next_prune_ms - 2 * PRUNE_EVERY_MS:
                self._prune(now_ms)
                next_prune_ms = now_ms + PRUNE_EVERY_MS
            if time.monotonic() - looked_s >= REQUESTS_EVERY_MS / 1000:
                looked_s = time.monotonic()
                self._answer()
            self._flush()
            late = time.monotonic() - began_s > LONGEST_START_MS / 1000
            self._show(late=late)
            if not settled and (late or self._desk.visited.issuperset(self.sources())):
                settled = True
                # The first lists live as long as the process: they are never walked.
                gc.freeze()
                gc.enable()

    def _drain(self, wait_s: float, batch_s: float = 0.0) -> bool:
        """Take what comes within ``wait_s``, then what comes in one more ``batch_s``; return whether anything came."""
        inbox, desk, clock = self._inbox, self._desk, self._clock
        try:
            desk.take(inbox.get(timeout=wait_s) if wait_s else inbox.get_nowait(), clock())
        except queue.Empty:
            return False
        end = time.monotonic() + batch_s
        for _ in range(MAX_MESSAGES_PER_BATCH):
            try:
                desk.take(inbox.get_nowait(), clock())
            except queue.Empty:
                left = end - time.monotonic()
                if left <= 0:
                    break
                with contextlib.suppress(queue.Empty):
                    desk.take(inbox.get(timeout=left), clock())
        return True

    def _answer(self) -> None:
        """Do what people have asked for since the last time."""
        asked, problems = self._requests.take()
        for each in asked:
            try:
                self._desk.answer(each, self._clock())
            except Refused as refused:
                problems.append(f"a request of {each.by} was refused: {refused}")
        for problem in problems:
            self._narrate(f"statusdesk: {problem}")

    def _show(self, *, late: bool) -> None:
        """Let others see how it stands: whoever asks over HTTP, and systemd.

        ``late``: it has begun long ago; a source that never answers is no reason for systemd to begin anew for ever.
        """
        now_s = time.monotonic()
        settled = self._desk.visited.issuperset(self.sources())
        if self._mirror is not None:
            self._mirror.flushed(self._writer, now_s, settled=settled, store_problem=self._store_problem)
        if not self._notifier.wanted:
            return
        if settled or late:
            self._notifier.ready()
        firing = sum(alert.state == "firing" for alert in self._writer.firing())
        waiting = "" if settled else ", waiting for the first answer of each source"
        self._notifier.alive(now_s, f"{counted(len(self.sources()), 'source')}, {firing} firing{waiting}")

    def _look(self) -> bool:
        """Notice that all of this stood still since it looked last: then all sources are to be read once more.

        Return whether it did. No clock of a paused machine goes on; what pauses it may set the one of the system when
        it goes on.
        """
        at, now_ms = self._even(), self._clock()
        still_ms, by_clock_ms = at - self._looked_at, now_ms - self._looked_ms
        self._looked_at, self._looked_ms = at, now_ms
        slept_ms = max(still_ms, by_clock_ms)
        if slept_ms <= self._endures_ms:
            return False
        self._woke = True
        self._desk.slept(slept_ms, now_ms)
        self._supervision.visit_now()
        doubt = "" if still_ms > self._endures_ms else ", or its clock was set"
        said = f"stood still for {slept_ms // 1000} s{doubt}: no old alert is told before its source is read"
        self._narrate(f"statusdesk: watch {said}")
        return True

    def _flush(self) -> None:
        self._settle()
        while self._look():
            pass  # to take note of a sleep takes a while, and who fell asleep again meanwhile has waited for nothing
        self._flush_all()
        if self._teller is not None and not self._woke:
            self._teller.looked(self._looked_at, self._looked_ms)

    def _settle(self) -> None:
        """Take what has become of messages."""
        if self._teller is not None:
            outcomes = self._teller.outcomes()
            if self._mirror is not None:
                self._mirror.settled(outcomes)
            self._desk.settle(outcomes)

    def _flush_all(self) -> None:
        try:
            transitions = self._desk.flush(self._clock())
        except StoreError as error:
            self._store_failed(error)
            return
        self._store_works()
        if self._out is not None:
            for transition in transitions:
                self._out(transition)
        for event in self._desk.take_events():
            if self._alerted is not None:
                self._alerted(event)
        news = self._desk.take_news()
        if news is not None and self._teller is not None:
            if self._mirror is not None:
                self._mirror.told(((each.id, each.sink) for each in news.queued), news.dropped)
            self._teller.tell(news)
        self._woke = False

    def _commit(self) -> None:
        try:
            self._writer.commit()
        except StoreError as error:
            self._store_failed(error)

    def _prune(self, now_ms: int) -> None:
        try:
            self._writer.prune(now_ms, PRUNE_ROWS, self._sink_names)
            self._prune_problem = ""
        except StoreError as error:
            # told by itself: that rows are still taken says nothing about it
            if str(error) != self._prune_problem:
                self._prune_problem = str(error)
                self._narrate(f"statusdesk: {error}; trying again")

    def _store_failed(self, error: StoreError) -> None:
        if str(error) != self._store_problem:
            self._store_problem = str(error)
            self._narrate(f"statusdesk: {error}; nothing is lost, trying again")

    def _store_works(self) -> None:
        if self._store_problem:
            self._store_problem = ""
            self._narrate("statusdesk: the store takes rows again")

    def _beat(self, *, stopped: bool = False) -> None:
        """Show that the collector works; one that has slept begins anew, so that it can be seen that nobody looked."""
        now_ms = self._clock()
        if now_ms - self._beaten_ms > SLEPT_MS:
            self._started_ms = now_ms
        self._beaten_ms = now_ms
        self._desk.look_at_clock(now_ms)  # a beat is stamped by the clock as the store has it to stand
        self._writer.beat(
            Collector(
                pid=os.getpid(),
                owner=self._owner,
                started_ms=self._started_ms,
                beat_ms=now_ms,
                version=__version__,
                stopped_ms=now_ms if stopped else None,
            )
        )
