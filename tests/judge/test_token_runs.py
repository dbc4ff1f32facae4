"""For which token a run of a renewal job was: by its parameters, its namespace, or what every run did to the token."""

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


def of_app(number: int, app: str, result: str = "SUCCESS") -> Build:
    return build(number, result, renews=(("APP", app), ("LOG_LEVEL", "")))


def of_namespace(number: int, namespace: str, result: str = "SUCCESS", rule: str = "parameter") -> Build:
    return build(number, result, namespace=namespace, namespaces=(namespace,), attributed_by=rule)


def settings(name: str, **more: Any) -> TokenSettings:
    return TokenSettings(name=name, accessor="a", renewal_job=JOB, **more)


def held(token: TokenSettings, others: list[TokenSettings], builds: list[Build], renewed: tuple[int, ...] = ()) -> Run:
    """The run held against a token; ``renewed``: the numbers of the runs that renewed it."""
    renewed_ms = [T0 + number * H + 1000 for number in renewed]
    return last_run(token, runs_of([token, *others], builds), lambda: renewed_ms, disabled=False)


ORDERS, PAYMENTS = settings("orders"), settings("pay", apps=("payments*",))
APPS = [
    of_app(1, "orders"),
    of_app(2, "payments"),
    of_app(3, "orders"),
    of_app(4, "payments-eu"),
    of_app(5, "", "FAILURE"),
]
PRODUCTION = settings("pay-prod", namespaces=("production",))
STAGING = settings("pay-stage", namespaces=("stag*",))
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
        (ORDERS, [], [of_app(1, "orders"), of_app(2, "", "FAILURE")], 1, False),  # for one that is not configured
        (settings("orders2"), [settings("pay2")], [of_app(1, "", "FAILURE"), of_app(2, "")], 2, True),
        (ORDERS, [PAYMENTS], [of_app(1, "payments")], None, False),
        (PRODUCTION, [STAGING], SPACES, 1, False),
        (STAGING, [PRODUCTION], SPACES, 2, False),
        (PRODUCTION, [], SPACES, 1, False),
        (ORDERS, [PRODUCTION], SPACES, 3, True),  # used in all namespaces: none tells
        (PRODUCTION, [], [of_namespace(1, "jobs", rule="folder")], 1, False),  # it says the same of all runs
        (settings("orders", namespaces=("production",)), [PRODUCTION], [of_namespace(1, "production")], 1, False),
        (ORDERS, [PAYMENTS], [build(1, "FAILURE")], 1, True),
        (settings("any", apps=("*",)), [ORDERS], [of_app(1, "orders")], None, False),  # that names nobody
    ],
)
def test_a_run_counts_for_the_tokens_that_it_was_for(token, others, builds, number, untold):
    run = held(token, others, builds)
    assert (run.number, run.untold) == (number, untold)


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
    builds = [*map(build, (1, 2, 3)), build(4, "FAILURE")]
    run = held(ORDERS, [PAYMENTS], builds, renewed)
    assert (run.number, run.untold) == (4, untold)
    assert run.words == ("renew" if untold else "renew (#4 failed)")


def test_a_disabled_job_without_runs():
    assert last_run(ORDERS, [], tuple, disabled=True).words == "renew (disabled)"
