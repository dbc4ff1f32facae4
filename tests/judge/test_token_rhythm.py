"""Tokens whose renewals are uneven: no run is missed before the longest gap that recurs, and what is said is true."""

from collections.abc import Iterator

import msgspec
import pytest

from statusdesk.judge.token_grants import grant_of, with_last
from statusdesk.judge.token_rhythm import Rhythm, rhythm_of
from statusdesk.judge.tokens import Around, judge_token
from statusdesk.states import Grant, Level, TokenState
from tests.judge.token_make import T0, H, granted, settings, token


def daily(*hours: int, days: int = 14, rest: int = 0) -> list[int]:
    """Return such hours of each day, but for the last days of each week."""
    return [day * 24 + hour for day in range(days) for hour in hours if day % 7 < 7 - rest]


TIMERS = [
    pytest.param(daily(8, 18), 48, id="twice a day"),
    pytest.param(daily(8, 12, 16), 48, id="office hours"),
    pytest.param(daily(*range(7, 20, 2)), 48, id="by day"),
    pytest.param(daily(*range(6, 23)), 48, id="all but the night"),
    pytest.param(daily(10, days=28, rest=2), 120, id="never at weekends"),
    pytest.param(daily(6, days=20), 72, id="daily"),
    pytest.param(daily(0, 8, 16), 24, id="even"),
    pytest.param(daily(*(n * 4 for n in range(6))), 10, id="even, and short"),
]


def watched(hours: list[int], ttl_h: int, until_h: int) -> Iterator[tuple[int, TokenState]]:
    """Judge a token each hour that is renewed at these hours and looked at all the time; only its name is known."""
    seen, grants, before = token(), list[Grant](), None
    for hour in range(hours[0], until_h):
        now_ms = T0 + hour * H
        for renewed in (False, True) if hour in hours else (False,):
            if renewed:
                seen = token(issue_ms=T0 - H, last_renewal_ms=now_ms, expire_ms=now_ms + ttl_h * H)
            seen = msgspec.structs.replace(seen, seen_ms=now_ms)
            last = grant_of(seen, "vault/orders")
            assert last is not None
            grants = with_last(grants, last) if renewed or grants else []
        before = judge_token(seen, before, settings(), now_ms, Around(grants=tuple(grants))).state
        yield hour, before


@pytest.mark.parametrize(("hours", "ttl_h"), TIMERS)
def test_a_timer_that_keeps_its_hours_is_never_told_from_the_first_day_on(hours: list[int], ttl_h: int) -> None:
    told = {(state.level, state.reason) for _, state in watched(hours, ttl_h, hours[-1])}
    assert told == {(Level.OK, "Renewing")}


@pytest.mark.parametrize("more", range(4))
@pytest.mark.parametrize(("hours", "ttl_h"), TIMERS)
def test_one_that_stops_is_told_before_the_end_and_what_is_said_is_true(
    hours: list[int], ttl_h: int, more: int
) -> None:
    """``more``: at which of its hours it stops."""
    kept = hours[: len(hours) * 3 // 5 + more]
    end = kept[-1] + ttl_h
    told = [(hour, state) for hour, state in watched(kept, ttl_h, end) if hour > kept[-1]]
    assert told[-1][1].level is Level.FAILING
    coming = [hour for hour in hours if hour > kept[-1]]
    for hour, state in told:
        missed = [each for each in coming if each <= hour]
        assert state.missed <= len(missed)
        assert bool(missed) >= (state.level is not Level.OK)
        left = [each for each in coming if hour < each <= end]
        if state.missed:
            assert state.survives is not None and state.survives <= max(0, len(left) - 1)


def test_what_an_uneven_timer_may_miss_is_said_so() -> None:
    office = watched(daily(8, 12, 16), 48, 13 * 24 + 16 + 48)
    told = {state.reason: state for _, state in office if state.level is not Level.OK}
    missed = told["RenewalMissed"]
    assert (missed.every_rule, missed.renew_every_s) == ("longest", 16 * 3600)
    assert missed.message.startswith("renewal missed at least ")
    assert "perhaps before the next run" in told["LapsesBeforeNextRun"].message


def test_of_an_uneven_timer_the_rounds_that_were_seen_tell_how_many_runs_come() -> None:
    weekdays = Rhythm(72 * H, "longest", tuple(gap * H for gap in (24, 24, 24, 24, 72, 24, 24, 24, 24, 72)))
    assert [weekdays.longest_ms(runs) // H for runs in (1, 2, 5, 6, 10, 11)] == [72, 96, 168, 240, 336, 408]
    assert [weekdays.runs_in(days * 24 * H) for days in (0, 2, 3, 4, 5, 7, 14, 17)] == [0, 0, 1, 2, 3, 5, 10, 11]
    even = Rhythm(8 * H, "learnt")
    assert [even.runs_in(hours * H) for hours in (7, 8, 23, 24)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("renewed_h", "every_h"),
    [
        ([0, 8, 16], None),
        ([0, 8, 16, 24], 8),
        ([0, 4, 8], None),
        ([8, 12, 16, 32, 36, 40], None),
        ([0, 8, 8.01, 8.02, 16, 24, 24.01, 32, 40], 8),
        ([*range(12), *range(51, 70)], 1),
        ([0, 3, 30, 31, 77], None),
        ([0, 8, 16, 24, 72, 80, 88], None),  # a rest as long as it goes on, once: it may come again
        ([0, 8, 16, 24, 32, 56, 64, 72], 8),
        ([*range(0, 49, 8), 120, 128], 8),  # as many are known as tell that it was an outage
    ],
)  # fmt: skip
def test_what_its_renewals_do_not_tell_is_not_known(renewed_h: list[float], every_h: int | None) -> None:
    ends_ms = [T0 + round(at * H) for at in renewed_h]
    seen = [token(issue_ms=T0 - H, last_renewal_ms=at_ms, expire_ms=at_ms + 1000 * H) for at_ms in ends_ms]
    rhythm = rhythm_of(granted(seen), None)
    assert (rhythm and round(rhythm.every_ms / H)) == every_h
