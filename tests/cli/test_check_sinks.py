"""``check sinks`` and ``check --send-test``."""

import json

import pytest
from msgspec.structs import replace

from statusdesk.cli import main
from statusdesk.cli.opening import now_ms
from statusdesk.states_alerts import Notification
from statusdesk.store.writer import Writer
from tests.sinks.alertmanagers import MISSING, PROGRAM, one
from tests.sinks.receiver import Receiver

START = """
[[cluster]]
name = "eu"
[[stage]]
name = "staging"
[[stage]]
name = "production"
"""


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def check(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STATUSDESK_STATE_DIR", str(tmp_path))

    def run(settings, *argv):
        (tmp_path / "config.toml").write_text(START + settings)
        code = main(["--config", str(tmp_path / "config.toml"), "check", *argv, "--json"])
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, [(each["what"], each["result"], each["message"]) for each in found]

    return run


def test_no_sink_is_a_warning(check):
    assert check("", "sinks") == (
        0,
        [("sinks", "warning", "there is none: nobody is told of any alert; add a [[sink]]")],
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            'name = "TokenLapsing"\nseverity = { production = "critical" }',
            "TokenLapsing: severity names production, which does nothing: the rule belongs to no stage",
        ),
        ('name = "RenewalOverdue"\nenabled = ["staging"]\nseverity = { production = "critical" }', ""),
        (
            'name = "BadVersionAhead"\nenabled = ["staging", "production"]',
            "BadVersionAhead: enabled names production, which does nothing: the rule fires in staging only",
        ),
        ('name = "RolloutFailing"\nseverity = { production = "critical" }\nenabled = ["production"]', ""),
    ],
)
def test_a_stage_in_which_a_rule_never_fires_is_told(check, tmp_path, rule, said):
    sink = f'[[sink]]\nname = "log"\ntype = "jsonl"\npath = "{tmp_path / "told.jsonl"}"\n'
    code, found = check(f"{sink}[[alerts.rule]]\n{rule}\n", "sinks")
    assert code == 0
    assert [message for _, result, message in found if result == "warning"] == [said] * bool(said)


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_alertmanagers_are_asked_and_the_schedule_is_in_words(check, tmp_path):
    with one(tmp_path / "am") as (manager, receiver):
        settings = f'[[sink]]\nname = "am"\ntype = "alertmanager"\nurls = ["{manager.url}", "http://127.0.0.1:9"]\n'
        code, found = check(settings, "sinks")
        assert code == 1
        assert ("sink am", "fail", "127.0.0.1:9 is not ready: no connection") in found
        assert any(each[2].startswith("1/2 ready (0.") for each in found)
        of_sources = [each[2] for each in found if each[2].startswith("SourceDown in ")]
        assert any("no stage: critical, posted after 30s" in words for words in of_sources)
        code, found = check(settings.replace(', "http://127.0.0.1:9"', ""), "--send-test", "am")
        assert (code, found[0][2]) == (0, "the test message was taken; see whether it has arrived")
        assert receiver.got == [] or receiver.got[0].body["alerts"][0]["labels"]["alertname"] == "Test"


def test_a_sink_that_a_pair_may_not_share_is_refused(check):
    settings = '[ha]\nmode = "pair"\n[[sink]]\nname = "bell"\ntype = "desktop"\n'
    code, found = check(settings, "sinks")
    assert code == 1 and any("everybody would be told twice" in words for _, result, words in found if result == "fail")


def test_a_bell_that_nobody_can_hear_is_no_sink(check, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    settings = '[[sink]]\nname = "bell"\ntype = "desktop"\n'
    code, found = check(settings, "sinks")
    assert code == 1 and found[0][:2] == ("sink bell", "fail") and "nobody can hear it" in found[0][2]
    code, found = check(settings, "--send-test", "bell")
    assert code == 1 and "the test message was not taken: nobody can hear it" in found[0][2]


def test_a_test_message_and_its_end(check, receiver, tmp_path):
    (tmp_path / "url").write_text(f"{receiver.url}/s3cr3t")
    settings = '[[sink]]\nname = "hook"\ntype = "webhook"\nurl_file = "url"\n'
    code, found = check(settings, "--send-test", "hook")
    assert code == 0 and [got.body["status"] for got in receiver.got] == ["firing", "resolved"]
    assert "there is nothing to do" in receiver.got[0].body["alerts"][0]["annotations"]["summary"]
    receiver.fail(1, 404, said=b"no hook at /s3cr3t")
    code, found = check(settings, "--send-test", "hook")
    assert code == 1 and "answered 404" in found[0][2] and "s3cr3t" not in found[0][2]


def test_lines_can_be_tried_before_the_first_run(check, tmp_path, monkeypatch):
    """The directory is the collector's, that others may write in; one elsewhere is not made."""
    monkeypatch.setenv("STATUSDESK_STATE_DIR", str(tmp_path / "state"))
    settings = '[[sink]]\nname = "log"\ntype = "jsonl"\npath = "{}"\n'
    code, found = check(settings.format("told.jsonl"), "sinks")
    assert ("sink log", "ok") in [each[:2] for each in found]
    code, found = check(settings.format("told.jsonl"), "--send-test", "log")
    assert code == 0, found
    assert len((tmp_path / "state" / "told.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o750
    code, found = check(settings.format("there/told.jsonl"), "--send-test", "log")
    assert code == 1 and "No such file or directory" in found[0][2]


def test_that_check_sends_nothing_does_not_read_as_if_nothing_ever_was(check):
    _, found = check('[[sink]]\nname = "hook"\ntype = "webhook"\nurls = ["http://127.0.0.1:9"]\n', "sinks")
    assert ("sink hook", "ok", "not tried here; `statusdesk check --send-test hook` tries it") in found


@pytest.mark.parametrize(
    ("fields", "taken", "result", "said"),
    [
        ({"state": "quarantined"}, None, "warning", "the last message that was refused: 3m 5s ago ("),
        (
            {"state": "quarantined"},
            60_000,
            "ok",
            "it answered 400: no; it is not sent again; it has taken one since, 1m ago",
        ),
        (
            {"state": "queued", "attempts": 4},
            60_000,
            "warning",
            "a message is not taken after 4 attempts: it answered 400: no; it is tried again",
        ),
        ({"state": "failed", "attempts": 9}, None, "warning", "a message was given up 3m 5s ago ("),
    ],
)
def test_what_a_sink_refused_last_is_told(check, tmp_path, fields, taken, result, said):
    now = now_ms()
    row = Notification(
        id=1, sink="log", group_key="g", what="firing", why="new", created_ms=now, due_ms=now - 185_000, attempts=1
    )
    with Writer(tmp_path / "statusdesk.db", 1e9, lambda: 1) as writer:
        rows = [replace(row, last_error="it answered 400: no", **fields)]
        rows += [replace(row, id=2, state="sent", sent_ms=now - taken)] if taken else []
        writer.alert_rows.put_notifications(rows)
        writer.commit()
    _, found = check(f'[[sink]]\nname = "log"\ntype = "jsonl"\npath = "{tmp_path / "told.jsonl"}"\n', "sinks")
    (told,) = [each for each in found if "it answered 400: no" in each[2]]
    assert told[:2] == ("sink log", result) and said in told[2]


def test_a_sink_that_is_not_there(check, tmp_path, capsys):
    (tmp_path / "config.toml").write_text(START + '[[sink]]\nname = "hook"\ntype = "jsonl"\n')
    assert main(["--config", str(tmp_path / "config.toml"), "check", "--send-test", "hok"]) == 2
    assert "there is no sink 'hok'; did you mean 'hook'?" in capsys.readouterr().err
