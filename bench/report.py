"""How every measurement ends: two sides, then the ratio and its target on the last line."""

import statistics
import sys
from collections.abc import Sequence
from typing import NoReturn


def side(name: str, values: Sequence[float], unit: str) -> float:
    """Print one side (median, minimum and maximum of its runs) and return its median."""
    median = statistics.median(values)
    print(f"{name:<58} {median:12.3f} {unit}  (min {min(values):.3f}, max {max(values):.3f}, n={len(values)})")
    return median


def finish(what: str, ratio: float, target: float) -> NoReturn:
    """Print the ratio and its target, and exit 1 where the target is missed."""
    verdict = "met" if ratio <= target else "MISSED"
    print(f"{what}: ratio {ratio:.4f}, target <= {target:.4f}: {verdict}")
    sys.exit(0 if ratio <= target else 1)
