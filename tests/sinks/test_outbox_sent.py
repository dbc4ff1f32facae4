"""Messages of the outbox on their way to a webhook: told once, and never lost, whatever dies in between."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.sinks.office import Office, config_of, webhook

ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(tmp_path, receiver):
    made = Office(config_of(tmp_path / "state", webhook(receiver.url)))
    yield made
    made.close()


def statuses(receiver):
    return [got.body["status"] for got in list(receiver.got)]


def keys(receiver):
    return [got.headers["idempotency-key"] for got in list(receiver.got)]


def test_one_firing_and_one_resolved_over_restarts(office, receiver):
    office.fail("orders")
    office.until(lambda: len(receiver.got) == 1, what="the firing message")
    office.until(lambda: office.messages() == [("hook", "firing", "sent")], what="it written as sent")
    office.restart()
    office.fail("orders")
    office.go_on(0.3)
    assert statuses(receiver) == ["firing"]
    office.mend("orders")
    office.until(lambda: len(receiver.got) == 2, what="the resolved message")
    office.restart()
    office.go_on(0.3)
    assert statuses(receiver) == ["firing", "resolved"]
    assert len(set(keys(receiver))) == 2
    first, second = (got.body["alerts"][0] for got in receiver.got)
    assert first["fingerprint"] == second["fingerprint"] and first["startsAt"] == second["startsAt"]
    assert first["annotations"]["summary"] and first["endsAt"][:4] == "0001" and second["endsAt"] >= second["startsAt"]


@pytest.mark.parametrize("dies", ["commit", "sent"])
def test_a_kill_loses_no_message_and_repeats_it_with_the_same_key_only(tmp_path, receiver, dies):
    argv = [sys.executable, "-m", "tests.sinks.office", str(tmp_path / "state"), receiver.url]
    killed = subprocess.run([*argv, dies], cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert len(receiver.got) == (dies == "sent")
    done = subprocess.run([*argv, "never"], cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert statuses(receiver) == ["firing"] * (1 + (dies == "sent"))
    assert len(set(keys(receiver))) == 1


def test_six_500s_then_200(office, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.02)
    receiver.fail(6)
    office.fail("orders")
    office.until(lambda: office.messages() == [("hook", "firing", "sent")], what="the message sent")
    assert len(receiver.got) == 7 and len(set(keys(receiver))) == 1
    pauses = [later.at_s - sooner.at_s for sooner, later in zip(receiver.got, receiver.got[1:], strict=False)]
    assert pauses[-1] > 4 * pauses[0], "each wait is longer than the one before"
    (stats,) = office.sinks.stats()
    assert (stats.sent, stats.failed, stats.problem) == (1, 6, "")
    assert [line for line in office.narrated if "hook" in line] == [
        "statusdesk: sink hook: it answered 500; trying again",
        "statusdesk: sink hook: it takes messages again",
    ]


def test_what_is_refused_is_kept_and_not_tried_again(office, receiver):
    receiver.fail(1, 400, said=b"not so\x1b[2J")
    office.fail("orders")
    office.until(lambda: office.messages() == [("hook", "firing", "quarantined")], what="the refusal")
    office.mend("orders")
    office.go_on(0.3)
    assert len(receiver.got) == 1, "its end is not told to who was not told of it"
    assert office.sinks.stats()[0].quarantined == 1
    assert "\x1b" not in "".join(office.narrated) and "not so" in "".join(office.narrated)


def test_a_receiver_that_wants_to_be_left_alone_is(office, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.01)
    receiver.fail(1, 429, {"Retry-After": "1"})
    office.fail("orders")
    office.until(lambda: len(receiver.got) == 2, what="the second attempt")
    assert receiver.got[1].at_s - receiver.got[0].at_s >= 1.0


def test_what_cannot_be_sent_for_long_is_given_up(tmp_path, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.05)
    office = Office(config_of(tmp_path / "state", webhook(receiver.url, give_up_s=0.3)))
    receiver.fail(1000)
    office.fail("orders")
    office.until(lambda: office.messages() == [("hook", "firing", "failed")], what="the end of trying")
    count = len(receiver.got)
    office.go_on(0.3)
    assert len(receiver.got) == count >= 2
    assert office.sinks.stats()[0].given_up == 1
    office.close()


def test_other_settings_tell_nobody_that_what_fires_is_over(office, receiver):
    office.fail("orders")
    office.until(lambda: office.messages() == [("hook", "firing", "sent")], what="the firing message")
    for group_by in (("severity",), ("alertname", "app")):
        office.config = replace(office.config, alerts=replace(office.config.alerts, group_by=group_by))
        office.restart()
        office.fail("orders")
        office.go_on(0.3)
        assert statuses(receiver) == ["firing"]
    office.mend("orders")
    office.until(lambda: len(receiver.got) == 2, what="the resolved message")
    office.config = replace(office.config, alerts=replace(office.config.alerts, group_by=("severity",)))
    office.restart()
    office.go_on(0.3)
    assert statuses(receiver) == ["firing", "resolved"]


def test_no_redirect_is_followed_and_the_address_is_tried_again(office, receiver, monkeypatch):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.1)
    receiver.fail(1, 302, {"Location": f"{receiver.url}/elsewhere"})
    office.fail("orders")
    office.until(lambda: office.messages() == [("hook", "firing", "sent")], what="the second attempt")
    assert [got.path for got in receiver.got] == [receiver.got[0].path] * 2 and len(set(keys(receiver))) == 1


@pytest.mark.parametrize("by_ms", [-600_000, 600_000], ids=["back", "ahead"])
def test_a_clock_that_is_set_neither_repeats_nor_loses(tmp_path, receiver, monkeypatch, by_ms):
    monkeypatch.setattr("statusdesk.sinks.outlet.FIRST_WAIT_S", 0.1)
    office = Office(config_of(tmp_path / "state", webhook(receiver.url), group_wait_s=0.3))
    receiver.fail(1)
    office.fail("orders")
    office.set_by_ms = by_ms
    office.until(lambda: len(receiver.got) == 2, 5, "the second attempt")
    office.set_by_ms = 0
    office.mend("orders")
    office.until(lambda: statuses(receiver) == ["firing", "firing", "resolved"], 5, "the end")
    office.go_on(0.3)
    assert len(receiver.got) == 3 and len(set(keys(receiver))) == 2
    office.close()


def test_a_sink_that_does_not_answer_holds_up_no_other(tmp_path, receiver):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        deaf = webhook(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=5.0)
        from msgspec.structs import replace

        office = Office(config_of(tmp_path / "state", replace(deaf, name="deaf"), webhook(receiver.url)))
        office.fail("orders")
        office.until(lambda: len(receiver.got) == 1, 3, "the message at the sink that answers")
        office.sinks.stop(0.1)
        office.writer.close()


@pytest.mark.parametrize("wait_s", [0.0, 0.2], ids=["at once", "short"])
def test_what_comes_while_messages_leave_is_told_whole_and_in_few(tmp_path, receiver, wait_s):
    """However close an alert comes to the moment in which a message leaves: it is in this one or in the next."""
    office = Office(config_of(tmp_path / "state", webhook(receiver.url), group_wait_s=wait_s))
    names = [f"app-{number}" for number in range(20)]
    for name in names:
        office.fail(name)
        office.go_on(0.02)
    told = {}

    def all_told():
        for got in receiver.got:
            told.setdefault(got.headers["idempotency-key"], set()).update(
                alert["labels"]["app"] for alert in got.body["alerts"]
            )
        return set().union(*told.values()) == set(names)

    office.until(all_told, 10, "the last of them")
    office.go_on(0.3)
    office.close()
    assert len(receiver.got) == len(told), "each once"
    if wait_s:
        assert len(told) <= len(names) / 2, len(told)
