"""One rule for how grave a line is: what is drawn as an error or a warning is what ``!`` shows."""

import datetime
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_text import harmless
from screens.ink import make_ink
from screens.log_filter import Filters, Pattern
from screens.log_gravity import gravity, level_of
from screens.log_json import NUMBERED, readable
from screens.log_levels import WORDS, Gravity
from screens.log_names import make_names
from screens.log_ring import LogRing
from screens.log_rows import How, draw_line, style_of, word_style
from screens.log_shown import Shown
from tests.screens.log_hand import ORIGINS, line

INK = make_ink({"background": "#101010", "foreground": "#d0d0d0"}, False)
LOGSTASH = {
    "@timestamp": "2026-11-23T14:00:00.123456789Z",
    "@version": "1",
    "message": "Could not charge order 4711: no answer from provider",
    "logger_name": "com.example.orders.payment.PaymentService",
    "thread_name": "http-nio-8080-exec-1",
    "level": "ERROR",
    "level_value": 40000,
}
CLEF = {"@t": "2026-11-23T14:00:00Z", "@mt": "Order {OrderId} of {@Shop} failed", "@l": "Error", "OrderId": 4711}
GELF = {"version": "1.1", "host": "h", "short_message": "x", "level": 3}


def compact(fields, **more):
    return json.dumps({**fields, **more}, separators=(",", ":"))


