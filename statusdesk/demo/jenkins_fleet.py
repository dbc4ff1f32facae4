"""A fleet of shared deploy jobs: each deploys into many namespaces, so that its colour says little of any of them."""

import random

from statusdesk.demo.jenkins_engine import Course, Jenkins
from statusdesk.demo.jenkins_model import Cause, Folder, Job, JobKind, Parameter, Trigger

NAMESPACES = ("testing", "staging", "performance", "audit", "production", "dev-alice", "dev-bob", "dev-carol")
_PEOPLE = ("alice", "bob", "carol")
_RESULTS = ("SUCCESS",) * 82 + ("FAILURE",) * 9 + ("UNSTABLE",) * 3 + ("ABORTED",) * 4 + ("NOT_BUILT",) * 2
_PARAMETERS = (Parameter("NAMESPACE", "staging"), Parameter("VERSION", ""))
_STEP_MS = 3_600_000


class Fleet:
    """Makes, seeds, renames, disables and deletes; the same seed does the same."""

    def __init__(self, jenkins: Jenkins, seed: int = 1) -> None:
        self._jenkins = jenkins
        self._random = random.Random(seed)
        self._made = 0

    def add(self, jobs: int, builds: int) -> None:
        """Make jobs with finished builds; every tenth lies in a folder, every ninth is a Pipeline."""
        for _ in range(jobs):
            self._made += 1
            number = self._made
            name = f"deploy-fleet-{number:03}"
            kind = JobKind.PIPELINE if number % 9 == 0 else JobKind.FREESTYLE
            folder = f"team-{number % 3}/" if number % 10 == 0 else ""
            job = self._jenkins.add_job(f"{folder}{name}", kind, parameters=_PARAMETERS, concurrent=number % 4 == 0)
            self._build(job, builds)

    def remove(self, jobs: int) -> None:
        """Delete the oldest jobs of the fleet."""
        for job in self._jobs()[:jobs]:
            assert job.parent is not None
            del job.parent.children[job.name]

    def seed(self, add: int, remove: int, builds: int = 3) -> None:
        """Do what a run of the seed job does to the definitions."""
        self.remove(remove)
        self.add(add, builds)

    def rename(self, full_name: str, name: str) -> None:
        """Rename a job; its builds go with it. Raises: KeyError."""
        job = self._jenkins.job(full_name)
        folder = job.parent
        assert isinstance(folder, Folder)
        del folder.children[job.name]
        job.name = name
        job.__post_init__()
        folder.children[name] = job

    def _jobs(self) -> list[Job]:
        return sorted(
            (job for job in self._jenkins.root.jobs() if job.name.startswith("deploy-fleet-")), key=lambda job: job.name
        )

    def _build(self, job: Job, builds: int) -> None:
        rng, now_ms = self._random, self._jenkins.now_ms()
        job.next_number = 1 if job.kind is JobKind.PIPELINE else rng.randint(1, 300)
        for index in range(builds, 0, -1):
            if rng.random() < 0.05:
                job.next_number += rng.randint(1, 3)  # deleted, or lost with a restart
            values = self._jenkins.values(job, {"NAMESPACE": rng.choice(NAMESPACES), "VERSION": f"1.{index}.0"})
            first = job.kind is JobKind.PIPELINE and not job.builds
            cause = Cause(Trigger.USER, user=rng.choice(_PEOPLE))
            started_ms = now_ms - index * _STEP_MS - rng.randint(0, _STEP_MS // 2)
            course = Course(result=rng.choice(_RESULTS))
            self._jenkins.place(job, started_ms, rng.randint(5_000, 90_000), None if first else values, cause, course)
