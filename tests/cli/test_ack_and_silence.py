"""``ack`` and ``silence`` as commands: asked of the collector that runs, answered by the rows; not without one."""

import json
import signal
import subprocess
import sys

import pytest

from statusdesk.store.lock import holder
from tests.cli.conftest import environment, wait_for


@pytest.fixture
def watching(config, tmp_path):
    """A collector whose sources refuse, so that alerts are pending and soon firing; its lines are in a file."""
    text = config.read_text().replace("[jenkins]", '[jenkins]\ninterval = "100ms"')
    config.write_text(text + '\n[[alerts.rule]]\nname = "SourceDown"\nfor = "300ms"\n')
    lines = tmp_path / "lines"
    words = [sys.executable, "-m", "statusdesk", "-c", str(config), "watch", "--format", "jsonl"]
    with lines.open("w") as out:
        process = subprocess.Popen(words, env=environment(tmp_path), stdout=out, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: holder(tmp_path / "state") == process.pid)

        def firing() -> bool:
            return '"status": "firing"' in lines.read_text()

        wait_for(firing)
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def told(lines):
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    return [each for each in events if each["event"] == "alert"]


def alerts(run):
    status = json.loads(run("status", "--format", "json").stdout)
    return {each["source"]: each for each in (*status["firing"], *status["pending"])}


def test_an_alert_is_taken_seen_by_all_and_given_back(watching, run):
    jenkins = wait_for(lambda: alerts(run).get("jenkins"))
    done = run("ack", jenkins["fingerprint"][:8], "--comment", "on it \x1b[2J", "--until", "2h")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("statusdesk: taken until ") and done.stderr.endswith(", for 2h\n")
    assert done.stdout.startswith(f"taken  {jenkins['fingerprint']}  critical  SourceDown  jenkins")
    now = alerts(run)["jenkins"]
    assert now["acked_by"] and now["ack_comment"] == "on it" and now["ack_until"]
    assert f"taken by {now['acked_by']}" in run("status").stdout
    (event,) = [each for each in told(watching) if each["status"] == "acked"]
    assert event["fingerprint"] == jenkins["fingerprint"] and event["acked_by"] == now["acked_by"]
    assert run("ack", jenkins["fingerprint"], "--undo").returncode == 0
    assert alerts(run)["jenkins"]["acked_by"] is None
    nothing = run("ack", "no-such-app")
    assert nothing.returncode == 3 and "no alert that is pending or firing matches 'no-such-app'" in nothing.stderr
    rows = run("export", "alerts", "--format", "jsonl").stdout.splitlines()
    assert {json.loads(row)["alertname"] for row in rows} == {"SourceDown"}


def test_a_silence_is_made_listed_and_ended(watching, run):
    wait_for(lambda: alerts(run).get("jenkins"))
    made = run("silence", "add", "source=jenkins", "--until", "2h", "--comment", "[/x] known")
    assert made.returncode == 0, made.stderr
    silence_id = made.stdout.strip()
    first, *rest = made.stderr.splitlines()
    assert first.startswith("statusdesk: silenced until ") and first.endswith(", for 2h")
    assert rest == ["statusdesk: now silent: critical  SourceDown  jenkins"]
    wait_for(lambda: alerts(run)["jenkins"]["silenced_by"] == silence_id)
    assert alerts(run)["kubernetes/eu"]["silenced_by"] is None
    listed = run("silence", "list").stdout
    assert silence_id in listed and "source=jenkins" in listed and "[/x] known" in listed
    (row,) = [json.loads(line) for line in run("silence", "list", "--format", "json").stdout.splitlines()]
    assert row["state"] == "holds" and row["matchers"] == ["source=jenkins"] and row["createdBy"]
    nobody = run("silence", "add", "app=no-such-app", "--until", "2h", "--comment", "x")
    assert nobody.stderr.endswith("statusdesk: it matches nothing that is pending or firing now\n")
    assert run("silence", "expire", nobody.stdout.strip()).returncode == 0
    assert run("silence", "expire", silence_id).returncode == 0
    wait_for(lambda: alerts(run)["jenkins"]["silenced_by"] is None)
    assert run("silence", "list").stdout == "" and silence_id in run("silence", "list", "--all").stdout
    assert run("silence", "expire", silence_id).returncode == 3


def test_without_a_collector_nothing_can_be_asked(run, put):
    put()
    done = run("silence", "add", "app=orders", "--until", "1h", "--comment", "x")
    assert done.returncode == 3 and "no collector works on" in done.stderr and done.stdout == ""


def test_options_of_every_command_stand_anywhere(put, config, tmp_path):
    put()
    for argv in (["list", "-c", str(config)], ["-c", str(config), "list"], ["expire", "x", "-q", "-c", str(config)]):
        words = [sys.executable, "-m", "statusdesk", "silence", *argv]
        done = subprocess.run(words, env=environment(tmp_path), capture_output=True, text=True, check=False)
        assert (done.returncode, "unrecognized" in done.stderr) == (3 if "expire" in argv else 0, False)


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["silence", "add", "app=orders", "--comment", "x"], "--until"),
        (["silence", "add", "app=orders", "--until", "1h"], "--comment"),
        (["silence", "add", "app=orders", "--until", "1h", "--comment", " "], "--comment: say why"),
        (["silence", "add", "app=~.*", "--until", "1h", "--comment", "x"], "it would silence everything"),
        (["silence", "add", "app=~web|.*", "--until", "1h", "--comment", "x"], "it would silence everything"),
        (["silence", "add", "app!=x", "--until", "1h", "--comment", "x"], "it would silence everything"),
        (["silence", "add", "app", "--until", "1h", "--comment", "x"], "is no condition"),
        (["silence", "add", "ap=orders", "--until", "1h", "--comment", "x"], "did you mean app?"),
        (["silence", "add", "app=~(a+)+", "--until", "1h", "--comment", "x"], "is not taken"),
        (["silence", "add", "app=a|b", "--until", "1h", "--comment", "x"], "for a pattern write 'app=~a|b'"),
        (["silence", "add", "app=x", "app!=b.*", "--until", "1h", "--comment", "x"], "write 'app!~b.*'"),
        (["silence", "add", "app=x", "--until", "2020-01-01", "--comment", "x"], "that has passed"),
        (["ack", "x", "--until", "soon"], "not a time"),
        (["ack"], "FINGERPRINT"),
    ],
)
def test_what_is_not_understood_is_2_and_says_why(run, put, argv, why):
    put()
    done = run(*argv)
    assert done.returncode == 2 and why in done.stderr