def how(**more):
    return How(ink=INK, ascii=False, zone=datetime.UTC, width=200, names=make_names(ORIGINS, INK), named=False, **more)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (compact(LOGSTASH), Gravity.ERROR),
        (compact(LOGSTASH, level="WARN"), Gravity.WARNING),
        (compact(LOGSTASH, level="INFO", message="the last ERROR is gone"), Gravity.NONE),
        (compact({"time": 1, "msg": "x" * 500, "level": 50}), Gravity.ERROR),
        ('{"level":50,"time":1,"msg":"payment failed"}', Gravity.ERROR),
        ('{"level":60,"msg":"x"}', Gravity.FATAL),
        ('{"name":"shop","hostname":"h","pid":1,"level":40,"msg":"x","v":0}', Gravity.WARNING),
        ('{"level":"50","msg":"x"}', Gravity.ERROR),
        ('{"level":30,"msg":"an error"}', Gravity.NONE),
        (compact(CLEF), Gravity.ERROR),
        (compact(CLEF, **{"@l": "Fatal"}), Gravity.FATAL),
        (compact(CLEF, **{"@l": "Information"}), Gravity.NONE),
        (compact(GELF), Gravity.ERROR),
        ('{"short_message":"x","level":4}', Gravity.WARNING),
        (compact(GELF, level=6), Gravity.NONE),
        (compact(GELF, level=0), Gravity.FATAL),
        ('{"msg":"x","level":3}', Gravity.NONE),
        ('{"@level":"error","@message":"x"}', Gravity.ERROR),
        ('{"LogLevel":"Critical","Message":"x"}', Gravity.FATAL),
        ('{"log":{"level":"error"},"message":"x"}', Gravity.ERROR),
        ('{"log.level":"\\u0045RROR","message":"x"}', Gravity.ERROR),
        ('{"a":1,"level":"error"}', Gravity.ERROR),
        ('{"message":"ERROR of an application without levels"}', Gravity.ERROR),
        ('{"level":true,"msg":"x"}', Gravity.NONE),
        (compact(LOGSTASH, stack_trace="x" * 20_000)[:16_384], Gravity.ERROR),  # cut: no JSON any more
        ('{"msg":"' + "x" * 16_000 + '","level":50,"stack":"' + "x" * 500, Gravity.ERROR),
        ("fail: Microsoft.AspNetCore.Server.Kestrel[13]", Gravity.ERROR),
        ("2025-11-22 09:41:52 fail: Shop.Orders[0]", Gravity.ERROR),
        ("crit: Shop.Orders[0]", Gravity.FATAL),
        ("2025-11-22T09:41:52Z error: could not store", Gravity.ERROR),
        ("2025-11-22T09:41:52Z " + "x" * 185 + " ERROR", Gravity.ERROR),
        ("[09:41:52 FTL] no secrets", Gravity.FATAL),
        ("[2025-11-22 09:41:52,118] E1122 09:41:52.118230       1 reflector.go:138] x", Gravity.ERROR),
        ("E1122 09:41:52.118230       1 reflector.go:138] x", Gravity.ERROR),
        ("2026-11-23 14:00:00 [error    ] structlog   [app] order=4711", Gravity.ERROR),
        ("2026-11-23 14:00:00 [warning  ] structlog", Gravity.WARNING),
        ("2026-11-23 14:00:00 [critical ] structlog", Gravity.FATAL),
        ("2026-11-23 14:00:00 [info     ] no [error    ] here", Gravity.NONE),
        (
            harmless("\x1b[2m2026-11-23T14:00:00Z\x1b[0m [\x1b[31m\x1b[1merror    \x1b[0m] \x1b[1mx\x1b[0m"),
            Gravity.ERROR,
        ),
        (harmless("2026-11-23T14:00:00.123456Z\terror\tenvoy config\tno"), Gravity.ERROR),
        (harmless("2026-11-23T14:00:00.123Z\twarn\tads\tlistener removed"), Gravity.WARNING),
        (harmless("2026-11-23T14:00:00.123+0000\tdpanic\tx\ty"), Gravity.FATAL),
        (harmless("2026-11-23T14:00:00.123+0000\tfatal\tx\ty"), Gravity.FATAL),
        ("[Mon Nov 23 14:00:00.123 2026] [php:error] [pid 35] script not found", Gravity.ERROR),
        ("[Mon Nov 23 14:00:00.123 2026] [core:error] [pid 35] AH00124: x", Gravity.ERROR),
        ("[Mon Nov 23 14:00:00.123 2026] [:error] x", Gravity.ERROR),
        ("[Mon Nov 23 14:00:00.123 2026] [ssl:warn] [pid 35] x", Gravity.WARNING),
        ("[Mon Nov 23 14:00:00.123 2026] [core:notice] [pid 35] x [core:error]", Gravity.NONE),
        ("PHP Fatal error:  Uncaught Exception: nope in /var/www/index.php:3", Gravity.ERROR),
        ("[23-Nov-2026 14:00:00 UTC] PHP Parse error:  syntax error", Gravity.ERROR),
        ("PHP Warning:  Undefined variable $x", Gravity.WARNING),
        ("PHP Notice:  Undefined variable $x", Gravity.NONE),
        ("Unhandled exception. System.InvalidOperationException: x", Gravity.ERROR),
        ("Unhandled Exception: System.X: y", Gravity.ERROR),
        ("thread 'main' panicked at src/main.rs:3:5:", Gravity.ERROR),
        ("thread '<unnamed>' (4711) panicked at src/main.rs:3:5:", Gravity.ERROR),
        ("fatal error: all goroutines are asleep - deadlock!", Gravity.FATAL),
        ("panic: runtime error: x", Gravity.FATAL),
        ("TypeError: Cannot read properties of undefined", Gravity.ERROR),
        ("Uncaught TypeError: x", Gravity.ERROR),
        ("Uncaught Exception: x", Gravity.ERROR),
        ("System.Net.Sockets.SocketException: x", Gravity.ERROR),
        ("2026-11-23 14:00:00 requests.exceptions.ConnectionError: x", Gravity.ERROR),
        ("0 errors", Gravity.NONE),
        ("error rate 0", Gravity.NONE),
        ("2026-11-23T14:00:00Z  error rate 0", Gravity.NONE),
        (harmless("2026-11-23T14:00:00.123456Z\terror rate\t0"), Gravity.NONE),
        (harmless("2026-11-23T14:00:00.123456Z\tinfo\terror\t0"), Gravity.NONE),
        ("2026-11-23 14:00:00 error   count   0", Gravity.NONE),
        ("errors: 0, fatal errors: 0, unhandled exceptions: 0", Gravity.NONE),
        ("Unhandled exceptions: 0", Gravity.NONE),
        ("fatal errors: 0", Gravity.NONE),
        ("no TypeError: fine", Gravity.NONE),
        ("TypeErrors: 0", Gravity.NONE),
        ("no thread 'main' panicked at any time", Gravity.NONE),
        ("PHP Fatal errors: 0", Gravity.NONE),
        ("x[php:error] y", Gravity.NONE),
        ("retries [errors   ] 0", Gravity.NONE),
        ("we fail: often", Gravity.NONE),
        ("x" * 200 + " ERROR", Gravity.NONE),
    ],
)
def test_what_is_drawn_as_grave_is_let_through(text, level):
    assert gravity(text) is level
    ring = LogRing(10)
    ring.extend([line(text, 1)])
    shown = Shown(ring, ORIGINS)
    shown.show(Filters(grave=True), folded=True)
    shown.work(1)
    assert list(range(len(shown))) == ([0] if level else [])
    red, warning = style_of(Gravity.ERROR, INK).color, word_style(Gravity.WARNING, INK)
    for raw in (False, True):
        row = draw_line(line(text, 1), how(raw=raw, wrap=True))[0]
        assert any(piece.style.color == red for piece in row) is (level >= Gravity.ERROR)
        if not raw:
            assert (warning in [piece.style for piece in row]) is (level is Gravity.WARNING)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["level", "severity", "lvl", "@l", "LogLevel", "other"]),
    st.sampled_from([*WORDS, *NUMBERED, *range(9), "Information", "E", "", None, True, {}]),
    st.text("eERrROo :[]|\\é\n{}", max_size=20),
    st.integers(0, 240),
    st.sampled_from(["msg", "message", "x"]),
)
def test_the_quick_look_says_what_the_drawing_says(key, level, words, before, message):
    for text in (compact({"a": "-" * before, message: words, key: level}), f"{'-' * before}{words} {key}={level}"):
        drawn = level_of(text)
        assert gravity(text) is (drawn if drawn >= Gravity.WARNING else Gravity.NONE)
        timed = f"2025-11-22T09:41:52Z  {text}"
        assert gravity(timed) is (drawn if (drawn := level_of(timed)) >= Gravity.WARNING else Gravity.NONE)


