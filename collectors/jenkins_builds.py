"""Jobs, builds, queue and executors of a Jenkins: three requests per visit, and errands beside them."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import inf

from collectors.jenkins_activity import Activity
from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_deletions import Deletions
from collectors.jenkins_details import DetailsWanted, JenkinsDetails
from collectors.jenkins_errands import PATIENCE, Errand, JenkinsErrands, trouble
from collectors.jenkins_facts import SOURCE, Definition, SeenJob, definitions_in
from collectors.jenkins_history import History, Spans, read_of
from collectors.jenkins_identity import UNSEEN_S, Identities
from collectors.jenkins_jobs import JobFacts
from collectors.jenkins_ledger import BuildLedger, JobKey, Key, Told
from collectors.jenkins_levels import deep_enough
from collectors.jenkins_queries import slow_scan, tick
from collectors.jenkins_skew import CLOCK, ServerClock, as_stamped, in_ours
from collectors.jenkins_wire import Builds, BuildWire, Definitions, Remaining, RemainingBuild, Root
from collectors.transport import VisitFailed, plain_url
from collectors.visiting import Outcome, Visits
from statusdesk.clock import Clock, ClockSteps
from statusdesk.config import JenkinsSettings, TokenSettings
from statusdesk.facts import Build, Changed, Job, JobClass, JobMove, Message
from statusdesk.job_classes import class_of
from statusdesk.wants import BuildWanted

SCAN_AGAIN_S = 60.0


class JenkinsBuilds:
    """Visits one Jenkins until told to stop.

    ``known`` are builds already stored, per job at least the newest and all that were running, so that nothing is
    fetched twice; ``stored`` are the jobs, with how far their builds were read, and ``told`` which others are stored.
    ``token`` reads the API token anew for each connection; ``renewed`` are the tokens of Vault that jobs renew; for
    ``keep_s`` builds are kept, so that none that are older are asked for. Everything seen goes to ``emit``.
    """

    def __init__(
        self,
        settings: JenkinsSettings,
        token: Callable[[], str] | None,
        known: Sequence[Build],
        emit: Callable[[Message], None],
        stop: threading.Event,
        clock: Clock,
        stored: Collection[Job] = (),
        renewed: Sequence[TokenSettings] = (),
        steps: ClockSteps | None = None,
        keep_s: float = inf,
        told: Mapping[str, Spans] | None = None,
    ) -> None:
        self._server_clock = ServerClock(clock, steps)
        connect = partial(JenkinsApi.connect, settings, token, self._server_clock)
        self._settings = settings
        self._emit = emit
        self._clock = clock
        self._visits: Visits[JenkinsApi] = Visits(SOURCE, "Jenkins", settings.interval_s, connect, emit, stop, clock)
        self._lock = threading.Lock()  # for what errands look at too, and so that what is told is sent in its order
        self._ledger = BuildLedger(settings, [as_stamped(build) for build in known], self._server_clock, renewed)
        self._activity = Activity(settings, self._visits, self._server_clock, clock)
        self._identities = Identities(self._ledger, max(UNSEEN_S, 3 * settings.interval_s))
        self._reached = self._ledger.newest()  # per job the last build that a visit has dealt with
        read = read_of(stored, told or {}, self._reached)
        ours, parallel = self._server_clock.ours, settings.backfill_parallel
        self._history = History(settings.backfill_builds, keep_s * 1000, clock, ours, read, self._ledger.next_ms)
        self._errands = JenkinsErrands(connect, parallel, self._delivered, self._missing, self._remain)
        self._deletions = Deletions()
        self._look_again_s = time.monotonic() + settings.slow_interval_s
        self._wanted = DetailsWanted(JenkinsDetails(settings, token, clock, self._server_clock), emit, stop)
        self._jobs, self._definitions = JobFacts(settings), dict[str, Definition]()
        self._paths: dict[str, str] = {}
        self._levels = 2
        self._scan_due_s = 0.0
        self._seed_ended = threading.Event()  # since the definitions were asked for; told by the errands' threads too
        self._session = self._who = ""
        self._settled = False
        self._moves: list[JobMove] = []  # what the jobs of a visit have come to, to be told with its builds
        self._moved: list[Build] = []
        self._missed: frozenset[str] = frozenset()  # jobs that the last visit did not show

    def run(self) -> None:
        """Visit again and again; returns when stop is set."""
        self._errands.start()
        self._wanted.start()
        try:
            self._visits.run(self._visit, self._detail)
        finally:
            self._errands.close()
            self._wanted.end()

    def visit_now(self) -> None:
        """Visit at once instead of at the next interval."""
        self._visits.hurry()

    def want(self, wanted: BuildWanted) -> None:
        """Look a build up soon; its answer is emitted. Called by any thread, returns at once."""
        self._wanted.want(wanted)

    def busy(self) -> bool:
        """Tell whether older or missing builds are being asked for."""
        return self._errands.busy()

    def _visit(self, api: JenkinsApi) -> Outcome:
        outcome = self._look(api)
        self._errands.resume()
        return outcome

    def _look(self, api: JenkinsApi) -> Outcome:
        if not self._who:
            self._ask_who(api)
        if self._seed_ended.is_set() or time.monotonic() >= self._scan_due_s:
            self._scan(api)
        started_ms = self._clock()
        root, self._levels = deep_enough(partial(self._ask_for_jobs, api), self._levels)
        jobs = self._jobs.seen(root)
        if not jobs:
            self._ask_who(api)
        elif any(job.name not in self._definitions for job in jobs):
            self._scan(api, [job.name for job in jobs])
        news = self._jobs.with_news(jobs)
        self._sweep_jobs(jobs, news, started_ms)
        self._take_last_builds(jobs, news)
        self._jobs.taken(jobs)
        running = self._activity.look_at_executors(api, bool(root.quietingDown))
        self._activity.look_at_queue(api, self._definitions)
        self._ask_for_open_builds(jobs, running)
        self._look_for_deleted(jobs)
        self._settle_errands()
        if self._seed_ended.is_set():
            self._scan(api)
        self._visits.tell_part(CLOCK, self._server_clock.problem(api.where))
        self._settled = True
        return Outcome(shown=len(jobs), who=self._who)

    def _ask_for_jobs(self, api: JenkinsApi, levels: int) -> Root:
        body = api.body(tick(levels), 1.0 if self._settled else PATIENCE)
        return self._jobs.read(body, lambda body: api.decode(body, Root))

    def _ask_who(self, api: JenkinsApi) -> None:
        try:
            self._who = api.who()
        except VisitFailed as error:
            if error.problem in ("Unauthorized", "Unreachable", "Timeout"):
                raise
            self._who = self._settings.user or "anonymous"

    def _detail(self) -> str:
        """Return the version, who we are, and whether Jenkins was restarted since the last visit."""
        api = self._visits.connection
        if api is None or not api.version:
            return ""
        restarted = bool(self._session) and api.session != self._session
        self._session = api.session
        parts = (f"Jenkins {api.version} as {self._who or '?'}", self._server_clock.words, "restarted" * restarted)
        return ", ".join(filter(None, parts))

    def _scan(self, api: JenkinsApi, at_least: Sequence[str] = ()) -> None:
        """Read all job definitions, and how deep folders go; ``at_least`` are then known, if only as having none."""
        self._seed_ended.clear()  # a seed job that ends from now on may not be in the answer
        try:
            answer, self._levels = deep_enough(lambda n: api.get(slow_scan(n), Definitions, PATIENCE), self._levels)
        except VisitFailed as error:
            if not self._definitions:
                raise  # without the defaults, builds would be attributed wrongly, and for good
            self._scan_due_s = time.monotonic() + min(SCAN_AGAIN_S, self._settings.slow_interval_s)
            self._visits.tell_part("definitions", error)
            return
        self._definitions = {name: Definition() for name in at_least} | definitions_in(answer, self._settings)
        self._scan_due_s = time.monotonic() + self._settings.slow_interval_s
        self._errands.forgive()
        self._visits.tell_part("definitions", None)

    def _sweep_jobs(self, jobs: list[SeenJob], news: list[SeenJob], started_ms: int) -> None:
        """Tell all jobs. What is known of a job's builds moves with it, and is dropped when two visits missed it."""
        with self._lock:
            self._paths = {job.name: job.path for job in jobs}
            self._identities.look(frozenset(self._paths))
            missing = frozenset(name for name in self._ledger.newest() if name not in self._paths)
            self._carry_over(self._identities.moves(news, missing))
            # an answer without any job may be one without any right, and the jobs may be back at the next one
            for name in missing & self._missed if jobs else ():
                self._identities.retire(name)
                self._drop(name)
            for job in news:
                reached, last = self._reached.get(job.name), job.wire.lastBuild
                if reached is not None and last is not None:  # before it is told what the job's last build is
                    self._history.missed(job.name, reached, last.number)
            self._history.age(self._paths)
            reads = self._history.told()
            self._missed = missing
        facts = self._jobs.facts(jobs, self._definitions, reads, self._server_clock.ms)
        self._visits.tell_sweep(Job, facts, started_ms)

    def _drop(self, job: str) -> None:
        """Drop how far the builds of a job were read."""
        self._reached.pop(job, None)
        self._history.forget(job)
        self._deletions.forget(job)

    def _carry_over(self, moves: Mapping[str, str]) -> None:
        """Let the builds of jobs that were renamed, moved or swapped be known by their new names."""
        if not moves:
            return
        reached = {after: self._ledger.newest_of(before) for after, before in moves.items()}
        read = self._history.carried(moves)
        url = plain_url(self._settings.url)
        self._moves += [
            JobMove(SOURCE, before, after, f"{url}/{self._paths[after]}") for after, before in moves.items()
        ]
        self._moved += self._ledger.move(moves, self._paths)
        for name in {*moves, *moves.values()}:
            self._drop(name)
            self._identities.renew(name)
        self._reached |= reached
        self._history.know(read)

    def _take_last_builds(self, jobs: list[SeenJob], news_of: list[SeenJob]) -> None:
        """Take every job's last build, and ask for those that are missing before it."""
        gaps: list[Errand] = []
        backfill: list[tuple[int, Errand]] = []
        unknown: list[Key] = []
        with self._lock:
            news: list[Build] = []
            gone: set[JobKey] = set()
            others = self._identities.others()
            for job in {job.name: job for job in (*news_of, *(job for job in jobs if job.name in others))}.values():
                last = job.wire.lastBuild
                if self._identities.is_other(job.name, last):
                    gone.add((SOURCE, job.name))
                    self._identities.begin(job.name)
                    self._drop(job.name)
                gaps += self._identities.doubts(job)
                if last is not None:
                    self._history.answered(job.name, last.number)
                gaps += self._identities.missing(job.name, job.path, self._history)
                if last is None:
                    continue
                told = self._ledger.take(job.name, job.path, self._default(job.name), [last])
                news += told.news
                unknown += told.unknown
                self._reached[job.name] = max(last.number, self._reached.get(job.name, 0))
                if last.number == 1:
                    self._history.whole(job.name)
                elif (page := self._history.first(job.name)) is not None:
                    backfill.append((-(last.timestamp or 0), self._identities.errand(job.name, job.path, page=page)))
            told = Told(tuple(news), tuple(unknown))
            self._tell(told, tuple(gone))
        self._notice_seed(told)
        self._ask_for_upstream(told)
        self._errands.ask(gaps, urgent=True)
        self._errands.ask(errand for _, errand in sorted(backfill))

    def _default(self, job: str) -> str | None:
        return self._definitions.get(job, Definition()).namespace_default

    def _tell(self, told: Told, gone: tuple[JobKey, ...] = ()) -> None:
        moves, self._moves = tuple(self._moves), []
        news, self._moved = (*self._moved, *told.news), []
        if news or gone or moves:
            at_ms, seen = self._clock(), tuple(map(in_ours, news))
            self._emit(Changed(source=SOURCE, kind=Build, at_ms=at_ms, seen=seen, gone=gone, moved=moves))

    def _notice_seed(self, told: Told) -> None:
        """Have the definitions read again after a seed job has finished."""
        if self._settled and any(
            not build.building and class_of(build.job, self._settings) is JobClass.SEED for build in told.news
        ):
            self._seed_ended.set()

    def _ask_for_upstream(self, told: Told, *, urgent: bool = True) -> None:
        """Ask for builds that have started others and are not known; those of jobs that we cannot see are absent."""
        for job, number in told.unknown:
            with self._lock:  # also while it is asked for, or another errand could bring it meanwhile
                if not self._ledger.is_wanted((job, number)):
                    continue
                path = self._paths.get(job)
                if path is None:
                    self._tell(self._ledger.unreadable((job, number)))
                else:
                    self._errands.ask([self._identities.errand(job, path, number)], urgent=urgent)

    def _ask_for_open_builds(self, jobs: list[SeenJob], running: frozenset[str]) -> None:
        """Ask for builds that ran when last seen, are on no executor, and are not their job's last build any more."""
        errands = []
        with self._lock:
            still_open = self._ledger.open_builds()
            if not still_open:
                return
            last = {job.name: job.wire.lastBuild.number for job in jobs if job.wire.lastBuild}
            for job, number in still_open:
                build = self._ledger.get((job, number))
                if build and build.url not in running and job in self._paths and last.get(job) != number:
                    errands.append(self._identities.errand(job, self._paths[job], number))
        self._errands.ask(errands, urgent=True)

    def _look_for_deleted(self, jobs: list[SeenJob]) -> None:
        """Look for some of the builds that are shown, now and then; ask jobs without one of them what they have."""
        with self._lock:
            missed, due = self._deletions.take_missed(), time.monotonic() >= self._look_again_s
            if not missed and not due:
                return
            path = {job.name: job.path for job in jobs}
            errands = [
                self._identities.errand(job, path[job], None, numbers) for job, numbers in missed.items() if job in path
            ]
            if due:
                self._look_again_s = time.monotonic() + self._settings.slow_interval_s
                last = {job.name: job.wire.lastBuild.number if job.wire.lastBuild else 0 for job in jobs}
                again = self._deletions.next(self._ledger, last)
                errands += [self._identities.errand(job, path[job], number) for job, number in again]
        self._errands.ask(errands)

    def _settle_errands(self) -> None:
        """Say which builds could not be read at all; those of a page of a gap are asked for one by one before."""
        with self._lock:
            old = self._history.is_old
            self._errands.drop(lambda errand: self._identities.is_past(errand) or old(errand.job, errand.number))
            given_up, lacking = self._errands.given_up(), list[Errand]()
            for errand in given_up:
                if errand.page is not None:
                    self._history.refused(errand.job, errand.page)
                    lacking += self._identities.missing(errand.job, errand.path, self._history)
                elif errand.number is not None:
                    self._history.gave_up(errand.job, errand.number)
                    self._tell(self._ledger.unreadable((errand.job, errand.number)))
        self._errands.drop(lambda errand: errand.fills_gap and errand in given_up)
        self._errands.ask(lacking, urgent=True)
        self._visits.tell_part("builds", trouble(given_up))

    def _delivered(self, errand: Errand, answer: Builds) -> None:
        """Take what an errand has brought; called by its thread."""
        job, page, builds, more = errand.job, errand.page, answer.found, None
        from_newest = page is not None and not page.begin
        with self._lock:
            if self._is_of_another(errand, builds, whole=from_newest):
                return
            if from_newest:
                self._take_former_name(job, builds)
            builds = self._history.untold(job, page, builds, partial(self._ledger.needs, job))
            told = self._ledger.take(job, errand.path, self._default(job), builds)
            if errand.number is not None:
                self._ledger.release((job, errand.number))
                self._history.answered(job, errand.number)
            self._tell(told)
            if page is not None and (after := self._history.after(job, page, answer)) is not None:
                more = self._identities.errand(job, errand.path, page=after)
        if page is None:
            self._notice_seed(told)
        self._ask_for_upstream(told, urgent=not errand.can_wait)
        if more is not None:
            self._errands.ask([more], urgent=class_of(job, self._settings) is JobClass.ENVIRONMENT)

    def _take_former_name(self, job: str, builds: Sequence[BuildWire]) -> None:
        """Let a job be known by what a job that has gone had; how far that was read may not reach these builds."""
        former = self._identities.former(job, builds, self._missed)
        if former is not None and job in self._paths:
            self._carry_over({job: former})
            self._history.forget(job)

    def _is_of_another(self, errand: Errand, found: Sequence[BuildWire | RemainingBuild], *, whole: bool) -> bool:
        """Tell whether an answer is not about the job that is known; where the job is another now, visit it anew."""
        if self._identities.is_past(errand):
            return True
        if not self._identities.contradicted(errand.job, found, whole=whole):
            return False
        self._visits.hurry()
        return True

    def _missing(self, errand: Errand) -> bool:
        """Take that what an errand asked for is not there, and say whether that settles it; called by its thread."""
        if errand.number is None:  # builds of a job that is still there are asked for again
            with self._lock:
                return errand.page is None or self._identities.is_past(errand)
        key = (errand.job, errand.number)
        with self._lock:
            if self._identities.is_past(errand):
                return True
            known = self._ledger.get(key)
            if known is not None and not (known.building or known.deleted):
                self._deletions.missed(key)
            told = self._ledger.vanished(key)
            self._history.absent(*key)
            self._tell(told)
        self._ask_for_upstream(told)
        return True

    def _remain(self, errand: Errand, remaining: Remaining) -> None:
        """Take which builds a job still has; called by its thread."""
        with self._lock:
            if self._is_of_another(errand, remaining.builds or (), whole=True):
                return
            known = self._ledger.standing(errand.job)
            gone = self._deletions.deleted(errand.job, known, errand.missed, remaining)
            self._tell(Told(tuple(self._ledger.delete(errand.job, gone))))
