"""Pictures for tests: a configuration of three stages, rows of rollouts, builds and sources, and what comes of them."""

from collections.abc import Iterator
from typing import Any

from statusdesk.board import Board, Row
from statusdesk.config import (
    BoardSettings,
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    VaultSettings,
)
from statusdesk.picture import Picture
from statusdesk.states import (
    BuildState,
    Changes,
    Level,
    RolloutState,
    SourceState,
)

NOW = 1_800_000_000_000
MINUTE = 60_000
STAGES = ("testing", "staging", "production")


def config(**changes: Any) -> Config:
    fields: dict[str, Any] = {
        "path": "statusdesk.toml",
        "stages": tuple(StageSettings(name=name, namespaces=(name,)) for name in STAGES),
        "clusters": (ClusterSettings(name="eu"),),
        "store": StoreSettings(state_dir="state"),
        "jenkins": JenkinsSettings(url="https://ci.example"),
        "vault": VaultSettings(address="https://vault.example"),
        "board": BoardSettings(stale_after_s=120.0),
    }
    return Config(**(fields | changes))


def rollout(app: str, stage: str, version: str = "1.0", level: Level = Level.OK, **changes: Any) -> RolloutState:
    fields: dict[str, Any] = {
        "key": f"{changes.get('cluster', 'eu')}/{stage}/Deployment/{app}",
        "cluster": "eu",
        "namespace": stage,
        "kind": "Deployment",
        "name": app,
        "app": app,
        "level": level,
        "reason": "Reason",
        "message": "it is as it is",
        "version": version,
        "version_since_ms": NOW - 60 * MINUTE,
        "started_ms": NOW - 60 * MINUTE,
        "level_since_ms": NOW - 60 * MINUTE,
        "ready": 2,
        "desired": 2,
        "updated": 2,
    }
    return RolloutState(**(fields | changes))


def source(name: str, last_ok_ms: int | None = NOW, level: Level = Level.OK, **changes: Any) -> SourceState:
    scope = changes.get("scope", "")
    fields: dict[str, Any] = {
        "key": f"{name}#{scope}" if scope else name,
        "source": name,
        "scope": "",
        "level": level,
        "last_ok_ms": last_ok_ms,
    }
    return SourceState(**(fields | changes))


SOURCES = (source("kubernetes/eu", live=True), source("jenkins"), source("vault"))


def build(app: str, stage: str, level: Level = Level.OK, **changes: Any) -> BuildState:
    fields: dict[str, Any] = {
        "key": f"jenkins/deploy-{app}@{stage}",
        "source": "jenkins",
        "job": f"deploy-{app}",
        "namespace": stage,
        "job_class": "deploy",
        "level": level,
        "number": 7,
        "started_ms": NOW - 61 * MINUTE,
        "message": f"deploy-{app} #7",
    }
    return BuildState(**(fields | changes))


def picture(*rollouts: RolloutState, sources: tuple[SourceState, ...] = SOURCES, **changes: Any) -> Picture:
    made = Picture(changes.pop("settings", None) or config())
    made.apply(Changes(change=1, rollouts=rollouts, sources=sources, **changes))
    return made


def rows(board: Board) -> dict[str, Row]:
    return {row.app: row for row in board.rows}


def everywhere(app: str, **changes: Any) -> Iterator[RolloutState]:
    return (rollout(app, stage, **changes) for stage in STAGES)
