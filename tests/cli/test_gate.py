"""``gate``: exit codes that a pipeline can trust, and why."""

import json
import sqlite3
import subprocess
import sys
import threading

import pytest
from msgspec.structs import replace

from statusdesk.cli.gate_reading import used_in
from statusdesk.clock import system_clock
from statusdesk.facts import Job, JobClass
from statusdesk.states import Collector, Level
from statusdesk.states_alerts import AlertState
from statusdesk.store.writer import Writer
from tests.cli.conftest import build, environment, rollout, source, wait_for

MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def well(put, tmp_path):
    """Put an app that may go on, with what is not well about it as arguments."""

    def well(*more, level=Level.OK, result="SUCCESS", version="1.4", **options):
        made = build("deploy-orders", 12, version=version, result=result)
        states = (rollout("orders", "staging", level, version, digest="sha256:aa", message="boom"), *more)
        put(*states, rollout("orders-api", "staging"), builds=[made], **options)
        with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
            writer.put_jobs([Job(source="jenkins", name="deploy-orders", url="", job_class=JobClass.DEPLOY)])
            writer.commit()

    return well


def test_yes_is_0_with_each_check_and_its_reason(run, well):
    well()
    done = run("gate", "orders", "--to", "production")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "GO  orders 1.4  staging -> production"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["ok", name]
        for name in (
            "freshness", "build-success", "rollout-healthy", "soak", "no-firing-alert", "digest-match", "tokens-live")
    ]  # fmt: skip
    assert "deploy-orders #12 SUCCESS 1m ago" in done.stdout


def test_no_is_1_and_json_says_why(run, well):
    alert = AlertState(
        fingerprint="f", started_ms=1, alertname="RolloutFailing", severity="warning", state="firing",
        cluster="eu", namespace="staging", app="orders", stage="staging", fired_ms=system_clock() - 60_000,
    )  # fmt: skip
    well(level=Level.FAILING, result="FAILURE", alerts=[alert])
    done = run("gate", "orders", "--to", "production", "--version", "1.4", "--json", "--reason", "why not")
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and answer["decision"] == "blocked" and answer["reason"] == "why not"
    results = {check["name"]: check["result"] for check in answer["checks"]}
    blocked = {"build-success", "rollout-healthy", "no-firing-alert"}
    assert {name for name, result in results.items() if result == "blocked"} == blocked
    ignored = [word for name in ("build-success", "rollout-healthy", "RolloutFailing") for word in ("--ignore", name)]
    assert run("gate", "orders", "--to", "production", *ignored).returncode == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nosuch", "--to", "production"], "no application 'nosuch' is known"),
        (["orders", "--to", "nowhere"], "there is no stage 'nowhere'"),
        (["orders", "--to", "production", "--version", "9"], "9 does not run in staging; 1.4 does"),
        (["orders", "--to", "staging"], "staging is the first stage"),
    ],
)
def test_what_is_not_known_is_3_with_a_sentence(run, well, argv, words):
    well()
    done = run("gate", *argv)
    assert done.returncode == 3 and words in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("argv", "env"),
    [(["--build", "deploy-orders#13"], {}), ([], {"JOB_NAME": "deploy-orders", "BUILD_NUMBER": "13"})],
    ids=["option", "environment"],
)
def test_the_build_that_deployed_may_ask_while_it_runs(run, well, put, argv, env):
    well(result="FAILURE")
    put(builds=[build("deploy-orders", 13, result=None, building=True, version="1.4")])
    done = run("gate", "orders", "--to", "production", *argv, env=env)
    assert (done.returncode, "deploy-orders #13 is running, and asks" in done.stdout) == (0, True)
    done = run("gate", "orders", "--to", "production", env={"JOB_NAME": "promote", "BUILD_NUMBER": "13"})
    assert done.returncode == 3 and "build-success    deploy-orders #13 is running\n" in done.stdout
    assert run("gate", "orders", "--to", "production", "--build", "promote#1", env=env).returncode == 3


def test_a_build_of_another_version_and_a_smoke_test_are_3(run, well, put, tmp_path):
    well()
    joined = rollout("orders", "staging", version="8.9", digest="sha256:aa", build_job="deploy-orders", build_number=12)
    smoke = build("smoke-orders", 40, version="8.9")
    put(replace(joined, build_rule="time"), builds=[smoke])
    with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
        names = {"deploy-orders": JobClass.DEPLOY, "smoke-orders": JobClass.OTHER}
        writer.put_jobs([Job(source="jenkins", name=name, url="", job_class=each) for name, each in names.items()])
        writer.commit()
    done = run("gate", "orders", "--to", "production", "--version", "8.9")
    assert done.returncode == 3 and "CANNOT TELL" in done.stdout
    assert "no finished build of 8.9 into staging is known; deploy-orders #12 built 1.4" in done.stdout


