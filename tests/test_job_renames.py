"""The names that jobs had, and have since."""

import pytest

from statusdesk.job_renames import Renames
from statusdesk.states_builds import JobEvent


def renames(*told: tuple[int, str, str]) -> Renames:
    return Renames(
        JobEvent(source="jenkins", name=name, at_ms=at_ms, what="renamed", other=other) for at_ms, name, other in told
    )


@pytest.mark.parametrize(
    ("told", "name", "now"),
    [
        ([], "a", "a"),
        ([(1, "a", "b"), (2, "b", "c")], "a", "c"),
        ([(1, "a", "b"), (2, "b", "a")], "b", "a"),
        ([(1, "a", "b"), (1, "b", "a")], "a", "b"),
        ([(1, "a", "b"), (2, "a", "c")], "a", "c"),
        ([(1, "shop/a", "a")], "shop-a", "a"),
    ],
)
def test_what_a_job_is_called_since(told: list[tuple[int, str, str]], name: str, now: str) -> None:
    assert renames(*told).later_name(name) == now


def test_what_a_job_was_called_before() -> None:
    assert renames((1, "a", "b"), (2, "b", "c")).earlier_names("jenkins", "c") == [("b", 2), ("a", 1)]
    assert renames((1, "a", "b"), (1, "b", "a")).earlier_names("jenkins", "a") == [("b", 1)]
