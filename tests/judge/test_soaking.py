"""Since when a rollout has been well without a break, through the judging of what is seen."""

import msgspec

from statusdesk.judge.soaking import healthy_since_ms
from statusdesk.states import Level
from tests.judge.make import T0, deployment, judge, looping, pod, rolling, stamped, unready, waiting

TWO = (pod(), pod(name="b"))
COMING = unready(waiting("ContainerCreating"), name="c", created_ms=T0 + 100_000)


def scaled(desired, have):
    return deployment(
        desired=desired, generation=3, observed_generation=3, replicas=3, updated=3, ready=have, available=have
    )


def test_more_and_fewer_pods_make_no_break():
    well = judge(deployment(), *TWO, after_s=60)
    assert well.state.well_since_ms == T0 + 60_000
    more = judge(scaled(3, 2), *TWO, COMING, before=well.state, after_s=101, memory=well.memory)
    there = judge(scaled(3, 3), *TWO, pod(name="c"), before=more.state, after_s=120, memory=more.memory)
    fewer = judge(scaled(2, 3), *TWO, pod(name="c"), before=there.state, after_s=140, memory=there.memory)
    calm = judge(scaled(2, 2), *TWO, before=fewer.state, after_s=900, memory=fewer.memory)
    seen = [each.state for each in (more, there, fewer, calm)]
    assert [state.level for state in seen] == [Level.SCALING, Level.OK, Level.OK, Level.SCALING]
    assert {state.well_since_ms for state in seen} == {T0 + 60_000}


def test_trouble_and_a_rollout_are_breaks():
    well = judge(deployment(), *TWO, after_s=60)
    bad = judge(deployment(ready=1, available=1), pod(), unready(looping(), name="b"), before=well.state, after_s=100)
    assert (bad.state.level, bad.state.well_since_ms) == (Level.FAILING, None)
    again = judge(deployment(), *TWO, before=bad.state, after_s=900)
    assert (again.state.level, again.state.well_since_ms) == (Level.OK, T0 + 900_000)
    moving = judge(rolling(version="1.6.0", revision="3"), *TWO, before=again.state, after_s=1000)
    assert moving.state.well_since_ms is None


def test_a_new_revision_begins_anew_though_nobody_saw_it_come():
    well = judge(deployment(), *TWO, after_s=60)
    for changes in ({"revision": "3"}, {"version": "1.6.0"}):
        state = judge(deployment(**changes), *TWO, before=well.state, after_s=900).state
        assert (state.level, state.well_since_ms) == (Level.OK, T0 + 900_000)


def test_a_row_of_before_this_was_kept_tells_it_by_its_level():
    well = judge(deployment(), *TWO, after_s=60).state
    old = stamped(msgspec.structs.replace(well, well_since_ms=None, version_since_ms=T0), T0 + 70_000)
    assert healthy_since_ms(old) == T0 + 70_000
    more = judge(scaled(3, 2), *TWO, COMING, before=old, after_s=101)
    assert (more.state.level, more.state.well_since_ms) == (Level.SCALING, T0 + 70_000)
    same = judge(deployment(), *TWO, before=old, after_s=900).state
    assert msgspec.structs.replace(old, since_ms=0, level_since_ms=0) == same, "it is not written anew for that"
