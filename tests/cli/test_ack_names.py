"""Which alerts ``ack`` means by a name."""

import pytest

from statusdesk.cli.ack import _is_named
from statusdesk.states_alerts import AlertState
from tests.alerts.make import T0

FAILED = AlertState(
    fingerprint="00c0ffee00c0ffee", started_ms=T0, alertname="BuildFailed", severity="warning", state="firing",
    app="shop/deploy-orders", job_app="orders", source="jenkins",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [("orders", True), ("shop/deploy-orders", True), ("00c0", True), ("deploy-orders", False), ("search", False)],
)
def test_a_failed_build_is_meant_by_its_app_and_by_its_job(name, meant):
    assert _is_named(FAILED, name) is meant
