"""Which row deserves which alert: names, labels, severities by stage, and what they explain."""

import msgspec
import pytest

from statusdesk.alerts.making import fingerprint
from statusdesk.alerts.rules import deserved
from statusdesk.alerts.tuning import STANDARDS, Tuning
from statusdesk.config_alerts import RULE_NAMES
from statusdesk.sinks.message import who_is_hit
from statusdesk.states import Level
from tests.alerts.make import World, build, closed, config, rollout, rule, source, token

PLAIN = Tuning(config())


def names(row, tuning=PLAIN):
    return [(alert.alertname, alert.severity) for alert in deserved(row, tuning) or ()]


STUCK = ("RolloutStuck", "warning")
ON_ITS_WAY = {"rolling_since_ms": 5}
CASES = [
    (rollout(**ON_ITS_WAY), [("RolloutFailing", "warning"), STUCK]),
    (rollout(namespace="shop", **ON_ITS_WAY), [("RolloutFailing", "critical"), ("RolloutStuck", "critical")]),
    (rollout(namespace="elsewhere"), [("RolloutFailing", "warning")]),
    (rollout(reason="DegradedUnavailable"), [("ServiceDegraded", "warning")]),
    (rollout(reason="DegradedUnavailable", namespace="shop"), [("ServiceDegraded", "critical")]),
    (rollout(reason="DegradedUnavailable", **ON_ITS_WAY), [("ServiceDegraded", "warning"), STUCK]),
    (rollout(reason="DegradedWhileRolling", is_out=True, **ON_ITS_WAY), [("ServiceDegraded", "warning"), STUCK]),
    (rollout(is_out=True), [("RolloutFailing", "warning"), ("ServiceDegraded", "warning")]),
    (rollout(kind="Job"), [("RolloutFailing", "warning")]),
    *((rollout(level, **ON_ITS_WAY), [STUCK]) for level in (Level.PROGRESSING, Level.WARNING)),
    *((rollout(level), []) for level in (Level.PROGRESSING, Level.WARNING, Level.SCALING)),
    *((rollout(level), []) for level in (Level.OK, Level.IDLE, Level.PAUSED)),
    (build(), [("BuildFailed", "warning")]),
    (build(Level.WARNING), []),
    (build(job="seed", job_class="seed"), [("SeedJobStale", "warning")]),
    (build(job="renew-x", job_class="renewal"), [("BuildFailed", "warning")]),
    (token(reason="LapsesSoon"), [("TokenLapsing", "critical")]),
    (token(reason="NeverSurvives"), [("TokenLapsing", "critical")]),
    (token(reason="Gone"), [("TokenGone", "critical")]),
    (token(reason="Lapsed"), [("TokenGone", "critical")]),
    (token(Level.WARNING, "AtCap"), [("TokenAtCap", "warning")]),
    (token(Level.FAILING, "AtCap"), [("TokenAtCap", "warning"), ("TokenLapsing", "critical")]),
    (
        msgspec.structs.replace(token(Level.FAILING, "NoNews"), at_cap=True),
        [("TokenAtCap", "warning"), ("TokenLapsing", "critical")],
    ),
    (token(Level.FAILING, "NoNews"), [("TokenLapsing", "critical")]),
    (msgspec.structs.replace(token(Level.UNKNOWN, "NoNews"), at_cap=True), []),
    (token(Level.WARNING, "RunningDown"), []),
    (source(), [("SourceDown", "critical")]),
    (source(name="vault", reason="Sealed"), [("VaultSealed", "critical")]),
    (source(name="vault", reason="Timeout"), [("SourceDown", "critical")]),
]


@pytest.mark.parametrize(("row", "expected"), CASES, ids=[f"{type(row).__name__}-{row.reason}-{row.level}-{i}"
                                                         for i, (row, _) in enumerate(CASES)])  # fmt: skip
def test_names_and_severities(row, expected):
    assert names(row) == expected


def test_unknown_rows_leave_what_they_deserved_and_gone_ones_deserve_nothing():
    assert deserved(rollout(Level.UNKNOWN), PLAIN) is None
    assert deserved(rollout(until_ms=5), PLAIN) == []


