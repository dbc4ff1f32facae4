"""The team: deploys by Jenkins builds that end in ``kubectl apply``, and Vault tokens that are renewed by jobs."""

import asyncio
import random
from collections.abc import Coroutine, Mapping

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.jenkins_engine import Course, Jenkins
from statusdesk.demo.jenkins_model import Build, Cause, JobKind, Trigger
from statusdesk.demo.kube_cluster import Behaviour, KubeCluster
from statusdesk.demo.scenario_estate import PEOPLE, App
from statusdesk.demo.scenario_tokens import WatchedToken
from statusdesk.demo.vault_tokens import Vault


class Team:
    """Does what people and timers do in this world."""

    def __init__(
        self, rng: random.Random, clock: WorldClock, jenkins: Jenkins, kube: KubeCluster, vault: Vault
    ) -> None:
        self.rng = rng
        self.clock = clock
        self.jenkins = jenkins
        self.kube = kube
        self.vault = vault
        self.tokens: dict[str, WatchedToken] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Let something go on beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """End everything that was begun."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            # Python 3.11's wait_for can lose a cancellation that meets its timeout: then it is sent again.
            await asyncio.wait(self._tasks, timeout=0.5)

    async def deploy(
        self,
        app: App,
        namespace: str,
        version: str,
        behaviour: Behaviour = Behaviour.GOOD,
        *,
        result: str = "SUCCESS",
        takes_s: float | None = None,
        cause: Cause | None = None,
    ) -> Build | None:
        """Run the app's deploy job; what it applies behaves as said, or fails at the door of Vault without a token.

        A build that fails applies nothing. A Pipeline that has applied waits for the rollout, and so sees it fail.
        """
        if behaviour in (Behaviour.GOOD, Behaviour.SLOW) and not self.has_secrets(app):
            behaviour = Behaviour.INIT_CRASH
        applies = result in ("SUCCESS", "UNSTABLE")
        bad = behaviour not in (Behaviour.GOOD, Behaviour.SLOW)
        job = self.jenkins.job(app.job)
        trouble = ("error: Post https://kubernetes.shop.example: connection reset by peer",) if not applies else ()
        if applies and bad and job.kind is JobKind.PIPELINE:
            result, trouble = "FAILURE", ("error: timed out waiting for the condition",)

        def apply(build: Build) -> None:
            if applies:
                self.apply(app, namespace, version, behaviour, f"{app.job}#{build.number}")
                app.builds[namespace] = build.number

        course = Course(
            takes_s=takes_s if takes_s is not None else self.rng.uniform(5, 20),
            result=result,
            trouble=trouble,
            revision=f"{self.rng.getrandbits(160):040x}",
            midway=apply,
            early_result=result == "UNSTABLE" and job.kind is JobKind.PIPELINE,
        )
        given: Mapping[str, str] = {"NAMESPACE": namespace, "VERSION": version}
        return await self.jenkins.build(job, given, cause or Cause(user=self.rng.choice(PEOPLE)), course)

    def apply(self, app: App, namespace: str, version: str, behaviour: Behaviour, build: str | None) -> None:
        """Apply a version at the cluster."""
        self.kube.apply(
            namespace,
            app.name,
            version,
            kind=app.kind,
            replicas=app.replicas.get(namespace, 1),
            behaviour=behaviour,
            build=build,
        )
        if namespace in app.versions:
            app.earlier[namespace] = app.versions[namespace]
        app.versions[namespace] = version
        if behaviour in (Behaviour.GOOD, Behaviour.SLOW):
            app.ailing.discard(namespace)
        else:
            app.ailing.add(namespace)

    def undo(self, app: App, namespace: str) -> None:
        """Go back to the version before, by hand."""
        self.kube.undo(namespace, app.name, kind=app.kind)
        app.versions[namespace] = app.earlier[namespace]
        app.ailing.discard(namespace)

    def has_secrets(self, app: App) -> bool:
        """Tell whether the app's token lives; an app without a watched token always has its secrets."""
        watched = self.tokens.get(app.name)
        return watched is None or watched.alive(self.clock.now_ms())

    async def renew(self, watched: WatchedToken) -> None:
        """Run a token's renewal job once; it renews when it works."""
        works = watched.renewal_works and watched.alive(self.clock.now_ms())

        def renew(_: Build) -> None:
            if works and watched.renewal_renews and watched.alive(self.clock.now_ms()):
                self.vault.renew(watched.token)

        refusal = ("curl: (22) The requested URL returned error: 403", '{"errors":["permission denied"]}')
        result, trouble = ("SUCCESS", ()) if works else ("FAILURE", refusal)
        course = Course(takes_s=3, result=result, trouble=trouble, midway=renew)
        await self.jenkins.build(self.jenkins.job(watched.renewal_job), {}, Cause(Trigger.TIMER), course)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            task.get_loop().call_exception_handler(
                {"message": "a script of the demo world ended", "exception": task.exception(), "task": task}
            )
