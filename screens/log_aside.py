"""What of a log stays when it is read anew, and what is kept aside of it: the next view may want it again."""

from collections import Counter
from collections.abc import Sequence, Set

import msgspec

from collectors.log_lines import CUT_TEXT, LineKind, LogLine, Origin
from screens.log_begins import Gap
from screens.log_feed import LogFeed
from screens.log_request import LogRequest
from screens.log_ring import OF_ALL, LogRing
from screens.log_staying import Again, Staying, in_order, moved


class _Bounds(msgspec.Struct):
    """From when on lines were asked for when a time was chosen last: of some origins from a later moment on."""

    from_ns: int = 0
    begins: dict[Origin, int] = {}

    def has(self, line: LogLine, origins: Sequence[Origin]) -> bool:
        """Say whether a line was asked for."""
        begin_ns = self.begins.get(origins[line.origin]) if self.begins and line.origin != OF_ALL else None
        return line.at_ns >= (self.from_ns if begin_ns is None else begin_ns)

    def made(self, line: LogLine, origins: Sequence[Origin]) -> bool:
        """Say whether a line is no more than what says that older ones were not asked for."""
        is_begin = line.kind == LineKind.CUT and line.origin != OF_ALL
        return is_begin and self.begins.get(origins[line.origin]) == line.at_ns

    def with_cuts(self, lines: list[LogLine], origins: Sequence[Origin]) -> tuple[list[LogLine], list[Gap]]:
        """Return the lines, with it said where older ones were not asked for, and where that is."""
        told, cuts, left = list[LogLine](), list[Gap](), dict(self.begins)
        for line in lines:
            at_ns = left.pop(origins[line.origin], None) if left and line.origin != OF_ALL else None
            if at_ns is not None:
                told.append(LogLine(at_ns, line.origin, CUT_TEXT, LineKind.CUT))
                cuts.append(Gap(line.origin, at_ns))
            told.append(line)
        return told, cuts


class Aside:
    """The newest lines of one log that were here and are not wanted now."""

    def __init__(self, most_lines: int) -> None:
        self._most_lines = most_lines
        self._origins: list[Origin] = []
        self._ring = LogRing(most_lines)
        self._bounds = _Bounds()
        self._seen: dict[tuple[bool, bool], set[Origin]] = {}
        """What was here of only what fails, or of all; with init containers that are done, or without."""

    def part(self, feed: LogFeed, wanted: LogRequest, now_ms: int) -> Staying:
        """Return what of a feed and of what is aside stays for another request; the rest goes aside."""
        was, ring, sifted = feed.request, feed.ring, feed.further.sifted
        self._seen.setdefault((was.narrow is not None, was.init), set()).update(feed.origins)
        ring.release()
        origins = list(dict.fromkeys([*feed.origins, *self._origins]))
        here = [ring.kept(number) for number in range(ring.first, ring.end)]
        sifted_end = here[sifted.end - 1 - ring.first] if sifted is not None else None
        gaps = feed.further.begins.of(range(len(feed.origins)))
        lines_before = ring.lines_before + self._ring.lines_before
        chosen = {index for index, origin in enumerate(origins) if self._is_chosen(origin, wanted)} | {OF_ALL}
        joined = self._joined(here, origins)
        if (was.since_s, was.at_ms, was.tail) != (wanted.since_s, wanted.at_ms, wanted.tail):
            gaps = tuple(gap for gap in gaps if self._bounds.begins.get(origins[gap.origin]) != gap.until_ns)
            joined = [line for line in joined if not self._bounds.made(line, origins)]
            self._bounds = _bounds([line for line in joined if line.origin in chosen], origins, wanted, now_ms)
            lines, rest = self._split(joined, chosen, origins, set())
            lines, cuts = self._bounds.with_cuts(lines, origins)
            gaps = (*gaps, *cuts)
        else:  # all that is here has come since, or was asked for further back
            lines, rest = self._split(joined, chosen, origins, set(map(id, here)))
        used = sorted({line.origin for line in lines} - {OF_ALL} | {at for at in chosen if at < len(feed.origins)})
        places = {index: place for place, index in enumerate(used)} | {OF_ALL: OF_ALL}
        return Staying(
            origins=[origins[index] for index in used],
            lines=[moved(line, places[line.origin]) for line in lines],
            gaps=tuple(msgspec.structs.replace(gap, origin=places[gap.origin]) for gap in gaps if gap.origin in places),
            lines_before=lines_before,
            sifted=sifted,
            sifted_end=sifted_end,
            aside=[line for line in rest if line.origin != OF_ALL and origins[line.origin].previous == wanted.previous],
            aside_origins=origins,
        )

    def _split(
        self, lines: list[LogLine], chosen: Set[int], origins: list[Origin], in_time: Set[int]
    ) -> tuple[list[LogLine], list[LogLine]]:
        """Return the lines that stay, and those of the same time that go aside, as all do that do not stay."""
        stay, others, rest = list[LogLine](), list[LogLine](), list[LogLine]()
        for line in lines:
            is_in_time = id(line) in in_time or self._bounds.has(line, origins)
            is_chosen = line.origin in chosen
            if is_in_time:
                (stay if is_chosen else others).append(line)
            if not (is_in_time and is_chosen) or line.origin == OF_ALL:  # what is missing of all may be of the rest
                rest.append(line)
        self._origins, self._ring = origins, LogRing(self._most_lines)
        self._ring.extend(rest)
        return stay, others

    def _joined(self, here: list[LogLine], origins: Sequence[Origin]) -> list[LogLine]:
        """Return what is here with what is aside, in the order of times."""
        ring = self._ring
        if not len(ring):
            return here
        again, index = Again(here), {origin: at for at, origin in enumerate(origins)}
        places = {at: index[origin] for at, origin in enumerate(self._origins)} | {OF_ALL: OF_ALL}
        aside = (ring.kept(number) for number in range(ring.first, ring.end))
        lines = (moved(line, places[line.origin]) for line in aside)
        return in_order([line for line in lines if not again.is_here(line)], here)

    def _is_chosen(self, origin: Origin, wanted: LogRequest) -> bool:
        """Say whether a request is for what an origin has written, as far as that is told without its pod."""
        if origin.previous != wanted.previous:
            return False
        if origin.init and not wanted.init and not self._was_seen(origin, 1, False):
            return False
        failing = wanted.narrow
        if failing is None or self._was_seen(origin, 0, True):
            return True
        area = (origin.cluster, origin.namespace)
        # what only has a name like that may serve: where it is followed all the same, it stays, too
        is_named = any((each.cluster, each.namespace) == area and origin.pod in each.pods for each in failing.targets)
        return is_named and (not failing.containers or origin.container in failing.containers)

    def _was_seen(self, origin: Origin, at: int, state: bool) -> bool:
        return any(origin in some for states, some in self._seen.items() if states[at] is state)


def _bounds(lines: list[LogLine], origins: Sequence[Origin], wanted: LogRequest, now_ms: int) -> _Bounds:
    """Return which of some lines a request asks for by its time."""
    selection, begins = wanted.selection(now_ms), dict[int, int]()
    counts = Counter[int]()
    for line in reversed(lines) if selection.tail is not None else ():
        if line.kind == LineKind.LINE:
            counts[line.origin] += 1
            if counts[line.origin] == selection.tail:
                begins[line.origin] = line.at_ns
    more = {origins[at]: at_ns for at, at_ns in begins.items() if counts[at] > (selection.tail or 0)}
    return _Bounds((selection.since_ms or 0) * 1_000_000, more)
