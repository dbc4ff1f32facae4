"""Alerts evaluated per second of CPU: rules, life cycle and outbox, without the store.

Two worlds of 5,000 rollouts: in one all of them fail and recover by turns (each change is a row judged anew); in the
other all fail and their cluster goes away and comes back, so that each standing alert is frozen, looked at and left as
it is. The other side is what the issue asks for.
"""

import time
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace
from report import finish, side

from statusdesk.alerts import engine
from statusdesk.alerts.engine import Alerts
from statusdesk.alerts.lifecycle import Step
from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.sources import SETTLE_MS
from statusdesk.alerts.telling import Outcome
from statusdesk.alerts.tuning import Tuning
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.config_alerts import AlertsSettings, SinkSettings
from statusdesk.states import Level, RolloutState, Transition

ROLLOUTS, TURNS, ASKED = 5_000, 8, 50_000.0
STAGES = ("testing", "staging", "production")
SOURCE = "kubernetes/eu"
NOW_MS = 1_800_000_000_000


class World:
    """An engine and an outbox with one sink, over rollouts of one cluster."""

    def __init__(self) -> None:
        config = Config(
            path="config.toml",
            stages=tuple(StageSettings(name=name, namespaces=(name,)) for name in STAGES),
            clusters=(ClusterSettings(name="eu"),),
            store=StoreSettings(state_dir="state"),
            alerts=AlertsSettings(group_wait_s=0.0),
            sinks=(SinkSettings(name="desk", type="jsonl"),),
        )
        tuning = Tuning(config)
        self.t = 0
        self.alerts = Alerts(tuning, (), (), t=0, now_ms=NOW_MS)
        self.outbox = Outbox(config.alerts, config.sinks, tuning)
        self.alerts.answered(SOURCE, 0)
        self.rows = [_rollout(number) for number in range(ROLLOUTS)]

    def step(self, level: Level | None = None) -> int:
        """Let all rollouts change to a level, or none; return how many alerts were written."""
        self.t += 3_600_000  # nothing flaps
        moves = [] if level is None else [Transition(None, replace(row, level=level)) for row in self.rows]
        began_s = time.process_time()
        changed = self.alerts.step(moves, self.t, NOW_MS + self.t)
        self.alerts.take_events()
        queued = self.outbox.step(changed, NOW_MS + self.t)
        self.outbox.hear([Outcome(id=each.id, state="sent", at_ms=NOW_MS + self.t, attempts=1) for each in queued])
        self.took_s = time.process_time() - began_s
        return len(changed)


def _rollout(number: int) -> RolloutState:
    namespace, app = STAGES[number % 3], f"app-{number // 3}"
    return RolloutState(
        key=f"eu/{namespace}/Deployment/{app}",
        cluster="eu",
        namespace=namespace,
        kind="Deployment",
        name=app,
        app=app,
        level=Level.OK,
        version="1.5.0",
        message=f"pod {app}-7c9f-x2x: CrashLoopBackOff, exit 137",
        look=f"log of {app}-7c9f-x2x",
    )


def evaluated_in(world: World, level: Level) -> int:
    """Return how many alerts go through the life cycle when all rollouts change to a level; not timed."""
    count, really = 0, engine.advance

    def counting(*given: Any) -> Step:  # noqa: ANN401 - handed through
        nonlocal count
        count += 1
        return really(*given)

    engine.advance = counting
    try:
        world.step(level)
    finally:
        engine.advance = really
    return count


def changing() -> Iterator[float]:
    """Yield alerts per second while all fail, then all recover, again and again."""
    world = World()
    counts = {level: evaluated_in(world, level) for level in (Level.FAILING, Level.OK)}
    print(f"alerts evaluated when {ROLLOUTS} rollouts fail: {counts[Level.FAILING]}, recover: {counts[Level.OK]}")
    for _ in range(TURNS):
        took_s = 0.0
        for level in counts:
            written = world.step(level)
            assert written >= ROLLOUTS, "each of them is an alert that fires or is over"
            took_s += world.took_s
        yield sum(counts.values()) / took_s


def standing() -> Iterator[float]:
    """Yield alerts per second while a cluster is lost and found again under alerts that fire."""
    world = World()
    firing = world.step(Level.FAILING)
    for _ in range(TURNS):
        began_s = time.process_time()
        world.alerts.failed(SOURCE, NOW_MS + world.t)
        frozen = len(world.alerts.step([], world.t, NOW_MS + world.t))
        world.alerts.answered(SOURCE, world.t)
        world.t += SETTLE_MS
        thawed = len(world.alerts.step([], world.t, NOW_MS + world.t))
        took_s = time.process_time() - began_s
        assert frozen >= ROLLOUTS and thawed >= ROLLOUTS and frozen + thawed <= 4 * firing
        yield (frozen + thawed) / took_s


def main() -> None:
    rates = [
        side("all fail, all recover", list(changing()), "alerts per CPU second"),
        side("a cluster lost and found", list(standing()), "alerts per CPU second"),
    ]
    side("asked for", [ASKED], "alerts per CPU second")
    slower = min(rates)
    finish(f"alerts evaluated per CPU second: asked / measured (the slower, {slower:.0f})", ASKED / slower, 1.0)


if __name__ == "__main__":
    main()
