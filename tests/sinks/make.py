"""Alerts and messages for the tests of sinks."""

from msgspec.structs import replace

from statusdesk.config_alerts import SinkSettings
from statusdesk.settings import Secret
from statusdesk.sinks.message import Message, Tally
from statusdesk.states_alerts import AlertState, Notification

T0 = 1_800_000_000_000
ALERT = AlertState(
    fingerprint="00c0ffee00c0ffee",
    started_ms=T0,
    fired_ms=T0,
    alertname="RolloutFailing",
    severity="critical",
    state="firing",
    cluster="eu",
    namespace="shop",
    app="orders",
    stage="production",
    summary="orders 1.5.0 in shop: container app ends with exit code 137",
    version="1.5.0",
    last_good="1.4.2",
    look="pod orders-7c9f-x2x, container app",
    build_url="https://ci.example/job/deploy/412/",
    runbook="https://wiki.example/rollout",
)
HOSTILE = "<!channel> \x1b[2J [/x] \u202eevil\u202c 漢字 \U0001f600 token=abcdefgh1234 " + "x" * 300
OVER = replace(ALERT, state="resolved", resolved_ms=T0 + 60_000)


def message(*alerts: AlertState, what: str = "", why: str = "new", **fields: object) -> Message:
    given = alerts or (ALERT,)
    status = what or ("firing" if any(alert.state == "firing" for alert in given) else "resolved")
    notification = Notification(
        id=7,
        sink="sink",
        group_key='{alertname="RolloutFailing"}',
        what=status,
        why=why,
        created_ms=T0,
        due_ms=T0,
        idempotency_key="sink-7-1800000000000",
        group_labels=(("alertname", "RolloutFailing"),),
        fingerprints=tuple(alert.fingerprint for alert in given),
        alerts=given,
    )
    return Message(notification, **({"tally": Tally(2, 1, 14)} | fields))


def sink(kind: str, **fields: object) -> SinkSettings:
    return SinkSettings(name="sink", type=kind, **fields)


def secret(directory, text: str, name: str = "secret") -> Secret:
    (directory / name).write_text(text)
    return Secret(file=str(directory / name))
