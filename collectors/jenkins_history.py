"""How far back the builds of each job have been read, and which page of them comes next.

The newest few of every job come first, then older ones page by page, until Jenkins has no more, what is left is older
than the store keeps, or so many of one job were read as the settings allow; numbers that nobody looked for are read
down to the last one that was. Builds come and go meanwhile, so that each page begins with the last one of the page
before: where that is missed, a page is read once more from further up. Single numbers that were left out are asked for
one by one; one that was given up is no gap any more, but stays named until Jenkins tells it, or that it is gone.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from collectors.jenkins_wire import Builds, BuildWire
from statusdesk.clock import Clock
from statusdesk.facts import Job

FIRST = 50
PAGE = 100
Ours = Callable[[int | None], int | None]


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

    ``complete``: all that there are, or that are kept. ``cut``: no more will be read. ``gap``: builds after this one,
    before the newest one, are not read; ``lacks``: which, where these are asked for one by one. ``unreadable``: those
    that were given up. ``lowest_ms``: when the lowest one began, in our clock.
    """

    complete: bool = False
    builds: int = 0
    lowest: int | None = None
    cut: bool = False
    gap: int | None = None
    lowest_ms: int | None = None
    lacks: tuple[int, ...] = ()
    unreadable: tuple[int, ...] = ()


UNREAD = Read()


def read_of(jobs: Iterable[Job]) -> dict[str, Read]:
    """Return how far the builds of stored jobs were read. One that does not tell how many was read by an older desk."""
    return {
        job.name: Read(
            complete=job.complete and not job.cut,
            builds=job.read_builds,
            lowest=job.read_from,
            gap=job.gap_after,
            lowest_ms=job.read_from_ms,
            lacks=job.lacks,
            unreadable=job.unreadable,
        )
        for job in jobs
        if job.read_builds or job.gap_after is not None or job.unreadable
    }


