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


class Replayer:
    """The judge at work on one namespace, with all that is kept between two looks."""

    def __init__(self) -> None:
        self.result = Replay()
        self.workloads: dict[str, Workload] = {}
        self._pods: dict[str, dict[str, Pod]] = {}
        self._memories: dict[str, Memory | None] = {}
        self._due: dict[str, int] = {}

    def take(self, fact: Workload | Pod, *, deleted: bool) -> str:
        """Keep what was seen and return the app that it belongs to."""
        if isinstance(fact, Workload):
            self.workloads[fact.name] = fact
            return fact.name
        pods = self._pods.setdefault(fact.workload_name, {})
        if deleted:
            pods.pop(fact.name, None)
        else:
            pods[fact.name] = fact
        return fact.workload_name

    def judge(self, app: str, t: float) -> None:
        """Judge an app at a moment, and note when it wants to be looked at again."""
        now_ms = START_MS + round(t * 1000)
        states, pods = self.result.last, tuple(self._pods.get(app, {}).values())
        before = states.get(app)
        verdict = judge_rollout(
            self.workloads[app], pods, before, RolloutThresholds(), now_ms, memory=self._memories.get(app)
        )
        self._memories[app] = verdict.memory
        now = verdict.state
        changed = before is None or (before.level, before.reason) != (now.level, now.reason)
        kept_ms = now_ms if before is None or before.level is not now.level else before.level_since_ms
        states[app] = msgspec.structs.replace(now, level_since_ms=kept_ms)
        self._due.pop(app, None)
        if verdict.look_again_ms is not None:
            self._due[app] = verdict.look_again_ms
        if changed:
            self.result.steps.setdefault(app, []).append(Step(t, states[app]))

    def pass_time(self, t: float) -> None:
        """Judge each app at each moment up to ``t`` at which it wanted to be looked at again."""
        due = self._due
        while due and (first := min(due, key=lambda app: due[app])) and due[first] <= START_MS + t * 1000:
            self.judge(first, (due[first] - START_MS) / 1000)


def replay(namespace: str, until: float = 100.0, deaf_until: float = 0.0) -> Replay:
    """Return what the judge says at each event and at each moment it asked to look again.

    Before ``deaf_until`` it is not asked, as when a collector starts late or takes many events at once.
    """
    replayer = Replayer()
    for t, deleted, fact in events(namespace):
        replayer.pass_time(t)
        app = replayer.take(fact, deleted=deleted)
        if app in replayer.workloads and t >= deaf_until:
            replayer.judge(app, t)
    replayer.pass_time(until)
    for app in replayer.workloads:
        replayer.judge(app, until)
    return replayer.result
