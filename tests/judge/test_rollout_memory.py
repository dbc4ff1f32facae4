"""What is remembered of pods: changes that were their own, and not those of being made."""

from statusdesk.judge.rollout_memory import Memory, pasts_of
from tests.judge.make import NEW, T0, THRESHOLDS, container, pod, unready, waiting

S = 1000


def flips(*moments):
    """How often readiness changed, as seen over the moments (seconds, ready, when it last changed)."""
    memory = None
    found = {}
    for after_s, ready, changed_s in moments:
        changed_ms = None if changed_s is None else T0 + changed_s * S
        seen = (pod if ready else unready)(created_ms=T0, scheduled_changed_ms=T0, ready_changed_ms=changed_ms)
        found = pasts_of(memory, [seen], THRESHOLDS, T0 + after_s * S)
        memory = Memory(revision=NEW, pods=tuple(found.values()))
    return sum(len(past.flips_ms) for past in found.values())


def test_a_pod_that_is_made_changes_once():
    assert flips((0, False, None), (1, False, 1), (9, True, 9)) == 1
    assert flips((0, False, None), (9, True, 9)) == 1
    assert flips((1, False, 1), (9, True, 9)) == 1


def test_what_changed_twice_unseen_counts_twice():
    assert flips((1, False, 1), (9, True, 9), (20, True, 19)) == 3
    assert flips((1, False, 1), (30, False, 28)) == 2


def test_a_pod_whose_container_has_not_run_before_was_not_ready_before():
    """A node may stamp its condition anew with each status of a pod that begins."""
    memory, found = None, {}
    for after_s, one in (
        (1, waiting("PodInitializing")),
        (2, waiting("PodInitializing")),
        (8, container(since_ms=T0 + 8 * S)),
    ):
        seen = unready(one, created_ms=T0, scheduled_changed_ms=T0, ready_changed_ms=T0 + after_s * S)
        found = pasts_of(memory, [seen], THRESHOLDS, T0 + after_s * S)
        memory = Memory(revision=NEW, pods=tuple(found.values()))
    assert [past.flips_ms for past in found.values()] == [()]


def test_old_changes_are_forgotten():
    later_s = int(THRESHOLDS.flap_window_s) + 30
    assert flips((1, False, 1), (9, True, 9), (20, True, 19), (later_s, True, 19)) == 0