class History:
    """Says what to read next of each job. Not locked: its owner is."""

    def __init__(self, most: int, keep_ms: float, clock: Clock, ours: Ours, read: Mapping[str, Read]) -> None:
        """``most``: builds to read of each job; ``keep_ms``: what began longer ago is not kept anyway.

        ``ours`` tells moments of Jenkins in our clock.
        """
        self._most = most
        self._keep_ms = keep_ms
        self._clock = clock
        self._ours = ours
        self._reads: dict[str, Read] = {}
        self._reading: set[str] = set()
        self._gaps: dict[str, set[int]] = {}  # per job the numbers after which pages are missed
        self._lacks: dict[str, set[int]] = {}  # per job the numbers that are asked for one by one
        self._unreadable: dict[str, set[int]] = {}  # and those of them that were given up
        self._earlier: dict[str, int] = {}  # gaps of before, which reading from the newest build down closes
        self.know(read)

    def told(self) -> dict[str, Read]:
        """Return how far the builds of jobs were read; of one of which later ones were missed only after which."""
        self._reads |= {
            job: read._replace(complete=True)
            for job, read in self._reads.items()
            if read.cut and not read.complete and self._is_past(read.lowest_ms)  # what is kept has moved on
        }
        if not (self._gaps or self._lacks or self._earlier or self._unreadable):
            return self._reads
        told = dict(self._reads)
        for job, gap in self._earlier.items():
            told[job] = self._reads.get(job, UNREAD)._replace(complete=False, cut=False, gap=gap)
        for job in {*self._gaps, *self._lacks}:
            after = [*self._gaps.get(job, ()), *(number - 1 for number in self._lacks.get(job, ()))]
            told[job] = Read(gap=min([*after, self._earlier.get(job, after[0])]))
        for job in self._lacks.keys() - self._gaps.keys() - self._earlier.keys():
            read, lacks = self._reads.get(job, UNREAD), tuple(sorted(self._lacks[job]))
            is_complete = read.complete and not read.cut
            told[job] = read._replace(complete=is_complete, cut=False, gap=lacks[0] - 1, lacks=lacks)
        for job, numbers in self._unreadable.items():
            told[job] = told.get(job, UNREAD)._replace(unreadable=tuple(sorted(numbers)))
        return told

    def whole(self, job: str) -> None:
        """Take that a job has no older builds."""
        if not self._reads.get(job, UNREAD).complete:
            self._reads[job] = Read(complete=True, builds=1)

    def first(self, job: str) -> Page | None:
        """Return the page with which to begin, or to go on; None where nothing is to be read, or it is under way."""
        read = self._reads.get(job, UNREAD)
        if read.complete or job in self._reading or read.builds >= self._limit(job):
            return None
        self._reading.add(job)
        if read.lowest is not None:
            return self._next(job, read.builds, read.lowest)
        return Page(0, min(FIRST, self._limit(job)))

    def missed(self, job: str, reached: int, last: int, *, in_pages: bool) -> None:
        """Take that builds between the one reached and the last are not read; until they are, nothing is whole."""
        if in_pages:
            self._gaps.setdefault(job, set()).add(reached)
        elif last > reached + 1:
            self._lacks.setdefault(job, set()).update(range(reached + 1, last))

    def answered(self, job: str, number: int) -> None:
        """Take that Jenkins has said what one build is, or that there is none."""
        for numbers in (self._lacks, self._unreadable):
            _discard(numbers, job, number)

    def gave_up(self, job: str, number: int) -> None:
        """Take that one build cannot be read: those after it are, and it is no gap."""
        if number in self._lacks.get(job, ()):
            _discard(self._lacks, job, number)
            self._unreadable.setdefault(job, set()).add(number)

    def singly(self, job: str) -> list[int]:
        """Return the builds of a job that are to be asked for one by one, also those that were given up before."""
        return sorted(self._lacks.get(job, set()) | self._unreadable.get(job, set()))

    def forget(self, job: str) -> None:
        """Forget a job: its name stands for another one, or for none."""
        self._reads.pop(job, None)
        self._gaps.pop(job, None)
        self._lacks.pop(job, None)
        self._unreadable.pop(job, None)
        self._earlier.pop(job, None)
        self._reading.discard(job)

    def carried(self, moves: Mapping[str, str], lacks: Callable[[str], bool]) -> dict[str, Read]:
        """Return by new names how far jobs were read by the names before; nothing of one that ``lacks`` builds."""
        told = self.told()
        found = {after: told[before] for after, before in moves.items() if before in told}
        return {
            after: read
            for after, read in found.items()
            if read.gap is not None or read.unreadable or not lacks(moves[after])
        }

    def know(self, reads: Mapping[str, Read]) -> None:
        """Take how far the builds of jobs were read before, or by other names that these had."""
        for job, read in reads.items():
            if read.lacks:
                self._lacks[job] = set(read.lacks)
            elif read.gap is not None:
                self._earlier[job] = read.gap
            if read.unreadable:
                self._unreadable[job] = set(read.unreadable)
            if read.builds:
                self._reads[job] = read._replace(cut=self._is_cut(read), gap=None, lacks=(), unreadable=())

    def untold(self, job: str, page: Page, found: list[BuildWire], knows: Callable[[int], bool]) -> list[BuildWire]:
        """Return the builds of a page but for those told before and forgotten: these are attributed as they were."""
        if page.down_to is not None:
            return [build for build in found if build.number > page.down_to or knows(build.number)]
        lowest, never = self._reads.get(job, UNREAD).lowest, set(self.singly(job))
        return [
            build
            for build in found
            if lowest is None or build.number < lowest or build.number in never or knows(build.number)
        ]

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
            if last or lowest is None or lowest <= page.down_to:
                _discard(self._gaps, job, page.down_to)
                return None
            return Page(ended - 1, ended - 1 + PAGE, lowest, page.down_to)
        read = self._reads.get(job, UNREAD)
        if oldest is not None and (read.lowest is None or oldest.number <= read.lowest):
            read = read._replace(lowest=oldest.number, lowest_ms=self._ours(oldest.timestamp))
        read = read._replace(complete=last or read.complete, builds=max(read.builds, ended, 1))
        self._reads[job] = read._replace(cut=self._is_cut(read))
        if read.complete or (lowest is not None and lowest <= self._earlier.get(job, -1)):
            self._earlier.pop(job, None)
        if read.complete or ended >= self._limit(job):
            self._reading.discard(job)
            return None
        self._reading.add(job)
        return self._next(job, ended, lowest)

    def _limit(self, job: str) -> int:
        """Return how many builds of a job to read: as many as the settings allow, but down to all that was missed."""
        return sys.maxsize if job in self._earlier else self._most

    def _next(self, job: str, builds: int, lowest: int | None) -> Page:
        """Return the page after so many builds; the hundredth ends one, as Jenkins lists so many without much ado."""
        begin = max(0, builds - 1)
        end = PAGE if builds < PAGE else begin + PAGE
        return Page(begin, min(end, self._limit(job)), lowest)

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
