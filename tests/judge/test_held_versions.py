"""Which version pods run that an update leaves alone, whichever way a version is told, look after look."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statusdesk.facts import Workload
from statusdesk.judge.gate import Known, version_of
from statusdesk.states import Level, RolloutState
from tests.judge.corpus.held import ds_ondelete, paused, serving
from tests.judge.corpus.words import LONG_AGO, ds_pod
from tests.judge.held_sets import TOLD, UNTOLD, WAYS, HeldSet, by_mark
from tests.judge.make import OLD, judge
from tests.judge.test_gate import ASKED

HOLDS = {
    "OnDelete": ("OnDelete", 0, ()),
    "OnDelete, one by hand": ("OnDelete", 0, (2,)),
    "partition 2": ("RollingUpdate", 2, ()),
    "partition 3": ("RollingUpdate", 3, ()),
}


def ids(way) -> str:
    return way.__name__


def gate(state: RolloutState, version: str) -> str:
    """Return which version the gate takes it for; empty for a doubt."""
    row = replace(state, app=ASKED.app, name=ASKED.app)
    return version_of(replace(ASKED, version=version), Known(now_ms=0, rollouts=(row,)))[0]


def updated(way, hold: str, watched: bool) -> HeldSet:
    strategy, partition, by_hand = HOLDS[hold]
    found = HeldSet(way, strategy, partition)
    if watched:
        found.look()
    found.ask(5)
    if watched:
        found.look(observed=False)
        found.look()
    for ordinal in by_hand:
        found.replaced(ordinal)
    found.rolled()
    return found


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("watched", [True, False], ids=["watched", "first seen in the middle"])
def test_what_pods_run_stays_known_and_the_gate_takes_nothing_else_for_it(way, hold, watched):
    world = updated(way, hold, watched)
    new, old = world.version, way(4)[1] if watched or way in TOLD else ""
    for look in range(4):
        state = world.look()
        if look == 2:
            world.restarted()
        by = "OnDelete" if world.strategy == "OnDelete" else f"partition {world.partition}"
        assert (state.level, state.held_by, state.held_version) == (Level.OK, by, old)
        assert state.versions == ((new, old) if new in world.run else (old,))
        assert not gate(state, new) and not gate(state, "")
        assert gate(state, way(4)[1]) == ("" if new in world.run else old)


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("hold", HOLDS)
def test_another_template_of_the_same_version_holds_none_back(way, hold):
    world = HeldSet(way, *HOLDS[hold][:2])
    world.look()
    world.ask(4)
    world.look(observed=False)
    for ordinal in HOLDS[hold][2]:
        world.replaced(ordinal)
    for _ in range(3):
        world.look()
        world.rolled()
    state = world.look()
    assert (state.level, state.held_by, state.versions) == (Level.OK, "", (world.version,))
    assert gate(state, "") == world.version


@pytest.mark.parametrize("way", UNTOLD, ids=ids)
def test_a_canary_after_one_that_failed_stands_beside_what_was_there_before_both(way):
    world = updated(way, "partition 2", watched=True)
    bad = judge(
        replace(world.workload(), ready=2, available=2),
        *(replace(pod, ready=pod.name != "orders-2") for pod in world.live()),
        before=world.state,
        after_s=world.at_s,
    )
    assert (bad.state.held_by, bad.state.held_version) == ("", way(4)[1])
    world.state, world.memory = replace(bad.state, updated=0), bad.memory
    world.ask(6)
    world.look()
    world.rolled()
    state = world.look()
    assert state.versions == (way(6)[1], way(4)[1])


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_pods_that_are_away_for_a_while_are_of_the_version_of_before_when_they_are_back(way):
    world = updated(way, "partition 2", watched=True)
    world.look()
    whole = world.live()
    gone = replace(world.workload(), replicas=1, ready=1, available=1)
    away = judge(gone, whole[2], before=world.state, after_s=world.at_s + 5, memory=world.memory)
    world.state, world.memory = away.state, away.memory
    assert world.look().versions == (way(5)[1], way(4)[1])


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_what_is_left_of_two_versions_by_a_third_template_is_not_taken_for_one_of_them(way):
    world = updated(way, "OnDelete, one by hand", watched=True)
    world.look()
    for version in (5, 4):  # another template of what is asked for, and then back
        world.ask(version)
        world.look(observed=False)
        state = world.look()
        assert state.held_by == "OnDelete" and not gate(state, way(4)[1]) and not gate(state, way(5)[1])


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("restarted", [False, True], ids=["watched", "restarted between"])
@pytest.mark.parametrize("noticed", [False, True], ids=["seen when done", "seen before"])
@pytest.mark.parametrize("hold", ["OnDelete, one by hand", "partition 2"])
def test_an_undo_to_the_revision_it_came_from_leaves_the_pod_that_went_ahead(way, restarted, noticed, hold):
    world = updated(way, hold, watched=True)
    new, old = way(5)[1], way(4)[1]
    world.look()
    if restarted:
        world.restarted()
    world.ask_back(0)  # its current and its newest revision are one
    world.partition = 3 if world.partition else 0
    if noticed:
        world.look(observed=False)
    for _ in range(3):
        state = world.look()
        assert state.held_by and not gate(state, old) and not gate(state, new)
        assert state.versions[0] == old and (state.held_version == new or way in UNTOLD)
    world.pods[2] = world.asked
    state = world.look()
    assert (state.held_by, gate(state, old)) == ("", old)


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_a_pod_that_an_undo_left_goes_when_the_partition_is_lowered(way):
    world = updated(way, "partition 2", watched=True)
    world.look()
    world.ask_back(0)
    world.partition = 3
    assert world.look().held_by
    world.partition = 0
    state = world.look()
    assert (state.level, state.held_by) == (Level.PROGRESSING, "")
    world.rolled()
    assert gate(world.look(), "") == way(4)[1]


def told(kind: str, way) -> tuple[Workload, Workload, tuple]:
    """Return a workload of version 4, the same that is asked for 5, and pods that stay."""
    (old, was, seen), (new, asked, _) = way(4), way(5)
    if kind == "DaemonSet":
        pods = tuple(ds_pod(f"n-{n}", seen, revision=OLD, **LONG_AGO) for n in range(3))
        before = ds_ondelete(image=old, images=(("app", old),), version=was, updated=3, revision="2")
        return before, ds_ondelete(image=new, images=(("app", new),), version=asked), pods
    pods = tuple(serving(f"orders-{n}", seen) for n in range(2))
    before = paused(image=old, images=(("app", old),), version=was)
    return before, paused(image=new, images=(("app", new),), version=asked, updated=0), pods


@pytest.mark.parametrize("way", WAYS, ids=ids)
@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_a_daemonset_and_a_paused_deployment_are_told_alike(way, kind):
    before, asked, pods = told(kind, way)
    first = judge(before, *pods)
    unseen = replace(asked, observed_generation=1, updated=before.updated, revision=before.revision)
    known = judge(unseen, *pods, before=first.state, after_s=20, memory=first.memory)
    for after_s in (25, 30):
        known = judge(asked, *pods, before=known.state, after_s=after_s, memory=known.memory)
        assert known.state.held_by and known.state.versions == (way(4)[1],)
        fresh = judge(asked, *pods).state
        assert fresh.held_by and fresh.versions == (way(4)[1] if way in TOLD else "",)


STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(4, 6)),
    st.tuples(st.sampled_from(["ask_back", "ask_back_unseen", "replaced"]), st.integers(0, 2)),
    st.tuples(st.just("partition"), st.integers(0, 3)),
    st.tuples(st.just("away"), st.integers(0, 2)),
    st.tuples(st.sampled_from(["rolled", "look", "restarted"]), st.just(0)),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(WAYS), st.sampled_from(["OnDelete", "RollingUpdate"]), st.booleans(), st.lists(STEPS, max_size=12)
)
@example(by_mark, "OnDelete", True, [("ask", 5), ("replaced", 2), ("ask_back", 0)])
def test_the_gate_is_never_told_that_all_pods_run_what_only_some_do(way, strategy, watched, steps):
    world = HeldSet(way, strategy)
    if watched:
        world.look()
    for step, number in steps:
        if step.startswith("ask"):
            getattr(world, step.removesuffix("_unseen"))(number)
            if not step.endswith("_unseen"):
                world.look(observed=False)
        elif step == "replaced" and strategy == "OnDelete":
            world.replaced(number)
        elif step == "partition":
            world.partition = number
        elif step == "away":
            world.look(without=number)
        elif step in ("rolled", "restarted"):
            getattr(world, step)()
        is_told_no_more_than_runs(world, world.look())
    world.rolled()
    state = world.look()
    is_told_no_more_than_runs(world, state)
    if state.level is Level.OK and way in TOLD and set(world.run) == {world.version}:
        assert gate(state, world.version) == world.version


def is_told_no_more_than_runs(world: HeldSet, state: RolloutState) -> None:
    """Hold what the gate takes an even rollout for against what the pods run."""
    if state.level is Level.OK:
        for version in {world.version, *world.run}:
            assert not gate(state, version) or set(world.run) == {version}
        assert state.runs in (*world.run, "")
