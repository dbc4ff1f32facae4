"""A clock that is set while a process runs, or between one and the next of the same run of the machine."""

import pytest

from statusdesk import clock
from statusdesk.clock import LEAST_STEP_MS, Anchor, ClockSteps, boot, boot_clock

NOW_MS = 1_800_000_000_000
BOOT = 77


class Even:
    """A clock that runs evenly, by the hand of a test."""

    def __init__(self, ms: int = 5_000_000) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


def ended(even: Even, now_ms: int = NOW_MS) -> Anchor:
    """The anchor of a process that has looked at the clock."""
    before = ClockSteps(even, BOOT)
    assert before.step_ms(now_ms) == 0 and before.anchor is not None
    return before.anchor


@pytest.mark.parametrize("set_ms", [600_000, -600_000, LEAST_STEP_MS, -LEAST_STEP_MS])
def test_a_step_between_two_processes_is_told_once_by_the_second(set_ms):
    even = Even()
    anchor = ended(even)
    even.ms += 60_000
    steps = ClockSteps(even, BOOT)
    steps.go_on(anchor, NOW_MS + 1000)
    assert steps.step_ms(NOW_MS + 60_000 + set_ms) == set_ms
    assert steps.anchor == Anchor(BOOT, anchor.ahead_ms + set_ms)
    assert steps.step_ms(NOW_MS + 60_000 + set_ms) == 0
    third = ClockSteps(even, BOOT)
    third.go_on(steps.anchor, NOW_MS + 60_000 + set_ms)
    assert third.step_ms(NOW_MS + 60_000 + set_ms) == 0


@pytest.mark.parametrize("set_ms", [0, LEAST_STEP_MS - 1, 1 - LEAST_STEP_MS])
def test_what_is_no_step_leaves_the_anchor_as_it_is(set_ms):
    even = Even()
    anchor = ended(even)
    steps = ClockSteps(even, BOOT)
    steps.go_on(anchor, NOW_MS)
    for _ in range(3):
        assert steps.step_ms(NOW_MS + set_ms) == 0
        assert steps.anchor is anchor


def test_small_steps_that_come_together_are_one():
    even = Even()
    anchor = ended(even)
    told, now_ms = [], NOW_MS
    for _ in range(4):
        steps = ClockSteps(even, BOOT)
        steps.go_on(anchor, now_ms)
        now_ms += 900
        told.append(steps.step_ms(now_ms))
        anchor = steps.anchor
    assert told == [0, 0, 2_700, 0]


def test_in_another_run_of_the_machine_nothing_is_known_of_the_one_before():
    even = Even()
    anchor = ended(even)
    for other in (BOOT + 1, None):
        steps = ClockSteps(even, other)
        steps.go_on(anchor, NOW_MS)
        assert steps.step_ms(NOW_MS + 600_000) == 0
        assert steps.anchor == (Anchor(other, NOW_MS + 600_000 - even.ms) if other is not None else None)
    first = ClockSteps(even, BOOT)
    first.go_on(None, 0)
    assert first.step_ms(NOW_MS + 600_000) == 0


def test_a_machine_that_was_set_back_to_what_it_was_knows_nothing_of_what_came_after_that():
    even = Even()
    anchor = ended(even)
    steps = ClockSteps(even, BOOT)
    steps.go_on(anchor, NOW_MS + 3_600_000)  # a process was alive that is yet to come by the even clock
    assert steps.step_ms(NOW_MS + 7_200_000) == 0
    assert steps.step_ms(NOW_MS + 7_800_000) == 600_000


def test_a_run_of_the_machine_has_one_number_that_a_store_can_hold(tmp_path, monkeypatch):
    boot_id, offsets = tmp_path / "boot_id", tmp_path / "timens_offsets"
    boot_id.write_text("ffffffff-4ec3-4014-af8a-e8b6759e5468\n")
    monkeypatch.setattr(clock, "BOOT_ID", boot_id)
    monkeypatch.setattr(clock, "TIME_OFFSETS", offsets)
    old_linux = boot()
    offsets.write_text("monotonic 0 0\nboottime 0 0\n")
    here = boot()
    assert here == boot()
    offsets.write_text("monotonic 0 0\nboottime 7200 0\n")
    apart = boot()
    boot_id.write_text("c09f43a0-4ec3-4014-af8a-e8b6759e5468\n")
    another = boot()
    numbers = {old_linux, here, apart, another}
    assert len(numbers) == 4 and all(0 <= number < 2**63 for number in numbers)
    boot_id.write_text("none\n")
    assert boot() is None
    boot_id.unlink()
    assert boot() is None


def test_this_machine_tells_the_same_run_and_an_even_clock_to_each_process():
    assert boot() == boot()
    anchor = ended(boot_clock, NOW_MS)
    steps = ClockSteps(boot_clock, BOOT)
    steps.go_on(anchor, NOW_MS)
    assert steps.step_ms(NOW_MS) == 0
