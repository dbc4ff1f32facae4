"""Stack traces inside JSON: folded into their row, over their own lines in full, and copied as they came."""

import datetime
import json

import pytest

from screens.choice import Choice
from screens.ink import make_ink
from screens.log_dialogs import LineScreen
from screens.log_filter import Filters, Pattern
from screens.log_gravity import gravity
from screens.log_json import readable, said_in
from screens.log_levels import Gravity
from screens.log_names import make_names
from screens.log_pretty import pretty
from screens.log_rows import Fold, How, draw_line
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, logs, open_desk
from tests.screens.log_hand import ORIGINS, line, numbered

FRAMES = [f"at com.example.Orders.store{n}(Orders.java:{n})" for n in range(30)]
JAVA = "\n\t".join(["java.net.SocketTimeoutException: Read timed out", *FRAMES])
PYTHON = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    run()\nValueError: no'
NODE = {"type": "Error", "message": "boom", "stack": "Error: boom\n    at foo (/a/b.js:1:2)\n    at bar"}
WRITTEN = "2025-11-22T09:27:11Z"  # about when the lines were that are drawn
LOGSTASH = json.dumps({"time": WRITTEN, "message": "Payment failed", "level": "ERROR", "stack_trace": JAVA, "n": None})
CAUSED = JAVA + "\r\nCaused by: java.io.IOException: y\n\t... 9 more\n"
THROWN = "java.net.SocketTimeoutException: Read timed out"


def how(width=160, **more):
    ink = make_ink({}, True)
    return How(ink=ink, ascii=False, zone=datetime.UTC, width=width, names=make_names(ORIGINS, ink), **more)


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        (json.loads(LOGSTASH), f"ERROR Payment failed  [+31] {THROWN} n=null"),
        ({"level": "ERROR", "message": "x", "stack_trace": CAUSED}, "ERROR x  [+33] Caused by: java.io.IOException: y"),
        ({"level": 50, "msg": "no", "err": NODE}, "ERROR no  [+3] Error: boom err={type=Error message=boom}"),
        ({"levelname": "ERROR", "message": "oops", "exc_info": PYTHON}, "ERROR oops  [+4] ValueError: no"),
        ({"@l": "Error", "@mt": "x", "@x": "System.E: y\n   at A.B() in /c.cs:line 3"}, "ERROR x  [+2] System.E: y"),
        ({"level": "error", "msg": f"Failed\n{JAVA}"}, f"ERROR Failed  [+31] {THROWN}"),
        ({"level": "error", "msg": JAVA}, f"ERROR {THROWN}  [+30]"),
        ({"level": "error", "stack_trace": JAVA}, f"ERROR  [+31] {THROWN}"),
        ({"level": "error", "msg": "x", "stack": NODE["stack"].split("\n")}, "ERROR x  [+3] Error: boom"),
        ({"msg": "x", "errors": [NODE]}, 'x  [+3] Error: boom errors=[{"type":"Error","message":"boom"}]'),
        ({"level": "error", "msg": "x", "stacktrace": "main.main\n\t/a/main.go:12"}, "ERROR x  [+2]"),
        ({"level": "error", "msg": "x", "stack": "goroutine 7 [running]:\nmain.f()\n\t/a.go:1"}, "ERROR x  [+3]"),
        ({"level": "error", "msg": "x", "StackTrace": "   at A.B()\n   at C.D()"}, "ERROR x  [+2]"),
        ({"level": "info", "msg": "select *\nfrom x"}, "INFO  select * / from x"),
    ],
)
def test_a_trace_in_json_folds_into_its_row(fields, row):
    given = line(json.dumps(fields), 1)
    for wrap in (False, True):
        (drawn,) = draw_line(given, how(wrap=wrap))
        assert drawn.text.partition("| ")[2].rstrip() == row
    assert "[+" not in draw_line(given, how(raw=True))[0].text


@pytest.mark.parametrize("width", [40, 80])
def test_what_is_folded_is_told_at_the_end_of_a_row_that_is_too_long(width):
    long = json.dumps({"level": "error", "msg": "Could not charge the card " * 6, "stack_trace": JAVA})
    (row,) = draw_line(line(long, 1), how(width))
    assert row.text.rstrip().endswith("\u22ef [+31]") and row.cell_length == width + 1
    (row,) = draw_line(line("ERROR " + "x" * 90, 1), how(width), fold=Fold(120, "y"))
    assert row.text.rstrip().endswith("x\u22ef [+120]") and row.cell_length == width + 1


def test_where_nothing_is_folded_wrapped_rows_show_the_trace():
    rows = [
        row.text.partition("| ")[2] or row.text for row in draw_line(line(LOGSTASH, 1), how(wrap=True, folded=False))
    ]
    assert len(rows) == 32 and "[+" not in rows[0] and rows[31].strip() == FRAMES[29]
    (one,) = draw_line(line(LOGSTASH, 1), how(folded=False))
    assert "[+31]" in one.text


