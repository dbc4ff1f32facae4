"""Lines from further back: what was asked for, and what is missing among them where a filter was asked with."""

import heapq
from collections import Counter
from collections.abc import Sequence
from functools import partial
from operator import attrgetter

import msgspec

from collectors.log_lines import CUT_TEXT, LineKind, LogLine, Origin
from screens.log_asking import Asking, Known, Older, known_by
from screens.log_begins import Beginnings, Gap
from screens.log_filter import Filters
from screens.log_folds import past_traces
from screens.log_ring import OF_ALL, LogRing
from screens.log_shown import Shown

CLOCKS_NS = 1_000_000_000  # lines of several origins come in the order of their times but for so much


class Sifted(msgspec.Struct, frozen=True):
    """The oldest stretch of a ring where only lines are that some filters look for: up to the line ``end``.

    ``before`` is what the source was asked with: a moment (ns of UTC), or of a console how many lines.
    ``revealed``: they were looked for in what is hidden too.
    """

    before: int
    end: int
    filters: Filters
    revealed: bool

    def is_of(self, filters: Filters, revealed: bool) -> bool:
        """Say whether just these filters look for them."""
        return self.filters == filters and self._is_as(revealed)

    def _is_as(self, revealed: bool) -> bool:
        return self.revealed is revealed or not self.filters.includes

    def covers(self, filters: Filters, revealed: bool) -> bool:
        """Say whether all lines are there that these filters let through."""
        asked = self.filters
        return (
            self._is_as(revealed)
            and set(asked.includes) <= set(filters.includes)
            and asked.cluster in ("", filters.cluster)
            and asked.namespace in ("", filters.namespace)
            and asked.pod in ("", filters.pod)
            and asked.container in ("", filters.container)
        )

    @property
    def words(self) -> str:
        """What was looked for: ``with ready and GET of app``."""
        asked = self.filters
        sought = f" with {' and '.join(pattern.words for pattern in asked.includes)}" if asked.includes else ""
        names = " ".join(asked.names)
        return f"only lines{sought}{f' of {names}' if names else ''} are here"


class Placed(msgspec.Struct, frozen=True):
    """Where older lines stand now: how many, the number of the last, and what had no room.

    ``renumbered_before``: what stands before that line has other numbers than before, its ``numbers``.
    """

    count: int = 0
    last: int | None = None
    renumbered_before: int | None = None
    numbers: dict[int, int] = {}
    left: int = 0