def test_a_namespace_without_rights_is_told_by_its_stage_and_no_other_part_of_a_source():
    """Parts were told by none before; but of a namespace that nobody sees any more all alerts are frozen."""
    assert names(closed("shop")) == [("SourceDown", "critical")]
    assert names(closed("staging")) == [("SourceDown", "warning")]
    assert names(closed("shop", level=Level.OK)) == []
    assert names(closed("shop", level=Level.FAILING, reason="Timeout")) == []
    assert names(msgspec.structs.replace(closed("queue"), source="jenkins")) == []


def test_only_what_names_the_thing_is_a_label():
    web = {"name": "orders-web", "app": "orders"}
    alert = deserved(rollout(version="1.5", message="m", level_since_ms=5, reason="r", **web), PLAIN)[0]
    assert alert.labels == {
        "alertname": "RolloutFailing",
        "severity": "warning",
        "cluster": "eu",
        "namespace": "staging",
        "app": "orders/orders-web",
    }
    later = deserved(rollout(version="1.6", message="n", level_since_ms=9, **web), PLAIN)[0]
    assert later.fingerprint == alert.fingerprint
    (down,) = deserved(source(), PLAIN)
    assert down.labels == {
        "alertname": "SourceDown", "severity": "critical", "cluster": "eu", "source": "kubernetes/eu"
    }  # fmt: skip
    assert down.hangs_on == () and alert.hangs_on == ("kubernetes/eu", "kubernetes/eu#staging")


def test_labels_make_the_identity():
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1", "c": ""})
    assert fingerprint({"a": "1"}) != fingerprint({"a": "2"})
    assert fingerprint({"app": "\udc80"})


def test_severity_is_by_rule_and_stage():
    tuned = Tuning(config(rule(severity=(("staging", "info"), ("", "critical"))), rule("RolloutStuck", enabled=False)))
    assert names(rollout(), tuned) == [("RolloutFailing", "info")]
    assert names(rollout(namespace="testing"), tuned) == [("RolloutFailing", "critical")]
    only = Tuning(config(rule(enabled=("production",), runbook="https://wiki/x"), rule("RolloutStuck", enabled=False)))
    assert names(rollout(), only) == []
    (alert, *_) = deserved(rollout(namespace="shop"), only)
    assert alert.runbook == "https://wiki/x" and alert.stage == "production"


def test_every_rule_has_a_standard():
    assert set(STANDARDS) == set(RULE_NAMES)
    assert all(PLAIN.of(name, "staging") is not None for name in RULE_NAMES)


# -- versions that fail on their way to production


def bad_versions(*rows):
    world = World(rule("RolloutStuck", enabled=False))
    world.step(*rows)
    found = [alert for alert in world.alerts.active() if alert.alertname.startswith("BadVersion")]
    return world, [(alert.alertname, alert.app, alert.version, alert.stage_now) for alert in found]


def at(stage, version, level=Level.OK, since=1_000, **fields):
    return rollout(level, stage, version=version, version_since_ms=since, **fields)


OLD = [at("testing", "1.5", since=900), at("shop", "1.4", since=100)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*OLD, at("staging", "1.5", Level.FAILING)], [("BadVersionAhead", "orders", "1.5", "staging")]),
        # it has not left the first stage
        ([at("testing", "1.5", Level.FAILING), at("staging", "1.4"), OLD[1]], []),
        # it failed in the first stage, and went on
        ([at("testing", "1.5", Level.FAILING, since=900), at("staging", "1.5"), OLD[1]],
         [("BadVersionAhead", "orders", "1.5", "testing")]),
        # production has it
        ([OLD[0], at("staging", "1.5", Level.FAILING), at("shop", "1.5")],
         [("BadVersionInProduction", "orders", "1.5", "staging")]),
        # production is further
        ([at("testing", "1.6", since=2_000), at("staging", "1.5", Level.FAILING), at("shop", "1.6", since=3_000)], []),
        # production alone fails: that has alerts of its own
        ([at("testing", "1.5"), at("staging", "1.5"), at("shop", "1.5", Level.FAILING)], []),
        # nothing is in production yet
        ([OLD[0], at("staging", "1.5", Level.FAILING)], [("BadVersionAhead", "orders", "1.5", "staging")]),
        ([*OLD, at("staging", "", Level.FAILING)], []),
        # the version before is out while it comes
        ([*OLD, at("staging", "1.5", Level.FAILING, reason="DegradedWhileRolling", is_out=True)], []),
    ],
)  # fmt: skip
def test_bad_versions(rows, expected):
    assert bad_versions(*rows)[1] == expected


