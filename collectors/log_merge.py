"""Lines of many streams in the order of their times, as far as a short wait tells it; what has no room is counted."""

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from itertools import accumulate
from operator import attrgetter

from collectors.log_lane import Backlog, Lane
from collectors.log_lines import LineKind, LogLine
from statusdesk.text import counted

HOLD_S = 0.15
SETTLED_S = 0.02
LANE_BYTES = 4 << 20
BACKLOG_BYTES = 512 << 10  # so far one may be ahead of others while what there was before is merged
ROOM_S = 0.25  # so often one that waits for room looks itself: what it waits for may end by time alone
SINCE_QUIET_S = 1.5  # so long one is waited for that has much to look through before its first line
FOR_EVER_NS = 2**63 - 1
SECOND_NS = 1_000_000_000
_AT = attrgetter("at_ns")


class Merge:
    """Takes lines from the threads of streams and gives them to one reader.

    The order within an origin is that of arrival, always. Between origins it is that of the times: of all that there
    was when they were opened, and later among what has come within ``hold_s``, which may be changed. An origin that is
    ahead of the reader by more than ``lane_bytes`` loses its oldest lines, which are counted where they are missing;
    with ``patient``, and as long as there is a backlog, its thread waits instead.
    """

    def __init__(
        self,
        patient: bool = False,
        hold_s: float = HOLD_S,
        lane_bytes: int = LANE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patient = patient
        self.hold_s = hold_s
        self._lane_bytes = lane_bytes
        self._clock = clock
        self._lanes: list[Lane] = []
        self._ready: deque[LogLine] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._opened_s = 0.0
        self._began = False
        self._woken = False
        self._is_awaited = False
        self._without_room = 0  # so many threads wait for the reader
        self.skipped = 0

    def lane(self, origin: int) -> Lane:
        """Return the place for the lines of an origin."""
        lane = Lane(origin)
        with self._changed:
            self._lanes.append(lane)
            self._opened_s = self._clock()
        return lane

    def begin(self, lane: Lane, until_ns: int, tail: int | None, quiet_s: float = 0.0) -> None:
        """Expect what was written before ``until_ns``: one line more than ``tail``, or all since a moment.

        For its first line one waits as long as for any other, or ``quiet_s``.
        """
        with self._changed:
            lane.begin()
            lane.backlog = Backlog(until_ns, tail, quiet_s or self.hold_s, self._clock())

    def begun(self, lane: Lane, *, more: bool = False) -> None:
        """Expect no more of what there was; ``more``: another backlog follows at once."""
        with self._changed:
            lane.begin()
            if more:
                lane.backlog = Backlog(FOR_EVER_NS, None, self.hold_s, self._clock())
            elif lane.backlog is not None:
                lane.backlog.is_over = True
            if self._is_awaited:
                self._changed.notify_all()

    def await_end(self, lane: Lane) -> None:
        """Expect the end of a run that was over before, and what is left of it, until ``begun`` or for a while."""
        with self._changed:
            now_s = self._clock()
            lane.await_more(now_s, now_s + SINCE_QUIET_S)

    def end(self, lane: Lane) -> None:
        """Forget a lane to which nothing will be added, as soon as all of it was taken."""
        with self._changed:
            lane.begin()
            lane.is_over, lane.backlog = True, None
            self._forget()

    def _forget(self) -> None:
        self._lanes = [lane for lane in self._lanes if not (lane.is_over and lane.is_empty)]

    def push(self, lane: Lane, lines: list[LogLine], size: int, *, waits: bool = True) -> None:
        """Add lines that come after all others of their lane; ``size`` is how many bytes they were.

        With ``waits`` false not even a patient reader is waited for.
        """
        keys = list(map(_AT, lines))
        if keys[0] < lane.newest_ns or sorted(keys) != keys:
            keys = list(accumulate(keys, max, initial=lane.newest_ns))[1:]
        with self._changed:
            if waits:
                self._wait_for_room(lane)
            lane.add((self._clock(), keys, lines, size))
            lane.newest_ns = keys[-1]  # not before they are here: so far others are given on
            while not self._patient and lane.size > self._lane_bytes and len(lane.batches) > 1:
                self._skip(lane)
            if self._is_awaited:
                self._changed.notify_all()

    def _wait_for_room(self, lane: Lane) -> None:
        """Let the thread of a lane wait until the reader has taken enough of it."""
        while lane.size > min(self._lane_bytes // 2, BACKLOG_BYTES) and not self._closed:
            self._settle()
            # what is kept back is no more than a tail, and as long as it is, the reader gets nothing
            if lane.keeps_back or not (self._is_held_up or (self._patient and lane.size > self._lane_bytes)):
                break
            if lane.backlog is not None:
                lane.backlog.is_blocked = True
            self._without_room += 1
            self._changed.wait(ROOM_S)
            self._without_room -= 1
        if lane.backlog is not None and lane.backlog.is_blocked:
            lane.backlog.is_blocked, lane.backlog.heard_s = False, self._clock()

    def mark(self, lane: Lane, text: str, at_ns: int = 0) -> None:
        """Add a line that says what happened, and when; it stands after the last line, whatever their times are."""
        if at_ns <= lane.newest_ns < at_ns + SECOND_NS:
            at_ns = lane.newest_ns  # of an end or a start only the second is told
        self.push(lane, [LogLine(at_ns, lane.origin, text, LineKind.MARK)], 0, waits=False)

    def _skip(self, lane: Lane) -> None:
        _, _, lines, size = lane.batches.popleft()
        lane.size -= size
        count = sum(1 for line in lines if line.kind == LineKind.LINE)
        lane.skipped += count
        self.skipped += count
        # what a mark says is not lost with the lines around it
        marks = [line for line in lines if line.kind == LineKind.MARK]
        if marks:
            after, keys, others, more = lane.batches.popleft()
            lane.batches.appendleft((after, [keys[0]] * len(marks) + keys, marks + others, more))

    def take(self, limit: int) -> list[LogLine]:
        """Return up to ``limit`` lines that have waited long enough, in order."""
        with self._changed:
            if len(self._ready) < limit:
                self._settle()
                self._ready.extend(self._due())
                if self._without_room:
                    self._changed.notify_all()
            ready = self._ready
            if len(ready) <= limit:
                taken = list(ready)
                ready.clear()
                return taken
            return [ready.popleft() for _ in range(limit)]

    def wait(self, timeout_s: float) -> None:
        """Return when lines are due, when woken, or after ``timeout_s``."""
        end_s = self._clock() + timeout_s
        with self._changed:
            while not (self._ready or self._woken or self._closed):
                now_s = self._clock()
                self._settle()
                if self._is_held_up:
                    if end_s <= now_s or self._is_due_before(self._merged_until_ns()):
                        break
                    self._changed.wait(min(SETTLED_S, end_s - now_s))
                    continue
                held = [lane.batches[0][0] for lane in self._lanes if lane.batches]
                due_s = self._due_s(min(held)) if held else end_s
                if due_s <= now_s or end_s <= now_s:
                    break
                self._is_awaited = not held or not self._began
                self._changed.wait(min(due_s, end_s) - now_s)
                self._is_awaited = False
            self._woken = False

    def wake(self) -> None:
        """End a wait, or the next one: there is something else to be looked at."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    @property
    def is_behind(self) -> bool:
        """Whether what there was when streams were opened has still to come."""
        with self._changed:
            return self._is_held_up

    @property
    def is_empty(self) -> bool:
        """Whether all was taken."""
        with self._changed:
            return not self._ready and all(lane.is_empty for lane in self._lanes)

    def close(self) -> None:
        """Let no thread wait here any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _due_s(self, arrived_s: float) -> float:
        """Return until when lines have to wait: not at all where none can come between them."""
        if len(self._lanes) == 1:
            return arrived_s
        if not self._began and all(lane.batches for lane in self._lanes):
            # at the beginning all send what they have at once: when all have, it is complete
            return min(arrived_s + self.hold_s, max(arrived_s, self._opened_s + SETTLED_S))
        return arrived_s + self.hold_s

    def _settle(self) -> None:
        """Find out of which origins all has come that there was before."""
        now_s = self._clock()
        for lane in self._lanes:
            lane.settle(now_s)

    @property
    def _is_held_up(self) -> bool:
        """Whether there is an origin of which what there was before has still to come, as far as that was looked at."""
        return any(lane.is_behind for lane in self._lanes)

    def _merged_until_ns(self) -> int:
        """Return up to when nothing is to come any more of what there was before; 0 where that is not known yet."""
        if not self._began and self._clock() < self._opened_s + SETTLED_S:
            return 0
        return min((0 if lane.keeps_back else lane.newest_ns for lane in self._lanes if lane.is_behind), default=0)

    def _is_due_before(self, until_ns: int) -> bool:
        return any(lane.batches and lane.batches[0][1][0] <= until_ns for lane in self._lanes)

    def _due(self) -> list[LogLine]:
        """Take out the lines that are due, and with them younger ones that belong before the last of these."""
        busy = [lane for lane in self._lanes if lane.batches]
        if self._is_held_up:
            until_ns = self._merged_until_ns()
            return self._merged(busy, -1.0, until_ns) if self._is_due_before(until_ns) else []
        now_s = self._clock()
        limit_s = now_s if self._due_s(now_s) <= now_s else now_s - self.hold_s
        until_ns = -1
        for lane in busy:
            for arrived_s, keys, _, _ in lane.batches:
                if arrived_s > limit_s:
                    break
                until_ns = max(until_ns, keys[-1])
        return self._merged(busy, limit_s, until_ns) if until_ns >= 0 else []

    def _merged(self, busy: list[Lane], limit_s: float, until_ns: int) -> list[LogLine]:
        """Take out all lines that came until a moment, or were written until another one."""
        self._began = True
        keys_of_all: list[int] = []
        lines: list[LogLine] = []
        contributors = 0
        for lane in busy:
            before = len(lines)
            self._move(lane, limit_s, until_ns, keys_of_all, lines)
            contributors += len(lines) > before
        if any(lane.is_over for lane in busy):
            self._forget()
        if contributors <= 1:
            return lines
        order = sorted(range(len(lines)), key=keys_of_all.__getitem__)
        return [lines[index] for index in order]

    def _move(self, lane: Lane, limit_s: float, until_ns: int, keys: list[int], lines: list[LogLine]) -> None:
        batches = lane.batches
        if lane.skipped and batches:
            text = f"{counted(lane.skipped, 'line')} skipped here"
            keys.append(batches[0][1][0])
            lines.append(LogLine(batches[0][2][0].at_ns, lane.origin, text, LineKind.SKIPPED))
            lane.skipped = 0
        while batches:
            arrived_s, its_keys, its_lines, size = batches[0]
            if arrived_s <= limit_s or its_keys[-1] <= until_ns:
                batches.popleft()
                lane.size -= size
                keys += its_keys
                lines += its_lines
                continue
            count = bisect_right(its_keys, until_ns)
            if count:
                keys += its_keys[:count]
                lines += its_lines[:count]
                batches[0] = (arrived_s, its_keys[count:], its_lines[count:], size)
            return
