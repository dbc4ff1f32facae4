"""How many missed renewals a token lives through: what its last grant gives, held against how often it is renewed."""

from collections.abc import Callable

SLACK = 0.25
"""A renewal may come this share of its interval late."""

RunsIn = Callable[[int], int]
"""How many runs come at least in a time in milliseconds that begins with one, which does not count."""


def every(interval_ms: int) -> RunsIn:
    """Return the runs of an even timer."""
    return lambda time_ms: max(0, time_ms) // interval_ms


def overdue_after_ms(interval_ms: int, poll_ms: int) -> int:
    """Return how long after a renewal the next has been missed; ``poll_ms``: so late one may be seen."""
    return int(interval_ms * (1 + SLACK)) + poll_ms


def missed(since_ms: int, runs_in: RunsIn) -> int:
    """Return how many were missed since a renewal after which one is overdue."""
    return max(1, runs_in(since_ms))


def survived(granted_ms: int, runs_in: RunsIn, missed_runs: int) -> int:
    """Return how many more runs in a row may be missed: of those that a grant lives through, what is left."""
    return max(0, runs_in(granted_ms) - missed_runs - 1)


def survival(runs: int, *, more: bool = False) -> str:
    """Say it in words; ``more``: some were missed already."""
    return f"survives {runs}{' more' if more else ''} missed {'run' if runs == 1 else 'runs'}"
