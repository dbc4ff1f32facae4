"""What stands after a name that says that it is secret is hidden: all of it, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.redact import may_hold_secret, redact

SECRET = "q7Zk2Wm9Xr4Tb1Lc8Vn5"
LONG = ["an ordinary line of a log"] * 100


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"password":"p4ss word two","user":"bob"}', '{"password":"[hidden]","user":"bob"}'),
        (r'{"password": "ab\"cdefgh", "user": "bob"}', '{"password": "[hidden]", "user": "bob"}'),
        ("{'passwd': 'p4ss word', 'a': 'b'}", "{'passwd': '[hidden]', 'a': 'b'}"),
        ('login pwd="p4ss word" ok', 'login pwd="[hidden]" ok'),
        ('SECRET_ONE="p4ss word" ok', 'SECRET_ONE="[hidden]" ok'),
        (r'{"body":"{\"password\":\"p4ss word\",\"a\":1}"}', r'{"body":"{\"password\":\"[hidden]\",\"a\":1}"}'),
        ('{"password":"", "user":"bob"}', '{"password":"", "user":"bob"}'),
        ("password=p4ss word", "password=[hidden] word"),
    ],
)
def test_what_stands_in_quotes_is_hidden_up_to_the_quote_that_ends_it(text, left):
    assert redact(text) == redact(left) == left and (text == left or may_hold_secret(text))


BASIC = "Basic dXNlcjpodW50ZXIyc2VjcmV0"
HELD = [
    ('{"Authorization":["%s"],"x":1}', '{"Authorization":["[hidden]"],"x":1}'),
    ("headers={Authorization=[%s], Accept=[*/*]}", "headers={Authorization=[[hidden]], Accept=[*/*]}"),
    ("map[Authorization:[%s] Accept:[*/*]]", "map[Authorization:[[hidden]] Accept:[*/*]]"),
    ('"password"=>"%s", "x"=>1', '"password"=>"[hidden]", "x"=>1'),
    ('{:password=>"%s"}', '{:password=>"[hidden]"}'),
    ('{"X-Api-Key": [ "%s", "%s" ]}', '{"X-Api-Key": ["[hidden]"]}'),
    ('password={"%s"}', 'password={"[hidden]"}'),
    ('{"password":{"now":"%s","old":["%s"]},"x":1}', '{"password":"[hidden]","x":1}'),
    (r'{"body":"{\"password\":[\"%s\"]}"}', r'{"body":"{\"password\":[\"[hidden]\"]}"}'),
    ('{"name":"DB_PASSWORD","value":"%s"}', '{"name":"DB_PASSWORD","value":"[hidden]"}'),
    ("password=Optional[%s] ok", "password=[hidden] ok"),
    ('password=Some("%s") ok', "password=[hidden] ok"),
    ("{'password': b'%s'}", "{'password': b'[hidden]'}"),
    ('["Authorization","Basic %s"]', '["Authorization","[hidden]"]'),
    ('{"pass":"%s","pwd":"%s"}', '{"pass":"[hidden]","pwd":"[hidden]"}'),
    ('{"access_key":"%s"}', '{"access_key":"[hidden]"}'),
    ('args ["--token","%s"]', 'args ["--token","[hidden]"]'),
    ('run --password "%s" now', 'run --password "[hidden]" now'),
    ('{"msg":"bad password={%s","x":[1]}', '{"msg":"bad password={[hidden]}","x":[1]}'),
    ("password=[%s", "password=[[hidden]]"),  # the line was cut
]


@pytest.mark.parametrize(("text", "left"), HELD)
@pytest.mark.parametrize("secret", [BASIC, "hunter2secret"])
def test_what_a_list_an_arrow_or_an_object_holds_is_hidden(text, left, secret):
    given = text.replace("%s", secret)
    assert redact(given) == left == redact(left) and may_hold_secret(given)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"password":null,"x":1}', None),
        ('{"password":false,"passwd":true}', None),
        ('{"password":[],"api_key":{},"secret_key":[null]}', None),
        ("password=None, token=null", None),
        ('{"password":12345,"x":1}', '{"password":"[hidden]","x":1}'),
        ('{"password":[123,456],"x":1}', '{"password":["[hidden]"],"x":1}'),
        (r'{"b":"{\"password\":-1.5}"}', r'{"b":"{\"password\":\"[hidden]\"}"}'),
        ('{"session_id":123456789012}', '{"session_id":"[hidden]"}'),
        ('{"token":123456789012}', '{"token":"[hidden]"}'),
        ('{"pass":3,"fail":1}', None),
        ('{"secret":{"secretName":"orders-tls-2026","items":["q7Zk2Wm9"]}}', None),
        ('{"token":["EOF","identifier"],"line":3}', None),
        ('{"token":"unexpected end of what was given"}', None),
    ],
)
def test_a_line_of_json_stays_one(text, left):
    hidden = redact(text)
    assert hidden == (text if left is None else left) == redact(hidden)
    assert not text.startswith("{") or json.loads(hidden)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("vault-thing --token hunter2secret x", "vault-thing --token [hidden] x"),
        ("+ curl -sSu bob:hunter2 localhost", "+ curl -sSu bob:[hidden] localhost"),
        ("curl --user 'bob:hun ter2' localhost", "curl --user 'bob:[hidden]' localhost"),
        ("sk_live_" + "4eC39HqLyjWDarjtT1", "[hidden]"),
        ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "[hidden]"),
        ("ya29." + SECRET, "[hidden]"),
        (f"SG.{SECRET}.{SECRET}", "[hidden]"),
        ("sha256~" + SECRET * 2, "[hidden]"),
        ("the flag --password is missing", None),
        ("use --token-file FILE, or --token $TOKEN", None),
        ("docker run -u 1000:1000 orders", None),
    ],
)
def test_secrets_of_command_lines_and_of_more_makers_are_hidden(text, left):
    assert redact(text) == (text if left is None else left)
    assert left is None or may_hold_secret(text) and may_hold_secret("\n".join([*LONG, text]))


NAMES = (
    "password",
    "Authorization",
    "X-Api-Key",
    "token",
    "pass",
    "SECRET_ONE",
    "session_id",
    "--token",
    "curl -u",
    "Cookie",
)
SIGNS = (
    "",
    " ",
    '"',
    "'",
    '\\"',
    ":",
    "=",
    "=>",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    "Basic ",
    "&{",
    "\n",
    "null",
    "123456789012",
)


@given(st.sampled_from(NAMES), st.lists(st.sampled_from((*SIGNS, SECRET, "bob:")), max_size=12))
@settings(max_examples=150, deadline=None)
def test_the_look_before_the_look_misses_nothing_and_what_is_hidden_stays_so(name, pieces):
    text = name + "".join(pieces)
    hidden = redact(text)
    assert hidden == text or may_hold_secret(text)
    assert redact(hidden).count(SECRET) <= hidden.count(SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "Access denied for user 'x'@'10.0.0.1' (using password: NO)",
        "Access denied for user 'x'@'10.0.0.1' (using password: YES)",
        "password=${DB_PASSWORD} is not there",
        "spring.datasource.password: ${spring.secret}",
        "url=x --password ${DB_PASSWORD} -h db",
    ],
)
def test_what_says_whether_there_was_a_secret_is_none(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["password=${DB_PASSWORD}tail9", "password=${A:-hunter2}", "password=$hunter2", "password=nosecret"]
)
def test_what_only_looks_like_that_is_hidden(text):
    assert text.removeprefix("password=")[:8] not in redact(text)


def test_a_password_with_the_sign_of_a_host_in_it_is_hidden_to_its_end():
    assert redact("postgres://u:Ab3@xyZ9q@db/x ftp://a:b@c") == "postgres://u:[hidden]@db/x ftp://a:[hidden]@c"
