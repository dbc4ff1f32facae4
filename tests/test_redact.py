"""What has the shape of a secret is told and hidden; what has not, stays."""

import pytest

from statusdesk.redact import begins_like_token, is_token, looks_secret, redact


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
