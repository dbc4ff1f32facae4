"""No stream waits for room for ever: not where the reader takes, nor where what is waited for ends by time alone."""

import random
import threading
import time
from functools import partial

import pytest

from collectors import log_merge, pod_logs
from collectors.log_lines import LineKind, LogLine
from collectors.log_merge import Merge
from tests.collectors.kubernetes_server import wait_for
from tests.collectors.log_server import Reply, pod, stamped

NOW_NS = 1_795_348_800_000_000_000
STALLED_S = 10.0


def lines(origin, first_ns, count):
    return [LogLine(first_ns + index, origin, f"{origin}:{first_ns + index}") for index in range(count)]


def running(push):
    thread = threading.Thread(target=push, daemon=True)
    thread.start()
    return thread


def push_a_tail_and_go_on(merge, lane):
    """Push a tail of 200 lines, which has no room, and lines that are written now."""
    for number in range(10):
        merge.push(lane, lines(lane.origin, NOW_NS - 10_000 + number * 100, 20), 80_000)
    merge.push(lane, lines(lane.origin, NOW_NS - 10, 1), 4000)
    for number in range(5):
        merge.push(lane, lines(lane.origin, NOW_NS + number, 1), 100)


def polled(merge):
    time.sleep(0.002)
    return merge.take(1000)


def waited_for(merge):
    merge.wait(0.5)
    return merge.take(1000)


@pytest.mark.parametrize("taken_by", [polled, waited_for])
@pytest.mark.parametrize("tail", [200, None])
def test_one_that_is_silent_holds_another_up_for_a_moment_only(monkeypatch, taken_by, tail):
    monkeypatch.setattr(log_merge, "ROOM_S", STALLED_S)  # it is the reader that tells of the room
    merge = Merge()
    loud, silent = merge.lane(0), merge.lane(1)
    merge.begin(loud, NOW_NS, 200)
    merge.begin(silent, NOW_NS, tail)
    thread = running(lambda: push_a_tail_and_go_on(merge, loud))
    taken, end_s = [], time.monotonic() + STALLED_S / 2
    while (not taken or taken[-1].at_ns < NOW_NS + 4) and time.monotonic() < end_s:
        taken += taken_by(merge)
    thread.join(1)
    merge.close()
    assert not thread.is_alive() and not merge.skipped
    assert sum(line.kind == LineKind.LINE for line in taken) in (205, 206), "the one too much may have come late"


def test_what_is_waited_for_ends_though_nobody_takes():
    merge = Merge(hold_s=0.05)
    loud, silent = merge.lane(0), merge.lane(1)
    merge.begin(loud, NOW_NS, 200)
    merge.begin(silent, NOW_NS, 200)
    thread = running(lambda: push_a_tail_and_go_on(merge, loud))
    thread.join(STALLED_S)
    merge.close()
    assert not thread.is_alive()


def test_a_run_before_that_has_no_room_lets_the_tail_after_it_begin():
    merge = Merge(hold_s=0.05)
    lane = merge.lane(0)

    def push():
        merge.begin(lane, NOW_NS - 1000, 200)
        merge.push(lane, lines(0, NOW_NS - 10_000, 150), 600_000)
        merge.begun(lane, more=True)
        merge.begin(lane, NOW_NS, 200)
        merge.push(lane, lines(0, NOW_NS - 500, 20), 80_000)

    thread = running(push)
    thread.join(0.3)  # as long as it has come the reader takes nothing
    taken, end_s = [], time.monotonic() + STALLED_S / 2
    while len(taken) < 170 and time.monotonic() < end_s:
        taken += waited_for(merge)
    thread.join(1)
    merge.close()
    assert not thread.is_alive() and len(taken) == 170 and not merge.skipped


