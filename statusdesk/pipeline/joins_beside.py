"""Which builds of other jobs may have made a change that no build of the app's own jobs made."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from statusdesk.facts import Build, JobClass
from statusdesk.judge.join import Join
from statusdesk.judge.join_beside import MAKERS, JobBeside, gaps_of, hangs, may_have_changed, near_to, waited
from statusdesk.judge.join_past import APART_MS, LATE_MS, SETTLE_MS
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.builds_kept import KEPT_PER_PAIR
from statusdesk.pipeline.built_jobs import JobKey
from statusdesk.states import BuildRule, RolloutState
from statusdesk.store.build_rows import BuildRows

UNBUILT = (BuildRule.NONE, BuildRule.NAMESPACE)
"""The rules of what no build of the app's own jobs made."""


class _Maker(NamedTuple):
    """A build that may have made a change; without a number it is one that cannot be named."""

    job: str = ""
    number: int | None = None
    url: str = ""


class _Change(NamedTuple):
    started_ms: int
    key: str
    namespace: str


class Beside:
    """Looks for such builds before a change is said to lack one, and again when one becomes known later.

    ``app_of``: the apps that the names of jobs name.
    """

    def __init__(self, builds: Builds, rows: BuildRows, app_of: Mapping[JobKey, str | None]) -> None:
        self._builds = builds
        self._rows = rows
        self._app_of = app_of
        self._unsure: dict[str, _Change] = {}
        self._held: dict[str, int] = {}  # what is not said to lack a build as long as not all are known, since when
        self._gaps: dict[JobKey, list[tuple[int, int]]] = {}

    def join(self, row: RolloutState, told: Join, unbuilt: Join, clocks_ms: int) -> Join:
        """Return the one build that may have done what none of the app's own jobs did; ``unbuilt`` if there is none.

        ``told`` is what was told before. Where several may have, none is named. A build that was found stays found when
        nobody remembers it any more; and where builds of that time are not known, nothing new is said.
        """
        makers = set(self._makers(row, clocks_ms))
        if told.rule is BuildRule.NAMESPACE and not (told.number is not None and self._remembers(told)):
            makers.add(_Maker(told.job, told.number, told.url))
        self._held.pop(row.key, None)
        if not makers:
            if told.rule is BuildRule.NONE or self._is_complete(row, clocks_ms):
                return unbuilt
            self._held[row.key] = row.started_ms or 0
            return Join()
        maker = makers.pop() if len(makers) == 1 else _Maker()
        return Join(rule=BuildRule.NAMESPACE, job=maker.job, number=maker.number, url=maker.url)

    def keep(self, row: RolloutState, join: Join) -> None:
        """Remember a change of which something is said that another build would take back."""
        is_unsure = join.rule is BuildRule.NONE or (join.rule is BuildRule.NAMESPACE and join.number is not None)
        if is_unsure and row.started_ms is not None:
            self._unsure[row.key] = _Change(row.started_ms, row.key, row.namespace)
        else:
            self._unsure.pop(row.key, None)

    def forget(self, key: str) -> None:
        """Forget a rollout that has gone."""
        self._unsure.pop(key, None)
        self._held.pop(key, None)

    def forget_job(self, job: JobKey) -> None:
        """Forget a job that has gone."""
        self._gaps.pop(job, None)

    def restamp(self, step_ms: int) -> None:
        """Move what is known with the clock, which was set."""
        changes = self._unsure.values()
        self._unsure = {each.key: each._replace(started_ms=each.started_ms + step_ms) for each in changes}
        self._held = {key: at_ms + step_ms for key, at_ms in self._held.items()}
        self._gaps.clear()

    def doubted(self, told: Mapping[JobKey, Sequence[Build]], clocks_ms: int, now_ms: int) -> set[str]:
        """Return the unsure changes near to which jobs that have told something have built, and what is held back."""
        self._held = {key: at_ms for key, at_ms in self._held.items() if now_ms - at_ms <= LATE_MS}
        found: set[str] = set()
        changes = sorted(self._unsure.values()) if told else []  # thousands, and most flushes tell of no build
        for key, builds in told.items():
            self._gaps.pop(key, None)
            if not changes and not self._held:
                continue
            job = self._job(key)
            found.update(self._held if job.is_of_all else ())
            for build in builds if job.job_class in MAKERS else ():
                first = bisect_left(changes, (build.started_ms - clocks_ms,))
                end_ms = build.started_ms + build.duration_ms + APART_MS
                last = len(changes) if build.building else bisect_right(changes, (end_ms + 1,))
                named = build.all_namespaces
                near = changes[first:last]
                found.update(each.key for each in near if (job.goes_anywhere if not named else each.namespace in named))
        return found

    def _makers(self, row: RolloutState, clocks_ms: int) -> Iterator[_Maker]:
        for _, job, builds in self._pairs(row):
            for build in near_to(builds, row, clocks_ms):
                if may_have_changed(build, job, row) and not self._is_out(build, job, row):
                    yield _maker(build)
        for gone in self._builds.gone_jobs().values():
            for build in near_to(gone.builds, row, clocks_ms):
                if may_have_changed(build, JobBeside(JobClass.ENVIRONMENT), row) and not hangs(build, None, row):
                    yield _maker(build)

    def _pairs(self, row: RolloutState) -> Iterator[tuple[JobKey, JobBeside, Sequence[Build]]]:
        """Return the jobs that count, each with what it has built for the namespace, or for who knows which."""
        for key in self._builds.jobs_in(row.namespace):
            job = self._job(key)
            if job.may_count(row.app):
                yield key, job, self._builds.of_pair(key, row.namespace)
        for key in self._builds.jobs_in(""):
            job = self._job(key)
            if job.goes_anywhere:
                yield key, job, self._builds.of_pair(key, "")

    def _job(self, key: JobKey) -> JobBeside:
        is_placed = any(self._builds.namespaces_of(key))
        return JobBeside(self._builds.class_of(key), self._app_of.get(key) or "", is_placed)

    def _is_out(self, build: Build, job: JobBeside, row: RolloutState) -> bool:
        """Whether it did nothing all the same. Raises: StoreError."""
        if self._follows(build, job):
            return True
        if (row.started_ms or 0) - build.started_ms <= SETTLE_MS:
            return False
        details = self._rows.details(*build.key)
        return hangs(build, details, row) or (details is not None and waited(details, row))

    def _follows(self, build: Build, job: JobBeside) -> bool:
        """Whether the deploy of an app started it: what follows a deploy changes no cluster."""
        upstream = (build.source, build.upstream_job)
        deploys = job.job_class is JobClass.OTHER and self._builds.class_of(upstream) is JobClass.DEPLOY
        return deploys and bool(self._app_of.get(upstream))

    def _remembers(self, told: Join) -> bool:
        builds = (self._builds.of_job(job, deleted_too=True) for job in self._builds.jobs_named(told.job))
        return any(build.number == told.number for known in builds for build in known)

    def _is_complete(self, row: RolloutState, clocks_ms: int) -> bool:
        """Whether all builds of that time are known: Jenkins tells the newest first, and not all are remembered."""
        since_ms, until_ms = (row.started_ms or 0) - APART_MS, (row.started_ms or 0) + clocks_ms
        for key, job, builds in self._pairs(row):
            if not job.is_of_all:
                continue
            if len(builds) >= KEPT_PER_PAIR and builds[KEPT_PER_PAIR - 1].started_ms >= since_ms:
                return False
            if any(began_ms <= until_ms and ended_ms >= since_ms for began_ms, ended_ms in self._gaps_of(key)):
                return False
        return True

    def _gaps_of(self, job: JobKey) -> list[tuple[int, int]]:
        found = self._gaps.get(job)
        if found is None:
            known = self._builds.of_job(job, deleted_too=True)
            found = self._gaps[job] = gaps_of(known, whole=self._builds.is_complete(job))
        return found


def _maker(build: Build) -> _Maker:
    return _Maker(build.job, build.number, build.url) if build.all_namespaces else _Maker()
