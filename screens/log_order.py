"""The order of a log's lines: those of a source that was slow to answer have come behind others that are younger.

They stay where they came until a place among the lines is looked for by its time: then each goes to its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from itertools import accumulate

from collectors.log_lines import CUT_TEXT, LineKind, LogLine
from screens.log_begins import Gap
from screens.log_further import CLOCKS_NS, FurtherBack
from screens.log_ring import OF_ALL, LogRing
from screens.log_staying import Again, Back, in_order


def set_in_order(ring: LogRing, further: FurtherBack, came: Collection[int], at_ns: int | None = None) -> Back | None:
    """Put the lines in the order of their times where that matters, those of an origin in that of their arrival.

    It matters where the log begins, where lines are missing, and at ``at_ns``: elsewhere the clocks of nodes differ
    anyway. None where nothing has moved. ``came``: the origins of which lines have come.
    """
    if not len(ring):
        return None
    first_ns, sifted = ring.at_ns(ring.first), further.sifted
    moments = {gap.until_ns for gap in further.begins.of(came)}
    moments |= {at_ns} if at_ns is not None else set()
    moments |= {sifted.before} if sifted is not None else set()
    # where younger lines had to go before older ones, the moment of the first one does not tell what is missing
    if ring.newest_gone_ns <= first_ns + CLOCKS_NS and not _is_out_of_order(ring, sorted(moments)):
        return None
    first, gaps = ring.kept(ring.first), list[Gap]()
    is_begin_of_all = first.kind == LineKind.CUT and first.origin == OF_ALL
    if _has_lost(ring) or sifted is not None or is_begin_of_all:
        gaps = _missing(ring, further, came, first_ns)
    lines = {number: ring.kept(number) for number in range(ring.first + is_begin_of_all, ring.end)}
    return _in_order(ring, further, lines, gaps)


def _in_order(ring: LogRing, further: FurtherBack, lines: dict[int, LogLine], gaps: list[Gap]) -> Back:
    """Put lines into a ring anew, which has those numbers, and say where the gaps are."""
    begins = [LogLine(gap.until_ns, gap.origin, CUT_TEXT, LineKind.CUT) for gap in gaps]
    merged = in_order(begins, list(lines.values()))
    sifted, end, had_gone = further.sifted, ring.end, ring.lines_before
    ring.drop_before(end)
    had_no_room = merged[: len(merged) - ring.prepend(merged)]
    ring.lines_before = had_gone + sum(line.kind == LineKind.LINE for line in had_no_room)
    ring.newest_gone_ns = 0  # the gaps tell that
    if had_no_room:
        further.begins.gone_before(max(line.at_ns for line in had_no_room))
    places = {id(line): ring.first + at for at, line in enumerate(merged[len(had_no_room) :])}
    numbers = {number: places[id(line)] for number, line in lines.items() if id(line) in places}
    if sifted is not None:
        further.sift_until(numbers.get(sifted.end - 1, ring.first - 1) + 1)
    return Back(end, numbers, Again())


def _has_lost(ring: LogRing) -> bool:
    """Say whether anything had to go that stood before the first line."""
    return ring.lines_before > 0 or ring.newest_gone_ns > 0


def _is_out_of_order(ring: LogRing, moments: list[int]) -> bool:
    """Say whether a line stands on the wrong side of one of some moments, or apart from the others of it.

    What belongs before what is here may be late by as much as clocks differ.
    """
    begin_ns = max(ring.at_ns(ring.first), ring.newest_gone_ns)
    times = ring.times(ring.first, ring.end)
    newest = list(accumulate(times, max))
    if newest == times:
        return False
    return any(
        (at_ns <= begin_ns and before_ns > at_ns + CLOCKS_NS)
        or bisect_left(moments, at_ns) < bisect_right(moments, before_ns)
        for at_ns, before_ns in zip(times, newest, strict=True)
        if at_ns < before_ns
    )


def _missing(ring: LogRing, further: FurtherBack, came: Collection[int], first_ns: int) -> list[Gap]:
    """Take note of what is missing before the first line of each origin, and return what was not told yet.

    Lines of some origin have come late, and are to stand before the first one: what is missing before that was told
    of all origins by its moment, and has to be told of each from then on.
    """
    firsts = dict[int, int]()
    for at in range(ring.end - 1, ring.first - 1, -1):
        if (line := ring.kept(at)).kind == LineKind.LINE:
            firsts[line.origin] = at
    marks, gaps, found = further.begins.marks(), further.begins.of(came), list[Gap]()
    for origin in sorted(came):
        of_it = [gap for gap in gaps if gap.origin == origin]
        if origin in firsts:
            until_ns = ring.at_ns(firsts[origin])
        else:
            until_ns = max([first_ns, ring.newest_gone_ns, *(gap.until_ns for gap in of_it)])
        begins = [gap for gap in of_it if gap.until_ns <= until_ns]
        place = firsts.get(origin, ring.first)
        is_told = any(marks.get((gap.until_ns, origin), ring.end) < place for gap in begins)
        is_late = until_ns < first_ns
        if not is_told and (_has_lost(ring) or not (begins or is_late)):
            after_ns = max((gap.after_ns for gap in begins), default=0)
            found.append(Gap(origin, until_ns, min(after_ns, until_ns)))
            further.begins.fill(begins, ())
    further.begins.fill((), found)
    return found
