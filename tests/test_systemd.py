"""What systemd is told, as it hears it on its socket."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from statusdesk.systemd import Notifier
from tests.cli.conftest import environment, wait_for


@pytest.fixture
def listening(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.setblocking(False)
        yield str(path), heard


def said(heard):
    lines = []
    while True:
        try:
            lines += heard.recv(4096).decode().splitlines()
        except BlockingIOError:
            return lines


def test_without_systemd_nothing_is_said():
    notifier = Notifier({})
    notifier.ready()
    notifier.alive(0.0, "well")
    notifier.stopping()
    assert not notifier.wanted and notifier.watchdog_s == 0


def test_ready_once_the_watchdog_in_time_and_the_status_when_it_is_new(listening):
    path, heard = listening
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())})
    notifier.ready()
    notifier.ready()
    assert said(heard) == ["READY=1"]
    notifier.alive(10.0, "2 sources,\n0 firing")
    assert said(heard) == ["WATCHDOG=1", "STATUS=2 sources, 0 firing"]
    notifier.alive(10.4, "2 sources,\n0 firing")
    assert said(heard) == []
    notifier.alive(10.5, "3 firing")
    assert said(heard) == ["WATCHDOG=1", "STATUS=3 firing"]
    notifier.stopping()
    assert said(heard) == ["STOPPING=1"]


def test_a_watchdog_for_another_process_is_not_ours_and_a_gone_socket_no_trouble(listening, tmp_path):
    path, heard = listening
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, pid=2)
    notifier.alive(1.0)
    assert said(heard) == [] and notifier.watchdog_s == 0
    lost = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    lost.ready()
    lost.stopping()


def test_an_abstract_socket_works():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(f"\0statusdesk-test-{os.getpid()}")
        heard.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@statusdesk-test-{os.getpid()}"}).ready()
        assert heard.recv(100) == b"READY=1"


CONFIG = """
stages = ["staging", "production"]
[jenkins]
url = "http://127.0.0.1:1"
[store]
state_dir = "state"
"""


def test_the_collector_is_ready_after_its_first_round_lives_and_says_that_it_stops(listening, tmp_path):
    path, heard = listening
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    words = [sys.executable, "-m", "statusdesk", "-c", str(config), "watch"]
    more = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
    lines: list[str] = []

    def has(word):
        lines.extend(said(heard))
        return any(line.startswith(word) for line in lines)

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, env=environment(tmp_path, more), cwd=tmp_path, **quiet) as process:
        wait_for(lambda: has("READY=1"))
        wait_for(lambda: has("STATUS=1 source, 0 firing"))
        wait_for(lambda: has("") and lines.count("WATCHDOG=1") >= 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert has("STOPPING=1")
