"""The order of a log's lines: those of a source that was slow to answer have come behind others that are younger.

They stay where they came until a place among the lines is looked for by its time: then each goes to its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from itertools import accumulate

from collectors.log_lines import CUT_TEXT, LineKind, LogLine
from screens.log_begins import Gap
from screens.log_further import FurtherBack
from screens.log_ring import OF_ALL, LogRing
from screens.log_staying import Again, Back, in_order


def set_in_order(ring: LogRing, further: FurtherBack, came: Collection[int], at_ns: int | None = None) -> Back | None:
    """Put the lines in the order of their times where that matters, those of an origin in that of their arrival.

    It matters where the log begins, where lines are missing, and at ``at_ns``: elsewhere the clocks of nodes differ
    anyway. None where nothing has moved. ``came``: the origins of which lines have come.
    """
    if not len(ring):
        return None
    first_ns = ring.at_ns(ring.first)
    moments = {first_ns, *(gap.until_ns for gap in further.begins.of(came))} | ({at_ns} if at_ns is not None else set())
    is_uneven = ring.newest_gone_ns > first_ns
    before = ring.end if is_uneven else _until(ring, sorted(moments))
    if before is None:
        return None
    begins, sifted, first = list[LogLine](), further.sifted, ring.kept(ring.first)
    is_all_cut = first.kind == LineKind.CUT and first.origin == OF_ALL
    if ring.lines_before or sifted is not None or is_all_cut:
        begins, before = _tell_gaps(ring, further, came, first_ns), ring.end
    among = {number: ring.kept(number) for number in range(ring.first, before)}
    ring.newest_gone_ns = 0
    if is_all_cut:
        del among[ring.first]
    merged = in_order(begins, list(among.values()))
    had_gone = ring.lines_before
    ring.drop_before(before)
    gone = merged[: len(merged) - ring.prepend(merged)]
    ring.lines_before = had_gone + sum(line.kind == LineKind.LINE for line in gone)
    if gone:
        further.begins.gone_before(max(line.at_ns for line in gone))
    places = {id(line): ring.first + at for at, line in enumerate(merged[len(gone) :])}
    if sifted is not None and (end := among.get(sifted.end - 1)) is not None and id(end) in places:
        further.sift_until(places[id(end)] + 1)
    return Back(before, {number: places[id(line)] for number, line in among.items() if id(line) in places}, Again())


def _until(ring: LogRing, moments: list[int]) -> int | None:
    """Return the number behind the last line that stands on the wrong side of a moment, or apart from others of it.

    None where there is none.
    """
    times = ring.times(ring.first, ring.end)
    newest = list(accumulate(times, max))
    for at in range(len(times) - 1, 0, -1):
        if times[at] < newest[at] and bisect_left(moments, times[at]) < bisect_right(moments, newest[at]):
            return ring.first + at + 1
    return None


def _tell_gaps(ring: LogRing, further: FurtherBack, came: Collection[int], first_ns: int) -> list[LogLine]:
    """Take note of which lines from before the first one are missing, and return what says so.

    Those of some origin have come late, and stand before it: from then on, this has to be said of each of the others.
    """
    firsts = dict[int, int]()
    for at in range(ring.end - 1, ring.first - 1, -1):
        if (line := ring.kept(at)).kind == LineKind.LINE:
            firsts[line.origin] = at
    marks, gaps, told = further.begins.marks(), further.begins.of(came), list[Gap]()
    for origin in sorted(came):
        until_ns = ring.at_ns(firsts[origin]) if origin in firsts else max(first_ns, ring.newest_gone_ns)
        begins = [gap for gap in gaps if gap.origin == origin and gap.until_ns <= until_ns]
        place = firsts.get(origin, ring.first)
        is_told = any(marks.get((gap.until_ns, origin), ring.end) < place for gap in begins)
        if is_told or (not ring.lines_before and (begins or until_ns < first_ns)):
            continue
        told.append(Gap(origin, until_ns))
        further.begins.fill(begins, ())
    further.begins.fill((), told)
    return [LogLine(gap.until_ns, gap.origin, CUT_TEXT, LineKind.CUT) for gap in told]
