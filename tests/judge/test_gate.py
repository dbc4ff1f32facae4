"""The gate: cases as tables, closed on doubt."""

import pytest
from msgspec.structs import replace

from statusdesk.config import AppSettings, Config, StageSettings, StoreSettings
from statusdesk.config_alerts import GATE_CHECKS
from statusdesk.facts import Build
from statusdesk.judge.gate import Known, Question, RouteError, decide, route_of
from statusdesk.states import Level, RolloutState, SourceState, TokenState
from statusdesk.states_alerts import AlertState

NOW = 100_000_000
MINUTE = 60_000
STAGES = tuple(
    StageSettings(name=name, namespaces=(name,), production=name == "production")
    for name in ("testing", "staging", "production")
)
CONFIG = Config(path="", stages=STAGES, clusters=(), store=StoreSettings(state_dir=""))
ROUTE = route_of(CONFIG, "orders", "production")
ASKED = Question(app="orders", route=ROUTE, require=frozenset(GATE_CHECKS))


def rollout(stage="staging", level=Level.OK, version="1.4", name="orders", cluster="eu", **more):
    more = {"digest": "sha256:aa", "version_since_ms": NOW - 60 * MINUTE, "level_since_ms": NOW - 60 * MINUTE} | more
    return RolloutState(
        key=f"{cluster}/{stage}/Deployment/{name}", cluster=cluster, namespace=stage, kind="Deployment", name=name,
        app="orders", level=level, version=version, desired=2, ready=2, **more,
    )  # fmt: skip


def source(key, level=Level.OK, age_ms=1_000, **more):
    name, _, scope = key.partition("#")
    last = None if age_ms is None else NOW - age_ms
    return SourceState(key=key, source=name, scope=scope, level=level, last_ok_ms=last, **more)


def build(number=7, result="SUCCESS", version="1.4", **more):
    return Build(
        source="jenkins", number=number, url="", result=result, started_ms=NOW - 90 * MINUTE + number, version=version,
        **({"job": "deploy-orders", "namespace": "staging"} | more),
    )  # fmt: skip


def alert(name="ServiceDegraded", stage="staging", **more):
    values = {"app": "orders", "severity": "warning", "state": "firing", "cluster": "eu", "namespace": stage} | more
    return AlertState(fingerprint=name + stage, started_ms=NOW - MINUTE, alertname=name, stage=stage, **values)


def failed_build(namespace="staging", version="1.4", **more):
    values = {"app": "shop/deploy-orders", "job_app": "orders", "cluster": "", "source": "jenkins", "version": version}
    return alert("BuildFailed", **({"stage": namespace, "namespace": namespace} | values | more))


def token(name="db", level=Level.OK, **more):
    return TokenState(key=f"vault/{name}", source="vault", name=name, level=level, **more)


def known(*rollouts, sources=(), **more):
    rows = {each.key: each for each in (source("kubernetes/eu"), source("jenkins"), source("vault"), *sources)}
    values = {"builds": ((build(),),), "sources": rows, "now_ms": NOW} | more
    return Known(rollouts=rollouts or (rollout(), rollout("production", version="1.3")), **values)


def answer(question=ASKED, **more):
    decision = decide(question, known(**more) if "rollouts" not in more else known(*more.pop("rollouts"), **more))
    return decision, {check.name: check for check in decision.checks}


def test_all_well_may_go_on_and_names_the_version():
    decision, checks = answer()
    assert (decision.decision, decision.version, decision.start, decision.to) == ("go", "1.4", "staging", "production")
    assert list(checks) == ["freshness", *GATE_CHECKS] and {check.result for check in checks.values()} == {"ok"}
    assert checks["build-success"].detail == "deploy-orders #7 SUCCESS 1h ago"
    assert (decision.data_age_ms, decision.settled) == (1_000, True)


