"""A desk that asks questions, and the answers that tests give it."""

import pytest

from statusdesk.config import ClusterSettings, Config, JenkinsSettings, StageSettings, StoreSettings
from statusdesk.facts import Changed, Event, LogTail, Pod, Revision, Swept, Workload
from statusdesk.pipeline.desk import Desk
from statusdesk.redact import safe_lines
from statusdesk.states import RolloutState
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.judge import make

SOURCE = "kubernetes/eu"
KEY = "eu/staging/Deployment/orders"
T0 = make.T0
POD = "orders-7cc6f9fbf5-aaaaa"
LOOPING = make.unready(make.done(), make.looping())
FIRST_EXIT = make.unready(make.done(), make.restarted(1))
TOKEN = "hvs." + "CAESIJ" + "x" * 24


class World:
    """A desk on a store, its clock, and what it has asked for."""

    def __init__(self, path) -> None:
        self.path = path
        self.now_ms = T0 + 10_000
        self.asked = []
        self.start()

    def start(self) -> None:
        self.writer = Writer(self.path, 86_400.0, lambda: self.now_ms)
        stages = (StageSettings(name="staging", namespaces=("staging",)),)
        config = Config(
            path="",
            stages=stages,
            clusters=(ClusterSettings(name=SOURCE.partition("/")[2]),),
            jenkins=JenkinsSettings(url="http://jenkins"),
            store=StoreSettings(state_dir=str(self.path.parent)),
        )
        self.desk = Desk(config, self.writer, self.asked.append)

    def restart(self) -> None:
        self.writer.close()
        self.asked.clear()
        self.start()

    def sees(self, *facts, kind: type = Pod, after_s: float = 0.0) -> None:
        self.take(Changed(source=SOURCE, kind=kind, at_ms=self.now_ms, seen=facts), after_s)

    def lists(self, *facts, kind: type, scope: str = "", subkind: str = "", after_s: float = 0.0) -> None:
        at_ms = self.now_ms + round(after_s * 1000)
        self.take(
            Swept(source=SOURCE, kind=kind, facts=facts, started_ms=at_ms, at_ms=at_ms, scope=scope, subkind=subkind),
            after_s,
        )

    def take(self, message, after_s: float = 0.0) -> None:
        self.desk.take(message)
        self.passes(after_s)

    def passes(self, seconds: float = 0.0) -> None:
        self.now_ms += round(seconds * 1000)
        self.desk.flush(self.now_ms)

    def begins(self, workload: Workload, *pods: Pod) -> None:
        self.desk.take(Swept(source=SOURCE, kind=Pod, facts=pods, started_ms=T0, at_ms=T0))
        swept = Swept(source=SOURCE, kind=Workload, facts=(workload,), started_ms=T0, at_ms=T0, subkind="Deployment")
        self.take(swept)

    def asked_for(self, kind: type) -> list:
        found = [one for one in self.asked if type(one) is kind]
        self.asked[:] = [one for one in self.asked if type(one) is not kind]
        return found

    def row(self) -> RolloutState:
        return self.writer.current(RolloutState)[KEY]

    def read(self, question):
        with Reader(self.path) as reader:
            return question(reader)

    def evidence(self) -> list:
        return self.read(lambda reader: reader.evidence(KEY, self.row().level_since_ms))

    def events(self) -> list:
        return self.read(lambda reader: reader.events(KEY))


@pytest.fixture(name="world")
def empty_world(tmp_path):
    world = World(tmp_path / "statusdesk.db")
    yield world
    world.writer.close()


def event(uid: str = "e1", about: str = POD, **fields) -> Event:
    given = {"object_kind": "Pod", "object_name": about, "object_uid": about, "reason": "BackOff", "last_ms": T0}
    return Event(cluster="eu", namespace="staging", uid=uid, **(given | fields))


def tail(previous: bool = True, *lines: str, **fields) -> LogTail:
    given = {"pod": POD, "pod_uid": POD, "container": "app", "at_ms": T0 + 11_000}
    return LogTail(cluster="eu", namespace="staging", previous=previous, lines=safe_lines(lines), **(given | fields))


def revision(number: int, its_hash: str) -> Revision:
    name = f"orders-{its_hash}"
    return Revision(
        cluster="eu",
        namespace="staging",
        kind="ReplicaSet",
        name=name,
        uid=name,
        owner_uid="u1",
        hash=its_hash,
        revision=number,
    )


def answered(world: World, kind: type, *facts, after_s: float = 0.0) -> None:
    world.lists(*facts, kind=kind, scope="staging", subkind="Deployment/orders", after_s=after_s)
