"""Clocks that are off, in words."""

import pytest

from collectors.server_clocks import off_by


@pytest.mark.parametrize(
    ("off_ms", "said"), [(6_400, "6s"), (90_500, "2m"), (3_599_200, "1h"), (7_199_100, "2h"), (5_400_400, "1h 30m")]
)
def test_how_far_a_clock_is_off_is_rounded_and_not_cut_down(off_ms, said):
    assert off_by(off_ms) == f"{said} ahead of ours"
    assert off_by(-off_ms) == f"{said} behind ours"
