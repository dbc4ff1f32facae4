"""What has the shape of a secret is told and hidden; what has not, stays."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.log_text import Redactor
from statusdesk.redact import begins_like_token, is_token, looks_secret, may_hold_secret, redact, redact_lines


@pytest.mark.parametrize(
    "text",
    [
        "token hvs.CAESIJabcdefghijklmnopqrstuvwxyz sent",
        "s.abcdefghijklmnopqrstuvwx",
        "X-Vault-Token: 0b1c2d3e-secret",
        '{"client_token": "0b1c2d3e-secret", "x": 1}',
        "Authorization: Bearer 0b1c2d3e-secret",
        "password=0b1c2d3e-secret",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4eHh4In0.c2VjcmV0c2VjcmV0",
        "mine is hunter2-hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    hidden = redact(text, known=["hunter2-hunter2", ""])
    assert "[hidden]" in hidden
    for secret in ("CAESIJ", "abcdefghij", "0b1c2d3e", "c2VjcmV0", "hunter2"):
        assert secret not in hidden


@pytest.mark.parametrize("text", ["orders 1.5.0 failing", "https://vault:8200/v1/auth", "a.b.c", "token 'orders' gone"])
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "begins", "whole", "suspect"),
    [
        ("hvs." + "A" * 24, True, True, True),
        ("s." + "A" * 20, True, True, True),
        ("s." + "A" * 19, True, False, False),  # too short for a token, but no accessor begins so
        ("token hvb." + "A" * 24 + " sent", False, False, True),
        ("hvs." + "A" * 24 + "!", True, False, True),
        ("logs." + "A" * 24, False, False, False),  # no word ends there
        ("-----BEGIN OPENSSH PRIVATE KEY", False, False, True),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzd", False, False, True),  # a signed token, cut off
        ("9pW0vyTUZbbLx", False, False, False),
    ],
)
def test_the_shapes_of_secrets_are_told(text, begins, whole, suspect):
    assert (begins_like_token(text), is_token(text), looks_secret(text)) == (begins, whole, suspect)


SECRET = "q7Zk2Wm9Xr4Tb1Lc8Vn5"
KEY = "-----BEGIN RSA PRIVATE " + "KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"sent with Bearer {SECRET}",
        f"bearer {SECRET}== refused",
        f"token: {SECRET}",
        f'{{"token":"{SECRET}","x":1}}',
        f"{{'secret': '{SECRET}'}}",
        f'said {{\\"token\\": \\"{SECRET}\\"}}',
        f"secret: {SECRET}",
        f"api_key: {SECRET}",
        f"api_key_prod: {SECRET}",
        f"ghp_{SECRET}",
        f"gho_{SECRET}",
        f"github_pat_{SECRET}_{SECRET}",
        f"cloned with glpat-{SECRET}",
        "AKIA" + "Q7ZK2WM9XR4TB1LC",
        "xoxb-1234567890-q7Zk2Wm9Xr4T",
        f"npm_{SECRET}",
        f"dckr_pat_{SECRET}",
        f"DB_SECRET={SECRET}",
        f"APP_SECRET_VALUE={SECRET}",
        f"SECRET_KEY_BASE={SECRET}",
        f"{KEY}\\n{SECRET}\\n-----END RSA PRIVATE KEY-----",
        f"{KEY} {SECRET}",
        f"Cookie: JSESSIONID={SECRET}",
        f"cookie: theme=dark; sid={SECRET};n={SECRET}; x=1",
        f"Set-Cookie: SID={SECRET}; Path=/; HttpOnly; Max-Age=3600; SameSite=Lax",
        f'{{"cookie":"lang=de; sid={SECRET}","x":1}}',
        f'{{\\"Cookie\\":[\\"sid={SECRET}\\"]}}',
        f"GET /orders?page=1&session={SECRET}&x=2 200",
        f"GET /callback?access_token={SECRET}&x=2 302",
        f"GET /login;jsessionid={SECRET}?x=2 200",
        f"PHPSESSID={SECRET}",
        f'"session_id": "{SECRET}"',
        f"sessionKey={SECRET}",
    ],
)
def test_secrets_of_other_makers_are_hidden(text):
    hidden = redact(text)
    assert "[hidden]" in hidden
    assert not any(piece in hidden for piece in (SECRET, "Q7ZK2WM9", "q7Zk2Wm9Xr4T"))
    assert may_hold_secret(text), "the look before the look must not miss it"
    assert may_hold_secret("an ordinary line\n" * 200 + text), "nor among many lines"
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "token: refreshed-successfully",
        "token: TokenExpiredException",
        "secret: orders-database-v2",
        "secret: staging/orders-tls-2026",
        'secret "orders-db" not found',
        "error: invalid token: unexpected_character_at_position_15",
        "Bearer authentication-required by the proxy",
        "the bearer of good news",
        "prompt_tokens: 1234567890123, max_tokens: 4096",
        "key: orders/customers/42",
        "skipping npm_config_cache",
        "xoxo from the AKIABARA team",
        "GET /api/v1/namespaces/staging/pods 200 12ms trace=4bf92f3577b34da6a3ce929d0e0e4736",
        "loaded secret store in 12 ms; SECRETS are 4",
        "Cookie: accepted by 12 users",
        "cookie: theme=dark; lang=de",
        "session=closed-by-peer after 30 s",
        "session_timeout=1800000ms sessions=123456789012",
        "session: SessionExpiredException",
        "GET /orders?session=new 200",
        "session: 2026-11-23T03:00:00Z",
        "session: 2026-11-23T03:00:00.123+01:00 begins",
        "sessionId=not-known-to-this-pod",
        "sessionId: 2026-11-23T03:00:00Z",
    ],
)
def test_ordinary_lines_of_a_log_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize("name", ["sessionId=", "session_id: ", "PHPSESSID=", ";jsessionid=", "session-token="])
def test_what_a_session_is_known_by_is_hidden_though_it_is_all_letters(name):
    assert redact(f"GET /orders{name}abcdefghijklmnop") == f"GET /orders{name}[hidden]"


WORDS = ("token", "TOKEN", "secret", "SECRET", "password", "pwd", "pass", "api_key", "authorization", "bearer")
WORDS += ("Cookie: n", "http://me", "sess", "sessionId", "JSESSIONID", "ghp_", "glpat-", "xoxb-", "AKIA", "hvs")
WORDS += ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4",)
LINKS = (" ", ": ", "=", "='", '": "', " is ", ":", "@", ".", "")
VALUES = (SECRET, "q7Zk2Wm9Xr4Tb1Lc.8Vn5q7Zk2Wm9", "Q7ZK2WM9XR4TB1LC", "swordfish42@db", "abcdefghijklmnop")
LONG = ["an ordinary line of a log"] * 100  # together 2,600 characters


@pytest.mark.parametrize("word", WORDS)
def test_what_is_hidden_in_a_short_text_is_hidden_among_many_lines(word):
    told = {f"{word}{link}{value}" for link in LINKS for value in VALUES}
    changed = [text for text in told if redact(text) != text]
    assert changed, "or this says nothing"
    for text in changed:
        assert may_hold_secret(text), text
        for lines in ([*LONG, text], [text, *LONG]):
            assert redact(text) in Redactor().lines("\n".join(lines), lines)


@pytest.mark.parametrize("word", ["pa\u017f\u017fword=", "to\u212aen=", "author\u0130zation: ", "author\u0131zation: "])
def test_letters_that_count_as_others_hide_no_secret(word):
    assert redact(word + SECRET) == f"{word}[hidden]"
    assert may_hold_secret(word + SECRET) and may_hold_secret("\n".join([*LONG, word + SECRET]))


def test_of_a_cookie_only_what_it_is_known_by_is_hidden():
    given = f"Set-Cookie: SID={SECRET}; Path=/orders-and-more; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"
    assert redact(given) == given.replace(SECRET, "[hidden]")


def test_the_lines_of_a_private_key_are_hidden():
    lines = ["begin", KEY, SECRET * 3, SECRET * 3, "-----END RSA PRIVATE KEY-----", "end"]
    assert redact_lines(lines) == ["begin", KEY, "[hidden]", "[hidden]", "-----END RSA PRIVATE KEY-----", "end"]


BODY = [f"MIIEowIBAAKCAQEA{number:048d}" for number in range(6)]
END = "-----END RSA PRIVATE " + "KEY-----"
PATH = "GET /api/v1/namespaces/staging/pods"


@pytest.mark.parametrize(
    ("lines", "hidden"),
    [
        ([*BODY, "aQ0w==", END, "up"], range(7)),  # the last line of a key may be short
        (BODY, range(6)),  # and its end may be still to come
        ([*BODY, "aQ0w=="], range(7)),
        ([BODY[0], f"  {BODY[1]}  ", END], range(2)),
        ([*BODY, "INFO up"], ()),  # not a key, or it would have an end
        (["INFO up", *BODY], ()),
        (["INFO up", *BODY, "aQ0w==", END, *BODY], range(1, 8)),
        (["INFO up", f"out: {BODY[0]}", f"out: {BODY[1]}", END], (1, 2)),  # with something before it
        ([PATH, KEY, *BODY, "aQ0w==", END, *BODY], range(2, 9)),
        ([PATH, f"{KEY}{BODY[0]}{END}", PATH], ()),
        ([KEY, *BODY[:1] * 198, END], range(1, 199)),
        ([KEY, "Proc-Type: 4,ENCRYPTED", "", *BODY, "aQ0w==", END, "up"], range(1, 10)),
        ([KEY, *BODY, "aQ0w", "up", "down"], range(1, 8)),
        ([f"expected {KEY}", "INFO up", "done", PATH, "2026-11-23T09:00:00Z ERROR down"], ()),
        ([KEY, *BODY, "2026-11-23T09:00:00Z ERROR down", BODY[0], "up"], [*range(1, 7), 8]),  # two that write at once
        ([f"out: {KEY}", f"out: {BODY[0]}", "out: aQ0w==", "out: up"], (1, 2)),
    ],
)
def test_what_belongs_to_a_key_is_the_same_in_a_log_and_in_what_is_kept_of_it(lines, hidden):
    shown = redact_lines(lines)
    assert [at for at, text in enumerate(shown) if text == "[hidden]"] == list(hidden)
    assert not any("MIIE" in text for at, text in enumerate(shown) if at in hidden or KEY in lines[at])
    assert Redactor().lines("\n".join(lines), lines) == shown


@pytest.mark.parametrize(
    "text",
    [
        "password is: swordfish42",
        "password is swordfish42",
        "The password is swordfish",
        "db_password is 'swordfish', use it",
        'passphrase was: "swordfish"',
        "passwd set to swordfish42 now",
        "password: swordfish",
        "passwd=swordfish",
        "password is : swordfish and more",
    ],
)
def test_a_password_that_a_sentence_tells_is_hidden(text):
    assert may_hold_secret(text)
    hidden = redact(text)
    assert "swordfish" not in hidden and "[hidden]" in hidden and hidden[:4] == text[:4]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('password is "zebra horse x", use it', 'password is "[hidden]", use it'),
        ("the password was set to 'two words'.", "the password was set to '[hidden]'."),
        ("password has been set to `two words`", "password has been set to `[hidden]`"),
        ("password is set to swordfish42", "password is set to [hidden]"),
        ('passphrase is: "correct horse battery"', 'passphrase is: "[hidden]"'),
        (r'password is "ab\"cd ef" now', 'password is "[hidden]" now'),
        (r'{"msg":"password is \"two words\"","x":1}', r'{"msg":"password is \"[hidden]\"","x":1}'),
        ('password is "cut of', 'password is "[hidden]'),
        ("password is 'cut of\nit's another line", "password is '[hidden]\nit's another line"),
        ("password is 'one two' and passcode was 'three four'", "password is '[hidden]' and passcode was '[hidden]'"),
        ('password is "too short"', None),
        ("password was set to 'unknown'", None),
        ('{"msg":"the password is ","user":"bob"}', None),
        ("password is ''", None),
        ("password is set to expire on Monday", None),
    ],
)
def test_a_password_in_quotes_is_hidden_up_to_their_end(text, left):
    hidden = redact(text)
    assert hidden == (text if left is None else left)
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "said", ["missing", "required", "wrong", "invalid", "expired", "not set", "stored in Vault", "incorrect."]
)
@pytest.mark.parametrize("link", [" is ", " is: ", " was "])
def test_what_is_said_about_a_password_stays(said, link):
    text = f"password{link}{said}"
    assert redact(text) == text


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


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda held: st.lists(held, max_size=3) | st.dictionaries(st.sampled_from(NAMES), held, max_size=3),
        max_leaves=6,
    )
)
@settings(max_examples=150, deadline=None)
def test_json_stays_json_whatever_the_named_values_are(value):
    for text in (json.dumps({"password": value, "x": value}), json.dumps({"body": json.dumps({"password": value})})):
        json.loads(redact(text))
