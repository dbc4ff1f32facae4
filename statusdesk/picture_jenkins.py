"""What Jenkins does beside builds per namespace: platform jobs, environments, queue, executors; kept in order."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from statusdesk.config import Config
from statusdesk.facts import Executors, Job, QueueItem
from statusdesk.job_classes import makes_environments
from statusdesk.job_renames import Renames
from statusdesk.states import Changes, EnvironmentHours, EnvironmentState, Level, PlatformState

_LEVELS = (Level.FAILING, Level.WARNING, Level.UNKNOWN, Level.PROGRESSING)
_CLASSES = ("seed", "renewal", "environment")
Lasts = TypeVar("Lasts", PlatformState, EnvironmentState)


class Jenkins:
    """Takes the changes of the store; what nothing has touched stays the same object."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.platform: tuple[PlatformState, ...] = ()
        self.environments: tuple[EnvironmentState, ...] = ()
        self.environment_hours: tuple[EnvironmentHours, ...] = ()
        self.queue: tuple[QueueItem, ...] = ()
        self.executors: tuple[Executors, ...] = ()
        self.incomplete_jobs: tuple[str, ...] = ()
        self.unread: Mapping[tuple[str, str], Job] = {}
        self._renames = Renames()
        self._incomplete_makers: set[tuple[str, str]] = set()
        self._platform: dict[str, PlatformState] = {}
        self._environments: dict[str, EnvironmentState] = {}

    def apply(self, changes: Changes) -> None:
        """Take the rows that changed; rows with an end go."""
        if changes.platform:
            _put(self._platform, changes.platform)
            self.platform = tuple(sorted(self._platform.values(), key=_platform_order))
        if changes.environments:
            _put(self._environments, changes.environments)
            self.environments = tuple(sorted(self._environments.values(), key=_environment_order))
        if changes.environment_hours is not None and changes.environment_hours != self.environment_hours:
            self.environment_hours = changes.environment_hours
        if changes.jobs or changes.gone_jobs or changes.renamed is not None:
            self._put_jobs(changes)
        if changes.queue is not None:
            self.queue = tuple(sorted(changes.queue, key=lambda item: (item.since_ms, item.id)))
        if changes.executors is not None and changes.executors != self.executors:
            self.executors = changes.executors

    def _put_jobs(self, changes: Changes) -> None:
        """Take which jobs have builds that are not told, and which of these make or destroy environments."""
        told = {job.key for job in changes.jobs if job.is_whole} | set(changes.gone_jobs)
        unread = {job.key: job for job in changes.jobs if not job.is_whole}
        due = unread.keys() - told
        if due or not told.isdisjoint(self.unread):
            self.unread = {key: job for key, job in {**self.unread, **unread}.items() if key not in told}
        if changes.renamed is not None:
            self._renames, due = Renames(changes.renamed), set(self.unread)
        self._incomplete_makers = (self._incomplete_makers - told - due) | {
            key for key in due if self.makes_environments(*key)
        }
        self.incomplete_jobs = tuple(sorted(name for _, name in self._incomplete_makers))

    def makes_environments(self, source: str, job: str) -> bool:
        """Tell whether a job makes or destroys environments, or did under an earlier name."""
        earlier = (name for name, _ in self._renames.earlier_names(source, job))
        return makes_environments(self._config, job, earlier)


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
