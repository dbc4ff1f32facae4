"""What the rows of the corpus, and of the tests beside it, are made of."""

from statusdesk.facts import Condition, Pod
from statusdesk.states import Level
from tests.judge.make import (
    NEW,
    OLD,
    available,
    container,
    deployment,
    looping,
    old_pod,
    pod,
    progressing,
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
BEFORE = "registry.local/orders:1.4.2"
NONE = {"replicas": 0, "updated": 0, "ready": 0, "available": 0}
BAD = unready(looping(), name="bad", created_ms=at(-700), ready_changed_ms=at(-700))
UNDONE = {"generation": 3, "observed_generation": 3, "image": BEFORE, "images": (("app", BEFORE),), "version": "1.4.2"}


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


def ends(name: str, by_s: float, revision: str = OLD) -> Pod:
    return old_pod(name=name, deleting_ms=at(by_s), revision=revision)


def starting(name: str) -> Pod:
    return unready(waiting("ContainerCreating"), name=name, created_ms=at(62), phase="Pending")


def timed_out(up: bool = False) -> tuple[Condition, ...]:
    return (available(up), progressing("ProgressDeadlineExceeded", status="False", at_ms=at(-90)))


OLD_A, OLD_B = (ds_pod(n, revision=OLD) for n in ("a", "b"))
