"""The demo world: a Jenkins, a Kubernetes and a Vault on loopback ports, a scenario that moves them, and its files."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from statusdesk.clock import system_clock
from statusdesk.demo import scenario_life, scenario_tokens
from statusdesk.demo.clock import WorldClock
from statusdesk.demo.jenkins_answers import Account, Accounts
from statusdesk.demo.jenkins_app import jenkins_app
from statusdesk.demo.jenkins_engine import Jenkins
from statusdesk.demo.jenkins_fleet import Fleet
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_http import kube_app
from statusdesk.demo.scenario import (
    Scenario,
    begin_bad_rollout,
    prepare_bad_rollout,
    production_outage,
    sources_down,
)
from statusdesk.demo.scenario_estate import App, make_estate
from statusdesk.demo.scenario_history import History
from statusdesk.demo.scenario_life import Life
from statusdesk.demo.scenario_platform import Platform
from statusdesk.demo.scenario_team import Team
from statusdesk.demo.vault_app import vault_app
from statusdesk.demo.vault_tokens import Vault
from statusdesk.demo.world_files import (
    JENKINS_USER,
    Addresses,
    accessor_file,
    write_config,
    write_kubeconfig,
    write_secret,
)
from statusdesk.demo.world_listener import Fault, Listener, jenkins_error, kubernetes_error, vault_error
from statusdesk.demo.world_truth import truth, write_truth

_TRUTH_EVERY_S = 1.0
_OWN_TTL_S = 32 * 86_400


@dataclass(slots=True, frozen=True)
class Options:
    """How the world shall be. ``pods`` 0: as many as suits each stage; ``directory`` None: one that goes at the end.

    ``skew_s`` is how far the clock of its Kubernetes is ahead of the others.
    """

    scenario: Scenario = Scenario.BAD_ROLLOUT
    speed: float = 1.0
    seed: int = 1
    apps: int = 24
    pods: int = 0
    builds_per_job: int = 20
    directory: Path | None = None
    truth: Path | None = None
    skew_s: float = 0.0


class World:
    """One world. ``start`` makes, serves and moves it; ``stop`` ends it and takes its temporary directory away."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = WorldClock(options.speed)
        self.jenkins = Jenkins(self.clock, seed=options.seed)
        self.fleet = Fleet(self.jenkins, options.seed)
        skewed = WorldClock(options.speed, lambda: system_clock() + int(options.skew_s * 1000))
        self.kube = KubeCluster(skewed, seed=options.seed, nodes=max(3, min(50, options.pods // 100)))
        self.vault = Vault(self.clock, seed=options.seed)
        self._rng = random.Random(options.seed)
        self.team = Team(random.Random(options.seed + 1), self.clock, self.jenkins, self.kube, self.vault)
        self.estate: dict[str, App] = {}
        self._jenkins_token = f"11{self._rng.getrandbits(128):032x}"
        accounts = Accounts({JENKINS_USER: Account(self._jenkins_token)})
        self.listeners = {
            "jenkins": Listener(jenkins_app(self.jenkins, accounts), jenkins_error),
            "kubernetes": Listener(kube_app(self.kube), kubernetes_error),
            "vault": Listener(vault_app(self.vault), vault_error),
        }
        self._directory: Path | None = None
        self._churns: list[asyncio.Task[None]] = []

    async def start(self) -> Addresses:
        """Make the world and let it live; returns where it is."""
        for listener in self.listeners.values():
            await listener.start()
        self.jenkins.url = self.listeners["jenkins"].url + "/"
        platform, history = self._make()
        self._directory = self.options.directory or Path(tempfile.mkdtemp(prefix="statusdesk-demo-"))
        addresses = self._write_files(self._directory)
        self.team.begin(self.kube.run())
        self._begin_scenario(history)
        platform.begin()
        pace = scenario_life.CALM if self.options.scenario is Scenario.CALM else scenario_life.LIVELY
        self.team.begin(Life(self.team, list(self.estate.values()), pace).go_on())
        self.team.begin(self._keep_accessors())
        if self.options.truth is not None:
            write_truth(self.options.truth, self.truth())
            self.team.begin(self._keep_truth(self.options.truth))
        return addresses

    async def stop(self) -> None:
        """End everything; the directory goes unless it was given."""
        await self.team.stop()
        for listener in self.listeners.values():
            await listener.stop()
        if self._directory is not None and self.options.directory is None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def truth(self) -> dict[str, object]:
        """Return what the world knows about itself."""
        return truth(self.jenkins, self.kube, self.team.tokens)

    async def set_fault(self, source: str, fault: Fault) -> None:
        """Let a source misbehave, or behave again. Raises: KeyError, ValueError."""
        listener = self.listeners[source]
        if source == "jenkins":
            self.jenkins.hide_jobs = fault == "empty-jobs"
        # The listener cuts whole answers short; what streams is cut by the cluster itself.
        streams = source == "kubernetes" and fault == "truncated"
        if source == "kubernetes":
            self.kube.faults = "truncated" if streams else None
        await listener.set_fault(None if streams or (fault == "empty-jobs" and source == "jenkins") else fault)
        if source == "kubernetes" and fault is not None:
            listener.drop_connections()  # a watch that is open would not notice

    async def cut(self, source: str, *, down: bool) -> None:
        """Stop listening for a source, or listen again."""
        await self.set_fault(source, "refuse" if down else None)

    def set_churn(self, touched_per_s: float, replaced_per_s: float = 0.0) -> None:
        """Touch and delete so many random pods a second beside everything else; 0 ends it."""
        for churn in self._churns:
            churn.cancel()
        self._churns = []
        if touched_per_s > 0:
            self._churns.append(self.team.begin(self.kube.churn(touched_per_s)))
        if replaced_per_s > 0:
            self._churns.append(self.team.begin(self.kube.churn(replaced_per_s, replace=True)))

    def _make(self) -> tuple[Platform, History]:
        troubled = self.options.scenario is not Scenario.CALM
        estate = make_estate(self._rng, self.options.apps, self.options.pods)
        self.estate = {app.name: app for app in estate}
        history = History(self._rng, self.jenkins, self.kube, builds_per_job=self.options.builds_per_job)
        if self.options.scenario is Scenario.BAD_ROLLOUT:
            prepare_bad_rollout(self.estate)
        history.write(estate, troubled=troubled)
        plans: Sequence[scenario_tokens.TokenPlan] = scenario_tokens.CALM
        if self.options.scenario is Scenario.BAD_ROLLOUT:
            plans = scenario_tokens.TROUBLED
        self.team.tokens.update(scenario_tokens.issue_tokens(estate, plans, self.clock, self.vault, history))
        platform = Platform(self.team, estate, history)
        platform.settle()
        return platform, history

    def _begin_scenario(self, history: History) -> None:
        if self.options.scenario is Scenario.BAD_ROLLOUT:
            begin_bad_rollout(self.team, self.estate, history)
        elif self.options.scenario is Scenario.PROD_OUTAGE:
            self.team.begin(production_outage(self.team, self.estate))
        elif self.options.scenario is Scenario.SOURCE_DOWN:
            self.team.begin(sources_down(self.team, self))

    def _write_files(self, directory: Path) -> Addresses:
        directory.mkdir(parents=True, exist_ok=True)
        state_dir = directory / "state"
        state_dir.mkdir(mode=0o750, exist_ok=True)
        own = self.vault.issue(
            _OWN_TTL_S,
            age_s=20 * 86_400,
            renewed_s_ago=3 * 3600,
            period_s=_OWN_TTL_S,
            display_name="token-statusdesk",
            policies=("statusdesk",),
        )
        write_secret(directory / "vault.token", own.secret)
        write_secret(directory / "jenkins.token", self._jenkins_token)
        self._write_accessors(directory)
        kubeconfig = directory / "kubeconfig"
        addresses = Addresses(
            kubernetes=self.listeners["kubernetes"].url,
            jenkins=self.listeners["jenkins"].url,
            vault=self.listeners["vault"].url,
            config=str(directory / "config.toml"),
            kubeconfig=str(kubeconfig),
            state_dir=str(state_dir),
        )
        write_kubeconfig(kubeconfig, addresses.kubernetes)
        write_config(directory, addresses, self.team.tokens.values(), self.clock)
        return addresses

    def _write_accessors(self, directory: Path) -> None:
        for watched in self.team.tokens.values():
            accessor_file(directory, watched).write_text(watched.token.accessor + "\n")

    async def _keep_accessors(self) -> None:
        """Write the accessor of a token that was issued anew, as its owner would."""
        while self._directory is not None:
            before = [watched.token.accessor for watched in self.team.tokens.values()]
            await asyncio.sleep(_TRUTH_EVERY_S)
            if before != [watched.token.accessor for watched in self.team.tokens.values()]:
                self._write_accessors(self._directory)

    async def _keep_truth(self, path: Path) -> None:
        while True:
            await asyncio.sleep(_TRUTH_EVERY_S)
            write_truth(path, self.truth())
