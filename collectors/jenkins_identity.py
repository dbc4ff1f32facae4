"""Whether a job is still the one whose builds are known by its name: jobs are renamed, swapped, and made again.

Jenkins has no lasting id of a job that every visit could show. What it has are the builds: a number and a start of the
same job never change, and later numbers have started later. So two answers about one name are about two jobs where
they contradict each other in that; and a job that has another's last build is that job with another name.
"""

import itertools
import time
from collections.abc import Collection, Iterable, Sequence

from collectors.jenkins_errands import Errand
from collectors.jenkins_facts import SeenJob
from collectors.jenkins_history import History, Page
from collectors.jenkins_ledger import BuildLedger
from collectors.jenkins_wire import BuildWire, RemainingBuild
from statusdesk.facts import Build

Start = tuple[int, int]
"""Number and start of a build, which no two jobs share."""
STANDING = 20  # so many known builds that are newer than a job's last one are asked for at a time
RETIRED_KEPT = 10_000
RETIRED_BUILDS = 20_000
"""Of jobs that have gone; of those that went before, only the last build is kept."""
UNSEEN_S = 60.0
"""After so long without an answer a job may have been made again with any number of builds."""


class Identities:
    """Says of jobs that they moved, began anew, or may have. Not locked: its owner is."""

    def __init__(self, ledger: BuildLedger, unseen_s: float = UNSEEN_S) -> None:
        self._ledger = ledger
        self._unseen_s = unseen_s
        self._names: frozenset[str] = frozenset()
        self._looked_s = float("-inf")
        self._is_doubtful = True
        self._eras: dict[str, int] = {}
        self._retired: dict[str, tuple[Build, ...]] = {}  # the newest ones at the end
        self._whole: dict[str, int] = {}  # of these all builds are kept, so many
        self._others: set[str] = set()

    def look(self, names: frozenset[str]) -> None:
        """Take which jobs a visit shows; one that is back is held against the builds that it had."""
        now_s = time.monotonic()
        self._is_doubtful = names != self._names or now_s - self._looked_s > self._unseen_s
        if names != self._names and self._retired:
            for name in names & self._retired.keys():
                self._bring_back(name)
        self._names, self._looked_s = names, now_s

    def retire(self, job: str) -> None:
        """Set what is known of a job aside: it has gone, and when it is back its builds are attributed as they were."""
        known = self._ledger.of_job(job)
        self.begin(job)
        if not known:
            return
        self._retired[job], self._whole[job] = known, len(known)
        while sum(self._whole.values()) > RETIRED_BUILDS:
            oldest = next(iter(self._whole))
            del self._whole[oldest]
            self._retired[oldest] = (max(self._retired[oldest], key=lambda build: build.number),)
        if len(self._retired) > RETIRED_KEPT:
            oldest = next(iter(self._retired))
            self._whole.pop(oldest, None)
            del self._retired[oldest]

    def begin(self, job: str) -> None:
        """Forget what was known by a name: another job has it now, or none."""
        self._ledger.forget(job)
        self.renew(job)

    def renew(self, job: str) -> None:
        """Take that a name stands for another job from now on."""
        self._others.discard(job)
        self._eras[job] = self._eras.get(job, 0) + 1

    def errand(
        self,
        job: str,
        path: str,
        number: int | None = None,
        missed: frozenset[int] = frozenset(),
        page: Page | None = None,
    ) -> Errand:
        """Return an errand about the job that has this name now; a build that it asks for stays known until then."""
        if number is not None:
            self._ledger.hold((job, number))
        return Errand(job, path, number, missed, self._eras.get(job, 0), page)

    def is_past(self, errand: Errand) -> bool:
        """Tell whether an errand was about a job that had this name before."""
        return errand.era != self._eras.get(errand.job, 0)

    def moves(self, news: Iterable[SeenJob], missing: Collection[str]) -> dict[str, str]:
        """Return the jobs that were renamed or moved, as their name before by their name now.

        Jenkins moves the builds with the job, so that its last one has the same number and start. ``news``: the jobs
        of which something new was said; ``missing``: known ones that are not there. One that was set aside may be
        back by another name.
        """
        strange = {job.name: job for job in news if not self._has_its_last(job)}
        starts: dict[Start, str] = {}
        for name, job in strange.items():
            if (wire := job.wire.lastBuild) is not None and wire.timestamp:
                starts[wire.number, wire.timestamp] = name
        if not starts:
            return {}
        found: dict[str, str] = {}
        # a last build may have been deleted as well: then the one that is a job's last now was one of its others
        for whose in (self._with_last(starts, {*missing, *strange}), self._with_any(starts, {*missing, *strange})):
            for start, names in whose.items():
                left = names - {*found.values()}
                if len(left) == 1 and starts[start] not in {*found, *left}:
                    found[starts[start]] = left.pop()
        for name in found.values():
            self._bring_back(name)
        return found

    def former(self, job: str, found: Sequence[BuildWire], missing: frozenset[str]) -> str | None:
        """Return the name before of a job of which builds were found: that of one that has gone and had one of them."""
        starts = {(each.number, each.timestamp) for each in found if each.timestamp}
        names = set().union(*self._with_any(starts, missing - {job}).values())
        if len(names) != 1:
            return None
        name = names.pop()
        self._bring_back(name)
        return name

    def _with_last(self, starts: Collection[Start], known: Collection[str]) -> dict[Start, set[str]]:
        """Return by their last builds the jobs that had these last."""
        lasts = {name: self._ledger.last(name) for name in known}
        lasts |= {name: max(builds, key=lambda build: build.number) for name, builds in self._retired.items()}
        found: dict[Start, set[str]] = {}
        for name, last in lasts.items():
            if last is not None and (last.number, last.started_ms) in starts:
                found.setdefault((last.number, last.started_ms), set()).add(name)
        return found

    def _with_any(self, starts: Collection[Start], known: Collection[str]) -> dict[Start, set[str]]:
        """Return by their builds the jobs that are known to have had these."""
        builds = itertools.chain(*(self._ledger.of_job(name) for name in known), *self._retired.values())
        found: dict[Start, set[str]] = {}
        for build in builds:
            if (build.number, build.started_ms) in starts:
                found.setdefault((build.number, build.started_ms), set()).add(build.job)
        return found

    def _bring_back(self, name: str) -> None:
        self._whole.pop(name, None)
        for build in self._retired.pop(name, ()):
            self._ledger.keep(build)

    def _has_its_last(self, job: SeenJob) -> bool:
        known, wire = self._ledger.last(job.name), job.wire.lastBuild
        return (
            known is not None and wire is not None and (wire.number, wire.timestamp) == (known.number, known.started_ms)
        )

    def is_other(self, job: str, last: BuildWire | None) -> bool:
        """Tell whether a job is not the one that is known by this name, by its last build or by what errands found."""
        return job in self._others or (last is not None and self._ledger.began_anew(job, last))

    def doubts(self, job: SeenJob) -> list[Errand]:
        """Return the errands for what puts in doubt that a job's builds are those that are known.

        Known builds that are newer than a job's last one may have been deleted.
        """
        last = job.wire.lastBuild.number if job.wire.lastBuild is not None else 0
        standing = self._ledger.standing(job.name, last)[:STANDING]
        errands = [self.errand(job.name, job.path, number) for number in standing]
        doubt = self._doubt(job)
        return errands + ([doubt] if doubt is not None else [])

    def missing(self, job: str, path: str, history: History) -> list[Errand]:
        """Return the errands for the builds of a job that were missed: not for one that a page has brought before."""
        for number in history.singly(job):
            if self._ledger.get((job, number)) is not None:
                history.answered(job, number)
        singly = [self.errand(job, path, number) for number in history.singly(job)]
        return singly + [self.errand(job, path, page=page) for page in history.pages(job)]

    def _doubt(self, job: SeenJob) -> Errand | None:
        """Return what to ask of a job whose last number has risen: the newest build known, where it may be of another.

        That is where numbers were left out, and where nobody looked or jobs came and went meanwhile.
        """
        known, wire = self._ledger.anchor(job.name), job.wire.lastBuild
        newest = self._ledger.newest_of(job.name)
        if known is None or wire is None or wire.number <= newest:
            return None
        if wire.number == newest + 1 and not self._is_doubtful:
            return None
        return self.errand(job.name, job.path, known.number)

    def contradicted(self, job: str, found: Sequence[BuildWire | RemainingBuild], *, whole: bool) -> bool:
        """Tell whether found builds are not those that are known by a job's name; it is another job from then on.

        ``whole``: what was found are the job's builds from the newest one on.
        """
        is_other = self._ledger.contradicts(job, found, whole=whole)
        if is_other:
            self._others.add(job)
        return is_other

    def others(self) -> frozenset[str]:
        """Return the jobs that errands have found to be others than those known by their names."""
        return frozenset(self._others)
