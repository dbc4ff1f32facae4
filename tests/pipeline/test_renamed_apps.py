"""An app that gets another name, in the settings or by a label, is told of by that, and nothing of it is over."""

import pytest
from msgspec.structs import replace

from tests.alerts.make import SECOND, rule
from tests.pipeline.desk_bench import workload
from tests.pipeline.test_alerting import DESK, failing
from tests.pipeline.test_unconfigured import Shop

THERE = "BadVersionInProduction"


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path, rule("RolloutStuck", enabled=False), rule("ServiceDegraded", enabled=False), sinks=(DESK,))
    yield made
    made.writer.close()


def orders(app: str, *, fails: bool = False):
    staging = failing() if fails else workload()
    every = (staging, replace(workload(), namespace="testing"), replace(workload(), namespace="shop"))
    return [replace(each, app=app, version="1.6.0") for each in every]


def fires(shop) -> list[tuple[str, str]]:
    return [(each.alertname, each.app) for each in shop.writer.firing()]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_fails_after_its_app_was_renamed_is_seen_with_what_production_runs(shop, restarts):
    shop.runs(*orders("orders"))
    shop.now_ms += SECOND
    if restarts:
        shop.restart()
    shop.runs(*orders("bill"))
    shop.now_ms += SECOND
    shop.runs(*orders("bill", fails=True))
    assert fires(shop) == [(THERE, "bill")]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_fires_when_its_app_is_renamed_is_told_once_more_and_not_as_over(shop, restarts):
    shop.runs(*orders("orders", fails=True))
    assert fires(shop) == [(THERE, "orders")]
    shop.now_ms += SECOND
    if restarts:
        shop.restart()
    shop.runs(*orders("bill", fails=True))
    assert fires(shop) == [(THERE, "bill")]
    queued = [alert for each in shop.rows()[1] for alert in each.alerts if each.state == "queued"]
    assert {(each.app, each.state) for each in queued} == {("bill", "firing")}
