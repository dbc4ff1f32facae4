"""The past: jobs with the builds of the last days, and the cluster as those builds left it."""

import random
from dataclasses import dataclass

from statusdesk.demo.jenkins_engine import Course, Jenkins
from statusdesk.demo.jenkins_model import Build, Cause, FolderKind, Job, JobKind, Parameter, Trigger, Values
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.scenario_estate import DEVELOPMENT, PEOPLE, App

_DAY_S = 86_400.0
NAMESPACE = Parameter("NAMESPACE", "staging", "Kubernetes namespace to deploy into")
_DEPLOY_PARAMETERS = (NAMESPACE, Parameter("VERSION", "", "image tag"), Parameter("DRY_RUN", False))
PLATFORM = "https://git.shop.example/platform/jobs.git"


@dataclass(slots=True, frozen=True)
class _Past:
    """One build to be placed: ``age_s`` seconds ago."""

    age_s: float
    namespace: str
    version: str
    result: str = "SUCCESS"
    current: bool = False  # what it deployed is what runs there


class History:
    """Writes the past into a Jenkins and a cluster; the same seed writes the same past."""

    def __init__(self, rng: random.Random, jenkins: Jenkins, kube: KubeCluster, *, builds_per_job: int = 20) -> None:
        self._rng = rng
        self._jenkins = jenkins
        self._kube = kube
        self._builds_per_job = builds_per_job

    def write(self, estate: list[App], *, troubled: bool) -> None:
        """Make every app's job, builds and workloads; ``troubled`` lets some past builds have failed for good."""
        for app in estate:
            self._write_builds(app, self._deploy_job(app), troubled=troubled)
            for stage in app.stages:
                self.settle(app, stage)

    def settle(self, app: App, namespace: str) -> None:
        """Put an app into a namespace as if it had been there for as long as its age says."""
        self._kube.apply(
            namespace,
            app.name,
            app.versions[namespace],
            kind=app.kind,
            replicas=app.replicas.get(namespace, 1),
            build=f"{app.job}#{app.builds[namespace]}" if namespace in app.builds else None,
            settled=True,
            age_s=app.ages_s.get(namespace, _DAY_S),
        )

    def platform_job(self, name: str, *, namespaced: bool = False) -> Job:
        """Make a job that belongs to the platform, not to an app."""
        parameters = (NAMESPACE,) if namespaced else ()
        return self._jenkins.add_job(name, parameters=parameters, repository=PLATFORM)

    def place_runs(
        self,
        job: Job,
        every_s: float,
        last_s_ago: float,
        count: int,
        *,
        failed: int = 0,
        trouble: tuple[str, ...] = (),
        given: dict[str, str] | None = None,
        user: str = "",
    ) -> None:
        """Place ``count`` runs of a platform job, timed or by ``user``; the newest ``failed`` of them failed."""
        if not job.builds:
            job.next_number = self._rng.randint(60, 400)
        for index in range(count - 1, -1, -1):
            bad = index < failed
            result = "FAILURE" if bad else "SUCCESS"
            course = Course(result=result, trouble=trouble if bad else (), revision=self.revision())
            values = self._jenkins.values(job, given or {}) if job.parameters else None
            cause = Cause(Trigger.USER, user=user) if user else Cause(Trigger.TIMER)
            self._place(job, last_s_ago + index * every_s, values, cause, course)

    def place_deploy(self, app: App, age_s: float, namespace: str, version: str, result: str = "SUCCESS") -> Build:
        """Place one deploy build that ended ``age_s`` ago."""
        job = self._jenkins.job(app.job)
        trouble = () if result == "SUCCESS" else (_TROUBLE[result],)
        course = Course(result=result, trouble=trouble, revision=self.revision(), branch=_branch(job))
        values: Values | None = self._jenkins.values(job, {"NAMESPACE": namespace, "VERSION": version})
        if job.kind is JobKind.PIPELINE and not job.builds:
            values = None  # parameters that stand in a Jenkinsfile are not known before its first build has run
        build = self._place(job, age_s, values, self._deploy_cause(job), course)
        if job.kind is JobKind.MATRIX:
            build.axes = ("REGION=eu", "REGION=us")
        return build

    def revision(self) -> str:
        """Return a git revision."""
        return f"{self._rng.getrandbits(160):040x}"

    def _deploy_job(self, app: App) -> Job:
        if app.job.startswith("catalog-service/"):
            self._jenkins.add_folder("catalog-service", FolderKind.MULTIBRANCH)
            branch = self._jenkins.add_job(
                "catalog-service/feature%2Fsearch", JobKind.PIPELINE, parameters=(NAMESPACE,), app=app.name
            )
            branch.repository = app.repository
            course = Course(revision=self.revision(), branch="feature/search")
            self._place(branch, 3 * _DAY_S, None, Cause(Trigger.BRANCH), course)
        return self._jenkins.add_job(
            app.job,
            app.job_kind,
            parameters=_DEPLOY_PARAMETERS,
            description=f"Deploys {app.name} with kustomize",
            concurrent=app.name == "reports",
            repository=app.repository,
            app=app.name,
        )

    def _write_builds(self, app: App, job: Job, *, troubled: bool) -> None:
        if job.kind is not JobKind.PIPELINE:
            job.next_number = self._rng.randint(40, 900)
        for past in self._plan(app, troubled=troubled):
            build = self.place_deploy(app, past.age_s, past.namespace, past.version, past.result)
            if past.current:
                app.builds[past.namespace] = build.number
        if len(job.builds) > 8 and self._rng.random() < 0.3:
            gone = job.builds[self._rng.randint(1, 4)].number
            if gone not in app.builds.values():
                job.remove(gone)

    def _plan(self, app: App, *, troubled: bool) -> list[_Past]:
        """Plan the builds of one app, oldest first."""
        rng, plan = self._rng, []
        for stage in app.stages:
            age_s, version = app.ages_s[stage], app.versions[stage]
            plan.append(_Past(age_s, stage, version, current=True))
            plan.append(_Past(age_s + rng.uniform(1, 3) * _DAY_S, stage, app.earlier[stage]))
            if troubled and rng.random() < 0.3:
                result = rng.choice(("FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT"))
                plan.append(_Past(age_s + rng.uniform(900, 7200), stage, version, result))
        oldest_s = max(past.age_s for past in plan)
        seen = {past.namespace for past in plan}
        while len(plan) < self._builds_per_job:
            namespace = rng.choice((*app.stages, *DEVELOPMENT))
            # Only what a newer build has made good again may have failed: trouble that lasts is the scenario's.
            result = "FAILURE" if namespace in seen and rng.random() < 0.1 else "SUCCESS"
            seen.add(namespace)
            oldest_s += rng.uniform(0.1, 0.6) * _DAY_S
            plan.append(_Past(oldest_s, namespace, app.earlier[app.stages[-1]], result))
        return sorted(plan, key=lambda past: -past.age_s)

    def _deploy_cause(self, job: Job) -> Cause:
        if job.kind is JobKind.PIPELINE and not job.builds:
            return Cause(Trigger.BRANCH)
        if self._rng.random() < 0.2:
            return Cause(Trigger.SCM)
        return Cause(Trigger.USER, user=self._rng.choice(PEOPLE))

    def _place(self, job: Job, age_s: float, values: Values | None, cause: Cause, course: Course) -> Build:
        took_ms = self._rng.randint(5_000, 20_000)
        started_ms = self._jenkins.now_ms() - int(age_s * 1000) - took_ms
        return self._jenkins.place(job, started_ms, took_ms, values, cause, course)


def _branch(job: Job) -> str:
    return "main" if job.full_name.startswith("catalog-service/") else "refs/remotes/origin/main"


_TROUBLE = {
    "FAILURE": "error: unable to recognize STDIN: the server is currently unable to handle the request",
    "UNSTABLE": "Recording test results: 2 of 148 failed",
    "ABORTED": "Aborted by operator",
    "NOT_BUILT": "Nothing to deploy for this change",
}
