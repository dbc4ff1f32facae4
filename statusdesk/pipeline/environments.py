"""Development environments, as the runs of the jobs that make and destroy them tell; judged as of when these told."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from statusdesk.config import Config
from statusdesk.facts import Build, JobClass
from statusdesk.job_classes import makes_environments
from statusdesk.job_names import matches
from statusdesk.judge.environments import (
    Act,
    Run,
    Settled,
    Story,
    hours_down,
    judge_environment,
    story_of,
    with_what_was_told,
)
from statusdesk.judge.working_hours import WorkingHours
from statusdesk.pipeline.builds import Builds
from statusdesk.pipeline.built_jobs import JobKey
from statusdesk.pipeline.rejudging import Hold, Rejudging
from statusdesk.source_names import JENKINS
from statusdesk.states import BuildState, EnvironmentState, Level
from statusdesk.store.writer import Transition, Writer

_Once = tuple[Act, int, int]  # a job may be seen with its builds under two names: what was done, number, start


class _Done(NamedTuple):
    """What the runs of a job are for; ``until_ms``: those that began before it was given another name."""

    act: Act
    until_ms: int | None = None


def act_of(config: Config, job: str) -> Act | None:
    """Return what the runs of a job do with environments, by the patterns of the settings; None: nothing."""
    if not makes_environments(config, job):
        return None
    return Act.DESTROY if matches(job, config.environments.destroy_jobs) else Act.CREATE


class Environments:
    """Puts the state of each environment that is up; one that was destroyed has gone."""

    def __init__(self, writer: Writer, builds: Builds, config: Config) -> None:
        self._writer = writer
        self._builds = builds
        self._kept_ms = round(config.store.keep_s * 1000)  # the store keeps no older builds of jobs that have gone
        self._settings = config.environments
        self._act = partial(act_of, config)
        self._hours = WorkingHours(config.environments, config.board.timezone)
        # with several clusters nothing tells in which of them a job makes it
        self._cluster = config.clusters[0].name if len(config.clusters) == 1 else ""
        self._stories: dict[str, Story] = {}
        self._rows = Rejudging(writer, EnvironmentState)
        self._news = False
        self._hold = Hold()

    def heard(self) -> None:
        """Take note that Jenkins has told something."""
        self._rows.heard = self._news = True

    def again(self) -> None:
        """Take note that our clock was set, and the runs are told otherwise."""
        self._rows.again()
        self._news = self._news or self._rows.heard

    def answered(self) -> None:
        """Take note that Jenkins has answered: time has gone on."""
        self._rows.heard = True

    def flush(self, now_ms: int) -> list[Transition]:
        """Judge the environments as of when Jenkins was heard, and put their states; commit is the caller's."""
        if self._news:
            self._news = False
            self._builds.forget_gone(now_ms - self._kept_ms)
            runs = self._runs()
            self._stories = self._told_stories(runs, now_ms)
            self._builds.settle(self._settled(runs, now_ms))
        if not self._rows.heard or self._hold.holds(self._lacks_builds(), now_ms):
            return []
        as_of_ms = self._builds.hearing.as_of_ms(now_ms)
        grace_ms = round(self._settings.grace_s * 1000)
        judged = {
            namespace: judge_environment(self._cluster, namespace, story, self._hours, grace_ms, as_of_ms)
            for namespace, story in self._stories.items()
        }
        down = [self._stories[namespace] for namespace, state in judged.items() if state is None]
        self._writer.put_environment_hours(hours_down(JENKINS, down, self._hours, as_of_ms))
        # before any run or job is known nothing can have gone
        whole = bool(self._stories or self._builds.jobs())
        return self._rows.put([state for state in judged.values() if state is not None], now_ms, whole=whole)

    def _lacks_builds(self) -> bool:
        """Whether older builds of the jobs are still being told: a verdict now would be about an old run."""
        return not all(job.complete or self._done_by(job.key) is None for job in self._builds.jobs())

    def _settled(self, runs: Mapping[str, Sequence[Run]], now_ms: int) -> dict[str, Settled]:
        """Return what was destroyed or made well by the runs that did it, whatever of the older ones is not told yet.

        What was told to be history, by runs from before all is kept, stays so when these are forgotten.
        """
        settled: dict[str, Settled] = {}
        stories = [(namespace, story_of(each)) for namespace, each in runs.items()]
        for namespace, story in (*self._stories.items(), *stories):
            told = Settled(story.destroyed_ms, story.good_ms)
            settled[namespace] = settled.get(namespace, Settled()).later(told)
        for row in self._writer.current(BuildState).values():
            at_ms = row.green_since_ms if row.level is Level.IDLE and row.until_ms is None else None
            if at_ms is not None and at_ms < now_ms - self._kept_ms:
                told = Settled(good_ms=at_ms) if row.job_class == JobClass.ENVIRONMENT else Settled(destroyed_ms=at_ms)
                settled[row.namespace] = settled.get(row.namespace, Settled()).later(told)
        return {namespace: each for namespace, each in settled.items() if any(each)}

    def _told_stories(self, runs: Mapping[str, Sequence[Run]], now_ms: int) -> dict[str, Story]:
        """Return the stories of all runs, with those of environments that were up and of which the runs have gone.

        What began before all is kept goes on where it was up since; what ended it may not be known any more.
        """
        since_ms = now_ms - self._kept_ms
        rows = {
            row.namespace: row
            for row in self._writer.current(EnvironmentState).values()
            if row.up_since_ms is not None and row.until_ms is None and row.cluster == self._cluster
        }
        old = {namespace for namespace, row in rows.items() if (row.up_since_ms or 0) < since_ms}
        counting = {
            namespace: each if namespace in old else [run for run in each if run.build.started_ms >= since_ms]
            for namespace, each in runs.items()
        }
        stories = {namespace: story_of(each) for namespace, each in counting.items()}
        for namespace, row in rows.items():
            if namespace not in old and self._act(row.job) is Act.CREATE:
                of_row, story = counting.get(namespace, ()), stories.get(namespace, Story())
                stories[namespace] = with_what_was_told(story, of_row, row)
        return stories

    def _runs(self) -> dict[str, list[Run]]:
        """Return the runs of each namespace, each once; those of jobs that have gone count too."""
        runs: dict[str, dict[_Once, Run]] = {}
        for job in self._builds.jobs():
            done = self._done_by(job.key)
            if done is not None:
                self._add(runs, done, self._builds.of_job(job.key, deleted_too=True))
        for key, gone in self._builds.gone_jobs().items():
            done = self._done_by(key)
            if done is not None:
                self._add(runs, done, gone.builds, gone.since_ms)
        return {namespace: list(each.values()) for namespace, each in runs.items()}

    def _done_by(self, job: JobKey) -> _Done | None:
        """Return what the runs of a job are for, by its name; else what they were for, by one that it had before."""
        if (act := self._act(job[1])) is not None:
            return _Done(act)
        for name, until_ms in self._builds.events.earlier_names(*job):
            if (act := self._act(name)) is not None:
                return _Done(act, until_ms)
        return None

    @staticmethod
    def _add(
        runs: dict[str, dict[_Once, Run]], done: _Done, builds: Sequence[Build], gone_ms: int | None = None
    ) -> None:
        act, until_ms = done
        for build in builds:
            if until_ms is not None and build.started_ms >= until_ms:
                continue
            for namespace in build.all_namespaces:
                once = (act, build.number, build.started_ms)
                runs.setdefault(namespace, {}).setdefault(once, Run(act, build, gone_ms))
