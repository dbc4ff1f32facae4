"""Each kind of sink against something that takes what it sends, and with what can go wrong there."""

import base64
import contextlib
import io
import json
import os
import socket
import sys
import threading
import time

import pytest
from msgspec.structs import replace

from statusdesk.settings import Secret
from statusdesk.sinks.command import Command
from statusdesk.sinks.desktop import Desktop
from statusdesk.sinks.lines import JsonLines
from statusdesk.sinks.pagerduty import PagerDuty
from statusdesk.sinks.sending import Postponed, Refused
from statusdesk.sinks.slack import Slack
from statusdesk.sinks.webhook import Webhook
from tests.e2e.world import wait_for
from tests.sinks.make import ALERT, HOSTILE, OVER, message, secret, sink


def test_webhook_by_secret_address_with_a_bearer_token(tmp_path, receiver):
    url, token = secret(tmp_path, f"{receiver.url}/T0/s3cr3t"), secret(tmp_path, "t0k3n", "token")
    Webhook(sink("webhook", url=url, token=token), tmp_path).send(message())
    (got,) = receiver.got
    assert got.path == "/T0/s3cr3t" and got.headers["authorization"] == "Bearer t0k3n"
    assert (
        got.headers["idempotency-key"] == "sink-7-1800000000000" and got.headers["content-type"] == "application/json"
    )


@pytest.mark.parametrize(
    ("status", "raises"),
    [(400, Refused), (413, Refused), (422, Refused), (408, Postponed), (429, Postponed), (500, Postponed),
     (503, Postponed), *((of_the_address, Postponed) for of_the_address in (301, 401, 403, 404, 405, 407, 410))],
)  # fmt: skip
def test_what_an_answer_means_and_nothing_secret_in_what_is_said(tmp_path, receiver, status, raises):
    url = secret(tmp_path, f"{receiver.url}/T0/s3cr3t-path")
    said = f"no such hook /T0/s3cr3t-path at {receiver.url}/T0/s3cr3t-path".encode()
    receiver.fail(1, status, {"Retry-After": "7", "Location": "/x"}, said)
    with pytest.raises(raises) as raised:
        Webhook(sink("webhook", url=url), tmp_path).send(message())
    assert str(status) in str(raised.value) and "s3cr3t" not in str(raised.value)
    if raises is Postponed:
        assert raised.value.after_s == 7.0


def test_a_retry_after_as_a_date_is_read_by_the_clock_of_the_receiver(tmp_path, receiver):
    receiver.fail(1, 503, {"Retry-After": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 20))})
    with pytest.raises(Postponed) as raised:
        Webhook(sink("webhook", urls=(receiver.url,)), tmp_path).send(message())
    assert 15 <= raised.value.after_s <= 21


def test_nobody_there_and_no_address_in_what_is_said(tmp_path):
    url = secret(tmp_path, "http://127.0.0.1:9/T0/s3cr3t")
    with pytest.raises(Postponed) as raised:
        Webhook(sink("webhook", url=url), tmp_path).send(message())
    assert str(raised.value) == "no connection" and raised.value.__suppress_context__


def test_a_secret_that_is_not_there_is_a_reason_to_try_again(tmp_path):
    with pytest.raises(Postponed, match="cannot be read"):
        Slack(sink("slack", url=Secret(file="gone")), tmp_path).send(message())


def test_slack_addresses_nobody_and_makes_no_links(tmp_path, receiver):
    url = secret(tmp_path, f"{receiver.url}/services/x")
    Slack(sink("slack", url=url), tmp_path).send(message(replace(ALERT, summary=HOSTILE)))
    text = receiver.got[0].body["text"]
    assert "<" not in text and "&lt;!channel&gt;" in text and "\x1b" not in text
    assert text.startswith("[FIRING] critical RolloutFailing shop/orders\n")
    assert text.endswith("now: 2 firing, 1 pending, 14 ok")


