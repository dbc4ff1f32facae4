"""A desk over a real store, and what tests tell it: workloads, pods, sweeps and builds."""

import pytest

from statusdesk.config import (
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    VaultSettings,
)
from statusdesk.facts import (
    Build,
    Changed,
    Condition,
    Container,
    ContainerRole,
    Job,
    Pod,
    Swept,
    Workload,
)
from statusdesk.pipeline.desk import Desk
from statusdesk.states import BuildState, RolloutState
from statusdesk.store.writer import Writer

T0 = 1_800_000_000_000
SOURCE = "kubernetes/eu"


class Bench:
    """A desk over a store, and a clock that the test moves."""

    def __init__(self, directory) -> None:
        self.now_ms = T0
        self.clusters = ("eu",)
        self.directory = directory
        self.open()

    def open(self) -> None:
        self.config = Config(
            path="config.toml",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=tuple(ClusterSettings(name=name) for name in self.clusters),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(address="http://127.0.0.1:1"),
            store=StoreSettings(state_dir=str(self.directory)),
        )
        self.writer = Writer(self.directory / "statusdesk.db", 86_400.0, lambda: self.now_ms)
        self.desk = Desk(self.config, self.writer)

    def restart(self) -> None:
        self.writer.close()
        self.open()

    def see(self, *messages):
        for message in messages:
            self.desk.take(message)
        return self.desk.flush(self.now_ms)

    def rollout(self, name="orders") -> RolloutState | None:
        return self.writer.current(RolloutState).get(f"eu/staging/Deployment/{name}")


@pytest.fixture(name="bench")
def plain_bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.writer.close()


def workload(name="orders", version="1.5.0", **changes) -> Workload:
    fields = {
        "cluster": "eu",
        "namespace": "staging",
        "kind": "Deployment",
        "name": name,
        "uid": f"uid-{name}",
        "app": name,
        "version": version,
        "image": f"registry.local/{name}:{version}",
        "images": ((name, f"registry.local/{name}:{version}"),),
        "generation": 2,
        "observed_generation": 2,
        "desired": 1,
        "replicas": 1,
        "updated": 1,
        "ready": 1,
        "available": 1,
        "revision": "2",
        "created_ms": T0 - 86_400_000,
        "conditions": (
            Condition(
                type="Progressing",
                status="True",
                reason="NewReplicaSetAvailable",
                message=f'ReplicaSet "{name}-abc" has successfully progressed.',
                updated_ms=T0 - 3_600_000,
            ),
        ),
    }
    return Workload(**(fields | changes))


def pod(name="orders", suffix="x1", *, waiting="", restarts=0) -> Pod:
    container = Container(
        name=name,
        role=ContainerRole.APP,
        image=f"registry.local/{name}:1.5.0",
        ready=not waiting,
        started=not waiting,
        restarts=restarts,
        state="waiting" if waiting else "running",
        reason=waiting,
        since_ms=None if waiting else T0 - 3_000_000,
        last_exit_code=1 if restarts else None,
        last_reason="Error" if restarts else "",
    )
    return Pod(
        cluster="eu",
        namespace="staging",
        name=f"{name}-abc-{suffix}",
        uid=suffix,
        workload_kind="Deployment",
        workload_name=name,
        owner_kind="ReplicaSet",
        revision="abc",
        app=name,
        phase="Running",
        created_ms=T0 - 3_600_000,
        ready=not waiting,
        ready_changed_ms=T0 - 3_000_000,
        containers=(container,),
    )


def swept(kind, *facts, started_ms=T0, scope="", subkind="", source=SOURCE, order=0) -> Swept:
    return Swept(
        source=source,
        kind=kind,
        facts=facts,
        started_ms=started_ms,
        at_ms=started_ms + 1,
        scope=scope,
        subkind=subkind,
        order=order,
    )


def deployments(*facts, **fields) -> Swept:
    return swept(Workload, *facts, subkind="Deployment", **fields)


def build(number, result="SUCCESS", namespace="staging", **fields) -> Build:
    return Build(
        source="jenkins",
        job="deploy-orders",
        number=number,
        url=f"http://jenkins/job/deploy-orders/{number}/",
        namespace=namespace,
        attributed_by="parameter",
        result=result,
        building=result is None,
        started_ms=T0 + number,
        **fields,
    )


def builds(*seen, gone=()) -> Changed:
    return Changed(source="jenkins", kind=Build, at_ms=T0, seen=seen, gone=gone)


ANOTHER_JOB = Job(source="jenkins", name="another", url="http://jenkins/job/another/")


def outcome(bench, namespace="staging") -> BuildState:
    return bench.writer.current(BuildState)[f"jenkins/deploy-orders@{namespace}"]
