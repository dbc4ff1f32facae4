"""Lines made of bytes: harmless whatever a pod writes, the same however they are cut into chunks, without secrets."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_lines import MASKED, MAX_LINE_BYTES, Manner
from collectors.log_reading import Position, Reading
from collectors.log_text import Redactor, Stamps, harmless, may_hold_secret
from statusdesk.redact import redact

SGR = re.compile(r"\x1b\[[0-9;:]*m")
SEQUENCES = st.sampled_from(
    [
        "\x1b]0;title\x07", "\x1b]52;c;aGk=\x1b\\", "\x1b[2J", "\x1b[10;10H", "\x1b[?1049h", "\x1b[8m", "\x1b[31m",
        "\x1b[0;8m", "\x1b[38;5;8m", "\x1bP+q\x1b\\", "\x1b_x\x1b\\", "\x1b^", "\x1bX", "\x1bc", "\x1b", "\x1b[",
        "\x9b2J",
        "\x9d0;t\x9c", "\x07", "\x08", "\r", "\t", "\x0b", "\x0c", "\x7f", "\x85", "\u2028", "\u202e", "\u2066",
        "\ufeff", "[/bold]", "[red]", "m", ";", "0", "caf\u00e9", "\U0001f600", "\u4e16", "\ud7ff", "\ue000",
    ]
)  # fmt: skip
HOSTILE = st.lists(SEQUENCES | st.text(max_size=5), max_size=12).map("".join)


def read(*chunks: bytes, **how: bool) -> list[str]:
    given = {"redact": True, "colours": False} | how
    reading = Reading(0, Position(), Manner(**given))
    lines = [line for chunk in chunks for line in reading.feed(chunk)]
    return [line.text for line in lines + reading.last()]


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_nothing_that_a_pod_writes_does_anything_to_a_terminal(text):
    line = text.replace("\n", "")
    shown = harmless(line)
    assert shown.isprintable()
    coloured = harmless(line, colours=True)
    assert SGR.sub("", coloured).isprintable()
    assert "\x1b" not in coloured or coloured.endswith("\x1b[0m")
    assert not any(unicodedata.category(char) in ("Cf", "Co", "Cs") for char in coloured)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_make_the_same_harmless_lines_however_they_come(body, cuts):
    at = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[start:end] for start, end in zip(at, at[1:], strict=False)]
    lines = read(*chunks, redact=False)
    assert lines == read(body, redact=False)
    assert all(line.isprintable() for line in lines)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(
    ["hvs.", "s.", "b.", "x" * 24, "eyJ" + "a" * 9, ".", "bbbbbbbb", "token", "TOKEN", "=", ":", " ", "Bearer ", "@",
     "://", "user", "password", "api-key", "secret_id", "pwd=", "pass=", "Authorization", '"', "abc", "\n"]
), max_size=9).map("".join))  # fmt: skip
def test_no_secret_is_overlooked_by_the_first_look(text):
    if redact(text) != text:
        assert may_hold_secret(text) and may_hold_secret("an ordinary line\n" * 200 + text)


def test_only_lines_with_secrets_are_others_among_many():
    lines = [f"line {at} of a log" for at in range(100)]
    for at in (0, 31, 32, 77, 99):
        lines[at] = f"password={at}secret"
    shown = Redactor().lines("\n".join(lines), list(lines))
    assert [at for at, line in enumerate(shown) if line != lines[at]] == [0, 31, 32, 77, 99]
    assert shown == [redact(line) for line in lines]


def test_ordinary_colours_stay_where_they_are_wanted_and_nothing_is_concealed():
    assert harmless("\x1b[1;31mred\x1b[0m", colours=True) == "\x1b[1;31mred\x1b[0m\x1b[0m"
    assert harmless("\x1b[38;5;8mgrey \x1b[38;2;8;8;8mdark", colours=True).count("\x1b[38") == 2
    assert harmless("a\x1b[8mb\x1b[0;08mc\x1b[1;8md", colours=True) == "abcd"
    assert harmless("\x1b[31mred  \x1b[2Jx", colours=True) == "\x1b[31mred  x\x1b[0m"


def test_a_private_key_is_hidden_also_when_it_comes_in_many_chunks():
    key = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEow" + "A" * 50, "B" * 60, "-----END RSA PRIVATE KEY-----", "after"]
    assert read(*(f"{line}\n".encode() for line in key)) == [key[0], "[hidden]", "[hidden]", key[3], "after"]
    assert read("\n".join(key).encode()) == [key[0], "[hidden]", "[hidden]", key[3], "after"]


def test_a_key_without_an_end_does_not_hide_a_log_for_ever():
    redactor = Redactor()
    redactor.lines("-----BEGIN PRIVATE KEY-----", ["-----BEGIN PRIVATE KEY-----"])
    body = "MIIEow" + "A" * 58
    shown = [redactor.lines(body, [body])[0] for _ in range(500)]
    assert shown[0] == "[hidden]" and shown[-1] == body


def test_a_secret_at_the_cut_of_a_long_line_is_hidden():
    line = "x" * (MAX_LINE_BYTES - 10) + " hvs." + "A" * 40
    (shown,) = read(line.encode())
    assert "hvs" not in shown and len(shown) <= MAX_LINE_BYTES


@pytest.mark.parametrize("over", range(1, 9))
def test_no_colour_is_cut_in_two(over):
    (shown,) = read(("x" * (MAX_LINE_BYTES - over) + "\x1b[1;31mred and more").encode(), colours=True)
    assert SGR.sub("", shown).isprintable() and shown.endswith("\x1b[0m")


@pytest.mark.parametrize(
    ("stamp", "at_ns"),
    [
        ("2026-11-22T12:00:00.123456789Z", 1_795_348_800_123_456_789),
        ("2026-11-22T12:00:00.12Z", 1_795_348_800_120_000_000),
        ("2026-11-22T12:00:00Z", 1_795_348_800_000_000_000),
        ("2026-11-22T14:00:00.5+02:00", 1_795_348_800_500_000_000),
    ],
)
def test_times_are_read_in_all_their_forms(stamp, at_ns):
    stamps = Stamps()
    for _ in range(2):  # the second time by what is remembered of the first
        assert stamps.take([f"{stamp} text of it", f"{stamp} "]) == ([at_ns, at_ns], ["text of it", ""])


def test_a_line_without_a_time_has_that_of_the_line_before():
    stamps = Stamps()
    assert stamps.take(["2026-11-22T12:00:00Z a", "2026-13-45T99:00:00Z b"])[0] == [1_795_348_800 * 10**9] * 2
    assert stamps.missing == [1]


ODD = ["", "no time", "2026-11-22T12:00:00Z x", "2026-11-22T12:00:00.12Z x", "2026-11-22T12:00:00.123456789+02:00 x"]
ODD += ["2026-11-22T12:00:00.12345678Z  x", "2026-11-22T12:00:00.1234Z 678Z x", "2026-11-22T12:00:00.123456789Zx "]
ODD += ["2026-11-22T12:00:00.\u06611234567\u0662Z x", "2026-11-22T12:00:00.\u00b21234567\u00b2Z x"]
ODD += ["2026-11-22T12:00:00.12345Z 6789 of a short fraction"]
ODD += ["12026-11-22T12:00:00.23456789Z x", "2026-11-22T12:00:01.000000001Z x", "2026-11-22T12:00:00.123456789Z"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 999_999_999), min_size=10, max_size=20),
    st.lists(st.tuples(st.integers(0, 10), st.sampled_from(ODD)), max_size=2),
)
def test_times_of_many_lines_are_those_of_each(given, odd):
    lines = [f"2026-11-22T12:00:00.{each:09d}Z {each}" for each in given]
    for at, line in odd:
        lines.insert(at, line)
    alone, together = Stamps(), Stamps()
    for stamps in (alone, together):
        stamps.take(["2026-11-22T12:00:00.000000001Z the second is known"])
    one_by_one = [alone.take([line]) for line in lines]
    assert together.take(lines) == ([times[0] for times, _ in one_by_one], [texts[0] for _, texts in one_by_one])
    assert together.last_ns == alone.last_ns


def test_a_long_line_is_bounded_while_it_comes():
    position = Position()
    reading = Reading(0, position, MASKED)
    lines = []
    for chunk in [b"2026-11-22T12:00:00Z ", *[b"\xc3\xa9" * 25_000] * 100, b"end\nnext\n"]:
        lines += reading.feed(chunk)
        assert len(reading.within()._rest) < 2 * MAX_LINE_BYTES
    assert lines[0].text == "\u00e9" * (MAX_LINE_BYTES // 2)
    assert abs(lines[0].cut_bytes - (5_000_003 - MAX_LINE_BYTES)) < 4  # a letter of two bytes may be halved
    assert lines[1].text == "next" and not lines[1].cut_bytes


TOKEN = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
COLOURED = [
    '\x1b[34;1m"password"\x1b[0m: \x1b[0;32m"hunter2hunter2"\x1b[0m',
    "Authorization:\x1b[0m Bearer \x1b[31mabcdef0123456789hunter2",
    "login \x1b[36mtoken\x1b[0m=\x1b[33mhunter2-hunter2\x1b[0m",
    "\x1b[36mX-Vault-Token:\x1b[0m \x1b[33mhunter2-hunter2\x1b[0m",
    "vault hvs.\x1b[0mCAESIJhunter2c3d4e5f6g7h8i9j0kLMN",
    "postgres://bob:\x1b[1mhunter2\x1b[0m@db:5432/x",
    TOKEN[:14] + "\x1b[1m" + TOKEN[14:20] + "hunter2\x1b[0m",
    "pass\x1b[m\x1b[31mword=hunter2",
    "-----BEGIN RSA \x1b[31mPRIVATE KEY-----\x1b[0m hunter2",
]


@pytest.mark.parametrize("given", COLOURED)
def test_colours_hide_no_secret(given):
    (shown,) = read(f"{given}\n".encode(), colours=True)
    assert "hunter2" not in SGR.sub("", shown) and "[hidden]" in SGR.sub("", shown)
    assert SGR.sub("", shown) == read(f"{SGR.sub('', given)}\n".encode())[0]
    assert SGR.findall(shown)[:-1] == SGR.findall(given), "the colours stay, those inside of what is hidden after it"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_colours_change_nothing_but_the_colour(text):
    assert SGR.sub("", harmless(text, colours=True)) == harmless(text)


SECRETS = [
    "new token is hvs.CAESIJabcdefghijklmnopqrstuvwxyz0123456789", "password=hunter2secret",
    "new key is AKIAABCDEFGHIJKLMNOP",
    "Authorization: Bearer abcdefghijklmnop1234", "a ghp_abcdefghijklmnopqrstuvwxyz0",
    "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk",
    "postgres://u:pw123456@h/db", "say xoxb-1234567890-abcd",
    "Cookie: SESSIONID=abc123def456ghi; path=/", 'token: "abcdEFGH1234567x"', "password is tr0ub4dor",
]  # fmt: skip
CUTS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(
            ["\x1b(B", "\x1b[m", "\x1b(B\x1b[m", "\x1b[K", "\x1b[31m", "\x1b[8m", "\x1b]0;t\x07", "\u200b"]
        ),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SECRETS), CUTS)
def test_with_colours_is_hidden_what_is_hidden_without_wherever_sequences_cut_it(text, cuts):
    for at, sequence in sorted(cuts, reverse=True):
        text = text[:at] + sequence + text[at:]
    (coloured,) = read(f"{text} after\n".encode(), colours=True)
    (plain,) = read(f"{text} after\n".encode())
    assert SGR.sub("", coloured) == plain and "[hidden]" in plain


def test_colours_of_what_is_not_hidden_stay_where_they_were():
    given = "\x1b[31mERROR\x1b[0m a token=\x1b[33mhun\x1b[1mter2\x1b[0m of \x1b[36mbob\x1b[0m, password=x\x1b[31m."
    (shown,) = read(f"{given}\n".encode(), colours=True)
    assert shown == (
        "\x1b[31mERROR\x1b[0m a token=\x1b[33m[hidden]\x1b[1m\x1b[0m of \x1b[36mbob\x1b[0m, "
        "password=[hidden]\x1b[31m\x1b[0m"
    )


PIECES = ["password", "=", ": ", '"', "hunter2-hunter2", "token", "Bearer ", TOKEN, "hvs.", "CAES" * 6, "://", "bob:"]
PIECES += ["@db", " ", "[hidden]", "INFO", "\u6f22", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "\t"]
PIECES += ["Cookie: ", "sid=", "; "]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["\x1b[31m", "\x1b[m", "\x1b[38;5;8m"])), max_size=12),
)
def test_a_line_is_redacted_as_it_would_be_without_colours(lines, colours):
    plain = [harmless(line) for line in lines]
    body = "\n".join(plain)
    for at, sgr in colours:
        body = body[: at % (len(body) + 1)] + sgr + body[at % (len(body) + 1) :]
    coloured = body.split("\n")
    if len(coloured) != len(plain) or [SGR.sub("", line) for line in coloured] != plain:
        return  # a colour inside of a colour
    shown = Redactor().lines(body, coloured)
    assert [SGR.sub("", line) for line in shown] == Redactor().lines("\n".join(plain), plain)
    assert SGR.findall("".join(shown)) == SGR.findall("".join(coloured))


BODY = [f"MIIEowIBAAKCAQEA{n:048d}" for n in range(25)]


@pytest.mark.parametrize("size", [10_000, 700, 65])
def test_the_body_of_a_key_in_which_a_log_begins_is_hidden(size):
    raw = "\n".join([*BODY, "MIIEowIBAAKCAQEAw==", "-----END RSA PRIVATE KEY-----", "INFO up", BODY[0], ""]).encode()
    reading = Reading(0, Position(), MASKED, stamped=False)
    shown = [each.text for at in range(0, len(raw), size) for each in reading.feed(raw[at : at + size])]
    assert not any("MIIE" in each for each in shown[:25]) and shown[-3:] == [
        "-----END RSA PRIVATE KEY-----",
        "INFO up",
        BODY[0],
    ]


def test_what_only_looks_like_the_body_of_a_key_stays():
    sums, words = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"] * 3, ["aBcdefghijklmnopqrstuvwx"]
    for begins in (sums, words, [*BODY[:3], "INFO up"]):
        assert Redactor().lines("\n".join(begins), begins) == begins