class Run:
    """One merge with streams that begin, pause, go on, begin anew and end as dice say, and a reader that takes."""

    def __init__(self, seed):
        self.seed = seed
        dice = random.Random(seed)
        self.polls = dice.random() < 0.5
        self.merge = Merge(patient=dice.random() < 0.3, hold_s=0.01, lane_bytes=1000)
        self.given, self.taken = dict[int, list[str]](), list[LogLine]()
        self.marks = dict[int, int]()
        self.tails = 0  # of each one line is more than was wanted
        seeds = [dice.random() for _ in range(dice.randint(1, 4))]
        self.threads = [running(partial(self.stream, *each)) for each in enumerate(seeds)]
        self.reader = running(self.take)

    def stream(self, origin, seed):
        dice = random.Random(seed)
        merge, told = self.merge, self.given.setdefault(origin, [])
        lane, at_ns = merge.lane(origin), NOW_NS - 10**9
        for _ in range(dice.randint(1, 2)):
            begun = dice.random()
            if begun < 0.8:
                tail = dice.choice([None, 3, 1000])
                self.tails += tail is not None
                merge.begin(lane, NOW_NS, tail, dice.choice([0.0, 0.05]))
            for _ in range(dice.choice([0, 1, 5, 40])):
                at_ns += dice.choice([1, 1000, 10**7, 10**9])
                some = lines(origin, at_ns, dice.randint(1, 5))
                told += [line.text for line in some]
                merge.push(lane, some, dice.choice([10, 300, 2000]))
                if dice.random() < 0.1:
                    self.marks[origin] = self.marks.get(origin, 0) + 1
                    told.append(f"{origin}: mark {self.marks[origin]}")
                    merge.mark(lane, told[-1])
                if dice.random() < 0.05:
                    time.sleep(dice.choice([0.001, 0.03, 0.07]))
            if dice.random() < 0.7:
                merge.begun(lane, more=dice.random() < 0.2)
        if dice.random() < 0.3:
            merge.end(lane)

    def take(self):
        while any(thread.is_alive() for thread in self.threads) or not self.merge.is_empty:
            if self.polls:
                time.sleep(0.005)
            else:
                self.merge.wait(0.1)
            self.taken += self.merge.take(50)

    def check(self):
        self.reader.join(STALLED_S)
        is_over = not self.reader.is_alive()
        self.merge.close()
        assert is_over, f"seed {self.seed}: a stream waits though the reader takes"
        for origin, told in self.given.items():
            here = [line for line in self.taken if line.origin == origin]
            left = iter(told)
            in_order = all(line.text in left for line in here if line.kind in (LineKind.LINE, LineKind.MARK))
            assert in_order, f"seed {self.seed}: out of order, or twice"
            marks = sum(line.kind == LineKind.MARK for line in here)
            assert marks == self.marks.get(origin, 0), f"seed {self.seed}: a mark is lost"
        count = sum(line.kind == LineKind.LINE for line in self.taken)
        given = sum(map(len, self.given.values())) - sum(self.marks.values())
        lost = given - count - self.merge.skipped
        assert 0 <= lost <= self.tails, f"seed {self.seed}: {lost} lines are neither here nor counted"


def check_runs(seeds, at_once=10):
    for first in range(seeds.start, seeds.stop, at_once):
        for run in [Run(seed) for seed in range(first, min(first + at_once, seeds.stop))]:
            run.check()


def test_no_stream_waits_for_ever_while_the_reader_takes(monkeypatch):
    monkeypatch.setattr(log_merge, "ROOM_S", 3 * STALLED_S)
    check_runs(range(40))


@pytest.mark.soak
def test_no_stream_waits_for_ever_while_the_reader_takes_for_long(monkeypatch):
    monkeypatch.setattr(log_merge, "ROOM_S", 3 * STALLED_S)
    check_runs(range(1000, 4000))


def test_two_pods_of_which_one_is_silent_are_followed_on(kube, follow, monkeypatch):
    monkeypatch.setattr(pod_logs, "TICK_S", 60.0)  # each second it wakes all that wait, for another reason
    text = "x" * 4000
    tail = stamped(*(f"{number} {text}" for number in range(201)))
    live = stamped(*(f"live {number}" for number in range(20)), second=1)
    kube.replies["orders-1/app"] = [Reply(tail, end="cut"), Reply(tail + live, end="hang")]
    lines = follow(pod("orders-1"), pod("orders-2"), tail=200)
    wait_for(lambda: lines.texts()[-1:] == ["live 19"], "the last line")
