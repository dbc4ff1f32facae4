"""The Jobs of each CronJob, of which only the last is a workload of its stage: they come and go by the clock."""

from collections.abc import Set

import msgspec

from statusdesk.facts import Workload
from statusdesk.pipeline.clock_steps import moved

WorkloadKey = tuple[str, str, str, str]
CRON_JOB = "CronJob"


class CronJobs:
    """Tells for each CronJob its last Job, named after the CronJob, so that every run is the same workload."""

    def __init__(self) -> None:
        self._jobs: dict[WorkloadKey, dict[WorkloadKey, Workload]] = {}
        self._owners: dict[WorkloadKey, WorkloadKey] = {}

    def see(self, job: Workload) -> Workload:
        """Take a Job that a CronJob owns; return the workload of that CronJob."""
        owner = (job.cluster, job.namespace, CRON_JOB, job.owner_name)
        self._owners[job.key] = owner
        self._jobs.setdefault(owner, {})[job.key] = job
        last = self.last(owner)
        assert last is not None
        return last

    def restamp(self, step_ms: int) -> None:
        """Move all that was seen with the clock, which was set."""
        for jobs in self._jobs.values():
            jobs.update((key, moved(job, step_ms)) for key, job in jobs.items())

    def job(self, key: WorkloadKey) -> Workload | None:
        """Return a known Job of a CronJob as it was seen the last time."""
        owner = self._owners.get(key)
        return self._jobs[owner][key] if owner is not None else None

    def lose(self, job: WorkloadKey) -> WorkloadKey | None:
        """Take note that a Job has gone; return the CronJob that owned it, None when none did."""
        owner = self._owners.pop(job, None)
        if owner is not None:
            del self._jobs[owner][job]
            if not self._jobs[owner]:
                del self._jobs[owner]
        return owner

    def owner_of(self, key: WorkloadKey) -> WorkloadKey:
        """Return the CronJob that owns a Job, any other workload as it is."""
        return self._owners.get(key, key)

    def last(self, owner: WorkloadKey) -> Workload | None:
        """Return the workload of a CronJob: its newest Job, named after it."""
        jobs = self._jobs.get(owner)
        if not jobs:
            return None
        newest = max(jobs.values(), key=lambda job: (job.created_ms or 0, job.name))
        return msgspec.structs.replace(newest, kind=CRON_JOB, name=newest.owner_name, revision="")

    def job_of(self, key: WorkloadKey) -> WorkloadKey:
        """Return the Job whose pods are those of a workload: the last of a CronJob, else the workload itself."""
        jobs = self._jobs.get(key)
        return max(jobs, key=lambda job: (jobs[job].created_ms or 0, job)) if jobs else key

    def missing(self, cluster: str, scope: str, seen: Set[WorkloadKey]) -> list[WorkloadKey]:
        """Return the known Jobs of CronJobs in a scope that are not among those seen."""
        return [key for key in self._owners if key[0] == cluster and (not scope or key[1] == scope) and key not in seen]
