"""Expressions that people type: what they find is what ``re`` finds, and none takes longer than it may."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusdesk.expression import Expression, TooLongError, is_simple

PIECES = [
    "a",
    "b",
    "\\d",
    "[ab]",
    "[^a]",
    ".",
    "|",
    "(a)",
    "(?:b|a)",
    "x*",
    "a+",
    "b?",
    "\\b",
    "^",
    "$",
    "A",
    "\\.",
    "1",
]
LINES = st.lists(st.text("abAB1. x\u017f\u212a\n", max_size=12), max_size=80)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), LINES, st.booleans())
def test_what_is_found_is_what_re_finds(typed, lines, any_case):
    expression = Expression(typed, any_case=any_case)
    known = re.compile(typed, re.IGNORECASE if any_case else 0)
    assert expression.among(lines) == [at for at, line in enumerate(lines) if known.search(line)]
    for line in lines[:3]:
        assert expression.is_in(line) is (known.search(line) is not None)
        assert expression.spans(line, 5) == [each.span() for each in known.finditer(line)][:5]


@pytest.mark.parametrize("typed", ["ERROR", "warn|err", r"\d\d\.\d", "[a-f]x", "a b", "^GET", r"\[x\]", r"[^\s]x"])
def test_what_no_line_makes_slow_is_simple(typed):
    assert is_simple(typed)


@pytest.mark.parametrize(
    "typed",
    ["a+", "(a)", "a{3}", r"(a)\1", "a?", "\u00e9", "[]a]", "x" * 65, "[a", r"\x41", "a*", r"[\u0080-\U0010ffff]"],
)
def test_all_else_is_not(typed):
    assert not is_simple(typed)


def test_only_the_beginning_of_a_line_may_be_asked_for():
    assert not Expression("b.c", most_line_chars=3).is_in("aabxc") and Expression("b.c").is_in("aabxc")
    assert Expression("b+", most_line_chars=3).spans("abbbb", 9) == [(1, 3)]


@pytest.mark.parametrize("typed", ["(", "[a", "a{3}{3}", "(?P<x>a)(?P<x>b)", "*"])
def test_what_is_no_expression(typed):
    with pytest.raises(ValueError, match=r"\w"):
        Expression(typed)


def test_many_slow_lines_together_take_too_long():
    slow = Expression("(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b", once_s=0.002, each_s=0.000_001)
    begun_s = time.thread_time()
    with pytest.raises(TooLongError):
        slow.among(["a" * 60] * 100_000)
    assert time.thread_time() - begun_s < 0.05


def test_a_simple_one_takes_too_long_where_lines_are_made_for_it():
    with pytest.raises(TooLongError):
        Expression("a" * 31 + "b|" + "a" * 31, any_case=True, each_s=0.000_001).among(["a" * 30 + "b" * 2000] * 9000)


def test_what_is_quick_goes_on_for_ever():
    quick = Expression("a+b")
    for _ in range(300):
        assert quick.among(["x" * 20] * 60 + ["aab"]) == [60]


def test_time_that_other_threads_take_is_not_held_against_it(monkeypatch):
    """The limit of one line counts the whole process; a look at what was its own decides."""
    expression = Expression("a+b")
    stops = iter([True, True, False])

    class Stopped:
        def search(self, *_args, **_more):
            if next(stops):
                raise TimeoutError
            return object()

    expression._compiled = Stopped()
    assert expression.is_in("a line")
