"""The scenarios: what the world knows about itself, its life, and how its sources misbehave on demand."""

import asyncio
import base64
import random
from pathlib import Path

import aiohttp
import pytest

from statusdesk.config_file import load
from statusdesk.demo.jenkins_model import JobKind
from statusdesk.demo.scenario import Scenario
from statusdesk.demo.scenario_estate import App, make_estate, newer, next_version
from statusdesk.demo.scenario_life import promotable
from statusdesk.demo.world import Options, World
from statusdesk.demo.world_control import control_app
from statusdesk.demo.world_listener import Listener, jenkins_error


@pytest.fixture
async def begin():
    worlds = []

    async def make(**options) -> World:
        world = World(Options(**options))
        worlds.append(world)
        world.at = await world.start()
        return world

    yield make
    for world in worlds:
        await world.stop()


async def until(condition, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def failing(world: World) -> dict[str, str]:
    rollouts = world.truth()["rollouts"]
    return {key: entry["reason"] for key, entry in rollouts.items() if entry["level"] == "failing"}


async def test_the_bad_rollout_is_there_at_once_and_others_follow(begin):
    world = await begin(speed=4)
    assert failing(world) == {"demo/staging/Deployment/orders": "InitCrash"}
    orders = world.truth()["rollouts"]["demo/staging/Deployment/orders"]
    assert orders["version"] == "1.5.0" and 200_000 < world.clock.now_ms() - orders["since_ms"] < 300_000
    tokens = world.truth()["tokens"]
    assert tokens["orders"]["gone"] and not tokens["payments"]["renewal_works"]
    await until(lambda: "demo/testing/Deployment/customers" in failing(world))
    rollouts = world.truth()["rollouts"]
    assert rollouts["demo/staging/Deployment/billing"]["level"] == "progressing"
    versions = {stage: rollouts[f"demo/{stage}/Deployment/web"]["version"] for stage in ("audit", "production")}
    assert newer(versions["production"], versions["audit"])


async def test_a_job_may_be_green_while_a_namespace_of_it_is_red(begin):
    world = await begin()
    builds = world.truth()["builds"]
    assert builds["deploy-mailer@production"]["result"] == "FAILURE"
    assert builds["deploy-mailer@dev-alice"]["result"] == "SUCCESS"
    assert builds["deploy-mailer@performance"]["newest_result"] == "ABORTED"
    job = world.jenkins.job("deploy-mailer")
    assert job.newest("SUCCESS", "FAILURE").parameter("NAMESPACE") == "dev-alice"
    for job in world.jenkins.root.jobs():
        started = [build.started_ms for build in job.builds]
        assert started == sorted(started), job.full_name
    assert any(build.parameters is None for build in world.jenkins.job("finance/deploy-ledger").builds)
    assert world.jenkins.job("deploy-media").kind is JobKind.MATRIX


async def test_the_same_seed_makes_the_same_world(begin):
    one, other = await begin(seed=11), await begin(seed=11)
    different = await begin(seed=12)

    def picture(world):
        known = world.truth()
        rollouts = {key: (entry["version"], entry["level"]) for key, entry in known["rollouts"].items()}
        return rollouts, known["builds"], {name: token["accessor_tail"] for name, token in known["tokens"].items()}

    assert picture(one) == picture(other) != picture(different)


async def test_a_calm_world_lives_and_nothing_fails(begin):
    world = await begin(scenario=Scenario.CALM, speed=60)
    assert all(entry["result"] == "SUCCESS" for entry in world.truth()["builds"].values())
    before = {job.full_name: len(job.builds) for job in world.jenkins.root.jobs()}

    def grown() -> int:
        return sum(len(job.builds) > before[job.full_name] for job in world.jenkins.root.jobs())

    await until(lambda: grown() >= 8)
    assert failing(world) == {}
    renewed = world.team.tokens["billing"].token
    await until(lambda: (renewed.last_renewal_ms or 0) > world.clock.now_ms() - 2_000)


async def test_each_trouble_of_a_token_is_there_and_few_are_in_trouble(begin):
    world = await begin()
    tokens = {name: watched.token for name, watched in world.team.tokens.items()}
    assert world.truth()["tokens"]["ledger"]["at_cap"] and world.team.tokens["ledger"].renewal_works
    before = tokens["gateway"].expire_ms - tokens["gateway"].last_renewal_ms
    assert not world.truth()["tokens"]["gateway"]["at_cap"]
    world.vault.renew(tokens["gateway"])
    after = tokens["gateway"].expire_ms - tokens["gateway"].last_renewal_ms
    assert 0 < after < before - 3_600_000 and tokens["gateway"].explicit_max_s == 0
    assert not world.team.tokens["payments"].renewal_works
    assert [name for name, each in world.truth()["tokens"].items() if each["gone"]] == ["orders"]


async def test_a_seed_run_makes_a_job_and_takes_the_one_before(begin):
    world = await begin(scenario=Scenario.CALM, speed=120, apps=2)

    def made() -> list[str]:
        return [job.full_name for job in world.jenkins.root.jobs() if job.name.startswith("deploy-next")]

    assert made() == ["deploy-next"]
    await until(lambda: made() != ["deploy-next"])
    assert made() == [f"deploy-next-{world.jenkins.job('seed-all-jobs').last.number}"]


async def test_development_environments_go_and_come_back(begin):
    world = await begin(scenario=Scenario.CALM, speed=120)

    def in_bobs() -> list[str]:
        return [key for key in world.truth()["rollouts"] if key.startswith("demo/dev-bob/")]

    assert in_bobs()
    await until(lambda: not in_bobs())
    await until(in_bobs)
    assert world.jenkins.job("env-destroy").last.parameter("NAMESPACE") == "dev-bob"


async def test_production_goes_down_and_recovers(begin):
    world = await begin(scenario=Scenario.PROD_OUTAGE, speed=60)
    await until(lambda: sum(key.startswith("demo/production/") for key in failing(world)) >= 2)
    first = {key for key in failing(world) if key.startswith("demo/production/")}
    await until(lambda: not first & set(failing(world)), 60)


async def test_sources_go_down_one_after_the_other_and_come_back(begin):
    world = await begin(scenario=Scenario.SOURCE_DOWN, speed=30)
    session = world.jenkins.session
    async with aiohttp.ClientSession() as client:

        async def works(url: str) -> bool:
            try:
                async with client.get(url) as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        async def comes(url: str, *, wanted: bool) -> None:
            async with asyncio.timeout(20):
                while await works(url) is not wanted:
                    await asyncio.sleep(0.02)

        for url in (
            f"{world.at.vault}/v1/sys/health",
            f"{world.at.jenkins}/whoAmI/api/json",
            f"{world.at.kubernetes}/version",
        ):
            await comes(url, wanted=False)
            await comes(url, wanted=True)
    assert world.jenkins.session != session


async def test_the_configuration_is_an_ordinary_one(begin):
    world = await begin()
    config = load(Path(world.at.config), {})
    assert [stage.name for stage in config.stages] == ["testing", "staging", "performance", "audit", "production"]
    assert config.stages[-1].production and config.jenkins.interval_s == 2.0
    accessors = {token.name: token.accessor for token in config.vault.tokens}
    assert accessors["payments"] == world.team.tokens["payments"].token.accessor
    assert config.board.title == "shop-demo" and config.board.stale_after_s == 15.0
    assert config.clusters[0].poll_interval_s < config.board.stale_after_s, "a polled cluster must not become stale"


@pytest.mark.parametrize(("apps", "pods"), [(100, 2_500), pytest.param(400, 10_000, marks=pytest.mark.soak)])
async def test_an_estate_can_be_as_large_as_asked(begin, apps, pods):
    world = await begin(apps=apps, pods=pods)
    rollouts = world.truth()["rollouts"]
    assert 4.85 * apps <= sum("/dev-" not in key for key in rollouts) <= 5.05 * apps
    assert apps <= sum(1 for _ in world.jenkins.root.jobs()) <= apps + 100
    async with aiohttp.ClientSession() as client, client.get(f"{world.at.kubernetes}/api/v1/pods") as answer:
        assert 0.98 * pods <= len((await answer.json())["items"]) <= 1.02 * pods


FAULTS = [
    ("jenkins", 401, "status 401"),
    ("jenkins", 500, "status 500"),
    ("jenkins", "html", "html"),
    ("jenkins", "truncated", "broken"),
    ("jenkins", "hang", "silent"),
    ("jenkins", "refuse", "refused"),
    ("jenkins", "empty-jobs", "no jobs"),
    ("vault", 403, "status 403"),
    ("vault", "refuse", "refused"),
    ("kubernetes", "truncated", "broken"),
    ("kubernetes", "refuse", "refused"),
    ("kubernetes", 500, "status 500"),
]


@pytest.mark.parametrize(("source", "fault", "seen"), FAULTS)
async def test_a_source_misbehaves_when_told_to_and_behaves_again(begin, source, fault, seen):
    world = await begin(apps=6, scenario=Scenario.CALM)
    knobs = Listener(control_app(world), jenkins_error)
    await knobs.start()
    credentials = base64.b64encode(f"statusdesk:{world._jenkins_token}".encode()).decode()
    paths = {"jenkins": "/api/json?tree=jobs[name]", "vault": "/v1/sys/health", "kubernetes": "/api/v1/pods"}
    async with aiohttp.ClientSession() as client:

        async def look(patience_s: float = 10) -> str:
            patience = aiohttp.ClientTimeout(total=patience_s)
            url = world.listeners[source].url + paths[source]
            headers = {"Authorization": f"Basic {credentials}"} if source == "jenkins" else {}
            try:
                async with client.get(url, headers=headers, timeout=patience) as answer:
                    if answer.status != 200:
                        return f"status {answer.status}"
                    if answer.content_type == "text/html":
                        return "html"
                    found = await answer.json()
                    return "no jobs" if found.get("jobs") == [] else "well"
            except TimeoutError:
                return "silent"
            except aiohttp.ClientConnectorError:
                return "refused"
            except (ValueError, aiohttp.ClientPayloadError):
                return "broken"

        try:
            assert await look() == "well"
            async with client.post(f"{knobs.url}/fault", json={"source": source, "fault": fault}) as answer:
                assert answer.status == 200
            assert await look(0.5 if seen == "silent" else 10) == seen
            await client.post(f"{knobs.url}/fault", json={"source": source, "fault": None})
            assert await look() == "well"
        finally:
            await knobs.stop()


async def test_the_control_endpoint_applies_builds_and_refuses_nonsense(begin):
    world = await begin(apps=6, scenario=Scenario.CALM, speed=20)
    knobs = Listener(control_app(world), jenkins_error)
    await knobs.start()
    try:
        async with aiohttp.ClientSession() as client:

            async def order(path: str, **body) -> int:
                async with client.post(knobs.url + path, json=body) as answer:
                    return answer.status

            made = await order("/apply", namespace="testing", app="probe", version="9.9.9", replicas=1)
            assert made == 200 and "demo/testing/Deployment/probe" in world.truth()["rollouts"]
            assert await order("/fail", namespace="testing", app="probe", behaviour="crash") == 200
            assert await order("/recover", namespace="testing", app="probe") == 200
            assert await order("/fail", namespace="testing", app="nobody", behaviour="crash") == 404
            assert await order("/apply", namespace="testing", app="x", behaviour="strange") == 400
            assert await order("/fault", source="jenkins", fault="strange") == 400
            last = world.jenkins.job("deploy-orders").last.number
            assert (
                await order("/build", job="deploy-orders", parameters={"NAMESPACE": "audit"}, result="FAILURE") == 200
            )
            await until(lambda: world.truth()["builds"]["deploy-orders@audit"]["number"] == last + 1)
            assert await order("/token", name="orders", revoke=True) == 200
            assert world.truth()["tokens"]["orders"]["gone"]
            assert await order("/deploy", app="orders", namespace="testing", version="9.9.9", takes_s=1.0) == 200
            await until(lambda: failing(world).get("demo/testing/Deployment/orders") == "InitCrash")
            assert await order("/token", name="orders", reissue=True) == 200
            assert not world.truth()["tokens"]["orders"]["gone"]
            assert await order("/token", name="nobody") == 404
            assert await order("/vault", state="sealed") == 200
            async with client.get(f"{world.at.vault}/v1/sys/health") as answer:
                assert answer.status == 503
            async with client.get(f"{knobs.url}/truth") as answer:
                assert "rollouts" in await answer.json()
    finally:
        await knobs.stop()


def test_an_estate_spreads_the_pods_asked_for():
    estate = make_estate(random.Random(1), 50, 1000)
    assert abs(sum(sum(app.replicas.values()) for app in estate) - 1000) <= 100
    assert len({app.name for app in estate}) == 50


@pytest.mark.parametrize(
    ("versions", "ailing", "expected"),
    [
        (("1.2.0", "1.1.0", "1.1.0", "1.1.0", "1.1.0"), (), ("staging", "1.2.0")),
        (("1.2.0", "1.2.0", "1.1.0", "1.1.0", "1.0.0"), (), ("production", "1.1.0")),
        (("1.2.0", "1.2.0", "1.2.0", "1.2.0", "1.2.0"), (), None),
        (("1.10.0", "1.9.0", "1.9.0", "1.9.0", "1.9.0"), ("testing",), None),
        (("1.2.0", "1.1.0", "1.1.0", "1.1.0", "1.1.0"), ("staging",), None),
    ],
)
def test_the_step_nearest_to_production_comes_first(versions, ailing, expected):
    stages = ("testing", "staging", "performance", "audit", "production")
    app = App("a", "Deployment", "deploy-a", JobKind.FREESTYLE, stages, {}, dict(zip(stages, versions, strict=True)))
    app.ailing.update(ailing)
    assert promotable(app) == expected


def test_versions_only_rise():
    rng = random.Random(3)
    version = "1.9.9"
    for _ in range(50):
        later = next_version(rng, version)
        assert newer(later, version)
        version = later
