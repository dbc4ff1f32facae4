"""What is asked of Jenkins beside the regular visit: older builds, gaps, builds that may have ended.

A few threads, each with its own connection, run errands one by one, urgent ones first. When Jenkins does not answer,
all rest until the regular visit has reached it again.
"""

import collections
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_history import Page
from collectors.jenkins_queries import one_build, page_of_builds, remaining_builds
from collectors.jenkins_wire import Builds, BuildWire, Remaining
from collectors.pace import RETRY_AFTER_LIMIT_S
from collectors.transport import VisitFailed, fault
from statusdesk.job_names import shown_build, shown_job
from statusdesk.text import counted

MAX_TRIES = 5
PATIENCE = 3.0  # old builds are read from disk by a server that may be cold


class Errand(NamedTuple):
    """One build to ask for, or with ``page`` some builds of a job.

    With ``missed``, numbers that were not there, the job is asked which builds it still has. ``era`` counts the jobs
    that had this name before.
    """

    job: str
    path: str
    number: int | None = None
    missed: frozenset[int] = frozenset()
    era: int = 0
    page: Page | None = None

    @property
    def can_wait(self) -> bool:
        """Whether all others go first: what is old by now was not known for long."""
        return self.page is not None and self.page.begin > 0 and not self.fills_gap

    @property
    def fills_gap(self) -> bool:
        """Whether it is a page of builds that were missed."""
        return self.page is not None and self.page.down_to is not None


def trouble(given_up: Mapping[Errand, VisitFailed]) -> VisitFailed | None:
    """Return what is to be told of the errands that failed for good; a single build is named.

    The builds of a page that fills a gap are asked for one by one before anything is said of them.
    """
    failed = [errand for errand in given_up if not errand.fills_gap]
    if not failed:
        return None
    errand, error = failed[0], given_up[failed[0]]
    jobs = len({each.job for each in failed})
    such = shown_job(errand.job) if errand.number is None else shown_build(errand.job, errand.number)
    text = f"builds of {counted(jobs, 'job')} could not be read, such as {such}: {error.message}"
    return VisitFailed(error.problem, text)


