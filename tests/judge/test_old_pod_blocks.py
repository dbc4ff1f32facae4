"""A StatefulSet whose failing rollout was undone or fixed: the broken pod holds that up until somebody deletes it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from statusdesk.alerts.rules import deserved
from statusdesk.alerts.tuning import Tuning
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.demo.kube_cluster import Behaviour
from statusdesk.facts import Pod, Workload
from statusdesk.judge.rollout_counts import blames_version
from statusdesk.states import Level, RolloutState
from tests.judge.live import Live
from tests.judge.make import NEW, OLD, T0, container, looping, pod, restarted, statefulset, waiting
from tests.judge.sequence import Seen, follow

FAILING, WARNING, PROGRESSING, OK = Level.FAILING, Level.WARNING, Level.PROGRESSING, Level.OK
BLOCKS = "OldPodBlocks"
STAGES = (StageSettings(name="testing", namespaces=("testing", "staging")),)
TUNING = Tuning(Config(path="c", stages=STAGES, clusters=(ClusterSettings(name="eu"),), store=StoreSettings("s")))
FIXED, FIXED_IMAGE = "66f6c9d9c5", "registry.local/orders:1.5.1"
ONE = {"desired": 1, "replicas": 1, "ready": 0, "available": 0, "created_ms": T0 - 86_400_000}


def bad(**changes) -> Workload:
    """A set of one pod on its way to a version that crashes."""
    return statefulset(**(ONE | {"updated": 1, "current_revision": OLD, "generation": 2} | changes))


def fixed(**changes) -> Workload:
    """The same with another spec, of which the controller has made nothing."""
    fields = {"generation": 3, "observed_generation": 3, "image": FIXED_IMAGE, "version": "1.5.1"}
    return bad(**(fields | {"updated": 0, "update_revision": FIXED, "revision": FIXED} | changes))


def broken(*containers, name: str = "orders-0", **changes) -> Pod:
    return pod(*(containers or (looping(),)), name=name, **({"ready": False, "workload_kind": "StatefulSet"} | changes))


def told(steps: Sequence[Seen]) -> list[RolloutState]:
    found = [verdict.state for verdict in follow(steps)]
    assert [(state.level, state.reason) for state in found] == [(step.level, step.reason) for step in steps]
    return found


UNOBSERVED = fixed(observed_generation=2, updated=1, update_revision=NEW, revision=NEW)


@pytest.mark.parametrize("last", [fixed(), fixed(update_revision=OLD, revision=OLD)], ids=["fixed", "undone"])
def test_it_fails_for_as_long_as_the_broken_pod_is_there(last: Workload) -> None:
    made_ms = {"created_ms": T0 + 901_000, "scheduled_changed_ms": T0 + 901_000, "ready_changed_ms": T0 + 901_000}
    begins = broken(waiting("ContainerCreating"), uid="anew", revision=last.update_revision, **made_ms)
    states = told(
        [
            Seen(20, bad(), (broken(),), FAILING, "CrashLoopBackOff"),
            Seen(100, UNOBSERVED, (broken(),), FAILING, BLOCKS),
            Seen(101, last, (broken(),), FAILING, BLOCKS),
            Seen(900, last, (broken(),), FAILING, BLOCKS),
            Seen(901, last, (), PROGRESSING, "Rolling"),
            Seen(902, msgspec.structs.replace(last, updated=1), (begins,), PROGRESSING, "Rolling"),
        ]
    )
    says = "holds up the rollout, and no other pod is ready: delete pod orders-0 by hand"
    assert states[2].message.endswith(f"orders-0; it is of the old revision and {says}")


def test_it_does_not_flicker_while_the_broken_pod_runs_for_a_while() -> None:
    runs = broken(restarted(4, since_ms=T0 + 300_000), ready=True, ready_changed_ms=T0 + 305_000)
    serves = {"ready": 1, "available": 1}
    states = told(
        [
            Seen(20, bad(), (broken(),), FAILING, "CrashLoopBackOff"),
            Seen(101, fixed(), (broken(),), FAILING, BLOCKS),
            Seen(306, fixed(**serves), (runs,), FAILING, BLOCKS),
            Seen(320, fixed(), (broken(),), FAILING, BLOCKS),
        ]
    )
    assert all(state.message.endswith("no other pod is ready: delete pod orders-0 by hand") for state in states[1:])


def test_whether_another_pod_is_ready_is_said_as_it_is_now() -> None:
    """Its restarts are rare: at the moment at which it runs again nothing is found at it."""
    last = {"name": "orders-1", "revision": OLD, "created_ms": T0 - 10_000_000}
    loop = msgspec.structs.replace(looping(restarts=20), last_finished_ms=T0)
    runs = broken(restarted(21, since_ms=T0 + 303_000, last_finished_ms=T0), **last)
    other = pod(name="orders-0", revision=OLD)
    none, one = [fixed(desired=2, replicas=ready + 1, ready=ready, available=ready) for ready in (0, 1)]
    states = told(
        [
            Seen(0, none, (broken(loop, **last),), FAILING, BLOCKS),
            Seen(303, none, (runs,), FAILING, BLOCKS),
            Seen(304, msgspec.structs.replace(one, ready=2), (runs, other), FAILING, BLOCKS),
            Seen(305, none, (runs,), FAILING, BLOCKS),
        ]
    )
    nobody, held, some, again = [state.message for state in states]
    assert nobody.endswith("holds up the rollout, and no other pod is ready: delete pod orders-1 by hand")
    assert some.endswith("holds up the rollout: delete pod orders-1 by hand") and held == nobody
    assert again.endswith(nobody)


def test_it_is_told_at_first_sight() -> None:
    told([Seen(100, fixed(current_revision=FIXED), (broken(),), FAILING, BLOCKS)])


def test_a_service_that_was_down_before_its_fix_is_down_still() -> None:
    served = bad(updated=1, current_revision=NEW)
    crashed = Seen(20, served, (broken(created_ms=T0 - 9_000_000),), FAILING, "DegradedCrashLoopBackOff")
    begun = Seen(-40, msgspec.structs.replace(served, ready=1), (broken(container(), ready=True),), OK, "Complete")
    blocked = [Seen(at_s, fixed(), crashed.pods, FAILING, BLOCKS) for at_s in (100, 400)]
    for state in told([begun, crashed, *blocked])[1:]:
        assert "ServiceDegraded" in [alert.alertname for alert in deserved(state, TUNING) or ()]


def test_while_others_serve_it_is_a_warning_that_says_what_to_do() -> None:
    """Only pods of the new revision make a rollout fail, and the latch of the one before ends with its revision."""
    three = {"desired": 3, "replicas": 3, "ready": 2, "available": 2}
    others = [pod(name=f"orders-{number}", revision=OLD) for number in (0, 1)]
    last = broken(name="orders-2")
    states = told(
        [
            Seen(20, bad(**three), (*others, last), FAILING, "CrashLoopBackOff"),
            Seen(101, fixed(**three), (*others, last), WARNING, BLOCKS),
        ]
    )
    assert states[1].message.endswith("holds up the rollout: delete pod orders-2 by hand")


def test_a_set_that_does_not_wait_for_its_pods_is_not_held_up() -> None:
    states = [
        Seen(20, bad(is_parallel=True), (broken(),), FAILING, "CrashLoopBackOff"),
        Seen(101, fixed(is_parallel=True), (broken(),), WARNING, "OldPodsFail"),
    ]
    assert "by hand" not in told(states)[-1].message


def test_it_is_no_sign_against_the_version_that_cannot_come() -> None:
    assert not blames_version(BLOCKS) and blames_version("CrashLoopBackOff")


@pytest.mark.parametrize("behaviour", [Behaviour.CRASH, Behaviour.OOM, Behaviour.IMAGE_MISSING, Behaviour.INIT_CRASH])
@pytest.mark.parametrize("way", ["undone", "fixed"])
def test_one_alert_goes_on_until_the_pod_is_deleted(tmp_path: Path, way: str, behaviour: Behaviour) -> None:
    live = Live(tmp_path)
    live.cluster.apply("testing", "orders", "1.0", kind="StatefulSet", replicas=1, settled=True)
    live.begin()
    live.pass_time(30)
    live.cluster.apply("testing", "orders", "1.1", kind="StatefulSet", replicas=1, behaviour=behaviour)
    live.pass_time(60)
    del live.transitions[:]
    if way == "undone":
        live.cluster.undo("testing", "orders", kind="StatefulSet")
    else:
        live.cluster.apply("testing", "orders", "1.2", kind="StatefulSet", replicas=1)
    live.pass_time(500)
    rows = [each.after for each in live.transitions if isinstance(each.after, RolloutState)]
    assert rows
    for row in rows:
        assert "RolloutFailing" in [alert.alertname for alert in deserved(row, TUNING) or ()]
    state = live.rows()["testing/StatefulSet/orders"]
    assert (state.level, state.reason) == (FAILING, BLOCKS) and "delete pod orders-0 by hand" in state.message
    live.cluster.delete_pod("testing", "orders-0")
    live.pass_time(60)
    assert live.rows()["testing/StatefulSet/orders"].level is OK
    live.close()
