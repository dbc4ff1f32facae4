"""An application on its way: rollouts, stages and rows of the board, as tests of promotion need them."""

from collections.abc import Sequence
from typing import Any

from statusdesk.board import Mark, Row
from statusdesk.config import StageSettings
from statusdesk.judge.promotion import Path, Standing, judge_app
from statusdesk.judge.promotion_versions import Lineage
from statusdesk.states import BuildState, Level, RolloutState

NOW = 1_800_000_000_000

H = 3_600_000

NAMES = ("testing", "staging", "performance", "audit", "production")

ABSENT = (Mark.ABSENT, "")


def stages(soak_s: float = 0.0) -> tuple[StageSettings, ...]:
    return tuple(StageSettings(name=n, namespaces=(n,), production=n == "production", soak_s=soak_s) for n in NAMES)


def path(**changes: Any) -> Path:
    fields: dict[str, Any] = {
        "stages": stages(),
        "production": 4,
        "blanks": (ABSENT,) * 5,
        "stage_of": {name: index for index, name in enumerate(NAMES)},
    }
    return Path(**(fields | changes))


def rollout(stage: str, version: str, hours: float = 24, level: Level = Level.OK, **changes: Any) -> RolloutState:
    since_ms = NOW - int(hours * H)
    name = changes.pop("name", "orders")
    fields: dict[str, Any] = {
        "key": f"{changes.get('cluster', 'eu')}/{stage}/Deployment/{name}",
        "cluster": "eu",
        "namespace": stage,
        "kind": "Deployment",
        "name": name,
        "app": "orders",
        "level": level,
        "reason": level.name.title(),
        "message": f"it is {level}",
        "version": version,
        "version_since_ms": since_ms,
        "started_ms": since_ms,
        "level_since_ms": since_ms,
        "desired": 2,
        "updated": 2,
        "ready": 2,
    }
    return RolloutState(**(fields | changes))


def standing(
    *rollouts: RolloutState,
    builds: Sequence[BuildState] = (),
    reach: Sequence[str] = (),
    lineage: Lineage | None = None,
    now_ms: int = NOW,
    **changes: Any,
) -> Standing:
    lineage = lineage or Lineage()
    for each in rollouts:
        lineage.see(each)
    by_stage = [[each for each in rollouts if each.namespace == name] for name in NAMES]
    heard = changes.pop("heard", {each.cluster: now_ms for each in rollouts})
    return judge_app("orders", by_stage, builds, path(heard=heard, **changes), reach, lineage, now_ms)


def row(*rollouts: RolloutState, **changes: Any) -> Row:
    return standing(*rollouts, **changes).row


def walk(*versions: str | None, bad: dict[int, Level] | None = None) -> list[RolloutState]:
    """Rollouts of a version per stage; what is further on has been there for longer."""
    levels = bad or {}
    return [
        rollout(NAMES[i], version, hours=24.0 * (i + 1), level=levels.get(i, Level.OK))
        for i, version in enumerate(versions)
        if version is not None
    ]
