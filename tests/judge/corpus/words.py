"""What the rows of the corpus are made of."""

from statusdesk.states import Level
from tests.judge.make import (
    NEW,
    OLD,
    container,
    deployment,
    pod,
    statefulset,
    unready,
    waiting,
)
from tests.judge.sequence import at

OK, PROGRESSING, SCALING = Level.OK, Level.PROGRESSING, Level.SCALING
PAUSED, IDLE, WARNING, FAILING, UNKNOWN = Level.PAUSED, Level.IDLE, Level.WARNING, Level.FAILING, Level.UNKNOWN
DAY_S = 86_400.0
SHORT = {"replicas": 2, "ready": 1, "available": 1}
CREATING = unready(waiting("ContainerCreating"))
WELL = (pod(name="a"), pod(name="b"))
LONG_AGO = {"created_ms": at(-DAY_S), "ready_changed_ms": at(-DAY_S)}
VETERANS = (pod(container(since_ms=at(-DAY_S)), name="a", **LONG_AGO), pod(name="b", **LONG_AGO))
MOUNT = 'MountVolume.SetUp failed for volume "tls" : secret "orders-tls" not found'
WEBHOOK = 'admission webhook "policy.shop.example" denied the request: image is not signed'
QUOTA = 'pods "orders-1" is forbidden: exceeded quota: q, requested: pods=1'
SPREAD = statefulset(
    desired=3, replicas=3, updated=1, ready=2, available=2, current_revision=OLD, created_ms=at(-DAY_S)
)


def sts_pod(number: int, *containers, revision: str = NEW, ready: bool = True, **changes):
    make = pod if ready else unready
    fields = {"workload_kind": "StatefulSet", "revision": revision}
    return make(*containers, name=f"orders-{number}", **(fields | changes))


def ds_pod(node: str, *containers, revision: str = NEW, ready: bool = True, **changes):
    make = pod if ready else unready
    fields = {"workload_kind": "DaemonSet", "revision": revision, "node": node, "created_ms": at(0)}
    return make(*containers, name=f"orders-{node}", **(fields | changes))


def spec(number: int, **changes):
    """A deployment whose number wanted was changed ``number`` times."""
    return deployment(generation=number, observed_generation=number, **changes)
