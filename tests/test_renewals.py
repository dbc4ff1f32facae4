"""What the value of a parameter names: a list between commas or blanks, and names that have these in them."""

import pytest

from statusdesk.config import TokenSettings
from statusdesk.renewals import members, names_one_of

NAMES = ("orders", "pay, ments", "a;b", "two words", "two", "Straße, 1")
TOKENS = [TokenSettings(name=name, accessor="a") for name in NAMES]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("orders", ["orders"]),
        (" orders ,mail;x  y", ["orders", "mail", "x", "y"]),
        ("pay, ments", ["pay, ments"]),
        ("Pay, Ments", ["Pay, Ments"]),
        ("orders,pay, ments", ["orders", "pay, ments"]),  # as it is kept of a run
        ("pay, ments orders", ["pay, ments", "orders"]),
        ("pay,ments", ["pay", "ments"]),
        ("repay, ments", ["repay", "ments"]),
        ("pay, mentsx", ["pay", "mentsx"]),
        ("a;b", ["a;b"]),
        ("two words", ["two words"]),
        ("orders two words", ["orders", "two words"]),
        ("two,words", ["two", "words"]),
        ("strasse, 1", ["strasse, 1"]),
        (" , ;", []),
        ("", []),
    ],
)
def test_a_list_names_what_stands_between_commas_and_blanks_that_are_in_no_name(value, named):
    assert members(TOKENS, value) == named


@pytest.mark.parametrize("name", NAMES)
def test_each_token_is_named_by_its_name(name):
    assert all(names_one_of(TOKENS, each) for each in members(TOKENS, name)) and members(TOKENS, name) == [name]
