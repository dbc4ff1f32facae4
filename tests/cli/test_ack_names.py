"""Which alerts ``ack`` means by a name."""

import pytest
from msgspec.structs import replace

from statusdesk.cli.ack import _is_answered, _is_named, _taken
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


@pytest.mark.parametrize("later_ms", [1, 60_000, -600_000], ids=["soon", "later", "set-back"])
def test_an_alert_that_was_taken_before_is_taken_when_its_row_is_another(later_ms):
    before = replace(FAILED, acked_by="kim", acked_ms=T0, ack_comment="looking")
    assert not _is_answered(before, _taken(before), undo=False)
    assert not _is_answered(before, _taken(before), undo=True)
    assert _is_answered(replace(before, acked_ms=T0 + later_ms), _taken(before), undo=False)
    given_back = replace(FAILED, acked_ms=None)
    assert not _is_answered(given_back, _taken(before), undo=False)
    assert _is_answered(given_back, _taken(before), undo=True)
    assert _is_answered(replace(before, acked_ms=T0 + later_ms), _taken(FAILED), undo=False)
