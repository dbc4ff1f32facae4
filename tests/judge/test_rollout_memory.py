"""What is remembered of pods: changes that were their own, and not those of being made."""

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

from statusdesk import judge
from statusdesk.judge.rollout_memory import Lasts, Memory, pasts_of
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


def test_what_nobody_could_see_to_last_is_told_from_what_has_a_time_of_its_own() -> None:
    """Each is declared once, under a name of its own; a new one has to be put on its side here."""
    modules = [import_module(f"statusdesk.judge.{each.name}") for each in iter_modules(judge.__path__)]
    declared = {id(each): each for module in modules for each in vars(module).values() if isinstance(each, Lasts)}
    assert Counter(each.what for each in declared.values() if each.only_seen) == Counter(
        ["at step", "counts", "gone", "less than before", "missing", "no pods", "out", "unavailable", "unobserved"]
    )
    has_a_time = ["began down", "between", "changed", "ending", "held", "idle", "leaving", "mount", "node", "paused"]
    assert Counter(each.what for each in declared.values() if not each.only_seen) == Counter(
        [*has_a_time, "scaling", "served", "stale", "was down"]
    )
