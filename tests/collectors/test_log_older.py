"""Lines that are read once more, whole."""

import datetime
import re

import pytest

from collectors import log_older
from collectors.kubernetes_problems import ApiProblem
from collectors.log_lines import MASKED, LineKind, Origin, PartlyReadError
from collectors.log_older import Place, older_lines, whole_lines
from tests.collectors.log_sought import sought

NOW_S = 1_700_000_000


class Log:
    """A log of an hour with a line a second, every 300th with a needle in it, and what was asked of it."""

    def __init__(self):
        self.asked = []

    def stream(self, path, query, accept):
        since = dict(query).get("sinceTime")
        since_s = int(datetime.datetime.fromisoformat(since).timestamp()) if since else 0
        self.asked.append(NOW_S - since_s if since else 0)
        return Answer([line(number) for number in range(3600) if NOW_S - 3600 + number >= since_s])


class Answer:
    def __init__(self, lines):
        self.lines = lines

    def chunks(self):
        yield from self.lines

    def close(self):
        pass

    dispose = close


def line(number):
    return stamped_line(number, f"{'needle' if number % 300 == 0 else 'hay'} {number} {'x' * 80}")


def stamped_line(number, text):
    moment = datetime.datetime.fromtimestamp(NOW_S - 3600 + number, tz=datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000000000Z {text}\n".encode()


def older(log, limit, pattern):
    place = Place(log, Origin(pod="orders-1", container="app"), 0)
    found = older_lines([place], NOW_S * 10**9, limit, sought(pattern), MASKED)
    return [" ".join(one.text.split()[:2]) if one.kind == LineKind.LINE else one.text for one in found]


def test_it_is_looked_further_back_until_there_are_enough_and_each_line_comes_once():
    log = Log()
    assert older(log, 4, "needle") == ["needle 2400", "needle 2700", "needle 3000", "needle 3300"]
    assert older(log, 100, "needle") == [f"needle {number}" for number in range(0, 3600, 300)]
    assert older(log, 3000, "")[-3000:] == older(log, 3600, "")[-3000:]
    log.asked.clear()
    assert older(log, 30, "") == [line(number).decode().split()[1] + f" {number}" for number in range(3570, 3600)]
    assert log.asked == [60]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        (("hay|needle", "le [0-9]"), range(0, 3600, 300)),  # an alternation is one filter, whatever stands beside it
        (("HAY|needle", "x{80}"), range(0, 3600, 300)),
        (("(?i)NEEDLE", "x"), range(0, 3600, 300)),
        (("(?i:NEEDLE)",), range(0, 3600, 300)),
        (("x", "needle 1.*x", "[23]00"), [1200]),
    ],
)
def test_a_line_further_back_has_to_match_each_filter_for_itself(typed, numbers):
    place = Place(Log(), Origin(pod="orders-1", container="app"), 0)
    found = older_lines([place], NOW_S * 10**9, 100, sought(*typed), MASKED)
    assert [one.text.split()[1] for one in found] == [str(number) for number in numbers]


def test_two_filters_are_looked_for_in_long_lines_in_time(monkeypatch):
    long = "x " * 1250
    monkeypatch.setitem(globals(), "line", lambda number: stamped_line(number, f"{long}connection Refused {number}"))
    place = Place(Log(), Origin(pod="orders-1", container="app"), 0)
    found = older_lines([place], NOW_S * 10**9, 100, sought("connection", "(refused|reset) [0-9]*7[0-9]?0"), MASKED)
    expected = [number for number in range(3600) if re.search("7[0-9]?0", str(number))]
    assert [int(one.text.split()[-1]) for one in found] == expected


def test_with_what_is_found_further_back_comes_the_trace_that_belongs_to_it(monkeypatch):
    trace = ["INFO calm", "ERROR boom", "  at com.a.B.c(B.java:1)", "Caused by: y", "  ... 12 more", "INFO after"]
    monkeypatch.setitem(globals(), "line", lambda number: stamped_line(number, trace[number % len(trace)]))
    place = Place(Log(), Origin(pod="orders-1", container="app"), 0)
    found = older_lines([place], NOW_S * 10**9, 8, sought("boom"), MASKED)
    assert [one.text for one in found] == trace[1:5] * 2
    assert [one.text for one in older_lines([place], NOW_S * 10**9, 1, sought("12 more"), MASKED)] == [trace[4]]


def test_the_newest_matches_stay_when_there_is_too_much_further_back_and_it_is_told(monkeypatch):
    monkeypatch.setattr(log_older, "MAX_BYTES", 120_000)
    told = "lines may be missing here: there are more than can be looked through"
    assert older(Log(), 100, "needle") == ["needle 0", "needle 300", told, "needle 3000", "needle 3300"]


def test_lines_come_whole_whatever_their_chunks() -> None:
    assert list(whole_lines([b"o", b"ne\ntw", b"", b"o\n\nthr", b"ee"])) == [b"one", b"two", b"", b"three"]


def test_what_comes_after_the_longest_line_is_not_stitched_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_older, "MAX_WHOLE_BYTES", 4)
    assert list(whole_lines([b"abc", b"defg", b"hij\nnext"])) == [b"abcd", b"next"]


class Refusing:
    """An API that refuses to give a log."""

    def __init__(self, status):
        self.status = status

    def stream(self, path, query, accept):
        raise ApiProblem("Unavailable", "the server is not well", status=self.status)


@pytest.mark.parametrize("status", [0, 403, 500, 503])
def test_what_could_not_be_read_of_some_is_named_with_the_lines_of_the_others(status):
    origins = [Origin(pod=f"orders-{number}", container="app") for number in range(2)]
    places = [Place(Refusing(status), origins[0], 7), Place(Log(), origins[1], 8)]
    with pytest.raises(PartlyReadError, match="the server is not well") as failed:
        older_lines(places, NOW_S * 10**9, 2, None, MASKED)
    assert failed.value.unread == {7}
    assert [one.text.split()[1] for one in failed.value.lines] == ["3598", "3599"]
    with pytest.raises(ApiProblem):
        older_lines(places[:1], NOW_S * 10**9, 2, None, MASKED)


def test_a_log_that_is_not_kept_any_more_has_no_older_lines_and_is_no_failure():
    origins = [Origin(pod=f"orders-{number}", container="app") for number in range(2)]
    places = [Place(Refusing(404), origins[0], 7), Place(Log(), origins[1], 8)]
    assert len(older_lines(places, NOW_S * 10**9, 2, None, MASKED)) == 2
