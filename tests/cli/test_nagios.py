"""``status --format nagios``: one line, performance data, and the exit codes of Nagios."""

import re

import pytest
from msgspec.structs import replace

from statusdesk.clock import system_clock
from statusdesk.states import Level, LostNode
from statusdesk.states_alerts import AlertState
from tests.cli.conftest import HOSTILE, rollout, source, token

LOST = (LostNode("n-3", 1, 1),)
LINE = re.compile(r"(OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+) \| ([^|\n]+)\n")
FIGURE = re.compile(r"('[^'=]+'|[a-z_]+)=-?\d+s?(;[\d.:]*){0,4}")


def alert(severity="warning", **more):
    values = {"cluster": "eu", "namespace": "staging", "app": "orders", "stage": "staging"} | more
    return AlertState(
        fingerprint=severity, started_ms=1, fired_ms=system_clock() - 60_000,
        severity=severity, state="firing", **({"alertname": "ServiceDegraded"} | values),
    )  # fmt: skip


def told(run, *argv):
    done = run("status", "--format", "nagios", *argv)
    found = LINE.fullmatch(done.stdout)
    assert found, done
    figures = found[3].split()
    assert all(FIGURE.fullmatch(figure) for figure in figures), figures
    return done.returncode, found[1], found[2], dict(figure.split("=", 1) for figure in figures)


def test_well_is_ok(run, put):
    put(rollout("orders", "staging"))
    code, word, said, figures = told(run)
    assert (code, word, said) == (0, "OK", "1 application well")
    assert figures["firing"] == figures["unknown"] == "0;;;0" and figures["data_age"].endswith("s;;;0")


@pytest.mark.parametrize(
    ("states", "alerts", "code", "words"),
    [
        ([rollout("orders", "staging", Level.FAILING, message="boom")], [], 1, "orders staging: boom"),
        ([rollout("orders", "production", Level.FAILING, message="boom")], [], 2, "orders production: boom"),
        ([rollout("orders", "staging", Level.WARNING, message="slow")], [], 1, "orders staging: slow"),
        ([rollout("orders", "production", Level.WARNING, message="slow")], [], 1, "orders production: slow"),
        ([rollout("orders", "staging")], [alert()], 1, "1 firing: ServiceDegraded staging/orders"),
        ([rollout("orders", "staging")], [alert("critical")], 2, "1 firing: ServiceDegraded staging/orders"),
        (
            [rollout("orders", "staging")],
            [alert("critical", silenced_by="s")],
            0,
            "1 firing: 1 silenced; 1 application well",
        ),
        ([rollout("orders", "staging"), token("db", Level.FAILING, message="lapses")], [], 2, "token db lapses"),
        ([rollout("orders", "staging", Level.UNKNOWN)], [], 3, "1 unknown"),
        ([rollout("orders", "staging", Level.UNKNOWN, lost=LOST)], [], 3, "1 unknown; node n-3 of eu is lost"),
    ],
)
def test_what_is_wrong_decides(run, put, states, alerts, code, words):
    put(*states, alerts=alerts)
    found, word, said, figures = told(run)
    assert (found, word) == (code, ("OK", "WARNING", "CRITICAL", "UNKNOWN")[code]) and words in said
    assert figures["firing"] == f"{len(alerts)};;;0"


def test_a_warning_is_told_after_what_fails_and_not_twice(run, put):
    """One that an alert tells of already, or that is silenced, is not told again."""
    slow = {"level": Level.WARNING, "message": "slow"}
    put(rollout("orders", "staging", **slow), rollout("web", "production", Level.FAILING, message="boom"))
    code, _, said, figures = told(run)
    assert (code, said, figures["warning"]) == (2, "web production: boom; orders staging: slow", "1;;;0")
    put(rollout("orders", "staging", **slow), alerts=[alert("critical", silenced_by="s")])
    assert told(run, "orders")[:3] == (0, "OK", "1 firing: 1 silenced; 0 applications well")


def test_what_is_counted_is_what_is_listed(run, put):
    """So many fire: those that are named, those that are not, and those that make no alarm."""
    loud = [alert("critical", app=f"app-{number}") for number in range(5)]
    quiet = [
        alert(app="s", silenced_by="s"),
        alert(app="i", inhibited_by="critical0"),
        alert(app="j", inhibited_by="critical0"),
        alert("info", app="e"),
    ]
    alerts = [replace(each, fingerprint=f"{each.severity}{number}") for number, each in enumerate([*loud, *quiet])]
    put(rollout("orders", "staging"), token("db", Level.FAILING, message="lapses"), alerts=alerts)
    code, _, said, figures = told(run)
    assert (code, figures["firing"]) == (2, "9;;;0")
    head, *rest = said.split("; ")
    assert head.startswith("9 firing: ServiceDegraded staging/app-") and len(rest) == 7
    assert rest[2:] == ["2 more", "1 silenced", "2 told by others", "1 for information", "token db lapses"]


def test_without_collector_store_or_app_it_is_unknown(run, put):
    done = run("status", "--format", "nagios")
    assert done.returncode == 3 and done.stdout.startswith("UNKNOWN - there is no store at ")
    put(rollout("orders", "staging", Level.FAILING), alive=False)
    code, word, said, _ = told(run)
    assert (code, word) == (3, "UNKNOWN") and "no collector has worked" in said
    done = run("status", "--format", "nagios", "nosuch")
    assert (done.returncode, done.stdout) == (3, "UNKNOWN - no application matches 'nosuch'\n")


