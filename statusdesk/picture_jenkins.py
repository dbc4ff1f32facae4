"""What Jenkins does beside builds per namespace: platform jobs, environments, queue, executors; kept in order."""

from collections.abc import Iterable
from typing import TypeVar

from statusdesk.config import EnvironmentSettings
from statusdesk.facts import Executors, Job, JobClass, QueueItem
from statusdesk.job_names import matches
from statusdesk.states import Changes, EnvironmentState, Level, PlatformState

_LEVELS = (Level.FAILING, Level.WARNING, Level.UNKNOWN, Level.PROGRESSING)
_CLASSES = ("seed", "renewal", "environment")
Lasts = TypeVar("Lasts", PlatformState, EnvironmentState)


class Jenkins:
    """Takes the changes of the store; what nothing has touched stays the same object."""

    def __init__(self, settings: EnvironmentSettings) -> None:
        self.platform: tuple[PlatformState, ...] = ()
        self.environments: tuple[EnvironmentState, ...] = ()
        self.queue: tuple[QueueItem, ...] = ()
        self.executors: tuple[Executors, ...] = ()
        self.untold: tuple[str, ...] = ()
        self._patterns = (*settings.create_jobs, *settings.destroy_jobs)
        self._untold: dict[tuple[str, str], str] = {}
        self._platform: dict[str, PlatformState] = {}
        self._environments: dict[str, EnvironmentState] = {}
        self._executors: dict[str, Executors] = {}

    def apply(self, changes: Changes) -> None:
        """Take the rows that changed; rows with an end go."""
        if changes.platform:
            _put(self._platform, changes.platform)
            self.platform = tuple(sorted(self._platform.values(), key=_platform_order))
        if changes.environments:
            _put(self._environments, changes.environments)
            self.environments = tuple(sorted(self._environments.values(), key=_environment_order))
        if changes.jobs or changes.gone_jobs:
            self._put_jobs(changes.jobs, changes.gone_jobs)
        if changes.queue is not None:
            self.queue = tuple(sorted(changes.queue, key=lambda item: (item.since_ms, item.id)))
        if changes.executors:
            self._executors |= {each.source: each for each in changes.executors}
            self.executors = tuple(self._executors[source] for source in sorted(self._executors))

    def _put_jobs(self, jobs: Iterable[Job], gone: Iterable[tuple[str, str]]) -> None:
        """Take which jobs of environments have older builds that are not told yet."""
        for job in jobs:
            if job.complete or job.job_class is not JobClass.ENVIRONMENT or not matches(job.name, self._patterns):
                self._untold.pop(job.key, None)
            else:
                self._untold[job.key] = job.name
        for key in gone:
            self._untold.pop(key, None)
        self.untold = tuple(sorted(self._untold.values()))


def _put(rows: dict[str, Lasts], changed: Iterable[Lasts]) -> None:
    for row in changed:
        if row.until_ms is not None:
            rows.pop(row.key, None)
        else:
            rows[row.key] = row


def _rank(level: Level) -> int:
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def _platform_order(state: PlatformState) -> tuple[int, int, str]:
    """Worst first; then seeds before renewals before environments."""
    place = _CLASSES.index(state.job_class) if state.job_class in _CLASSES else len(_CLASSES)
    return (_rank(state.level), place, state.key)


def _environment_order(state: EnvironmentState) -> tuple[int, int, str]:
    """Worst first; then those that have been up for longest."""
    return (_rank(state.level), state.up_since_ms or 0, state.key)
