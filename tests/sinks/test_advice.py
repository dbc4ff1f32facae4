"""Every alert of every rule says what is broken, who is hit and what next, in the message of every sink."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.making import make
from statusdesk.alerts.rules import deserved
from statusdesk.alerts.rules_platform import job_alert
from statusdesk.alerts.tuning import STANDARDS, Tuning
from statusdesk.alerts.versions import Versions
from statusdesk.config_alerts import RULE_NAMES
from statusdesk.sinks.advice import advice
from statusdesk.sinks.alertmanager import posted, terms_of
from statusdesk.sinks.message import annotations_of, next_steps, who_is_hit
from statusdesk.sinks.pagerduty import event
from statusdesk.states import Level
from statusdesk.states_alerts import AlertState
from tests.alerts.make import T0, World, build, config, rollout, source, token
from tests.sinks.make import message, sink

TUNING = Tuning(config())


def _bad_versions(*rows):
    versions = Versions(TUNING)
    for row in rows:
        versions.see(row)
    return versions.deserved("orders")


BAD = rollout(version="1.5", message="exit 1", version_since_ms=T0)
OLD = {"version": "1.4", "version_since_ms": T0 - 60_000}
BARE: dict[str, list[AlertState] | None] = {
    "RolloutFailing": deserved(rollout(message="exit 1"), TUNING),
    "RolloutStuck": deserved(
        rollout(Level.WARNING, reason="Stalled", message="no pod is made", rolling_since_ms=T0), TUNING
    ),
    "ServiceDegraded": deserved(rollout(reason="DegradedUnavailable", message="0/2 ready"), TUNING),
    "BadVersionAhead": _bad_versions(
        rollout(Level.OK, "testing", version="1.5", version_since_ms=T0 - 30_000), BAD, rollout(Level.OK, "shop", **OLD)
    ),
    "BadVersionInProduction": _bad_versions(BAD, rollout(Level.OK, "shop", version="1.5", version_since_ms=T0)),
    "BuildFailed": deserved(build(message="deploy #7 FAILURE"), TUNING),
    "SeedJobStale": deserved(build(job="seed", job_class="seed", message="seed #7 FAILURE"), TUNING),
    "RenewalOverdue": job_alert(TUNING, "RenewalOverdue", "jenkins", "renew", "late", "RenewalOverdue", "", T0, "x"),
    "TokenLapsing": deserved(token(message="lapses in 3h"), TUNING),
    "TokenAtCap": deserved(token(Level.WARNING, "AtCap", message="at its cap"), TUNING),
    "TokenGone": deserved(token(reason="Gone", message="has lapsed"), TUNING),
    "VaultSealed": deserved(source(name="vault", reason="Sealed", message="it is sealed"), TUNING),
    "EnvironmentLeftUp": [
        made
        for made in (make(TUNING, "EnvironmentLeftUp", cluster="eu", namespace="pr-7", summary="pr-7: up for 20h"),)
        if made is not None
    ],
    "SourceDown": deserved(source(message="it cannot be reached"), TUNING),
    "Watchdog": [
        made for made in (make(TUNING, "Watchdog", summary="statusdesk watches", stage=""),) if made is not None
    ],
}
"""An alert of each rule from a row that says as little as it can."""


def alert_of(name):
    found = next(alert for alert in BARE[name] or () if alert.alertname == name)
    return replace(found, state="firing", started_ms=T0, fired_ms=T0)


def test_all_rules_are_here():
    assert set(BARE) == set(RULE_NAMES) == set(STANDARDS)


@pytest.mark.parametrize("name", RULE_NAMES)
def test_what_who_and_what_next_in_every_message(name):
    alert = alert_of(name)
    assert alert.summary and who_is_hit(alert) and next_steps(alert)
    text = message(alert).text()
    assert alert.summary in text and "\n  hits: " in text and "\n  next: " in text
    told = message(alert).webhook()["alerts"][0]["annotations"]
    settings = config(sinks=(sink("alertmanager", urls=("http://am",)),))
    at_alertmanager = posted(alert, terms_of(settings, settings.sinks[0]), T0, 0)["annotations"]
    paged = event(alert, "key", message(alert))["payload"]["custom_details"]
    for given in (told, at_alertmanager, paged):
        assert given["summary"] and given["hits"] and given["next"] == "\n".join(next_steps(alert))


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("kubernetes/eu", "Unreachable", "`kubectl get --raw /readyz`"),
        ("kubernetes/eu", "Unauthorized", "credentials of its kubeconfig"),
        ("kubernetes/eu", "Forbidden", "deploy/kubernetes"),
        ("kubernetes/eu", "ServerError", "log of its API server"),
        ("jenkins", "Timeout", "open its page"),
        ("jenkins", "Unauthorized", "new API token"),
        ("vault", "Unreachable", "`vault status`"),
        ("vault", "Empty", "deploy/vault"),
        ("vault", "SomethingNew", "`vault status`"),
    ],
)
def test_a_source_that_is_down_by_its_kind_and_error(name, reason, words):
    (alert,) = deserved(source(name=name, reason=reason), TUNING) or ()
    steps = next_steps(alert)
    assert words in steps[0] and "statusdesk check sources" in steps[-1]


@pytest.mark.parametrize(
    ("reason", "said"), [("LapsesSoon", "run its renewal job now"), ("AtCap", "issue a"), ("FewUses", "issue a")]
)
def test_no_run_is_advised_that_does_not_help(reason, said):
    (step, *_) = advice(replace(alert_of("TokenLapsing"), reason=reason))
    assert step.startswith(said)


def test_a_fault_of_ours_is_told_as_that():
    (alert,) = deserved(source(reason="Internal"), TUNING) or ()
    assert next_steps(alert) == ["look at the log of the collector and report it: this is a fault of statusdesk"]


def test_a_cluster_that_is_down_names_what_nobody_sees():
    world = World()
    apart = rollout(Level.OK, "elsewhere", "tool")
    others = rollout(Level.OK, "shop", "far", cluster="us")
    world.step(rollout(Level.OK), rollout(Level.OK, "shop"), rollout(Level.OK, "shop", "carts"), apart, others)
    world.alerts.failed("kubernetes/eu", world.now_ms)
    world.step(source(level_since_ms=T0))
    (down,) = world.alerts.active()
    assert who_is_hit(down) == "2 apps are not seen: stage staging (staging), stage production (shop)"
    assert annotations_of(down)["hits"] == who_is_hit(down)
    (vault,) = deserved(source(name="vault"), TUNING) or ()
    assert who_is_hit(vault) == "nobody sees tokens, good or bad"


def test_many_namespaces_are_counted():
    versions = Versions(Tuning(replace(config(), stages=(replace(config().stages[0], namespaces=("t*",)),))))
    for number in range(8):
        versions.see(rollout(Level.OK, f"t{number}", "orders"))
    assert versions.unseen("eu") == "1 app is not seen: stage testing (t0, t1, t2, t3, t4 and 3 more)"
    assert versions.unseen("us") == ""
