"""Waits double from the second failure on, up to their limit, however many failures there are."""

import pytest

from statusdesk.backoff import doubled


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 8.0), (10_000, 8.0)]
)
def test_waits_double_up_to_their_limit(failures, wait_s):
    assert doubled(0.5, failures, 8.0) == wait_s


def test_a_first_wait_beyond_the_limit_is_cut():
    assert doubled(90.0, 1, 60.0) == 60.0
