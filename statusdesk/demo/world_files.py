"""The files that make the world usable: a configuration, a kubeconfig and secrets, in a directory of their own."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.scenario_estate import STAGES
from statusdesk.demo.scenario_tokens import WatchedToken

CLUSTER = "demo"
JENKINS_USER = "statusdesk"


@dataclass(slots=True, frozen=True)
class Addresses:
    """Where the world is: what ``demo --serve`` prints."""

    kubernetes: str
    jenkins: str
    vault: str
    config: str
    kubeconfig: str
    state_dir: str
    control: str = ""

    def line(self) -> str:
        """Return the one JSON line."""
        names = ("kubernetes", "jenkins", "vault", "config", "kubeconfig", "state_dir", "control")
        return json.dumps({name: value for name in names if (value := getattr(self, name))})


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")


def write_kubeconfig(path: Path, url: str) -> None:
    """Write a kubeconfig with one context and no credentials."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": {"server": url}}],
        "users": [{"name": JENKINS_USER, "user": {}}],
        "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": JENKINS_USER}}],
        "current-context": CLUSTER,
    }
    path.write_text(json.dumps(config, indent=2) + "\n")


def write_config(directory: Path, at: Addresses, tokens: Iterable[WatchedToken], clock: WorldClock) -> None:
    """Write the configuration of an ordinary installation that watches this world."""
    lines = [
        "# Written by `statusdesk demo`: an ordinary configuration for a world that lives on this machine.",
        "version = 1",
        "",
        "[[cluster]]",
        f'name = "{CLUSTER}"',
        f"kubeconfig = {_quoted(at.kubeconfig)}",
        f'context = "{CLUSTER}"',
        'poll_interval = "5s"',
        "",
    ]
    lines += _stage_lines()
    lines += _source_lines(directory, at)
    for watched in tokens:
        lines += [*_token_lines(directory, watched, clock), ""]
    lines += [
        "[store]",
        f"state_dir = {_quoted(at.state_dir)}",
        "",
        "[board]",
        'title = "shop-demo"',
        'stale_after = "15s"',
    ]
    (directory / "config.toml").write_text("\n".join(lines) + "\n")


def _source_lines(directory: Path, at: Addresses) -> list[str]:
    return [
        "[[app]]",
        'name = "catalog"',
        'jobs = ["catalog-service/*"]',
        "",
        "[jenkins]",
        f"url = {_quoted(at.jenkins)}",
        f'user = "{JENKINS_USER}"',
        f"token_file = {_quoted(str(directory / 'jenkins.token'))}",
        'interval = "2s"',
        'deploy_jobs = ["deploy*", "catalog-service/*"]',
        "",
        "[vault]",
        f"address = {_quoted(at.vault)}",
        f"token_file = {_quoted(str(directory / 'vault.token'))}",
        'interval = "2s"',
        'slow_interval = "10s"',
        "",
    ]


def _stage_lines() -> list[str]:
    lines: list[str] = []
    for stage in STAGES:
        lines += ["[[stage]]", f'name = "{stage}"', f'namespaces = ["{stage}"]']
        lines += ["production = true", ""] if stage == STAGES[-1] else [""]
    return lines


def accessor_file(directory: Path, watched: WatchedToken) -> Path:
    """Return where a token's accessor is written; it changes when the token is issued anew."""
    return directory / f"{watched.name}.accessor"


def _token_lines(directory: Path, watched: WatchedToken, clock: WorldClock) -> list[str]:
    every_s = max(1, round(clock.wall_s(watched.every_s)))
    lines = [
        "[[vault.token]]",
        f'name = "{watched.name}"',
        f"accessor_file = {_quoted(str(accessor_file(directory, watched)))}",
        f'owner = "team {watched.app}"',
        f'renewal_job = "{watched.renewal_job}"',
        f'renew_every = "{every_s}s"',
        f'apps = ["{watched.app}"]',
    ]
    lease_s = watched.token.period_s or watched.token.creation_ttl_s
    if lease_s < 48 * 3600:
        lines += [f'warn = "{max(1, lease_s // 4)}s"', f'critical = "{max(1, lease_s // 10)}s"']
    return lines


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's too."""
    return json.dumps(text)