class JenkinsErrands:
    """Runs errands in the background, at most ``parallel`` at a time; the same one is never twice under way."""

    def __init__(
        self,
        connect: Callable[[], JenkinsApi],
        parallel: int,
        done: Callable[[Errand, Builds], None],
        missing: Callable[[Errand], bool],
        remain: Callable[[Errand, Remaining], None],
    ) -> None:
        self._connect = connect
        self._parallel = max(1, parallel)
        self._done = done
        self._missing = missing
        self._remain = remain
        self._changed = threading.Condition()
        self._todo: collections.deque[Errand] = collections.deque()
        self._older: collections.deque[Errand] = collections.deque()  # behind all others
        self._under_way: dict[Errand, None] = {}  # in the order in which they were asked for
        self._tries: dict[Errand, int] = {}
        self._later: list[Errand] = []
        self._given_up: dict[Errand, VisitFailed] = {}
        self._resting = False
        self._not_before_s = 0.0  # when Jenkins has asked for fewer requests: until when none is made
        self._closed = True
        self._round = 0  # threads of an earlier one end when they come back

    def start(self) -> None:
        """Begin, also after a ``close``: what was under way then is run again."""
        with self._changed:
            self._closed, self._resting = False, False
            self._round += 1
            self._later.clear()
            self._todo = collections.deque(each for each in self._under_way if not each.can_wait)
            self._older = collections.deque(each for each in self._under_way if each.can_wait)
            mine = self._round
        for index in range(self._parallel):
            threading.Thread(target=self._run, args=(mine,), name=f"jenkins-errands-{index}", daemon=True).start()

    def close(self) -> None:
        """Start no more errands; those under way end by their own time-outs."""
        with self._changed:
            self._closed = True
            self._todo.clear()
            self._older.clear()
            self._later.clear()
            self._changed.notify_all()

    def ask(self, errands: Iterable[Errand], urgent: bool = False) -> None:
        """Add errands that are neither waiting, under way nor given up, in their order.

        Urgent ones go first, of those that can wait before all that can.
        """
        with self._changed:
            new = [e for e in dict.fromkeys(errands) if e not in self._under_way and e not in self._given_up]
            self._under_way.update(dict.fromkeys(new))
            self._line_up(new, urgent)
            self._changed.notify_all()

    def _line_up(self, errands: list[Errand], urgent: bool) -> None:
        for can_wait, line in ((False, self._todo), (True, self._older)):
            mine = [errand for errand in errands if errand.can_wait is can_wait]
            if urgent:
                line.extendleft(reversed(mine))
            else:
                line.extend(mine)

    def resume(self) -> None:
        """Go on, and try again what failed, after Jenkins has answered the regular visit; not before it said."""
        with self._changed:
            if time.monotonic() < self._not_before_s:
                return
            self._resting = False
            self._line_up(self._later[::-1], urgent=True)
            self._later.clear()
            self._changed.notify_all()

    def forgive(self) -> None:
        """Try once more what was given up; it stays in ``given_up`` until it works."""
        with self._changed:
            again = [errand for errand in self._given_up if errand not in self._under_way]
            self._under_way.update(dict.fromkeys(again))
            self._line_up(again, urgent=False)
            self._changed.notify_all()

    def busy(self) -> bool:
        """Tell whether anything waits or is under way."""
        with self._changed:
            return bool(self._under_way)

    def drop(self, is_settled: Callable[[Errand], bool]) -> None:
        """Forget what was given up and is settled in another way, as where its job has another name now."""
        with self._changed:
            self._given_up = {errand: error for errand, error in self._given_up.items() if not is_settled(errand)}

    def given_up(self) -> dict[Errand, VisitFailed]:
        """Return the errands that failed for good, with why."""
        with self._changed:
            return dict(self._given_up)

    def _run(self, mine: int) -> None:
        api: JenkinsApi | None = None
        while (errand := self._next(mine)) is not None:
            try:
                api = self._do(errand, api, mine)
            except Exception as error:  # an odd answer about one build must not end the errands of all others
                self._give_up(errand, fault(error, "Jenkins"))

    def _do(self, errand: Errand, api: JenkinsApi | None, mine: int) -> JenkinsApi | None:
        """Run an errand to its end, well or not; returns the connection for the next one.

        What is answered when this round is over is for nobody: the next one runs the errand again.
        """
        try:
            api = api or self._connect()
            answer = self._fetch(api, errand)
            if self._is_over(mine):
                return api
            self._deliver(errand, answer)
        except VisitFailed as error:
            if not self._is_over(mine):
                self._failed(errand, error)
            # the token may have been replaced: read it again
            return None if error.problem == "Unauthorized" else api
        self._finished(errand)
        return api

    def _deliver(self, errand: Errand, answer: Builds | Remaining) -> None:
        if isinstance(answer, Remaining):
            self._remain(errand, answer)
        else:
            self._done(errand, answer)

    def _fetch(self, api: JenkinsApi, errand: Errand) -> Builds | Remaining:
        if errand.missed:
            remaining = api.get(remaining_builds(errand.path), Remaining, PATIENCE)
            if not remaining.is_readable:
                raise VisitFailed("NotJson", f"Jenkins does not tell which builds {shown_job(errand.job)} still has")
            return remaining
        if errand.page is not None:
            page = api.get(page_of_builds(errand.path, errand.page.begin, errand.page.end), Builds, PATIENCE)
            if not page.is_readable:
                raise VisitFailed("NotJson", f"Jenkins does not tell which builds {shown_job(errand.job)} has")
            return page
        assert errand.number is not None
        return Builds(builds=[api.get(one_build(errand.path, errand.number), BuildWire, PATIENCE)])

    def _next(self, mine: int) -> Errand | None:
        with self._changed:
            while not self._is_over(mine) and (self._resting or not (self._todo or self._older)):
                self._changed.wait()
            return None if self._is_over(mine) else (self._todo or self._older).popleft()

    def _is_over(self, mine: int) -> bool:
        return self._closed or mine != self._round

    def _finished(self, errand: Errand) -> None:
        with self._changed:
            self._under_way.pop(errand, None)
            self._tries.pop(errand, None)
            self._given_up.pop(errand, None)

    def _give_up(self, errand: Errand, error: VisitFailed) -> None:
        with self._changed:
            self._tries.pop(errand, None)
            self._under_way.pop(errand, None)
            self._given_up[errand] = error

    def _failed(self, errand: Errand, error: VisitFailed) -> None:
        if error.status == 404 and self._missing(errand):
            self._finished(errand)
            return
        with self._changed:
            tries = self._tries[errand] = self._tries.get(errand, 0) + 1
        if error.problem == "Forbidden" or tries >= MAX_TRIES:
            self._give_up(errand, error)
            return
        with self._changed:
            self._later.append(errand)
            # An error page may be about this one build or job; all else concerns Jenkins as a whole.
            if error.status not in (404, 500) and error.problem != "NotJson":
                self._resting = True
                wait_s = min(error.retry_after_s or 0.0, RETRY_AFTER_LIMIT_S)
                self._not_before_s = max(self._not_before_s, time.monotonic() + wait_s)
