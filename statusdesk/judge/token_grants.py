"""What the renewals of a token gave, one held against the other: whether they still help.

Source: what a real server does. A renewal at the cap moves ``last_renewal`` and not ``expire_time``, which even slips
back by up to a second.
"""

import enum
from collections.abc import Sequence

from msgspec.structs import replace

from statusdesk.facts import Token
from statusdesk.grant_order import LATE_MS
from statusdesk.grants import SLACK
from statusdesk.states import Grant

KEPT = 32


class Effect(enum.Enum):
    """What the last renewal did to the end of a token's life."""

    NONE = enum.auto()  # there was none, or none to hold it against
    EXTENDED = enum.auto()
    AT_CAP = enum.auto()
    SHRINKS = enum.auto()  # it gave less than the one before
    SHORTENED = enum.auto()  # the token now ends earlier than before


def grant_of(token: Token, key: str, skew_ms: int = 0) -> Grant | None:
    """Return what the last renewal, or the token's making, gave; None of what never expires or is not known.

    ``skew_ms``: the server's clock minus ours.
    """
    from_ms = token.last_renewal_ms if token.last_renewal_ms is not None else token.issue_ms
    if from_ms is None or token.expire_ms is None:
        return None
    return Grant(
        key=key,
        renewed_ms=from_ms,
        expire_ms=token.expire_ms,
        granted_ms=token.expire_ms - from_ms,
        issue_ms=token.issue_ms,
        seen_ms=token.seen_ms + skew_ms if token.seen_ms is not None else None,
    )


def is_same(one: Grant, other: Grant) -> bool:
    """Whether two look-ups told the same grant."""
    return replace(one, seen_ms=other.seen_ms) == other


def with_last(grants: Sequence[Grant], last: Grant) -> list[Grant]:
    """Return ``KEPT`` grants at most, oldest first, with the last one as it was seen now."""
    others = [grant for grant in grants if grant.renewed_ms != last.renewed_ms]
    return sorted([*others, last], key=lambda grant: grant.renewed_ms)[-KEPT:]


def of_this_token(grants: Sequence[Grant], issue_ms: int | None) -> list[Grant]:
    """Return the grants of the token that was issued then: another one may have had its name before."""
    return [grant for grant in grants if grant.issue_ms is None or issue_ms is None or grant.issue_ms == issue_ms]


def effect(last: Grant, earlier: Sequence[Grant]) -> Effect:
    """Hold the last grant against the newest of the earlier ones that is not of the same moment."""
    if last.issue_ms is not None and last.renewed_ms <= last.issue_ms:
        return Effect.NONE
    others = [grant for grant in earlier if grant.renewed_ms <= last.renewed_ms - LATE_MS]
    if not others:
        return Effect.NONE
    before = others[-1]
    tolerance_ms = min(LATE_MS, (last.renewed_ms - before.renewed_ms) // 2)
    moved_ms = last.expire_ms - before.expire_ms
    if abs(moved_ms) <= tolerance_ms:
        return Effect.AT_CAP
    if moved_ms < 0:
        return Effect.SHORTENED
    return Effect.SHRINKS if last.granted_ms < before.granted_ms - tolerance_ms else Effect.EXTENDED


def steady_since_ms(grants: Sequence[Grant], every_ms: int) -> int | None:
    """Return since when no two grants were further apart than a renewal may be late, as far as they are kept."""
    allowed_ms = every_ms * (1 + SLACK)
    since_ms = None
    for grant in reversed(grants):
        if since_ms is not None and since_ms - grant.renewed_ms > allowed_ms:
            break
        since_ms = grant.renewed_ms
    return since_ms