STALE = {"sources": (source("kubernetes/eu", age_ms=10 * MINUTE),)}
UNKNOWN_CASES = {
    "no collector ever": ({"lost_ms": 0}, "freshness", "no collector has worked yet"),
    "collector gone": ({"lost_ms": 61_000}, "freshness", "for 1m 1s"),
    "old data": (STALE, "freshness", "kubernetes/eu has not answered for 10m"),
    "a cluster of the stage that has never answered": (
        {"clusters": ("eu", "us")}, "freshness", "kubernetes/us has never answered"),
    "a cluster of the stage where the app is not": (
        {"clusters": ("eu", "us"), "sources": (source("kubernetes/us", age_ms=10 * MINUTE),)},
        "freshness", "kubernetes/us has not answered for 10m"),
    "the clock was set back": (
        {"sources": (source("kubernetes/eu", age_ms=-10 * MINUTE),)}, "freshness", "10m from now"),
    "never visited": ({"sources": (source("jenkins", age_ms=None),)}, "freshness", "jenkins has never answered"),
    "refused": (
        {"sources": (source("jenkins", Level.FAILING, message="401"),)}, "freshness", "jenkins: 401"),
    "namespace closed": (
        {"sources": (source("kubernetes/eu#staging", Level.UNKNOWN, message="no access"),)}, "freshness", "no access"),
    "unknown app": ({"rollouts": (rollout("elsewhere", name="x"),)}, "version", "not in staging"),
    "not in the stage before": ({"rollouts": (rollout("testing"),)}, "version", "it is in testing"),
    "rolling": ({"rollouts": (rollout(level=Level.PROGRESSING, message="1 of 2"),)}, "rollout-healthy", "1 of 2"),
    "paused": ({"rollouts": (rollout(level=Level.PAUSED),)}, "rollout-healthy", "paused"),
    "scaled to nothing": ({"rollouts": (rollout(level=Level.IDLE),)}, "rollout-healthy", "idle"),
    "no build": ({"builds": ()}, "build-success", "no finished build of 1.4"),
    "build of another version": ({"builds": ((build(version="1.2"),),)}, "build-success", "no finished build of 1.4"),
    "build runs": (
        {"builds": ((build(8, None, building=True), build()),)}, "build-success", "deploy-orders #8 is running"),
    "only aborted": ({"builds": ((build(result="ABORTED"),),)}, "build-success", "no finished build"),
    "image not known": ({"rollouts": (rollout(digest=""),)}, "digest-match", "is not known"),
    "token not seen": ({"tokens": {"db": None}}, "tokens-live", "db: not seen yet"),
    "token unknown": ({"tokens": {"db": token(level=Level.UNKNOWN)}}, "tokens-live", "db"),
    "vault silent": (
        {"tokens": {"db": token()}, "sources": (source("vault", age_ms=5 * MINUTE),)}, "freshness", "vault"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN_CASES)
def test_doubt_is_not_a_yes_and_may_pass(case):
    given, check, words = UNKNOWN_CASES[case]
    decision, checks = answer(**given)
    assert decision.decision == "unknown" and not decision.settled
    assert checks[check].result == "unknown" and words in checks[check].detail


BLOCKED_CASES = {
    "failing": ({"rollouts": (rollout(level=Level.FAILING, message="exit 1"),)}, "rollout-healthy", "exit 1", True),
    "a worker of it fails": (
        {"rollouts": (rollout(), rollout(name="worker", version="9", level=Level.FAILING, reason="X"))},
        "rollout-healthy", "worker failing: X", True),
    "warned of": ({"rollouts": (rollout(level=Level.WARNING, message="flaps"),)}, "rollout-healthy", "flaps", False),
    "failed build": ({"builds": ((build(result="FAILURE"),),)}, "build-success", "#7 FAILURE", True),
    "unstable build": ({"builds": ((build(result="UNSTABLE"),),)}, "build-success", "UNSTABLE", True),
    "alert in the stage before": ({"alerts": (alert(),)}, "no-firing-alert", "ServiceDegraded in staging for 1m", True),
    "alert of the version before": (
        {"alerts": (alert("RolloutFailing", version="1.3"),)},
        "no-firing-alert",
        "RolloutFailing in staging",
        False,
    ),
    "alert of a workload with a name of its own": (
        {"alerts": (alert("RolloutFailing", app="orders/orders-worker"),)}, "no-firing-alert", "RolloutFailing", True),
    "alert of a clock that was set back": (
        {"alerts": (alert(fired_ms=NOW + 10 * MINUTE),)}, "no-firing-alert", "Z by another clock", True),
    "alert taken": ({"alerts": (alert(acked_by="kim"),)}, "no-firing-alert", "(taken by kim)", True),
    "the version fails elsewhere": (
        {"alerts": (alert("RolloutFailing", "testing", version="1.4"),)}, "no-firing-alert", "in testing", True),
    "its build failed in a stage that it has passed": (
        {"alerts": (failed_build("testing"),)}, "no-firing-alert", "BuildFailed in testing", True),
    "its build failed in the stage before": (
        {"alerts": (failed_build("staging", version="v1.4"),)}, "no-firing-alert", "BuildFailed in staging", True),
    "its build for no namespace failed": (
        {"alerts": (failed_build("", stage=""),)}, "no-firing-alert", "BuildFailed for 1m", True),
    "bad, and in production": (
        {"alerts": (alert("BadVersionInProduction", "production", version="1.4", cluster="", namespace="",
                          at_stage="testing"),)}, "no-firing-alert", "BadVersionInProduction in testing", True),
    "bad, and ahead": (
        {"alerts": (alert("BadVersionAhead", "testing", version="1.4", cluster="", namespace=""),)},
        "no-firing-alert", "BadVersionAhead in testing", True),
    "same tag, other image": (
        {"rollouts": (rollout("testing", digest="sha256:bb"), rollout())}, "digest-match", "not one image", True),
    "token lapses": (
        {"tokens": {"db": token(level=Level.FAILING, message="lapses in 2h")}}, "tokens-live", "lapses in 2h", True),
}  # fmt: skip


@pytest.mark.parametrize("case", BLOCKED_CASES)
def test_what_is_bad_blocks(case):
    given, check, words, settled = BLOCKED_CASES[case]
    decision, checks = answer(**given)
    assert decision.decision == "blocked" and decision.settled is settled
    assert checks[check].result == "blocked" and words in checks[check].detail


@pytest.mark.parametrize(
    "alerts",
    [
        alert(stage="production"),
        alert("RolloutFailing", "testing", version="1.5"),
        alert(app="web"),
        alert(app="orders/deploy", cluster="", namespace=""),
        alert(state="pending"),
        alert("EnvironmentLeftUp", severity="info"),
        failed_build("production"),
        alert("RolloutFailing", "production", version="1.4"),
        failed_build("dev-alice", stage=""),
        failed_build("", stage="", version="1.5"),
    ],
    ids=[
        "where it goes to", "another version elsewhere", "another app", "a job in a folder", "pending", "info",
        "a build where it goes to", "the version where it goes to", "outside of the stages", "another build",
    ],
)  # fmt: skip
def test_alerts_about_something_else_do_not_block(alerts):
    assert answer(alerts=(alerts,))[0].decision == "go"


def test_what_fails_where_a_version_goes_to_does_not_keep_it_from_going_there_again():
    question = replace(ASKED, route=route_of(CONFIG, "orders", "staging"))
    rows = (rollout("testing"), rollout("staging", version="1.3"))
    builds = ((build(namespace="testing"),),)
    for stage, decision in (("testing", "blocked"), ("staging", "go")):
        bad = alert("BadVersionAhead", stage, version="1.4", cluster="", namespace="")
        assert answer(question, rollouts=rows, builds=builds, alerts=(bad,))[0].decision == decision
    further_on = (failed_build("production"), alert("RolloutFailing", "production", version="1.4"))
    assert answer(question, rollouts=rows, builds=builds, alerts=further_on)[0].decision == "go"


def test_old_data_wins_over_a_no():
    assert answer(**STALE, rollouts=(rollout(level=Level.FAILING),))[0].decision == "unknown"


def test_a_newer_failed_build_of_another_version_says_nothing_of_this_one():
    builds = ((build(9, "FAILURE", "1.5"), build(7, "SUCCESS", "1.4")),)
    assert answer(builds=builds)[1]["build-success"].result == "ok"


JOBS = {("jenkins", "deploy-orders"): "deploy", ("jenkins", "smoke-orders"): "other"}
SMOKE = build(12, job="smoke-orders")
JOINS = {
    "by time, of another version": ("time", build(9, version="1.2"), JOBS, "unknown", "deploy-orders #9 built 1.2"),
    "by time, says no version": ("time", build(9, version=""), JOBS, "unknown", "deploy-orders #9 does not say"),
    "by time, of the version": ("time", build(9), JOBS, "ok", "#9 SUCCESS"),
    "by annotation, says no version": ("annotation", build(9, version=""), JOBS, "ok", "#9 SUCCESS"),
    "by annotation, failed": ("annotation", build(9, "FAILURE", ""), JOBS, "blocked", "#9 FAILURE"),
    "by annotation, of another version": ("annotation", build(9, version="1.2"), JOBS, "unknown", "#9 built 1.2"),
    "by version, with a commit": ("version", build(9, version="v1.4-3fd2a91"), JOBS, "ok", "#9 SUCCESS"),
    "by time, with a commit": ("time", build(9, version="1.4-rc1"), JOBS, "unknown", "#9 built 1.4-rc1"),
    "a smoke test": ("time", replace(SMOKE, number=9), JOBS, "unknown", "no finished build of 1.4"),
    "a smoke test by annotation": ("annotation", replace(SMOKE, number=9), JOBS, "unknown", "no finished build"),
    "the only class": ("time", replace(SMOKE, number=9), {("jenkins", "smoke-orders"): "other"}, "ok", "#9 SUCCESS"),
    "no deploy job, several classes": (
        "time", replace(SMOKE, number=9), {("jenkins", "smoke-orders"): "other", ("jenkins", "x"): "seed"},
        "unknown", "no finished build"),
}  # fmt: skip


@pytest.mark.parametrize("case", JOINS)
def test_a_build_counts_where_a_deploy_job_says_that_it_built_the_version(case):
    rule, made, classes, result, words = JOINS[case]
    row = rollout(build_job=made.job, build_number=9, build_rule=rule)
    decision, checks = answer(rollouts=(row,), builds=((made,),), job_classes=classes)
    assert (checks["build-success"].result, words in checks["build-success"].detail) == (result, True)
    assert decision.decision == {"ok": "go"}.get(result, result)


def test_a_green_smoke_test_does_not_hide_a_failed_deploy():
    builds = ((build(9, "FAILURE"),), (SMOKE,))
    assert answer(builds=builds, job_classes=JOBS)[1]["build-success"].result == "blocked"


def test_builds_without_versions_are_a_doubt():
    assert answer(builds=((build(9, "FAILURE", ""), build(7, "SUCCESS", "")),))[1]["build-success"].result == "unknown"


@pytest.mark.parametrize(
    ("minutes", "level", "result"),
    [(29, Level.OK, "blocked"), (30, Level.OK, "ok"), (31, Level.SCALING, "ok"), (90, Level.WARNING, "blocked")],
)
def test_soak_is_healthy_time_without_a_break(minutes, level, result):
    row = rollout(level=level, level_since_ms=NOW - minutes * MINUTE)
    decision, checks = answer(replace(ASKED, soak_ms=30 * MINUTE), rollouts=(row,))
    assert checks["soak"].result == result
    assert decision.settled is (result == "ok")


def test_a_scaling_does_not_begin_the_soak_anew():
    row = rollout(level_since_ms=NOW - 1_000, well_since_ms=NOW - 40 * MINUTE)
    for level in (Level.OK, Level.SCALING):
        _, checks = answer(replace(ASKED, soak_ms=30 * MINUTE), rollouts=(replace(row, level=level),))
        assert (checks["soak"].result, checks["soak"].detail) == ("ok", "healthy for 40m of 30m in staging")
    anew = replace(row, well_since_ms=NOW - 1_000, level_since_ms=NOW - 40 * MINUTE)
    assert answer(replace(ASKED, soak_ms=30 * MINUTE), rollouts=(anew,))[1]["soak"].result == "blocked"


@pytest.mark.parametrize(
    ("gaps", "result", "words"),
    [
        (
            [(20, 9)],
            "blocked",
            "healthy for 9m of 30m in staging; before that nobody looked for 11m, and it begins anew",
        ),
        ([(50, 39)], "ok", "healthy for 39m of 30m"),
        ([(20, 18)], "ok", "healthy for 1h of 30m in staging"),
        ([(20, 18.5), (18.25, 17)], "blocked", "healthy for 17m of 30m in staging; before that nobody looked for 3m"),
        ([(20, 18.5), (16, 14.5)], "ok", "healthy for 1h of 30m"),
        ([(70, 65)], "ok", "healthy for 1h of 30m"),
        ([(25, 20), (9, 5)], "blocked", "healthy for 5m of 30m"),
    ],
    ids=["within", "long before", "short", "two that are one", "two short ones", "before it was well", "two"],
)
def test_a_soak_begins_anew_after_a_time_in_which_nobody_looked(gaps, result, words):
    unseen = tuple((round(NOW - begin * MINUTE), round(NOW - end * MINUTE)) for begin, end in gaps)
    row = rollout(level_since_ms=NOW - 60 * MINUTE)
    _, checks = answer(replace(ASKED, soak_ms=30 * MINUTE), rollouts=(row,), gaps=unseen)
    assert checks["soak"].result == result and words in checks["soak"].detail


def test_a_version_that_is_asked_for_must_run_everywhere_in_the_stage_before():
    asked = replace(ASKED, version="1.4")
    rows = (rollout(), rollout(cluster="us", version="1.3"))
    sources = (source("kubernetes/us"),)
    assert "us/staging runs 1.3" in answer(asked, rollouts=rows, sources=sources)[1]["version"].detail
    gone = answer(replace(ASKED, version="1.1"))
    assert gone[0].decision == "unknown" and "1.1 does not run in staging; 1.4 does" in gone[1]["version"].detail
    answered = answer(replace(ASKED, version="v1.4"))[0]
    assert (answered.decision, answered.version) == ("go", "1.4"), "the board takes the two for one"
    two = (rollout(), rollout(name="orders-b", version="v1.4"))
    assert answer(replace(ASKED, version="v1.4"), rollouts=two)[0].version == "v1.4", "as it is written comes first"
    assert "several versions" in answer(rollouts=rows, sources=sources)[1]["version"].detail


def test_a_workload_beside_it_may_have_a_version_of_its_own():
    rows = (rollout(), rollout(name="orders-db", version="15.2"))
    assert answer(rollouts=rows)[0].version == "1.4"
    assert answer(replace(ASKED, version="1.4"), rollouts=rows)[0].decision == "go"


def test_a_check_and_a_rule_can_be_ignored_but_not_the_age_of_data():
    failed = {"builds": ((build(result="FAILURE"),),), "alerts": (alert("BuildFailed"),)}
    assert answer(**failed)[0].decision == "blocked"
    decision, checks = answer(replace(ASKED, ignore=frozenset({"build-success", "BuildFailed"})), **failed)
    assert decision.decision == "go" and checks["build-success"].ignored
    assert checks["no-firing-alert"].detail == "ignored: BuildFailed"
    assert answer(replace(ASKED, ignore=frozenset({"freshness"})), **STALE)[0].decision == "unknown"


def test_only_what_is_required_is_checked():
    _, checks = answer(replace(ASKED, require=frozenset({"soak"})), builds=())
    assert list(checks) == ["freshness", "soak"]


def test_without_jenkins_builds_are_not_asked_about():
    assert answer(jenkins=False, builds=(), sources=(source("jenkins", age_ms=None),))[0].decision == "go"


@pytest.mark.parametrize(
    ("to", "start", "words"),
    [
        ("prod", "", "there is no stage 'prod'"),
        ("testing", "", "is the first stage"),
        ("staging", "production", "is not before"),
        ("production", "nowhere", "there is no stage 'nowhere'"),
    ],
)
def test_a_way_that_is_none_is_told(to, start, words):
    with pytest.raises(RouteError, match=words):
        route_of(CONFIG, "orders", to, start)


def test_stages_that_an_app_never_reaches_are_left_out():
    config = replace(CONFIG, apps=(AppSettings(name="orders", stages=("testing", "production")),))
    assert route_of(config, "orders", "production").start.name == "testing"
    with pytest.raises(RouteError, match="never reaches staging"):
        route_of(config, "orders", "staging")


def test_a_failed_build_of_the_app_s_job_blocks_and_can_be_ignored():
    failed = failed_build()
    decision, checks = answer(alerts=(failed,))
    assert decision.decision == "blocked" and "BuildFailed in staging" in checks["no-firing-alert"].detail
    decision, checks = answer(replace(ASKED, ignore=frozenset({"BuildFailed"})), alerts=(failed,))
    assert (decision.decision, checks["no-firing-alert"].detail) == ("go", "ignored: BuildFailed")
