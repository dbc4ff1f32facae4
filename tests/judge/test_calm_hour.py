"""Precision: an hour of ordinary life, with everything that is no failure, and not one warning."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.demo.kube_kinds import PODS
from statusdesk.states import Level, RolloutState
from tests.judge.live import Live

HOUR_S = 3600
STAGES = ("testing", "staging", "production")
APPS = {
    "orders": "Deployment",
    "web": "Deployment",
    "billing": "Deployment",
    "auth": "Deployment",
    "search": "StatefulSet",
    "gateway": "DaemonSet",
}
ALARMS = (Level.WARNING, Level.FAILING, Level.UNKNOWN)


@pytest.fixture(name="live")
def calm_world(tmp_path: Path) -> Iterator[Live]:
    live = Live(tmp_path)
    for namespace in STAGES:
        for app, kind in APPS.items():
            live.cluster.apply(namespace, app, "1.0.0", kind=kind, replicas=3, settled=True)
    live.begin()
    yield live
    live.close()


class People:
    """Does something harmless every half minute; never two things to the same workload within three minutes."""

    def __init__(self, live: Live, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self._live = live
        self._chance = random.Random(seed)
        self._busy: dict[tuple[str, str], int] = {}
        self._slow: set[tuple[str, str]] = set()
        self._later: list[tuple[int, Callable[[], object]]] = []
        self._version = 0
        self._runs = 0
        self._second = 0

    def each_second(self) -> None:
        self._second += 1
        for due in [due for due in self._later if due[0] <= self._second]:
            self._later.remove(due)
            due[1]()
        if self._second % 60 == 0:
            self._run_cronjob()
        if self._second % 25 == 0 and self._second < HOUR_S - 240:
            self._do_something()

    def _run_cronjob(self) -> None:
        cluster = self._live.cluster
        self._runs += 1
        cluster.run_job("staging", f"nightly-{self._runs}", "2.0.0", cron="nightly")
        for name in list(cluster.jobs("staging"))[:-3]:
            cluster.delete_job("staging", name)
        self.done["cronjob"] += 1

    def _do_something(self) -> None:
        free = [
            (namespace, app)
            for namespace in STAGES
            for app in APPS
            if self._busy.get((namespace, app), -1000) < self._second - 180
        ]
        if not free:
            return
        place = self._chance.choice(free)
        self._busy[place] = self._second
        namespace, app = place
        kind = APPS[app]
        things = ["deploy", "deploy", "restart", "delete_pod", "undo", "drain"]
        if kind != "DaemonSet":
            things += ["scale", "evict", "idle"]
        if kind == "Deployment":
            things += ["pause", "autoscale"]
        thing = self._chance.choice(things)
        if thing in ("delete_pod", "drain", "evict", "idle") and place in self._slow:
            thing = "restart"
        self.done[thing] += 1
        getattr(self, f"_{thing}")(namespace, app, kind)

    def _after(self, seconds: int, step: Callable[[], object]) -> None:
        self._later.append((self._second + seconds, step))

    def _deploy(self, namespace: str, app: str, kind: str) -> None:
        self._version += 1
        behaviour = Behaviour.SLOW if self._chance.random() < 0.2 else Behaviour.GOOD
        (self._slow.add if behaviour is Behaviour.SLOW else self._slow.discard)((namespace, app))
        self._live.cluster.apply(
            namespace, app, f"1.1.{self._version}", kind=kind, replicas=3, behaviour=behaviour, build=f"deploy-{app}#7"
        )

    def _restart(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.restart(namespace, app, kind=kind)

    def _undo(self, namespace: str, app: str, kind: str) -> None:
        self._deploy(namespace, app, kind)
        self._after(15, lambda: self._live.cluster.undo(namespace, app, kind=kind))

    def _delete_pod(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.delete_pod(
            namespace, self._chance.choice(self._live.cluster.pods(namespace, app, kind=kind))
        )

    def _evict(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.evict(namespace, self._chance.choice(self._live.cluster.pods(namespace, app, kind=kind)))

    def _drain(self, namespace: str, app: str, kind: str) -> None:
        """Empty a node of what this namespace has on it, but for daemons and what starts slowly."""
        cluster = self._live.cluster
        node = self._chance.choice(cluster.parts.nodes)
        for item in cluster.parts.store.items(PODS, namespace):
            owner = item.labels["app.kubernetes.io/name"]
            pod = cluster.model_of_pod(namespace, item.name)
            if pod is None or APPS.get(owner, "DaemonSet") == "DaemonSet" or (namespace, owner) in self._slow:
                continue
            if item.fields["spec.nodeName"] == node and pod.active:
                cluster.delete_pod(namespace, item.name)

    def _scale(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.scale(namespace, app, self._chance.choice((1, 2, 5, 8)), kind=kind)
        self._after(120, lambda: self._live.cluster.scale(namespace, app, 3, kind=kind))

    def _idle(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.scale(namespace, app, 0, kind=kind)
        self._after(100, lambda: self._live.cluster.scale(namespace, app, 3, kind=kind))

    def _pause(self, namespace: str, app: str, kind: str) -> None:
        self._live.cluster.pause(namespace, app)
        self._deploy(namespace, app, kind)
        self._after(80, lambda: self._live.cluster.resume(namespace, app))

    def _autoscale(self, namespace: str, app: str, kind: str) -> None:
        """Deploy, and let an autoscaler raise and lower the number meanwhile."""
        self._deploy(namespace, app, kind)
        for after_s, replicas in ((4, 5), (9, 7), (30, 4), (60, 3)):
            self._after(after_s, lambda number=replicas: self._live.cluster.scale(namespace, app, number))


@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_of_ordinary_life_raises_nothing(live: Live, seed: int) -> None:
    people = People(live, seed)
    live.pass_time(HOUR_S, people.each_second)
    states = [each.after for each in live.transitions if isinstance(each.after, RolloutState)]
    alarms = [(state.key, state.level, state.reason, state.message) for state in states if state.level in ALARMS]
    assert alarms == []
    assert sum(people.done.values()) > 150 and len(people.done) >= 10, "a quiet hour proves nothing"
    assert {state.level for state in states} == set(Level) - set(ALARMS)
    assert {row.level for row in live.rows().values()} == {Level.OK}
    assert live.rows()["staging/CronJob/nightly"].reason == "LastJob"