def test_an_outage_under_a_rollout_that_becomes_unknown_blames_no_version():
    out = {"reason": "DegradedWhileRolling", "is_out": True}
    world, found = bad_versions(*OLD, at("staging", "1.5", Level.FAILING, **out))
    assert not found
    world.restart()
    world.step(at("staging", "1.5", Level.UNKNOWN, **out))
    assert world.states() == {"ServiceDegraded": "firing"}


def test_what_a_version_does_to_production_is_of_the_stage_production():
    rows = [OLD[0], at("staging", "1.5", Level.FAILING), at("shop", "1.5")]
    (alert,) = [each for each in bad_versions(*rows)[0].alerts.active() if each.alertname == "BadVersionInProduction"]
    assert (alert.stage, alert.stage_now, alert.at_namespace) == ("production", "staging", "staging")


def test_a_bad_version_reaches_production_and_is_mended():
    world, found = bad_versions(*OLD, at("staging", "1.5", Level.FAILING, message="m"))
    assert found
    (ahead,) = [alert for alert in world.alerts.active() if alert.alertname == "BadVersionAhead"]
    assert ahead.labels == {"alertname": "BadVersionAhead", "severity": "warning", "app": "orders"}
    assert "next stop production" in ahead.summary and ahead.summary.endswith("m")
    world.step(at("shop", "1.5", since=5_000))
    assert world.states() == {"RolloutFailing": "firing", "BadVersionInProduction": "firing"}
    world.step(rollout(Level.UNKNOWN, version="1.5"))
    assert world.states() == {"RolloutFailing": "firing", "BadVersionInProduction": "firing"}
    world.restart()
    assert world.states() == {"RolloutFailing": "firing", "BadVersionInProduction": "firing"}
    world.step(at("staging", "1.5"))
    assert world.states() == {}


@pytest.mark.parametrize(
    ("level", "fields", "name", "said"),
    [
        (Level.OK, {}, "BadVersionInProduction", "orders 1.5 runs in production and fails in testing: m"),
        (Level.FAILING, {"reason": "Degraded"}, "BadVersionInProduction", "runs in production and"),
        (Level.UNKNOWN, {}, "BadVersionInProduction", "runs in production and"),
        (Level.PROGRESSING, {"updated": 1}, "BadVersionInProduction", "is being rolled out in production and fails"),
        (Level.PAUSED, {"updated": 1}, "BadVersionInProduction", "is being rolled out in production and fails"),
        (Level.PAUSED, {"updated": 0}, "BadVersionAhead", "next stop production, which asks for it and has no pod"),
        (Level.FAILING, {"updated": 0}, "BadVersionAhead", "next stop production, which asks for it and has no pod"),
        (Level.IDLE, {"updated": 0, "desired": 0}, "BadVersionAhead", "which asks for it and has no pod of it yet: m"),
        # the counts are still those of the version before
        (Level.PROGRESSING, {"reason": "Observing", "level_since_ms": 900}, "BadVersionAhead", "has no pod of it yet"),
        # it was only scaled: the version has been there
        (Level.PROGRESSING, {"reason": "Observing", "level_since_ms": 2_000}, "BadVersionInProduction", "is being"),
    ],
)
def test_a_version_runs_in_production_when_a_pod_of_it_is_there(level, fields, name, said):
    world, found = bad_versions(at("testing", "1.5", Level.FAILING, message="m"), at("shop", "1.5", level, **fields))
    assert found == [(name, "orders", "1.5", "testing")]
    (alert,) = [alert for alert in world.alerts.active() if alert.alertname == name]
    assert said in alert.summary


def test_a_version_that_is_made_anew_in_production_is_not_gone_in_between():
    world, _ = bad_versions(at("testing", "1.5", Level.FAILING), at("shop", "1.5"))
    world.step(at("shop", "1.5", Level.PROGRESSING, updated=0))
    assert "BadVersionInProduction" in world.states()
    world.step(at("shop", "1.4", since=5_000))
    world.step(at("shop", "1.5", Level.PROGRESSING, since=6_000, updated=0))
    assert "BadVersionInProduction" not in world.states()


