"""What the logs screen is made of, without a screen: levels, traces, patterns, names, JSON, rows, files."""

import datetime
import re
import stat
import time
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.log_lines import LineKind, Origin
from screens.ink import make_ink
from screens.log_filter import Filters, Pattern
from screens.log_gravity import gravity
from screens.log_json import readable
from screens.log_levels import Gravity, Part, Traces, span_of_level
from screens.log_names import make_names, middle, shorten
from screens.log_ring import OF_ALL
from screens.log_rows import Fold, How, draw_line, size
from screens.log_saving import MOST_COPIED_BYTES, as_text, file_name, for_copying, path_problem, save
from screens.log_whole import wrapped
from screens.strips import cells
from tests.screens import boards
from tests.screens.log_hand import HOSTILE, ORIGINS, line, numbered


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2025-11-22T09:41:52Z ERROR x", Gravity.ERROR),
        ("[ERROR] GET /v1/secret: 403", Gravity.ERROR),
        ('time=x level=warn msg="a"', Gravity.WARNING),
        ('{"severity":"CRITICAL","m":1}', Gravity.FATAL),
        ("E1122 09:41:52.118230       1 reflector.go:138] x", Gravity.ERROR),
        ("I1122 09:41:52.118230       1 no ERROR here", Gravity.NONE),
        ("error: could not store", Gravity.ERROR),
        ("panic: runtime error", Gravity.FATAL),
        ("fatal error: concurrent map writes", Gravity.FATAL),
        ("2026/11/23 16:50:01 http: panic serving 10.0.0.1:4711: boom", Gravity.ERROR),
        ("2026/11/23 16:50:01 server.go:3250: http: panic serving 10.0.0.1:4711: boom", Gravity.ERROR),
        ("http2: panic serving 10.0.0.1:4711: boom", Gravity.ERROR),
        ("INFO  no panic serving GET /orders", Gravity.NONE),
        ("Traceback (most recent call last):", Gravity.ERROR),
        ("java.lang.IllegalStateException: no", Gravity.ERROR),
        ("there were no errors and no warnings", Gravity.NONE),
        ("terror alerts ERRORS", Gravity.NONE),
        ("INFO  the last ERROR is gone", Gravity.NONE),
        ("", Gravity.NONE),
    ],
)
def test_gravity(text, level):
    assert gravity(text) is level


def test_what_only_tells_how_it_goes_has_a_level_for_painting():
    assert span_of_level("x DEBUG pool") == (Gravity.DEBUG, 2, 7)
    assert span_of_level("INFO x")[0] is Gravity.INFO


def parts(*texts):
    traces = Traces()
    return "".join("hFT"[traces.part(0, text)] for text in texts)


def test_parts_of_traces():
    java = ("x.FooException: a", "    at a.b.C(D.java:1)", "Caused by: e.Bad: b", "    ... 3 more", "INFO next")
    assert parts(*java) == "hFTFh"
    python = ("Traceback (most recent call last):", '  File "a.py", line 1', "    run()", "ValueError: no", "INFO x")
    assert parts(*python) == "hFFTh"
    go = ("panic: no", "goroutine 1 [running]:", "main.main()", "    /a/main.go:12 +0x1d", "exit status 2")
    assert parts(*go) == "hFFFh"
    stack = ("", "goroutine 1 [running]:", "main.main()", "    /a/main.go:12 +0x1d", "", "goroutine 2 [select]:")
    assert parts("panic: no", *stack, "INFO x") == "hFFFFFFh"
    nil = "panic: runtime error: invalid memory address or nil pointer dereference"
    assert parts(nil, "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0]", *stack) == "hFFFFFFF"
    assert parts("panic: a [recovered]", "    panic: b", *stack) == "hFFFFFFF"
    assert parts("fatal error: concurrent map writes", *stack, "INFO x") == "hFFFFFFh"
    assert parts("http: panic serving 10.0.0.1:4711: boom", *stack[1:]) == "hFFFFF"
    assert parts("panic: at the disco", "fetched", "[signal lost]", "", "INFO x") == "hhhhh"
    assert parts("INFO a", "  indented, but no trace", "INFO b") == "hhh"
    traces = Traces()
    assert traces.part(1, "x") is Part.HEAD and traces.part(2, "    at a.b") is Part.FRAME
    assert traces.part(1, "  not in the trace of another origin") is Part.HEAD


