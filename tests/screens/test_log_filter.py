"""What filters look at: whole lines, as they are and as they are shown."""

import pytest

from screens.log_filter import Filters, Pattern


def test_an_expression_is_looked_for_in_all_of_a_line_while_that_is_in_time_and_else_it_is_said():
    assert Pattern("x.z").found_in("a" * 16_000 + "xyz") and Pattern("x.z|(b+)c").found_in("a" * 16_000 + "bbc")
    assert Pattern("x.z").spans("a" * 2_100 + "xyz") == [(2_100, 2_103)]
    slow = Pattern("b+.*x.*=~")
    filters = Filters(includes=(slow,))
    assert filters.those_of(["bb x =~", "a" * 2_000 + "bx" * 6_000] * 40, 0) == list(range(0, 80, 2))
    assert slow.too_long and slow.regex
    [shorter] = filters.in_time().includes
    assert shorter.words == "b+.*x.*=~ in the first 2,000 characters" and shorter != slow
    assert shorter.found_in("a" * 1_900 + "bx=~") and not shorter.found_in("a" * 2_100 + "bx=~")
    assert filters.in_time().in_time() == filters.in_time()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("user=bob", True),
        ("WARN  boom", True),
        ("n={a=.1,2.}", True),
        ('"user":"bob"', True),
        ("bob", True),
        ("WARN", True),
        ("caf\u00e9", True),
        ("user=al", False),
        ("warning", False),
    ],
)
def test_json_is_looked_through_as_it_is_shown_and_as_it_is(typed, found):
    text = '{"level":"warn","msg":"boom json","user":"bob","n":{"a":[1,2]},"at":"caf\\u00e9"}'
    pattern, filters = Pattern(typed), Filters(includes=(Pattern(typed),))
    assert pattern.shown_in(text) is found
    assert filters.those_of(["plain", text], 5) == [6] * found
    assert filters.includes_text(text) is found and filters.of_one()(text) is found
    without = Filters(excludes=(pattern,))
    assert without.excludes_text(text) is found and (1 in without.those_of(["plain", text], 0)) is not found
