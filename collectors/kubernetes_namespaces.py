"""One kind in a whole cluster where that is allowed, else namespace by namespace, watched or polled."""

import random
import threading
import time
from collections.abc import Sequence

import msgspec

from collectors.kubernetes_kinds import Kind
from collectors.kubernetes_problems import NAMES_ROLE, ApiProblem, Refused, as_problem, grant
from collectors.kubernetes_shared import Shared
from collectors.kubernetes_watch import Feed
from collectors.kubernetes_wire import ListWire, NamedWire
from statusdesk.backoff import doubled
from statusdesk.facts import Swept
from statusdesk.text import clean

NAMESPACES_PATH = "/api/v1/namespaces"
_PAGE = msgspec.json.Decoder(ListWire[NamedWire])


class NamespaceNames:
    """The names of the namespaces of interest; those behind a glob are asked for, now and then."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._lock = threading.Lock()
        self._names = shared.interest.names
        self._until_s = 0.0

    def current(self) -> tuple[str, ...]:
        """Return the names, those last known where they cannot be asked for."""
        if not self._shared.interest.globs:
            return self._names
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._look_up()
                self._until_s = time.monotonic() + self._shared.timing.names_s
            return self._names

    def _look_up(self) -> None:
        shared = self._shared
        try:
            found = self._list()
        except Refused as refused:
            for glob in shared.interest.globs:
                who = refused.user or "we"
                shared.standing.refuse(
                    glob, f"{who} may not list namespaces, so {glob} names none: {grant(refused.user, '', NAMES_ROLE)}"
                )
            return
        except ApiProblem:
            return  # the feeds meet the same problem and tell of it
        for glob in shared.interest.globs:
            shared.standing.refuse(glob, "")
        self._names = tuple(dict.fromkeys((*shared.interest.names, *found)))

    def _list(self) -> list[str]:
        names: list[str] = []
        token = ""
        while True:
            query = [("limit", str(self._shared.page_size)), *([("continue", token)] if token else [])]
            try:
                page = _PAGE.decode(self._shared.api.get(NAMESPACES_PATH, query))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ApiProblem("NotJson", f"the namespaces are not a list ({error})") from error
            names += [item.metadata.name for item in page.items or () if item.metadata.name in self._shared.interest]
            if page.metadata.continue_ in ("", token):
                return names
            token = page.metadata.continue_


class KindFeeds:
    """Everything of one kind: one feed for the cluster, or one per namespace when the cluster is refused to us."""

    def __init__(self, shared: Shared, names: NamespaceNames, kind: Kind, most_watches: int) -> None:
        self._shared = shared
        self._names = names
        self._kind = kind
        self._most_watches = most_watches
        self._whole = Feed(shared, kind, "")
        self._feeds: dict[str, Feed] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._hurried = 0
        self._over = threading.Event()
        self._wake = threading.Event()

    def end(self) -> None:
        """Stop for good; called by another thread, returns at once."""
        self._over.set()
        self._wake.set()
        self._whole.end()
        for feed in list(self._feeds.values()):
            feed.end()

    def visit_now(self) -> None:
        """Cut all present waits and watches short."""
        self._whole.visit_now()
        for feed in list(self._feeds.values()):
            feed.visit_now()
        self._hurried = len(self._feeds)
        self._wake.set()

    def rouse(self) -> None:
        """The server answers again: end back-offs, and where most of what is polled has failed, go through it soon."""
        self._whole.rouse()
        feeds = list(self._feeds.values())
        for feed in feeds:
            feed.rouse()
        if not self._threads and 2 * sum(feed.has_failed for feed in feeds) > len(feeds):
            self._hurried = len(feeds)
            self._wake.set()

    def run(self) -> None:
        """Follow the kind until ended; a fault of ours is told, and all of it is begun again."""
        failures = 0
        while not self._over.is_set():
            began_s = time.monotonic()
            try:
                self._follow()
            except Exception as error:  # the edge of one thread: a silent death would look like health
                timing = self._shared.timing
                failures = 1 if time.monotonic() - began_s > timing.backoff_limit_s else failures + 1
                wait_s = doubled(timing.backoff_first_s, failures, timing.backoff_limit_s)
                self._begin_again()
                self._whole.line.fails(as_problem(error), self._shared.clock() + int(wait_s * 1000))
                self._pause(wait_s)

    def _follow(self) -> None:
        """Follow the cluster where it is allowed, then namespace by namespace until it is allowed again."""
        self._whole.follow()
        if not self._over.is_set():
            self._follow_namespaces()
            self._begin_again()

    def _begin_again(self) -> None:
        """End all feeds and make the one of the whole cluster anew."""
        self._shared.standing.drop(self._whole.line)
        self._whole.end()
        if not self._over.is_set():
            self._whole = Feed(self._shared, self._kind, "")
        for feed in self._feeds.values():
            self._end_feed(feed)
        self._feeds = {}

    def _follow_namespaces(self) -> None:
        """Follow namespace by namespace until ended, or until the whole cluster is allowed."""
        timing = self._shared.timing
        probed_s = time.monotonic()
        while not self._over.is_set():
            names = self._names.current()
            self._sync(names)
            self._shared.standing.drop(self._whole.line)
            if len(names) > self._most_watches:
                self._poll(names)
            else:
                self._watch(names)
                self._pause(min(timing.names_s, timing.reprobe_s, timing.blind_s))
            blind = all(feed.line.refused for feed in self._feeds.values())
            if time.monotonic() - probed_s >= (timing.blind_s if blind else timing.reprobe_s):
                if self._whole.is_allowed():
                    return
                probed_s = time.monotonic()
                for feed in self._feeds.values() if blind else ():
                    feed.visit_now()

    def _sync(self, names: Sequence[str]) -> None:
        """Make feeds for new names and end those whose namespace has gone."""
        for name in names:
            if name not in self._feeds:
                self._feeds[name] = Feed(self._shared, self._kind, name)
        for name in [name for name in self._feeds if name not in names]:
            feed = self._feeds.pop(name)
            self._end_feed(feed)
            if not self._over.is_set():
                self._tell_gone(clean(name))
        if self._over.is_set():
            self.end()  # a feed made after the end came would never hear of it

    def _end_feed(self, feed: Feed) -> None:
        feed.end()
        self._threads.pop(feed.scope, None)
        self._shared.standing.drop(feed.line)

    def _tell_gone(self, scope: str) -> None:
        now_ms, kind = self._shared.clock(), self._kind
        self._shared.emit(
            Swept(
                source=self._shared.source,
                kind=kind.fact,
                facts=(),
                started_ms=now_ms,
                at_ms=now_ms,
                scope=scope,
                subkind=kind.subkind,
                order=time.monotonic_ns(),
                over=True,
            )
        )

    def _watch(self, names: Sequence[str]) -> None:
        """Give each namespace a thread that lists and watches it."""
        for name in names:
            if name not in self._threads:
                title = f"{self._shared.source} {self._kind.resource} {name}"
                thread = threading.Thread(target=self._feeds[name].follow, name=title, daemon=True)
                self._threads[name] = thread
                thread.start()

    def _poll(self, names: Sequence[str]) -> None:
        """List each namespace once, spread over the poll interval."""
        for name in [name for name in self._threads if name in self._feeds]:
            # there are too many to watch now: a feed that watches makes way for one that is visited
            self._end_feed(self._feeds.pop(name))
        self._sync(names)
        gap_s = self._shared.poll_interval_s / len(names)
        for name in names:
            if self._over.is_set():
                return
            self._feeds[name].visit()
            if self._hurried > 0:
                self._hurried -= 1
            else:
                self._pause(gap_s * random.uniform(0.8, 1.2))

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()
