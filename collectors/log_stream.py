"""Reads the log of one container through cuts, restarts and refusals, until there is nothing more to read for now.

What a connection that breaks leaves unsaid is asked for again: from the second of the newest line on, and what was
seen of it is left out. That holds across restarts of the container too, since its runs follow each other in time. The
server gives the log of whatever run there is: that is why the pod is looked at each time after a log was opened anew,
and once more where its lines do not join those that were read; only then they are given on.
"""

import random
import threading
import time
from collections.abc import Callable
from functools import partial

from collectors.kubernetes_api import KubernetesApi, Stream
from collectors.kubernetes_problems import ApiProblem, Refused, grant
from collectors.log_lines import MISSING, Selection
from collectors.log_merge import SINCE_QUIET_S, Merge
from collectors.log_pods import LogPod, PodContainer, Run
from collectors.log_reading import Reading
from collectors.log_track import LAST_MISSING, Outcome, Patience, Track
from statusdesk.backoff import doubled

ANY = "*/*"
SILENCE_S = 290.0  # longer than any silence after which a stream is opened anew
SMALL_CHUNK = 8192
PREVIOUS_TRIES = 6
ONCE_TRIES = 5  # without a line in between, where nothing is followed: some 3 s
ONCE_WAIT_S = 2.0
QUICK_S = 1.0  # a stream that ends sooner without a line has failed
_OTHER_RUN = "OtherRun"
NOT_KEPT = "the run before is not kept any more"
NO_LOG = "its log cannot be had"
ALL_MISSING = f"; {MISSING} here"


