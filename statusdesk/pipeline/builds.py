"""Jobs and builds in memory, and the judging of the (job, namespace) pairs that changed."""

from statusdesk.facts import Build, Changed, Executors, Job, QueueItem, Swept
from statusdesk.judge.builds import judge_builds
from statusdesk.states import BuildState
from statusdesk.store.writer import Transition, Writer

KEPT_PER_PAIR = 30
CONCLUSIVE = ("SUCCESS", "UNSTABLE", "FAILURE")
Pair = tuple[str, str, str]


def build_state_key(source: str, job: str, namespace: str) -> str:
    """Return the store's key of a (job, namespace) pair: ``source/job@namespace``."""
    return f"{source}/{job}@{namespace}"


class Builds:
    """What is known of Jenkins: takes jobs, builds, queue and executors; puts them and the state of each pair."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._jobs: dict[tuple[str, str], Job] = {job.key: job for job in writer.jobs()}
        self._pairs: dict[Pair, list[Build]] = {}
        self._dirty: set[Pair] = set()
        self._gone: list[Transition] = []
        for build in writer.known_builds():
            self._remember(build)
        self._dirty.clear()

    def sweep(self, swept: Swept) -> None:
        """Take a whole sweep of jobs, queue items or executors."""
        if swept.kind is Job:
            self._sweep_jobs(swept)
        elif swept.kind is QueueItem:
            self._writer.put_queue(swept.source, [item for item in swept.facts if isinstance(item, QueueItem)])
        elif swept.kind is Executors:
            for fact in swept.facts:
                assert isinstance(fact, Executors)
                self._writer.put_executors(fact)

    def _sweep_jobs(self, swept: Swept) -> None:
        jobs = [fact for fact in swept.facts if isinstance(fact, Job)]
        seen = {job.key for job in jobs}
        gone = [key for key in self._jobs if key[0] == swept.source and key not in seen]
        for key in gone:
            del self._jobs[key]
        if gone:
            names = {name for _, name in gone}
            self._writer.gone_jobs(swept.source, names, swept.at_ms)
            pairs = [pair for pair in self._pairs if pair[0] == swept.source and pair[1] in names]
            self._gone += self._writer.gone(BuildState, [build_state_key(*pair) for pair in pairs], swept.at_ms)
            for pair in pairs:
                del self._pairs[pair]
                self._dirty.discard(pair)
        changed = {job.key for job in jobs if self._jobs.get(job.key) != job}
        self._jobs.update((job.key, job) for job in jobs)
        if changed:
            self._writer.put_jobs([job for job in jobs if job.key in changed])
            self._dirty.update(pair for pair in self._pairs if (pair[0], pair[1]) in changed)

    def change(self, changed: Changed) -> None:
        """Take builds that are new or have changed; those that have gone belonged to a job that was made anew."""
        self._forget(set(changed.gone))
        builds = [fact for fact in changed.seen if isinstance(fact, Build)]
        for build in builds:
            self._remember(build)
        self._writer.put_builds(builds)

    def _forget(self, gone: set[tuple[object, ...]]) -> None:
        if not gone:
            return
        jobs = {key[:2] for key in gone}
        for pair, known in self._pairs.items():
            if pair[:2] in jobs:
                known[:] = [build for build in known if build.key not in gone]
                self._dirty.add(pair)

    def _remember(self, build: Build) -> None:
        for namespace in build.namespaces or (build.namespace or "",):
            pair = (build.source, build.job, namespace)
            known = self._pairs.setdefault(pair, [])
            known[:] = [other for other in known if other.number != build.number]
            known.append(build)
            known.sort(key=lambda each: -each.number)
            self._trim(known)
            self._dirty.add(pair)

    @staticmethod
    def _trim(known: list[Build]) -> None:
        """Keep the newest, and always the newest that says something: the last success and the last conclusive one."""
        if len(known) <= KEPT_PER_PAIR:
            return
        finished = [build for build in known if not build.building]
        success = next((build for build in finished if build.result == "SUCCESS"), None)
        conclusive = next((build for build in finished if build.result in CONCLUSIVE), None)
        del known[KEPT_PER_PAIR:]
        known += [build for build in dict.fromkeys((conclusive, success)) if build is not None and build not in known]

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge the pairs that changed and put their states; commit is the caller's."""
        gone, self._gone = self._gone, []
        if not self._dirty:
            return gone
        states: list[BuildState] = []
        emptied: list[str] = []
        for pair in self._dirty:
            source, job, namespace = pair
            known = self._pairs.get(pair)
            if known:
                states.append(judge_builds(source, self._jobs.get((source, job)), job, namespace, known, now_ms))
            elif known is not None:
                del self._pairs[pair]
                emptied.append(build_state_key(*pair))
        self._dirty.clear()
        return gone + self._writer.gone(BuildState, emptied, now_ms) + self._writer.put(states, now_ms)
