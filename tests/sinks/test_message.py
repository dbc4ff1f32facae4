"""What is said of alerts: what is broken, who is hit, what next, and how it stands."""

from msgspec.structs import replace

from statusdesk.alerts.making import make
from statusdesk.alerts.tuning import Tuning
from statusdesk.alerts.versions import Versions
from statusdesk.sinks.message import annotations_of, lines_of
from statusdesk.sinks.pagerduty import event
from statusdesk.states import Level
from statusdesk.states_alerts import SWITCHED_OFF
from tests.alerts.make import config, rollout
from tests.sinks.make import ALERT, HOSTILE, OVER, T0, message


def test_a_message_answers_what_who_and_what_next():
    told = message()
    assert told.title == "[FIRING] critical RolloutFailing shop/orders"
    assert told.text().split("\n") == [
        "critical: RolloutFailing shop/orders: orders 1.5.0 in shop: container app ends with exit code 137"
        " (since 2027-01-15T08:00:00Z)",
        "  hits: stage production, namespace shop of cluster eu",
        "  last good version: 1.4.2",
        "  next: look at pod orders-7c9f-x2x, container app",
        "  next: statusdesk logs orders -n shop --cluster eu",
        "  next: build https://ci.example/job/deploy/412/",
        "  next: runbook https://wiki.example/rollout",
        "",
        "now: 2 firing, 1 pending, 14 ok",
    ]


def test_an_alert_about_an_app_as_a_whole_says_where_it_fails_and_how_to_see_its_log():
    failing = rollout(namespace="staging", version="1.5", message="exit 1", build_url="http://j/7")
    runs = rollout(Level.OK, "shop", version="1.5")
    versions = Versions(Tuning(config()))
    for row in (failing, runs):
        versions.see(row)
    (alert,) = versions.deserved("orders")
    text = message(alert).text()
    assert alert.labels == {"alertname": "BadVersionInProduction", "severity": alert.severity, "app": "orders"}
    where = "stage staging, namespace staging of cluster eu"
    assert f"  hits: production, which has 1.5; it fails in {where}\n" in text
    assert "  next: statusdesk logs orders -n staging --cluster eu\n" in text and "  next: build http://j/7\n" in text
    assert annotations_of(alert)["logs_command"] == "statusdesk logs orders -n staging --cluster eu"


def test_an_alert_about_a_namespace_is_in_its_place():
    left = make(Tuning(config()), "EnvironmentLeftUp", cluster="eu", namespace="pr-7")
    assert message(replace(left, state="firing")).title == "[FIRING] info EnvironmentLeftUp pr-7"


def test_what_is_over_says_only_that():
    told = message(OVER, why="resolved")
    assert told.title == "[RESOLVED] critical RolloutFailing shop/orders"
    assert "next: " not in told.text().partition("\n\n")[0] and "until 2027-01-15T08:01:00Z" in told.text()


def test_what_ended_by_the_settings_is_not_said_to_be_over():
    gone = replace(OVER, ended_by=SWITCHED_OFF)
    told = message(gone, why="resolved")
    assert told.title == "[ENDED] critical RolloutFailing shop/orders"
    said = "ended: RolloutFailing shop/orders: its rule was switched off; nobody saw it well, it was: orders 1.5.0 in"
    assert told.text().startswith(said) and "over" not in told.text()
    (alert,) = told.webhook()["alerts"]
    assert alert["status"] == "resolved" and alert["annotations"]["summary"].startswith("its rule was switched off: ")
    body = event(gone, "key", told)
    assert body["event_action"] == "resolve" and body["payload"]["summary"].endswith("its rule was switched off")
    both = message(gone, replace(OVER, fingerprint="2" * 16), why="resolved")
    assert both.title.startswith("[RESOLVED] ")


def test_many_alerts_are_cut_and_the_rest_is_counted():
    many = [replace(ALERT, app=f"app-{n}", fingerprint=f"{n:016x}") for n in range(30)]
    told = message(*many)
    assert told.title.endswith("shop/app-0 and 29 more")
    assert "and 10 more" in told.text(20) and "app-19" in told.text(20) and "app-20" not in told.text(20)
    assert len(told.webhook()["alerts"]) == 30


def test_an_alert_that_somebody_has_taken_or_whose_source_is_down_says_so():
    text = "\n".join(lines_of(replace(ALERT, acked_by="kim", stale_since_ms=T0)))
    assert "taken by kim" in text and "last seen 2027-01-15T08:00:00Z: it has not been read since" in text


def test_the_webhook_is_that_of_alertmanager():
    body = message(site="fra").webhook()
    assert list(body) == ["version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels",
                          "commonLabels", "commonAnnotations", "externalURL", "alerts"]  # fmt: skip
    (alert,) = body["alerts"]
    assert set(alert) == {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}
    assert alert["labels"] == {"alertname": "RolloutFailing", "severity": "critical", "cluster": "eu",
                               "namespace": "shop", "app": "orders", "site": "fra"}  # fmt: skip
    assert (body["version"], body["status"], alert["endsAt"]) == ("4", "firing", "0001-01-01T00:00:00Z")
    assert body["commonAnnotations"]["now"] == "now: 2 firing, 1 pending, 14 ok"
    assert all(isinstance(value, str) for value in alert["annotations"].values())


def test_common_labels_are_those_of_all():
    body = message(ALERT, replace(ALERT, app="carts", fingerprint="1" * 16)).webhook()
    assert "app" not in body["commonLabels"] and body["commonLabels"]["cluster"] == "eu"


def test_hostile_text_is_clean_and_holds_no_secret():
    text = message(replace(ALERT, summary=HOSTILE, look=HOSTILE, reason=HOSTILE)).text()
    assert "\x1b" not in text and "\u202e" not in text and "abcdefgh1234" not in text


def test_a_name_with_blanks_is_quoted_in_the_command():
    assert "statusdesk logs 'or ders' -n shop" in message(replace(ALERT, app="or ders/web")).text()


def test_what_is_over_is_listed_and_what_still_fires_beside_it_is_counted():
    taken = replace(ALERT, app="carts", acked_by="kim", fingerprint="1" * 16)
    still = replace(ALERT, app="search", fingerprint="2" * 16)
    told = message(OVER, still, taken, why="resolved")
    assert told.title == "[RESOLVED] critical RolloutFailing shop/orders; besides 1 firing, 1 taken"
    lines = told.text().split("\n\n")
    assert lines[0].startswith("over: RolloutFailing shop/orders") and lines[1] == "besides: 1 firing, 1 taken"
    body = told.webhook()
    assert [alert["status"] for alert in body["alerts"]] == ["resolved", "firing"] and body["status"] == "firing"
    assert message(OVER, taken, why="resolved").webhook()["status"] == "resolved"


def test_what_is_muted_is_counted_below_what_is_new_and_what_still_fires():
    muted = [
        replace(ALERT, app=name, fingerprint=name, **{name: "x"})
        for name in ("acked_by", "silenced_by", "inhibited_by")
    ]
    text = message(ALERT, *muted).text()
    assert "acked_by" not in text and "\n\nbesides: 1 taken, 1 silenced, 1 held back\n\nnow: " in text
