"""How many missed renewals a token lives through: what its last grant gives, held against how often it is renewed."""


def survived(granted_ms: int, every_ms: int) -> int:
    """Return how many runs in a row of an even timer may be missed."""
    return max(0, granted_ms // every_ms - 1)


def survival(runs: int, *, more: bool = False) -> str:
    """Say it in words; ``more``: some were missed already."""
    return f"survives {runs}{' more' if more else ''} missed {'run' if runs == 1 else 'runs'}"
