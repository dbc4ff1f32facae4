"""Whether what a Jenkins shows can be all that it has: none at all is never well, a sharp fall is asked twice."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """Why a list of jobs is not believed: ``shown`` of the ``expected`` that were there before."""

    shown: int
    expected: int


def doubt_of(shown: int, expected: int, before: Doubt | None) -> Doubt | None:
    """Return the doubt about a list of jobs, None where it is believed.

    No jobs mean missing rights far more often than an empty Jenkins. Where more than half have gone at once, the next
    list is waited for; ``before`` is the doubt about the one before.
    """
    if shown == 0 or (shown * 2 < expected and (before is None or before.shown == 0)):
        return Doubt(shown, expected)
    return None


def sentence(doubt: Doubt, who: str) -> str:
    """Return what is wrong with what a Jenkins shows ``who``, and how to mend it."""
    if doubt.shown:
        return (
            f"Jenkins shows {who or 'us'} only {doubt.shown} of {doubt.expected} jobs: check its rights (Job/Read) "
            "and the seed job; if the next visit says so too, they have gone"
        )
    grant = f"grant Job/Read and View/Read to {who or 'it'} on the folders to be watched"
    if who in ("", "anonymous"):
        grant = "set [jenkins] user and its token, or grant Job/Read to anonymous"
    return f"Jenkins shows no jobs to {who or 'us'}: {grant}"
