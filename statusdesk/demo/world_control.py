"""The control endpoint: lets tests and benchmarks turn the world's knobs. Only with ``demo --serve --control``."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from statusdesk.demo.jenkins_engine import Course
from statusdesk.demo.jenkins_model import Cause
from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.scenario_tokens import reissue
from statusdesk.demo.vault_tokens import VaultState
from statusdesk.demo.world import World


class FaultOrder(msgspec.Struct):
    """``POST /fault``."""

    source: str
    fault: str | int | None = None


class WorkloadOrder(msgspec.Struct):
    """``POST /apply``, ``/fail``, ``/recover``, ``/scale``, ``/undo``, ``/delete``."""

    namespace: str
    app: str
    version: str = ""
    behaviour: Behaviour = Behaviour.GOOD
    kind: str = "Deployment"
    replicas: int = 2
    build: str | None = None


class BuildOrder(msgspec.Struct):
    """``POST /build``: run a build at once; answers at once."""

    job: str
    parameters: dict[str, str] = {}
    result: str = "SUCCESS"
    takes_s: float = 5.0
    user: str = "alice"


class VaultOrder(msgspec.Struct):
    """``POST /vault``."""

    state: VaultState = VaultState.ACTIVE
    rate_limited: bool = False


class JenkinsOrder(msgspec.Struct):
    """``POST /jenkins``."""

    restart: bool = False
    quieting_down: bool = False


class FleetOrder(msgspec.Struct):
    """``POST /fleet``: make jobs with builds and remove the oldest; rename, disable, delete what is named.

    ``renamed`` pairs full names with new last parts, ``deleted`` full names with numbers of builds.
    """

    add: int = 0
    builds: int = 20
    remove: int = 0
    renamed: dict[str, str] = {}
    disabled: list[str] = []
    deleted: list[tuple[str, int]] = []


class ChurnOrder(msgspec.Struct):
    """``POST /churn``: touch ``per_s`` pods a second and delete ``replaced_per_s``, for new ones to come; 0 ends it."""

    per_s: float = 0.0
    replaced_per_s: float = 0.0


class AccessOrder(msgspec.Struct):
    """``POST /access``: what the one user of the cluster may do from now on; see ``Access``."""

    cluster_wide: bool = True
    namespaces: set[str] = set()
    forbidden: set[str] = set()
    denied: set[str] = set()
    may_list_namespaces: bool = True


class CutOrder(msgspec.Struct):
    """``POST /cut-watches``."""

    mid_line: bool = False


class LogsOrder(msgspec.Struct):
    """``POST /logs``: let the containers of an app write ``per_s`` numbered lines a second, from their next start on.

    Best given before the app is applied: the log of a container that runs already is another one from now on.
    """

    namespace: str
    app: str
    per_s: float


class CutLogsOrder(msgspec.Struct):
    """``POST /cut-logs``."""

    count: int = 1
    mid_line: bool = True


class PodOrder(msgspec.Struct):
    """``POST /kill`` (its app container, once) and ``/replace``."""

    namespace: str
    pod: str


class TokenOrder(msgspec.Struct):
    """``POST /token``: what happens to the token of an app, and what its renewal job does from now on."""

    name: str
    revoke: bool = False
    renewal_works: bool = True
    renewal_renews: bool = True
    run: bool = False
    reissue: bool = False


class DeployOrder(msgspec.Struct):
    """``POST /deploy``: run an app's deploy job; without a living token what it applies fails at its init container."""

    app: str
    namespace: str
    version: str
    takes_s: float = 5.0


class NoOrder(msgspec.Struct):
    """A request whose body does not matter."""


def control_app(world: World) -> web.Application:
    """Return the application of the control endpoint of a world."""
    desk = _Control(world)
    app = web.Application()
    app.router.add_get("/truth", desk.truth)
    app.router.add_get("/asked", desk.asked)
    for path, order, work in desk.orders():
        app.router.add_post(path, _accept(order, work))
    return app


