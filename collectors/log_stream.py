"""Reads the log of one container through cuts, restarts and refusals, until there is nothing more to read for now.

What a connection that breaks leaves unsaid is asked for again: from the second of the newest line on, and what was
seen of it is left out. That holds across restarts of the container too, since its runs follow each other in time.
"""

import datetime
import enum
import random
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from collectors.kubernetes_api import KubernetesApi, Stream
from collectors.kubernetes_problems import ApiProblem, Refused, grant
from collectors.kubernetes_skew import SAME_MS
from collectors.log_lines import Selection
from collectors.log_merge import Lane, Merge
from collectors.log_pods import LogPod, PodContainer, Run
from collectors.log_reading import Position, Reading

ANY = "*/*"
SILENCE_S = 290.0  # longer than any silence after which a stream is opened anew
SMALL_CHUNK = 8192
PREVIOUS_TRIES = 6
ONCE_TRIES = 5  # without a line in between, where nothing is followed: some 3 s
ONCE_WAIT_S = 2.0
QUICK_S = 1.0  # a stream that ends sooner without a line has failed


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a follower waits, in seconds; tests make it shorter."""

    first_wait_s: float = 0.2
    longest_wait_s: float = 15.0
    check_s: float = 60.0  # silence after which the pod is looked at
    reconnect_s: float = 240.0  # silence after which the stream is opened anew: balancers forget idle connections
    stale_s: float = 2.0  # silence of a stream whose container has ended, before it is opened anew
    refused_s: float = 30.0
    head_s: float = 30.0  # for the head of an answer: a kubelet sends none before there is a line
    poll_s: float = 2.0  # between lists of pods where they cannot be watched
    end_s: float = 3.0  # so long after the end of a run a new one tells it: "restarted", not "ended" before it
    linger_s: float = 0.25  # at most: a small chunk is followed by others, and they are read together


class Outcome(enum.Enum):
    """Why a reader has come to its end."""

    ENDED = "ended"  # the run is over and was read
    WAITS = "waits"  # there is no log yet
    REFUSED = "refused"
    GONE = "gone"
    CLOSED = "closed"


class Track(msgspec.Struct, kw_only=True):
    """One container that is followed, over all its runs."""

    namespace: str
    pod: str
    uid: str
    container: str
    origin: int
    position: Position
    lane: Lane
    run_id: str = ""
    restarts: int = 0
    done_id: str = ""
    from_start: bool = False
    opened_ms: int | None = None
    not_before_s: float = 0.0
    waits_for: str = ""
    run_before: bool = False
    """Whether the last lines of the run before (``last``) are still to be read first."""
    last: Run | None = None
    torn: bool = False
    """Whether the last connection broke off, and nothing has told since that there was no more."""
    end: str = ""
    """How its last run has ended (at ``end_s``), as long as that is not told; then ``end_told``."""
    end_s: float = 0.0
    end_told: bool = False

    @property
    def name(self) -> str:
        return f"{self.pod}/{self.container}"

    def log_path(self) -> str:
        return f"/api/v1/namespaces/{quote(self.namespace, safe='')}/pods/{quote(self.pod, safe='')}/log"


class ContainerReader:
    """Reads one track in a thread of its own; ``ask`` tells what has become of the pod, ``tell`` takes a problem.

    ``linger_s`` tells how long to wait for more after a small chunk: being woken for a line costs more than the line.
    """

    def __init__(
        self,
        api: KubernetesApi,
        track: Track,
        selection: Selection,
        merge: Merge,
        patience: Patience,
        ask: Callable[[str, str], LogPod | None],
        tell: Callable[[str, str], None],
        linger_s: Callable[[], float],
    ) -> None:
        self.track = track
        self.heard_s = time.monotonic()
        self._api = api
        self._selection = selection
        self._merge = merge
        self._patience = patience
        self._ask = ask
        self._tell = tell
        self._linger_s = linger_s
        self._over = threading.Event()
        self._stream: Stream | None = None
        self._rest: Reading | None = None
        self._failures = 0

    def close(self) -> None:
        """Stop for good; returns at once."""
        self._over.set()
        self.cut()

    def cut(self) -> None:
        """End the connection as it is; the reader looks at the pod and goes on."""
        self.heard_s = time.monotonic()
        if (stream := self._stream) is not None:
            stream.close()

    def run(self) -> Outcome:
        """Read until the run of the container is over, or cannot be read. Raises: nothing that it can tell."""
        track = self.track
        bounded = self._begin_before()
        while not self._over.is_set():
            began_s, before_ns = time.monotonic(), track.position.newest_ns
            once = not self._selection.follow or self._selection.previous
            problem = self._read(not once, self._selection.previous, bounded)
            bounded = False
            if self._over.is_set():
                break
            if problem is None or problem.status != 404:
                track.torn = problem is not None
            if problem is None and (not self._selection.follow or self._selection.previous):
                self._flush()
                self._tell(track.name, "")
                return Outcome.ENDED
            if problem is not None and (outcome := self._refusal(problem)) is not None:
                return outcome
            quick = time.monotonic() - began_s < QUICK_S and track.position.newest_ns == before_ns
            if (outcome := self._look(problem, quick)) is not None:
                return outcome
        return Outcome.CLOSED

    def _begin_before(self) -> bool:
        """Read the last lines of the run before, where they are asked for; return whether there were any."""
        track = self.track
        asked, track.run_before = track.run_before and track.last is not None, False
        if not asked or self._selection.previous or self._read(follow=False, previous=True) is not None:
            return False
        self._flush()
        if not track.position.newest_ns:
            return False
        assert track.last is not None
        self._merge.mark(track.lane, f"restarted: {track.last.told}")
        return True

    def _refusal(self, problem: ApiProblem) -> Outcome | None:
        """Return what an answer means that will be the same when asked again; None for the others."""
        track = self.track
        if isinstance(problem, Refused):
            who = problem.user or "we"
            told = f"{who} may not read pods/log in {track.namespace}: {grant(problem.user, track.namespace)}"
            self._tell(track.name, told)
            return Outcome.REFUSED
        if problem.status == 400:
            if "waiting to start" in problem.said or "PodInitializing" in problem.said:
                track.waits_for = problem.said.rpartition(": ")[2] or "starting"
                return Outcome.WAITS
            self._tell(track.name, problem.said or problem.message)
            return Outcome.REFUSED
        if problem.status == 404 and self._selection.previous:
            return Outcome.GONE
        if not self._selection.follow and self._failures >= ONCE_TRIES:
            self._tell(track.name, problem.message)
            return Outcome.REFUSED
        return None

    def _look(self, problem: ApiProblem | None, quick: bool) -> Outcome | None:
        """Find out why a stream has ended: None to read on."""
        track = self.track
        try:
            pod = self._ask(track.pod, track.uid)
        except Refused:
            self._pause(problem)  # its log may be read, the pod may not: read on
            return None
        except ApiProblem as error:
            self._tell(track.name, error.message)
            self._pause(error)
            return None
        seen = pod.container(track.container) if pod is not None else None
        if seen is None:
            self._flush()
            self._tell(track.name, "")
            return Outcome.GONE
        if seen.run_id != track.run_id:
            self._restarted(seen)
            return None
        if seen.ended is not None:
            if problem is not None and not problem.passing and problem.status != 404:
                self._tell(track.name, problem.message)
                self._pause(problem)
                return None
            return self._finish(seen)
        if problem is not None and not problem.passing:
            self._tell(track.name, problem.message)
        if problem is not None or quick:
            self._pause(problem)
        return None

    def _finish(self, seen: PodContainer) -> Outcome | None:
        """Read what is left of a run that is over; None where that fails and has to be tried again."""
        track = self.track
        problem = self._read(follow=False)
        if problem is not None and problem.status not in (400, 404):
            self._pause(problem)
            return None
        self._flush()
        assert seen.ended is not None
        if problem is None:
            track.torn = False
        track.end, track.end_s, track.end_told = seen.ended.told, time.monotonic(), False
        track.done_id = track.run_id
        self._tell(track.name, "")
        return Outcome.ENDED

    def _restarted(self, seen: PodContainer) -> None:
        """Read what is left of the run before, as long as it is kept, and go over to the new one."""
        track = self.track
        old_id, runs = track.run_id, seen.restarts - track.restarts
        ended = seen.ended_run(old_id) or seen.last
        if track.done_id != old_id and (track.position.newest_ns or track.from_start) and ended is not None:
            self._read_previous()
        if old_id:
            told = f"restarted: {ended.told}" if ended is not None else "restarted"
            if runs > 1:
                told += f" ({runs} times since)"
            self._merge.mark(track.lane, told)
        track.run_id, track.restarts = seen.run_id, seen.restarts

    def _read_previous(self) -> None:
        """Read what was not yet read of the run before; a connection that breaks is no reason to give it up."""
        for _ in range(PREVIOUS_TRIES):
            problem = self._read(follow=False, previous=True)
            if problem is None or problem.status in (400, 404) or isinstance(problem, Refused) or self._over.is_set():
                break
            self._pause(problem)
        self._flush()

    def _pause(self, problem: ApiProblem | None) -> None:
        self._failures += 1
        wait_s = self._patience.first_wait_s * 2.0 ** min(self._failures - 1, 10)
        wait_s = min(self._patience.longest_wait_s, wait_s) * random.uniform(0.7, 1.0)
        if problem is not None and problem.retry_after_s is not None:
            wait_s = max(wait_s, problem.retry_after_s)
        if not self._selection.follow:
            wait_s = min(wait_s, ONCE_WAIT_S)  # who asks for what is there now does not wait for minutes
        self._over.wait(wait_s)

    def _read(self, follow: bool, previous: bool = False, bounded: bool = False) -> ApiProblem | None:
        """Read one answer to its end, or to where it breaks off; return what broke it. ``bounded``: its tail only."""
        track, selection = self.track, self._selection
        reading = Reading(track.origin, track.position, redact=selection.redact, colours=selection.colours)
        self._rest = None
        query, asked_s = self._query(follow, previous, bounded), time.time()
        try:
            head_s = self._patience.head_s if follow else None
            stream = self._api.stream(track.log_path(), query, ANY, head_s, SILENCE_S)
        except ApiProblem as problem:
            waited = time.time() - asked_s > self._patience.head_s * 0.9
            if not follow or problem.problem != "Timeout" or not waited:
                return problem
            # a follower of a silent container gets no head: that is no failure, it was open all the time
            self._opened(asked_s)
            return None
        self._stream = stream
        self._opened(asked_s)
        try:
            if self._over.is_set():
                return None
            for chunk in stream.chunks():
                self._feed(reading, chunk, follow)
        except ApiProblem as problem:
            self._rest = reading
            return problem
        finally:
            self._stream = None
            stream.dispose()
        self._rest = reading
        return None

    def _opened(self, asked_s: float) -> None:
        self.heard_s = time.monotonic()
        self._tell(self.track.name, "")
        if self.track.opened_ms is None:
            self.track.opened_ms = int(asked_s * 1000) + self._api.skew.ms

    def _feed(self, reading: Reading, chunk: bytes, follow: bool) -> None:
        self.heard_s = time.monotonic()
        lines = reading.feed(chunk)
        if lines:
            self._failures = 0
            self._merge.push(self.track.lane, lines, len(chunk))
        if follow and len(chunk) < SMALL_CHUNK:
            time.sleep(self._linger_s())

    def _flush(self) -> None:
        """Give on a last line that has no newline: nothing will be added to it any more."""
        if self._rest is not None and (lines := self._rest.last()):
            self._merge.push(self.track.lane, lines, len(lines[0].text))
        self._rest = None

    def _query(self, follow: bool, previous: bool, bounded: bool = False) -> list[tuple[str, str]]:
        track, selection = self.track, self._selection
        query = [("container", track.container), ("timestamps", "true")]
        if follow:
            query.append(("follow", "true"))
        if previous:
            query.append(("previous", "true"))
        since_s = track.position.since_s
        if since_s and bounded and selection.tail is not None:
            query.append(("tailLines", str(selection.tail)))
        if since_s:
            return [*query, ("sinceTime", _rfc3339(since_s))]
        if track.opened_ms is not None and selection.tail is not None and not track.from_start:
            # it was open and there was no line: all that comes now is new
            return [*query, ("sinceTime", _rfc3339((track.opened_ms - SAME_MS) // 1000 - 1))]
        if track.from_start:
            return query
        if selection.since_ms is not None:
            query.append(("sinceTime", _rfc3339(selection.since_ms // 1000)))
        if selection.tail is not None:
            query.append(("tailLines", str(selection.tail)))
        return query


def _rfc3339(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
