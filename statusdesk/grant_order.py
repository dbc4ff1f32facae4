"""Which grants of a token follow each other: whether it may have been renewed between two that were seen."""

from statusdesk.states import Grant

LATE_MS = 2000
"""The ends that Vault tells move by up to this though nothing was renewed."""


def follows(before: Grant, after: Grant) -> bool:
    """Whether no renewal is known to have been, or may well have been, between two that were seen one after the other.

    A token that outlived a grant was renewed in between. And in the time in which nobody looked it may have been: only
    where more than half of the time between the two was seen to be without a renewal, none of a timer that is even
    fits into the rest, and of another one no other gap there is longer.
    """
    if before.seen_ms is None or after.renewed_ms > before.expire_ms + LATE_MS:
        return False
    return 2 * (before.seen_ms - before.renewed_ms) > after.renewed_ms - before.renewed_ms