@pytest.mark.parametrize("at", range(5000, 5016))
def test_a_trace_that_was_cut_with_its_line_folds_too(at):
    long = json.dumps(
        {"level": "ERROR", "message": "x", "err": {"stack": f"E: \u00e9 {FRAMES}\n" * 9 + "\tat \u00e9" * 900}}
    )
    (row,) = draw_line(line(long[:at], 1, cut_bytes=70_000), how())
    assert "| ERROR x  [+" in row.text and "] E: \u00e9" in row.text and gravity(long[:at]) is Gravity.ERROR
    assert "{" in draw_line(line(long[:50] + "}", 1), how())[0].text


def test_what_is_in_a_folded_trace_is_found():
    assert Filters(includes=(Pattern("store17"),)).those_of([LOGSTASH], 0) == [0]
    assert Filters(includes=(Pattern("timed out / .*store0"),)).those_of([LOGSTASH], 0) == [0]
    assert readable(LOGSTASH).endswith(FRAMES[29])


def test_in_full_a_trace_stands_over_its_own_lines():
    rows = pretty(LOGSTASH).split("\n")
    at = rows.index('  "stack_trace":')
    assert rows[at + 1] == "    java.net.SocketTimeoutException: Read timed out"
    assert rows[at + 2 : at + 32] == [f"            {frame}" for frame in FRAMES]
    assert rows[at + 32 :] == ['  "n": null', "}"]
    array = pretty(json.dumps({"a": [PYTHON, "x"]})).split("\n")
    assert array[2:5] == ["    -", *(f"      {each}" for each in PYTHON.split("\n")[:2])]
    assert pretty('{"a":"x\\n","b":"\\\\n"}') == '{\n  "a": "x\\n",\n  "b": "\\\\n"\n}'
    assert pretty("{bad\\n}") == "{bad\\n}" and pretty("") == ""


def test_hostile_and_secret_text_in_a_trace_stays_harmless_and_hidden():
    stack = "E: \x1b[2J\x1b]0;gone\x07\u202e x\n\tat a\x9b1m\u2028b\r\n\x00"
    hostile = json.dumps({"level": "error", "stack": stack, "k\x1b\n": "a\nb"})
    said = said_in(hostile)
    for shown in (pretty(hostile), "\n".join(said.trace), readable(hostile)):
        assert all(each.isprintable() for each in shown.split("\n"))
    given = '{"level":"error","msg":"x","stack":"E: password=hun\\u0074er2\\n  at x"}'
    assert "hunter2" not in pretty(given) and "hunter2" in pretty(given, redacted=False)
    short = '{"Message":"body {\\u0022password\\u0022:\\u0022hunter2\\u0022}","n":[1]}'
    rows = ["{", '  "Message": "body {\\"password\\":\\"[hidden]\\"}",', '  "n": [', "    1", "  ]", "}"]
    assert pretty(short).split("\n") == rows and "hunter2" in pretty(short, redacted=False)
    opened = {"wrap": True, "folded": False}
    assert "hunter2" not in "".join(row.text for row in draw_line(line(given), how(**opened)))
    assert "hunter2" in "".join(row.text for row in draw_line(line(given), how(**opened, redacted=False)))


async def test_enter_shows_a_trace_that_json_holds_and_copies_the_line_as_it_came(tmp_path):
    app = open_desk([*numbered(3), line(LOGSTASH, 60)])
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await until(pilot, lambda: "Payment failed  [+31] java.net" in text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, LineScreen) and FRAMES[5] in text(app))
        assert sum("at com.example" in each for each in lines(app)) > 20
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == LOGSTASH)
        await pilot.press("escape", "c")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await pilot.press("escape", "z", "w")
        await until(pilot, lambda: FRAMES[29] in text(app) and "[+31]" not in text(app))
        await pilot.press("S")
        await until(pilot, lambda: "Save to" in text(app))
        path = tmp_path / "a.log"
        await pilot.press("ctrl+u", *str(path), "enter")
        await until(pilot, lambda: path.exists() and "4 lines saved" in text(app))
        assert path.read_text().splitlines()[3].endswith(f"| {LOGSTASH}")
        assert app.screen is screen


async def test_a_choice_is_moved_through_with_the_keys_of_the_lists():
    app = open_desk(numbered(3))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        entries = app.screen.query_one("Entries")
        for keys, at in ((["home"], 0), (["j"], 1), (["j", "down"], 3), (["k"], 2), (["G"], 7), (["g"], 0)):
            await pilot.press(*keys)
            assert entries.highlighted == at
        await pilot.press("j", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2 and app.screen.pane.request.since_s == 60)
