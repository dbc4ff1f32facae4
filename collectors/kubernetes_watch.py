"""One kind in one scope: listed page by page, then watched, for ever."""

import random
import threading
import time
from typing import Any

import msgspec

from collectors.kubernetes_api import Stream
from collectors.kubernetes_facts import Translator
from collectors.kubernetes_kinds import Fact, Kind
from collectors.kubernetes_problems import ApiProblem, Expired, Refused, as_problem, error_event_problem
from collectors.kubernetes_remembered import Times
from collectors.kubernetes_shared import Shared
from collectors.kubernetes_wire import BookmarkWire, DeletedWire, ErrorWire
from statusdesk.facts import Changed, Swept
from statusdesk.text import clean

NOT_SERVED = 404
MAX_LINE_BYTES = 64 << 20
ROUSED_S = 0.3  # those that are woken together do not ask all at once


class Feed:
    """Lists and watches one kind in a namespace, or in all of them when ``scope`` is empty."""

    def __init__(self, shared: Shared, kind: Kind, scope: str) -> None:
        self.scope = scope
        self.line = shared.standing.line(kind, scope)
        self._shared = shared
        self._timing = shared.timing
        self._kind = kind
        self._path = kind.path(scope)
        self._decode_event = kind.event.decode
        self._translate = kind.translate(Translator(shared.cluster, shared.rules, Times(shared.api.skew)))
        self._version = ""
        self._heard_ms: int | None = None  # what is told next has happened since then, however long it was on its way
        self._failures = 0
        self._expired = False
        self._backs_off = False
        self._in_watch = False
        self._poll_until_s = 0.0
        self._refused_until_s = 0.0
        self._stream: Stream | None = None
        self._over = threading.Event()
        self._is_cut = threading.Event()  # the watch was asked for before we were told to visit now
        self._wake = threading.Event()

    def end(self) -> None:
        """Stop for good; called by another thread, returns at once."""
        self._over.set()
        self._wake.set()
        if (stream := self._stream) is not None:
            stream.close()

    def visit_now(self) -> None:
        """Cut the present wait short, or the watch: it goes on from its last version, by another connection."""
        self._is_cut.set()
        self._wake.set()
        if (stream := self._stream) is not None:
            stream.close()

    @property
    def has_failed(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def rouse(self) -> None:
        """Cut a back-off short, for another conversation with the server got its answer."""
        if self._backs_off:
            self._backs_off = False
            self._wake.set()

    def follow(self) -> None:
        """List and watch until ended; return early only when the whole cluster is refused to us."""
        while not self._over.is_set():
            try:
                if not self._version:
                    self._list()
                self._watch_or_wait()
            except Refused as refused:
                if not self.scope:
                    return
                self._note_refusal(refused)
                self._pause(self._timing.reprobe_s)
            except Exception as error:  # the edge of one thread: a fault of ours is told and tried again
                self._back_off(as_problem(error))

    def visit(self) -> None:
        """List once, unless refused a short while ago; what goes wrong is noted, not raised."""
        if time.monotonic() < self._refused_until_s:
            return
        try:
            self._list()
            self._failures = 0
        except Refused as refused:
            self._note_refusal(refused)
        except Exception as error:  # the edge of one visit: a fault of ours is told and tried again
            self._note_failure(as_problem(error), next_s=self._shared.poll_interval_s)

    def is_allowed(self) -> bool:
        """Return whether a list is answered now."""
        try:
            self._shared.api.get(self._path, [("limit", "1")])
        except ApiProblem:
            return False
        return True

    def _note_refusal(self, refused: Refused) -> None:
        self._version = ""
        self._refused_until_s = time.monotonic() + self._timing.reprobe_s
        self.line.fails(refused, self._shared.clock() + int(self._timing.reprobe_s * 1000))

    def _note_failure(self, problem: ApiProblem, next_s: float | None = None) -> float:
        """Count a failure, tell of it unless it heals by itself, and return how long to wait."""
        if self._over.is_set():
            return 0.0
        self._failures += 1
        if isinstance(problem, Expired) or self._failures > 1 or not problem.passing:
            # after more than a blink the truth is in a list: the server may be another one, with other versions
            self._version = ""
        wait_s = self._backoff_s(problem) if next_s is None else next_s
        if not problem.passing or self._failures > 1:
            next_try_ms = self._shared.clock() + int(wait_s * 1000)
            self.line.fails(problem, next_try_ms, watch_broke=self._in_watch)
        self._in_watch = False
        self.line.answered()
        return wait_s

    def _backoff_s(self, problem: ApiProblem) -> float:
        if problem.retry_after_s is None and isinstance(problem, Expired) and not self._expired:
            self._expired = True
            return 0.0
        return self._timing.backoff_s(problem, self._failures)

    def _back_off(self, problem: ApiProblem) -> None:
        wait_s = self._note_failure(problem)
        self._backs_off = problem.retry_after_s is None
        self._pause(wait_s)
        if not self._backs_off and problem.retry_after_s is None:
            self._over.wait(random.uniform(0.0, min(ROUSED_S, wait_s)))
        self._backs_off = False

    def _answers_again(self) -> None:
        """Tell the others when the server answers after it did not."""
        self.line.answered()
        if self._failures:
            self._shared.rouse()

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _list(self) -> None:
        """List everything and tell it as one sweep. Raises: ApiProblem."""
        self._in_watch = False
        shared, started_ms, began_s = self._shared, self._shared.clock(), time.monotonic()
        order = time.monotonic_ns()
        facts: list[Fact] = []
        version = token = ""
        while True:
            page = self._page(token)
            version = version or page.metadata.resource_version
            interest, translate = shared.interest, self._translate
            shared.api.skew.look()
            facts += [translate(wire) for wire in page.items or () if wire.metadata.namespace in interest]
            if not page.metadata.continue_:
                break
            if page.metadata.continue_ == token:
                raise ApiProblem("NotJson", f"{shared.api.host} gives the same page of {self._kind.title} for ever")
            token = page.metadata.continue_
            del page  # two pages at once would not fit into the processor's cache
            if self._over.is_set():
                return
        if not version:
            raise ApiProblem("NotJson", f"{shared.api.host} lists {self._kind.title} without a resource version")
        if self._over.is_set():
            return
        self._version, self._heard_ms = version, started_ms
        shared.emit(
            Swept(
                source=shared.source,
                kind=self._kind.fact,
                facts=tuple(facts),
                started_ms=started_ms,
                at_ms=shared.clock(),
                scope=self.scope,
                subkind=self._kind.subkind,
                order=order,
            )
        )
        self.line.listed(int((time.monotonic() - began_s) * 1000))

    def _page(self, token: str) -> Any:  # noqa: ANN401  (a ListWire of this kind's objects)
        query = [("limit", str(self._shared.page_size))]
        if token:
            query.append(("continue", token))
        with self._shared.lists:
            self.line.asks()
            try:
                body = self._shared.api.get(self._path, query)
            except ApiProblem as problem:
                if self._kind.optional and problem.status == NOT_SERVED:
                    raise Refused(f"{self._kind.title} are not served") from problem
                raise
        self._answers_again()
        try:
            page = self._kind.page.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._not_json(str(error)) from error
        if page.kind != f"{self._kind.name}List":
            raise self._not_json(f"it is a {clean(page.kind, 40)}")
        return page

    def _not_json(self, why: str) -> ApiProblem:
        host, title = self._shared.api.host, self._kind.title
        return ApiProblem("NotJson", f"{host} answers with something else than {title} ({why}); is a proxy between?")

    def _watch_or_wait(self) -> None:
        """Watch; or where that is refused, wait for the time of the next list. Raises: ApiProblem."""
        if time.monotonic() >= self._poll_until_s:
            try:
                self._watch()
                if self._is_cut.is_set():
                    self._over.wait(random.uniform(0.0, ROUSED_S))
                return
            except Refused:
                # Whether we may at least list is asked at once: all rights may have been taken from us.
                self._poll_until_s = time.monotonic() + self._timing.reprobe_s
                self.line.watch_refused = True
                self._version = ""
                return
            finally:
                self.line.answered()
        self._pause(self._shared.poll_interval_s * random.uniform(0.8, 1.2))
        self._version = ""

    def _watch(self) -> None:
        """Watch from the last version until the server ends it. Raises: ApiProblem."""
        self._in_watch = True
        self._is_cut.clear()
        query = [
            ("watch", "1"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self._version),
            ("timeoutSeconds", str(random.randint(*self._timing.watch_s))),
        ]
        self.line.asks()
        stream = self._shared.api.stream(self._path, query)
        self._stream = stream
        self._answers_again()
        self.line.opens()
        opened_s, before = time.monotonic(), self._version
        try:
            self._read(stream)
            if not self._is_ended:
                self.line.ends()
        except ApiProblem as problem:
            self._count_from_new(opened_s, before)
            if self._is_ended or (problem.problem == "Timeout" and not stream.patient):
                return
            raise
        finally:
            self._stream = None
            self.line.closes()
            stream.dispose()
        if not self._count_from_new(opened_s, before) and not self._is_ended:
            # what a stale version looks like where the server keeps no history (kubernetes#104171)
            self._version = ""
            title = self._kind.title
            raise ApiProblem("Gone", f"a watch of {title} closes at once without an event", passing=True)
        self._in_watch = False

    @property
    def _is_ended(self) -> bool:
        """Whether we end the watch, not the server."""
        return self._over.is_set() or self._is_cut.is_set()

    def _count_from_new(self, opened_s: float, before: str) -> bool:
        """Forget earlier failures when the watch has worked: it lived for a while, or something came."""
        worked = time.monotonic() - opened_s >= self._timing.quick_s or self._version != before
        if worked:
            self._failures, self._expired = 0, False
        return worked

    def _read(self, stream: Stream) -> None:
        rest = b""
        if self._is_ended:
            return
        for chunk in stream.chunks():
            lines = (rest + chunk if rest else chunk).split(b"\n")
            rest = lines.pop()
            if lines:
                self._take(lines)
            elif len(rest) > MAX_LINE_BYTES:
                raise self._not_json("a line without an end")
            if self._is_ended:
                return

    def _take(self, lines: list[bytes]) -> None:
        """Tell what one chunk of events says, as one message; the last event of a key wins. Raises: ApiProblem."""
        interest, decode, version = self._shared.interest, self._decode_event, ""
        seen: dict[tuple[str, str], Any] = {}
        gone: dict[tuple[str, str], None] = {}
        problem: ApiProblem | None = None
        for line in lines:
            if not line or line.isspace():
                continue
            try:
                event = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                problem = self._not_json(str(error))
                problem.passing = True
                break
            if isinstance(event, ErrorWire):
                problem = error_event_problem(event.object.code, clean(event.object.message))
                break
            meta = event.object.metadata
            version = meta.resource_version or version
            if isinstance(event, BookmarkWire) or meta.namespace not in interest:
                continue
            key = (meta.namespace, meta.name)
            if isinstance(event, DeletedWire):
                seen.pop(key, None)
                gone[key] = None
            else:
                seen[key] = event.object
        if version:
            self._version = version
            self._tell(seen, gone)
        if problem is not None:
            raise problem

    def _tell(self, seen: dict[tuple[str, str], Any], gone: dict[tuple[str, str], None]) -> None:
        shared = self._shared
        shared.api.skew.look()
        now_ms = shared.clock()
        if (seen or gone) and not self._over.is_set():
            cluster, key = shared.cluster, self._kind.key
            shared.emit(
                Changed(
                    source=shared.source,
                    kind=self._kind.fact,
                    at_ms=now_ms,
                    heard_ms=self._heard_ms,
                    seen=tuple([self._translate(wire) for wire in seen.values()]),
                    gone=tuple([key(cluster, clean(namespace), clean(name)) for namespace, name in gone]),
                )
            )
        self._heard_ms = now_ms
        self.line.hears(now_ms)