def test_while_newer_builds_of_the_deploy_job_are_not_read_it_is_3(run, well, tmp_path):
    well()
    listed = Job(source="jenkins", name="deploy-orders", url="", job_class=JobClass.DEPLOY, gap_after=41)
    for job, code in ((listed, 3), (replace(listed, gap_after=None), 0)):
        with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
            writer.put_jobs([job])
            writer.commit()
        result = run("gate", "orders", "--to", "production")
        assert (result.returncode, "built after #41 is not read yet" in result.stdout) == (code, code == 3)


def test_a_build_that_cannot_be_read_is_3_until_a_newer_one_has_ended(run, well, put, tmp_path):
    well()
    listed = Job(source="jenkins", name="deploy-orders", url="", job_class=JobClass.DEPLOY, complete=True)
    for numbers, code in (((13,), 3), ((11,), 0), ((), 0)):
        with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
            writer.put_jobs([replace(listed, unreadable=numbers)])
            writer.commit()
        result = run("gate", "orders", "--to", "production")
        assert (result.returncode, "deploy-orders #13 cannot be read" in result.stdout) == (code, code == 3)


def test_no_collector_old_data_or_no_store_is_3(run, well, put):
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == 3 and "there is no store" in done.stderr
    well(alive=False)
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == 3 and "CANNOT TELL" in done.stdout and "no collector has worked" in done.stdout
    old = system_clock() - 600_000
    put(source("kubernetes/eu", at_ms=old), source("jenkins", at_ms=old), sources=())
    assert "kubernetes/eu has not answered for 10m" in run("gate", "orders", "--to", "production").stdout
    assert run("gate", "orders", "--to", "production", "--max-age", "1h").returncode == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--wait", "soon"], "--wait must be a duration"),
        (["--ignore", "RolloutFailin"], "did you mean RolloutFailing?"),
        (["--soak", "x"], "--soak must be"),
        (["--version", ""], "--version is empty"),
        (["--build", "deploy-orders"], "--build: 'deploy-orders' is no build"),
        (["--build", "deploy-orders#" + "9" * 30], "is no build: name it as in deploys/deploy-orders#42"),
    ],
)
def test_a_wrong_option_is_2(run, well, argv, words):
    well()
    done = run("gate", "orders", "--to", "production", *argv)
    assert done.returncode == 2 and words in done.stderr


