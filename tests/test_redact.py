"""What has the shape of a token or a name that says that it is secret is told and hidden; what has not, stays."""

import pytest

from collectors.log_text import Redactor
from statusdesk.redact import begins_like_token, is_token, looks_secret, may_hold_secret, redact


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
