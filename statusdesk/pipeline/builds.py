"""Jobs and builds in memory, and the judging of the (job, namespace) pairs that changed."""

from collections.abc import Callable, Collection, Mapping, Sequence

from statusdesk.facts import (
    Build,
    BuildDetails,
    Changed,
    Job,
    JobClass,
    JobMove,
    QueueItem,
    Swept,
    Visited,
)
from statusdesk.judge.builds import judge_builds
from statusdesk.judge.environments import Act, Settled
from statusdesk.judge.jobs import Doubt, doubt_of
from statusdesk.pipeline.build_queue import BuildQueue
from statusdesk.pipeline.builds_kept import KEPT_PER_PAIR, counts, trim
from statusdesk.pipeline.built_jobs import BuiltJobs, JobKey
from statusdesk.pipeline.clock_steps import MovedBuilds, moved
from statusdesk.pipeline.failed_builds import FailedBuilds
from statusdesk.pipeline.gone_jobs import GoneJob, GoneJobs
from statusdesk.pipeline.jenkins_hearing import JenkinsHearing
from statusdesk.pipeline.job_events import JobEvents, seed_run
from statusdesk.pipeline.running_builds import RunningBuilds
from statusdesk.source_names import JENKINS
from statusdesk.states import BuildState, Level
from statusdesk.store.writer import Transition, Writer
from statusdesk.wants import BuildWanted

MOST_OF_LASTING = 10_000  # a run every ten minutes for two months
MOST_NAMESPACES = 1_000
"""Of one job: what it built for environments that came and went is forgotten, the oldest first."""
Pair = tuple[str, str, str]
AskBuild = Callable[[BuildWanted], None]


def build_state_key(source: str, job: str, namespace: str) -> str:
    """Return the store's key of a (job, namespace) pair: ``source/job@namespace``."""
    return f"{source}/{job}@{namespace}"