def test_pagerduty_triggers_and_resolves_by_fingerprint(tmp_path, receiver):
    key = secret(tmp_path, "r0ut1ng")
    PagerDuty(sink("pagerduty", key=key, urls=(receiver.url,)), tmp_path).send(
        message(ALERT, replace(OVER, fingerprint="1" * 16))
    )
    first, second = (got.body for got in receiver.got)
    assert (first["event_action"], first["dedup_key"], first["routing_key"]) == (
        "trigger", ALERT.fingerprint, "r0ut1ng")  # fmt: skip
    assert (second["event_action"], second["dedup_key"]) == ("resolve", "1" * 16) and "payload" not in second
    assert first["payload"]["severity"] == "critical" and first["payload"]["source"] == "eu"
    assert {link["text"] for link in first["links"]} == {"build", "runbook"}
    receiver.fail(1, 400, said=b'{"errors":["bad key r0ut1ng"]}')
    with pytest.raises(Refused) as raised:
        PagerDuty(sink("pagerduty", key=key, urls=(receiver.url,)), tmp_path).send(message())
    assert "r0ut1ng" not in str(raised.value)


def test_pagerduty_gets_no_links_that_are_none(tmp_path, receiver):
    pager = PagerDuty(sink("pagerduty", key=secret(tmp_path, "r0ut1ng"), urls=(receiver.url,)), tmp_path)
    pager.send(message(replace(ALERT, build_url="job/deploy/412/", runbook="javascript:x()")))
    assert receiver.got[0].body["links"] == []


def test_an_answer_that_cannot_be_unpacked_is_a_reason_to_try_again(tmp_path, receiver):
    receiver.fail(1, 200, {"Content-Encoding": "gzip"}, b"no gzip")
    with pytest.raises(Postponed, match="DecodingError"):
        Webhook(sink("webhook", urls=(receiver.url,)), tmp_path).send(message())


def test_lines_are_appended_and_one_that_was_cut_stays_alone(tmp_path):
    lines = JsonLines(sink("jsonl", path="told.jsonl"), tmp_path, lambda line: True)
    (tmp_path / "told.jsonl").write_text('{"cut')
    for _ in range(2):
        lines.send(message(replace(ALERT, summary=HOSTILE)))
    cut, *whole = (tmp_path / "told.jsonl").read_text().splitlines()
    assert cut == '{"cut' and [json.loads(line)["idempotency_key"] for line in whole] == ["sink-7-1800000000000"] * 2
    assert all(line.isascii() for line in whole) and "\\u6f22" in whole[0]
    JsonLines(sink("jsonl", path="new.jsonl"), tmp_path, lambda line: True).send(message())
    assert (tmp_path / "new.jsonl").stat().st_mode & 0o007 == 0


def test_lines_to_standard_output_and_a_file_that_cannot_be_written(tmp_path):
    shown = []
    JsonLines(sink("jsonl"), tmp_path, lambda line: shown.append(line) is None).send(message())
    assert json.loads(shown[0])["event"] == "notification"
    with pytest.raises(Postponed, match="too slow"):
        JsonLines(sink("jsonl"), tmp_path, lambda line: False).send(message())
    with pytest.raises(Postponed, match="cannot be written"):
        JsonLines(sink("jsonl", path="no/such/file"), tmp_path, lambda line: True).send(message())


SCRIPT = "import json, os, sys; json.dump([json.load(sys.stdin), dict(os.environ), sys.argv], open('got.json', 'w'))"


def test_a_command_reads_json_and_gets_no_secret_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", "s3cr3t")
    argv = (sys.executable, "-c", SCRIPT, "; rm -rf $HOME")
    Command(sink("command", command=argv), tmp_path, {"OUR_TOKEN"}).send(message())
    body, environment, seen = json.loads((tmp_path / "got.json").read_text())
    assert seen[1:] == ["; rm -rf $HOME"] and "OUR_TOKEN" not in environment
    assert body["title"].startswith("[FIRING]") and body["alerts"][0]["fingerprint"] == ALERT.fingerprint
    assert body["idempotency_key"] == "sink-7-1800000000000"


@pytest.mark.parametrize(
    ("code", "raises"), [("import sys; sys.exit(1)", Postponed), ("import sys; sys.exit(65)", Refused)]
)
def test_what_the_status_of_a_command_means(tmp_path, code, raises):
    with pytest.raises(raises, match="status"):
        Command(sink("command", command=(sys.executable, "-c", code)), tmp_path, ()).send(message())


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    code = "import subprocess, os; p = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid)); p.wait()"
    settings = sink("command", command=(sys.executable, "-c", code), timeout_s=1.0)
    with pytest.raises(Postponed, match="did not end within 1 s"):
        Command(settings, tmp_path, ()).send(message())
    child = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            os.kill(child, 0)
            with open(f"/proc/{child}/stat") as stat:  # noqa: PTH123 - no file of ours
                if stat.read().split()[2] == "Z":
                    break
        except (ProcessLookupError, FileNotFoundError):
            break
        time.sleep(0.02)
    else:
        pytest.fail("what the command had started is still there")


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(Postponed, match="cannot be started"):
        Command(sink("command", command=("/no/such/program",)), tmp_path, ()).send(message())


