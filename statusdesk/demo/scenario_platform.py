"""What runs by the clock: token renewals, the seed job, and development environments that come and go."""

from collections.abc import Callable

from statusdesk.demo.jenkins_engine import Course
from statusdesk.demo.jenkins_model import Build, Cause, Trigger
from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.scenario_estate import DEVELOPMENT, App
from statusdesk.demo.scenario_history import NAMESPACE, PLATFORM, History
from statusdesk.demo.scenario_team import Team
from statusdesk.demo.scenario_tokens import WatchedToken

CREATE, DESTROY = "env-create", "env-destroy"
_SEED_EVERY_S = 600.0
_DAY_S = 86_400.0
_APPS_IN_ENVIRONMENT = 4


class Platform:
    """The platform's own jobs and environments."""

    def __init__(self, team: Team, estate: list[App], history: History) -> None:
        self._team = team
        self._estate = estate
        self._history = history
        self._made = "deploy-next"
        self._owner_of = {name: name.removeprefix("dev-") for name in DEVELOPMENT}

    def settle(self) -> None:
        """Make the platform's jobs with their past, and the environments that are up already."""
        history = self._history
        history.place_runs(history.platform_job("seed-all-jobs"), _SEED_EVERY_S, 240, 20)
        for name, ago_s in ((CREATE, 3 * 3600.0), (DESTROY, 14 * 3600.0)):
            job = history.platform_job(name, namespaced=True)
            for day in range(5, -1, -1):
                for number, namespace in enumerate(DEVELOPMENT):
                    owner = self._owner_of[namespace]
                    ended_s_ago = ago_s + day * _DAY_S + 900 - 600 * number
                    history.place_runs(job, _DAY_S, ended_s_ago, 1, given={"NAMESPACE": namespace}, user=owner)
        smoke = self._team.jenkins.add_job("web-smoke", repository=PLATFORM)
        smoke.description = "Smoke tests; knows no parameters of its own"
        history.place_runs(smoke, 7200, 5 * 3600.0, 8)
        self._team.jenkins.add_job("deploy-legacy-portal", disabled=True)
        self._team.jenkins.add_job(self._made)  # made by the seed job, never built
        for namespace in DEVELOPMENT:
            self._team.kube.add_namespace(namespace, {"shop.example/owner": self._owner_of[namespace]})
            for app in self._estate[:_APPS_IN_ENVIRONMENT]:
                self._team.kube.apply(
                    namespace,
                    app.name,
                    app.versions[app.stages[0]],
                    kind=app.kind,
                    replicas=1,
                    settled=True,
                    age_s=3 * 3600.0,
                )

    def begin(self) -> None:
        """Start the timers."""
        for watched in self._team.tokens.values():
            self._team.begin(self._renewals(watched))
        self._team.begin(self._seeding())
        self._team.begin(self._environments())

    async def _renewals(self, watched: WatchedToken) -> None:
        clock = self._team.clock
        await clock.sleep(max(5.0, watched.every_s - watched.renewed_s_ago))
        while True:
            await self._team.renew(watched)
            await clock.sleep(watched.every_s)

    async def _seeding(self) -> None:
        team = self._team
        job = team.jenkins.job("seed-all-jobs")
        while True:
            await team.clock.sleep(_SEED_EVERY_S * 0.6)
            course = Course(takes_s=12, midway=self._define, revision=self._history.revision())
            await team.jenkins.build(job, {}, Cause(Trigger.TIMER), course)
            await team.clock.sleep(_SEED_EVERY_S * 0.4)

    def _define(self, build: Build) -> None:
        """Make a job and take away the one that the run before has made, as a seed run does."""
        jenkins, made = self._team.jenkins, f"deploy-next-{build.number}"
        jenkins.add_job(made, parameters=(NAMESPACE,), description="Made by seed-all-jobs")
        jenkins.root.children.pop(self._made, None)
        self._made = made

    async def _environments(self) -> None:
        """Let the last environment be destroyed and made again, over and over."""
        team, namespace = self._team, DEVELOPMENT[-1]
        cause = Cause(user=self._owner_of[namespace])
        while True:
            await team.clock.sleep(200)
            await self._run(DESTROY, namespace, cause, lambda _: team.kube.delete_namespace(namespace))
            await team.clock.sleep(120)
            await self._run(CREATE, namespace, cause, lambda _: self._create(namespace))

    async def _run(self, name: str, namespace: str, cause: Cause, midway: Callable[[Build], None]) -> None:
        course = Course(takes_s=9, midway=midway, revision=self._history.revision())
        await self._team.jenkins.build(self._team.jenkins.job(name), {"NAMESPACE": namespace}, cause, course)

    def _create(self, namespace: str) -> None:
        self._team.kube.add_namespace(namespace, {"shop.example/owner": self._owner_of[namespace]})
        for app in self._estate[:_APPS_IN_ENVIRONMENT]:
            behaviour = Behaviour.GOOD if self._team.has_secrets(app) else Behaviour.INIT_CRASH
            version = app.versions[app.stages[0]]
            self._team.kube.apply(namespace, app.name, version, kind=app.kind, replicas=1, behaviour=behaviour)