def test_json_is_printed_whatever_is_wrong(run, well, tmp_path):
    def asked(*argv):
        done = run("gate", "orders", "--to", "production", "--json", *argv)
        (line,) = done.stdout.splitlines()
        answer = json.loads(line)
        assert (answer["decision"], answer["app"], answer["to"]) == ("unknown", "orders", "production")
        return done.returncode, answer["problem"]

    assert asked() == (3, run("gate", "orders", "--to", "production").stderr.strip().removeprefix("statusdesk: "))
    well()
    code, problem = asked("--ignore", "RolloutFailin")
    assert code == 2 and "did you mean RolloutFailing?" in problem
    with sqlite3.connect(tmp_path / "state" / "statusdesk.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    code, problem = asked()
    assert code == 3 and "newer" in problem


def test_an_app_of_the_configuration_that_runs_nowhere_is_said_to_be_that(run, well, config):
    config.write_text(config.read_text() + '\n[[app]]\nname = "catalog"\n')
    well()
    done = run("gate", "catalog", "--to", "production")
    assert done.returncode == 3 and "catalog is not seen in any cluster" in done.stdout


def test_the_soak_of_the_stage_counts_and_blocks_at_the_end_of_the_wait(run, well, config):
    config.write_text(config.read_text().replace('stages = ["staging", "production"]', "") + STAGES)
    well()
    done = run("gate", "orders", "--to", "production", "--wait", "600ms")
    assert done.returncode == 1 and "of 30m in staging" in done.stdout
    assert done.stderr == "statusdesk: waiting: soak blocked\n"
    assert run("gate", "orders", "--to", "production", "--soak", "0s").returncode == 0


def test_that_a_stage_needs_no_soak_counts_before_that_of_the_gate(run, well, config):
    stages = STAGES.replace('"30m"', '"0s"')
    config.write_text(config.read_text().replace('stages = ["staging", "production"]', "") + stages + SOAKS)
    well()
    assert run("gate", "orders", "--to", "production").returncode == 0
    config.write_text(config.read_text().replace('soak = "0s"\n', "", 1))
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == 1 and "of 30m in staging" in done.stdout


def test_a_collector_that_was_down_within_the_soak_begins_it_anew(run, well, config, tmp_path):
    config.write_text(config.read_text().replace('stages = ["staging", "production"]', "") + STAGES)
    now = system_clock()
    with Writer(tmp_path / "state" / "statusdesk.db", 86_400, lambda: now - 3 * HOUR) as writer:
        writer.put([rollout("orders", "staging", version="1.4", digest="sha256:aa", message="boom"),
                    rollout("orders-api", "staging")], now - 3 * HOUR)  # fmt: skip
        writer.beat(Collector(pid=1, owner="watch", started_ms=now - 3 * HOUR, beat_ms=now - 20 * MINUTE))
        writer.commit()
    well()  # a collector that begins now
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == 1
    assert "s of 30m in staging; before that nobody looked for 20m, and it begins anew" in done.stdout


SOAKS = """
[gate]
soak = "30m"
"""
STAGES = """
[[stage]]
name = "staging"
soak = "30m"
[[stage]]
name = "production"
"""


def test_waiting_ends_when_it_is_decided_and_is_told_on_stderr(config, well, tmp_path):
    well(level=Level.PROGRESSING)
    argv = ["gate", "orders", "--to", "production", "--version", "1.4", "--wait", "50s"]
    words = [sys.executable, "-m", "statusdesk", "-c", str(config), *argv]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=environment(tmp_path), cwd=tmp_path, **streams) as process:
        said = []
        reading = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
        reading.start()
        wait_for(lambda: said)
        assert said == ["statusdesk: waiting: rollout-healthy unknown\n"] and process.poll() is None
        with Writer(tmp_path / "state" / "statusdesk.db", 86_400, system_clock) as writer:
            now = system_clock()
            writer.put([rollout("orders", "staging", Level.OK, "1.4", digest="sha256:aa")], now)
            writer.beat(Collector(pid=1, owner="watch", started_ms=now, beat_ms=now))
            writer.commit()
        assert process.wait(20) == 0 and process.stdout.read().startswith("GO  orders 1.4")
        reading.join(5)


def test_waiting_for_what_never_comes_is_3_and_a_firm_no_waits_for_nothing(run, well):
    well(level=Level.PROGRESSING)
    assert run("gate", "orders", "--to", "production", "--wait", "300ms", "-q").returncode == 3
    well(level=Level.FAILING)
    done = run("gate", "orders", "--to", "production", "--wait", "1h")
    assert done.returncode == 1 and done.stderr == ""


def test_tokens_of_the_app_are_asked_about(run, well, config):
    more = '[[vault.token]]\nname = "db"\naccessor = "a1"\napps = ["ord*"]\n'
    config.write_text(config.read_text() + '[vault]\naddress = "http://127.0.0.1:1"\n' + more)
    well(sources=("kubernetes/eu", "jenkins", "vault"))
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == 3 and "db: not seen yet" in done.stdout


@pytest.mark.parametrize(("namespaces", "code"), [(["stag*"], 3), (["prod*", "other"], 3), (["test*"], 0)])
def test_tokens_of_namespaces_that_are_globs_are_asked_about(run, well, config, namespaces, code):
    more = f'[[vault.token]]\nname = "db"\naccessor = "a1"\napps = ["orders"]\nnamespaces = {namespaces}\n'
    config.write_text(config.read_text() + '[vault]\naddress = "http://127.0.0.1:1"\n' + more)
    well(sources=("kubernetes/eu", "jenkins", "vault"))
    done = run("gate", "orders", "--to", "production")
    assert done.returncode == code and ("db: not seen yet" in done.stdout) is (code == 3)


@pytest.mark.parametrize(
    ("namespaces", "place", "used"),
    [
        ((), "prod", True),
        (("prod-*",), "prod-eu", True),
        (("prod-eu",), "prod-*", True),
        (("*-eu",), "prod-*", True),
        (("test-*",), "prod-eu", False),
        (("test",), "prod-*", False),
    ],
)
def test_a_token_is_used_wherever_names_or_globs_may_mean_the_same(namespaces, place, used):
    assert used_in(namespaces, {place}) is used
