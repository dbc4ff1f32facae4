"""What further back is asked with."""

from screens.log_filter import Filters, Pattern, Sought


def sought(*typed):
    """Return what is asked with when a reader has typed this as filters; None without."""
    return Sought(Filters(includes=tuple(map(Pattern, typed)))) if any(typed) else None
