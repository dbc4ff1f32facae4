"""``statusdesk demo --serve`` as a process: its one line, how it ends, and what it leaves behind."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SERVE = [sys.executable, "-m", "statusdesk", "demo", "--serve", "--seed=5", "--speed=4"]
PARENT = """
import subprocess, sys, time
world = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(world.pid, flush=True)
print(world.stdout.readline().decode(), end="", flush=True)
time.sleep(600)
"""


def line_of(process: subprocess.Popen) -> str:
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "no line within 30 s"
    return process.stdout.readline().decode()


@contextlib.contextmanager
def serving(*options: str, **popen):
    with subprocess.Popen([*SERVE, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **popen) as process:
        try:
            yield process, json.loads(line_of(process))
        finally:
            process.kill()


def answer(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status


def until(condition, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        select.select([], [], [], 0.02)


def test_it_tells_its_addresses_serves_and_ends_at_sigterm(tmp_path):
    truth = tmp_path / "truth.json"
    with serving(f"--truth={truth}") as (process, world):
        assert list(world) == ["kubernetes", "jenkins", "vault", "config", "kubeconfig", "state_dir"]
        directory = Path(world["config"]).parent
        assert answer(f"{world['kubernetes']}/version") == 200 and answer(f"{world['vault']}/v1/sys/health") == 200
        with pytest.raises(urllib.error.HTTPError, match="403"):
            answer(f"{world['jenkins']}/api/json")
        for name in ("jenkins.token", "vault.token"):
            assert (directory / name).stat().st_mode & 0o777 == 0o600
        first = json.loads(truth.read_text())
        assert set(first) == {"at_ms", "rollouts", "builds", "jobs", "platform", "environments", "tokens"}
        until(lambda: json.loads(truth.read_text())["at_ms"] > first["at_ms"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not directory.exists() and process.stdout.read() == b""


def test_it_ends_with_its_stdin():
    with serving() as (process, world):
        process.stdin.close()
        assert process.wait(10) == 0
        assert not Path(world["config"]).parent.exists()


def test_it_ends_at_ctrl_c_and_keeps_a_directory_that_was_given(tmp_path):
    with serving(f"--dir={tmp_path}") as (process, world):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert Path(world["config"]) == tmp_path / "config.toml" and (tmp_path / "config.toml").exists()


@pytest.mark.parametrize("stdin", ["null", "file", "closed"])
def test_it_ends_at_once_where_stdin_is_at_its_end_from_the_beginning(tmp_path, stdin):
    (tmp_path / "file").write_text("words")
    argv = ["sh", "-c", 'exec "$@" <&-', "sh", *SERVE] if stdin == "closed" else SERVE
    with (tmp_path / "file").open() if stdin == "file" else open(os.devnull) as given:  # noqa: PTH123
        done = subprocess.run(argv, stdin=given, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"statusdesk: stdin is at its end")


def test_on_a_terminal_it_goes_on():
    leader, follower = os.openpty()
    with subprocess.Popen(SERVE, stdin=follower, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            world = json.loads(line_of(process))
            assert answer(f"{world['vault']}/v1/sys/seal-status") == 200
            assert process.poll() is None
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()
            os.close(leader)
            os.close(follower)


def test_kill_9_of_its_parent_leaves_nothing():
    with subprocess.Popen([sys.executable, "-c", PARENT, *SERVE], stdout=subprocess.PIPE) as parent:
        try:
            pid = int(line_of(parent))
            world = json.loads(line_of(parent))
            assert answer(f"{world['kubernetes']}/version") == 200
        finally:
            parent.kill()
        until(lambda: not alive(pid))
        until(lambda: not Path(world["config"]).parent.exists())
        with pytest.raises(urllib.error.URLError):
            answer(f"{world['kubernetes']}/version")


def alive(pid: int) -> bool:
    """Tell whether a process runs; an orphan that has ended but was not reaped has ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_wrong_option_ends_with_2():
    for options in (["--speed=0"], ["--scenario=quiet"], ["status"]):
        done = subprocess.run([*SERVE, *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        assert done.returncode == 2 and done.stdout == b"" and done.stderr.startswith(b"statusdesk: ")


DEMO = [sys.executable, "-m", "statusdesk", "demo", "--apps=6", "--scenario=calm"]


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            number, rest = stat.read_text().split(" ", 1)
            if int(rest.rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(number))
    return found


@pytest.mark.parametrize(("scenario", "code"), [("calm", 0), ("bad-rollout", 1)])
def test_another_command_runs_on_a_world_that_ends_with_it(scenario, code):
    words = ["watch", "--once", "--format=jsonl", f"--scenario={scenario}"]  # the world's may stand after the command
    done = subprocess.run([*DEMO, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
    assert done.returncode == code, done.stderr
    failing = [line for line in done.stdout.splitlines() if json.loads(line)["level"] == "failing"]
    assert any(b"orders" in line and b"staging" in line for line in failing) is bool(code)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_kill_9_of_the_demo_ends_its_world():
    with subprocess.Popen([*DEMO, "watch"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as demo:
        try:
            while b"collecting from" not in (said := demo.stderr.readline()):
                assert said, "it ended before it collected"
            worlds = children_of(demo.pid)
            assert len(worlds) == 1
        finally:
            demo.kill()
        until(lambda: not any(alive(pid) for pid in worlds))
