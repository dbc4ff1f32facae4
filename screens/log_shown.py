"""Which lines of a ring are shown, in order; found in slices, the newest first, so that no key waits for all of it."""

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from collectors.log_lines import LineKind, Origin
from screens.log_filter import Filters, Pattern
from screens.log_ring import LogRing

SLICE = 64  # so few that even the longest lines of a log are looked through before a key has waited long
SOUGHT_AT_ONCE = 16
COMPACT = 8192


class Shown:
    """Numbers of the lines that the filters let through; two arrays that grow away from each other."""

    def __init__(self, ring: LogRing, origins: Sequence[Origin]) -> None:
        """``origins`` may grow."""
        self.ring, self._origins = ring, origins
        self.filters = Filters()
        self.folded = True
        self.opened: set[int] = set()  # heads of traces that are not folded though the others are
        self._older = array("q")  # descending: what was found below where the search began
        self._newer = array("q")
        self._gone = 0  # entries at the beginning of ``_newer`` that have left the ring
        self._down = self._up = ring.first
        self._began = ring.first  # from here on what is shown is in ``_newer``
        self._of_origin: dict[int, bool] = {}

    def show(self, filters: Filters, *, folded: bool) -> None:
        """Begin anew with other filters; ``work`` finds what they let through."""
        self.filters, self.folded = filters, folded
        self._older, self._newer, self._gone = array("q"), array("q"), 0
        self._down = self._up = self._began = self.ring.end
        self._of_origin.clear()

    def take_new(self) -> int:
        """Look at the lines that have come; return how many of them are shown."""
        before, end = len(self._newer), self.ring.end
        self._up = max(self._up, self.ring.first)
        if not self.filters.any and not self.opened:
            self._newer.extend(self.ring.heads(self._up, end) if self.folded else range(self._up, end))
        else:
            self._newer.extend(self._let_through(self._up, end))
        self._up = end
        new = len(self._newer) - before
        self.forget_gone()
        return new

    @property
    def complete(self) -> bool:
        """Whether all lines of the ring have been looked at."""
        return self._down <= self.ring.first

    def work(self, budget_s: float) -> bool:
        """Look at older lines for a while; return whether all are done."""
        end = time.perf_counter() + budget_s
        while not self.complete:
            low = max(self.ring.first, self._down - SLICE)
            self._older.extend(reversed(self._let_through(low, self._down)))
            self._down = low
            if time.perf_counter() > end:
                break
        return self.complete

    def _let_through(self, start: int, end: int) -> list[int]:
        """Return the lines of a stretch that are to be shown: as ``lets_through`` says, only quicker."""
        filters = self.filters
        if filters.grave or filters.pod or filters.container:
            return [number for number in range(start, end) if self.lets_through(number)]
        found = list[int]()
        for first, texts, special in self.ring.runs(start, end):
            ordinary = filters.those_of(texts, first)
            if special:
                ordinary = [number for number in ordinary if number not in special]
                ordinary += [number for number in special if self.lets_through(number)]
                ordinary.sort()
            found += ordinary
        return found

    def lets_through(self, number: int, *, unfolded: bool = False) -> bool:
        """Say whether a line is to be shown; ``unfolded``: as if no stack trace were folded."""
        line, filters = self.ring[number], self.filters
        if (filters.pod or filters.container) and not self._is_of(line.origin):
            return False
        if line.kind != LineKind.LINE:
            return True
        head = self.ring.head(number)
        if head == number:
            return self._passes(number, line.text)
        whole = self._passes(number, line.text, self.ring[head].text, head)
        if self.folded and head not in self.opened and whole and not unfolded:
            # The line that begins the trace stands for it, unless the filters leave that one out.
            return not self._passes(head, self.ring[head].text)
        return whole

    def folded_into(self, head: int) -> list[int]:
        """Return the lines that a line which is shown stands for: those of its stack trace, where that is folded."""
        if not self.folded or head in self.opened or head not in self.ring.traces:
            return []
        return [number for number in self.ring.trace_of(head) if self.lets_through(number, unfolded=True)]

    def with_traces(self, numbers: Iterable[int]) -> list[int]:
        """Return lines that are shown, and those that they stand for."""
        shown = list(numbers)
        return sorted([*shown, *(each for number in shown for each in self.folded_into(number))])

    def unfold(self, head: int) -> None:
        """Show the lines of a stack trace in their places, all else as it is."""
        inside = [number for number in self.folded_into(head) if number < self._up]
        self.opened.add(head)
        older, newer = self._older, self._newer
        if low := [number for number in inside if number < self._began]:
            start, end = _not_below(older, low[-1]), _not_below(older, low[0])
            older[start:end] = array("q", sorted({*older[start:end], *low}, reverse=True))
        if high := [number for number in inside if number >= self._began]:
            start, end = (bisect_left(newer, number, self._gone) for number in (high[0], high[-1]))
            newer[start:end] = array("q", sorted({*newer[start:end], *high}))

    def _passes(self, number: int, text: str, head_text: str = "", head: int | None = None) -> bool:
        filters = self.filters
        if filters.grave and not self.ring.gravity(number) and (head is None or not self.ring.gravity(head)):
            return False
        if (
            filters.includes
            and not filters.includes_text(text)
            and not (head_text and filters.includes_text(head_text))
        ):
            return False
        return not filters.excludes or not (filters.excludes_text(text) or filters.excludes_text(head_text))

    def _is_of(self, origin: int) -> bool:
        known = self._of_origin.get(origin)
        if known is None:
            if origin >= len(self._origins):
                return True
            known = self.filters.are_of(self._origins[origin])
            self._of_origin[origin] = known
        return known

    def forget_gone(self) -> None:
        """Let go the numbers of lines that have left the ring."""
        first = self.ring.first
        if self._older and self._older[-1] < first:
            del self._older[_not_below(self._older, first) :]
        self._down = max(self._down, first)
        self._gone = bisect_left(self._newer, first, self._gone)
        if self._gone > COMPACT:
            del self._newer[: self._gone]
            self._gone = 0

    # -- by place ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._older) + len(self._newer) - self._gone

    def __getitem__(self, place: int) -> int:
        """Return the number of the line at a place, counted from the oldest."""
        older = len(self._older)
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._older[older - 1 - place] if place < older else self._newer[place - older + self._gone]

    def place(self, number: int) -> int:
        """Return the place of a line; of one that is not shown, the place of the next that is."""
        older = len(self._older)
        if older and number <= self._older[0]:
            return older - _not_below(self._older, number)
        return older + bisect_left(self._newer, number, self._gone) - self._gone

    def seek(self, start: int, step: int, wanted: Callable[[int], object], budget_s: float) -> tuple[int | None, int]:
        """Look from a place on for a line that is wanted; return its number, and the place to go on from.

        The place is -1 or ``len`` when there is none as far as that.
        """
        end, place = time.perf_counter() + budget_s, start
        while 0 <= place < len(self):
            number = self[place]
            if wanted(number):
                return number, place
            place += step
            if not place % SOUGHT_AT_ONCE and time.perf_counter() > end:
                break
        return None, place

    def finder(self, pattern: Pattern) -> Callable[[int], object]:
        """Return what says whether a line holds a pattern, or one that it stands for."""

        def found(number: int) -> bool:
            return any(pattern.shown_in(self.ring[each].text) for each in (number, *self.folded_into(number)))

        return found


def _not_below(descending: Sequence[int], number: int) -> int:
    """Return how many numbers of a descending row are not below a number."""
    low, high = 0, len(descending)
    while low < high:
        middle = (low + high) // 2
        if descending[middle] >= number:
            low = middle + 1
        else:
            high = middle
    return low
