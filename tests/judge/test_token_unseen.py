"""Renewals that nobody could see: what is learnt where a collector works in office hours only, and what is not."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from statusdesk.grant_order import follows
from statusdesk.judge.token_grants import grant_of, with_last
from statusdesk.judge.token_rhythm import rhythm_of
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Grant, Level, TokenState
from tests.judge.token_make import H, granted, renewals, settings, token

MONDAY = round(dt.datetime(2026, 11, 2, tzinfo=dt.UTC).timestamp() * 1000)
LOOK, PAST_THE_HOUR = H // 4, H // 10
WEEK = 7 * 24
CALM = {(Level.OK, "Renewing")}

Watched = Callable[[dt.datetime], bool]


def always(_: dt.datetime) -> bool:
    return True


def every_day(at: dt.datetime) -> bool:
    return 9 <= at.hour < 17


def office(at: dt.datetime) -> bool:
    return at.weekday() < 5 and every_day(at)


def two_nights_off(at: dt.datetime) -> bool:
    return not (at.weekday() in (1, 3) and at.hour >= 20) and not (at.weekday() in (2, 4) and at.hour < 8)


def judged(
    watched: Watched,
    every_h: int,
    ttl_h: int,
    first_h: int,
    until_h: int,
    stops_h: int = 99 * WEEK,
    renew_every_s: float | None = None,
) -> Iterator[tuple[float, TokenState]]:
    """Judge a token whenever somebody looks.

    It is renewed as often from the hour ``first_h`` on, before which it was for long, and until ``stops_h``.
    """
    grants: list[Grant] = []
    before: TokenState | None = None
    rules = settings(renew_every_s=renew_every_s)
    for now_ms in range(MONDAY, MONDAY + until_h * H, LOOK):
        if not watched(dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)):
            continue
        since_ms = min(now_ms, MONDAY + stops_h * H) - MONDAY - first_h * H - PAST_THE_HOUR
        last_ms = MONDAY + (first_h + since_ms // (every_h * H) * every_h) * H + PAST_THE_HOUR
        known = {"issue_ms": MONDAY - 99 * WEEK * H, "last_renewal_ms": last_ms, "seen_ms": now_ms}
        seen = token(expire_ms=last_ms + ttl_h * H, **known)
        last = grant_of(seen, "vault/orders")
        assert last is not None
        grants = with_last(grants, last)
        before = judge_token(seen, before, rules, now_ms, Around(grants=grants, poll_s=30.0)).state
        yield (now_ms - MONDAY) / H, before


@pytest.mark.parametrize(
    ("watched", "every_h", "ttl_h", "first_h", "learnt_h"),
    [
        (office, 1, 4, 0, 1),
        (office, 4, 12, 1, None),  # it may rest by night: nobody ever looked then, and it would live through it
        (office, 8, 24, 7, None),
        (office, 12, 48, 0, 12),  # from noon to midnight is no longer than from midnight to noon
        (office, 12, 48, 6, None),
        (office, 24, 48, 3, 24),  # nobody looks at 3 in the morning; it would not live through a weekend
        (office, 24, 72, 3, None),  # it would
        (office, 7 * 24, 30 * 24, 3, 7 * 24),
        (office, 7 * 24, 30 * 24, 6 * 24 + 3, 7 * 24),  # on Sundays
        (every_day, 4, 12, 1, None),
        (every_day, 24, 72, 3, 24),
        (two_nights_off, 4, 12, 1, 4),
        (two_nights_off, 8, 24, 7, 8),
        (always, 8, 24, 7, 8),
        (always, 24, 72, 3, 24),
    ],
)
def test_a_token_that_never_missed_a_renewal_is_well_whoever_looked_and_what_is_learnt_is_true(
    watched: Watched, every_h: int, ttl_h: int, first_h: int, learnt_h: int | None
) -> None:
    states = [state for _, state in judged(watched, every_h, ttl_h, first_h, 10 * WEEK if every_h > 24 else 3 * WEEK)]
    assert {(state.level, state.reason) for state in states} == CALM
    known = {(state.renew_every_s, state.survives) for state in states}
    survives = ttl_h // every_h - 1
    assert known - {(None, None)} == ({(every_h * 3600, survives)} if learnt_h is not None else set())
    assert states[-1].renew_every_s == (learnt_h * 3600 if learnt_h is not None else None)
    assert states[-1].every_rule == ("learnt" if learnt_h is not None else "")


@pytest.mark.parametrize(
    ("watched", "every_h", "ttl_h"), [(office, 1, 6), (office, 24, 48), (two_nights_off, 8, 48), (office, 168, 720)]
)
def test_one_that_stops_is_told_as_soon_as_one_whose_interval_is_configured(
    watched: Watched, every_h: int, ttl_h: int
) -> None:
    stops_h = (8 if every_h > 24 else 2) * WEEK + 24 + 9
    both = [
        [
            (at_h, state.level, state.reason, state.message, state.missed, state.survives)
            for at_h, state in judged(watched, every_h, ttl_h, 3, stops_h + ttl_h, stops_h, renew_every_s)
            if at_h > stops_h
        ]
        for renew_every_s in (None, every_h * 3600.0)
    ]
    assert both[0] == both[1]
    assert {"RenewalMissed", "LapsesBeforeNextRun"} & {reason for _, _, reason, *_ in both[0]}


def test_only_where_more_than_half_was_seen_to_be_without_a_renewal_two_follow_each_other() -> None:
    first, second = granted(renewals(2, gap_h=8, left_h=24))
    seen = {left_h: replace(first, seen_ms=second.renewed_ms - round(left_h * H)) for left_h in (0, 3.9, 4, 8)}
    assert [follows(each, second) for each in seen.values()] == [True, True, False, False]
    assert not follows(replace(first, seen_ms=None), second)


def test_a_token_that_outlived_a_grant_was_renewed_in_between() -> None:
    first, second = granted(renewals(2, gap_h=8, left_h=8))
    assert follows(first, second), "at its very end"
    assert not follows(replace(first, expire_ms=first.expire_ms - 60_000), second)


def test_grants_of_an_older_store_which_does_not_tell_who_looked_are_not_learnt_from() -> None:
    old = [replace(grant, seen_ms=None) for grant in granted(renewals(9))]
    assert rhythm_of(old, None) is None
    new = granted(renewals(13))[9:]
    rhythm = rhythm_of([*old, *new], None)
    assert rhythm is not None and (rhythm.every_ms, rhythm.rule) == (8 * H, "learnt")
    assert rhythm_of(old, 7200.0) is not None


def test_what_is_uneven_as_far_as_it_was_seen_may_rest_while_nobody_looks() -> None:
    """At 8, 10 and 14 o'clock, and nobody looks by night."""
    at_h = [day * 24 + hour for day in range(9) for hour in (8, 10, 14)]
    seen = [token(last_renewal_ms=MONDAY + at * H, expire_ms=MONDAY + (at + 48) * H, issue_ms=1) for at in at_h]
    grants = granted(seen)
    longest = rhythm_of(grants, None)
    assert longest is not None and (longest.every_ms, longest.rule) == (18 * H, "longest")
    unseen = [replace(each, seen_ms=each.renewed_ms + 3 * H) if n % 3 == 2 else each for n, each in enumerate(grants)]
    assert rhythm_of(unseen, None) is None


def test_what_is_no_longer_than_what_was_seen_tells_that_renewals_are_uneven_whoever_looked() -> None:
    """At 14, 18 and 20 o'clock, and nobody looks in between."""
    at_h = [day * 24 + hour for day in range(14) for hour in (14, 18, 20)]
    seen = [token(last_renewal_ms=MONDAY + at * H, expire_ms=MONDAY + (at + 72) * H, issue_ms=1) for at in at_h]
    grants = granted(seen)
    some = [each if n % 3 == 2 else replace(each, seen_ms=each.renewed_ms) for n, each in enumerate(grants)]
    rhythm = rhythm_of(some, None)
    assert rhythm is not None and (rhythm.every_ms, rhythm.rule) == (18 * H, "longest")
    assert set(rhythm.gaps_ms) == {2 * H, 4 * H, 18 * H}