@pytest.mark.parametrize(
    ("typed", "found", "not_found"),
    [
        ("warn|err", "a WARN b", "INFO"),
        ("WARN", "a WARN b", "a warn b"),
        ("(", "call(x", "x"),
        (r"\Sx", "ax", " x"),
        ("[/x]", "a / b", "abc"),
        ("a.c", "xABCx", "ac"),
    ],
)
def test_patterns(typed, found, not_found):
    pattern = Pattern(typed)
    assert pattern.found_in(found) and not pattern.found_in(not_found)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["key", "k", "s", "is", "200", "i", "\u00e9", "K", "stra\u00dfe"]),
    st.lists(st.text("kKsSiI20eEyY\u212a\u017f\u0130\u0131\u00df\u00e9\u00c9 ", max_size=8), min_size=1, max_size=5),
    st.booleans(),
)
def test_quick_ways_of_finding_text_find_what_the_expression_finds(typed, lines, plain):
    pattern = Pattern(typed, plain=plain)
    found = [
        at
        for at, text in enumerate(lines)
        if re.search(re.escape(typed), text, re.IGNORECASE if typed.islower() else 0)
    ]
    assert [at for at, text in enumerate(lines) if pattern.found_in(text)] == found
    assert pattern.may_be_in("\n".join(lines)) or not found
    assert Filters(includes=(pattern,)).those_of(lines, 7) == [7 + at for at in found]
    assert Filters(excludes=(pattern,)).those_of(lines, 0) == [at for at in range(len(lines)) if at not in found]


def test_plain_text_and_what_is_no_expression():
    assert Pattern("a.c", plain=True).found_in("xa.cx") and not Pattern("a.c", plain=True).found_in("abc")
    assert Pattern("(").malformed and not Pattern("(", plain=True).malformed
    assert Pattern("(", plain=True, problem="no regular expression of that kind").words.endswith("of that kind")
    assert Pattern("(").words == '"("' and "no regular expression" in Pattern("(").problem
    assert Pattern("a.c") != Pattern("a.c", plain=True) and Pattern("a") == Pattern("a")


ENDLESS = ["(a|a)" * 30 + "b", "(?=(a+a+)+b)", "((a{1,100}){1,100}){1,100}b", "(a+a+)+[^a!]b"]


@pytest.mark.parametrize("typed", ENDLESS)
def test_what_could_match_for_ever_is_soon_given_up_and_is_text(typed):
    pattern = Pattern(typed)
    assert pattern.regex
    begun_s = time.thread_time()
    assert not Filters(includes=(pattern,)).those_of(["b! " + "a" * 200 + "!"] * 300, 0)
    assert time.thread_time() - begun_s < 0.1
    assert pattern.too_long
    assert pattern.spans("a" * 40) == [] and not pattern.found_in("a" * 40)
    text = Filters(includes=(pattern,), excludes=(pattern, Pattern("x"))).in_time()
    assert [each.regex for each in text.patterns] == [False, False, True] and text.in_time() is text
    assert "takes too long" in text.includes[0].words and text.includes[0].found_in(f"so: {typed}")


@pytest.mark.parametrize(
    "typed",
    [
        r"\w*\w*\w*\w*\w*\w*~", "[a-z]+[a-z]+[a-z]+[a-z]+[0-9]~", "a?" * 28 + "a" * 28, r"[\w.]+[\w.]+@[\w.]+~",
        r"(\d+)\.?(\d*)\.?(\d*)\.?(\d*) ms", "(a+)+b", "(x*)*", r"(\w+\s?)+$", ".*.*.*=;", "(line|x)" * 120,
        r"\d+\.\d+\.\d+", "(a|b) .*", "GET .* 5..", r"[a+]+\)+", "(ab)+", r"(x?)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["a" * 2000, "1" * 2000, "ab1d~ ms" * 250, "~" * 40 + "line.x@" * 200])
def test_no_expression_takes_longer_than_a_key_may_wait(typed, text):
    pattern = Pattern(typed)
    assert pattern.regex
    begun_s = time.thread_time()
    Filters(includes=(pattern,)).those_of([text] * 256, 0)
    pattern.spans(text)
    assert time.thread_time() - begun_s < 0.05


def test_what_takes_long_to_compile_is_text():
    for typed in ("(line|x)" * 800, "(?:[ab]{1000}){1000}", "a{60000}"):
        begun_s = time.thread_time()
        pattern = Pattern(typed)
        assert time.thread_time() - begun_s < 0.02
        assert not pattern.regex and "taken as text" in pattern.problem and pattern.problem in pattern.words
    assert Pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").regex


def test_spans_are_bounded():
    assert len(Pattern("a").spans("a" * 10_000)) == 100
    assert Pattern("a*").spans("baa") == [(1, 3)]


def test_filters():
    filters = Filters(includes=(Pattern("order"), Pattern("ERROR")), excludes=(Pattern("healthz"),))
    assert filters.includes_text("ERROR order 17") and not filters.includes_text("INFO order 17")
    assert filters.excludes_text("GET /healthz")
    assert filters.of_one()("x ERROR of order 1") and not filters.of_one()("x ERROR")
    assert filters.without_last().excludes == () and len(filters.without_last().without_last().includes) == 1


@pytest.mark.parametrize(
    ("pods", "short"),
    [
        (["a/n/orders-7cc6f9fbf5-fq26d", "a/n/orders-57fcffc77-dmwbp"], ["fq26d", "dmwbp"]),
        (["a/n/ledger-0", "a/n/ledger-1"], ["ledger-0", "ledger-1"]),
        (["a/n/x-1-abcde", "a/n/x-2-abcde"], ["1-abcde", "2-abcde"]),
        (["a/n/same", "a/m/same"], ["n/same", "m/same"]),
        (["a/n/same", "b/n/same"], ["a/n/same", "b/n/same"]),
        (["a/n/web"], ["web"]),
    ],
)
def test_short_names(pods, short):
    assert shorten(pods) == short


def test_names():
    names = make_names(ORIGINS, make_ink({}, True))
    assert [(name.pod, name.container) for name in names.names][:2] == [("fq26d", "vault-agent"), ("dmwbp", "app")]
    assert (
        names.words() == "2 pods, 3 containers"
        and names.words(1) == "1 pod, 3 containers"
        and names.width == len("fq26d vault-agent")
    )
    assert make_names([Origin(job="deploy", build=4)], make_ink({}, True)).names[0].pod == "#4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"level":"warn","msg":"slow query","took":1.2,"trace":"8c1"}', "WARN  slow query took=1.2 trace=8c1"),
        ('{"level":50,"message":"no","o":{"a":[1,2]}}', "ERROR no o={a=[1,2]}"),
        ('{"a":1}', '{"a":1}'),
        ("{bad}", "{bad}"),
        ("[1]", "[1]"),
        ('{"msg":"a\\nb"}', "a / b"),
        ('{"msg":"x\\u001b[2J\\u202ey\\u0007"}', "xy\ufffd"),
        ('{"msg":' + "[" * 100_000, '{"msg":' + "[" * 100_000),
    ],
)
def test_json_as_words(text, said):
    assert readable(text) == said