def test_a_configuration_that_cannot_be_used_is_unknown(run, tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("stages = 7\n")
    for path in (wrong, tmp_path / "missing.toml"):
        done = run("--config", str(path), "status", "--format", "nagios")
        assert done.returncode == 3 and done.stdout.startswith("UNKNOWN - ") and done.stdout.count("\n") == 1, done
        assert str(path) in done.stdout
    done = run("status", "--format", "nagios", "--bogus")
    assert done.returncode == 3 and done.stdout.startswith("UNKNOWN - ") and "--bogus" in done.stderr


def test_a_silent_source_is_unknown_unless_something_is_wrong(run, put):
    silent = source("jenkins", Level.FAILING, message="it refuses us")
    put(rollout("orders", "staging"), silent, sources=("kubernetes/eu",))
    assert told(run)[:2] == (3, "UNKNOWN")
    put(rollout("orders", "staging", Level.FAILING, message="boom"), silent, sources=("kubernetes/eu",))
    code, _, said, _ = told(run)
    assert code == 1 and "jenkins: it refuses us" in said


def test_tokens_have_their_bounds_and_hostile_text_stays_in_its_line(run, put, config):
    more = '[vault]\naddress = "http://127.0.0.1:1"\n[[vault.token]]\nname = "db"\naccessor = "a1"\n'
    config.write_text(config.read_text() + more)
    lapses = system_clock() + 3_600_000
    put(
        rollout("orders", "staging", Level.FAILING, message=HOSTILE + "|x=1"),
        token("db", expire_ms=lapses),
        sources=("kubernetes/eu", "jenkins", "vault"),
    )
    code, _, _, figures = told(run)
    assert code == 1 and re.fullmatch(r"35\d\ds;86400:;7200:;0", figures["'vault_db_ttl'"])


def test_what_is_muted_by_something_less_severe_keeps_its_severity(run, put):
    put(rollout("orders", "staging"), alerts=[alert(), alert("critical", inhibited_by="warning")])
    code, _, said, _ = told(run)
    assert code == 2 and said.count("ServiceDegraded") == 2
    put(rollout("orders", "staging"), alerts=[alert("critical"), alert(inhibited_by="critical")])
    code, _, said, _ = told(run)
    assert code == 2 and said.count("ServiceDegraded") == 1


def test_with_names_only_their_alerts_count(run, put):
    put(rollout("orders", "staging"), rollout("web", "staging"), alerts=[alert("critical")])
    assert told(run, "web")[0] == 0 and told(run, "orders")[0] == 2


def test_an_alert_of_a_workload_with_a_name_of_its_own_is_one_of_its_app(run, put):
    worker = alert("critical", app="orders/orders-worker")
    put(rollout("orders", "staging", Level.FAILING, message="boom"), rollout("web", "staging"), alerts=[worker])
    assert told(run, "web")[0] == 0
    code, _, said, _ = told(run, "orders")
    assert code == 2 and "orders/orders-worker" in said and "boom" not in said


DOWN = {"level": Level.FAILING, "message": "down"}


def in_production(severity="warning", **more):
    return alert(severity, **({"namespace": "production", "stage": "production"} | more))


@pytest.mark.parametrize(
    ("alerts", "code", "words"),
    [
        ([alert("warning", silenced_by="s")], 2, "1 silenced; orders production: down"),  # of staging
        ([alert("critical")], 2, "staging/orders; orders production: down"),
        ([in_production("info")], 2, "1 for information; orders production: down"),
        ([in_production("info", silenced_by="s")], 2, "1 silenced; orders production: down"),
        ([in_production(silenced_by="s")], 0, "1 silenced; 0 applications well"),  # of that very rollout
        ([in_production(silenced_by="s", alertname="RolloutStuck")], 2, "1 silenced; orders production: down"),
        ([in_production(silenced_by="s", app="orders/worker")], 2, "1 silenced; orders production: down"),
        ([in_production(silenced_by="s", cluster="us")], 2, "1 silenced; orders production: down"),
        ([in_production()], 1, "1 firing: ServiceDegraded production/orders"),  # by the severity that it was given
        ([in_production(app="orders/worker")], 2, "orders/worker; orders production: down"),
        ([in_production("critical", app="orders/worker")], 2, "1 firing: ServiceDegraded production/orders/worker"),
        (
            [in_production(silenced_by="s", cluster="", namespace="", at_stage="production", version="1.0")],
            0,
            "1 silenced; 0 applications well",
        ),
        ([in_production(silenced_by="s", cluster="", namespace="", version="0.9")], 2, "orders production: down"),
    ],
)
def test_what_fails_is_told_unless_an_alert_of_that_very_trouble_tells_of_it_or_is_silenced(
    run, put, alerts, code, words
):
    put(rollout("orders", "production", **DOWN), alerts=alerts)
    found, _, said, _ = told(run)
    assert found == code and said.endswith(words), said


def test_what_fails_in_a_second_stage_is_told_though_the_first_is_silenced(run, put):
    put(
        rollout("orders", "staging", Level.FAILING, message="boom"),
        rollout("orders", "production", **DOWN),
        alerts=[in_production("critical", silenced_by="s")],
    )
    code, _, said, _ = told(run)
    assert (code, said) == (1, "1 firing: 1 silenced; orders staging: boom")


@pytest.mark.parametrize(("name", "code"), [("TokenAtCap", 2), ("TokenGone", 0)])
def test_a_token_that_fails_is_not_silenced_by_that_of_its_cap(run, put, name, code):
    of_token = {"cluster": "", "namespace": "", "app": "", "stage": "", "token": "db", "source": "vault"}
    silenced = alert(silenced_by="s", alertname=name, **of_token)
    put(rollout("orders", "staging"), token("db", Level.FAILING, message="lapses"), alerts=[silenced])
    assert told(run)[0] == code
