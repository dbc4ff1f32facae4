"""Since when a rollout is on its way: only one that has begun and has not come through, through all its levels."""

import msgspec
import pytest

from statusdesk.facts import Pod, Workload
from statusdesk.states import Level
from tests.judge.corpus.recreate import ENDING, OLD_PODS, STILL, recreate, was
from tests.judge.corpus.words import DAY_S, LONG_AGO, SPREAD, VETERANS, sts_pod
from tests.judge.make import OLD, T0, deployment, looping, old_pod, pod, progressing, rolling, unready
from tests.judge.sequence import Seen, at, follow

DONE = (progressing("NewReplicaSetAvailable", at_ms=at(-DAY_S)),)
WELL = deployment(conditions=DONE)
AHEAD = {"generation": 3, "conditions": DONE}
NEVER_READY = (unready(), old_pod(name="o"), old_pod(name="p"))
STUCK = rolling(deadline_s=100_000)
SCALED = {"deadline_s": 100_000, "generation": 3, "desired": 3}
PAUSED = {"generation": 3, "observed_generation": 3, "paused": True, "conditions": (progressing("DeploymentPaused"),)}
PAUSED_SINCE = rolling(**PAUSED | {"conditions": (progressing("DeploymentPaused", at_ms=at(10)),)})
RESUMED = rolling(generation=4, observed_generation=4, conditions=(progressing("DeploymentResumed", at_ms=at(4210)),))
SILENT = {"generation": 3, "observed_generation": 3, "conditions": ()}
CRASHING = (pod(looping(), ready=False), *NEVER_READY[1:])
NEWEST = sts_pod(2, **LONG_AGO)
CANARY = (sts_pod(0, revision=OLD, **LONG_AGO), sts_pod(1, revision=OLD, **LONG_AGO), NEWEST)
HELD = msgspec.structs.replace(SPREAD, partition=2, ready=3, available=3)
LOWERED = msgspec.structs.replace(HELD, partition=0, generation=3, observed_generation=3)
REPLACED = (CANARY[0], sts_pod(1, looping(), ready=False, created_ms=at(90)), NEWEST)
SAME_IMAGE = msgspec.structs.replace(recreate(**STILL), image=was().image, images=was().images, version=was().version)
LATER = msgspec.structs.replace(LOWERED, updated=2, ready=2, available=2)
Steps = list[tuple[float, Workload, tuple[Pod, ...]]]

CASES: dict[str, tuple[Steps, list[float | None]]] = {
    "one that is deleted": (
        [(0, WELL, VETERANS), (10, deployment(**AHEAD, deleting_ms=at(10)), VETERANS)],
        [None, None],
    ),
    "one that is being deleted at first sight": ([(0, deployment(**AHEAD, deleting_ms=at(-9)), VETERANS)], [None]),
    "a restart that is observed late": (
        [
            (0, WELL, VETERANS),
            (10, deployment(**AHEAD), VETERANS),
            (90, deployment(**AHEAD), VETERANS),
            (100, deployment(**AHEAD, observed_generation=3), VETERANS),
        ],
        [None, 10, 10, None],
    ),
    "Recreate with the image of before, whose number comes with its first pod": (
        [(0, was(), OLD_PODS), (10, SAME_IMAGE, ENDING), (60, SAME_IMAGE, ())],
        [None, 10, 10],
    ),
    "unobserved at first sight": ([(50, deployment(**AHEAD), VETERANS)], [50]),
    "scaled while it is stuck": (
        [
            (1, STUCK, NEVER_READY),
            (2000, STUCK, NEVER_READY),
            (2001, rolling(**SCALED), NEVER_READY),
            (2001.3, rolling(**SCALED, observed_generation=3), NEVER_READY),
            (9000, rolling(**SCALED, observed_generation=3), NEVER_READY),
        ],
        [0, 0, 0, 0, 0],
    ),
    "a partition that is lowered long after the canary": (
        [(0, HELD, CANARY), (90, LOWERED, CANARY), (95, LATER, REPLACED), (900, LATER, REPLACED)],
        [None, 90, 90, 90],
    ),
    "paused with a canary, then resumed": (
        [
            (1, STUCK, (pod(), *NEVER_READY[1:])),
            (10, rolling(**PAUSED), (pod(), *NEVER_READY[1:])),
            (7000, rolling(generation=4, observed_generation=4, deadline_s=100_000), (pod(), *NEVER_READY[1:])),
        ],
        [0, None, 7000],
    ),
    "paused for so long that it is a warning, then resumed": (
        [
            (1, STUCK, NEVER_READY),
            (10, PAUSED_SINCE, NEVER_READY),
            (4000, PAUSED_SINCE, NEVER_READY),
            (4210, RESUMED, NEVER_READY),
            (4300, msgspec.structs.replace(RESUMED, conditions=(progressing("ReplicaSetUpdated"),)), NEVER_READY),
        ],
        [0, None, None, 4210, 4210],
    ),
    "one that crashes while it is paused, of which no condition tells": (
        [
            (1, STUCK, NEVER_READY),
            (10, rolling(**SILENT, paused=True), CRASHING),
            (4000, rolling(**SILENT, paused=True), CRASHING),
            (4210, rolling(**SILENT), CRASHING),
            (4300, rolling(**SILENT), CRASHING),
        ],
        [0, None, None, 4210, 4210],
    ),
    "one that comes through": (
        [(1, STUCK, NEVER_READY), (200, STUCK, NEVER_READY), (210, deployment(), (pod(name="a"), pod(name="b")))],
        [0, 0, None],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_since_when_it_is_on_its_way(name: str) -> None:
    steps, wanted = CASES[name]
    found = [verdict.state.rolling_since_ms for verdict in follow([Seen(*step, Level.OK, "") for step in steps])]
    assert [
        None if rolling_since_ms is None else (rolling_since_ms - T0) / 1000 for rolling_since_ms in found
    ] == wanted
