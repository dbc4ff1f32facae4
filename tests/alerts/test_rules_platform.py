"""Platform jobs and environments: which of their rows is an alert, and that one job is one alert."""

import msgspec
import pytest

from statusdesk.alerts.rules import deserved
from statusdesk.alerts.tuning import Tuning
from statusdesk.sinks.message import next_steps
from statusdesk.states import Level, Stamped
from statusdesk.states_builds import Overdue, PlatformState
from tests.alerts.make import World, build, config, rule, token

TEXT = {"message": str, "url": str, "reason": str}
PLAIN = Tuning(config())


def row(name, level, **fields):
    """A row of a class of this name, with these fields."""
    types = [(field, Level if field == "level" else str) for field in ("level", *fields)]
    made = msgspec.defstruct(name, types, bases=(Stamped,), frozen=True, kw_only=True, gc=False)
    return made(level=level, **fields)


def platform(job_class, level, reason, **more):
    given = {"key": "jenkins/j", "source": "jenkins", "job": "j", "message": "m", "url": "http://j/1"} | more
    return PlatformState(level=level, job_class=job_class, reason=reason, **given)


def environment(level, reason, cluster="eu"):
    given = {"key": f"{cluster}/env-kim", "cluster": cluster, "namespace": "env-kim", "message": "m", "url": ""}
    return row("EnvironmentState", level, reason=reason, **given)


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (platform("seed", Level.FAILING, "SeedFailed"), "SeedJobStale"),
        (platform("seed", Level.WARNING, "SeedFailed"), ""),  # unstable
        (platform("seed", Level.WARNING, "SeedStale"), "SeedJobStale"),
        (platform("seed", Level.WARNING, "Queued"), ""),
        (platform("seed", Level.OK, "Succeeded"), ""),
        (platform("renewal", Level.WARNING, "RenewalFailed"), ""),
        (platform("renewal", Level.WARNING, "RenewalOverdue"), "RenewalOverdue"),
        (platform("renewal", Level.FAILING, "RenewalOverdue"), "RenewalOverdue"),
        (platform("renewal", Level.FAILING, "Disabled"), "RenewalOverdue"),
        (platform("environment", Level.FAILING, "Failed"), ""),  # its build tells of it
        (platform("other", Level.FAILING, "Failed"), ""),
        (environment(Level.WARNING, "LeftUp"), "EnvironmentLeftUp"),
        (environment(Level.OK, "Up"), ""),
        (environment(Level.FAILING, "HalfMade"), ""),
    ],
    ids=str,
)
def test_which_rows_are_alerts(state, name):
    assert [alert.alertname for alert in deserved(state, PLAIN) or ()] == ([name] if name else [])


@pytest.mark.parametrize("reason", ["SeedFailed", "Disabled", "Queued", "Stuck"])
@pytest.mark.parametrize("told", [(Level.FAILING, "SeedFailed"), (Level.WARNING, "SeedStale")])
def test_a_seed_job_that_is_stale_is_told_until_a_run_succeeded(reason, told):
    world = World()
    world.step(platform("seed", Level.WARNING, reason))
    assert world.states() == {}, "an unstable run alone is none"
    world.step(platform("seed", *told))
    world.step(platform("seed", Level.WARNING, reason))
    assert world.states() == {"SeedJobStale": "firing"}
    world.step(platform("seed", Level.OK, "Succeeded"))
    assert world.states() == {}


@pytest.mark.parametrize(
    ("reason", "result", "said"),
    [
        ("RenewalOverdue", "FAILURE", "its last run #269 ended FAILURE: open it in Jenkins, mend what fails there"),
        ("RenewalOverdue", "UNSTABLE", "its last run #269 ended UNSTABLE"),
        ("RenewalOverdue", "SUCCESS", "see why the job does not run"),
        ("RenewalOverdue", "", "see why the job does not run"),
        ("Disabled", "FAILURE", "see why the job does not run"),
    ],
)
def test_a_renewal_that_runs_and_fails_is_not_said_not_to_run(reason, result, said):
    late = Overdue(namespace="", message="m", url="", since_ms=7, number=269, result=result)
    overdue = (late,) if reason == "RenewalOverdue" else ()
    state = platform("renewal", Level.FAILING, reason, result=result, number=269, overdue=overdue)
    (alert,) = deserved(state, PLAIN)
    assert [step for step in next_steps(alert) if step.startswith(said)]


def test_unknown_holds():
    assert deserved(platform("seed", Level.UNKNOWN, "NoResult"), PLAIN) == []


def test_labels_and_what_it_hangs_on():
    (alert,) = deserved(environment(Level.WARNING, "LeftUp"), PLAIN)
    assert alert.labels == {
        "alertname": "EnvironmentLeftUp", "severity": "info", "cluster": "eu", "namespace": "env-kim"
    }  # fmt: skip
    assert alert.hangs_on == ("jenkins", "kubernetes/eu")
    (alert,) = deserved(environment(Level.WARNING, "LeftUp", ""), PLAIN)
    assert alert.hangs_on == ("jenkins",)


def test_a_seed_job_is_one_alert_by_its_build_and_by_its_row():
    world = World(rule("RolloutStuck", enabled=False))
    failed = platform("seed", Level.FAILING, "SeedFailed")
    world.step(build(job="j", job_class="seed", namespace=""), failed)
    (alert,) = world.alerts.active()
    assert alert.labels == {"alertname": "SeedJobStale", "severity": "warning", "app": "j", "source": "jenkins"}
    world.step(build(Level.OK, job="j", job_class="seed", namespace=""))
    assert world.states() == {"SeedJobStale": "firing"}
    world.step(platform("seed", Level.OK, "Succeeded"))
    assert world.states() == {} and [what for what, _ in world.told] == ["firing", "resolved"]


