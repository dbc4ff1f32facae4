"""What one view of a log holds: the follower, the lines that have come, and which of them are shown."""

import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from collectors.log_lines import FollowStatus, LineKind, LogFollower, LogLine, Origin
from screens.log_asking import Asking
from screens.log_doors import Opening
from screens.log_further import FurtherBack
from screens.log_late import Late
from screens.log_order import set_in_order
from screens.log_packed import BLOCK
from screens.log_request import Doors, LogRequest
from screens.log_ring import LogRing
from screens.log_shown import Shown
from screens.log_staying import Again, Back, Staying, put_back

TAKE_LINES = 8 * BLOCK
SETTLED_S = 0.5  # so long without a line, and a log has told what there was
ANSWER_S = 3.0  # so long an answer is waited for with what is here already
SECOND_NS = 1_000_000_000


class Seeking(msgspec.Struct):
    """A search on its way through the lines. ``turned``: whether it has begun again at the other end."""

    wanted: Callable[[int], object]
    step: int
    place: int
    what: str
    turned: bool = False


class Found(msgspec.Struct, frozen=True):
    """Where a search has ended: at a line, or nowhere, and what to say about it."""

    number: int | None
    words: str = ""


class LogFeed:
    """Takes lines from a follower into a ring, in bounded bites. All of it runs where the screen does.

    Where lines were here before (``staying``), they are put back once it has come what the source still has. What comes
    later, and belongs before them, is put in its place when all of it is here, or has waited for a while.
    """

    def __init__(self, request: LogRequest, doors: Doors, most_lines: int, staying: Staying | None = None) -> None:
        self.request, self._doors = request, doors
        self.origins: list[Origin] = list(staying.origins) if staying is not None else []
        self._staying, self._again, self._back = staying, Again(), list[Back]()
        self._late, self._late_s, self._latest_s = Late(), 0.0, 0.0
        self.placed = 0
        """How often lines were put among others, which changes the numbers of these."""
        self.ring = LogRing(most_lines, revealed=not request.redact)
        self.shown = Shown(self.ring, self.origins)
        self.further = FurtherBack(self.ring, self.shown, self.origins, timed=not request.job)
        self.status = FollowStatus()
        self.seeking: Seeking | None = None
        self._opening: Opening | None = None
        self._aim_ns: int | None = None  # the first moment after the line to stand on
        if request.at_ms is not None:
            self._aim_ns = request.at_ms * 1_000_000 + SECOND_NS
        self._last_came_s = time.monotonic()
        self._asked_s = self._unsettled_s = 0.0
        self._here_ns = staying.newest_ns if staying is not None else 0
        self.caught_up = False
        """Whether what there was at the beginning has come: lines were here, and then none for a moment."""

    @property
    def follower(self) -> LogFollower | None:
        return self._opening.follower if self._opening is not None else None

    @property
    def opening(self) -> bool:
        """Whether it is still being opened."""
        return self.follower is None and not self.status.ended

    @property
    def is_anew(self) -> bool:
        """Whether lines are still to be put back that were here before."""
        return self._staying is not None and bool(self._staying.lines)

    def open(self, now_ms: int) -> Opening:
        """Return what opens the follower; the caller runs it on a thread."""
        request = self.request
        if request.job:
            make = partial(self._doors.console, request.job, request.build)
        else:
            selection = msgspec.structs.replace(request.selection(now_ms), known=tuple(self.origins))
            if selection.since_ms is not None:
                self.further.asked_from_ns = selection.since_ms * 1_000_000
            make = partial(self._doors.pods, selection)
        self._opening = Opening(make)
        return self._opening

    def close(self) -> None:
        """Stop following; returns at once, and nothing goes on."""
        if self._opening is not None:
            self._opening.close()

    def reveal(self, secrets: bool) -> None:
        """Show what is hidden in the lines that are here and in those that come, or hide it."""
        self.request = msgspec.structs.replace(self.request, redact=not secrets)
        self.ring.reveal(secrets)

    def take(self, budget_s: float) -> int:
        """Take what has come, as far as the time allows; return how many of the lines are shown."""
        follower = self.follower
        if follower is None:
            if self._opening is not None and self._opening.problem:
                self.status = FollowStatus(problems=(self._opening.problem,), ended=True)
                self.put_back()
            return 0
        end, new, old = time.perf_counter() + budget_s, 0, False
        self.caught_up = self.caught_up or (bool(len(self.ring)) and self._settled)
        while came := follower.take(TAKE_LINES - self.ring.end % BLOCK):  # whole blocks are quicker to keep
            old = old or came[0].at_ns <= self._here_ns
            lines = self._again.without(self._not_late(came))
            self.ring.extend(lines)
            self.further.begins.see(lines)
            self._last_came_s = time.monotonic()
            self.origins.extend(follower.origins[len(self.origins) :])
            new += self.shown.take_new()  # each bite at once: a filter that is slow takes its part of the time
            if time.perf_counter() > end:
                break
        self.origins.extend(follower.origins[len(self.origins) :])
        self.status = follower.status()
        if self._is_due_back(more=old or bool(came)):
            self.put_back()
        return new + self.shown.take_new()

    def _has_answered(self, *, more: bool) -> bool:
        """Say whether all has come that the source still has, as far as a short wait tells it."""
        now_s, status = time.monotonic(), self.status
        self._asked_s = self._asked_s or now_s
        has_come = status.listed and (len(self.ring) > 0 or not status.open)  # a slow server has streams open first
        answered = has_come or status.ended or now_s - self._asked_s > ANSWER_S
        if more or status.behind or not answered or not self._unsettled_s:
            self._unsettled_s = now_s
        return now_s - self._unsettled_s > SETTLED_S

    def _not_late(self, came: list[LogLine]) -> list[LogLine]:
        """Return of lines that have come what stands behind all others."""
        is_first = not len(self._late)
        lines, late = self._late.sift(came)
        if late:
            self.further.begins.see([line for line in late if line.kind == LineKind.MARK])
            self._latest_s = time.monotonic()
            self._late_s = self._latest_s if is_first else self._late_s
        return lines

    def _is_due_back(self, *, more: bool) -> bool:
        """Say whether what was here is to be put back, or what is late: that has come, or waits for too long."""
        if self._staying is not None:
            return self._has_answered(more=more)
        if not len(self._late):
            return False
        now_s = time.monotonic()
        settled = not self.status.behind and now_s - self._latest_s > SETTLED_S
        return settled or now_s - self._late_s > ANSWER_S

    def put_back(self) -> None:
        """Put what was here before in its place among what has come, or what is late."""
        if self._staying is not None:
            staying, self._staying = self._staying.where_followed(self.origins), None
            self._late.are_here(staying.lines)
            if (back := self._place(staying)) is not None:
                self._again = back.again
        elif len(self._late):
            self._place(self._late.taken_out(self.ring, self.origins))

    def _place(self, staying: Staying) -> Back | None:
        back = put_back(staying, self.ring, self.further, len(self.origins))
        if back is not None:
            self._back.append(back)
            self.placed += 1
        return back

    def set_in_order(self, at_ns: int | None = None) -> None:
        """Put lines that came behind younger ones in their places, where that matters, or around a moment."""
        if self.request.job:  # lines of a console have no times
            return
        if (back := set_in_order(self.ring, self.further, self._late.came, at_ns)) is not None:
            self._back.append(back)
            self.placed += 1

    def came_since(self, number: int, asking: Asking) -> bool:
        """Say whether a line has come since one was the next that is among those that are asked for."""
        ring, start = self.ring, max(number, self.ring.first)
        if not asking.timed:
            return False
        latest = max(asking.before, asking.latest)
        early = (at for at, at_ns in enumerate(ring.times(start, ring.end), start) if at_ns <= latest)
        return any((line := ring.kept(at)).at_ns <= asking.until(line.origin) for at in early)

    def are_fetched(self, lines: Sequence[LogLine]) -> None:
        """Take note of older lines that are here: of an origin of which none has come yet they may come, too."""
        self._late.are_here(lines)
        self.further.begins.are_here(lines)

    def came_back(self) -> Back | None:
        """Return, once, that lines have other numbers, as others were put back among them."""
        return self._back.pop() if self._back else None

    @property
    def _settled(self) -> bool:
        return not self.status.behind and time.monotonic() - self._last_came_s > SETTLED_S

    def aimed(self) -> int | None:
        """Return the line at the moment that was asked for, once, as soon as lines from there on are here."""
        if self._aim_ns is None or not len(self.ring):
            return None
        if self._staying is not None and self.ring.at_ns(self.ring.first) >= self._aim_ns:
            return None  # it may be among those that were here before
        aim_ns, last_ns = self._aim_ns, self.ring[self.ring.end - 1].at_ns
        if last_ns <= aim_ns and not self._settled:
            return None
        self._aim_ns = None
        self.set_in_order(aim_ns)
        return max(self.ring.first, self.ring.place_of_time(aim_ns) - 1) if last_ns > aim_ns else None

    # -- looking for something --------------------------------------------------------------------------------------

    def seek(self, wanted: Callable[[int], object], step: int, what: str, start: int) -> None:
        """Begin to look for a line from a place on, upwards with ``step`` -1; ``seek_on`` does it."""
        self.seeking = Seeking(wanted, step, start, what)

    def _within(self, number: int, seeking: Seeking) -> int:
        """Return the line that was found, or that of its folded trace, which is unfolded then."""
        inside = self.shown.folded_into(number)
        if not any(map(seeking.wanted, inside)):
            return number
        self.shown.unfold(number)
        return next(each for each in [number, *inside][:: seeking.step] if seeking.wanted(each))

    def seek_on(self, budget_s: float) -> Found | None:
        """Look on for a while; return how it has ended when it has."""
        seeking = self.seeking
        if seeking is None or not self.shown.complete:
            return None
        number, seeking.place = self.shown.seek(seeking.place, seeking.step, seeking.wanted, budget_s)
        if number is not None:
            self.seeking = None
            number = self._within(number, seeking)
            return Found(number, "Again from the other end." if seeking.turned else "")
        if 0 <= seeking.place < len(self.shown):
            return None
        if not seeking.turned and len(self.shown):
            seeking.turned = True
            seeking.place = 0 if seeking.step > 0 else len(self.shown) - 1
            return None
        self.seeking = None
        return Found(None, f"No line here has {seeking.what}; o asks further back.")
