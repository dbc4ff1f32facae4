"""Builds beside those of an app's own jobs that may have changed its workload: then it is not said to lack a build.

What counts, by what the job is for:

- environment jobs: they make, change and destroy all that is in a namespace;
- deploy jobs, and those of no known class (``restart-everything``), that name no app: they may do so. A job that names
  another app is that app's, and counts only where it names this one too (``deploy-orders-and-payments``), or its build
  the version that runs now;
- seed and renewal jobs never, nor what the deploy of an app starts (a smoke test): these change no workload.

The build names the namespace. One that names others only changed nothing here. One that names none at all may have gone
anywhere if it is of an environment job, or of one that names no app whose builds name a namespace as a rule. Others do
not count: most builds of a Jenkins compile and test, or deploy what no cluster runs, and their jobs never name any.

It ran when the change began, or had ended at most ``SETTLE_MS`` before (``APART_MS`` if it names the version that runs
now). A Pipeline that is known to have waited for a person then, and for so long before, did not do it. A build that
hangs does not explain for days whatever anybody does: long after it began it counts only for the version that it names,
after a stage that began lately, or for what came shortly before its end. One that was NOT_BUILT at once never counts.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from statusdesk.facts import Build, BuildDetails, JobClass
from statusdesk.job_names import last_part
from statusdesk.judge.apps import match_job
from statusdesk.judge.join import apart_ms
from statusdesk.judge.join_past import APART_MS, CLOCKS_MS, LATE_MS, SETTLE_MS, did_nothing
from statusdesk.judge.join_versions import same_version
from statusdesk.states import RolloutState

BESIDE_PAUSE_MS = 5_000  # of a stage that only waits: what it takes to begin
HANGS_MS = 43_200_000  # a build that has run for so long hangs, or waits for somebody
MAKERS = (JobClass.ENVIRONMENT, JobClass.DEPLOY, JobClass.OTHER)


class JobBeside(NamedTuple):
    """A job beside an app's own: its class, the app that its name names, and whether any build names a namespace."""

    job_class: JobClass
    app: str = ""
    is_placed: bool = False

    def may_count(self, app: str) -> bool:
        """Return whether its builds may count for a workload of an app, whose own deploys are joined by finer rules."""
        return self.job_class is JobClass.ENVIRONMENT or (self.job_class in MAKERS and self.app != app)

    @property
    def is_of_all(self) -> bool:
        """Whether a build of it may change the workloads of any app, whatever version it names."""
        return self.job_class is JobClass.ENVIRONMENT or (self.job_class in MAKERS and not self.app)

    @property
    def goes_anywhere(self) -> bool:
        """Whether a build of it that names no namespace may have gone into any."""
        return self.job_class is JobClass.ENVIRONMENT or (self.is_of_all and self.is_placed)


def near_to(builds: Iterable[Build], rollout: RolloutState, clocks_ms: int) -> list[Build]:
    """Return the builds that ran when a rollout began or not long before.

    ``clocks_ms``: by how much Jenkins may stamp a build later than it began.
    """
    if rollout.started_ms is None:
        return []
    until_ms, since_ms = rollout.started_ms + clocks_ms, rollout.started_ms - APART_MS
    return [b for b in builds if b.started_ms <= until_ms and (b.building or b.started_ms + b.duration_ms >= since_ms)]


def may_have_changed(build: Build, job: JobBeside, rollout: RolloutState) -> bool:
    """Return whether a build near to a rollout may have begun it, of a job that counts."""
    named = build.all_namespaces
    at_ms = rollout.started_ms or 0
    if did_nothing(build) or (rollout.namespace not in named and (named or not job.goes_anywhere)):
        return False
    if same_version(build.version, rollout.version):
        return True
    if apart_ms(build, at_ms) > SETTLE_MS:
        return False
    return job.is_of_all or _names_too(build.job, job.app, rollout)


def gaps_of(builds: Iterable[Build], *, whole: bool = True) -> list[tuple[int, int]]:
    """Return the times (begin and end) in which builds of a job may have begun that are not known: by the numbers.

    ``whole``: all builds are known that are older than those.
    """
    known = sorted(builds, key=lambda build: build.number)
    before = [(0, build.started_ms) for build in known[:1] if build.number > 1 and not whole]
    between = [(one.started_ms, other.started_ms) for one, other in pairwise(known) if other.number != one.number + 1]
    return before + between


def waited(details: BuildDetails, rollout: RolloutState) -> bool:
    """Return whether a Pipeline waited for a person when a rollout began: of no stage near to that was anything run.

    A stage that waits is told to be paused for nearly all of its time. Source: ``wfapi/describe``,
    ``pauseDurationMillis``.
    """
    at_ms = rollout.started_ms or 0
    spans = [(each, (each.started_ms or 0), (each.started_ms or 0) + each.duration_ms) for each in details.stages]
    near = [each for each, began_ms, ended_ms in spans if began_ms <= at_ms and ended_ms >= at_ms - SETTLE_MS]
    if any(each.duration_ms - each.paused_ms > BESIDE_PAUSE_MS for each in near):
        return False
    return any(began_ms < at_ms - SETTLE_MS and ended_ms > at_ms + CLOCKS_MS for _, began_ms, ended_ms in spans)


def hangs(build: Build, details: BuildDetails | None, rollout: RolloutState) -> bool:
    """Return whether a build had run for very long when a rollout began, and nothing tells that it did it after all.

    A stage that began lately tells it, the version that runs now, and that the build ended soon.
    """
    at_ms = rollout.started_ms or 0
    if at_ms - build.started_ms <= HANGS_MS or same_version(build.version, rollout.version):
        return False
    if not build.building and build.started_ms + build.duration_ms - at_ms <= LATE_MS:
        return False
    stages = details.stages if details is not None else ()
    return not any(at_ms - HANGS_MS < (each.started_ms or 0) <= at_ms + CLOCKS_MS for each in stages)


def _names_too(job: str, app: str, rollout: RolloutState) -> bool:
    rest = last_part(job).replace(app, "", 1)
    return match_job(rest, {rollout.app, rollout.name}, ()) is not None
