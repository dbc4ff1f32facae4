"""For which token a run of a renewal job was: all that it does not say it was not for, and what is done in doubt."""

from typing import Any

import pytest

from statusdesk.config import TokenSettings
from statusdesk.facts import Build
from statusdesk.judge.token_jobs import Run
from statusdesk.judge.token_runs import last_run, runs_of
from tests.judge.token_make import T0, H

JOB = "renew"


def build(number: int, result: str | None = "SUCCESS", **more: Any) -> Build:
    """A run, one an hour."""
    fields: dict[str, Any] = {"source": "jenkins", "job": JOB, "url": "", "started_ms": T0 + number * H}
    return Build(number=number, result=result, **(fields | more))


def of_app(number: int, app: str, result: str = "SUCCESS", **more: Any) -> Build:
    return build(number, result, renews=(("APP", app), ("LOG_LEVEL", "?01")), **more)


def of_namespace(number: int, namespace: str, result: str = "SUCCESS", rule: str = "parameter") -> Build:
    return build(number, result, namespace=namespace, namespaces=(namespace,), attributed_by=rule)


def settings(name: str, **more: Any) -> TokenSettings:
    return TokenSettings(name=name, accessor="a", renewal_job=JOB, **more)


def held(token: TokenSettings, others: list[TokenSettings], builds: list[Build], renewed: tuple[int, ...] = ()) -> Run:
    """The run held against a token; ``renewed``: the numbers of the runs that renewed it."""
    renewed_ms = [T0 + number * H + 1000 for number in renewed]
    runs = runs_of([token, *others], builds, ("testing", "staging", "production"))
    return last_run(token, runs, lambda: renewed_ms, disabled=False)


ORDERS, PAYMENTS = settings("orders"), settings("pay", apps=("payments*",))
APPS = [
    of_app(1, "orders"),
    of_app(2, "payments"),
    of_app(3, "orders"),
    of_app(4, "payments-eu"),
    of_app(5, "?a7", "FAILURE"),
]
PRODUCTION = settings("pay-prod", namespaces=("production",))
STAGING = settings("pay-stage", namespaces=("stag*",))
FIELDS = {"number": 3, "result": "SUCCESS", "started_ms": T0 + 3 * H, "ended_ms": T0 + 3 * H}
SPACES = [
    of_namespace(1, "production", "FAILURE"),
    of_namespace(2, "staging"),
    of_namespace(3, "testing"),
]


@pytest.mark.parametrize(
    ("token", "others", "builds", "number", "untold"),
    [
        (ORDERS, [], [build(1), build(2, "FAILURE", duration_ms=5), build(3, None, building=True)], 2, False),
        (ORDERS, [PAYMENTS], APPS, 3, False),
        (PAYMENTS, [ORDERS], APPS, 4, False),
        (ORDERS, [], [of_app(1, "orders"), of_app(2, "?a7", "FAILURE")], 1, False),  # for one that is not configured
        (settings("orders2"), [settings("pay2")], [of_app(1, "?a7", "FAILURE"), of_app(2, "?a8")], 2, True),
        (settings("orders2"), [settings("pay2")], [of_app(1, "?a7"), of_app(2, "?a7", "FAILURE")], 2, False),
        (settings("orders2"), [], [of_app(1, "?a7"), of_app(2, "?a8", "FAILURE")], 2, False),  # it renews no other one
        (ORDERS, [PAYMENTS], [*APPS, of_app(6, "orders,payments", "FAILURE")], 6, False),
        (ORDERS, [PAYMENTS], [*APPS, of_app(6, "payments mail", "FAILURE")], 3, False),
        (ORDERS, [], [of_app(1, "orders"), of_app(2, "", "FAILURE")], 2, False),  # an emptied one names no other
        (ORDERS, [PAYMENTS], [of_app(1, "payments")], None, False),
        (PRODUCTION, [STAGING], SPACES, 1, False),
        (STAGING, [PRODUCTION], SPACES, 2, False),
        (PRODUCTION, [], SPACES, 1, False),
        (PRODUCTION, [], SPACES[1:], None, False),
        (PRODUCTION, [], [of_namespace(1, "prod", "FAILURE")], 1, False),  # a word that is no namespace
        (PRODUCTION, [STAGING], [of_namespace(1, "production, staging"), of_namespace(2, "staging")], 1, False),
        (STAGING, [PRODUCTION], [of_namespace(1, "production staging"), of_namespace(2, "production")], 1, False),
        (settings("pay"), [], [of_namespace(1, "production"), of_namespace(2, "staging", "FAILURE")], 2, False),
        (settings("pay"), [settings("orders")], [of_namespace(n, "production") for n in (1, 2)], 2, False),
        (settings("pay"), [settings("orders")], SPACES, 3, True),
        (ORDERS, [PRODUCTION], SPACES, 3, True),  # used in all namespaces: none tells
        (PRODUCTION, [], [of_namespace(1, "jobs", rule="folder")], 1, False),  # it says the same of all runs
        (settings("orders", namespaces=("production",)), [PRODUCTION], [of_namespace(1, "production")], 1, False),
        (ORDERS, [PAYMENTS], [build(1, "FAILURE")], 1, False),  # it renews both
        (settings("any", apps=("*",)), [ORDERS], [of_app(1, "orders")], None, False),  # that names nobody
    ],
)
def test_a_run_counts_for_the_tokens_that_it_was_for(token, others, builds, number, untold):
    run = held(token, others, builds)
    assert (run.number, run.untold) == (number, untold)