def how(width=80, **more):
    ink = make_ink({"background": "#101010", "foreground": "#d0d0d0"}, False)
    return How(ink=ink, ascii=False, zone=datetime.UTC, width=width, names=make_names(ORIGINS, ink), **more)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("width", [10, 40, 80, 200])
@pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_take_the_width_and_nothing_else(given, width, wrap):
    rows = draw_line(given, how(width, wrap=wrap, search=Pattern("x"), left=0 if wrap else 3))
    assert rows and len(rows) <= 200
    for row in rows:
        assert row.cell_length == width + 1 == cells(row.text)
        assert "\x1b" not in row.text and "\x07" not in row.text and "\n" not in row.text


def test_a_secret_that_json_hides_in_escapes_stays_hidden():
    given = line('{"msg":"login","password":"hunt\\u0065r2"}')
    assert "hunter2" not in draw_line(given, how())[0].text
    assert "hunter2" in draw_line(given, how(redacted=False))[0].text


def test_a_line_that_begins_with_its_time_does_not_tell_it_twice():
    given = line("2025-11-22T09:35:14.500Z INFO  x", 484.5)
    assert draw_line(given, how())[0].text == draw_line(line("INFO  x", 484.5), how())[0].text
    assert "2025-11-22T09:35:14.500Z INFO" in draw_line(given, how(raw=True))[0].text
    assert "2025-11-22T09:35:14.500Z INFO" in draw_line(given, how(times="off"))[0].text


def test_rows_of_other_kinds():
    mark, skipped = line("restarted: exit 137 OOMKilled", 1, 0, LineKind.MARK), line("9 lines", 1, 1, LineKind.SKIPPED)
    assert "-- fq26d vault-agent restarted: exit 137 OOMKilled --" in draw_line(mark, how())[0].text
    assert "-- 9 lines --" in draw_line(skipped, how())[0].text
    folded = draw_line(line("ERROR x"), how(), fold=Fold(12, "Caused by: y"))[0].text
    assert "ERROR x  [+12] Caused by: y" in folded
    assert draw_line(line("x"), how(), marked=True)[0].text.startswith("*")
    assert "[cut here, 4.9 MB more: enter]" in draw_line(line("x", cut_bytes=4_900_000), how())[0].text
    assert size(12) == "12 bytes" and size(1234) == "1.2 kB"


def test_times():
    given = line("x", 900 - 130)
    assert draw_line(given, how(120))[0].text.startswith(" 09:40:00.000 dmwbp")
    assert draw_line(given, how())[0].text.startswith(" 09:40:00 dmwbp")
    assert draw_line(given, how(times="age", now_ms=boards.NOW))[0].text.startswith("   2m dmwbp")
    assert draw_line(given, how(times="off"))[0].text.startswith(" dmwbp")
    assert draw_line(given, how(dated=True))[0].text.startswith(" 22 Nov 09:40:00 dmwbp")
    untimed = draw_line(type(given)(0, 1, "x"), how())[0].text
    assert untimed.startswith(" " * 10 + "dmwbp")


