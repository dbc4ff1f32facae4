"""How a period is learnt: even timers, uneven ones, runs that begin together, weekends, and what nobody can tell."""

import datetime as dt

import pytest

from statusdesk.facts import Build
from statusdesk.judge.periods import Period, period_of
from tests.judge.test_platform import HOUR, run

MONDAY = round(dt.datetime(2026, 11, 2, tzinfo=dt.UTC).timestamp() * 1000)
DAY = 24 * HOUR


def timed(*hours: float) -> list[Build]:
    """Return runs of a timer, so many hours after a Monday began."""
    return [
        Build(source="j", job="j", number=n, url="", trigger="timer", started_ms=MONDAY + round(at * HOUR))
        for n, at in enumerate(sorted(hours), 1)
    ]


def test_a_period_is_learnt_from_timed_runs_alone() -> None:
    timed = [run(number, (20 - number) * HOUR) for number in range(1, 6)]
    by_hand = [run(9, 12 * HOUR + 1000, trigger="user"), run(10, 12 * HOUR + 500, trigger="upstream")]
    assert period_of([*timed, *by_hand], None) == (3600.0, "learnt")
    assert period_of(timed[:3], None) is None
    assert period_of(timed, 60.0) == (60.0, "configured")


def test_a_night_without_jenkins_does_not_lengthen_a_learnt_period() -> None:
    timed = [run(number, (40 - number) * HOUR) for number in range(1, 5)]
    timed += [run(number, (20 - number) * HOUR) for number in range(5, 9)]
    assert period_of(timed, None) == (3600.0, "learnt")


@pytest.mark.parametrize("since", [1, 2, 7, 15, 26, 29])
@pytest.mark.parametrize(("every_h", "down_h"), [(1, 40), (1, 70), (1, 200), (1 / 6, 6), (1 / 6, 60)])
def test_one_long_outage_neither_moves_a_learnt_period_nor_makes_it_unknown(every_h, down_h, since) -> None:
    before = [number * every_h for number in range(40)]
    later = [before[-1] + down_h + number * every_h for number in range(since)]
    assert period_of(timed(*before, *later), None) == Period(pytest.approx(every_h * 3600), "learnt")


@pytest.mark.parametrize(
    ("builds", "every_h", "rule"),
    [
        pytest.param(timed(*(d * 24 + h for d in range(10) for h in (1, 5))), 20, "longest", id="twice a day"),
        pytest.param(timed(*(d * 24 + 10 for d in range(26) if d % 7 < 5)), 72, "longest", id="never at weekends"),
        pytest.param(timed(*(d * 24 + h for d in range(7) for h in range(8, 19))), 14, "longest", id="by day"),
        pytest.param(
            timed(*(k * 8 for k in range(20)), *(160 + 24 * d for d in range(1, 5))), 24, "longest", id="now daily"
        ),
        pytest.param(timed(*(d * 24 + 10 for d in range(10))), 24, "learnt", id="daily"),
        pytest.param(timed(*(d * 168 for d in range(5))), 168, "learnt", id="weekly"),
        pytest.param(timed(*(d * 8 + i / 60 for d in range(7) for i in range(3))), 8, "learnt", id="three together"),
        pytest.param(timed(*(d * 8 + i / 60 for d in range(7) for i in range(9))), 8, "learnt", id="nine together"),
    ],
)
def test_no_run_is_missed_before_the_longest_gap_that_recurs_has_passed(builds, every_h, rule) -> None:
    assert period_of(builds, None) == Period(every_h * 3600, rule)


@pytest.mark.parametrize(
    "builds",
    [
        pytest.param(timed(1, 5, 25, 29), id="twice a day, and one night"),
        pytest.param(timed(*(d * 24 + 10 for d in range(5))), id="daily, and no weekend yet"),
        pytest.param(timed(*(d * 24 + 10 for d in range(12) if d % 7 < 5)), id="one weekend"),
        pytest.param(timed(*(d * 8 + i / 60 for d in range(7) for i in range(25))), id="the runs known are one burst"),
        pytest.param(timed(*(8 * (i > 4) + i / 60 for i in range(30))), id="a burst, and the rest of another"),
    ],
)
def test_what_the_runs_do_not_tell_is_not_known(builds) -> None:
    assert period_of(builds, None) is None