class _Unsure(Exception):  # noqa: N818  (it travels from the depth of an answer to where the answer was opened)
    """It is not known of which run the log is that was opened, or it is another one's: none of it is given on."""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


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
        self.heard_s = self.opened_s = time.monotonic()
        self.follows = False
        """Whether a stream is open that goes on until the run is over."""
        self.other_s: float | None = None
        """Since when the pod was seen to have another run; kept by who looks after the readers."""
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
        self._is_joined = False
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
        once = not self._selection.follow or self._selection.previous
        if track.done_id and (outcome := self._look(None)) is not None:
            return outcome
        bounded = self._begin_before()
        while not self._over.is_set():
            began_s, before_ns = time.monotonic(), track.position.newest_ns
            problem = self._read(track.run_id, not once, self._selection.previous, bounded)
            if problem is None and track.over_id == track.run_id and not once:
                self._merge.await_end(track.lane)
            else:
                self._merge.begun(track.lane)
            bounded = False
            if self._over.is_set():
                break
            if problem is not None and problem.problem == _OTHER_RUN:
                if (outcome := self._look(problem)) is not None:
                    return outcome
                continue
            if problem is None or problem.absent != track.pod:
                track.torn = problem is not None
            if problem is None and once:
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
        asked, track.run_before = track.run_before, False
        if not asked or self._selection.previous or track.last is None:
            return False
        problem = self._read(track.last.container_id, previous=True)
        self._flush()
        self._merge.begun(track.lane, more=True)
        if not track.position.newest_ns:
            return False
        track.reads_before = True
        missing = LAST_MISSING if problem is not None else ""
        self._merge.mark(track.lane, f"restarted: {track.last.told}{missing}", track.last.finished_ns)
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
            gone = self._selection.previous and "previous terminated container" in problem.said
            self._tell(track.name, NOT_KEPT if gone else f"{NO_LOG}: {problem.said or problem.message}")
            return Outcome.REFUSED
        if (not self._selection.follow or self._selection.previous) and self._failures >= ONCE_TRIES:
            self._tell(track.name, problem.message)
            return Outcome.REFUSED
        return None

    def _look(self, problem: ApiProblem | None, quick: bool = False) -> Outcome | None:
        """Find out why a stream has ended: None to read on."""
        track = self.track
        try:
            seen = self._seen()
        except ApiProblem as error:
            track.torn = True
            self._tell(track.name, error.message)
            self._pause(error)
            return None
        if seen is None:
            self._flush()
            self._tell(track.name, "")
            return Outcome.GONE
        if seen.run_of(self._selection.previous) != track.run_id:
            self._restarted(seen)
            return None
        if track.done_id == track.run_id:
            return Outcome.ENDED
        failed = problem if problem is not None and not problem.passing else None
        is_over = seen.ended is not None and not self._selection.previous
        if is_over and seen.ended is not None and (failed is None or failed.absent == track.pod):
            return self._finish(seen.ended)
        track.torn = True  # it goes on
        if failed is not None:
            self._tell(track.name, failed.message)
        if problem is not None or quick:
            self._pause(problem)
        return None

    def _seen(self) -> PodContainer | None:
        """Return the container as it is now, None where its pod has gone. Raises: ApiProblem."""
        pod = self._ask(self.track.pod, self.track.uid)
        return pod.container(self.track.container) if pod is not None else None

    def _finish(self, ended: Run) -> Outcome | None:
        """Read what is left of a run that is over; None where that fails and has to be tried again."""
        track = self.track
        problem = self._read(track.run_id)
        if problem is not None and not self._is_not_kept(problem):
            if problem.problem != _OTHER_RUN:
                self._pause(problem)
            return None
        if problem is not None and track.opened_ms is None:
            self._tell(track.name, f"{NO_LOG}: {problem.said or problem.message}")
            return Outcome.REFUSED
        self._flush()
        if problem is None and self._is_joined:
            track.torn = False
        track.read_out(ended, self._api.now_ns)
        if track.over_id == track.run_id:
            track.tell_end(self._merge)
        self._tell(track.name, "")
        return Outcome.ENDED

    def _restarted(self, seen: PodContainer) -> None:
        """Go over to another run: first comes what is left of the one before, as long as it is kept."""
        track = self.track
        if self._selection.previous:
            self._go_over(seen.run_of(True), seen.restarts, None, seen.restarts - track.restarts, 0)
            return
        before = seen.before
        is_begun = track.from_start or track.opened_ms is not None or track.position.newest_ns > 0
        if before is not None and before.container_id != track.run_id and is_begun:
            # a run in between: of all the others there is no log any more
            times = seen.restarts - 1 - track.restarts
            self._go_over(before.container_id, seen.restarts - 1, None, times, before.started_ns)
        if before is not None and before.container_id == track.run_id:
            if track.done_id != track.run_id and is_begun and not self._read_previous():
                self._pause(None)
                return
            self._go_over(seen.run_id, seen.restarts, before, 1, seen.started_ns)
            return
        ended = seen.last if not is_begun else None
        times = seen.restarts - track.restarts
        self._go_over(seen.run_id, seen.restarts, ended, times, seen.started_ns)

    def _go_over(self, run_id: str, restarts: int, ended: Run | None, times: int, started_ns: int) -> None:
        """Mark that the run before is over, and what may be missing of it and of others after it.

        Its time is that of the end; where that is not known or was told already, ``started_ns``, when the next began.
        """
        track = self.track
        is_read = track.done_id == track.run_id
        told, ended_ns = (ended.told, ended.finished_ns) if ended is not None else ("", 0)
        if track.end:
            told, ended_ns = track.end, track.end_ns
        is_again = is_read and track.end_told
        mark = "started again" if is_again else f"restarted: {told}" if told else "restarted"
        if times > 1:
            mark += f" ({times} times since){ALL_MISSING}"
        elif track.torn and not is_read:
            mark += LAST_MISSING
        at_ns = started_ns if is_again else ended_ns or started_ns
        self._merge.mark(track.lane, mark, at_ns or self._api.now_ns)
        track.run_id, track.restarts, track.started_ns = run_id, restarts, started_ns
        track.reads_before = track.reads_before or track.position.newest_ns > 0
        track.end, track.end_told, track.torn = "", False, True

    def _is_not_kept(self, problem: ApiProblem) -> bool:
        """Say whether the server has no log of a run, and will have none."""
        return problem.status == 400 or problem.absent == self.track.pod

    def _read_previous(self) -> bool:
        """Read what was not yet read of the run before; False where there is another one before by now.

        A connection that breaks, or a server that is away, is no reason to give it up.
        """
        track = self.track
        for _ in range(PREVIOUS_TRIES):
            problem = self._read(track.run_id, previous=True)
            if self._over.is_set() or problem is not None and problem.problem == _OTHER_RUN:
                return False
            if problem is None or self._is_not_kept(problem) or isinstance(problem, Refused):
                break
            track.torn = True
            self._tell(track.name, problem.message)
            self._pause(problem)
            self._wait_for_answer()
        self._flush()
        if problem is None and self._is_joined:
            track.torn = False
        return True

    def _wait_for_answer(self) -> None:
        """Wait until the server tells of the pod again; not for ever, where nothing is followed."""
        while not self._over.is_set() and (self._selection.follow or self._failures < ONCE_TRIES):
            try:
                self._seen()
                return
            except ApiProblem as problem:
                self._pause(problem)

    def _pause(self, problem: ApiProblem | None) -> None:
        self._failures += 1
        patience = self._patience
        wait_s = doubled(patience.first_wait_s, self._failures, patience.longest_wait_s) * random.uniform(0.7, 1.0)
        if problem is not None and problem.retry_after_s is not None:
            wait_s = max(wait_s, problem.retry_after_s)
        if not self._selection.follow:
            wait_s = min(wait_s, ONCE_WAIT_S)  # who asks for what is there now does not wait for minutes
        self._over.wait(wait_s)

    def _read(
        self, run_id: str, follow: bool = False, previous: bool = False, bounded: bool = False
    ) -> ApiProblem | None:
        """Read one answer to its end, or to where it breaks off; return what broke it. ``bounded``: its tail only."""
        track, selection = self.track, self._selection
        make_sure = partial(self._make_sure, run_id, previous)
        gap = partial(self._gap, make_sure) if track.read_of == run_id else None
        reading = Reading(track.origin, track.position, selection.manner, gap=gap)
        self._rest, self._is_joined = None, False
        (query, tail), asked_s = track.query(selection, follow, previous, bounded), time.time()
        if track.begins(bounded):
            self._begin(asked_s, tail)
        is_known, track.tried = not (track.tried or track.from_start), True
        try:
            head_s = self._patience.head_s if follow else None
            stream = self._api.stream(track.log_path(), query, ANY, head_s, SILENCE_S)
        except ApiProblem as problem:
            waited = time.time() - asked_s > self._patience.head_s * 0.9
            if not follow or problem.problem != "Timeout" or not waited:
                return problem
            # a follower of a silent container gets no head: that is no failure, it was open all the time
            self._opened(asked_s, previous)
            return None
        self._stream, self.follows = stream, follow
        try:
            if not is_known:
                make_sure()
            self._opened(asked_s, previous)
            return self._read_out(stream, reading, run_id, follow)
        except _Unsure as unsure:
            return unsure.problem
        finally:
            self._stream, self.follows = None, False
            stream.dispose()

    def _read_out(self, stream: Stream, reading: Reading, run_id: str, follow: bool) -> ApiProblem | None:
        """Give on what a stream brings; return what broke it. Raises: _Unsure."""
        if self._over.is_set():
            return None
        try:
            for chunk in stream.chunks():
                self._feed(reading, chunk, run_id, follow)
        except ApiProblem as problem:
            self._rest = reading
            return problem
        self._rest, self._is_joined = reading, reading.is_joined
        return None

    def _begin(self, asked_s: float, tail: int | None) -> None:
        """Let lines of others wait for those of this one that were there before it was asked."""
        until_ns = int((asked_s + self._api.skew.ms / 1000) * 1e9)
        quiet_s = 0.0 if tail is not None or self.track.from_start else SINCE_QUIET_S
        self._merge.begin(self.track.lane, until_ns, tail or None, quiet_s)

    def _make_sure(self, run_id: str, previous: bool) -> None:
        """Look whether the log that is open is that of a run: it was when it was opened if the run is still there.

        Raises: _Unsure.
        """
        try:
            seen = self._seen()
        except ApiProblem as problem:
            raise _Unsure(problem) from problem
        if seen is None or seen.run_of(previous) != run_id:
            raise _Unsure(ApiProblem(_OTHER_RUN, "the log is of another run", passing=True))

    def _gap(self, make_sure: Callable[[], None], told: str, until_ns: int) -> None:
        """Mark that lines before a time may be missing, where it is the log of the same run still. Raises: _Unsure."""
        make_sure()
        self._over.wait(self._patience.settle_s)
        make_sure()
        self._merge.mark(self.track.lane, told, until_ns)

    def _opened(self, asked_s: float, previous: bool) -> None:
        self.heard_s = self.opened_s = time.monotonic()
        self._tell(self.track.name, "")
        if self.track.opened_ms is None and not previous:
            self.track.opened_ms = int(asked_s * 1000) + self._api.skew.ms

    def _feed(self, reading: Reading, chunk: bytes, run_id: str, follow: bool) -> None:
        self.heard_s = time.monotonic()
        lines = reading.feed(chunk)
        if lines:
            self._failures = 0
            self.track.read_of = run_id
            self._merge.push(self.track.lane, lines, len(chunk))
        if follow and len(chunk) < SMALL_CHUNK and not self.track.lane.is_behind:
            time.sleep(self._linger_s())

    def _flush(self) -> None:
        """Give on a last line that has no newline: nothing will be added to it any more."""
        if self._rest is not None and (lines := self._rest.last()):
            self._merge.push(self.track.lane, lines, len(lines[0].text))
        self._rest = None
