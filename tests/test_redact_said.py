"""A password that a sentence tells is hidden; what a sentence says about one stays."""

import pytest

from statusdesk.redact import may_hold_secret, redact


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
