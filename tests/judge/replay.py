"""Replays a recorded namespace through the judge: the recorded times are the clock, time also passes between events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from collectors.kubernetes_facts import Translator
from collectors.kubernetes_names import AppRules
from collectors.kubernetes_wire import PodWire, WorkloadWire
from statusdesk.config import RolloutThresholds
from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollout_memory import Memory
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level, RolloutState

DATA = Path(__file__).parents[1] / "data" / "kubernetes"
START_MS = 1795374294_430  # t = 0 of the recordings, from the times that the server stamped


@dataclass
class Step:
    """A verdict at a moment of the recording."""

    t: float
    state: RolloutState


@dataclass
class Replay:
    """All verdicts, by app. ``steps`` has one entry where level or reason changed, ``last`` the last verdict."""

    steps: dict[str, list[Step]] = field(default_factory=dict)
    last: dict[str, RolloutState] = field(default_factory=dict)

    def at(self, app: str, t: float) -> RolloutState:
        return [step.state for step in self.steps[app] if step.t <= t][-1]

    def levels(self, app: str) -> list[Level]:
        return [step.state.level for step in self.steps[app]]

    def first(self, app: str, level: Level, reason: str = "") -> float:
        return next(s.t for s in self.steps[app] if s.state.level is level and s.state.reason.startswith(reason))


def events(namespace: str) -> Iterator[tuple[float, bool, Workload | Pod]]:
    """Yield (t, deleted, fact) in the order recorded."""
    translate = Translator("eu", AppRules(()))
    for line in (DATA / f"rollouts_{namespace}.ndjson").read_text().splitlines():
        entry = json.loads(line)
        if "list" in entry:
            objects = [("ADDED", item) for item in entry["list"]["items"]]
        else:
            objects = [(entry["event"]["type"], entry["event"]["object"])]
        for type_, item in objects:
            if entry["kind"] == "Pod":
                fact: Workload | Pod = translate.pod(msgspec.convert(item, PodWire))
            else:
                fact = translate.workload(entry["kind"], msgspec.convert(item, WorkloadWire))
            yield entry["t"], type_ == "DELETED", fact


def replay(namespace: str, until: float = 100.0, deaf_until: float = 0.0) -> Replay:
    """Return what the judge says at each event and at each moment it asked to look again.

    Before ``deaf_until`` it is not asked, as when a collector starts late or takes many events at once.
    """
    result = Replay()
    workloads: dict[str, Workload] = {}
    pods: dict[str, dict[str, Pod]] = {}
    states: dict[str, RolloutState] = {}
    memories: dict[str, Memory | None] = {}
    due: dict[str, int] = {}

    def judge(app: str, t: float) -> None:
        now_ms = START_MS + round(t * 1000)
        verdict = judge_rollout(
            workloads[app],
            tuple(pods.get(app, {}).values()),
            states.get(app),
            RolloutThresholds(),
            now_ms,
            memory=memories.get(app),
        )
        memories[app] = verdict.memory
        before, now = states.get(app), verdict.state
        changed = before is None or (before.level, before.reason) != (now.level, now.reason)
        kept_ms = now_ms if before is None or before.level is not now.level else before.level_since_ms
        states[app] = msgspec.structs.replace(now, level_since_ms=kept_ms)
        due.pop(app, None)
        if verdict.look_again_ms is not None:
            due[app] = verdict.look_again_ms
        if changed:
            result.steps.setdefault(app, []).append(Step(t, states[app]))

    def pass_time(t: float) -> None:
        while due and (first := min(due, key=lambda app: due[app])) and due[first] <= START_MS + t * 1000:
            judge(first, (due[first] - START_MS) / 1000)

    for t, deleted, fact in events(namespace):
        pass_time(t)
        if isinstance(fact, Pod):
            app = fact.workload_name
            if deleted:
                pods[app].pop(fact.name, None)
            else:
                pods.setdefault(app, {})[fact.name] = fact
        else:
            app = fact.name
            workloads[app] = fact
        if app in workloads and t >= deaf_until:
            judge(app, t)
    pass_time(until)
    for app in workloads:
        judge(app, until)
    result.last = states
    return result
