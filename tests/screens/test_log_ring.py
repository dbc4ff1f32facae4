"""The ring of lines and what of it is shown: against a plain list, through floods, holds, older lines and filters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_lines import LineKind, LogLine
from screens.log_filter import Filters, Pattern
from screens.log_levels import Gravity
from screens.log_packed import Packed, columns_of
from screens.log_ring import BYTES_A_LINE, LogRing
from screens.log_shown import Shown
from tests.screens.log_hand import HOSTILE, ORIGINS, STORY, hidden, line, numbered


def texts(ring):
    return [ring[number].text for number in range(ring.first, ring.end)]


def shown_texts(shown):
    while not shown.work(1.0):
        """Look on."""
    return [shown.ring[shown[place]].text for place in range(len(shown))]


def test_packed_lines_come_back_as_they_were():
    lines = [*HOSTILE, *STORY]
    packed = Packed(columns_of(lines))
    assert [packed[at] for at in range(len(lines))] == lines
    assert Packed(columns_of([LogLine(0, 0, "\ud800")]))[0].text == "?"


def test_the_oldest_lines_go():
    ring = LogRing(1000)
    ring.extend(numbered(2500))
    assert texts(ring) == [each.text for each in numbered(2500)[1500:]]
    with pytest.raises(IndexError):
        ring[1499]


def test_long_lines_are_bounded_in_bytes():
    ring = LogRing(1000)
    ring.extend([line("y" * 16_000, at) for at in range(1000)])
    assert len(ring) * 16_000 <= 1000 * BYTES_A_LINE + 64 * 16_100
    ring.extend(numbered(5000))
    assert len(ring) == 1000


def test_what_is_held_stays_and_what_has_no_room_is_counted_and_said():
    ring = LogRing(1000)
    ring.extend(numbered(1000))
    ring.held_from = 400
    ring.extend(numbered(900, 1000))
    assert ring.first == 400 and len(ring) == 1000 and ring.missed == 500
    ring.extend(numbered(10, 1900))
    assert ring.missed == 510
    ring.release()
    last = ring[ring.end - 1]
    assert last.kind == LineKind.SKIPPED and last.text.startswith("510 lines skipped here") and not ring.missed
    assert ring.missed_ever == 510
    ring.extend(numbered(10, 1910))
    assert ring[ring.end - 1].text.startswith("INFO  GET /orders/1919")


def test_older_lines_come_before_the_others_as_far_as_there_is_room():
    ring = LogRing(1000)
    ring.extend(numbered(1500, 5000))
    assert ring.first == 500
    assert ring.prepend(numbered(100, 4000)) == 100
    assert texts(ring)[:2] == [each.text for each in numbered(2, 4000)] and ring.first == 400
    assert ring.prepend(numbered(900, 3000)) == 150
    assert texts(ring)[0] == numbered(1, 3750)[0].text and len(ring) == 1250
    ring.extend(numbered(1, 6500))
    assert len(ring) == 1000


def test_places_of_times():
    ring = LogRing(1000)
    ring.extend(numbered(100))
    assert ring[ring.place_of_time(ring[40].at_ns)].text == ring[40].text
    assert ring.place_of_time(0) == 0 and ring.place_of_time(ring[99].at_ns + 1) == 100


def test_traces_are_folded_into_their_line():
    ring = LogRing(1000)
    ring.extend(STORY)
    shown = Shown(ring, ORIGINS)
    shown.take_new()
    assert not any("    at " in text or "Caused by" in text for text in shown_texts(shown))
    head = next(n for n in range(len(STORY)) if STORY[n].text.startswith("java.lang"))
    assert ring.traces[head].lines == 4 and ring[ring.traces[head].cause].text.startswith("Caused by")
    assert ring.gravity(head) is Gravity.ERROR and ring.gravity(0) is Gravity.NONE
    shown.opened.add(head)
    shown.show(Filters(), folded=True)
    assert len(shown_texts(shown)) == len(STORY)
    shown.opened.clear()
    shown.show(Filters(), folded=False)
    assert len(shown_texts(shown)) == len(STORY)


def test_a_trace_belongs_to_its_line_when_filtered():
    ring = LogRing(1000)
    ring.extend(STORY)
    shown = Shown(ring, ORIGINS)
    shown.show(Filters(includes=(Pattern("Socket"),)), folded=True)
    said = shown_texts(shown)
    assert "    at java.net.Socket.connect(Socket.java:606)" in said and not any("GET" in text for text in said)
    shown.show(Filters(includes=(Pattern("IllegalState"),)), folded=False)
    assert sum("at " in text for text in shown_texts(shown)) >= 3
    shown.show(Filters(excludes=(Pattern("IllegalState"),)), folded=False)
    assert not any("com.example" in text or "IllegalState" in text for text in shown_texts(shown))
    shown.show(Filters(grave=True), folded=True)
    said = [text for text in shown_texts(shown)]
    assert "[INFO]  authenticating to https://vault:8200" not in said and "[FATAL] no secrets, giving up" in said
    assert any("skipped here" in text for text in said), "what is missing is never filtered away"


def test_one_container_only():
    ring = LogRing(1000)
    ring.extend(STORY)
    shown = Shown(ring, ORIGINS)
    shown.show(Filters(container="sidecar"), folded=True)
    assert len(shown_texts(shown)) == 2
    shown.show(Filters(pod=ORIGINS[0].pod), folded=True)
    assert len(shown_texts(shown)) == 5


def test_the_newest_are_found_first_and_in_slices():
    ring = LogRing(100_000)
    ring.extend(numbered(50_000))
    shown = Shown(ring, ORIGINS)
    shown.show(Filters(includes=(Pattern("GET"),)), folded=True)
    assert not shown.work(0.0)
    assert 0 < len(shown) <= 512 and ring[shown[len(shown) - 1]].text.endswith("/49999 200 in 12 ms")
    ring.extend(numbered(10, 50_000))
    assert shown.take_new() == 10
    assert len(shown_texts(shown)) == 50_010


def test_seeking():
    ring = LogRing(1000)
    ring.extend(numbered(500))
    shown = Shown(ring, ORIGINS)
    shown.take_new()
    wanted = shown.finder(Pattern("orders/7 "))
    assert shown.seek(499, -1, wanted, 1.0) == (7, 7)
    assert shown.seek(8, 1, wanted, 1.0) == (None, 500)
    number, place = shown.seek(499, -1, wanted, 0.0)
    while number is None and place >= 0:
        number, place = shown.seek(place, -1, wanted, 0.0)
    assert number == 7


lines_made = st.builds(
    lambda origin, text, kind: line(text, 0, origin, kind),
    st.integers(0, 2),
    st.sampled_from(
        [
            *("INFO a", "ERROR b", "    at x.y(Z.java:1)", "Caused by: q", "Traceback (most", "c: d"),
            *("goroutine 1 [running]:", "panic: x", "", "[signal SIGSEGV", "page", "main.main()"),
        ]
    ),
    st.sampled_from([0, 0, 0, 0, 1, 2]),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.lists(lines_made, max_size=150)),
        st.tuples(st.just("prepend"), st.lists(lines_made, max_size=80)),
        st.tuples(st.just("filter"), st.sampled_from(["", "a", "ERROR|Caused", "x"])),
        st.tuples(st.just("work"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(lines_made | st.builds(line, st.sampled_from(["[x]", "2026", "x" * 900])), max_size=200),
            st.sampled_from([None, None, 0, 40]),
        ),
        max_size=6,
    ),
    st.sampled_from([5, 64, 200, 300]),
)
def test_lines_that_come_together_are_kept_as_those_that_come_one_by_one(steps, most):
    together, alone = LogRing(most), LogRing(most)
    for lines, held in steps:
        for ring in (together, alone):
            ring.held_from = ring.first + held if held is not None else None
        together.extend(lines)
        for each in lines:
            alone.extend([each])
        assert (together.first, together.end, together.missed) == (alone.first, alone.end, alone.missed)
        numbers = range(alone.first, alone.end)
        assert [together[number] for number in numbers] == [alone[number] for number in numbers]
        assert [together.head(number) for number in numbers] == [alone.head(number) for number in numbers]
        assert list(together.heads(alone.first, alone.end)) == list(alone.heads(alone.first, alone.end))
        assert together.traces == alone.traces


def test_times_by_number():
    ring = LogRing(1000)
    ring.extend(numbered(150))
    assert [ring.at_ns(number) for number in range(150)] == [each.at_ns for each in numbered(150)]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_what_is_shown_is_what_the_filters_let_through(taken):
    ring = LogRing(200)
    shown = Shown(ring, ORIGINS)
    for what, value in taken:
        if what == "extend":
            ring.extend(value)
            shown.take_new()
        elif what == "prepend":
            ring.prepend(value)
        elif what == "filter":
            includes = (Pattern(value),) if value else ()
            shown.show(Filters(includes=includes), folded=False)
        else:
            shown.work(0.0)
        places = [shown[place] for place in range(len(shown))]
        assert places == sorted(set(places)) and all(number in ring for number in places)
        assert [shown.place(number) for number in places] == list(range(len(places)))
    shown.work(9.0)
    shown.take_new()
    expected = [number for number in range(ring.first, ring.end) if shown.lets_through(number)]
    got = [shown[place] for place in range(len(shown))]
    # A trace whose first line has gone since stands by itself; until the next filter it is shown as it was.
    assert set(got) ^ set(expected) <= {n for n in range(ring.first, ring.end) if ring[n].text[:1] in " CcTg"}
    assert len(ring) <= 250


def gaps_are_told(ring):
    """Walk through numbered lines: each that is missing is told by the mark in its place."""
    expected = ring.lines_before
    for number in range(ring.first, ring.end):
        each = ring[number]
        if each.kind == LineKind.SKIPPED:
            expected += int(each.text.split()[0].replace(",", ""))
        elif each.kind == LineKind.LINE:
            if int(each.text) != expected:
                return False
            expected += 1
    return True


def test_each_gap_is_told_in_its_place_when_what_is_held_changes():
    ring = LogRing(1000)
    ring.extend(numbered(1000, text="{n}"))
    ring.held_from = 100
    ring.extend([*numbered(300, 1000, text="{n}"), line("restarted: exit 1", 1e4, kind=LineKind.MARK)])
    ring.held_from = 500  # a filter was taken away: the view stands on other lines now
    ring.extend(numbered(700, 1300, text="{n}"))
    ring.release()
    ring.extend(numbered(100, 2000, text="{n}"))
    told = [text for text in texts(ring) if not text.isdigit()]
    assert [text[:9] for text in told] == ["200 lines", "restarted", "302 lines"]
    assert gaps_are_told(ring) and ring.missed_ever == 502
    ring.extend(numbered(990, 2100, text="{n}"))
    assert gaps_are_told(ring) and ring.lines_before == 2090, "what had gone into a gap is counted with it"


@given(st.lists(st.tuples(st.sampled_from(("come", "hold", "free", "marks")), st.integers(0, 200)), max_size=30))
@settings(max_examples=40, deadline=None)
def test_no_gap_is_without_its_mark_whatever_is_held(steps):
    ring, come = LogRing(150), 0
    for what, count in steps:
        if what == "come":
            ring.extend(numbered(count, come, text="{n}"))
            come += count
        elif what == "hold":
            ring.held_from = ring.first + count
        elif what == "marks":
            ring.extend([line("restarted", come, kind=LineKind.MARK)] * (count % 3))
        else:
            ring.release()
    ring.release()
    assert gaps_are_told(ring)


def secrets(count, start=0, every=3):
    """Lines of which each third has something hidden in it, not all of them ASCII, one an empty line of a key."""
    for number in range(start, start + count):
        if number % every:
            yield line(f"INFO {number}", number)
        else:
            came = "" if number % 9 else f"password=h\xfcnter{number}"
            yield hidden("[hidden]", came, number, came_cut_bytes=number % 2)


@pytest.mark.parametrize("at_once", [1, 50, 1000])
def test_what_is_hidden_in_lines_takes_the_place_of_their_texts_and_goes_again(at_once):
    given = list(secrets(300))
    ring = LogRing(250)
    for at in range(0, len(given), at_once):
        ring.extend(given[at : at + at_once])
    kept = given[-len(ring) :]
    for revealed in (False, True, False):
        ring.reveal(revealed)
        wanted = [each.revealed if revealed else each for each in kept]
        assert [(each.text, each.cut_bytes) for each in map(ring.__getitem__, range(ring.first, ring.end))] == [
            (each.text, each.cut_bytes) for each in wanted
        ]
        assert [text for _, some, _ in ring.runs(ring.first, ring.end) for text in some] == [e.text for e in wanted]
        assert [ring.kept(number).full_text for number in range(ring.first, ring.end)] == [e.full_text for e in kept]


def test_what_is_hidden_counts_for_the_room_there_is():
    for at_once in (1, 640):
        ring, given = LogRing(1000), [hidden("[hidden]", "y" * 4_000, at) for at in range(1000)]
        for at in range(0, len(given), at_once):
            ring.extend(given[at : at + at_once])
        assert 0 < len(ring) <= 1000 * BYTES_A_LINE / 4_000
    ring = LogRing(1000)
    assert ring.prepend([hidden("[hidden]", "y" * 4_000, at) for at in range(1000)]) <= 1250 * BYTES_A_LINE / 4_000


def test_how_grave_a_line_is_follows_what_is_shown_of_it():
    ring = LogRing(1000)
    ring.extend([hidden("password=[hidden]", "password=ERROR")])
    assert not ring.gravity(0)
    ring.reveal(True)
    assert ring.gravity(0) == Gravity.ERROR
    ring.reveal(False)
    assert not ring.gravity(0)