def test_files(tmp_path):
    path = tmp_path / "a.log"
    assert save(path, HOSTILE, ORIGINS, attrgetter("text")) == (len(HOSTILE), 1)
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0
    assert path.read_text(encoding="utf-8").splitlines()[0] == as_text(HOSTILE[0], ORIGINS)
    with pytest.raises(FileExistsError):
        save(path, [], ORIGINS, attrgetter("text"))
    assert "not written over" in path_problem(str(path)) and "no directory" in path_problem("/nowhere/a.log")
    assert path_problem("") and path_problem(str(tmp_path)) and not path_problem(str(tmp_path / "b.log"))
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert path_problem(str(tmp_path / "link"))
    assert file_name(("a/b", "\u6f22 x"), boards.NOW, datetime.UTC) == "a-b-\u6f22-x-20251122-094210.log"


def test_what_was_cut_is_saved_whole_or_said(tmp_path, monkeypatch):
    monkeypatch.setattr("screens.log_saving.MOST_WHOLE", 3)
    asked = []

    def whole(cut):
        asked.append(cut)
        if cut.text == "gone":
            raise OSError("the pod has gone")
        return f"{cut.text}END"

    lines = [line(text, 1, cut_bytes=5_000) for text in ("long", "gone", "more", "too many")]
    assert save(tmp_path / "a.log", [*lines, line("short", 2)], ORIGINS, whole) == (5, 2)
    saved = [each.partition("| ")[2] for each in (tmp_path / "a.log").read_text().splitlines()]
    assert saved == ["longEND", "gone [5,000 bytes cut]", "moreEND", "too many [5,000 bytes cut]", "short"]
    assert len(asked) == 3


def test_what_has_happened_is_saved_with_when_and_where():
    mark = line("restarted: exit 137 OOMKilled", 890.118, kind=LineKind.MARK)
    at = "2025-11-22T09:42:00.118Z"
    assert as_text(mark, ORIGINS) == f"{at} orders-7cc6f9fbf5-dmwbp/app -- {mark.text}"
    of_all = replace(line("3 lines skipped here", 890.118, kind=LineKind.SKIPPED), origin=OF_ALL)
    assert as_text(of_all, ORIGINS) == f"{at} -- 3 lines skipped here"


@pytest.mark.parametrize(
    ("width", "short"),
    [(6, "\u22ef4c8j5"), (12, "orc\u22efapp4c8j5"), (40, "orchestration-app4c8j5"), (1, "o"), (0, "")],
)
def test_names_are_cut_so_that_their_end_stays(width, short):
    assert middle("orchestration-app4c8j5", width, "\u22ef") == short and cells(short) <= max(width, 0)


@pytest.mark.parametrize("width", [60, 79, 120, 160])
def test_pods_with_long_names_can_be_told_apart(width):
    given_58 = "orchestration-engine-for-the-payment-gateway-eu-region-9hj"
    origins = [replace(ORIGINS[1], pod=f"{given_58}{made_up}") for made_up in ("4c8j5", "6fz2k")]
    origins += [replace(each, container="sidecar") for each in origins]
    ink = make_ink({}, True)
    how = How(ink=ink, ascii=False, zone=datetime.UTC, width=width, names=make_names(origins, ink))
    rows = ["".join(piece.text for piece in draw_line(line("x", 1, index), how)[0]) for index in range(4)]
    assert ["4c8j5 " in row or "6fz2k " in row for row in rows] == [True] * 4
    assert all("app" in row for row in rows[:2]) and all("side" in row for row in rows[2:])


def test_text_to_copy_is_bounded():
    text, count, left = for_copying([line("x" * 1000)] * 100, ORIGINS)
    assert count + left == 100 and left and len(text) <= MOST_COPIED_BYTES
    assert as_text(line("x", 890.118), ORIGINS) == "2025-11-22T09:42:00.118Z orders-7cc6f9fbf5-dmwbp/app | x"


def test_a_text_of_any_length_is_wrapped():
    assert wrapped("abcdef", 4) == ["abcd", "ef"] and wrapped("", 4) == [""]
    assert all(cells(row) <= 5 for row in wrapped("\u6f22\u5b57x" * 50, 5))
    assert "".join(wrapped("\u6f22\u5b57x" * 50, 5)) == "\u6f22\u5b57x" * 50


def test_half_a_file_is_not_left_where_the_disk_is_full(tmp_path):
    def lines_until_full():
        yield from numbered(3)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        save(tmp_path / "a.log", lines_until_full(), ORIGINS, attrgetter("text"))
    assert not (tmp_path / "a.log").exists()
