"""Which build brought each rollout: joined when a rollout is judged, and again when its app's builds have changed."""

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from statusdesk.config import AppSettings
from statusdesk.facts import Build, JobClass, JobMove
from statusdesk.job_names import spellings
from statusdesk.judge.apps import match_job
from statusdesk.judge.join import NO_JOIN, Join, build_again
from statusdesk.judge.join_past import APART_MS, CLOCKS_MS, LATE_MS, NO_PAST, SETTLE_MS, Past, revisions_before
from statusdesk.judge.join_reference import read_reference
from statusdesk.judge.promotion_builds import DEPLOYS
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.built_jobs import JobKey
from statusdesk.pipeline.joins_beside import UNBUILT, Beside
from statusdesk.states import BuildRule, RolloutState
from statusdesk.store.writer import Transition, Writer

PERIODS = 60  # of a rollout, in which its earlier revisions are looked for
SAMPLES = 8  # of builds, by which Jenkins' clock is known to be ahead
What = tuple[str, int | None, str, str]
"""What makes a rollout another one for a join: revision, beginning, version, annotation."""


class _Known(msgspec.Struct):
    """The join of a rollout; ``witnessed`` when we saw it begin, so that a build that is not there can be missed."""

    what: What
    join: Join
    witnessed: bool


class _Clocks:
    """Tells how far Jenkins' clock is ahead of ours: a build that is seen before it begins was stamped too late."""

    def __init__(self) -> None:
        self._newest: dict[JobKey, int] = {}
        self._ahead_ms: deque[int] = deque(maxlen=SAMPLES)

    def see(self, job: JobKey, builds: Iterable[Build], now_ms: int) -> None:
        """Take a sample of the newest build of a job, when it is first seen and began lately."""
        newest_ms = max((build.started_ms for build in builds), default=0)
        if newest_ms > self._newest.get(job, now_ms - APART_MS):
            self._newest[job] = newest_ms
            self._ahead_ms.append(newest_ms - now_ms)

    def restamp(self, step_ms: int) -> None:
        """Move what was seen with our clock, which was set."""
        self._newest = {job: at_ms + step_ms for job, at_ms in self._newest.items()}

    def forget(self, job: JobKey) -> None:
        self._newest.pop(job, None)

    @property
    def apart_ms(self) -> int:
        """How much later than by our clock a build may be stamped; each was seen a while after it began."""
        return min(APART_MS, CLOCKS_MS + 2 * max([0, *self._ahead_ms]))


