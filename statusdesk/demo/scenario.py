"""The scenarios: what has gone wrong when the world begins, and what will."""

import enum
from collections.abc import Mapping
from typing import Protocol

from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.scenario_estate import App
from statusdesk.demo.scenario_history import History
from statusdesk.demo.scenario_team import Team
from statusdesk.demo.scenario_tokens import reissue
from statusdesk.demo.vault_tokens import VaultState


class Scenario(enum.StrEnum):
    """What kind of day it is."""

    CALM = "calm"
    BAD_ROLLOUT = "bad-rollout"
    PROD_OUTAGE = "prod-outage"
    SOURCE_DOWN = "source-down"


class Sources(Protocol):
    """What a script may do to the servers themselves."""

    async def cut(self, source: str, *, down: bool) -> None:
        """Stop listening (``down``) or listen again."""


Estate = Mapping[str, App]


def prepare_bad_rollout(estate: Estate) -> None:
    """Set the scene: 1.5.0 of orders fails in staging since four minutes, web is skewed, mailer is behind its builds.

    Call it after the estate's versions were settled and before builds and workloads are written.
    """
    if "orders" in estate:
        orders = estate["orders"]
        orders.versions |= {"testing": "1.5.0", "staging": "1.4.2", "performance": "1.4.2", "audit": "1.4.2"}
        orders.versions["production"] = "1.4.1"
        orders.earlier |= {"testing": "1.4.2", "staging": "1.4.1", "production": "1.4.0"}
        orders.ages_s |= {"testing": 7200.0, "staging": 86_400.0, "performance": 90_000.0, "audit": 172_800.0}
        orders.ages_s["production"] = 9 * 86_400.0
    if "web" in estate:
        web = estate["web"]
        web.versions = dict.fromkeys(web.stages, "5.1.9") | {"production": "5.2.0"}
        web.ages_s["production"] = 3600.0
    if "customers" in estate:
        customers = estate["customers"]
        customers.versions = {
            stage: "2.0.9" if stage in customers.stages[:3] else "2.0.8" for stage in customers.stages
        }
    if "mailer" in estate:
        estate["mailer"].ages_s = {
            stage: (30 + 20 * step) * 3600.0 for step, stage in enumerate(estate["mailer"].stages)
        }
    if "billing" in estate:
        billing = estate["billing"]
        billing.versions = {stage: "3.3.0" for stage in billing.stages} | {"testing": "3.3.1"}
        billing.ages_s["testing"] = 3600.0


def begin_bad_rollout(team: Team, estate: Estate, history: History) -> None:
    """Let the bad rollout be under way at once, and begin the others."""
    if "orders" in estate:
        orders = estate["orders"]
        build = history.place_deploy(orders, 245, "staging", "1.5.0")
        orders.builds["staging"] = build.number
        team.kube.apply(
            "staging",
            "orders",
            "1.5.0",
            kind=orders.kind,
            replicas=orders.replicas["staging"],
            behaviour=Behaviour.INIT_CRASH,
            build=f"{orders.job}#{build.number}",
            settled=True,
            age_s=240,
        )
        orders.earlier["staging"], orders.versions["staging"] = orders.versions["staging"], "1.5.0"
        orders.ailing.add("staging")
        team.begin(_orders_is_mended(team, orders))
    if "mailer" in estate:  # red for production, and green again for a developer: the job's colour says all is well
        mailer = estate["mailer"]
        history.place_deploy(mailer, 6 * 3600.0, "production", mailer.versions["audit"], "FAILURE")
        history.place_deploy(mailer, 900, "dev-alice", mailer.versions["audit"])
        history.place_deploy(mailer, 540, "performance", mailer.versions["audit"], "ABORTED")
    if "customers" in estate:
        team.begin(_customers_misses_its_image(team, estate["customers"]))
    if "billing" in estate:
        team.begin(_billing_is_slow(team, estate["billing"]))
    if "payments" in team.tokens:
        team.begin(_payments_is_renewed_late(team))


async def _orders_is_mended(team: Team, orders: App) -> None:
    """Roll back after a quarter of an hour, get a new token, and ship the next version after that."""
    orders.busy = True
    await team.clock.sleep(900)
    team.undo(orders, "staging")
    await team.clock.sleep(240)
    if "orders" in team.tokens:
        reissue(team.tokens["orders"], team.clock, team.vault)
    await team.deploy(orders, "testing", "1.5.1")
    await team.clock.sleep(120)
    await team.deploy(orders, "staging", "1.5.1")
    orders.busy = False


async def _customers_misses_its_image(team: Team, customers: App) -> None:
    customers.busy = True
    await team.deploy(customers, "testing", "2.1.0", Behaviour.IMAGE_MISSING, takes_s=4)
    await team.clock.sleep(420)
    await team.deploy(customers, "testing", "2.1.1")
    customers.busy = False


async def _billing_is_slow(team: Team, billing: App) -> None:
    billing.busy = True
    await team.deploy(billing, "staging", "3.3.1", Behaviour.SLOW, takes_s=5)
    await team.clock.sleep(180)
    billing.busy = False


async def _payments_is_renewed_late(team: Team) -> None:
    """Let the renewal fail once more, and then work, long before the token lapses."""
    watched = team.tokens["payments"]
    await team.clock.sleep(150)
    await team.renew(watched)
    await team.clock.sleep(450)
    watched.renewal_works = True
    await team.renew(watched)


async def production_outage(team: Team, estate: Estate) -> None:
    """Let two applications fail in production, mend them some minutes later, and choose others."""
    names = [
        name for name in ("payments", "gateway", "checkout", "web", "orders", "billing", "catalog") if name in estate
    ]
    names = names or [app.name for app in estate.values()]
    await team.clock.sleep(4)
    turn = 0
    while True:
        hit = [estate[names[(turn + step) % len(names)]] for step in range(min(2, len(names)))]
        for app, behaviour in zip(hit, (Behaviour.CRASH, Behaviour.OOM), strict=False):
            team.kube.fail_now("production", app.name, behaviour, kind=app.kind)
            app.ailing.add("production")
            await team.clock.sleep(3)
        for app in hit:
            await team.clock.sleep(200)
            team.kube.recover("production", app.name, kind=app.kind)
            app.ailing.discard("production")
        await team.clock.sleep(240)
        turn += 2


async def sources_down(team: Team, sources: Sources) -> None:
    """Seal Vault and open it, take Jenkins down and up, cut the Kubernetes API, again and again."""
    sleep = team.clock.sleep
    await sleep(8)
    while True:
        team.vault.state = VaultState.SEALED
        await sleep(40)
        team.vault.state = VaultState.ACTIVE
        await sleep(25)
        await sources.cut("jenkins", down=True)
        await sleep(35)
        team.jenkins.restart()
        await sources.cut("jenkins", down=False)
        await sleep(30)
        await sources.cut("kubernetes", down=True)
        await sleep(30)
        await sources.cut("kubernetes", down=False)
        await sleep(40)
