"""How long to wait before something that failed is tried again."""

_MOST_DOUBLINGS = 20  # far past every limit, and far from what a float cannot hold


def doubled(first: float, failures: int, longest: float) -> float:
    """Return the wait after so many failures in a row: ``first``, doubled by each further one, up to ``longest``."""
    return min(longest, first * 2.0 ** min(max(0, failures - 1), _MOST_DOUBLINGS))
