"""``watch --listen``: metrics that promtool accepts, and two answers for probes."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.alerts.telling import Outcome, Refusal
from statusdesk.listen import HANGS_AFTER_S, MOST_AT_ONCE, AddressError, Listener, parse_address
from statusdesk.metrics import exposition
from statusdesk.snapshot import Mirror, Snapshot
from statusdesk.states import Collector, Level, RolloutState, SourceState, TokenState
from statusdesk.states_alerts import AlertState
from statusdesk.store.writer import Writer
from tests.cli.conftest import CONFIG, HOSTILE, environment, wait_for

ROOT = Path(__file__).parents[1]
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def rollout(app, level=Level.OK, name=None, version="1.4"):
    return RolloutState(
        key=f"eu/qa/{name or app}", cluster="eu", namespace="qa", kind="Deployment", name=name or app, app=app,
        level=level, version=version,
    )  # fmt: skip


def alert(state, severity):
    return AlertState(fingerprint="f", started_ms=1, alertname="X", severity=severity, state=state)


FULL = Snapshot(
    looped_s=0.0,
    settled=True,
    rollouts=(rollout("orders"), rollout("orders", Level.FAILING, "worker", "9"), rollout(HOSTILE, Level.SCALING)),
    sources=(
        SourceState(
            key="jenkins", source="jenkins", scope="", level=Level.OK, last_ok_ms=1_795_371_897_652, took_ms=20
        ),
        SourceState(key="vault", source="vault", scope="", level=Level.FAILING),
        SourceState(key="kubernetes/eu#qa", source="kubernetes/eu", scope="qa", level=Level.UNKNOWN),
        *(
            SourceState(
                key=f"kubernetes/eu#{scope}",
                source="kubernetes/eu",
                scope=scope,
                level=Level.UNKNOWN,
                reason="NoAccess",
                last_ok_ms=last_ok_ms,
            )
            for scope, last_ok_ms in (("lost", 5_000), ("never", None), ("shop/events", 5_000))
        ),
    ),
    tokens=(
        TokenState(key="vault/db", source="vault", name="db", level=Level.OK, expire_ms=1_100_000),
        TokenState(key="vault/root", source="vault", name="root", level=Level.OK),
    ),
    alerts=(alert("firing", "critical"), alert("pending", "warning")),
    notifications={("am", "sent"): 3, ("desk", "failed"): 1},
    flushes=7,
)


def checked(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("changes", "versions"),
    [
        ({}, ["2.0"]),
        ({"held_by": "OnDelete", "held_version": "1.9"}, ["1.9"]),
        ({"held_by": "partition 2", "held_version": "1.9", "updated": 1}, ["1.9", "2.0"]),
        ({"held_by": "partition 2", "updated": 1}, ["2.0"]),
        ({"held_by": "OnDelete"}, []),
    ],
)
def test_the_versions_of_an_app_are_those_that_its_pods_run(changes, versions):
    held = replace(rollout("orders", version="2.0"), **changes)
    text = exposition(replace(FULL, rollouts=(held,)), 100.0).decode()
    assert re.findall(r'statusdesk_version_info\{.*version="(.*)"', text) == versions


@promtool
@pytest.mark.parametrize("snapshot", [FULL, Snapshot(looped_s=0.0)], ids=["full", "empty"])
def test_promtool_has_nothing_to_say(snapshot):
    checked(exposition(snapshot, 100.0))


def test_the_worst_rollout_is_the_state_of_an_app_and_nothing_else_is_1():
    text = exposition(FULL, 100.0).decode()
    states = re.findall(
        r'statusdesk_rollout_state\{app="orders",cluster="eu",namespace="qa",state="(\w+)"\} (\S+)', text
    )
    assert len(states) == 7 and [state for state, value in states if value == "1.0"] == ["failed"]
    for line in (
        'statusdesk_version_info{app="orders",cluster="eu",namespace="qa",version="9"} 1.0',
        'statusdesk_poll_last_success_timestamp_seconds{source="jenkins"} 1.795371897652e+09',
        'statusdesk_poll_last_success_timestamp_seconds{source="vault"} 0.0',
        'statusdesk_source_up{source="vault"} 0.0',
        'statusdesk_namespace_last_success_timestamp_seconds{namespace="lost",source="kubernetes/eu"} 5.0',
        'statusdesk_vault_token_ttl_seconds{token="db"} 1000.0',
        'statusdesk_notifications_total{outcome="sent",sink="am"} 3.0',
        'statusdesk_alerts{severity="critical",state="firing"} 1.0',
        "statusdesk_flushes_total 7.0",
    ):
        assert line in text
    assert 'namespace="never"' not in text and 'namespace="shop/events"' not in text, "none that was ever read"
    assert text.count('source="kubernetes/eu"') == 1 and 'token="root"' not in text


@promtool
def test_promtool_accepts_the_rules_and_they_ask_for_metrics_that_are():
    rules = ROOT / "deploy" / "prometheus" / "rules.yml"
    done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = set(re.findall(r"statusdesk_\w+", "".join(re.findall(r"expr: (.*)", rules.read_text()))))
    assert asked and asked <= set(re.findall(r"^(statusdesk_\w+)", exposition(FULL, 1.0).decode(), re.M))


def test_messages_are_counted_by_sink_and_end():
    mirror = Mirror()
    mirror.told([(1, "am"), (2, "am"), (3, "desk")], [])
    again = Outcome(id=1, state="queued", at_ms=1, attempts=1, due_ms=9)
    mirror.settled([again, Outcome(id=1, state="sent", at_ms=2, attempts=2)])
    mirror.settled([Outcome(id=3, state="failed", at_ms=2, attempts=2)])
    mirror.settled([Refusal(sink="am", alert=alert("firing", "info"), error="400", at_ms=3)])
    mirror.told([], [2, 99])
    counted = dict(mirror._notifications)
    assert counted == {
        ("am", "retried"): 1, ("am", "sent"): 1, ("am", "quarantined"): 1, ("am", "dropped"): 1, ("desk", "failed"): 1,
    }  # fmt: skip


def test_rows_are_gone_through_and_counted_only_when_some_were_written(tmp_path):
    mirror = Mirror()
    with Writer(tmp_path / "statusdesk.db", 86_400, lambda: 1) as writer:
        writer.put([rollout("orders")], 1)
        writer.commit()
        mirror.flushed(writer, 1.0, settled=False, store_problem="")
        first = mirror.now
        mirror.told([(1, "am")], [1])
        writer.beat(Collector(pid=1, owner="watch", started_ms=1, beat_ms=1))
        writer.commit()
        mirror.flushed(writer, 2.0, settled=True, store_problem="full")
        assert (mirror.now.looped_s, mirror.now.settled, mirror.now.store_problem) == (2.0, True, "full")
        assert mirror.now.rollouts is first.rollouts and mirror.now.flushes == first.flushes == 1
        assert mirror.now.notifications == {("am", "dropped"): 1}
        writer.put([rollout("web")], 1)
        writer.commit()
        mirror.flushed(writer, 3.0, settled=True, store_problem="")
        assert [row.app for row in mirror.now.rollouts] == ["orders", "web"] and mirror.now.flushes == 2


def test_an_alertmanager_that_is_not_told_is_counted_and_what_is_configured_begins_at_0(tmp_path):
    told = [("am", 2, 0), ("am", 0, 5)]  # one of two is not told
    mirror = Mirror(["desk"], ["am"], lambda: told)
    with Writer(tmp_path / "statusdesk.db", 86_400, lambda: 1) as writer:
        mirror.flushed(writer, 0.0, settled=True, store_problem="")
        told[1] = ("am", 1, 6)
        mirror.flushed(writer, 0.0, settled=True, store_problem="")
        mirror.flushed(writer, 0.0, settled=True, store_problem="")
    lines = set(re.findall(r"^statusdesk_notifications_total(.*)", exposition(mirror.now, 1.0).decode(), re.M))
    assert lines == {
        '{outcome="sent",sink="am"} 3.0', '{outcome="failed",sink="am"} 6.0', '{outcome="quarantined",sink="am"} 0.0',
        *(f'{{outcome="{each}",sink="desk"}} 0.0' for each in ("sent", "failed", "quarantined", "retried", "dropped")),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"), [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0)), ("desk:80", ("desk", 80))]
)
def test_addresses(text, found):
    assert parse_address(text) == found


@pytest.mark.parametrize("text", ["9464", ":9464", "host:", "host:http", "host:70000", "::1:80", ""])
def test_what_is_no_address_is_told(text):
    with pytest.raises(AddressError):
        parse_address(text)


@pytest.fixture
def served():
    mirror = Mirror()
    listener = Listener("127.0.0.1", 0, mirror)
    listener.start()
    yield mirror, listener.address
    listener.stop()


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_probes_tell_starting_asked_hanging_and_a_store_that_takes_nothing(served):
    mirror, address = served
    assert get(address, "/healthz") == get(address, "/readyz") == (503, "starting\n")

    def show(**now):
        mirror.now = Snapshot(**{"looped_s": time.monotonic(), "settled": True} | now)
        mirror.shown.set()
        return get(address, "/healthz"), get(address, "/readyz")

    assert show() == ((200, "ok\n"), (200, "ok\n"))
    assert show(settled=False) == ((200, "ok\n"), (503, "not every source has been asked yet\n"))
    assert show(store_problem="the disk is full") == ((200, "ok\n"), (503, "the disk is full\n"))
    silent = FULL.sources[1:]
    assert show(sources=silent) == ((200, "ok\n"), (503, "no source answers\n"))
    assert show(sources=FULL.sources) == ((200, "ok\n"), (200, "ok\n")), "what fails of several is told as alerts"
    healthy, ready = show(looped_s=time.monotonic() - HANGS_AFTER_S - 1)
    assert healthy[0] == ready[0] == 503 and "has not gone round for 31 s" in healthy[1]
    assert get(address, "/other")[0] == 404


def test_clients_that_hang_do_not_keep_others_out_for_long(served):
    mirror, address = served
    mirror.now = Snapshot(looped_s=time.monotonic(), settled=True)
    mirror.shown.set()
    host, port = address.split(":")
    hanging = [socket.create_connection((host, int(port))) for _ in range(MOST_AT_ONCE - 1)]
    assert get(address, "/healthz")[0] == 200
    for each in hanging:
        each.close()


def test_an_address_that_is_taken_is_told(served):
    host, port = served[1].split(":")
    with pytest.raises(AddressError, match="cannot be listened on: Address already in use"):
        Listener(host, int(port), Mirror())


def test_the_collector_serves_what_it_sees(tmp_path):
    config = tmp_path / "config.toml"
    (tmp_path / "kubeconfig").write_text("apiVersion: v1\nkind: Config\nclusters: []\n")
    config.write_text(CONFIG)
    words = [sys.executable, "-m", "statusdesk", "-c", str(config), "watch", "--listen", "127.0.0.1:0"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=environment(tmp_path), cwd=tmp_path, **pipes) as process:
        address = next(line.split()[-1] for line in process.stderr if "listening on" in line)
        wait_for(lambda: get(address, "/readyz") == (503, "no source answers\n"))
        text = get(address, "/metrics")[1]
        assert 'statusdesk_source_up{source="jenkins"} 0.0' in text and "statusdesk_build_info" in text
        if shutil.which("promtool"):
            checked(text.encode())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0
    done = subprocess.run(
        [*words[:-1], "here"], env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "--listen: 'here' is no address" in done.stderr