class FurtherBack:
    """Asks for older lines and puts them into the ring, so that it is known which stretch has holes."""

    def __init__(self, ring: LogRing, shown: Shown, origins: Sequence[Origin], *, timed: bool) -> None:
        """``timed``: lines have times; those of a console have none and are counted. ``origins`` may grow."""
        self._ring, self._shown, self._origins, self._timed = ring, shown, origins, timed
        self._sifted: Sifted | None = None
        self.begins = Beginnings(ring)
        self.asked_from_ns: int | None = None
        """Only lines from that moment on were asked for; None: others too."""

    @property
    def sifted(self) -> Sifted | None:
        """The stretch that has holes, as long as any of it is here."""
        if self._sifted is not None and self._ring.first >= self._sifted.end:
            self._sifted = None
        return self._sifted

    def sift(self, sifted: Sifted) -> None:
        """Take note of a stretch that has holes."""
        self._sifted = sifted

    def sift_until(self, end: int) -> None:
        """Take note of where that stretch ends now."""
        if self._sifted is not None:
            self._sifted = msgspec.structs.replace(self._sifted, end=end)

    def _wanted(self, filters: Filters) -> tuple[int, ...]:
        return tuple(index for index, origin in enumerate(self._origins) if filters.are_of(origin))

    def latest_begin(self, filters: Filters) -> tuple[int, int] | None:
        """Return the origin that the filters let through whose lines begin last, and when (ns); None: all are here.

        Only from that moment on are all lines here, as far back as the first one.
        """
        gaps = self.begins.of(self._wanted(filters))
        latest = max(gaps, key=attrgetter("until_ns"), default=None)
        if latest is None or latest.until_ns <= self._ring.at_ns(self._ring.first):
            return None
        return latest.origin, latest.until_ns

    def holds(self, at_ns: int, filters: Filters) -> bool:
        """Say whether the lines around a moment are all here that the filters let through."""
        ring, latest, sifted = self._ring, self.latest_begin(filters), self.sifted
        if not len(ring) or not 0 < ring.at_ns(ring.first) <= at_ns or (latest is not None and at_ns < latest[1]):
            return False
        place = ring.place_of_time(at_ns)
        if sifted is not None and place <= sifted.end:
            return place == sifted.end or sifted.covers(filters, ring.revealed)
        if place == ring.end and ring.missed:
            return False
        return place == ring.first or ring[place - 1].kind != LineKind.SKIPPED

    def asking(self, filters: Filters, now_ns: int) -> Asking:
        """Return what to ask for: all that is missing before what is here, of a stretch with other holes all of it."""
        asked = msgspec.structs.replace(filters, excludes=(), grave=False)
        sifted, ring, wanted = self.sifted, self._ring, self._wanted(filters)
        is_other = sifted is not None and not sifted.is_of(asked, ring.revealed)
        if not self._timed:
            make = partial(Asking, filters=asked, wanted=wanted, timed=False, revealed=ring.revealed)
            if sifted is None:
                return make(ring.lines_before)
            if is_other:
                return make(sifted.before, instead_of=sifted.end)
            return make(sifted.before, known=sifted.end - ring.first - 1)
        gaps, before, low, end = self.begins.of(wanted), now_ns, ring.first, None
        if sifted is not None and is_other:
            before, low, end = sifted.before, sifted.end, sifted.end
            gaps = tuple(gap for gap in gaps if gap.until_ns > before)
        elif len(ring):
            before = max(ring.at_ns(ring.first), ring.newest_gone_ns)
        edge = self._edge({gap.until_ns for gap in gaps}, low, before)
        return Asking(before, asked, instead_of=end, wanted=wanted, gaps=gaps, edge=edge, revealed=ring.revealed)

    def _edge(self, moments: set[int], low: int, before: int) -> Counter[Known]:
        """Return the lines that are here from a line on: those of some moments, and those up to ``before``."""
        ring, numbers = self._ring, set[int]()
        for at_ns in moments:
            number = max(low, ring.place_of_time(at_ns))
            while number < ring.end and ring.at_ns(number) == at_ns:
                numbers.add(number)
                number += 1
        number = low
        while number < ring.end and ring.at_ns(number) <= before + CLOCKS_NS:
            if ring.at_ns(number) <= before:
                numbers.add(number)
            number += 1
        lines = (ring[number] for number in sorted(numbers))
        return Counter(known_by(line) for line in lines if line.kind == LineKind.LINE)

    def put(self, asking: Asking, older: Older, told: str) -> Placed:
        """Put older lines where they belong, and ``told`` behind those that are not all."""
        ring, lines, sifted = self._ring, older.lines, self.sifted
        if not lines and asking.instead_of is not None:  # what is here of them cannot be had any more
            self.note(older, asking)
            return Placed()
        marks = self._marks(asking, older)
        until = self._end_of_place(asking, older, marks)
        low = self._low(asking)
        were = {known_by(ring.kept(number)): number for number in range(ring.first, low)}  # these come again
        among = self._lift(asking, older, until, marks) if until is not None else {}
        # neither of the two is put in another order: within an origin it is that of arrival
        merged = list(heapq.merge(lines, among.values(), key=attrgetter("at_ns"))) if among else list(lines)
        self.note(older, asking)
        _mark(merged, older)
        if asking.filters.any and (sifted is None or asking.instead_of is not None):
            before = asking.latest
            self._sifted = Sifted(before, ring.first, asking.filters, asking.revealed)
            merged.append(LogLine(before if self._timed else 0, OF_ALL, told, LineKind.SKIPPED))
        elif asking.instead_of is not None:
            self._sifted = None
        had_no_room = len(merged) - ring.prepend(merged)
        if had_no_room:
            self.begins.gone_before(max(line.at_ns for line in merged[:had_no_room]))
        ring.newest_gone_ns = 0  # all up to there was asked for
        places = {id(line): ring.first + at for at, line in enumerate(merged[had_no_room:])}
        numbers = {number: places[id(line)] for number, line in among.items() if id(line) in places}
        again = ((were.get(known_by(line)), places.get(id(line))) for line in lines if were)
        numbers |= {number: place for number, place in again if number is not None and place is not None}
        if sifted is self._sifted and sifted is not None and sifted.end - 1 in among:
            self.sift_until(numbers.get(sifted.end - 1, ring.first - 1) + 1)
        new = [places[id(line)] for line in lines if id(line) in places]
        return Placed(len(new), max(new, default=None), until, numbers, len(lines) - len(new))

    def _marks(self, asking: Asking, older: Older) -> set[int]:
        """Return the lines that say that there are older ones, where these have come, or there are none."""
        low = self._low(asking)
        is_begin = low in self._ring and self._ring[low].kind == LineKind.CUT and self._ring[low].origin == OF_ALL
        read = (*older.filled, *older.empty, *self._read_anew(asking, older))
        return self.begins.marks_of(read) | ({low} if is_begin else set())

    def _read_anew(self, asking: Asking, older: Older) -> list[Gap]:
        """Return the gaps that there are not any more where all up to a moment was read anew."""
        if asking.instead_of is None:
            return []
        read = set(asking.wanted) - older.unasked
        return [gap for gap in self.begins.all if gap.origin in read and gap.until_ns <= asking.before]

    def _low(self, asking: Asking) -> int:
        return self._ring.first if asking.instead_of is None else asking.instead_of

    def _end_of_place(self, asking: Asking, older: Older, marks: set[int]) -> int | None:
        """Return the line behind those among which older ones are to be put; None: they come before all of them."""
        ends = [self._ring.place_of_time(gap.until_ns) for gap in older.filled] + [number + 1 for number in marks]
        if not ends and asking.instead_of is None:
            return None
        return past_traces(self._ring.traces, max([self._low(asking), *ends]))

    def _lift(self, asking: Asking, older: Older, until: int, marks: set[int]) -> dict[int, LogLine]:
        """Take out the lines before one, and return by their numbers those that go there again."""
        ring = self._ring
        among = {number: ring.kept(number) for number in range(self._low(asking), until) if number not in marks}
        ring.drop_before(until)
        self._shown.forget_gone()
        if asking.instead_of is not None:
            self.begins.fill(self._read_anew(asking, older), ())
            self.begins.gone_before(asking.before)
        return among

    def note(self, older: Older, asking: Asking) -> None:
        """Take note of where lines are missing now."""
        if not older.unasked:
            self.asked_from_ns = None
        begun = {gap.origin for gap in self.begins.all if gap.after_ns < asking.before}
        unread = [Gap(origin, asking.before) for origin in sorted(older.unasked - begun)] if older.lines else []
        self.begins.fill((*older.filled, *older.empty), (*older.left, *unread))


def _mark(merged: list[LogLine], older: Older) -> None:
    """Say among lines where older ones are still missing."""
    for gap in older.left:
        begins = (at for at, line in enumerate(merged) if line.origin == gap.origin and line.at_ns >= gap.until_ns)
        first = next(begins, len(merged))
        merged.insert(first, LogLine(gap.until_ns, gap.origin, CUT_TEXT, LineKind.CUT))
    if older.more:
        merged.insert(0, LogLine(merged[0].at_ns, OF_ALL, "older lines are not here", LineKind.CUT))
