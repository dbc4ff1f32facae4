"""Whom the first message of a token or of a failed build names, before anything has failed because of it."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.rules import deserved
from statusdesk.alerts.tuning import Tuning
from statusdesk.sinks.message import annotations_of, who_is_hit
from statusdesk.states import Level
from tests.alerts.make import World, build, config, token

TUNING = Tuning(config())
USED = {"apps": ("orders", "web"), "namespaces": ("staging", "shop"), "owner": "team-a"}


@pytest.mark.parametrize("reason", ["Gone", "LapsesSoon"])
def test_the_first_message_of_a_token_names_who_uses_it_and_then_what_fails(reason):
    (alert,) = deserved(token(reason=reason, **USED), TUNING)
    assert who_is_hit(alert) == "what uses the token t: orders, web in staging, shop, owner team-a"
    hit = who_is_hit(replace(alert, hits=("shop/orders",)))
    assert hit == "what uses the token t: orders, web in staging, shop, owner team-a; fails now: shop/orders"
    assert annotations_of(alert)["hits"].endswith("owner team-a")


def test_a_token_of_which_nothing_is_configured_says_only_that():
    (alert,) = deserved(token(), TUNING)
    assert who_is_hit(alert) == "what uses the token t"
    assert who_is_hit(replace(alert, hits=("shop/orders",))) == "what uses the token t: shop/orders"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (build(job="renew-x", job_class="renewal", namespace=""), "what uses the tokens that it renews"),
        (build(job="renew-x", job_class="renewal", namespace="shop"), "what uses the tokens that it renews"),
        (build(job="env", job_class="environment", namespace=""), "the environments that it makes and destroys"),
        (build(job="nightly", job_class="other", namespace=""), "what relies on the job nightly"),
        (build(job="mb/feature%2Fx", job_class="other", namespace=""), "what relies on the job mb/feature/x"),
        (build(job="deploy-orders", namespace=""),
         "the job deploy-orders and the app that it deploys, namespace not known"),
        (build(), "stage production, namespace shop"),
    ],
)  # fmt: skip
def test_a_failed_build_names_whom_its_job_is_for(row, said):
    (alert,) = deserved(row, TUNING)
    assert who_is_hit(alert) == said


def test_who_uses_a_token_follows_the_configuration_while_it_fires():
    world = World()
    world.step(token(reason="Gone", apps=("orders",)))
    world.step(token(reason="Gone", apps=("orders", "web"), level=Level.FAILING))
    (alert,) = world.alerts.active()
    assert alert.touches == "orders, web"