class Builds:
    """What is known of Jenkins: takes jobs, builds, queue and executors; puts them and the state of each pair."""

    def __init__(
        self,
        writer: Writer,
        ask: AskBuild = lambda wanted: None,
        keeps: Callable[[str], bool] = lambda namespace: False,
        act_of: Callable[[str], Act | None] = lambda job: None,
        sources: Collection[str] = (JENKINS,),
    ) -> None:
        """``keeps``: tells the namespaces of stages; ``act_of``: the jobs whose builds count when they have gone;
        ``sources``: those of which anything is remembered."""
        self._writer = writer
        self._ask = ask
        self._keeps = keeps
        self._crowded: set[JobKey] = set()
        self.act_of = act_of
        self._failed = FailedBuilds(ask)
        self._running = RunningBuilds(ask)
        self._moved = MovedBuilds()
        self._jobs: dict[tuple[str, str], Job] = {job.key: job for job in writer.jobs() if job.source in sources}
        self._pairs: dict[Pair, list[Build]] = {}
        self._built = BuiltJobs()
        self._dirty: set[Pair] = set()
        self._lessened: set[Pair] = set()
        self._appeared: set[JobKey] = set()
        self._touched: set[JobKey] = set()
        self._forgotten: set[JobKey] = set()
        self._moves: list[Sequence[JobMove]] = []
        self._gone: list[Transition] = []
        self.queue = BuildQueue(writer)
        self.settled: dict[str, Settled] = {}
        self.doubt: Doubt | None = None
        self.hearing = JenkinsHearing()
        self.events = JobEvents(writer.job_events(JobEvents.KEPT))
        self._remember([build for build in writer.build_rows.known() if build.source in sources])
        self._remember_lasting(set(self._built.namespaces))
        self._past = GoneJobs(self._is_lasting, self.events)
        for key in self._built.namespaces.keys() - self._jobs.keys():
            self._past.went(key, self.of_job(key, deleted_too=True))
        rows = writer.current(BuildState)
        self._dirty = {pair for pair, known in self._pairs.items() if _lacks(rows.get(build_state_key(*pair)), known)}

    def sweep(self, swept: Swept) -> None:
        """Take a whole sweep of jobs, queue items or executors."""
        if swept.kind is Job:
            self._sweep_jobs(swept)
            return
        if swept.kind is QueueItem:
            self.hearing.told_queue(swept.at_ms)
        self.queue.sweep(swept)

    def visited(self, visited: Visited) -> None:
        """Take how Jenkins as a whole answered."""
        self.hearing.visited(visited, doubted=self.doubt is not None)

    def _sweep_jobs(self, swept: Swept) -> None:
        jobs = [fact for fact in swept.facts if isinstance(fact, Job)]
        before = {key: job for key, job in self._jobs.items() if key[0] == swept.source}
        self.doubt = doubt_of(len(jobs), len(before), self.doubt)
        if self.doubt is not None:
            return
        seen = {job.key for job in jobs}
        if before:
            after = {job.key: job for job in jobs}
            seed = seed_run(jobs, self.of_job, swept.at_ms)
            self._writer.put_job_events(self.events.compare(before, after, seed, swept.at_ms))
        # builds of a job that went while nobody looked are remembered from the store, the job itself is not
        known = dict.fromkeys((*self._jobs, *self._built.namespaces))
        gone = [key for key in known if key[0] == swept.source and key not in seen]
        for key in gone:
            self._past.went(key, self.of_job(key, deleted_too=True), swept.at_ms if key in self._jobs else None)
            self._jobs.pop(key, None)
        if gone:
            names = {name for _, name in gone}
            self._writer.gone_jobs(swept.source, names, swept.at_ms)
            pairs = [pair for pair in self._pairs if pair[0] == swept.source and pair[1] in names]
            self._gone += self._writer.gone(BuildState, [build_state_key(*pair) for pair in pairs], swept.at_ms)
            for pair in pairs:
                del self._pairs[pair]
                self._dirty.discard(pair)
            for key in gone:
                self._forget_job(key)
        self._appeared = (self._appeared & seen) | (seen - before.keys())
        changed = {job.key for job in jobs if self._jobs.get(job.key) != job}
        self._touched.update(key for key in self._completed(jobs) if key in self._built.namespaces)
        self._jobs.update((job.key, job) for job in jobs)
        if changed:
            self._writer.put_jobs([job for job in jobs if job.key in changed])
            self._dirty.update(pair for pair in self._pairs if (pair[0], pair[1]) in changed)

    def jobs(self) -> list[Job]:
        """Return the jobs that exist."""
        return list(self._jobs.values())

    def gone_jobs(self) -> dict[JobKey, GoneJob]:
        """Return the jobs that have gone whose builds count all the same."""
        return self._past.jobs

    def forget_gone(self, before_ms: int) -> None:
        """Forget what jobs that have gone did before a moment."""
        self._past.forget_old(before_ms)

    def namespaces_of(self, job: JobKey) -> set[str]:
        """Return the namespaces that builds of a job went to; one is empty for those that are not attributed."""
        return self._built.namespaces.get(job, set())

    def settle(self, settled: Mapping[str, Settled]) -> None:
        """Take which environments were made or destroyed well, and when: what failed there before may be history."""
        changed = {name for name in {**settled, **self.settled} if settled.get(name) != self.settled.get(name)}
        self.settled = dict(settled)
        if changed:
            self._dirty.update(pair for pair in self._pairs if pair[2] in changed)

    def _forget_job(self, job: JobKey) -> None:
        self._built.forget(job)
        self._touched.discard(job)
        self._forgotten.add(job)
        self._running.forget(job[1])

    def change(self, changed: Changed) -> None:
        """Take builds that are new or have changed; those that have gone belonged to a job that was made anew."""
        if changed.kind is BuildDetails:
            found = [fact for fact in changed.seen if isinstance(fact, BuildDetails)]
            turned = {(each.source, each.job) for each in found if self._running.answered(each)}
            self._dirty.update(pair for pair in self._pairs if pair[:2] in turned)
            self._writer.put_build_details(found)
            return
        if changed.moved:
            self._move(changed.moved)
            self._writer.put_job_events(self.events.hear(changed.moved, changed.at_ms))
        if changed.gone:
            jobs = {(str(key[0]), str(key[1])) for key in changed.gone}
            self._forget(jobs)
            for job in jobs:
                self._writer.build_rows.forget(*job)
        builds = [self._moved.seen(fact) for fact in changed.seen if isinstance(fact, Build)]
        self._remember(builds)
        self._writer.put_builds(builds)
        lost = [build for build in builds if build.deleted]
        self._lessened.update((b.source, b.job, name) for b in lost for name in b.all_namespaces or ("",))

    def _recall(self) -> None:
        """Remember what the store has: builds of jobs that are back, older ones of the pairs that have lost one."""
        if self._appeared:
            self._remember(self._writer.build_rows.of_jobs(self._appeared))
            self._remember_lasting(self._appeared)
            self._past.forget(self._appeared)
            self._appeared.clear()
        self._lessened |= self._without_result()
        if self._lessened:
            self._remember(self._writer.build_rows.of_pairs(self._lessened, KEPT_PER_PAIR))
            self._lessened.clear()

    def _is_lasting(self, job: JobKey) -> bool:
        """Whether what a job has built counts for as long as it did something, by its name or one that it had."""
        names = (job[1], *(name for name, _ in self.events.earlier_names(*job)))
        return any(self.act_of(name) is not None for name in names)

    def _remember_lasting(self, jobs: Collection[JobKey]) -> None:
        """Remember, of the jobs whose builds outlast them, all that the store has: it keeps them by their age."""
        lasting = {job for job in jobs if self._is_lasting(job)}
        if lasting:
            self._remember(self._writer.build_rows.of_jobs(lasting, MOST_OF_LASTING))

    def _without_result(self) -> set[Pair]:
        """Return the pairs to be judged of which no result is remembered, though one was told."""
        current = self._writer.current(BuildState)
        told = {pair for pair in self._dirty if (row := current.get(build_state_key(*pair))) and row.number is not None}
        return {pair for pair in told if pair in self._pairs and not any(map(counts, self._pairs[pair]))}

    def _move(self, moves: Sequence[JobMove]) -> None:
        """Have the builds of jobs by their new names; they are recalled from the store, which has all of them."""
        self._forget({(move.source, name) for move in moves for name in (move.before, move.after)})
        self._writer.build_rows.move(moves)
        self._moves.append(moves)
        self._appeared.update((move.source, move.after) for move in moves)

    def _forget(self, jobs: set[JobKey]) -> None:
        """Forget all builds of jobs: what is remembered of them is of jobs that have other names now, or are gone."""
        for pair, known in self._pairs.items():
            if pair[:2] in jobs:
                known.clear()
                self._dirty.add(pair)
        self._past.forget((str(source), str(job)) for source, job in jobs)
        self._lessened = {pair for pair in self._lessened if pair[:2] not in jobs}
        self._appeared = {job for job in self._appeared if job not in jobs}
        for _, job in jobs:
            self._running.forget(job)

    def restamp(self, step_ms: int) -> None:
        """Move all that was seen with our clock, which was set, and have everything judged anew."""
        self._moved.step((build for known in self._pairs.values() for build in known), step_ms)
        found: dict[tuple[str, str, int], Build] = {}
        for known in self._pairs.values():
            known[:] = [moved(build, step_ms) for build in known]
            found.update((build.key, build) for build in known)
        self._writer.put_builds(list(found.values()))
        self._past.restamp(step_ms)
        self.hearing.restamp(step_ms)
        self.queue.restamp(step_ms)
        self.settled = {name: each.moved(step_ms) for name, each in self.settled.items()}
        self.events.restamp(step_ms)
        self._writer.move_job_events(step_ms)
        self._dirty.update(self._pairs)

    def _remember(self, builds: Sequence[Build]) -> None:
        """Remember builds, each as it is told last; what is known of a pair is put in order once, however many."""
        told: dict[Pair, dict[int, Build]] = {}
        for build in builds:
            for namespace in build.all_namespaces or ("",):
                told.setdefault((build.source, build.job, namespace), {})[build.number] = build
                self._index(build, namespace)
            self._running.see(build)
        for pair, news in told.items():
            known = self._pairs.setdefault(pair, [])
            known[:] = [*(build for build in known if build.number not in news), *news.values()]
            known.sort(key=lambda build: -build.number)
            trim(known, self._is_lasting)
            self._dirty.add(pair)

    def _index(self, build: Build, namespace: str) -> None:
        job = (build.source, build.job)
        self._touched.add(job)
        if self._built.add(job, namespace) > MOST_NAMESPACES:
            self._crowded.add(job)

    def _thin_out(self, now_ms: int) -> list[Transition]:
        """Forget the namespaces of jobs with too many of them, those built for longest ago; never one of a stage."""
        crowded, self._crowded = self._crowded, set()
        pairs: list[Pair] = []
        for job in crowded & self._built.namespaces.keys():
            known = self._built.namespaces[job]
            loose = [name for name in known if name and not self._keeps(name)]
            loose.sort(key=lambda name: max((each.number for each in self._pairs.get((*job, name), ())), default=0))
            pairs += [(*job, name) for name in loose[: len(known) - MOST_NAMESPACES]]
        for pair in pairs:
            self._built.drop(pair[:2], pair[2])
            self._pairs.pop(pair, None)
            self._dirty.discard(pair)
        return self._writer.gone(BuildState, [build_state_key(*pair) for pair in pairs], now_ms) if pairs else []

    def of_job(self, job: JobKey, *, deleted_too: bool = False) -> list[Build]:
        """Return the builds of a job that are remembered, of all namespaces, in no order.

        ``deleted_too``: also those that Jenkins does not have any more, for what they did was done all the same.
        """
        by_number: dict[int, Build] = {}
        for namespace in self._built.namespaces.get(job, ()):
            by_number.update((build.number, build) for build in self._pairs.get((*job, namespace), ()))
        return [build for build in by_number.values() if deleted_too or not build.deleted]

    def of_pair(self, job: JobKey, namespace: str) -> Sequence[Build]:
        """Return the builds of a job for a namespace, or for none, that are remembered; the newest first."""
        return self._pairs.get((*job, namespace), ())

    def jobs_in(self, namespace: str) -> Collection[JobKey]:
        """Return the jobs with builds for a namespace; of those that are not attributed it is empty."""
        return self._built.built_for(namespace)

    def jobs_named(self, name: str) -> list[JobKey]:
        """Return the jobs with builds of this name, which may be written with dashes for the slashes of folders."""
        return list(self._built.named(name))

    def name_now(self, name: str) -> str:
        """Return what a job is called now that had this name; one that has the name now is meant by it."""
        return name if not name or self._built.named(name) else self.events.later_name(name)

    def class_of(self, job: JobKey) -> JobClass:
        """Return what a job is for; OTHER while it is not known."""
        known = self._jobs.get(job)
        return known.job_class if known is not None else JobClass.OTHER

    def is_complete(self, job: JobKey) -> bool:
        """Return whether all older builds of a job are known, of those that Jenkins has; later ones may be missing."""
        known = self._jobs.get(job)
        return known is not None and known.complete

    def _completed(self, jobs: Sequence[Job]) -> set[JobKey]:
        return {job.key for job in jobs if job.complete and not self.is_complete(job.key)}

    def is_disabled(self, job: JobKey) -> bool:
        """Return whether a job is known to be disabled."""
        known = self._jobs.get(job)
        return known is not None and known.disabled

    def take_touched(self) -> set[JobKey]:
        """Return the jobs of which a build is new or has changed since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def take_forgotten(self) -> set[JobKey]:
        """Return the jobs that have gone since the last call."""
        forgotten, self._forgotten = self._forgotten, set()
        return forgotten

    def take_moves(self) -> list[Sequence[JobMove]]:
        """Return which jobs were given other names since the last call; those of one entry all at once."""
        moves, self._moves = self._moves, []
        return moves

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge the pairs that changed and put their states; commit is the caller's."""
        self._recall()
        self._running.step(now_ms)
        gone, self._gone = self._gone, []
        if self._crowded:
            gone += self._thin_out(now_ms)
        if not self._dirty:
            return gone
        states: list[BuildState] = []
        emptied: list[str] = []
        current = self._writer.current(BuildState)
        for pair in self._dirty:
            remembered = self._pairs.get(pair)
            if remembered and any(not build.deleted for build in remembered):
                before = current.get(build_state_key(*pair))
                before = before if before is not None and before.until_ms is None else None
                states.append(self._judged(pair, remembered, before, now_ms))
            elif remembered is not None:
                if not remembered:
                    del self._pairs[pair]
                emptied.append(build_state_key(*pair))
        self._dirty.clear()
        self._failed.see(states, now_ms)
        return gone + self._writer.gone(BuildState, emptied, now_ms) + self._writer.put(states, now_ms)

    def _judged(self, pair: Pair, builds: Sequence[Build], before: BuildState | None, now_ms: int) -> BuildState:
        source, job, namespace = pair
        of_job, settled, act = self._jobs.get((source, job)), self.settled.get(namespace), self.act_of(job)
        judged = judge_builds(source, of_job, job, namespace, builds, settled, before, act=act, now_ms=now_ms)
        return self._running.with_waits(judged)

    def look_up(self, source: str, job: str, number: int) -> bool:
        """Have a build looked up that somebody opened; tell whether it is known. Its address is the store's."""
        build = self._writer.build_rows.one(source, job, number)
        if build is None or not build.url:
            return False
        self._ask(BuildWanted(job=job, number=number, url=build.url, urgent=True))
        return True


def _lacks(row: BuildState | None, known: Sequence[Build]) -> bool:
    """Whether a stored row lacks since when it is well or what runs: an older desk may not have told that."""
    if row is None or row.until_ms is not None:
        return False
    running = {build.number for build in known if build.building}
    return (row.level is Level.OK and row.green_since_ms is None) or running != {run.number for run in row.running}
