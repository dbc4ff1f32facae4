"""Stamps of clocks that are off: told by when they were seen; ages of what was there before stay as stamped."""

import msgspec
import pytest

from statusdesk.facts import Changed, Condition, Container, ContainerRole, Event, Pod, Swept, Workload
from statusdesk.pipeline.stamps import SAME_MS, Seeing, Stamps

NOW_MS = 1_800_000_000_000
LIVE = Seeing(NOW_MS, NOW_MS)
FIRST_LIST = Seeing(NOW_MS)
MIN5_MS = 300_000
EVENT = Event(cluster="eu", namespace="staging", uid="e", object_kind="Pod", object_name="a", last_ms=NOW_MS)


def pod(created_ms=NOW_MS, since_ms=NOW_MS, uid="u1", **fields) -> Pod:
    container = Container(name="app", role=ContainerRole.APP, state="running", since_ms=since_ms)
    given = {"name": "orders-a", "uid": uid, "created_ms": created_ms, "containers": (container,)}
    return Pod(cluster="eu", namespace="staging", **(given | fields))


def workload(updated_ms, created_ms=NOW_MS - 10**9, **fields) -> Workload:
    condition = Condition(type="Progressing", status="True", updated_ms=updated_ms, changed_ms=updated_ms)
    given = {"kind": "Deployment", "name": "orders", "uid": "w1", "app": "orders", "conditions": (condition,)}
    return Workload(cluster="eu", namespace="staging", created_ms=created_ms, **(given | fields))


def test_stamps_that_agree_with_what_was_seen_stay_as_they_are():
    seen = pod(NOW_MS - 2000, NOW_MS - 1000)
    assert Stamps().pod(seen, None, LIVE) is seen
    rolling = workload(NOW_MS - 1000, NOW_MS - 1000)
    assert Stamps().workload(rolling, None, LIVE) is rolling


@pytest.mark.parametrize("off_ms", [-MIN5_MS, MIN5_MS])
def test_what_is_seen_to_come_into_being_is_as_old_as_we_know_it(off_ms):
    told = Stamps().pod(pod(NOW_MS + off_ms, NOW_MS + off_ms, scheduled_changed_ms=NOW_MS + off_ms), None, LIVE)
    assert told.created_ms == told.containers[0].since_ms == told.scheduled_changed_ms == NOW_MS


@pytest.mark.parametrize("off_ms", [-MIN5_MS, MIN5_MS])
def test_a_change_that_is_seen_to_happen_happens_now_and_is_not_told_anew_later(off_ms):
    stamps, old = Stamps(), workload(NOW_MS - 10**8)
    before = stamps.workload(old, None, FIRST_LIST)
    assert before is old
    told = stamps.workload(workload(NOW_MS + off_ms), before, LIVE)
    assert told.conditions[0].updated_ms == NOW_MS and told.created_ms == old.created_ms
    later = Seeing(NOW_MS + 60_000, NOW_MS + 60_000)
    assert stamps.workload(workload(NOW_MS + off_ms, ready=1), told, later).conditions[0].updated_ms == NOW_MS


@pytest.mark.parametrize("seeing", [FIRST_LIST, LIVE])
def test_a_container_has_not_begun_before_its_pod_was_made(seeing):
    slow = Stamps().pod(pod(NOW_MS - 1000, NOW_MS - MIN5_MS), None, seeing)
    assert slow.created_ms == NOW_MS - 1000 and slow.containers[0].since_ms >= NOW_MS - 1000
    fast = Stamps().pod(pod(NOW_MS - 1000, NOW_MS + MIN5_MS), None, seeing)
    assert fast.containers[0].since_ms == NOW_MS


def test_a_first_list_tells_ages_by_its_stamps():
    old = pod(NOW_MS - MIN5_MS, NOW_MS - MIN5_MS + 3000)
    assert Stamps().pod(old, None, FIRST_LIST) is old


def test_what_is_new_in_a_second_list_has_come_since_the_first():
    stamps = Stamps()
    first = stamps.sweeps(Swept(source="kubernetes/eu", kind=Pod, facts=(), started_ms=NOW_MS - 30_000, at_ms=NOW_MS))
    assert first.looked_ms is None
    second = stamps.sweeps(Swept(source="kubernetes/eu", kind=Pod, facts=(), started_ms=NOW_MS, at_ms=NOW_MS + 10))
    assert stamps.pod(pod(NOW_MS - MIN5_MS), None, second).created_ms == NOW_MS - 30_000


def test_what_is_new_after_a_watch_broke_has_come_since_it_told_something():
    stamps, swept = Stamps(), Swept(source="kubernetes/eu", kind=Pod, facts=(), started_ms=NOW_MS - 10**7, at_ms=NOW_MS)
    stamps.sweeps(swept)
    changed = Changed(source="kubernetes/eu", kind=Pod, at_ms=NOW_MS - 10_000, seen=(pod(),))
    assert stamps.changes(changed) == (NOW_MS - 10_000, NOW_MS - 10_000)
    again = stamps.sweeps(msgspec.structs.replace(swept, started_ms=NOW_MS))
    assert stamps.pod(pod(NOW_MS - MIN5_MS), None, again).created_ms == NOW_MS - 10_000


def told_late(stamps: Stamps, late_ms: int) -> Seeing:
    """How a watch that goes on where it was cut is seen to tell something."""
    return stamps.changes(
        Changed(source="kubernetes/eu", kind=Pod, at_ms=NOW_MS, heard_ms=NOW_MS - late_ms, seen=(pod(),))
    )


