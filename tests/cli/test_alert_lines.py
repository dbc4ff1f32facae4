"""Lines about alerts: words and JSON, and nothing in them that could do anything to a terminal."""

import json

import pytest

from statusdesk.alerts.telling import AlertEvent
from statusdesk.cli.alert_lines import event_line, words_of
from statusdesk.states_alerts import AlertState, Muted
from tests.cli.conftest import HOSTILE

NOW = 1_795_348_800_000  # 2026-11-22T12:00:00Z
ALERT = AlertState(
    fingerprint="6f0c", started_ms=NOW - 480_000, fired_ms=NOW - 60_000, pending_ms=NOW - 90_000, state="firing",
    alertname="RolloutFailing", severity="warning", cluster="eu", namespace="staging", app="orders", version="1.4.2",
    summary="orders 1.4.2 in staging: no progress", last_good="1.4.1", build_url="http://j/7",
)  # fmt: skip


def changed(**fields):
    return AlertState(**({name: getattr(ALERT, name) for name in ALERT.__struct_fields__} | fields))


def test_in_words():
    assert event_line(AlertEvent("firing", ALERT), as_json=False) == (
        "2026-11-22T11:59:00.000Z  firing  warning  RolloutFailing  staging/orders  "
        "orders 1.4.2 in staging: no progress  since 2026-11-22T11:52:00.000Z"
    )
    taken = changed(acked_by="kim", acked_ms=NOW)
    line = event_line(AlertEvent("acked", taken), as_json=False)
    assert "acked  warning  RolloutFailing  staging/orders  by kim" in line


def test_as_json():
    line = json.loads(event_line(AlertEvent("firing", ALERT), as_json=True))
    assert line == {
        "ts": "2026-11-22T11:59:00.000Z",
        "event": "alert",
        "status": "firing",
        "fingerprint": "6f0c",
        "state": "firing",
        "labels": {
            "alertname": "RolloutFailing",
            "severity": "warning",
            "cluster": "eu",
            "namespace": "staging",
            "app": "orders",
        },
        "annotations": {
            "summary": "orders 1.4.2 in staging: no progress",
            "version": "1.4.2",
            "last_good": "1.4.1",
            "build_url": "http://j/7",
        },
        "startsAt": "2026-11-22T11:52:00.000Z",
        "firedAt": "2026-11-22T11:59:00.000Z",
        "flapping": False,
    }


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, "staging/orders"),
        ({"namespace": ""}, "orders"),
        ({"app": "", "namespace": "", "source": "vault", "token": "payments"}, "vault/payments"),
        ({"app": "", "namespace": "", "source": "kubernetes/eu"}, "kubernetes/eu"),
        ({"app": "", "namespace": "env-kim"}, "env-kim"),
        ({"app": "", "namespace": ""}, "RolloutFailing"),
    ],
)
def test_what_it_is_about(fields, place):
    assert changed(**fields).place == place


def test_on_screen_an_app_is_shown_in_its_stage():
    ahead = changed(namespace="", stage="staging", at_stage="testing")
    assert (ahead.place, ahead.place_by_stage) == ("orders", "testing/orders")
    assert changed(app="", source="kubernetes/eu", stage="production").place_by_stage == "kubernetes/eu/staging"


def test_what_is_to_be_known_beside_its_name():
    assert words_of(ALERT, NOW) == ["firing for 1m"]
    all_of_it = changed(flapping=True, acked_by="kim", silenced_by="s", stale_since_ms=1, inhibited_by="f")
    words = ["flapping", "taken by kim", "silenced", "another alert says more about it", "its source cannot be read"]
    assert words_of(all_of_it, NOW)[1:] == words
    assert words_of(changed(state="pending", fired_ms=None), NOW) == ["pending for 1m 30s"]
    muted = Muted(fingerprint="f", by="sam", until_ms=NOW + 3_600_000)
    assert words_of(ALERT, NOW, muted=[("am", muted)])[1:] == ["am: silenced there by sam for 1h more"]


@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_text_stays_on_its_line(as_json):
    names = ("app", "namespace", "summary", "acked_by", "ack_comment")
    line = event_line(AlertEvent("acked", changed(**dict.fromkeys(names, HOSTILE + "\nnext"))), as_json=as_json)
    assert "\n" not in line and "\x1b" not in line and "\u202e" not in line


def test_what_began_by_a_clock_that_was_set_back_is_said_to_have():
    assert words_of(ALERT, NOW - 600_000)[0] == "firing since 11:59Z by another clock"
    assert words_of(ALERT, NOW - 61_000)[0] == "firing for 0s"
