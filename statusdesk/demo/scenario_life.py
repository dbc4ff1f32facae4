"""Ordinary life: new versions appear, are promoted, now and then go wrong and are mended, for hours."""

from dataclasses import dataclass

from statusdesk.demo.jenkins_engine import Course
from statusdesk.demo.jenkins_model import Cause, Trigger
from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.scenario_estate import DEVELOPMENT, App, newer, next_version
from statusdesk.demo.scenario_team import Team

_TROUBLES = (
    Behaviour.CRASH,
    Behaviour.IMAGE_MISSING,
    Behaviour.CONFIG_MISSING,
    Behaviour.NEVER_READY,
    Behaviour.OOM,
    Behaviour.UNSCHEDULABLE,
)


@dataclass(slots=True, frozen=True)
class Pace:
    """How lively it is: seconds between builds, and which shares of them go wrong."""

    least_s: float = 20.0
    most_s: float = 40.0
    bad_rollouts: float = 0.12
    bad_builds: float = 0.08
    slow_rollouts: float = 0.1


CALM = Pace(bad_rollouts=0.0, bad_builds=0.0, slow_rollouts=0.05)
LIVELY = Pace()


class Life:
    """Starts a build every half minute or so, and mends what went wrong some minutes later."""

    def __init__(self, team: Team, estate: list[App], pace: Pace) -> None:
        self._team = team
        self._estate = estate
        self._pace = pace

    async def go_on(self) -> None:
        """Live until cancelled."""
        while True:
            await self._team.clock.sleep(self._team.rng.uniform(self._pace.least_s, self._pace.most_s))
            free = [app for app in self._estate if not app.busy]
            if free:
                self._team.begin(self._occupy(self._team.rng.choice(free)))

    async def _occupy(self, app: App) -> None:
        app.busy = True
        try:
            await self._one_thing(app)
        finally:
            app.busy = False

    async def _one_thing(self, app: App) -> None:
        team, rng = self._team, self._team.rng
        chance = rng.random()
        if chance < self._pace.bad_builds:
            await self._bad_build(app)
            return
        if chance > 0.93:
            await team.deploy(app, DEVELOPMENT[0], app.versions[app.stages[0]], self._behaviour(good=True))
            return
        step = promotable(app)
        if step is None or rng.random() < 0.3:
            version = next_version(rng, app.versions[app.stages[0]])
            await self._roll_out(app, app.stages[0], version)
        else:
            await self._roll_out(app, *step)
        if app.name == "web":
            await self._smoke(app)

    async def _roll_out(self, app: App, namespace: str, version: str) -> None:
        """Deploy; when it goes wrong, mend it after some minutes: back to the version before, or on to a better one."""
        team, rng = self._team, self._team.rng
        behaviour = self._behaviour(good=namespace == "production")
        await team.deploy(app, namespace, version, behaviour)
        if namespace not in app.ailing or not team.has_secrets(app):
            return
        await team.clock.sleep(rng.uniform(90, 300))
        if namespace == app.stages[0] or rng.random() < 0.5:
            await team.deploy(app, namespace, next_version(rng, version))
        else:
            team.undo(app, namespace)

    async def _bad_build(self, app: App) -> None:
        """Run a build that applies nothing, and mostly one that works soon after."""
        team, rng = self._team, self._team.rng
        namespace = rng.choice(app.stages[:2])
        result = rng.choice(("FAILURE", "FAILURE", "ABORTED", "UNSTABLE", "NOT_BUILT"))
        await team.deploy(app, namespace, app.versions[namespace], result=result)
        await team.clock.sleep(rng.uniform(60, 180))
        await team.deploy(app, namespace, app.versions[namespace])

    async def _smoke(self, app: App) -> None:
        """Run the job that ``deploy-web`` triggers; it has no parameters, only its cause."""
        last = self._team.jenkins.job(app.job).last
        if last is not None:
            cause = Cause(Trigger.UPSTREAM, job=app.job, number=last.number)
            await self._team.jenkins.build(self._team.jenkins.job("web-smoke"), {}, cause, Course(takes_s=6))

    def _behaviour(self, *, good: bool) -> Behaviour:
        chance = self._team.rng.random()
        if not good and chance < self._pace.bad_rollouts:
            return self._team.rng.choice(_TROUBLES)
        return Behaviour.SLOW if chance > 1 - self._pace.slow_rollouts else Behaviour.GOOD


def promotable(app: App) -> tuple[str, str] | None:
    """Return the stage nearest to production that could take a later version from the stage before it, and which."""
    for before, after in zip(app.stages[-2::-1], app.stages[:0:-1], strict=True):
        version = app.versions[before]
        if before not in app.ailing and after not in app.ailing and newer(version, app.versions[after]):
            return after, version
    return None