def test_what_a_watch_tells_late_happened_when_it_says_so():
    stamps = Stamps()
    seeing = told_late(stamps, 240_000)
    began = pod(NOW_MS - 230_000, NOW_MS - 228_000)
    assert stamps.pod(began, None, seeing) is began
    rolled = workload(NOW_MS - 225_000)
    before = stamps.workload(workload(NOW_MS - 10**8), None, FIRST_LIST)
    assert stamps.workload(rolled, before, seeing) is rolled


def test_what_a_watch_tells_late_is_not_older_than_what_it_had_told_before():
    stamps = Stamps()
    told = stamps.pod(pod(NOW_MS - 2 * MIN5_MS, NOW_MS - 2 * MIN5_MS), None, told_late(stamps, 240_000))
    assert told.created_ms == NOW_MS - 240_000
    assert told_late(stamps, -60_000) == (NOW_MS, NOW_MS), "somebody has set the clock back"


def test_what_a_watch_tells_late_says_nothing_of_the_clock():
    stamps, seeing = Stamps(), told_late(Stamps(), 240_000)
    for name in ("a", "b"):
        stamps.pod(pod(NOW_MS - 230_000, name=name), None, seeing)
    assert stamps.events("eu", [EVENT], NOW_MS) == (EVENT,)
    stamps.pod(pod(NOW_MS - 1000, name="young"), None, LIVE)
    late = pod(NOW_MS - 200_000, NOW_MS - 199_000, name="c")
    assert stamps.pod(late, None, seeing) is late
    restored = pod(NOW_MS - 10**7, NOW_MS - 10**6, name="restored")
    assert stamps.pod(restored, None, seeing) is restored


def test_places_of_scopes_that_come_and_go_are_kept_up_to_a_limit(monkeypatch):
    monkeypatch.setattr("statusdesk.pipeline.stamps.PLACES_KEPT", 2)
    stamps = Stamps()

    def seen(scope):
        return stamps.sweeps(
            Swept(source="kubernetes/eu", kind=Pod, facts=(), started_ms=NOW_MS, at_ms=NOW_MS, scope=scope)
        )

    for scope in ("a", "b", "a", "c"):
        seen(scope)
    assert seen("a").looked_ms == NOW_MS and seen("b").looked_ms is None


@pytest.mark.parametrize("off_ms", [-MIN5_MS, 0, MIN5_MS])
@pytest.mark.parametrize("grace_s", [0, 30, 600])
def test_a_deletion_is_stamped_ahead_by_its_grace_period(off_ms, grace_s):
    stamps = Stamps()
    before = stamps.pod(pod(NOW_MS - 10**7, NOW_MS - 10**7), None, FIRST_LIST)
    stamp_ms = NOW_MS + grace_s * 1000 + off_ms
    told = stamps.pod(pod(NOW_MS - 10**7, NOW_MS - 10**7, deleting_ms=stamp_ms, grace_s=grace_s), before, LIVE)
    assert told.deleting_ms == NOW_MS + grace_s * 1000


def test_a_clock_that_is_found_to_be_off_makes_nothing_younger():
    """All stamps move when the cluster's clock is corrected for: nothing has happened but that."""
    stamps = Stamps()
    before = stamps.pod(pod(NOW_MS - 900_000, NOW_MS - 800_000), None, FIRST_LIST)
    moved = pod(NOW_MS - 900_000 + MIN5_MS, NOW_MS - 800_000 + MIN5_MS)
    assert stamps.pod(moved, before, LIVE) is moved


def test_another_object_of_the_same_name_is_new():
    stamps = Stamps()
    before = stamps.pod(pod(NOW_MS - 10**7), None, FIRST_LIST)
    assert stamps.pod(pod(NOW_MS - MIN5_MS, uid="u2"), before, LIVE).created_ms == NOW_MS


def test_one_old_object_that_comes_into_sight_shifts_nothing_else():
    stamps = Stamps()
    stamps.pod(pod(NOW_MS - 10**8, name="restored"), None, LIVE)
    young = pod(NOW_MS - 1000, NOW_MS)
    assert stamps.pod(young, None, LIVE) is young
    assert stamps.events("eu", [EVENT], NOW_MS) == (EVENT,)


@pytest.mark.parametrize("off_ms", [-MIN5_MS, MIN5_MS])
def test_events_are_moved_by_how_far_two_creations_agree_to_be_off(off_ms):
    stamps = Stamps()
    event = msgspec.structs.replace(EVENT, last_ms=NOW_MS + off_ms)
    stamps.pod(pod(NOW_MS + off_ms, name="a"), None, LIVE)
    assert stamps.events("eu", [event], NOW_MS) == (event,)
    stamps.pod(pod(NOW_MS + off_ms - 1000, name="b"), None, LIVE)
    stamps.pod(pod(NOW_MS - 10**8, name="restored"), None, LIVE)
    told = stamps.events("eu", [event], NOW_MS)[0].last_ms
    assert told is not None and abs(told - NOW_MS) <= SAME_MS
    assert stamps.events("us", [event], NOW_MS) == (event,)


@pytest.mark.parametrize("off_ms", [-MIN5_MS, 0, MIN5_MS])
def test_an_old_object_that_comes_into_sight_stays_old_where_others_show_the_clock(off_ms):
    """A pod that others show to be old has its restarts behind it."""
    stamps = Stamps()
    stamps.pod(pod(NOW_MS + off_ms, NOW_MS + off_ms, name="young"), None, LIVE)
    restored = pod(NOW_MS - 10**7, NOW_MS - 10**6, name="restored")
    assert stamps.pod(restored, None, LIVE) is restored
    later = Seeing(NOW_MS + 10**6, NOW_MS + 10**6)  # nothing was seen for so long: the clock may be another
    assert stamps.pod(pod(NOW_MS, name="other"), None, later).created_ms == later.at_ms
