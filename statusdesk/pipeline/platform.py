"""The platform's jobs, judged whenever Jenkins tells something, as of then."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from statusdesk.config import JenkinsSettings, TokenSettings
from statusdesk.facts import Build, Executors, Job, JobClass, QueueItem
from statusdesk.job_names import spellings
from statusdesk.judge.periods import Period, period_of
from statusdesk.judge.platform import Surroundings, judge_platform
from statusdesk.judge.platform_pairs import Pair, pairs_of
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.rejudging import Hold, Rejudging
from statusdesk.renewals import is_named
from statusdesk.states import PlatformState
from statusdesk.states_builds import NO_RESULT
from statusdesk.store.writer import Transition, Writer


class Platform:
    """Puts the state of each platform job; ``flush`` is cheap while nothing has happened."""

    def __init__(
        self,
        writer: Writer,
        builds: Builds,
        settings: JenkinsSettings | None,
        tokens: Sequence[TokenSettings] = (),
    ) -> None:
        self._builds = builds
        self._settings = settings
        self._tokens = tokens
        self._writer = writer
        self._rows = Rejudging(writer, PlatformState)
        self._hold = Hold()

    def heard(self) -> None:
        """Take note that Jenkins has told something."""
        self._rows.heard = True

    def again(self) -> None:
        """Take note that our clock was set."""
        self._rows.again()

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge the platform's jobs as of when Jenkins was heard, and put their states; commit is the caller's."""
        if self._settings is None or not self._rows.heard:
            return []
        jobs = {job.key: job for job in self._builds.jobs() if self._is_of_platform(job)}
        queue = _most_urgent(self._builds.queue.items())
        executors = {each.source: each for each in self._builds.queue.executors()}
        states = [self._state(job, queue.get(key), executors.get(job.source), now_ms) for key, job in jobs.items()]
        unread = {state.key for state in states if self._is_unread(jobs[state.source, state.job], state)}
        if self._hold.holds(bool(unread), now_ms):
            states = [state for state in states if state.key not in unread]
        # where no job is known at all, nothing has been told of them yet
        return self._rows.put(states, now_ms, whole=bool(self._builds.jobs()))

    def _is_unread(self, job: Job, state: PlatformState) -> bool:
        """Whether nothing was told of a job, and it may have come to results among builds that are still being read."""
        if job.is_read or state.reason != NO_RESULT:
            return False
        before = self._writer.current(PlatformState).get(state.key)
        return before is None or before.until_ms is not None

    def _is_of_platform(self, job: Job) -> bool:
        """Tell whether a job is one of the platform: by its class, or because it deploys into no namespace."""
        if job.job_class is not JobClass.OTHER:
            return job.job_class is not JobClass.DEPLOY
        return job.namespace_default is None and self._builds.namespaces_of(job.key) == {""}

    def _state(self, job: Job, queued: QueueItem | None, executors: Executors | None, now_ms: int) -> PlatformState:
        settings = self._settings
        assert settings is not None
        builds = self._builds.of_job(job.key)
        counts = self._counts(job, builds)
        before = self._writer.current(PlatformState).get(f"{job.source}/{job.name}")
        before_ms = {
            name: ms
            for name, settled in self._builds.settled.items()
            if (ms := settled.before_ms(self._builds.act_of(job.name))) is not None
        }
        return judge_platform(
            job,
            builds,
            Surroundings(
                periods=self._periods(job, pairs_of(builds, before_ms)),
                queued=queued,
                queue_ms=self._builds.hearing.queue_ms(now_ms),
                stuck=executors.stuck if executors is not None else (),
                quieting_down=executors is not None and executors.quieting_down,
                no_executor=executors is not None and executors.total == 0,
                stale_ms=round(settings.seed_stale_s * 1000),
                queue_warn_ms=round(settings.queue_warn_s * 1000),
                jobs_added=counts.get("appeared", 0),
                jobs_removed=counts.get("vanished", 0),
                awaited_ms=before.awaited_ms if before is not None and before.until_ms is None else None,
                settled_ms=before_ms,
                act=self._builds.act_of(job.name),
            ),
            self._builds.hearing.as_of_ms(now_ms),
        )

    def _periods(self, job: Job, pairs: Sequence[Pair]) -> dict[str, Period | None]:
        """Return how often a job should run for each namespace; that of none is the first, of the job as a whole."""
        settings = self._settings
        assert settings is not None
        if job.job_class is JobClass.SEED:
            return {pair.namespace: period_of(pair.builds, settings.seed_every_s) for pair in reversed(pairs)}
        if job.job_class is not JobClass.RENEWAL:
            return {}
        every_s = _shortest_s(job.name, self._tokens, [pair.namespace for pair in pairs])
        return {
            pair.namespace: period_of(pair.builds, every_s.get(pair.namespace, settings.renewal_every_s))
            for pair in reversed(pairs)
        }

    def _counts(self, job: Job, builds: Sequence[Build]) -> Mapping[str, int]:
        """Return how many jobs came and went since the last good run of a seed job began."""
        good = [build.started_ms for build in builds if not build.building and build.result == "SUCCESS"]
        if job.job_class is not JobClass.SEED or not good:
            return {}
        counts: dict[str, int] = {}
        for event in self._builds.events.since(job.source, max(good)):
            counts[event.what] = counts.get(event.what, 0) + 1
        return counts


def _shortest_s(job: str, tokens: Sequence[TokenSettings], namespaces: Collection[str]) -> dict[str, float]:
    """Return by namespace the shortest of the periods of the tokens that a job renews when it is run for it.

    A token without a period takes none away. One that is of none of these namespaces is renewed by any run.
    """
    names = spellings(job)
    shortest: dict[str, float] = {}
    for each in tokens:
        if each.renewal_job in names and each.renew_every_s:
            own = [name for name in namespaces if is_named(name, each.namespaces) or not name]
            for name in own if any(own) else namespaces:
                shortest[name] = min(shortest.get(name, each.renew_every_s), each.renew_every_s)
    return shortest


def _most_urgent(items: Iterable[QueueItem]) -> dict[tuple[str, str], QueueItem]:
    """Return by job what of it waits: one that is stuck before others, and the one that has waited for longest."""
    urgent: dict[tuple[str, str], QueueItem] = {}
    for item in sorted(items, key=lambda each: (not each.stuck, not each.since_ms, each.since_ms, each.id)):
        urgent.setdefault((item.source, item.job), item)
    return urgent
