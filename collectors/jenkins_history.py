"""How far back the builds of each job have been read, and which page of them comes next.

The newest few of every job come first, then older ones page by page, until Jenkins has no more, what is left is older
than the store keeps, or so many of one job were read as the settings allow; numbers that nobody looked for are read
down to the last one that was. Builds come and go meanwhile, so that each page begins with the last one of the page
before: where that is missed, a page is read once more from further up. A few numbers that were left out are asked for
one by one, and so are those of a page that cannot be read; one that was given up is no gap any more, but stays named
until Jenkins tells it, or that it is gone, or it is older than what is kept. What is missed says nothing of the older
builds, and the other way round.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple

from collectors.jenkins_wire import Builds, BuildWire
from statusdesk.clock import Clock
from statusdesk.facts import Job

FIRST = 50
PAGE = 100
SINGLY = 20  # more missing numbers than this are asked for in pages, though that makes Jenkins read more
Ours = Callable[[int | None], int | None]
Spans = tuple[tuple[int, int], ...]
"""First and last numbers."""


class Page(NamedTuple):
    """The builds of a job from ``begin`` to before ``end``, counted from the newest.

    ``below``: the lowest number of the page before it. ``down_to``: the last number reached, where those after it were
    missed; None: all that are older are read.
    """

    begin: int
    end: int
    below: int | None = None
    down_to: int | None = None


class Read(NamedTuple):
    """How far the builds of a job were read: so many of its newest, down to this number.

    ``complete``: all that there are, or that are kept. ``cut``: no more will be read. ``lowest_ms``: when the lowest
    one began, in our clock. ``gaps``: between which numbers, in their order, builds were missed; ``unreadable``: those
    of them that were given up. ``told``: builds that were told before, whether they are said to be read or not: how far
    a job is read is stored with the next visit only, and its builds at once.
    """

    complete: bool = False
    builds: int = 0
    lowest: int | None = None
    cut: bool = False
    lowest_ms: int | None = None
    gaps: tuple[tuple[int, int], ...] = ()
    unreadable: tuple[int, ...] = ()
    told: Spans = ()


UNREAD = Read()


def read_of(jobs: Iterable[Job], told: Mapping[str, Spans], known: Container[str]) -> dict[str, Read]:
    """Return how far the builds of stored jobs were read. One that does not tell how many was read by an older desk.

    ``told``: builds that are stored of those that were not, also of other jobs; ``known``: which jobs have builds.
    """
    read = {
        job.name: Read(
            complete=job.complete and not job.cut,
            builds=job.read_builds,
            lowest=job.read_from,
            lowest_ms=job.read_from_ms,
            gaps=job.gaps,
            unreadable=job.unreadable,
        )
        for job in jobs
        # one that had no build may have many by now
        if (job.read_builds or job.gaps or job.unreadable) and job.name in known
    }
    return read | {job: read.get(job, UNREAD)._replace(told=spans) for job, spans in told.items()}


class History:
    """Says what to read next of each job. Not locked: its owner is."""

    def __init__(
        self,
        most: int,
        keep_ms: float,
        clock: Clock,
        ours: Ours,
        read: Mapping[str, Read],
        next_ms: Callable[[str, int], int | None],
    ) -> None:
        """``most``: builds to read of each job; ``keep_ms``: what began longer ago is not kept anyway.

        ``ours`` tells moments of Jenkins in our clock; ``next_ms``: when the next build after a number began that is
        known now, in our clock.
        """
        self._most = most
        self._keep_ms = keep_ms
        self._clock = clock
        self._ours = ours
        self._next_ms = next_ms
        self._reads: dict[str, Read] = {}
        self._reading: set[str] = set()
        self._gaps: dict[str, dict[int, int]] = {}  # per job the numbers between which pages are missed
        self._due: dict[str, list[Page]] = {}  # with which to begin, or to go on, where nobody reads them
        self._lacks: dict[str, set[int]] = {}  # per job the numbers that are asked for one by one
        self._unreadable: dict[str, dict[int, int]] = {}  # and those that were given up, with when each began at last
        self._absent: dict[str, set[int]] = {}  # of both those that are not there, as far as was said since a visit
        self._absent_before: dict[str, set[int]] = {}  # or shortly before: a visit may have asked earlier
        self._old: dict[str, int] = {}  # per job the last of these that is older than what is kept
        self.know(read)

    def age(self, shown: Container[str]) -> None:
        """Take that time has passed: a job is complete once all that was not read of it is not kept any more.

        Nor is a build that was given up, once a later one is not. ``shown``: the jobs that are there; of others it is
        not known which builds are not.
        """
        for job in {*self._absent, *self._absent_before}:
            if job not in shown:
                self._miss_again(job)
        self._absent_before, self._absent = self._absent, {}
        for job, read in self._reads.items():
            if read.cut and not read.complete and self._is_past(read.lowest_ms):
                self._reads[job] = read._replace(complete=True)
        for job, of_job in list(self._unreadable.items()):
            for number in [each for each, began_ms in of_job.items() if self._is_past(began_ms)]:
                self._old[job] = max(number, self._old.get(job, 0))
                self.answered(job, number)

    def told(self) -> dict[str, Read]:
        """Return how far the builds of jobs were read, and which of later ones were missed."""
        told = dict(self._reads)
        for job in {*self._gaps, *self._lacks, *self._unreadable}:
            gaps = [*self._gaps.get(job, {}).items(), *((each - 1, each + 1) for each in self._lacks.get(job, ()))]
            unreadable = sorted(self._unreadable.get(job, {}))
            read = self._reads.get(job, UNREAD)
            told[job] = read._replace(gaps=tuple(sorted(gaps)), unreadable=tuple(unreadable))
        return told

    def whole(self, job: str) -> None:
        """Take that a job has no older builds."""
        if not self._reads.get(job, UNREAD).complete:
            self._reads[job] = Read(complete=True, builds=1)

    def first(self, job: str) -> Page | None:
        """Return the page with which to begin, or to go on; None where nothing is to be read, or it is under way."""
        read = self._reads.get(job, UNREAD)
        if read.complete or job in self._reading or read.builds >= self._most:
            return None
        self._reading.add(job)
        if read.lowest is not None:
            return self._next(job, read.builds, read.lowest)
        return Page(0, min(FIRST, self._most))

    def missed(self, job: str, after: int, before: int) -> None:
        """Take that the builds between two numbers are not read: a few are asked for one by one, others in pages."""
        numbers = range(after + 1, before)
        if len(numbers) > SINGLY:
            self._gaps.setdefault(job, {})[after] = before
            self._due.setdefault(job, []).append(Page(0, PAGE, down_to=after))
        elif numbers:
            self._lacks.setdefault(job, set()).update(numbers)

    def pages(self, job: str) -> list[Page]:
        """Return the pages of builds that were missed which nobody has asked for yet; they are taken to be now."""
        return self._due.pop(job, [])

    def refused(self, job: str, page: Page) -> None:
        """Take that a page of builds that were missed cannot be read: it hides no more than its own from now on."""
        after = page.down_to
        before = self._gaps.get(job, {}).get(after) if after is not None else None
        if after is None or before is None:
            return
        lowest = max(after + 1, before - PAGE)
        self._lacks.setdefault(job, set()).update(range(lowest, before))
        if self._narrowed(job, after, lowest):
            self._due.setdefault(job, []).append(Page(page.end - 1, page.end - 1 + PAGE, lowest, after))

    def answered(self, job: str, number: int) -> None:
        """Take that Jenkins has said what one build is, or that there is none."""
        _discard(self._lacks, job, number)
        self._unreadable.get(job, {}).pop(number, None)
        if not self._unreadable.get(job):
            self._unreadable.pop(job, None)

    def absent(self, job: str, number: int) -> None:
        """Take that there is no such build by the name of this job, which may have another one by now."""
        if number in self.singly(job):
            self._absent.setdefault(job, set()).add(number)
        self.answered(job, number)

    def _miss_again(self, job: str) -> None:
        for absent in (self._absent, self._absent_before):
            if numbers := absent.pop(job, None):
                self._lacks.setdefault(job, set()).update(numbers)

    def gave_up(self, job: str, number: int) -> None:
        """Take that one build cannot be read: those after it are, and it is no gap."""
        if number in self._lacks.get(job, ()):
            _discard(self._lacks, job, number)
            if not self.is_old(job, number):
                self._name_unreadable(job, number)

    def _name_unreadable(self, job: str, number: int) -> None:
        began_ms = self._next_ms(job, number)
        self._unreadable.setdefault(job, {})[number] = self._clock() if began_ms is None else began_ms

    def is_old(self, job: str, number: int | None) -> bool:
        """Tell whether a build is no newer than one that was given up and is not kept any more, and is in no gap."""
        return number is not None and number <= self._old.get(job, 0) and number not in self._lacks.get(job, ())

    def singly(self, job: str) -> list[int]:
        """Return the builds of a job that are to be asked for one by one, also those that were given up before."""
        return sorted(self._lacks.get(job, set()) | self._unreadable.get(job, {}).keys())

    def forget(self, job: str) -> None:
        """Forget a job: its name stands for another one, or for none."""
        self._reads.pop(job, None)
        self._gaps.pop(job, None)
        self._due.pop(job, None)
        self._lacks.pop(job, None)
        self._unreadable.pop(job, None)
        self._old.pop(job, None)
        self._absent.pop(job, None)
        self._absent_before.pop(job, None)
        self._reading.discard(job)

    def carried(self, moves: Mapping[str, str]) -> dict[str, Read]:
        """Return by new names how far jobs were read by the names before."""
        for job in moves.values():
            self._miss_again(job)
        told = self.told()
        return {after: told[before] for after, before in moves.items() if before in told}

    def know(self, reads: Mapping[str, Read]) -> None:
        """Take how far the builds of jobs were read before, or by other names that these had."""
        for job, read in reads.items():
            for after, before in read.gaps:
                self.missed(job, after, before)
            for number in read.unreadable:
                self._name_unreadable(job, number)
            if read.builds or read.told:
                self._reads[job] = read._replace(cut=self._is_cut(read), gaps=(), unreadable=())

    def untold(
        self, job: str, page: Page | None, found: list[BuildWire], needs: Callable[[int], bool]
    ) -> list[BuildWire]:
        """Return the builds that were found but for those told before and forgotten: these are attributed as they were.

        ``page``: where they were found; None: one was asked for alone.
        """
        read, never = self._reads.get(job, UNREAD), set(self.singly(job))
        lowest, gaps = read.lowest, self._gaps.get(job, {}).items()

        def is_untold(number: int) -> bool:
            if any(first <= number <= last for first, last in read.told):
                return False
            if page is None:
                return True
            older = page.down_to is None and (lowest is None or number < lowest)
            return older or number in never or any(after < number < before for after, before in gaps)

        return [build for build in found if is_untold(build.number) or needs(build.number)]

    def after(self, job: str, page: Page, answer: Builds) -> Page | None:
        """Take what a page holds; return the next one, or None where that was the last."""
        found = answer.found
        numbers = [build.number for build in found]
        for number in numbers:
            self.answered(job, number)
        if page.begin and page.below is not None and max(numbers, default=0) < page.below:
            begin = max(0, page.begin - PAGE)  # some were deleted meanwhile, and others have moved up
            return page._replace(begin=begin, end=begin + PAGE)
        oldest = min(found, key=lambda build: build.number, default=None)
        lowest = oldest.number if oldest is not None else None
        ended = page.begin + len(found)
        last = self._is_last(page, answer)
        if page.down_to is not None:
            left = not last and lowest is not None and self._narrowed(job, page.down_to, lowest)
            if not left:
                self._close(job, page.down_to)
            return Page(ended - 1, ended - 1 + PAGE, lowest, page.down_to) if left else None
        read = self._reads.get(job, UNREAD)
        if oldest is not None and (read.lowest is None or oldest.number <= read.lowest):
            read = read._replace(lowest=oldest.number, lowest_ms=self._ours(oldest.timestamp))
        read = read._replace(complete=last or read.complete, builds=max(read.builds, ended, 1))
        self._reads[job] = read._replace(cut=self._is_cut(read))
        if read.complete or ended >= self._most:
            self._reading.discard(job)
            return None
        self._reading.add(job)
        return self._next(job, ended, lowest)

    def _narrowed(self, job: str, after: int, lowest: int) -> bool:
        """Take that builds missed after a number are not any more from another number on; tell if any are left."""
        of_job = self._gaps.get(job, {})
        if after not in of_job or lowest <= after + 1:
            self._close(job, after)
            return False
        of_job[after] = min(of_job[after], lowest)
        return True

    def _close(self, job: str, after: int) -> None:
        of_job = self._gaps.get(job, {})
        of_job.pop(after, None)
        if not of_job:
            self._gaps.pop(job, None)

    def _next(self, job: str, builds: int, lowest: int | None) -> Page:
        """Return the page after so many builds; the hundredth ends one, as Jenkins lists so many without much ado."""
        begin = max(0, builds - 1)
        end = PAGE if builds < PAGE else begin + PAGE
        return Page(begin, min(end, self._most), lowest)

    def _is_last(self, page: Page, answer: Builds) -> bool:
        found, first = answer.found, answer.firstBuild
        if len(found) < page.end - page.begin:
            return True
        oldest = min(found, key=lambda build: build.number)
        if first is not None and oldest.number <= first.number:
            return True
        return self._is_past(self._ours(oldest.timestamp))

    def _is_past(self, at_ms: int | None) -> bool:
        """Whether what began then, in our clock, is not kept any more."""
        return at_ms is not None and at_ms < self._clock() - self._keep_ms

    def _is_cut(self, read: Read) -> bool:
        return not read.complete and read.builds >= self._most


def _discard(numbers: dict[str, set[int]], job: str, number: int) -> None:
    of_job = numbers.get(job, set())
    of_job.discard(number)
    if not of_job:
        numbers.pop(job, None)
