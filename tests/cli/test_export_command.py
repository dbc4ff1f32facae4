"""``export``: files that appear only when complete, options as SQL sees them, narration on stderr."""

import csv
import io
import json
import stat

import pytest

from statusdesk.clock import system_clock
from statusdesk.states import AlertState, Level
from tests.cli.conftest import HOSTILE, build, outcome, rollout

DAY_MS = 86_400_000


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_goes_to_stdout_and_nothing_else_does(run, put):
    put(rollout("orders", "staging"), builds=[build("deploy-orders", 7)])
    done = run("export", "builds")
    assert (done.returncode, done.stderr) == (0, "")
    [row] = rows_of(done.stdout)
    assert (row["job"], row["number"], row["result"]) == ("deploy-orders", "7", "SUCCESS")


def test_a_file_is_complete_and_readable_as_any_other(run, put, tmp_path):
    put(builds=[build("deploy-orders", number) for number in (1, 2)])
    done = run("export", "builds", "-o", "builds.csv", umask=0o022)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote 2 rows to builds.csv\n")
    assert len(rows_of((tmp_path / "builds.csv").read_text())) == 2
    assert stat.S_IMODE((tmp_path / "builds.csv").stat().st_mode) == 0o644
    assert not list(tmp_path.glob(".builds.csv*"))


def test_the_ending_of_the_file_chooses_the_form(run, put, tmp_path):
    put(builds=[build("deploy-orders", 1)])
    done = run("export", "builds", "-o", "builds.jsonl")
    assert done.stderr == "wrote 1 row to builds.jsonl\n"
    assert json.loads((tmp_path / "builds.jsonl").read_text())["job"] == "deploy-orders"
    assert rows_of(run("export", "builds", "-o", "x.jsonl", "--format", "csv").stdout) == []
    assert (tmp_path / "x.jsonl").read_text().startswith("job,namespace,")


def test_quiet_says_nothing(run, put):
    put()
    assert run("-q", "export", "builds", "-o", "builds.csv").stderr == ""


def test_a_failed_export_leaves_the_old_file_and_no_other(run, put, tmp_path):
    (tmp_path / "builds.csv").write_text("old")
    done = run("export", "builds", "-o", "builds.csv")
    assert done.returncode == 3 and (tmp_path / "builds.csv").read_text() == "old"
    assert not list(tmp_path.glob(".builds.csv*"))


def test_since_and_until_are_moments_or_durations(run, put):
    now = system_clock()
    put(builds=[build("job", days, at_ms=now - days * DAY_MS) for days in (1, 3, 10)])

    def numbers(*options):
        return [row["number"] for row in rows_of(run("export", "builds", *options).stdout)]

    assert numbers() == ["3", "1"]
    assert numbers("--since", "30d") == ["10", "3", "1"]
    assert numbers("--since", "30d", "--until", "2d") == ["10", "3"]
    assert numbers("--since", "2000-01-01", "--until", "2000-01-02T00:00:00Z") == []


def test_builds_are_chosen_by_the_app_that_their_job_belongs_to(run, put):
    put(
        rollout("orders", "staging"),
        rollout("web", "staging"),
        outcome("deploy-orders", "staging"),
        outcome("deploy-web", "staging"),
        builds=[build("deploy-orders", 1), build("deploy-orders", 2, "production"), build("deploy-web", 3)],
    )
    jobs = [row["number"] for row in rows_of(run("export", "builds", "--app", "ord*").stdout)]
    assert jobs == ["1", "2"]
    assert [row["number"] for row in rows_of(run("export", "builds", "--namespace", "production").stdout)] == ["2"]
    assert rows_of(run("export", "builds", "--app", "nobody").stdout) == []


def test_alerts_are_chosen_by_the_app_that_their_job_or_workload_belongs_to(run, put):
    now = system_clock()
    alerts = [
        AlertState(
            fingerprint=name + app, started_ms=now - 1000, alertname=name, severity="warning", state="firing", app=app
        )
        for name, app in (
            ("BuildFailed", "folder/deploy-mailer"),
            ("BuildFailed", "deploy-web"),
            ("RolloutFailing", "mailer/mailer-worker"),
            ("RolloutFailing", "mailer"),
            ("RolloutFailing", "web"),
            ("BuildFailed", "mailer/other"),
        )
    ]
    jobs = [outcome("folder/deploy-mailer", "staging"), outcome("deploy-web", "staging")]
    put(rollout("mailer", "staging"), rollout("web", "staging"), *jobs, alerts=alerts)

    def apps(*options):
        return sorted(row["app"] for row in rows_of(run("export", "alerts", *options).stdout))

    assert apps("--app", "mailer") == ["folder/deploy-mailer", "mailer", "mailer/mailer-worker"]
    assert apps("--app", "deploy-web") == ["deploy-web"]
    assert len(apps()) == 6 and apps("--app", "nobody") == []


def test_what_cannot_be_chosen_by_app_is_a_usage_error(run, put):
    put()
    done = run("export", "tokens", "--app", "x")
    assert (done.returncode, done.stdout) == (2, "") and "tokens cannot be chosen by" in done.stderr


@pytest.mark.parametrize("what", ["rollouts", "tokens", "alerts"])
def test_every_history_can_be_written(run, put, what):
    put(rollout("orders", "staging", Level.FAILING))
    done = run("export", what, "--format", "jsonl")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == (1 if what == "rollouts" else 0)


def test_hostile_text_is_no_formula_and_moves_no_cursor(run, put):
    put(builds=[build("=cmd|' /C calc'!A0", 1), build("+1" + HOSTILE, 2)])
    for row in rows_of(run("export", "builds").stdout):
        assert row["job"].startswith("'")
    assert "\x1b" not in run("export", "builds", "--format", "jsonl").stdout