def test_an_overdue_renewal_says_more_than_its_failed_build():
    world = World()
    world.step(build(job="renew-x", job_class="renewal", namespace=""), build(job="deploy-x"))
    assert {alert.app: alert.muted for alert in world.alerts.active()} == {"renew-x": False, "deploy-x": False}
    world.step(platform("renewal", Level.FAILING, "RenewalOverdue", job="renew-x"))
    muted = {(alert.alertname, alert.app): alert.muted for alert in world.alerts.active()}
    assert muted == {
        ("BuildFailed", "renew-x"): True, ("BuildFailed", "deploy-x"): False, ("RenewalOverdue", "renew-x"): False
    }  # fmt: skip
    world.step(platform("renewal", Level.OK, "Succeeded", job="renew-x"))
    assert not any(alert.muted for alert in world.alerts.active())


@pytest.mark.parametrize(
    ("fields", "muted"),
    [
        ({"reason": "Lapsed"}, True),
        ({"reason": "Gone", "dead_ms": 5, "expire_ms": 5}, True),
        ({"reason": "Gone", "dead_ms": 4, "expire_ms": 5}, False),
        ({"reason": "Gone", "dead_ms": None, "expire_ms": 5}, False),
        ({"reason": "AtCap", "at_cap": True}, False),
        ({"reason": "Lapsed", "at_cap": True}, False),
        ({"reason": "FewUses"}, False),
    ],
)
def test_a_token_that_no_run_helps_does_not_hide_that_its_renewal_job_is_overdue(fields, muted):
    """The job may renew others that are well as yet."""
    world = World()
    overdue = platform("renewal", Level.FAILING, "RenewalOverdue", job="renew-x")
    world.step(token(name="payments", renewal_job="renew-x", **fields), overdue)
    assert {alert.muted for alert in world.alerts.active() if alert.alertname == "RenewalOverdue"} == {muted}


def test_a_token_that_lapses_says_more_than_the_overdue_job_that_renews_it():
    world = World()
    world.step(
        token(reason="LapsesSoon", name="payments", renewal_job="renew-x"),
        platform("renewal", Level.FAILING, "RenewalOverdue", job="renew-x"),
        platform("renewal", Level.FAILING, "RenewalOverdue", job="renew-y", key="jenkins/y"),
    )
    muted = {(alert.alertname, alert.app or alert.token): alert.muted for alert in world.alerts.active()}
    assert muted == {
        ("TokenLapsing", "payments"): False, ("RenewalOverdue", "renew-x"): True, ("RenewalOverdue", "renew-y"): False
    }  # fmt: skip
    world.step(token(Level.OK, name="payments", renewal_job="renew-x"))
    assert not any(alert.muted for alert in world.alerts.active())


def test_the_job_of_a_branch_is_shown_as_people_know_it_and_its_label_is_what_jenkins_calls_it():
    raw, job = "mb/feature%2Fx", "the job mb/feature/x"
    (alert,) = deserved(platform("renewal", Level.FAILING, "RenewalOverdue", job=raw), PLAIN)
    (lapsing,) = deserved(token(reason="LapsesSoon", renewal_job=raw), PLAIN)
    assert (alert.app, alert.look, lapsing.look) == (raw, job, job)


def late(*namespaces: str, **more) -> PlatformState:
    """A renewal job that is overdue for these namespaces."""
    overdue = tuple(Overdue(namespace=each, message=f"{each} is late", url="", since_ms=7) for each in namespaces)
    given = {"job": "renew-x", "namespace": namespaces[0], "overdue": overdue} | more
    return platform("renewal", Level.FAILING, "RenewalOverdue", **given)


def overdue(world: World) -> dict[str, bool]:
    """The namespaces for which a renewal is told as overdue, and whether it is muted."""
    return {each.namespace: each.muted for each in world.alerts.active() if each.alertname == "RenewalOverdue"}


def test_a_second_namespace_that_is_overdue_is_told_though_the_first_was_taken():
    world = World()
    world.step(late("staging"))
    (first,) = world.alerts.active()
    assert (first.namespace, first.summary, first.started_ms) == ("staging", "staging is late", 7)
    world.alerts.acknowledge(first.fingerprint, "kim", "later", None, world.now_ms)
    world.told.clear()
    world.step(late("staging", "production"))
    assert ("firing", "RenewalOverdue") in world.told
    assert overdue(world) == {"staging": True, "production": False}
    world.step(late("production"))
    assert overdue(world) == {"production": False}


def test_what_stops_a_job_is_told_of_it_as_a_whole():
    world = World()
    world.step(late("staging", "production"))
    world.step(platform("renewal", Level.FAILING, "Disabled", job="renew-x", namespace="staging"))
    assert overdue(world) == {"": False}
    world.step(late("staging", "production"))
    assert overdue(world) == {"staging": False, "production": False}


def test_a_namespace_that_is_overdue_is_muted_by_what_is_about_that_one():
    world = World()
    world.step(
        late("staging", "production"),
        token(reason="LapsesSoon", name="payments", renewal_job="renew-x", namespaces=("stag*",)),
        build(job="renew-x", job_class="renewal", namespace="production"),
        build(job="renew-x", job_class="renewal", namespace="testing"),
    )
    assert overdue(world) == {"staging": True, "production": False}
    builds = {each.namespace: each.muted for each in world.alerts.active() if each.alertname == "BuildFailed"}
    assert builds == {"production": True, "testing": False}