def test_what_a_person_gave_once_tells_nothing_of_what_runs_by_itself():
    by_hand = build(2, trigger="user", renews=(("LOG_LEVEL", "?02"),))
    runs = [build(1, trigger="timer"), by_hand, build(3, "FAILURE", trigger="timer")]
    assert (held(ORDERS, [PAYMENTS], runs).number, held(ORDERS, [PAYMENTS], runs).untold) == (3, False)
    assert held(ORDERS, [PAYMENTS], runs[:2]).number == 1, "that one may have been for another"


@pytest.mark.parametrize("others", [[], [PAYMENTS]])
def test_a_word_that_the_timer_always_gives_is_no_other_token(others):
    by_hand = of_app(2, "payments" if others else "orders", trigger="user")
    runs = [of_app(1, "?a7", trigger="timer"), by_hand, of_app(3, "?a7", "FAILURE", trigger="timer")]
    run = held(ORDERS, others, runs)
    assert (run.number, run.untold) == (3, False), "it may be 'all'"
    other = held(ORDERS, others, [*runs[:2], of_app(3, "?a8", trigger="user")])
    assert other.number == (1 if others else 2), "what a person gave is another one"


@pytest.mark.parametrize("named", [(), ("orders",)])
def test_values_of_which_only_that_they_are_is_kept_may_be_for_another_token(named):
    by_hand = [build(0, trigger="user", renews=(("TOKEN", name),)) for name in named]
    runs = [*by_hand, *(build(number, trigger="timer", renews=(("TOKEN", "?"),)) for number in (1, 2, 3))]
    assert held(PAYMENTS, [ORDERS], runs) == Run(job=JOB, **FIELDS, untold=True)
    assert held(PAYMENTS, [ORDERS], runs, (1, 2, 3)) == Run(job=JOB, **FIELDS), "its renewals tell"
    alone = held(PAYMENTS, [], runs[len(named) :])
    assert (alone.number, [each.number for each in alone.earlier]) == (3, [2, 1]), "it renews no other one"
    assert held(ORDERS, [], runs).number == (0 if named else 3), "where one run names it, what others hide is another"


@pytest.mark.parametrize(
    ("renewed", "untold"),
    [
        ((1, 2, 3), False),  # every run until the last renewal renewed it: so the failure after them is its own
        ((2, 3), True),
        ((1, 3), True),
        ((1, 2), True),
    ],
)
def test_where_nothing_tells_the_grants_do(renewed, untold):
    builds = [of_app(number, f"?0{number}") for number in (1, 2, 3)] + [of_app(4, "?04", "FAILURE")]
    run = held(ORDERS, [PAYMENTS], builds, renewed)
    assert (run.number, run.untold) == (4, untold)
    assert run.words == ("renew" if untold else "renew (#4 failed)")


def test_what_renewed_a_token_by_name_shows_nothing_of_runs_for_what_is_not_configured():
    named = [of_app(number, "orders") for number in (1, 2, 3)]
    new = of_app(4, "?a7", "FAILURE")
    assert held(ORDERS, [PAYMENTS], [*named, new], (1, 2, 3)).number == 3
    beside = [of_app(number + 10, "?a7", started_ms=T0 + number * H) for number in (1, 2, 3)]
    assert held(ORDERS, [PAYMENTS], [*named, *beside, new], (1, 2, 3)).number == 3, "they ran in the same minute"


def test_a_disabled_job_without_runs():
    assert last_run(ORDERS, [], tuple, disabled=True).words == "renew (disabled)"


def test_the_runs_since_the_last_renewal_are_told_with_whose_they_were():
    builds = [of_app(1, "orders"), of_app(2, "orders", "FAILURE"), of_app(3, "payments", url="u3"), build(4, "ABORTED")]
    run = held(ORDERS, [PAYMENTS], builds, (1,))
    assert (run.number, [each.number for each in run.earlier], run.others) == (4, [2], {"u3"})
    assert held(ORDERS, [PAYMENTS], builds, (2,)).earlier == (), "it was renewed since"