class Joins:
    """Adds the build to every rollout that is put."""

    def __init__(self, writer: Writer, builds: Builds, rules: Sequence[AppSettings]) -> None:
        self._writer = writer
        self._builds = builds
        self._rules = rules
        self._known: dict[str, _Known] = {}
        self._ruled = {rule.name for rule in rules}
        # with the apps of an earlier life: a job that names one is that app's, also before it is seen again
        apps = (row.app for row in writer.current(RolloutState).values() if row.until_ms is None)
        self._rollouts: dict[str, set[str]] = {app: set() for app in (*self._ruled, *apps)}
        self._named: dict[str, set[str]] = {}
        self._app_of: dict[JobKey, str | None] = {}
        self._jobs_of: dict[str, set[JobKey]] = {}
        self._rematch = False
        self._again: set[str] = set()
        self._open: set[str] = set()
        self._clocks = _Clocks()
        self._beside = Beside(builds, writer.build_rows, self._app_of)
        self._jenkins_ms: int | None = None

    def heard(self, at_ms: int) -> None:
        """Note that Jenkins has answered: every build that there was until then is known."""
        self._jenkins_ms = at_ms
        self._again |= self._open

    def restamp(self, step_ms: int) -> None:
        """Move what is known with the clock, which was set."""
        self._clocks.restamp(step_ms)
        self._beside.restamp(step_ms)
        self._jenkins_ms = self._jenkins_ms + step_ms if self._jenkins_ms is not None else None
        for known in self._known.values():
            revision, started_ms, version, build = known.what
            known.what = (revision, started_ms + step_ms if started_ms is not None else None, version, build)

    def join(self, state: RolloutState, *, is_new: bool = False) -> RolloutState:
        """Return a judged rollout with its build; ``is_new``: its workload was made before our eyes."""
        what = _what(state)
        known = self._known.get(state.key)
        if known is None or known.what != what:
            known = self._known[state.key] = self._first(state, what, is_new)
        return _joined(state, known.join)

    def _first(self, state: RolloutState, what: What, is_new: bool) -> _Known:
        before = self._writer.current(RolloutState).get(state.key)
        if before is not None and before.until_ms is not None:
            before = None
        mine = self._rollouts.get(state.app)
        if mine is None:
            mine = self._rollouts[state.app] = set()
            self._rematch = True
        mine.add(state.key)
        reference = read_reference(state.build)
        if reference is not None:
            self._named.setdefault(reference.job, set()).add(state.key)
        known = _Known(what, NO_JOIN, is_new if before is None else before.revision != state.revision)
        if before is not None and _what(before)[:3] == what[:3]:
            told = self._known.get(state.key)
            told_before = _join_of(before)
            known.join = replace(told_before, job=self._builds.name_now(told_before.job))
            known.witnessed = told.witnessed if told is not None else self._was_witnessed(before)
        found = self._sought(state, known)
        if found.rule is BuildRule.NONE:  # what other jobs have built is known only when all is told: with the flush
            self._again.add(state.key)
            found = known.join
        known.join = found
        if self._rematch and self._app_of:  # while no job is known, the first that comes has its rollouts joined again
            self._again.add(state.key)
        self._watch(state, known)
        return known

    def _sought(self, state: RolloutState, known: _Known) -> Join:
        """Look for the build of the app's jobs; one that was found stays when nobody remembers it any more."""
        before = known.join if known.join.rule is not BuildRule.NAMESPACE else Join(rule=BuildRule.NONE)
        jobs = set(self._jobs_of.get(state.app, ()))
        reference = read_reference(state.build)
        if reference is not None:
            reference = replace(reference, job=self._builds.name_now(reference.job))
            jobs.update(self._builds.jobs_named(reference.job))
        elif not jobs:
            return before
        builds: list[Build] = []
        for job in jobs:
            job_class = self._builds.class_of(job)
            if job_class in DEPLOYS:
                found_here = self._builds.of_job(job, deleted_too=True)
                # a job of no known class that another job of the app starts follows a deploy, and is none
                after = job_class is JobClass.OTHER
                builds += [b for b in found_here if not (after and (b.source, b.upstream_job) in jobs)]
        is_open = reference is not None and not any(map(reference.names, builds))
        past = self._past(state) if known.witnessed or is_open or _has_near(state, builds) else NO_PAST
        past = replace(past, clocks_ms=self._clocks.apart_ms, now_named=self._now_named((state, *past.earlier)))
        found = build_again(before, state, builds, self._jenkins_ms if known.witnessed else None, past)
        told = (before.job, before.number)
        if found.rule is before.rule and found.build is None and (found.job, found.number) == told:
            return before
        if found.number is not None or before.rule is BuildRule.UNKNOWN or _is_unseen(before):
            return found
        forgotten = before.rule is BuildRule.NONE or not any((b.job, b.number) == told for b in builds)
        return before if forgotten else found

    def _was_witnessed(self, row: RolloutState) -> bool:
        """Return whether a rollout of an earlier life of ours began before our eyes: what it came after was seen."""
        if row.build_rule:
            return row.build_rule in UNBUILT
        periods = [*self._writer.earlier.periods(row.key, PERIODS), row]
        before = len(revisions_before(row, periods))
        return before > 0 and periods[before - 1].until_ms == periods[before].since_ms

    def gone(self, moved: Iterable[Transition]) -> None:
        """Note which rollouts have gone: what was known of them is forgotten with the next flush."""
        rows = (each.after for each in moved if isinstance(each.after, RolloutState))
        self._again |= {row.key for row in rows if row.until_ms is not None}

    def _past(self, state: RolloutState) -> Past:
        """Return what the workload was before, and which versions it and its app have elsewhere. Raises: StoreError."""
        rows = self._writer.current(RolloutState)
        before = rows.get(state.key)
        periods = self._writer.earlier.periods(state.key, PERIODS)
        if before is not None and before.until_ms is None:
            periods.append(before)
        same: set[str] = set()
        beside: set[str] = set()
        for row in [rows[key] for key in self._rollouts.get(state.app, ()) if key in rows]:
            versions = same if (row.kind, row.name) == (state.kind, state.name) else beside
            versions.update(filter(None, (row.version, row.previous_version)))
        earlier = tuple(map(self._followed, revisions_before(state, periods)))
        return Past(earlier=earlier, tags=frozenset(same), beside=frozenset(beside))

    def _followed(self, period: RolloutState) -> RolloutState:
        """Return a period with the name that the job of its build has now."""
        job = self._builds.name_now(period.build_job)
        return period if job == period.build_job else replace(period, build_job=job)

    def _now_named(self, periods: Iterable[RolloutState]) -> dict[str, str]:
        """Return what the jobs are called now that annotations name."""
        names = {told.job for each in periods if (told := read_reference(each.build)) is not None}
        return {name: now for name in names if (now := self._builds.name_now(name)) != name}

    def _rename(self, moves: Sequence[JobMove]) -> None:
        """Have the builds that were told by the names that their jobs have now."""
        after = {move.before: move for move in moves}
        for key, known in self._known.items():
            told, move = known.join, after.get(known.join.job)
            if move is not None:
                url = f"{move.url}{told.number}/" if told.url else ""
                known.join = replace(told, job=move.after, url=url, build=None)
                self._again.add(key)

    def flush(self, now_ms: int) -> list[Transition]:
        """Join again what other builds, another app, or time may have changed; commit is the caller's."""
        for moves in self._builds.take_moves():
            self._rename(moves)
        for job in self._builds.take_forgotten():
            self._clocks.forget(job)
            self._beside.forget_job(job)
            app = self._app_of.pop(job, None)
            if app is not None:
                self._jobs_of[app].discard(job)
        touched = {job: self._builds.of_job(job, deleted_too=True) for job in self._builds.take_touched()}
        for job, builds in touched.items():
            self._clocks.see(job, [build for build in builds if not build.deleted], now_ms)
            self._touch(job)
        if self._rematch:
            self._rematch = False
            for job in self._app_of:
                self._assign(job)
        self._again |= self._beside.doubted(touched, self._clocks.apart_ms, now_ms)
        keys, self._again = self._again, set()
        changed = [state for state in map(self._renewed, keys) if state is not None]
        return self._writer.put(changed, now_ms) if changed else []

    def _touch(self, job: JobKey) -> None:
        if job not in self._app_of:
            self._assign(job)
        app = self._app_of[job]
        self._again |= self._rollouts.get(app, set()) if app is not None else set()
        names = (job[1], *(name for name, _ in self._builds.events.earlier_names(*job)))
        for name in frozenset[str]().union(*map(spellings, names)):
            self._again |= self._named.get(name, set())

    def _assign(self, job: JobKey) -> None:
        """Find the app of a job; the rollouts of an app that gains one are joined again."""
        before, app = self._app_of.get(job), match_job(job[1], self._rollouts, self._rules)
        self._app_of[job] = app
        if app == before:
            return
        if before is not None:
            self._jobs_of.get(before, set()).discard(job)
        if app is not None:
            self._jobs_of.setdefault(app, set()).add(job)
            self._again |= self._rollouts.get(app, set())

    def _renewed(self, key: str) -> RolloutState | None:
        """Return the row of a rollout with another build than before, None when it has the same or has gone."""
        row, known = self._writer.current(RolloutState).get(key), self._known.get(key)
        if row is None or known is None or row.until_ms is not None:
            self._forget(key, row)
            return None
        found = self._sought(row, known)
        if found.rule is BuildRule.NONE:
            found = self._beside.join(row, known.join, found, self._clocks.apart_ms)
        known.join = found
        self._beside.keep(row, found)
        self._watch(row, known)
        joined = _joined(row, known.join)
        return None if joined == row else joined

    def _watch(self, row: RolloutState, known: _Known) -> None:
        """Keep a rollout open that began before our eyes until Jenkins was asked late enough; then only builds tell."""
        late = row.started_ms is None or (self._jenkins_ms or 0) >= row.started_ms + SETTLE_MS
        if known.witnessed and known.join.rule is BuildRule.UNKNOWN and not late:
            self._open.add(row.key)
        else:
            self._open.discard(row.key)

    def _forget(self, key: str, row: RolloutState | None) -> None:
        self._known.pop(key, None)
        self._beside.forget(key)
        self._open.discard(key)
        if row is None:
            return
        reference = read_reference(row.build)
        self._rollouts.get(row.app, set()).discard(key)
        if row.app in self._rollouts and not self._rollouts[row.app] and row.app not in self._ruled:
            del self._rollouts[row.app]
            for job in self._jobs_of.pop(row.app, ()):
                self._app_of[job] = None  # it may be that of another app, or of this one when it is back
            self._rematch = True
        name = reference.job if reference is not None else ""
        if name in self._named:
            self._named[name].discard(key)
            if not self._named[name]:
                del self._named[name]


def _is_unseen(join: Join) -> bool:
    """Whether a build is told of that was never known: nothing is left of it once its annotation proves to be older."""
    return join.rule is BuildRule.ANNOTATION and not join.url


def _has_near(state: RolloutState, builds: Sequence[Build]) -> bool:
    """Whether any build may be taken for the rollout's: most began long before whatever Jenkins still tells of."""
    at_ms = state.started_ms
    return at_ms is not None and any(abs(at_ms - b.started_ms) <= LATE_MS + b.duration_ms for b in builds)


def _what(state: RolloutState) -> What:
    return (state.revision, state.started_ms, state.version, state.build)


def _join_of(state: RolloutState) -> Join:
    return Join(rule=BuildRule(state.build_rule), job=state.build_job, number=state.build_number, url=state.build_url)


def _joined(state: RolloutState, join: Join) -> RolloutState:
    if join.rule is BuildRule.UNKNOWN and not state.build_rule:
        return state
    return replace(state, build_job=join.job, build_number=join.number, build_url=join.url, build_rule=join.rule.value)
