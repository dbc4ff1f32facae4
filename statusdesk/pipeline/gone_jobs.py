"""Jobs that Jenkins has no more, as far as what their builds did outlasts them."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from statusdesk.facts import Build
from statusdesk.pipeline.clock_steps import moved
from statusdesk.pipeline.job_events import JobEvents

JobKey = tuple[str, str]


class GoneJob(NamedTuple):
    """The builds of a job that has gone, and since when it has; 0 where that is not known."""

    builds: tuple[Build, ...]
    since_ms: int


class GoneJobs:
    """Keeps the builds of jobs that have gone; ``outlasts`` tells of which."""

    def __init__(self, outlasts: Callable[[JobKey], bool], events: JobEvents) -> None:
        self._outlasts = outlasts
        self._events = events
        self.jobs: dict[JobKey, GoneJob] = {}

    def went(self, job: JobKey, builds: Sequence[Build], at_ms: int | None = None) -> None:
        """Keep the builds of a job that has gone; ``at_ms`` is None where it was gone before this process looked."""
        if builds and self._outlasts(job):
            self.jobs[job] = GoneJob(tuple(builds), self._events.vanished_ms(*job) or 0 if at_ms is None else at_ms)

    def forget_old(self, before_ms: int) -> None:
        """Forget builds that began before a moment, and the jobs that have no others: the store keeps none of them."""
        for job, gone in list(self.jobs.items()):
            kept = tuple(build for build in gone.builds if build.started_ms >= before_ms)
            if not kept:
                del self.jobs[job]
            elif len(kept) < len(gone.builds):
                self.jobs[job] = gone._replace(builds=kept)

    def restamp(self, step_ms: int) -> None:
        """Move what is known with our clock, which was set."""
        self.jobs = {
            job: GoneJob(moved(gone.builds, step_ms), gone.since_ms + step_ms if gone.since_ms else 0)
            for job, gone in self.jobs.items()
        }

    def forget(self, jobs: Iterable[JobKey]) -> None:
        """Forget jobs that are back, or whose builds are now those of another name."""
        for job in jobs:
            self.jobs.pop(job, None)
