"""Words for people."""

import pytest

from statusdesk import text


@pytest.mark.parametrize(("count", "said"), [(0, "0 builds"), (1, "1 build"), (2, "2 builds"), (1200, "1,200 builds")])
def test_one_is_not_several(count, said):
    assert text.counted(count, "build") == said


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        ([], {}, ""),
        (["a", "b", "c"], {}, "a, b, c"),
        (["a", "b", "c", "d"], {}, "a, b, c and 1 more"),
        (["a", "b", "c", "d", "e"], {"apart": "; "}, "a; b; c; and 2 more"),
        (["a", "b", "c"], {"most": 1}, "a and 2 more"),
    ],
)
def test_of_many_the_first_are_named_and_the_others_counted(words, given, said):
    assert text.few(words, **given) == said
