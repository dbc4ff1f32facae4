"""Text that is JSON stays JSON when secrets are taken out of it, and they are taken out wherever they stand in it."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from statusdesk.redact import may_hold_secret, redact
from statusdesk.redact_escapes import unescaped
from tests.test_redact_named import NAMES

SECRET = "q7Zk2Wm9Xr4Tb1Lc8Vn5"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda held: st.lists(held, max_size=3) | st.dictionaries(st.sampled_from(NAMES), held, max_size=3),
        max_leaves=6,
    )
)
@example(['"'])
@example(["\\"])
@example(['\\"', ["]", '"]']])
@settings(max_examples=150, deadline=None)
def test_json_stays_json_whatever_the_named_values_are(value):
    within = json.dumps({"body": json.dumps({"password": value})})
    for text in (json.dumps({"password": value, "x": value}), within, json.dumps([within])):
        json.loads(redact(text))


SHAPES = [  # each with a secret, whole
    "sent with Bearer %s",
    "token: %s",
    '{"token":"%s","x":1}',
    "{'secret': '%s'}",
    "api_key: %s",
    "ghp_%s",
    "glpat-%s",
    "npm_%s",
    "sk-ant-%s",
    "hvs.%s",
    "SG.%s.%s",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4eHh4In0.%s",
    "DB_SECRET=%s",
    "SMTP_PASS: %s",
    "pwd: %s",
    "pass=%s",
    "otp=%s",
    "Cookie: JSESSIONID=%s",
    "cookie: theme=dark; sid=%s;n=%s; x=1",
    '{"Cookie":["lang=de; sid=%s"]}',
    "GET /orders?page=1&session=%s&x=2 200",
    '"session_id": "%s"',
    "password is: %s",
    "password is '%s x', use it",
    'password is "%s x y", use it',
    "the password was set to `two %s`",
    'db_password="%s two" ok',
    '{"Authorization":["Basic %s"],"x":1}',
    "map[Authorization:[Basic %s] Accept:[*/*]]",
    '"password"=>"%s", "x"=>1',
    '{"X-Api-Key": [ "%s", "%s" ]}',
    '{"password":{"now":"%s","old":["%s"]},"x":1}',
    '{"name":"DB_PASSWORD","value":"%s"}',
    'password=Some("%s") ok',
    '["Authorization","Basic %s"]',
    'args ["--token","%s"]',
    'run --password "%s x" now',
    "--token '%s' now",
    'curl -u "bob:%s x" localhost',
    "curl -sSu 'bob:%s' localhost",
    "curl -u bob:%s localhost",
    "mysql -u root -p%s db",
    'mysqldump -p"%s x" db',
    "mysql -p'x %s'",
    "docker login -u x -p %s reg",
    'docker login -u x -p "%s" reg',
    'sshpass -p "%s" ssh h',
    'CREATE USER x IDENTIFIED BY "%s"',
    "CREATE USER x IDENTIFIED BY 'x %s'",
    "ALTER USER x PASSWORD '%s'",
    "<password>%s</password>",
    '<property name="password" value="%s \\ x"/>',
    "https://hooks.slack.com/services/T000/B000/%s",
    "GET /x?sig=%s&se=2026",
    "x?X-Amz-Signature=%s",
    "X-Goog-Signature=%s",
    "postgres://u:%s@h/db",
    "credentials=%s x",
    "-----BEGIN PRIVATE KEY-----\n%s%s\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n%s%s",
    "%s%s\n-----END PRIVATE KEY-----",
    "password=[%s",
    'password="%s',
    "password='%s",
    "password:\t%s",
    "Password: \x1b[1m%s\x1b[0m",
    "passphrase=\u00e4%s",
]
AROUND = ("", "ok ", "line\n", "\t", "x: y ", "[x] ")
HOSTILE = (*AROUND, '"', "'", "\\", '\\"', "it's ", 'a "b" ', "C:\\dir\\ ", "[", "}", "k=v, ")


WRITERS = {  # which signs they write by their numbers, though they need not
    "as it is": "",
    "Gson": "=<>&'",
    ".NET": "\"'<>&+`",
    "PHP": "/",
    "any": "abcdefghijklmnoprstuvwxyzABC_-.:= '\"/\\@<>&\t",
}


def written(value: object, by: str = "as it is", *, compact: bool = True) -> str:
    """Return JSON as some write it."""

    def sign(found: re.Match[str]) -> str:
        meant = json.loads(f'"{found[0]}"')
        if len(found[0]) > 2 or meant not in WRITERS[by]:
            return found[0]
        return "\\/" if by == "PHP" else f"\\u{ord(meant):04x}"

    def string(found: re.Match[str]) -> str:
        return '"' + re.sub(r"\\u.{4}|\\.|[^\\]", sign, found[1]) + '"'

    plain = json.dumps(value, separators=(",", ":") if compact else None)
    return re.sub(r'"((?:[^"\\]|\\.)*+)"', string, plain)


@st.composite
def nested(draw: st.DrawFn, text: str) -> str:
    """Return JSON with a text in it, in JSON that stands in strings of other JSON, up to three times."""
    for _ in range(draw(st.integers(1, 3))):
        held = [text, {"msg": text}, [text], {"a": 1, "m": text, "z": "w"}, ["x", text, {"y": text}], [text, text]]
        text = written(
            draw(st.sampled_from(held)), by=draw(st.sampled_from(sorted(WRITERS))), compact=draw(st.booleans())
        )
    return text


@given(st.sampled_from(SHAPES), st.sampled_from(AROUND), st.sampled_from(AROUND), st.data())
@settings(max_examples=300, deadline=None)
def test_no_secret_is_left_in_json_however_deep_it_stands_there(shape, before, behind, data):
    text = before + shape.replace("%s", SECRET) + behind
    assert SECRET not in redact(text)
    text = data.draw(nested(text))
    hidden = redact(text)
    assert SECRET not in hidden and SECRET not in unescaped(hidden) and may_hold_secret(text)
    assert redact(hidden) == hidden
    json.loads(hidden)


@given(st.lists(st.sampled_from((*SHAPES, *HOSTILE)), max_size=6).map("".join), st.data())
@example("password='x\"\\", None)
@settings(max_examples=300, deadline=None)
def test_json_stays_json_whatever_its_strings_are(pieces, data):
    text = pieces.replace("%s", SECRET)
    text = data.draw(nested(text)) if data is not None else json.dumps([text, {"x": text}])
    json.loads(redact(text))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (r'{"m":"{\"msg\":\"https://x/y?sig=abcdefg\"}"}', r'{"m":"{\"msg\":\"https://x/y?sig=[hidden]\"}"}'),
        (r'{"u":"x?sig=abcdefg\u0026se=1"}', r'{"u":"x?sig=[hidden]\u0026se=1"}'),
        (r'{"u":"x?a=b\u0026sig=abcdefg"}', r'{"u":"x?a=b\u0026sig=[hidden]"}'),
        ('["password=\'ab","it\'s"]', '["password=\'[hidden]","it\'s"]'),
        (r'["password=\"ab","x"]', r'["password=\"[hidden]","x"]'),
        (r'{"cmd":"mysql -u root -p","x":"y"}', None),
        (r'{"m":"password is swordfish","x":1}', r'{"m":"password is [hidden]","x":1}'),
        (r'{"m":"one\npwd: q7Zk2Wm9Xr4T"}', r'{"m":"one\npwd: [hidden]"}'),
        (
            r'{"m":"\u003cpassword\u003eab c\u003c/password\u003e"}',
            r'{"m":"\u003cpassword\u003e[hidden]\u003c/password\u003e"}',
        ),
        (r'{"m":"<password>ab<\/password>"}', r'{"m":"<password>[hidden]<\/password>"}'),
        (r'{"password":"ab\\cd","x":1}', r'{"password":"[hidden]","x":1}'),
        (r'{"level":"info","m":"Enter password: "}', None),
        (
            r'["password=","x",{"m":"{\"q\":\"password:\"}","password":"ab"}]',
            r'["password=","x",{"m":"{\"q\":\"password:\"}","password":"[hidden]"}]',
        ),
        (r'{"m":"password=ab\\cd e"}', r'{"m":"password=[hidden] e"}'),
    ],
)
def test_what_is_hidden_in_json_ends_where_it_ends_there(text, left):
    hidden = redact(text)
    assert hidden == (text if left is None else left) == redact(hidden)
    json.loads(hidden)


TORN = SECRET * 2 + "\n-----END PRIVATE KEY----------BEGIN PRIVATE KEY-----\n" + SECRET * 2
CUT = "-----BEGIN PRIVATE KEY-----\n" + SECRET * 2


@pytest.mark.parametrize(
    "held",
    [
        {"a": ["<password>"], "x": 1.5, "b": "</x"},
        {"a": [CUT], "x": 1.5, "b": SECRET * 2 + "-----BEGIN PRIVATE KEY-----"},
        {"a": [CUT], "x": 1.5, "b": SECRET * 2 + "-----END PRIVATE KEY-----"},
    ],
)
def test_what_in_one_string_only_looks_like_the_beginning_of_a_value_breaks_nothing(held):
    hidden = json.loads(redact(json.dumps(held)))
    assert hidden["x"] == 1.5 and list(hidden) == ["a", "x", "b"]
    assert SECRET not in hidden["a"][0]
    outer = json.loads(redact(json.dumps({"within": json.dumps(held), **held})))
    assert outer["a"] == hidden["a"] and json.loads(outer["within"]) == hidden


def test_of_two_keys_that_are_cut_and_torn_both_are_hidden_where_they_stand():
    hidden = redact(TORN)
    assert SECRET not in hidden
    assert json.loads(redact(json.dumps(["x", TORN, {"y": TORN}]))) == ["x", hidden, {"y": hidden}]


def test_what_is_hidden_of_keys_in_two_strings_is_the_same_when_it_is_redacted_again():
    cut = json.dumps(f"credentials={SECRET} x{CUT}")
    hidden = redact(json.dumps({"a": [cut], "b": cut}))
    assert redact(hidden) == hidden and SECRET not in hidden
