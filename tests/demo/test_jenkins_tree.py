"""The tree grammar of the simulated Jenkins."""

import pytest

from statusdesk.demo.jenkins_tree import Bean, Exporter, Field, Shape, TreeError, parse_tree


def letters(count: int) -> Bean:
    return Bean("List", {"items": [Bean("", {"letter": letter}) for letter in "abcdefgh"[:count]], "size": count})


class Top:
    pass


class Part:
    pass


SHAPES = {
    Top: Shape("Top", [Field("part", lambda _: [Part()]), Field("inside", lambda _: Part(), inline=True)]),
    Part: Shape("Part", [Field("near", lambda _: 1), Field("far", lambda _: 2, visibility=3)]),
}
EXPORTER = Exporter(lambda value: SHAPES[type(value)])


@pytest.mark.parametrize(
    ("window", "expected"),
    [("{0,2}", "ab"), ("{2}", "c"), ("{6,}", "gh"), ("{,1}", "a"), ("{9,12}", ""), ("{20}", ""), ("", "abcdefgh")],
)
def test_a_range_cuts_a_list(window, expected):
    found = EXPORTER.by_tree(letters(8), parse_tree(f"items[letter]{window}"))
    assert [item["letter"] for item in found["items"]] == list(expected)


def test_unknown_names_are_dropped_and_class_always_comes():
    assert EXPORTER.by_tree(letters(1), parse_tree("size,nothing[below]")) == {"_class": "List", "size": 1}


def test_a_star_is_every_name_of_one_level():
    assert EXPORTER.by_tree(letters(1), parse_tree("items[*]")) == {"_class": "List", "items": [{"letter": "a"}]}


def test_without_brackets_objects_are_bare():
    assert EXPORTER.by_tree(letters(2), parse_tree("items")) == {"_class": "List", "items": [{}, {}]}


def test_a_name_listed_twice_counts_the_last_time():
    assert EXPORTER.by_tree(letters(1), parse_tree("items[letter],items[none]")) == {"_class": "List", "items": [{}]}


@pytest.mark.parametrize(
    "text", ["builds{0,2}[number]", "builds{a}", "jobs[name", "jobs]", "", "a,,b", "a[]", "b{1,2,3}"]
)
def test_what_stapler_refuses_is_refused(text):
    with pytest.raises(TreeError):
        parse_tree(text)


@pytest.mark.parametrize(("depth", "part"), [(0, {"far": 2}), (1, {"near": 1, "far": 2})])
def test_depth_hides_what_is_far(depth, part):
    found = EXPORTER.by_depth(Top(), depth)
    assert found["part"] == [{"_class": "Part"} | part]
    assert found["inside"] == {"_class": "Part", "near": 1, "far": 2}  # as visible as what it stands in