def test_the_desktop_is_told_without_options_in_the_text(tmp_path, monkeypatch):
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/args\n')
    program.chmod(0o755)
    environment = {"PATH": str(tmp_path), "DISPLAY": ":0"}
    hostile = '<a href="http://evil">x</a> & <img src="file:///etc/passwd"/>'
    Desktop(sink("desktop"), environment).send(message(replace(ALERT, summary=hostile)))
    shown = (tmp_path / "args").read_text()
    assert "<" not in shown and ">" not in shown and "&lt;a href=" in shown and " &amp; &lt;img" in shown
    Desktop(sink("desktop"), environment).send(message(replace(ALERT, summary="--help")))
    args = (tmp_path / "args").read_text().split("\n")
    assert args[:3] == ["--app-name=statusdesk", "--urgency=critical", "--"] and args[3].startswith("[FIRING]")
    (tmp_path / "args").unlink()
    monkeypatch.setattr("sys.stderr", screen := Screen())
    Desktop(sink("desktop"), environment | {"SSH_CONNECTION": "1"}).send(message())
    assert not (tmp_path / "args").exists(), "nobody sits there"
    assert screen.getvalue() == "\a"


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_where_nobody_can_hear_a_bell_the_message_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with pytest.raises(Refused, match="nobody can hear it"):
        Desktop(sink("desktop"), {"PATH": ""}).send(message())


def test_apprise_sends_by_its_address(tmp_path, receiver):
    pytest.importorskip("apprise", reason="apprise is an extra: pip install statusdesk[notify]")
    from statusdesk.sinks.by_apprise import ByApprise

    url = secret(tmp_path, receiver.url.replace("http://", "json://") + "/x")
    ByApprise(sink("apprise", url=url), tmp_path).send(message())
    body = receiver.got[0].body
    assert body["title"].startswith("[FIRING]") and "now: 2 firing" in body["message"] and body["type"] == "failure"
    receiver.fail(1)
    with pytest.raises(Postponed, match="could not send"):
        ByApprise(sink("apprise", url=url), tmp_path).send(message())


def test_apprise_waits_no_longer_than_it_may(tmp_path):
    pytest.importorskip("apprise", reason="apprise is an extra: pip install statusdesk[notify]")
    from statusdesk.sinks.by_apprise import ByApprise

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = secret(tmp_path, f"json://127.0.0.1:{silent.getsockname()[1]}/x")
        begun_s = time.monotonic()
        with pytest.raises(Postponed, match="could not send"):
            ByApprise(sink("apprise", url=url, timeout_s=0.2), tmp_path).send(message())
        assert time.monotonic() - begun_s < 3.0


def test_a_receiver_that_answers_byte_by_byte_is_left_in_time(tmp_path):
    gone = threading.Event()

    def trickle(server):
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not gone.wait(0.05):
                connection.sendall(b"x")
        gone.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=(server,), daemon=True).start()
        hook = Webhook(sink("webhook", urls=(f"http://127.0.0.1:{server.getsockname()[1]}",), timeout_s=0.3), tmp_path)
        begun_s = time.monotonic()
        with pytest.raises(Postponed, match="no whole answer within 0.6 s"):
            hook.send(message())
        assert time.monotonic() - begun_s < 3.0
        assert gone.wait(10), "its connection is closed"
        wait_for(lambda: all(thread.name != "ask sink" for thread in threading.enumerate()), what="the end of asking")


def test_basic_authentication_with_a_password_that_is_changed(tmp_path, receiver):
    hook = Webhook(sink("webhook", urls=(receiver.url,), user="u", password=secret(tmp_path, "one", "p")), tmp_path)
    hook.send(message())
    secret(tmp_path, "two", "p")
    hook.send(message())
    sent = [base64.b64decode(got.headers["authorization"].removeprefix("Basic ")) for got in receiver.got]
    assert sent == [b"u:one", b"u:two"]
