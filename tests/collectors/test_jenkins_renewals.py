"""Of a renewal job's builds those parameters are kept that tell for which token they were, and nothing else."""

import msgspec
import pytest

from collectors.jenkins_ledger import BuildLedger
from collectors.jenkins_wire import Action, BuildWire
from statusdesk.config import JenkinsSettings, TokenSettings
from statusdesk.facts import Build
from statusdesk.judge.token_runs import For, runs_of
from tests.collectors.small_jenkins import build

TOKENS = (
    TokenSettings(name="orders", accessor="a", renewal_job="vault/renew"),
    TokenSettings(name="pay", accessor="b", renewal_job="vault-renew", apps=("payments*",), namespaces=("prod",)),
    TokenSettings(name="any", accessor="c", renewal_job="vault-renew", apps=("*",)),
)
HOSTILE = "hvs.abcdefabcdefabcdefabcdef"


def kept(job: str, *parameters: dict[str, object]) -> dict[str, str]:
    wire = msgspec.convert(build(1, "SUCCESS"), BuildWire)
    actions = msgspec.convert([{}, {"parameters": list(parameters)}], list[Action | None])
    wire = msgspec.structs.replace(wire, actions=actions)
    ledger = BuildLedger(JenkinsSettings(url="http://x"), (), renewed=TOKENS)
    return dict(ledger.take(job, "job/x/", None, [wire]).news[0].renews)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("APP", "orders", "orders"),
        ("VAULT_TOKEN_NAME", " Orders ", "Orders"),  # a name of a secret's, and no secret
        ("APP", "payments-eu", "payments-eu"),
        ("WHERE", "prod", "prod"),
        ("APPS", "orders,mail payments-eu", "orders,payments-eu"),
        ("APP", "mail", "?48"),
        ("APP", "  ", ""),
        ("PASSWORD", "hunter2", "?"),
        ("TOKEN", HOSTILE, "?"),
        ("APP", f"payments {HOSTILE}", "?"),
        ("DRY", True, ""),
        ("HIDDEN", None, ""),
    ],
)
def test_a_value_is_kept_where_it_names_a_token_and_else_what_tells_it_apart(name, value, told):
    assert kept("vault/renew", {"name": name, "value": value}) == {name: told}


@pytest.mark.parametrize("name", ["TARGET", "TOKEN", "TOKEN_NAME", "SECRET_PATH"])
def test_runs_for_one_token_after_the_other_count_for_none_whatever_the_parameter_is_called(name):
    values = ("svc-pay", "svc-bill", "svc-other")
    renews = [tuple(kept("vault-renew", {"name": name, "value": value}).items()) for value in values]
    builds = [
        Build(source="j", job="r", number=n, url="", result="SUCCESS", trigger="timer", renews=each)
        for n, each in enumerate(renews)
    ]
    assert {run.was_for(token) for run in runs_of(TOKENS[1:], builds) for token in TOKENS[1:]} == {For.UNTOLD}


def test_other_jobs_builds_keep_nothing():
    assert kept("deploy-orders", {"name": "APP", "value": "orders"}) == {}