def test_lines_of_other_layouts_are_words():
    assert readable(compact(CLEF, Shop="eu")) == "ERROR Order 4711 of eu failed"
    assert readable(compact(CLEF)) == "ERROR Order 4711 of {@Shop} failed"
    filled = compact(CLEF, **{"@mt": "Order{Kind} failed", "Kind": "Abc"})
    assert readable(filled) == "ERROR OrderAbc failed OrderId=4711"
    assert Filters(includes=(Pattern("orderabc"),)).those_of([filled], 3) == [3]
    assert readable(compact(GELF, _thread="main")) == "ERROR x version=1.1 host=h _thread=main"


def test_json_nested_too_deep_for_words_is_told_as_it_came():
    nested = '{"msg":"x","a":' + '{"a":' * 700 + "1" + "}" * 700 + "}"
    assert re.fullmatch(r"x a=\{a=.*\}+|\{\"msg\".*", readable(nested))
    assert gravity(nested) is Gravity.NONE and draw_line(line(nested), how())


NET = [
    "info: Shop.Orders[0]",
    "      Listening",
    "fail: Shop.Orders[20101]",
    "      Failed to save an order",
    "      Npgsql.NpgsqlException (0x80004005): down",
    "         at Shop.Store.Save() in /src/Store.cs:line 12",
    "2025-11-22 09:41:52 warn: Shop.Stock[0]",
    "      Slow",
    "INFO  done",
    "      indented, and nobody's message",
]


@pytest.mark.parametrize("older", [False, True], ids=["", "read further back"])
def test_what_the_console_of_net_says_below_its_level_belongs_to_it(older):
    ring = LogRing(100)
    put = ring.prepend if older else ring.extend
    put([line(text, at) for at, text in enumerate(NET)])
    shown = Shown(ring, ORIGINS)
    shown.show(Filters(grave=True), folded=True)
    shown.work(10)
    told = {ring[number].text: ring.traces[number] for number in (shown[place] for place in range(len(shown)))}
    assert list(told) == [NET[2], NET[6]]
    assert [(trace.lines, ring[trace.cause].text.strip()) for trace in told.values()] == [
        (3, "Failed to save an order"),
        (1, "Slow"),
    ]
    assert list(map(Filters(includes=(Pattern("fail: "),)).of_one(), NET)) == [text in NET[2:6] for text in NET]
    shown.show(Filters(), folded=False)
    shown.work(10)
    assert len(shown) == len(NET)
