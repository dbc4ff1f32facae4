"""How a server's clock stands to ours, in words."""

from statusdesk.text import span


def off_by(skew_ms: int) -> str:
    """Return by how much a clock is ahead of ours or behind it, rounded to minutes from one on."""
    ms = abs(skew_ms)
    about = span(round(ms / 60_000) * 60_000 if ms >= 60_000 else ms)
    return f"{about} {'ahead of' if skew_ms > 0 else 'behind'} ours"
