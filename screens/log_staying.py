"""Lines that were here when a log was read anew: those that do not come again stay, each in its place.

What a run wrote that is over, or a pod that has gone, cannot be read again.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec

from collectors.log_lines import LineKind, LogLine, Origin
from screens.log_asking import Known, known_by
from screens.log_begins import Gap
from screens.log_folds import past_traces
from screens.log_further import FurtherBack, Sifted
from screens.log_ring import OF_ALL, LogRing

AT = attrgetter("at_ns")
Place = tuple[int, int]
"""(moment, origin)"""
_BEFORE, _AMONG, _BEHIND = range(3)  # of lines of one moment: what stays, what has come, what stays behind that


def moved(line: LogLine, origin: int) -> LogLine:
    """Return a line whose origin has another index."""
    if line.origin == origin:
        return line
    return LogLine(line.at_ns, origin, line.text, line.kind, line.cut_bytes, line.unhidden)


def in_order(
    some: Sequence[LogLine], others: Sequence[LogLine], of_moment: Mapping[int, int] | None = None
) -> list[LogLine]:
    """Return lines with others among them by their times; those of an origin keep their order in each of the two.

    ``of_moment`` says of a line by its id whether it stands before the others of its moment.
    """
    order, keys = of_moment or {}, list[tuple[int, int]]()
    for lines in (some, others):
        last = dict[int, tuple[int, int]]()
        for line in lines:
            key = line.at_ns, order.get(id(line), _AMONG)
            last[line.origin] = key = max(key, last.get(line.origin, key))
            keys.append(key)
    lines = [*some, *others]
    return [lines[at] for at in sorted(range(len(lines)), key=keys.__getitem__)]


class Staying(msgspec.Struct):
    """Lines that were here and are wanted still; ``origins`` are those that they are of, by index.

    ``gaps``: where lines are missing among them. ``lines_before``: how many had gone before the first one.
    ``sifted``: the stretch of which only some lines were asked for; ``sifted_end`` is its last line, which says so.
    ``aside`` are lines of the same time that are not known to be wanted, and are where their origin is followed.
    """

    origins: list[Origin]
    lines: list[LogLine]
    gaps: tuple[Gap, ...] = ()
    lines_before: int = 0
    sifted: Sifted | None = None
    sifted_end: LogLine | None = None
    aside: list[LogLine] = []
    aside_origins: list[Origin] = []

    @property
    def newest_ns(self) -> int:
        return max(map(AT, self.lines), default=0)

    def where_followed(self, origins: Sequence[Origin]) -> "Staying":
        """Return what stays where these are followed, the first of which are its own; the rest is forgotten."""
        known = len(self.origins)
        places = {origin: place for place, origin in enumerate(origins[known:], known)}
        of_these = {at: places[origin] for at, origin in enumerate(self.aside_origins) if origin in places}
        more = [moved(line, of_these[line.origin]) for line in self.aside if line.origin in of_these]
        lines = in_order(self.lines, more) if more else self.lines
        return msgspec.structs.replace(self, lines=lines, aside=[], aside_origins=[])


class Again:
    """Tells of lines whether they are here.

    A mark is known by its moment: of the same end there are several words. Where a log was said to begin, that is
    known by the line that follows.
    """

    def __init__(self, lines: Iterable[LogLine] = ()) -> None:
        self._lines, self._marks = Counter[Known](), set[tuple[int, int, int]]()
        self._places = set[Place]()
        self._newest_ns = -1
        for line in lines:
            self._newest_ns = max(self._newest_ns, line.at_ns)
            if line.kind == LineKind.LINE:
                self._lines[known_by(line)] += 1
                self._places.add((line.at_ns, line.origin))
            else:
                self._marks.add((line.at_ns, line.origin, line.kind))

    def is_here(self, line: LogLine) -> bool:
        """Say whether a line is here; each counts once."""
        if line.kind != LineKind.LINE:
            is_begin = line.kind == LineKind.CUT and (line.at_ns, line.origin) in self._places
            return is_begin or (line.at_ns, line.origin, line.kind) in self._marks
        known = known_by(line)
        if self._lines[known] <= 0:
            return False
        self._lines[known] -= 1
        return True

    def without(self, lines: list[LogLine]) -> list[LogLine]:
        """Return the lines that are not here."""
        newest_ns = self._newest_ns
        if newest_ns < 0 or all(line.at_ns > newest_ns for line in lines):
            return lines
        return [line for line in lines if line.at_ns > newest_ns or not self.is_here(line)]


class Back(msgspec.Struct):
    """What has stayed is among what has come: lines before ``before`` have other ``numbers`` than they had."""

    before: int
    numbers: dict[int, int]
    again: Again

    def now_at(self, number: int) -> int | None:
        """Return the number of a line that had one; None where it has gone."""
        return number if number >= self.before else self.numbers.get(number)


class _Times:
    """The moments of lines by origin, ascending."""

    def __init__(self, lines: Iterable[LogLine]) -> None:
        self._of: defaultdict[int, list[int]] = defaultdict(list)
        for line in lines:
            if line.kind == LineKind.LINE:
                self._of[line.origin].append(line.at_ns)
        for times in self._of.values():
            times.sort()

    def __contains__(self, place: Place) -> bool:
        return self.after(place) == place[0]

    def after(self, place: Place) -> int | None:
        """Return the first moment of an origin that is not before this one."""
        times = self._of.get(place[1], [])
        index = bisect_left(times, place[0])
        return times[index] if index < len(times) else None

    def before(self, place: Place) -> int:
        """Return the last moment of an origin before this one; 0 where there is none."""
        times = self._of.get(place[1], [])
        index = bisect_left(times, place[0])
        return times[index - 1] if index else 0


def put_back(staying: Staying, ring: LogRing, further: FurtherBack, origins: int) -> Back | None:
    """Put what has not come again among what has come; None where all of it has."""
    here = [ring.kept(number) for number in range(ring.first, ring.end)]
    stays = list(_not_again(staying.lines, Again(here)))
    joined = _joined(staying.lines, here, ring.first)
    lines_before = staying.lines_before if stays and _first(stays) is _first(staying.lines) else 0
    if here and ring.lines_before:  # lines that are younger than these had to go already
        had, stays = stays, [line for line in stays if line.at_ns >= here[0].at_ns]
        lines_before += _count(had) - _count(stays)
    if not stays and not joined:
        ring.lines_before += lines_before
        return None
    _tell_gaps(staying, here, stays, further, set(joined.values()), origins)
    return _merge(stays, staying, ring, further, set(joined), lines_before)


def _joined(lines: list[LogLine], here: list[LogLine], first: int) -> dict[int, Place]:
    """Return where a log is said to begin by a line that is here, though there is what is before it."""
    cuts = {(line.at_ns, line.origin) for line in lines if line.kind == LineKind.CUT}
    begins = {number: (line.at_ns, line.origin) for number, line in enumerate(here, first) if line.kind == LineKind.CUT}
    were = _Times(lines) if begins else _Times([])
    return {at: place for at, place in begins.items() if place in were and place not in cuts and were.before(place)}


def _first(lines: Iterable[LogLine]) -> LogLine | None:
    return next((line for line in lines if line.kind == LineKind.LINE), None)


def _merge(
    stays: list[LogLine], staying: Staying, ring: LogRing, further: FurtherBack, gone: set[int], lines_before: int
) -> Back:
    """Put lines among those of a ring, without some of these."""
    newest_ns = max(map(AT, stays), default=-1)
    numbers = range(ring.first, ring.end)
    # what comes late stands behind what is younger
    among_until = next((number for number in reversed(numbers) if ring.at_ns(number) <= newest_ns), ring.first - 1)
    before = past_traces(ring.traces, max([among_until, *gone]) + 1)
    among = {number: ring.kept(number) for number in range(ring.first, before) if number not in gone}
    order = _order(staying.lines, set(map(id, stays)))
    merged = in_order(stays, list(among.values()), order)
    had_gone = ring.lines_before
    ring.drop_before(before)
    count = ring.prepend(merged)
    ring.lines_before = had_gone + lines_before + _count(merged[: len(merged) - count])
    places = {id(line): ring.first + at for at, line in enumerate(merged[len(merged) - count :])}
    if staying.sifted is not None and (end := places.get(id(staying.sifted_end))) is not None:
        further.sift(msgspec.structs.replace(staying.sifted, end=end + 1))
    now_at = {number: places[id(line)] for number, line in among.items() if id(line) in places}
    return Back(before, now_at, Again(stays))


def _count(lines: Iterable[LogLine]) -> int:
    return sum(line.kind == LineKind.LINE for line in lines)


def _not_again(lines: list[LogLine], again: Again) -> Iterator[LogLine]:
    """Yield what has not come again, and what is said between those lines."""
    came = [again.is_here(line) for line in lines]
    before, after = _stays_beside(lines, came), _stays_beside(lines[::-1], came[::-1])[::-1]
    for line, is_again, stays_before, stays_after in zip(lines, came, before, after, strict=True):
        # where lines are missing between some that have come again, these have, too, or it is said anew
        if not is_again and (
            line.kind in (LineKind.LINE, LineKind.MARK)
            or stays_after
            or (line.kind == LineKind.SKIPPED and stays_before)
        ):
            yield line


def _order(lines: list[LogLine], stays: set[int]) -> dict[int, int]:
    """Say of lines that stay whether they stand behind those of the same moment that have come again.

    The end of a run is told with the moment of its last line.
    """
    last, order = dict[int, LogLine](), dict[int, int]()
    for line in lines:
        if id(line) in stays:
            before = last.get(line.origin)
            is_behind = before is not None and before.at_ns == line.at_ns and id(before) not in stays
            order[id(line)] = _BEHIND if is_behind else _BEFORE
        if line.kind == LineKind.LINE:
            last[line.origin] = line
    return order


def _stays_beside(lines: Sequence[LogLine], came: Sequence[bool]) -> list[bool]:
    """Say of each whether the line of its origin before it has not come again."""
    last, stays = dict[int, bool](), list[bool]()
    for line, is_again in zip(lines, came, strict=True):
        stays.append(last.get(line.origin, False))
        if line.kind == LineKind.LINE:
            last[line.origin] = last[OF_ALL] = not is_again
    return stays


def _tell_gaps(
    staying: Staying,
    here: list[LogLine],
    stays: list[LogLine],
    further: FurtherBack,
    joined: set[Place],
    origins: int,
) -> None:
    """Take note of where lines are missing now: what is here of an origin is not asked for."""
    were, left, came = _Times(staying.lines), _Times(stays), _Times(here if staying.gaps else ())
    known = further.begins.of(range(origins))
    gaps = [gap for gap in known if (gap.until_ns, gap.origin) not in joined]
    gaps = [_beyond(gap, left) for gap in gaps]
    for gap in staying.gaps:
        place = (gap.until_ns, gap.origin)
        if (begins := were.after(place)) is not None and (begins, gap.origin) in left:
            gaps.append(_beyond(gap, came))
    from_ns = further.asked_from_ns
    if from_ns is not None and any(left.before((from_ns, origin)) for origin in range(origins)):
        firsts = {line.origin: line.at_ns for line in reversed(here) if line.kind == LineKind.LINE}
        for origin in range(origins):
            first_ns = firsts.get(origin, 0)
            goes_on_ns = were.after((first_ns, origin))
            if goes_on_ns is None or goes_on_ns > first_ns > 0:
                gaps.append(_beyond(Gap(origin, from_ns), left))
        further.asked_from_ns = None
    further.begins.fill(known, gaps)


def _beyond(gap: Gap, left: _Times) -> Gap:
    """Return what is missing behind the last line that is here before it."""
    return msgspec.structs.replace(gap, after_ns=max(gap.after_ns, left.before((gap.until_ns, gap.origin))))
