"""What is hidden in lines, kept beside their texts for a reader who may ask to see it."""

import io

import msgspec
import pytest
from rich.console import Console
from rich.traceback import Traceback

from collectors.log_lines import MASKED, MAX_LINE_BYTES, LogLine, Manner, Origin, Selection, Unhidden
from collectors.log_older import Place, older_lines, whole_line
from collectors.log_reading import Position, Reading
from screens.log_filter import Filters, Pattern, Sought
from tests.collectors.log_server import Reply, stamped
from tests.collectors.test_log_older import NOW_S, Answer, stamped_line

BOTH = Manner(revealable=True)
PLAIN = Manner(redact=False)
SECRET = "hunter2"
BODY = [f"MIIEowIBAAKCAQEA{n:048d}" for n in range(25)]
KEY = ["-----BEGIN RSA PRIVATE " + "KEY-----", *BODY, "aQ0w==", "-----END RSA PRIVATE " + "KEY-----"]
LOG = ["INFO up", f"login password={SECRET}", *KEY, "", "INFO \x1b[31mred", f"\tpassword={SECRET} caf\xe9", BODY[0]]


def read(manner, lines, size, position=None):
    raw = "".join(f"{each}\n" for each in lines).encode()
    reading = Reading(0, position or Position(), manner, stamped=False)
    return [each for at in range(0, len(raw), size) for each in reading.feed(raw[at : at + size])]


@pytest.mark.parametrize("lines", [LOG, [*KEY[1:], "INFO up"]], ids=["a key within", "begins in a key"])
@pytest.mark.parametrize("size", [100_000, 700, 65, 7])
def test_what_came_is_beside_what_is_shown_where_these_differ(lines, size):
    both, masked, plain = (read(manner, lines, size) for manner in (BOTH, MASKED, PLAIN))
    assert [each.text for each in both] == [each.text for each in masked]
    assert [each.full_text for each in both] == [each.revealed.text for each in both] == [each.text for each in plain]
    assert [each.unhidden is not None for each in both] == [
        hidden.text != came.text for hidden, came in zip(masked, plain, strict=True)
    ]
    assert not any(each.unhidden for each in (*masked, *plain))
    assert sum("[hidden]" in each.text for each in both) >= 26


def test_a_key_that_goes_on_in_the_next_answer_is_hidden_there_and_kept():
    position = Position()
    lines = [each for some in (KEY[:9], KEY[9:]) for each in read(BOTH, some, 100, position)]
    assert [each.text for each in lines[1:-1]] == ["[hidden]"] * 26
    assert [each.full_text for each in lines] == KEY


@pytest.mark.parametrize("size", [100_000, 1000])
def test_of_a_long_line_it_is_known_how_much_is_missing_of_it_hidden_or_not(size):
    password = "S" * 600
    short, long = f"password={password} {'x' * 16_000}", f"password={password} {'x' * 60_000}"
    lines = read(BOTH, [short, long], size)
    assert [each.revealed.text for each in lines] == [each[:MAX_LINE_BYTES] for each in (short, long)]
    assert [each.revealed.cut_bytes for each in lines] == [len(each) - MAX_LINE_BYTES for each in (short, long)]
    gone = len(password) - len("[hidden]")
    assert [each.cut_bytes for each in lines] == [0, len(long) - gone - MAX_LINE_BYTES]


def test_it_is_neither_encoded_nor_told_with_the_values_of_variables():
    line = LogLine(1, 0, "password=[hidden]", unhidden=Unhidden(f"password={SECRET}"))
    for encode in (msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            encode(line)
    try:
        some = [line, line.unhidden]
        raise RuntimeError(len(some))
    except RuntimeError:
        told = io.StringIO()
        Console(file=told, width=200).print(Traceback(show_locals=True))
    assert "password=[hidden]" in told.getvalue() and SECRET not in told.getvalue() + repr(some)


class Log:
    """A log that says a secret once, in a line too long to be held."""

    def stream(self, path, query, accept):
        return Answer([stamped_line(1, "INFO up"), stamped_line(2, f"password={SECRET} {'x' * 60_000}")])


def test_further_back_what_is_hidden_is_found_where_it_is_shown():
    place, looked = Place(Log(), Origin(pod="orders-1", container="app"), 0), Filters(includes=(Pattern(SECRET),))
    assert not older_lines([place], NOW_S * 10**9, 10, Sought(looked), BOTH)
    (found,) = older_lines([place], NOW_S * 10**9, 10, Sought(looked, revealed=True), BOTH)
    assert SECRET not in found.text and SECRET in found.full_text


def test_a_long_line_is_had_whole_as_it_is_shown():
    place = Place(Log(), Origin(pod="orders-1", container="app"), 0)
    line = older_lines([place], NOW_S * 10**9, 10, None, BOTH)[1]
    hidden, shown = f"password=[hidden] {'x' * 60_000}", f"password={SECRET} {'x' * 60_000}"
    assert whole_line(place, line, BOTH) == hidden
    assert whole_line(place, line.revealed, Manner(redact=False, revealable=True)) == shown


def test_a_follower_keeps_it_over_a_cut_in_a_key_only_where_it_is_asked_to(kube, follow):
    first, rest = stamped(*KEY[:9]), stamped(*KEY)
    for how in ({"revealable": True}, {}):
        kube.replies["app"] = [Reply(first, end="cut"), Reply(rest, end="hang")]
        lines = follow(**how)
        lines.wait_texts(KEY[0], *["[hidden]"] * 26, KEY[-1])
        assert [line.full_text for line in lines.lines] == (KEY if how else [line.text for line in lines.lines])
    assert Selection(targets=()).manner == MASKED
