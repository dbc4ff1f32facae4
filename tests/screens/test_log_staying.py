"""Lines put back among those that have come: none twice, none lost, each where it stood; what is asked then."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.log_lines import CUT_TEXT, LineKind
from screens.log_begins import Gap
from screens.log_filter import Filters
from screens.log_further import FurtherBack
from screens.log_ring import OF_ALL, LogRing
from screens.log_shown import Shown
from screens.log_staying import Staying, put_back
from tests.screens.log_hand import ORIGINS, line


def cut(at_s, origin=1):
    return line(CUT_TEXT, at_s, origin, LineKind.CUT)


def read_anew(stood, came, most=1000, **staying):
    """Return what is there after lines stood and others came; a third value tells what has moved."""
    ring = LogRing(most)
    further = FurtherBack(ring, Shown(ring, ORIGINS), ORIGINS, timed=True)
    for some in came:
        ring.extend([some])
        further.begins.see([some])
    further.asked_from_ns = staying.pop("asked_from_ns", None)
    back = put_back(Staying(list(ORIGINS), stood, **staying), ring, further, len(ORIGINS))
    return [ring[number] for number in range(ring.first, ring.end)], further, back


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=30), st.lists(st.booleans(), min_size=30))
def test_whatever_comes_again_all_lines_are_there_once_in_their_order(places, again):
    every = [line(f"line {n}", at_s, origin) for n, (at_s, origin) in enumerate(sorted(places))]
    came = [each for each, is_again in zip(every, again, strict=False) if is_again] + [line("new", 9)]
    there, _, back = read_anew(every, came)
    assert [each.at_ns for each in there] == sorted(each.at_ns for each in there)
    assert sorted(each.text for each in there) == sorted(each.text for each in [*every, came[-1]])
    first = len(came) - len(there)
    assert back is None or all(there[at - first] == came[was] for was, at in back.numbers.items())


def test_the_end_of_a_run_stays_behind_its_last_line_that_comes_again():
    stood = [line("x", 1), line("ended: exit 1", 1, 1, LineKind.MARK)]
    assert read_anew(stood, stood[:1])[0] == stood
    told = replace(stood[1], text="restarted: exit 1")
    assert read_anew(stood, [stood[0], told])[0] == [stood[0], told], "of one end one thing is said"


def test_a_beginning_before_which_lines_are_here_is_none_and_is_not_asked_for():
    some = [line(f"line {n}", n) for n in range(10)]
    there, further, _ = read_anew(some, [cut(5), *some[5:]])
    assert there == some and not further.begins.of((1,))
    there, further, _ = read_anew([cut(2), *some[2:]], [cut(5), *some[5:]])
    assert there == [cut(2), *some[2:]]


def test_only_what_is_missing_between_what_is_here_is_asked_for():
    some = [line(f"line {n}", n) for n in range(10)]
    there, further, _ = read_anew([cut(1), *some[1:4]], [cut(7), *some[7:]], gaps=(Gap(1, some[1].at_ns),))
    assert there == [cut(1), *some[1:4], cut(7), *some[7:]]
    asking = further.asking(Filters(), 0)
    assert set(asking.gaps) == {Gap(1, some[1].at_ns), Gap(1, some[7].at_ns, some[3].at_ns)}


def test_where_only_a_time_was_read_others_are_asked_for_what_was_before():
    stood, since = [line("old", 1), line("known", 11)], line("", 10).at_ns
    there, further, _ = read_anew(stood, [line("known", 11), line("other", 12, 2)], asked_from_ns=since)
    assert [each.text for each in there] == ["old", "known", "other"]
    assert further.begins.of((1,)) == () and further.begins.of((2,)) == (Gap(2, since),)
    assert further.asked_from_ns is None


def test_what_is_missing_is_said_where_it_is_still():
    def missing(at_s):
        return line("9 lines skipped here", at_s, OF_ALL, LineKind.SKIPPED)

    some = [line(f"line {n}", n) for n in range(6)]
    stood = [some[0], missing(0.5), some[1], some[2], missing(2.5), some[3]]
    there, _, _ = read_anew(stood, some[2:])
    assert there == [some[0], missing(0.5), *some[1:]]


def test_a_full_view_counts_those_that_have_no_room():
    stood, came = [line(f"old {n}", n) for n in range(20)], [line(f"new {n}", 100 + n) for n in range(150)]
    there, further, back = read_anew(stood, came, most=100)
    assert back is None and len(there) == 100 and further._ring.lines_before == 50 + 20
    there, further, _ = read_anew(stood, came[:50], most=100, lines_before=7)
    assert len(there) == 70 and further._ring.lines_before == 7
