"""The jobs that renew tokens: looked at anew only where a build is another, or one was disabled."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from statusdesk.config import TokenSettings
from statusdesk.facts import Build
from statusdesk.job_names import spellings
from statusdesk.judge.token_jobs import Run
from statusdesk.judge.token_runs import RenewalRun, last_run, runs_of
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.built_jobs import JobKey


class _Job(NamedTuple):
    """A job as it was when it was looked at, with what its runs tell of all its tokens."""

    builds: list[Build]
    disabled: bool
    runs: list[RenewalRun]


class RenewalRuns:
    """What is known of the jobs that renew tokens; the names of jobs are those that the settings have.

    ``namespaces``: those of the stages, names or globs.
    """

    def __init__(self, builds: Builds, tokens: Sequence[TokenSettings], namespaces: Sequence[str] = ()) -> None:
        self._builds = builds
        self._namespaces = namespaces
        self._tokens: dict[str, list[TokenSettings]] = {}
        for token in tokens:
            if token.renewal_job:
                self._tokens.setdefault(token.renewal_job, []).append(token)
        self._named: dict[str, list[JobKey]] = {}
        self._jobs: dict[JobKey, _Job] = {}

    def look(self) -> set[str]:
        """Return the names of the jobs of which something is new since the last look."""
        named = {name: self._builds.jobs_named(name) for name in self._tokens}
        jobs = {key: self._look_at(key) for keys in named.values() for key in keys}
        new = {
            name
            for name, keys in named.items()
            if keys != self._named.get(name) or any(jobs[key] is not self._jobs[key] for key in keys)
        }
        self._named, self._jobs = named, jobs
        return new

    def _look_at(self, key: JobKey) -> _Job:
        builds, disabled = self._builds.of_job(key), self._builds.is_disabled(key)
        known = self._jobs.get(key)
        if known is not None and known.disabled == disabled and known.builds == builds:
            return known
        # all names that the settings have for one job: its runs are for the tokens of all of them
        tokens = [token for name in spellings(key[1]) for token in self._tokens.get(name, ())]
        return _Job(builds, disabled, runs_of(tokens, builds, self._namespaces))

    def last_for(self, token: TokenSettings, renewed_ms: Callable[[], Sequence[int]]) -> Run:
        """Return the last run for a token, as of the last look; ``renewed_ms`` looks up when it was renewed."""
        jobs = [self._jobs[key] for key in self._named.get(token.renewal_job, ())]
        runs = [run for job in jobs for run in job.runs]
        if len(jobs) > 1:  # each counts its own runs
            runs.sort(key=lambda run: -run.build.started_ms)
        return last_run(token, runs, renewed_ms, disabled=any(job.disabled for job in jobs))
