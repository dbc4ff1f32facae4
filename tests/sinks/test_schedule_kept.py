"""What ``check`` says about each rule, stage and sink is what is really sent."""

import re

import pytest

from statusdesk.alerts.engine import Alerts
from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.tuning import STANDARDS, Tuning
from statusdesk.config_alerts import RULE_NAMES, SinkSettings
from statusdesk.sinks.schedule import sentences
from statusdesk.states import Level
from statusdesk.states_alerts import WATCHDOG
from statusdesk.states_builds import EnvironmentState, Overdue, PlatformState
from tests.alerts.make import EU, HOUR, MINUTE, T0, became, build, closed, config, rollout, rule, source, token

RULES = [name for name in RULE_NAMES if name != WATCHDOG]
STAGES = {"testing": "testing", "staging": "staging", "production": "shop", "": "env-kim"}
SINKS = (
    SinkSettings(name="all", type="webhook", urls=("http://all",)),
    SinkSettings(name="urgent", type="webhook", urls=("http://urgent",), min_severity="critical"),
    *(SinkSettings(name=f"of-{name}", type="webhook", urls=("http://x",), stages=(name,)) for name in STAGES if name),
)  # fmt: skip
SETTINGS = {
    "as it is": [],
    "in production only": [rule(name, enabled=("production",)) for name in RULES],
    "elsewhere only": [rule(name, enabled=("testing", "staging")) for name in RULES],
    "milder in production": [
        rule(name, severity=(("production", "info"), ("staging", "critical"), ("", "warning"))) for name in RULES
    ],
    "to one": [rule(name, notify=("of-staging",)) for name in RULES],
}


def at(namespace, version="1.5", level=Level.OK, **fields):
    return rollout(level, namespace, version=version, version_since_ms=1_000, updated=2, **fields)


def rows_of(name, namespace):
    """Rows of which a rule speaks in a namespace; none where there can be none: rollouts are watched in stages only."""
    if name.startswith(("Rollout", "Service", "BadVersion")) and namespace not in config().namespaces_of("eu"):
        return []
    platform = {"source": "jenkins", "job": "j", "level": Level.FAILING}
    failing = at(namespace, level=Level.FAILING, reason="CrashLoop")
    others = [at(each) for each in ("testing", "staging") if each != namespace]
    match name:
        case "RolloutFailing" | "RolloutStuck" | "ServiceDegraded":
            reason = "DegradedCrash" if name == "ServiceDegraded" else "CrashLoop"
            return [rollout(Level.FAILING, namespace, reason=reason, version="9", rolling_since_ms=T0)]
        case "BadVersionAhead":
            return [failing, *others, at("shop", "1.4")] if namespace != "shop" else [failing, *others]
        case "BadVersionInProduction":
            return [failing, *others, *([at("shop")] if namespace != "shop" else [])]
        case "BuildFailed":
            return [build(namespace=namespace)]
        case "SeedJobStale":
            return [PlatformState(key="jenkins/j", job_class="seed", reason="SeedFailed", **platform)]
        case "RenewalOverdue":
            late = (Overdue(namespace=namespace, message="late", url="", since_ms=T0),)
            named = {"overdue": late if namespace in config().namespaces_of("eu") else ()}  # else as a whole
            return [PlatformState(key="jenkins/j", job_class="renewal", reason="RenewalOverdue", **platform, **named)]
        case "TokenLapsing" | "TokenGone" | "TokenAtCap":
            reason = {"TokenGone": "Gone", "TokenAtCap": "AtCap"}.get(name, "LapsesSoon")
            return [token(Level.WARNING if name == "TokenAtCap" else Level.FAILING, reason)]
        case "VaultSealed":
            return [source(name="vault", reason="Sealed")]
        case "SourceDown":
            whole = namespace not in config().namespaces_of("eu")
            return [source()] if whole else [at(namespace), closed(namespace)]
    assert name == "EnvironmentLeftUp"
    key = f"eu/{namespace}"
    return [EnvironmentState(key=key, cluster="eu", namespace=namespace, level=Level.WARNING, reason="LeftUp")]


def sent(settings, name, rows):
    """The severity with which each sink is told of a rule's alert, and the stage that this is of."""
    tuning = Tuning(settings)
    alerts = Alerts(tuning, [], [], t=HOUR, now_ms=T0 + HOUR)
    outbox = Outbox(settings.alerts, settings.sinks, tuning)
    for each in tuning.sources:
        alerts.answered(each, HOUR)
    alerts.step(became(*rows), HOUR, T0 + HOUR)
    for each in tuning.sources:
        alerts.answered(each, HOUR + MINUTE)
        if each == EU and name == "SourceDown" and len(rows) == 1:  # as a whole
            alerts.failed(each, T0)
    alerts.step((), HOUR + MINUTE, T0 + HOUR + MINUTE)
    active = [each for each in alerts.active() if each.alertname == name and each.state == "firing"]
    messages = outbox.step(active, T0 + HOUR)
    told = {(each.sink, alert.severity) for each in messages for alert in each.alerts}
    return {each.stage for each in active}, told


def said(settings, name):
    """What ``check`` says: for each stage the severity, and who is told."""
    found = {}
    for sentence in sentences(settings):
        rule_name, _, words = sentence.partition(": ")
        if rule_name.split(" ")[0] != name:
            continue
        where = rule_name.partition(" in ")[2].split(", ") if " in " in rule_name else [""]
        sinks = {sink for names in re.findall(r", to ([^;]*)", words) for sink in names.split(", ")}
        for stage in where:
            found["" if stage == "no stage" else stage] = {(sink, words.split(",")[0]) for sink in sinks}
    return found


@pytest.mark.parametrize("tuned", SETTINGS)
@pytest.mark.parametrize("name", RULES)
def test_what_check_says_is_what_is_sent(name, tuned):
    settings = config(*SETTINGS[tuned], sinks=SINKS)
    promised, seen = said(settings, name), set()
    for namespace in STAGES.values():
        stages, told = sent(settings, name, rows_of(name, namespace))
        assert stages <= promised.keys(), f"it fires in {stages}, and nothing is said of it"
        for stage in stages:
            assert told == promised[stage], f"of {stage or 'no stage'}"
        seen |= stages
    loud = {stage for stage, sinks in promised.items() if sinks}
    assert loud <= seen, "it is said to be told, and never fires there"


def test_each_rule_has_a_sentence_for_where_it_can_fire():
    words = [sentence.partition(":")[0] for sentence in sentences(config())]
    assert {"BadVersionInProduction in production", "BadVersionAhead in testing, staging"} <= set(words)
    assert "EnvironmentLeftUp in testing, staging, production, no stage" in words
    assert {name.split(" ")[0] for name in words} == STANDARDS.keys() - {WATCHDOG} == set(RULES)
