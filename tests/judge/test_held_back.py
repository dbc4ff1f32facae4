"""What a rollout runs while an update of it is held back: by OnDelete, by a partition, by a pause."""

import msgspec
import pytest

from statusdesk.judge.promotion_versions import Lineage
from statusdesk.states import Level
from tests.judge.corpus.held import ds_ondelete, held, ondelete, sts
from tests.judge.corpus.words import ds_pod, sts_pod
from tests.judge.make import OLD, T0, available, container, deployment, judge, old_pod, progressing

WAS = container(image="registry.local/orders:1.4.2", image_id="registry.local/orders@sha256:old")
NOW = container(image_id="registry.local/orders@sha256:new")
THREE = tuple(held(number, WAS) for number in range(3))
ON_NODES = tuple(ds_pod(f"n-{number}", WAS, revision=OLD) for number in range(3))
PAUSED = deployment(
    paused=True, updated=0, conditions=(available(), progressing("DeploymentPaused", revision=OLD, status="Unknown"))
)
TWO_OLD = tuple(old_pod(WAS, name=f"orders-{OLD}-{each}") for each in "ab")

WHOLE = [
    (ondelete(), THREE, "OnDelete", Level.OK),
    (sts(partition=3, updated=0), THREE, "partition 3", Level.OK),
    (ds_ondelete(), ON_NODES, "OnDelete", Level.OK),
    (PAUSED, TWO_OLD, "a pause", Level.PAUSED),
]


@pytest.mark.parametrize(
    ("workload", "pods", "by", "level"), WHOLE, ids=[f"{each[0].kind} {each[2]}" for each in WHOLE]
)
def test_a_version_that_no_pod_runs_is_asked_for_and_the_other_one_runs(workload, pods, by, level):
    state = judge(workload, *pods).state
    assert (state.version, state.held_by, state.held_version, state.level) == ("1.5.0", by, "1.4.2", level)
    assert (state.runs, state.versions, state.digest) == ("1.4.2", ("1.4.2",), "sha256:old")
    assert state.runs_since_ms == min(pod.created_ms for pod in pods)


@pytest.mark.parametrize("created_s", [10_000, 900])
def test_what_is_only_asked_for_at_first_sight_is_newer_than_what_runs(created_s):
    lineage, created_ms = Lineage(), T0 - created_s * 1000
    state = judge(ondelete(created_ms=created_ms), *(held(n, WAS, created_ms=T0 - 500_000) for n in range(3))).state
    lineage.see(state)
    assert lineage.first_ms("1.4.2") < lineage.first_ms("1.5.0") == T0 + 10_000
    later = judge(ondelete(created_ms=created_ms), *THREE, before=state, after_s=900).state
    assert later.version_since_ms == state.version_since_ms


def test_of_a_partition_that_is_done_some_pods_run_each():
    state = judge(sts(), held(0, WAS), held(1, WAS), sts_pod(2, NOW)).state
    assert (state.level, state.held_by, state.runs) == (Level.OK, "partition 2", "1.5.0")
    assert (state.versions, state.digest) == (("1.5.0", "1.4.2"), "sha256:new")


def test_what_is_under_way_is_not_held_back():
    state = judge(sts(partition=1, ready=2), *THREE[:2]).state
    assert (state.level, state.held_by, state.runs) == (Level.PROGRESSING, "", "1.5.0")


def test_another_template_of_the_same_version_holds_no_version_back():
    state = judge(ondelete(), *(held(number, NOW) for number in range(3))).state
    assert (state.held_by, state.runs) == ("", "1.5.0")


def test_where_pods_do_not_tell_their_version_what_ran_before_is_known():
    changes = {"image": "registry.local/orders:stable", "images": (("app", "registry.local/orders:stable"),)}
    pods = tuple(held(number, container(image="registry.local/orders:stable")) for number in range(3))
    first = judge(
        sts(current_revision=OLD, update_revision=OLD, revision=OLD, updated=3, version="7", **changes), *pods
    )
    later = judge(ondelete(version="8", **changes), *pods, before=first.state, after_s=60)
    assert (later.state.runs, later.state.held_version) == ("7", "7")
    assert later.state.runs_since_ms == first.state.version_since_ms


def test_what_runs_at_last_is_here_since_then_and_so_is_its_soak():
    first = judge(ondelete(), *THREE, after_s=10)
    calm = judge(ondelete(), *THREE, before=first.state, after_s=5_000, memory=first.memory)
    assert calm.state.well_since_ms == first.state.well_since_ms
    pods = (held(0, WAS), held(1, WAS), sts_pod(2, NOW))
    one = judge(ondelete(updated=1), *pods, before=calm.state, after_s=9_000, memory=calm.memory)
    assert (one.state.runs, one.state.runs_since_ms) == ("1.5.0", T0 + 9_000_000)
    assert one.state.well_since_ms == T0 + 9_000_000
    assert one.state.digest == "sha256:new"


def test_a_version_that_is_asked_back_was_here_all_the_time():
    asked = judge(ondelete(), *THREE).state
    was = msgspec.structs.replace(asked, held_since_ms=T0 - 7_000_000)
    image = "registry.local/orders:1.4.2"
    back = ondelete(
        version="1.4.2", image=image, images=(("app", image),), revision=OLD, update_revision=OLD, updated=3
    )
    state = judge(back, *THREE, before=was, after_s=60).state
    assert (state.runs, state.held_by, state.runs_since_ms) == ("1.4.2", "", T0 - 7_000_000)


def test_of_one_version_that_pods_run_by_two_images_no_digest_is_the_one():
    before = container(image_id="registry.local/orders@sha256:old")
    whole = judge(ondelete(), *(held(number, before) for number in range(3)))
    assert (whole.state.held_by, whole.state.digest) == ("", "sha256:old")
    pods = (held(0, before), held(1, before), sts_pod(2, NOW))
    for after_s in (10, 20):
        whole = judge(ondelete(updated=1), *pods, before=whole.state, after_s=after_s, memory=whole.memory)
        assert (whole.state.held_by, whole.state.digest) == ("", "")
