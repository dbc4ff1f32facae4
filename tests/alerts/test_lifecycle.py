"""Alerts: firing when a row fails, resolved when it is seen well or gone, as they are while nobody can tell."""

import pytest

from statusdesk.alerts.lifecycle import Alerts
from statusdesk.alerts.rules import fingerprint
from statusdesk.config import StageSettings
from statusdesk.states import BuildState, Level, RolloutState, SourceState, Stamped, TokenState
from statusdesk.store.writer import Transition

STAGES = (
    StageSettings(name="staging", namespaces=("staging",)),
    StageSettings(name="production", namespaces=("shop",), production=True),
)


def rollout(level: Level, namespace: str = "staging", **fields) -> RolloutState:
    key = f"eu/{namespace}/Deployment/orders"
    return RolloutState(
        key=key,
        cluster="eu",
        namespace=namespace,
        kind="Deployment",
        name="orders",
        app="orders",
        level=level,
        **fields,
    )


def became(after: Stamped, before: Stamped | None = None) -> list[Transition]:
    return [Transition(before=before, after=after)]


def test_a_failing_rollout_fires_once_and_resolves_once():
    alerts = Alerts(STAGES, ())
    (fired,) = alerts.step(became(rollout(Level.FAILING, level_since_ms=5, message="x")), 10)
    assert (fired.alertname, fired.state, fired.started_ms, fired.fired_ms) == ("RolloutFailing", "firing", 5, 10)
    assert alerts.step(became(rollout(Level.FAILING, level_since_ms=5, message="x", reason="Other")), 11) == []
    (resolved,) = alerts.step(became(rollout(Level.OK)), 20)
    assert (resolved.state, resolved.resolved_ms, resolved.started_ms) == ("resolved", 20, 5)
    assert resolved.fingerprint == fired.fingerprint
    assert alerts.step(became(rollout(Level.OK)), 21) == []


def test_unknown_neither_fires_nor_resolves():
    alerts = Alerts(STAGES, ())
    assert alerts.step(became(rollout(Level.UNKNOWN)), 1) == []
    alerts.step(became(rollout(Level.FAILING)), 2)
    assert alerts.step(became(rollout(Level.UNKNOWN)), 3) == []
    (resolved,) = alerts.step(became(rollout(Level.OK)), 4)
    assert resolved.state == "resolved"


def test_what_has_gone_is_resolved():
    alerts = Alerts(STAGES, ())
    alerts.step(became(rollout(Level.FAILING)), 1)
    (resolved,) = alerts.step(became(rollout(Level.FAILING, until_ms=2)), 2)
    assert resolved.state == "resolved"


def test_a_restart_is_no_edge():
    first = Alerts(STAGES, ())
    fired = first.step(became(rollout(Level.FAILING, level_since_ms=5, message="m")), 10)
    second = Alerts(STAGES, fired)
    assert second.step(became(rollout(Level.FAILING, level_since_ms=5, message="m")), 20) == []
    (resolved,) = second.step(became(rollout(Level.OK)), 30)
    assert resolved.started_ms == 5


def test_a_new_message_changes_the_alert_in_place():
    alerts = Alerts(STAGES, ())
    (fired,) = alerts.step(became(rollout(Level.FAILING, message="one")), 1)
    (changed,) = alerts.step(became(rollout(Level.FAILING, message="two")), 2)
    assert (changed.fingerprint, changed.started_ms) == (fired.fingerprint, fired.started_ms)
    assert changed.summary.endswith("two")


@pytest.mark.parametrize(
    ("state", "name", "severity"),
    [
        (rollout(Level.FAILING), "RolloutFailing", "warning"),
        (rollout(Level.FAILING, "shop"), "RolloutFailing", "critical"),
        (
            BuildState(
                key="k", source="jenkins", job="deploy", namespace="shop", job_class="deploy", level=Level.FAILING
            ),
            "BuildFailed",
            "warning",
        ),
        (TokenState(key="k", source="vault", name="t", level=Level.FAILING), "TokenLapsing", "critical"),
        (TokenState(key="k", source="vault", name="t", level=Level.FAILING, reason="Gone"), "TokenGone", "critical"),
        (SourceState(key="jenkins", source="jenkins", scope="", level=Level.FAILING), "SourceDown", "critical"),
    ],
)
def test_names_and_severities(state, name, severity):
    (fired,) = Alerts(STAGES, ()).step(became(state), 1)
    assert (fired.alertname, fired.severity) == (name, severity)


@pytest.mark.parametrize("level", [level for level in Level if level is not Level.FAILING])
def test_only_failing_fires(level):
    assert Alerts(STAGES, ()).step(became(rollout(level)), 1) == []


def test_a_namespace_without_rights_is_no_alert():
    state = SourceState(key="k#ns", source="kubernetes/eu", scope="ns", level=Level.FAILING)
    assert Alerts(STAGES, ()).step(became(state), 1) == []


def test_labels_make_the_identity():
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1", "c": ""})
    assert fingerprint({"a": "1"}) != fingerprint({"a": "2"})
