"""What escapes stand for in a text is looked at as well: a secret behind them is hidden wherever a line goes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_text import Redactor
from statusdesk.redact import may_hold_secret, redact, safe_lines
from statusdesk.redact_escapes import has_escapes, unescaped
from tests.test_redact_json import WRITERS, written

SECRET = "q7Zk2Wm9Xr4Tb1Lc8Vn5"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (r'{"message":"dsn Server\u003ddb;Password\u003d%s"}', '{"message":"dsn Server=db;Password=[hidden]"}'),
        (
            r'{"Message":"body {\u0022password\u0022:\u0022%s\u0022}"}',
            r'{"Message":"body {\"password\":\"[hidden]\"}"}',
        ),
        (r'{"Message":"by password=\u0027two %s\u0027"}', '{"Message":"by password=\'[hidden]\'"}'),
        (r'{"m":"db?user\u003da\u0026otp\u003d%s\u0026x=1"}', '{"m":"db?user=a&otp=[hidden]&x=1"}'),
        (r'{"m":"{\"a\":\"Pass\\u0077ord\\u003d%s\"}"}', r'{"m":"{\"a\":\"Password=[hidden]\"}"}'),
        (r'{"m":"{\u0022a\u0022:\u0022pwd\\u003d%s\u0022}"}', r'{"m":"{\"a\":\"pwd=[hidden]\"}"}'),
        (r'{"p\u0061ssword":"%s","x":1}', '{"password":"[hidden]","x":1}'),
        (r'{"dsn":"postgres:\/\/u:%s@h\/db"}', '{"dsn":"postgres://u:[hidden]@h/db"}'),
        (r'{"m":"{\"dsn\":\"amqp:\\\/\\\/u:%s@h\"}"}', r'{"m":"{\"dsn\":\"amqp://u:[hidden]@h\"}"}'),
        (r'{"m":"password=ab\u002B%s"}', '{"m":"password=[hidden]"}'),
        (r'{"m":"password=\u00e4%s"}', '{"m":"password=[hidden]"}'),
        (r'{"m":"Bearer ab\u002b%s"}', '{"m":"Bearer [hidden]"}'),
        (r'{"m":"password:\t%s"}', r'{"m":"password:\t[hidden]"}'),
        (r'{"m":"{\"a\":\"password:\\t\\t%s\"}"}', r'{"m":"{\"a\":\"password:\\t\\t[hidden]\"}"}'),
        (r'{"m":"secret\t:\t%s"}', r'{"m":"secret\t:\t[hidden]"}'),
        (r'{"m":"args\n--password\n%s\n-x"}', r'{"m":"args\n--password\n[hidden]\n-x"}'),
        (r'{"m":"sent with Bearer\t%s"}', r'{"m":"sent with Bearer\t[hidden]"}'),
        (
            r'{"a":"x\ty","m":"{\"b\":\"its password is\\n%s\"}"}',
            r'{"a":"x\ty","m":"{\"b\":\"its password is\\n[hidden]\"}"}',
        ),
        (r'{"m":"password\t:\u0009%s"}', r'{"m":"password\t: [hidden]"}'),
        (r'{"m":"C:\\temp\\x64\\a pwd\u003d%s"}', r'{"m":"C:\\temp\\x64\\a pwd=[hidden]"}'),
        (r'{"m":"password:\n  %s\nx"}', r'{"m":"password:\n  [hidden]\nx"}'),
        (r'{"m":"Password: \u001b[1m%s\u001b[0m"}', '{"m":"Password: [hidden]"}'),
        (r'12:00 INFO sent {"m":"Password\u003d%s"}', '12:00 INFO sent {"m":"Password=[hidden]"}'),
        (r'{"m":"cut here {\u0022password\u0022:\u0022%s', r'{"m":"cut here {\"password\":\"[hidden]'),
        (r'POST / "{\x22password\x22:\x22%s\x22}" 200', r'POST / "{\"password\":\"[hidden]\"}" 200'),
    ],
)
def test_a_secret_that_escapes_kept_from_being_seen_is_hidden_wherever_a_line_goes(text, left):
    text = text.replace("%s", SECRET)
    assert redact(text) == left == redact(left)
    assert may_hold_secret(text) and may_hold_secret("an ordinary line\n" * 200 + text)
    assert Redactor().lines(text, [text]) == [left] == list(safe_lines([text]))


@pytest.mark.parametrize(
    "text",
    [
        r'{"m":"caf\u00e9 \u003cb\u003e \u0022x\u0022 \u4e2d C:\\temp\\u003d"}',
        r'{"url":"http:\/\/h\/a?b\u003dc","m":"password\u003d"}',
        r'{"m":"lines:\n\tone:\ttwo\r\n"}',
        r"C:\u003d\temp is no text of JSON",
    ],
)
def test_where_nothing_is_hidden_escapes_stay(text):
    assert redact(text) == text


def test_where_what_is_hidden_can_be_seen_without_escapes_the_others_stay():
    text = r'{"a":"\u003cx\u003e \/","password":"ab\u0022c","url":"x?sig=abcdefg\u0026se=1"}'
    left = r'{"a":"\u003cx\u003e \/","password":"[hidden]","url":"x?sig=[hidden]\u0026se=1"}'
    assert redact(text) == left == redact(left)


def test_a_known_secret_is_hidden_behind_escapes():
    assert redact(r'{"m":"it is two\u003dwords\u0021"}', ["two=words!"]) == '{"m":"it is [hidden]"}'


@given(st.text(alphabet="abz=:\"\\'/\t\n\r\x00\x1b[m\x7f\u00e4\u4e2d\U0001f600 ", max_size=12), st.data())
@settings(max_examples=200, deadline=None)
def test_without_escapes_json_says_the_same(content, data):
    text = content
    writers = data.draw(st.lists(st.sampled_from(sorted(WRITERS)), min_size=1, max_size=3))
    for by in writers:
        text = written([text], by=by)
    bare = unescaped(text)
    assert unescaped(bare) == bare or "\\" in content
    for _ in writers:
        (bare,) = json.loads(bare)
    if "\\" not in content and content.isprintable():
        assert bare == content
        assert not has_escapes(unescaped(text))


def test_what_is_written_to_be_slow_is_not():
    for text in ("\\" * 60_000, r"\u005c" * 10_000, r"\\u005c" * 8_000, r"\u001b[" * 9_000, ":\\" * 30_000):
        assert may_hold_secret(text) is False and redact(text) == text
