"""Jobs that come, go, are renamed, disabled or enabled, with the seed run that did it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from statusdesk.facts import Build, Job, JobClass, JobMove
from statusdesk.job_renames import Renames
from statusdesk.pipeline.clock_steps import moved
from statusdesk.states import JobEvent

JobKey = tuple[str, str]
SEED_ECHO_MS = 300_000
"""The jobs that a seed run makes are seen at the latest so long after it."""


class SeedRun(NamedTuple):
    """A run of a seed job."""

    started_ms: int
    job: str
    number: int


def seed_run(jobs: Iterable[Job], builds_of: Callable[[JobKey], Iterable[Build]], at_ms: int) -> SeedRun | None:
    """Return the seed run that goes on, or the one that ended not long ago.

    A run that is new is told by the list of jobs itself: its build comes after the list.
    """
    seeds = [job for job in jobs if job.job_class is JobClass.SEED]
    runs = [build for job in seeds for build in builds_of(job.key)]
    near = [run for run in runs if run.building or at_ms - run.started_ms - run.duration_ms <= SEED_ECHO_MS]
    found = [SeedRun(run.started_ms, run.job, run.number) for run in near]
    for job in seeds:
        if job.last_ms and job.last_number is not None and at_ms - job.last_ms <= SEED_ECHO_MS:
            found.append(SeedRun(job.last_ms, job.name, job.last_number))
    return max(found, default=None)


class JobEvents:
    """Which jobs came, went, were renamed, disabled or enabled; the newest are remembered."""

    KEPT = 2_000

    def __init__(self, known: Sequence[JobEvent] = ()) -> None:
        self._newest: list[JobEvent] = list(known)
        self._renames = Renames(known)
        self._listed: list[tuple[str, str, str]] = []

    def restamp(self, step_ms: int) -> None:
        """Move what has happened with the clock, which was set."""
        self._newest = [moved(event, step_ms) for event in self._newest]
        self._renames = Renames(self._newest)

    def hear(self, moves: Iterable[JobMove], at_ms: int) -> list[JobEvent]:
        """Return which jobs were renamed by what is told with their builds, where two lists of jobs did not show it.

        They do not where another job has the old name at once, as when two have exchanged theirs. What two lists show
        is told with the builds once, afterwards; whatever else is told is new, also between names as before.
        """
        told = [(move.source, move.before, move.after) for move in moves]
        events = [
            JobEvent(source=source, name=before, at_ms=at_ms, what="renamed", other=after)
            for source, before, after in told
            if (source, before, after) not in self._listed
        ]
        self._listed = [each for each in self._listed if each not in told]
        self._newest = [*self._newest, *events][-self.KEPT :]
        self._renames = Renames(self._newest)
        return events

    def since(self, source: str, since_ms: int) -> list[JobEvent]:
        """Return what happened at a source since a moment."""
        return [event for event in self._newest if event.source == source and event.at_ms >= since_ms]

    def vanished_ms(self, source: str, name: str) -> int | None:
        """Return when a job went last; None where that is not remembered."""
        went = [e.at_ms for e in self._newest if (e.source, e.name, e.what) == (source, name, "vanished")]
        return max(went, default=None)

    def earlier_names(self, source: str, name: str) -> list[tuple[str, int]]:
        """Return the names that a job had, and until when, the last one first; as far as they are remembered."""
        return self._renames.earlier_names(source, name)

    def renamed_to(self, source: str, name: str) -> str:
        """Return the name that a job got, as the last that is remembered of it; empty: none."""
        of_it = (each for each in reversed(self._newest) if (each.source, each.name) == (source, name))
        last = next((each for each in of_it if each.what in ("renamed", "vanished", "appeared")), None)
        return last.other if last is not None and last.what == "renamed" else ""

    def later_name(self, name: str) -> str:
        """Return what a job is called now that had this name; the name itself where no rename is remembered."""
        return self._renames.later_name(name)

    def compare(
        self, before: Mapping[JobKey, Job], after: Mapping[JobKey, Job], seed: SeedRun | None, at_ms: int
    ) -> list[JobEvent]:
        """Return what has happened between two lists of jobs of one source; ``seed`` ran then, or shortly before."""
        seed_job, seed_number = (seed.job, seed.number) if seed is not None else ("", None)

        def event(job: Job, what: str, other: str = "") -> JobEvent:
            return JobEvent(
                source=job.source,
                name=job.name,
                at_ms=at_ms,
                what=what,
                other=other,
                seed_job=seed_job,
                seed_number=seed_number,
            )

        came = {key: job for key, job in after.items() if key not in before}
        went = {key: job for key, job in before.items() if key not in after}
        last = {(job.last_number, job.last_ms): job for job in came.values() if job.last_ms}
        events = []
        for job in went.values():
            renamed = last.pop((job.last_number, job.last_ms), None) if job.last_ms else None
            if renamed is not None:
                del came[renamed.key]
            events.append(event(job, "renamed", renamed.name) if renamed is not None else event(job, "vanished"))
        events += [event(job, "appeared") for job in came.values()]
        for key, job in after.items():
            known = before.get(key)
            if known is not None and known.disabled != job.disabled:
                events.append(event(job, "disabled" if job.disabled else "enabled"))
        self._newest = [*self._newest, *events][-self.KEPT :]
        listed = [(each.source, each.name, each.other) for each in events if each.what == "renamed"]
        self._listed = [*self._listed, *listed][-self.KEPT :]
        if events:
            self._renames = Renames(self._newest)
        return events
