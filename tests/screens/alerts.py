"""Hand-made boards with alerts of every state, and what the store holds beside them."""

from msgspec.structs import replace

from statusdesk.board_feed import AlertsReading
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import AlertState, Matcher, Notification, PostedThere, Silence
from tests.screens import boards
from tests.screens.boards import HOUR, MINUTE, NOW

SINKS = (
    SinkSettings(name="am", type="alertmanager", urls=("http://am",)),
    SinkSettings(name="desk", type="slack", min_severity="warning", stages=("staging", "production")),
)


def alert(name, app="orders", stage="staging", state="firing", severity="warning", age_ms=8 * MINUTE, **more):
    fired = NOW - age_ms if state != "pending" else None
    values = {"cluster": "eu", "namespace": stage, "stage": stage} if stage else {}
    return AlertState(
        fingerprint=f"{name}/{stage}/{app}", started_ms=NOW - age_ms, pending_ms=NOW - age_ms, fired_ms=fired,
        alertname=name, severity=severity, state=state, app=app, **(values | more),
    )  # fmt: skip


def message(about, state="sent", age_ms=5 * MINUTE, **more):
    values = {
        "id": 1, "what": "firing", "why": "new", "created_ms": NOW - age_ms, "due_ms": NOW - age_ms,
        "sent_ms": NOW - age_ms if state == "sent" else None, "alerts": (about,),
    }  # fmt: skip
    return Notification(
        sink="desk", group_key="g", state=state, fingerprints=(about.fingerprint,), **(values | more)
    )  # fmt: skip


FAILING = alert(
    "RolloutFailing", summary="orders staging: init container vault-agent exits 1, 0 of 2 new pods ready",
    subject="RolloutState:eu/staging/Deployment/orders", version="1.5.0",
)  # fmt: skip
LAPSING = alert(
    "TokenLapsing", "", "", severity="critical", age_ms=HOUR, source="vault", token="payments",
    summary="the token of payments lapses in 2h, its renewal has failed twice", acked_by="kim", acked_ms=NOW - MINUTE,
    ack_comment="renewing by hand",
)  # fmt: skip
BUILD = alert(
    "BuildFailed", "customers", "testing", summary="deploy-customers #97 FAILURE",
    build_url="https://jenkins.example/job/deploy-customers/97/", subject="BuildState:jenkins/deploy-customers@testing",
    cluster="",
)  # fmt: skip
STUCK = alert("RolloutStuck", "billing", state="pending", age_ms=10 * MINUTE, summary="billing staging: 1 of 3 ready")
QUIET = alert("ServiceDegraded", "web", "audit", silenced_by="s1", summary="web audit: 1 of 2 available")
OVER = alert("RolloutFailing", "catalog", "production", "resolved", "critical", 2 * HOUR, resolved_ms=NOW - HOUR)
SILENCE = Silence(
    id="s1", matchers=(Matcher("app", "web"), Matcher("namespace", "au.*", is_regex=True)), starts_ms=NOW - MINUTE,
    ends_ms=NOW + HOUR, created_by="kim", comment="migration", created_ms=NOW - MINUTE,
)  # fmt: skip
POSTED = PostedThere(
    sink="am", number=0, peer="am:9093", ok_ms=NOW - 5_000, taken=(FAILING.fingerprint, BUILD.fingerprint)
)
READING = AlertsReading(
    recent=(OVER,),
    notifications=(message(FAILING), message(OVER, age_ms=HOUR - MINUTE, what="resolved", why="resolved")),
)


def board(**more):
    values = {"firing": (LAPSING, FAILING, BUILD, QUIET), "pending": (STUCK,), "silences": (SILENCE,)}
    return replace(boards.bad_rollout(), **({"posts": (POSTED,)} | values | more))
