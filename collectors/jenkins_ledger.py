"""Every build that has been seen, so that each is told once, attributed once, and never told older than it was.

A build's attribution is made when it is first seen and kept: a default changed today says nothing about a build of
yesterday. A build that must hear of the build that started it is told only once that is known, or cannot be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from collectors.jenkins_attribution import Attribution, Clues, by_job, by_parameter, clues_of
from collectors.jenkins_facts import build_of
from collectors.jenkins_renewals import Renewals
from collectors.jenkins_skew import ServerClock, in_ours
from collectors.jenkins_wire import BuildWire, RemainingBuild
from collectors.transport import plain_url
from statusdesk.config import JenkinsSettings, TokenSettings
from statusdesk.facts import CONCLUSIVE, Build

Key = tuple[str, int]
"""Job and number."""
JobKey = tuple[str, str]
"""The beginning of the keys of all builds of a job: source and job."""

KEPT_PER_JOB = 100  # at least; attributions of older builds are not asked for again
ABSENT_KEPT = 10_000
_INHERITED = frozenset({"parameter", "upstream", "default"})  # a pattern speaks of the upstream job's name only


class Told(NamedTuple):
    """What is news after builds were taken: facts in order, and started-by builds that are not known yet."""

    news: tuple[Build, ...] = ()
    unknown: tuple[Key, ...] = ()


class _Ask(NamedTuple):
    build: Key


class _Waiting(NamedTuple):
    clues: Clues
    default: str | None


class BuildLedger:
    """The builds known per job, with their starts as Jenkins stamps them. Not locked: its owner is."""

    def __init__(
        self,
        settings: JenkinsSettings,
        known: Iterable[Build],
        clock: ServerClock | None = None,
        renewed: Sequence[TokenSettings] = (),
    ) -> None:
        self._settings = settings
        self._renewals = Renewals(renewed)
        self._clock = clock
        self._builds: dict[str, dict[int, Build]] = {}
        self._newest: dict[str, int] = {}
        self._open: set[Key] = set()
        self._waiting: dict[Key, _Waiting] = {}
        self._absent: dict[Key, None] = {}  # the newest ones at the end
        self._wanted: frozenset[Key] = frozenset()  # the builds that others wait for
        self._held: set[Key] = set()  # those that are asked for
        for build in known:
            self.keep(build)

    def newest(self) -> dict[str, int]:
        """Return the highest number known of each job."""
        return dict(self._newest)

    def get(self, key: Key) -> Build | None:
        return self._builds.get(key[0], {}).get(key[1])

    def hold(self, key: Key) -> None:
        """Keep a build that is asked for, where it is known: its answer must be held against what it was."""
        if self.get(key) is not None:
            self._held.add(key)

    def is_wanted(self, key: Key) -> bool:
        """Tell whether a build that is not known has started others that wait for it."""
        return key in self._wanted

    def needs(self, job: str, number: int) -> bool:
        """Tell whether it matters what a build that was told before is: it is known, or others wait for it."""
        return self.get((job, number)) is not None or self.is_wanted((job, number))

    def release(self, key: Key) -> None:
        """Take that a build was answered for."""
        self._held.discard(key)

    def open_builds(self) -> list[Key]:
        """Return the builds that were running when last seen."""
        return sorted(self._open)

    def shown(self) -> Iterator[Build]:
        """Yield the newest conclusive build of each job and namespace that is not known to be deleted."""
        for of_job in self._builds.values():
            seen: set[str] = set()
            for _, build in sorted(of_job.items(), reverse=True):
                if build.building or build.deleted or build.result not in CONCLUSIVE:
                    continue
                namespaces = build.all_namespaces or ("",)
                if not seen.issuperset(namespaces):
                    seen.update(namespaces)
                    yield build

    def standing(self, job: str, above: int = 0) -> list[int]:
        """Return the builds of a job above a number that have ended and are not known to be deleted, newest first."""
        known = self._builds.get(job, {}).values()
        ended = (b.number for b in known if b.number > above and b.result and not (b.building or b.deleted))
        return sorted(ended, reverse=True)

    def delete(self, job: str, numbers: Iterable[int]) -> list[Build]:
        """Take that builds were deleted in Jenkins; returns those that are so now. They stay known."""
        deleted = []
        for number in sorted(numbers):
            build = self.get((job, number))
            if build is not None and not (build.building or build.deleted):
                deleted.append(msgspec.structs.replace(build, deleted=True))
                self.keep(deleted[-1])
        return deleted

    def began_anew(self, job: str, last: BuildWire) -> bool:
        """Tell whether a job was deleted and made again: a lower number than the newest, but started later."""
        newest = self._newest.get(job)
        if newest is None or last.number > newest or last.timestamp is None:
            return False
        known = self.get((job, last.number)) or self.get((job, newest))
        if known is None or not known.started_ms:
            return False
        same_number = known.number == last.number
        return last.timestamp != known.started_ms if same_number else last.timestamp > known.started_ms

    def contradicts(self, job: str, found: Sequence[BuildWire | RemainingBuild], *, whole: bool) -> bool:
        """Tell whether found builds cannot be of the job that is known: another start, or not later than lower ones.

        Order is held only against known builds that are not among those found, and only where these are the ``whole``
        list: the clock of a Jenkins may have been set back, which must not be told again and again.
        """
        known = {number: build.started_ms for number, build in self._builds.get(job, {}).items() if build.started_ms}
        starts = {each.number: each.timestamp for each in found if each.timestamp}
        if any(known[number] != starts[number] for number in known.keys() & starts.keys()):
            return True
        unlisted = [(number, known[number]) for number in known.keys() - starts.keys()] if whole else []
        return any(
            (number < listed) is not (at_ms < start_ms)
            for number, at_ms in unlisted
            for listed, start_ms in starts.items()
            if at_ms != start_ms
        )

    def last(self, job: str) -> Build | None:
        """Return the newest build known of a job."""
        return self.get((job, self._newest.get(job, 0)))

    def of_job(self, job: str) -> tuple[Build, ...]:
        """Return the builds known of a job, but for those that were not told yet."""
        return tuple(b for number, b in self._builds.get(job, {}).items() if (job, number) not in self._waiting)

    def newest_of(self, job: str) -> int:
        """Return the highest number known of a job; 0 where none is."""
        return self._newest.get(job, 0)

    def next_ms(self, job: str, number: int) -> int | None:
        """Return when, in our clock, the next build known after a number began; None where none is."""
        later = (build for other, build in self._builds.get(job, {}).items() if other > number and build.started_ms)
        found = min(later, key=lambda build: build.number, default=None)
        return in_ours(found).started_ms if found is not None else None

    def anchor(self, job: str) -> Build | None:
        """Return the newest build known of a job that Jenkins should still have."""
        known = [build for build in self._builds.get(job, {}).values() if build.started_ms and not build.deleted]
        return max(known, key=lambda build: build.number, default=None)

    def move(self, moves: Mapping[str, str], paths: Mapping[str, str]) -> list[Build]:
        """Know the builds of jobs by their new names, attributed as they were; returns them, oldest first per job.

        ``moves`` has the name before by the name now; what was known by a name now is forgotten.
        """
        builds = {after: self._builds.get(before, {}) for after, before in moves.items()}
        waiting = {
            (after, number): self._waiting[before, number]
            for after, before in moves.items()
            for number in builds[after]
            if (before, number) in self._waiting
        }
        for name in {*moves, *moves.values()}:
            self.forget(name)
        moved = [
            msgspec.structs.replace(build, job=after, url=f"{plain_url(self._settings.url)}/{paths[after]}{number}/")
            for after, of_job in builds.items()
            for number, build in sorted(of_job.items())
        ]
        for build in moved:
            self.keep(build)
        self._waiting |= waiting
        return [build for build in moved if (build.job, build.number) not in waiting]

    def forget(self, job: str) -> None:
        """Forget a job."""
        self._newest.pop(job, None)
        for number in self._builds.pop(job, {}):
            self._open.discard((job, number))
            self._held.discard((job, number))
            self._waiting.pop((job, number), None)

    def take(self, job: str, job_path: str, default: str | None, wires: Iterable[BuildWire]) -> Told:
        """Take builds of one job as Jenkins says they are now; tells those that are new or have changed."""
        news = []
        for wire in sorted(wires, key=lambda each: each.number):
            build = self._merge(job, job_path, default, wire)
            if build is not None:
                self.keep(build)
                self._absent.pop((job, build.number), None)
                news.append(build)
        return self._resolved(news)

    def vanished(self, key: Key) -> Told:
        """Take that Jenkins has no such build: one that ran has ended unseen, ones that it started look elsewhere."""
        self._miss(key)
        self.release(key)
        build = self.get(key)
        news = []
        if build is not None and build.building:
            ended = msgspec.structs.replace(build, building=False, result=None)
            self.keep(ended)
            news.append(ended)
        return self._resolved(news)

    def _miss(self, key: Key) -> None:
        self._absent[key] = None
        if len(self._absent) > ABSENT_KEPT:  # what those started is known by now
            del self._absent[next(iter(self._absent))]

    def unreadable(self, key: Key) -> Told:
        """Take that a build cannot be read; what it started looks elsewhere."""
        if key in self._absent:
            return Told()
        self._miss(key)
        return self._resolved([])

    def _merge(self, job: str, job_path: str, default: str | None, wire: BuildWire) -> Build | None:
        """Return the build as it is now, or None when that is nothing new."""
        known = self.get((job, wire.number))
        if known is not None and not (known.building or known.deleted) and (known.result or wire.building):
            return None  # what has ended stays as it is; a slower answer may still say that it runs
        clues = clues_of(wire.actions, self._settings)
        seen = build_of(job, job_path, wire, clues, self._settings)
        seen = msgspec.structs.replace(seen, renews=self._renewals.told_by(job, wire.actions))
        if known is not None:
            seen = msgspec.structs.replace(
                seen,
                namespace=known.namespace,
                namespaces=known.all_namespaces,
                attributed_by=known.attributed_by,
                skew_ms=known.skew_ms,
                git_revision=seen.git_revision or known.git_revision,
            )
            return seen if seen != known else None
        if self._clock is not None and self._clock.ms:
            seen = msgspec.structs.replace(seen, skew_ms=self._clock.ms)
        own = by_parameter(clues, self._settings)
        if own is None and clues.upstream is not None:
            self._waiting[(job, wire.number)] = _Waiting(clues, default)
            return seen
        return _attributed(seen, own or by_job(job, clues, default, self._settings))

    def _resolved(self, news: list[Build]) -> Told:
        """Attribute the builds that waited for others, as far as those are known now; the rest is held back."""
        told = {(build.job, build.number): build for build in news}
        unknown: dict[Key, None] = {}
        for key, waiting in list(self._waiting.items()):
            build = self.get(key)
            answer = self._from_upstream(waiting.clues)
            if isinstance(answer, _Ask):
                unknown[answer.build] = None
                told.pop(key, None)
                continue
            del self._waiting[key]
            if build is not None:
                settled = answer or by_job(key[0], waiting.clues, waiting.default, self._settings)
                told[key] = _attributed(build, settled)
                self.keep(told[key])
        self._wanted = frozenset(unknown)
        return Told(tuple(told.values()), tuple(unknown))

    def _from_upstream(self, clues: Clues) -> Attribution | _Ask | None:
        """Return what the build that started this one, or the one that started that, says; or a build to ask for."""
        upstream = clues.upstream
        for _ in range(2):
            if upstream is None or upstream in self._absent:
                return None
            build = self.get(upstream)
            if build is None:
                return _Ask(upstream)
            if build.all_namespaces and build.attributed_by in _INHERITED:
                return Attribution(build.all_namespaces, "upstream")
            number = build.upstream_number
            upstream = (build.upstream_job, number) if build.upstream_job and number is not None else None
        return None

    def keep(self, build: Build) -> None:
        """Know a build."""
        key = (build.job, build.number)
        of_job = self._builds.setdefault(build.job, {})
        of_job[build.number] = build
        self._newest[build.job] = max(build.number, self._newest.get(build.job, 0))
        if build.building:
            self._open.add(key)
        else:
            self._open.discard(key)
        if len(of_job) > KEPT_PER_JOB:
            for number in sorted(of_job)[: len(of_job) - KEPT_PER_JOB]:
                if not self._is_needed((build.job, number)):
                    del of_job[number]

    def _is_needed(self, key: Key) -> bool:
        return key in self._open or key in self._waiting or key in self._wanted or key in self._held


def _attributed(build: Build, attribution: Attribution) -> Build:
    return msgspec.structs.replace(
        build, namespace=attribution.namespace, namespaces=attribution.namespaces, attributed_by=attribution.rule
    )
