"""Since when a rollout that is seen for the first time has been in trouble: a table of cases."""

import pytest
from msgspec.structs import replace

from statusdesk.judge.rollout_beginning import trouble_began_ms
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge import make
from tests.judge.make import T0

NOW = T0 + 3_600_000
DAY = 86_400_000
STATE = replace(make.judge(make.deployment(), make.pod()).state, level=Level.FAILING, started_ms=T0 - DAY)
POD = replace(make.unready(), name="p", ready=False, ready_changed_ms=T0 + 5, created_ms=T0 + 1)
GAVE_UP = make.progressing("ProgressDeadlineExceeded", status="False", at_ms=T0 + 7)


@pytest.mark.parametrize(
    ("pods", "conditions", "named", "began_ms"),
    [
        ((POD,), (GAVE_UP,), "p", T0 + 5),
        ((replace(POD, ready_changed_ms=None),), (), "p", T0 + 1),
        ((replace(POD, ready=True),), (), "p", T0 + 1),
        ((replace(POD, deleting_ms=T0 + 6),), (), "p", T0 + 6),
        ((POD,), (GAVE_UP,), "", T0 + 7),
        ((POD,), (replace(GAVE_UP, changed_ms=None, updated_ms=T0 + 8),), "other", T0 + 8),
        ((), (make.refused("exceeded quota", at_ms=T0 + 9),), "", T0 + 9),
        ((), (make.progressing("ReplicaSetUpdated"),), "", T0 - DAY),
        ((), (replace(GAVE_UP, type="Failed", status="True", reason="DeadlineExceeded"),), "", T0 + 7),
        ((replace(POD, ready_changed_ms=NOW + DAY),), (), "p", NOW),
    ],
)
def test_the_evidence_says_since_when(pods, conditions, named, began_ms):
    workload = make.deployment(conditions=conditions)
    assert trouble_began_ms(workload, pods, replace(STATE, pod=named), NOW) == began_ms


DOWN = replace(make.available(False), changed_ms=T0 + 60)
UP = make.available()
UNHEARD = tuple(replace(POD, name=name, ready_changed_ms=T0 + at) for name, at in (("a", 20), ("b", 30)))


@pytest.mark.parametrize(
    ("kind", "pods", "conditions", "reason", "began_ms"),
    [
        ("Deployment", UNHEARD, (DOWN,), "DegradedUnavailable", T0 + 60),
        ("Deployment", (), (DOWN,), "DegradedUnavailable", T0 + 60),
        ("Deployment", (), (UP,), "DegradedMissingPods", None),  # nothing tells: when it was seen
        ("StatefulSet", UNHEARD, (), "DegradedUnavailable", T0 + 30),
        ("StatefulSet", (), (), "DegradedUnavailable", None),
        ("Deployment", (), (DOWN,), "NoPods", T0 - DAY),  # the rollout's trouble, not the service's
    ],
)
def test_an_outage_began_with_the_outage_and_not_with_the_rollout(kind, pods, conditions, reason, began_ms):
    workload = make.deployment(kind=kind, conditions=conditions, ready=0, available=0)
    assert trouble_began_ms(workload, pods, replace(STATE, reason=reason), NOW) == began_ms


def test_a_pause_that_is_long_began_with_the_pause():
    conditions = (make.progressing("DeploymentPaused", at_ms=T0 + 70),)
    workload = make.deployment(paused=True, conditions=conditions)
    assert trouble_began_ms(workload, (), replace(STATE, level=Level.WARNING, reason="PausedLong"), NOW) == T0 + 70


@pytest.mark.parametrize("level", [Level.OK, Level.PROGRESSING, Level.UNKNOWN, Level.PAUSED])
def test_what_is_in_no_trouble_began_now(level):
    assert trouble_began_ms(make.deployment(), (POD,), replace(STATE, level=level, pod="p"), NOW) is None


def test_only_the_first_verdict_looks_back():
    workload, pod = make.rolling(), make.unready(make.looping())
    first = make.judge(workload, pod)
    assert first.state.level is Level.FAILING and first.began_ms == (pod.ready_changed_ms or pod.created_ms)
    again = judge_rollout(workload, (pod,), first.state, make.THRESHOLDS, NOW, memory=first.memory)
    assert again.began_ms is None


NEW_POD = replace(make.pod(), name="new", revision="r2", created_ms=NOW - 5_000)
BACK = replace(NEW_POD, name="back", created_ms=NOW - 2 * DAY)
OLD_IMAGE = tuple(replace(each, image="registry.local/orders:1.4.0") for each in NEW_POD.containers)
OLD_POD = replace(NEW_POD, name="old", revision="r1", created_ms=NOW - DAY, containers=OLD_IMAGE)


def just_begun(kind: str, **changes):
    fields = {"desired": 3, "replicas": 3, "updated": 0, "ready": 3, "available": 3, "generation": 3}
    fields |= {"observed_generation": 3, "created_ms": NOW - 10 * DAY, "revision": "r2", "conditions": ()}
    if kind == "StatefulSet":
        fields |= {"update_revision": "r2", "current_revision": "r1"}
    return make.deployment(kind=kind, **(fields | changes))


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
@pytest.mark.parametrize(
    ("pods", "generation", "began_ms"),
    [
        ((OLD_POD,), 3, NOW),  # nothing tells: when it was seen
        ((OLD_POD, NEW_POD), 3, NOW - 5_000),
        ((OLD_POD, BACK), 3, NOW),  # it goes back: its pods from before are no beginning
        ((OLD_POD, BACK, NEW_POD), 3, NOW - 5_000),
        ((), 1, NOW - 10 * DAY),  # its first revision is as old as it is
    ],
)
def test_a_rollout_first_seen_under_way_began_when_something_tells_or_now(kind, pods, generation, began_ms):
    updated = sum(pod.revision == "r2" for pod in pods)
    workload = just_begun(kind, generation=generation, observed_generation=generation, updated=updated)
    verdict = judge_rollout(workload, pods, None, make.THRESHOLDS, NOW)
    assert verdict.state.started_ms == began_ms
