"""One Kubernetes cluster: Deployments, StatefulSets, DaemonSets, Jobs and Pods, listed once and then watched."""

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_kinds import KINDS
from collectors.kubernetes_known import KnownLines
from collectors.kubernetes_lookups import Lookups
from collectors.kubernetes_names import AppRules, Interest
from collectors.kubernetes_namespaces import KindFeeds, NamespaceNames
from collectors.kubernetes_shared import LISTS_AT_ONCE, Shared, Timing
from collectors.kubernetes_standing import Standing
from collectors.kubernetes_wire import VersionWire
from statusdesk.clock import Clock, ClockSteps, boot_clock
from statusdesk.config import AppSettings, ClusterSettings
from statusdesk.facts import Message
from statusdesk.text import clean
from statusdesk.wants import Wanted

TICK_S = 0.5
JOIN_S = 1.5
PATIENCE_TIMEOUTS = 3  # a request that waits for this many timeouts waits for something that has none


class KubernetesCluster:
    """Follows one cluster and emits what it sees; nothing is ever written to it.

    ``namespaces`` are names or globs; facts of other namespaces are not emitted. ``emit`` is called by several threads.
    ``even`` runs on evenly when ``clock`` is set.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        namespaces: Sequence[str],
        apps: Sequence[AppSettings],
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
        timing: Timing | None = None,
        even: Clock = boot_clock,
    ) -> None:
        self._settings, self._namespaces, self._apps = settings, namespaces, apps
        self._out = emit
        self._stop = stop
        self._clock, self._even = clock, even
        self._timing = timing or Timing()
        self._make()
        self._is_new = True

    def _make(self) -> None:
        """Make all that one run needs: what was ended cannot be begun again."""
        settings, clock = self._settings, self._clock
        self._api = KubernetesApi(settings, self._timing.silence_s, clock, ClockSteps(self._even))
        self._standing = self._make_standing(settings, clock)
        shared = Shared(
            source=f"kubernetes/{settings.name}",
            cluster=settings.name,
            api=self._api,
            standing=self._standing,
            rules=AppRules(self._apps),
            interest=Interest(self._namespaces),
            emit=self._emit,
            clock=clock,
            timing=self._timing,
            page_size=settings.page_size,
            poll_interval_s=settings.poll_interval_s,
            lists=threading.BoundedSemaphore(LISTS_AT_ONCE),
            rouse=self._rouse,
        )
        self._roused_s = float("-inf")
        names = NamespaceNames(shared)
        self._lookups = Lookups(shared)
        self._kinds = [KindFeeds(shared, names, kind, settings.max_namespaced_watches) for kind in KINDS]

    def _make_standing(self, settings: ClusterSettings, clock: Clock) -> Standing:
        source, timing = f"kubernetes/{settings.name}", self._timing
        return Standing(
            source,
            self._emit,
            clock,
            silence_ms=int(self._timing.silence_s * 1000),
            patience_ms=int(settings.request_timeout_s * PATIENCE_TIMEOUTS * 1000),
            proven_ms=int(self._timing.quick_s * 1000),
            grace_ms=int(self._timing.grace_s * 1000),
            steps=ClockSteps(self._even),
            known=KnownLines(source, self._emit, int(timing.settle_s * 1000), int(timing.hush_s * 1000)),
        )

    def run(self) -> None:
        """Follow the cluster until ``stop`` is set, and two seconds at most; it may be run again."""
        if not self._is_new:
            self._standing.end()
            self._make()
        self._is_new = False
        threads = [threading.Thread(target=kind.run, daemon=True) for kind in self._kinds]
        threads.append(threading.Thread(target=self._learn_version, daemon=True))
        threads.append(threading.Thread(target=self._lookups.run, daemon=True))
        try:
            for thread in threads:
                thread.start()
            self._tick()
        finally:
            self._end([thread for thread in threads if thread.is_alive()])

    def _tick(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._api.cut_late()
                self._standing.tick()
            except Exception as error:  # the edge of this thread: without it nothing is cut and no heart beats
                self._standing.broken(error)

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        for kind in self._kinds:
            kind.end()
        self._lookups.end()
        self._api.close()
        end_s = time.monotonic() + JOIN_S
        for thread in threads:
            # one that waits for a server's first byte is left to its timeout; what it says is not heard any more
            thread.join(max(0.0, end_s - time.monotonic()))

    def want(self, wanted: Wanted) -> None:
        """Look something up soon; its answer is emitted. Called by any thread, returns at once."""
        self._lookups.want(wanted)

    def visit_now(self) -> None:
        """Ask for everything anew, what is watched from where that has come to: we may have slept.

        A connection of before may be dead, which nobody is told of: none of them is used any more.
        """
        self._standing.look_at_clock()  # what is opened from now on is stamped by the clock as it is
        self._api.close_idle()
        for kind in self._kinds:
            kind.visit_now()

    def _rouse(self) -> None:
        """End the back-offs of the other kinds; not more often than a server that comes and goes can bear."""
        now_s = time.monotonic()
        if now_s - self._roused_s >= self._timing.rouse_s:
            self._roused_s = now_s
            for kind in self._kinds:
                kind.rouse()

    def _emit(self, message: Message) -> None:
        if not self._stop.is_set():
            self._out(message)

    def _learn_version(self) -> None:
        """Ask for the server's version until it is known. Source: ``GET /version``, ``gitVersion``."""
        while not self._stop.is_set():
            try:
                body = self._api.get("/version")
                self._standing.version = clean(msgspec.json.decode(body, type=VersionWire).git_version)
                return
            except Exception:  # the version is an ornament; what else is wrong the feeds meet and tell
                self._stop.wait(self._timing.backoff_limit_s)