def test_one_that_says_more_mutes_the_other_and_no_others():
    web = {"name": "web", "app": "orders", "version": "1.5"}
    world, _ = bad_versions(*OLD, at("staging", "1.5", Level.FAILING), rollout(Level.FAILING, "staging", **web))
    by = {alert.app: alert.inhibited_by for alert in world.alerts.active()}
    (more,) = [alert for alert in world.alerts.active() if alert.alertname == "BadVersionAhead"]
    assert by["orders/web"] == more.fingerprint and not more.muted
    assert {alert.inhibited_by for alert in world.alerts.active() if alert.alertname == "RolloutFailing"} == {
        more.fingerprint
    }
    world.step(rollout(Level.FAILING, "staging", name="mailer", version="1.5"))
    assert {alert.app: alert.muted for alert in world.alerts.active()}["mailer"] is False
    world.restart()
    assert {alert.app: alert.muted for alert in world.alerts.active()}["orders/web"] is True
    # production goes further: what fails is on its way no more, and is told by its own name
    world.step(at("shop", "1.6", since=9_000), at("testing", "1.6", since=8_000))
    assert [alert.alertname for alert in world.alerts.active()] == ["RolloutFailing"] * 3
    assert not any(alert.muted for alert in world.alerts.active())


def test_two_apps_and_a_workload_that_changes_its_app():
    world, _ = bad_versions(*OLD, at("staging", "1.5", Level.FAILING))
    world.step(at("staging", "1.5", Level.FAILING, app="other"))
    assert [alert.app for alert in world.alerts.active() if alert.alertname == "BadVersionAhead"] == ["orders"]
    world.step(at("testing", "1.5", app="other"))
    assert [alert.app for alert in world.alerts.active() if alert.alertname == "BadVersionAhead"] == ["other"]


def test_what_lies_behind_a_rollout_s_trouble_is_told():
    row = rollout(reason="InitError", message="an init container fails", cause="token 'billing' is gone")
    (alert, *_) = deserved(row, PLAIN)
    assert alert.summary.endswith("an init container fails, because token 'billing' is gone")


def test_a_bad_version_that_fails_nearer_to_production_is_told_with_one_stage():
    world, _ = bad_versions(at("testing", "1.5", Level.FAILING), at("shop", "1.5"))
    world.step(at("staging", "1.5", Level.FAILING))
    (alert,) = [alert for alert in world.alerts.active() if alert.alertname == "BadVersionInProduction"]
    assert (alert.stage_now, alert.at_namespace) == ("staging", "staging") and "fails in staging" in alert.summary
    muted = {alert.stage: alert.inhibited_by for alert in world.alerts.active() if alert.alertname == "RolloutFailing"}
    assert muted == {"testing": "", "staging": alert.fingerprint}, "the one of which it speaks"
    assert who_is_hit(alert) == "production, which has 1.5; it fails in stage staging, namespace staging of cluster eu"
    world.restart()
    world.step(at("staging", "1.5"))
    (alert,) = [alert for alert in world.alerts.active() if alert.alertname == "BadVersionInProduction"]
    assert (alert.stage_now, alert.at_namespace) == ("testing", "testing")


def test_a_token_that_cannot_be_looked_up_is_told_and_what_was_told_of_it_says_what_is_known():
    world = World()
    world.step(token(Level.FAILING, "LapsesSoon", message="lapses at 20:25Z"))
    unread = token(Level.UNKNOWN, "NotLookedUp", message="last known to end at 20:25Z", since_ms=1_000)
    world.step(unread)
    world.later(60_000)
    assert world.states() == {"TokenLapsing": "firing", "SourceDown": "firing"}
    said = {alert.alertname: alert.summary for alert in world.alerts.active()}
    assert said["TokenLapsing"] == "token t: last known to end at 20:25Z"
    assert said["SourceDown"] == "token t cannot be read since 1970-01-01 00:00Z: last known to end at 20:25Z"
    (down,) = [alert for alert in world.alerts.active() if alert.alertname == "SourceDown"]
    assert who_is_hit(down) == "what uses the token t" and down.labels["token"] == "t"
    world.restart()
    assert world.states() == {"TokenLapsing": "firing", "SourceDown": "firing"}
    world.step(token(Level.OK, "Renewing"))
    assert world.states() == {}


def test_tokens_are_not_told_one_by_one_while_vault_as_a_whole_is_down():
    world = World()
    world.step(token(Level.UNKNOWN, "NotLookedUp", message="x"))
    world.alerts.failed("vault", world.now_ms)
    world.later(60_000, answering=("jenkins",))
    assert world.states() == {"SourceDown": "pending"}
