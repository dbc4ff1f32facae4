"""What may be an accessor: anything on one line that is no token."""

import pytest

from statusdesk.accessors import accessor_problem


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hYpewabcdefghijklmnopMtmi", ""),
        ("hYpewabcdefghijklmnopMtmi.bOBH9x", ""),  # of a namespace
        ("00000000-1347-aa90-a4f6-aca8b7558780", ""),
        ("hvs.CAESIJ", "looks like a token"),
        ("s.abc", "looks like a token"),
        ("", "is no accessor"),
        ("a b", "is no accessor"),
        ("abc\n", "is no accessor"),
    ],
)
def test_an_accessor_is_no_token(text, wrong):
    assert accessor_problem(text).startswith(wrong) and bool(accessor_problem(text)) == bool(wrong)