def _accept(
    order: type[msgspec.Struct], work: Callable[..., Awaitable[None]]
) -> Callable[..., Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            await work(msgspec.json.decode(await request.read() or b"{}", type=order))
        except (msgspec.DecodeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except KeyError as error:
            return web.json_response({"error": f"no such thing: {error}"}, status=404)
        return web.json_response({})

    return answer


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    def orders(self) -> list[tuple[str, type[msgspec.Struct], Callable[..., Awaitable[None]]]]:
        return [
            ("/fault", FaultOrder, self.fault),
            ("/apply", WorkloadOrder, self.apply),
            ("/fail", WorkloadOrder, self.fail),
            ("/recover", WorkloadOrder, self.recover),
            ("/scale", WorkloadOrder, self.scale),
            ("/undo", WorkloadOrder, self.undo),
            ("/delete", WorkloadOrder, self.delete),
            ("/build", BuildOrder, self.build),
            ("/vault", VaultOrder, self.vault),
            ("/jenkins", JenkinsOrder, self.jenkins),
            ("/fleet", FleetOrder, self.fleet),
            ("/churn", ChurnOrder, self.churn),
            ("/access", AccessOrder, self.access),
            ("/cut-watches", CutOrder, self.cut_watches),
            ("/compact", NoOrder, self.compact),
            ("/logs", LogsOrder, self.logs),
            ("/cut-logs", CutLogsOrder, self.cut_logs),
            ("/kill", PodOrder, self.kill),
            ("/replace", PodOrder, self.replace),
            ("/token", TokenOrder, self.token),
            ("/deploy", DeployOrder, self.deploy),
        ]

    async def truth(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._world.truth()), content_type="application/json")

    async def asked(self, _: web.Request) -> web.Response:
        """Tell what the cluster was asked for and how often, and how many changes each resource has had."""
        kube = self._world.kube
        asked = [each._asdict() | {"count": count} for each, count in kube.asked.items()]
        return web.json_response({"asked": asked, "changes": kube.parts.store.written()})

    async def fault(self, order: FaultOrder) -> None:
        await self._world.set_fault(order.source, order.fault)

    async def apply(self, order: WorkloadOrder) -> None:
        self._world.kube.apply(
            order.namespace,
            order.app,
            order.version,
            kind=order.kind,
            replicas=order.replicas,
            behaviour=order.behaviour,
            build=order.build,
        )

    async def fail(self, order: WorkloadOrder) -> None:
        self._world.kube.fail_now(order.namespace, order.app, order.behaviour, kind=order.kind)

    async def recover(self, order: WorkloadOrder) -> None:
        self._world.kube.recover(order.namespace, order.app, kind=order.kind)

    async def scale(self, order: WorkloadOrder) -> None:
        self._world.kube.scale(order.namespace, order.app, order.replicas, kind=order.kind)

    async def undo(self, order: WorkloadOrder) -> None:
        self._world.kube.undo(order.namespace, order.app, kind=order.kind)

    async def delete(self, order: WorkloadOrder) -> None:
        self._world.kube.delete(order.namespace, order.app, kind=order.kind)

    async def build(self, order: BuildOrder) -> None:
        job = self._world.jenkins.job(order.job)
        course = Course(takes_s=order.takes_s, result=order.result)

        async def run() -> None:
            await self._world.jenkins.build(job, order.parameters, Cause(user=order.user), course)

        self._world.team.begin(run())

    async def token(self, order: TokenOrder) -> None:
        world, watched = self._world, self._world.team.tokens[order.name]
        watched.renewal_works, watched.renewal_renews = order.renewal_works, order.renewal_renews
        if order.revoke:
            world.vault.revoke(watched.token)
        if order.reissue:
            reissue(watched, world.clock, world.vault)
        if order.run:
            world.team.begin(world.team.renew(watched))

    async def deploy(self, order: DeployOrder) -> None:
        team, app = self._world.team, self._world.estate[order.app]

        async def run() -> None:
            await team.deploy(app, order.namespace, order.version, takes_s=order.takes_s)

        team.begin(run())

    async def vault(self, order: VaultOrder) -> None:
        self._world.vault.state = order.state
        self._world.vault.rate_limited = order.rate_limited

    async def jenkins(self, order: JenkinsOrder) -> None:
        if order.restart:
            self._world.jenkins.restart()
        await self._world.jenkins.set_quieting_down(order.quieting_down)

    async def fleet(self, order: FleetOrder) -> None:
        world = self._world
        world.fleet.seed(order.add, order.remove, order.builds)
        for full_name, name in order.renamed.items():
            world.fleet.rename(full_name, name)
        for full_name in order.disabled:
            world.jenkins.job(full_name).disabled = True
        for full_name, number in order.deleted:
            world.jenkins.job(full_name).remove(number)

    async def churn(self, order: ChurnOrder) -> None:
        self._world.set_churn(order.per_s, order.replaced_per_s)

    async def access(self, order: AccessOrder) -> None:
        access = self._world.kube.access
        for name in order.__struct_fields__:
            setattr(access, name, getattr(order, name))
        self._world.kube.cut_watches()

    async def cut_watches(self, order: CutOrder) -> None:
        self._world.kube.cut_watches(mid_line=order.mid_line)

    async def logs(self, order: LogsOrder) -> None:
        self._world.kube.parts.loud[order.namespace, order.app] = order.per_s

    async def cut_logs(self, order: CutLogsOrder) -> None:
        self._world.kube.cut_logs(order.count, mid_line=order.mid_line)

    async def kill(self, order: PodOrder) -> None:
        self._world.kube.kill(order.namespace, order.pod)

    async def replace(self, order: PodOrder) -> None:
        self._world.kube.delete_pod(order.namespace, order.pod)

    async def compact(self, _: NoOrder) -> None:
        self._world.kube.compact()
