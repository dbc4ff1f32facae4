"""``watch`` as a process: single, ended by signals and by the end of its stdin, and telling what it cannot know."""

import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from statusdesk.store.lock import StateLock, holder
from tests.cli.conftest import ROOT, environment, wait_for

NOBODY = 65534
"""Somebody to whom rights apply."""


@pytest.fixture
def start(config, tmp_path):
    """Start a ``watch`` on sources that refuse, and wait until it holds the directory."""
    config.write_text(config.read_text().replace("[jenkins]", '[jenkins]\ninterval = "100ms"'))
    processes = []

    def start(*argv, **options):
        words = [sys.executable, "-m", "statusdesk", "-c", str(config), "watch", *argv]
        process = subprocess.Popen(
            words, env=environment(tmp_path), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **{"stdout": subprocess.PIPE, **options},
        )  # fmt: skip
        processes.append(process)
        wait_for(lambda: holder(tmp_path / "state") == process.pid or process.poll() is not None)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stream.close()


def test_a_second_collector_ends_with_75_and_names_the_first(start, run):
    first = start()
    second = run("watch")
    assert second.returncode == 75 and second.stdout == ""
    assert second.stderr.startswith(f"statusdesk: process {first.pid} already collects into ")
    assert run("watch", "--once").returncode == 75
    assert first.poll() is None


def test_a_watch_takes_the_place_of_the_collector_of_a_board(start, run, tmp_path):
    board = start("--owner", "board")
    assert run("watch", "--once").returncode == 75, "one that ends at once takes nobody's place"
    assert run("watch", "--owner", "board").returncode == 75
    watch = start()
    assert board.wait(20) == 76 and holder(tmp_path / "state") == watch.pid
    wait_for(lambda: not (tmp_path / "state" / "step-down").exists())
    assert run("watch").returncode == 75, "two of the same rank"
    assert watch.poll() is None
    watch.send_signal(signal.SIGTERM)
    assert watch.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_a_terminal_that_goes_are_a_clean_end(start, tmp_path, number):
    process = start()
    first = process.stdout.readline()
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 0 and first
    assert holder(tmp_path / "state") is None
    assert not (tmp_path / "state" / "statusdesk.db-wal").exists()


@pytest.mark.parametrize("whole", [True, False], ids=["directory", "file"])
def test_a_store_that_is_removed_ends_it_with_3_and_a_clear_sentence(start, tmp_path, whole):
    process = start()
    process.stdout.readline()
    state = tmp_path / "state"
    if whole:
        shutil.rmtree(state)
    else:
        (state / "statusdesk.db").rename(tmp_path / "elsewhere.db")
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 3
    assert said.splitlines()[-1] == (
        f"statusdesk: {state}/statusdesk.db was removed while it was written to, so nobody could read it; start again"
    )


def test_another_store_in_the_place_of_ours_ends_it_as_well(start, tmp_path):
    process = start()
    process.stdout.readline()
    store = tmp_path / "state" / "statusdesk.db"
    other = tmp_path / "other.db"
    other.write_bytes(b"")
    other.rename(store)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 3 and "was replaced by another file" in said.splitlines()[-1]


def test_a_damaged_store_is_told_with_what_to_do(run, tmp_path):
    (tmp_path / "state").mkdir(mode=0o750)
    (tmp_path / "state" / "statusdesk.db").write_bytes(b"no store at all, by any means " * 200)
    done = run("watch")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "is damaged or not a store" in done.stderr
    assert "move it away and start `statusdesk watch` anew" in done.stderr


def test_an_interrupt_ends_with_130(start):
    process = start()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_reader_that_goes_away_ends_it_with_141_and_quietly(start, tmp_path):
    """As ``watch | head -1``: the next line has nobody to go to."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = start(stdout=write_end)
    os.close(write_end)
    assert process.wait(timeout=60) == 141
    assert "Traceback" not in process.stderr.read() and holder(tmp_path / "state") is None


def test_a_child_ends_with_its_stdin_and_an_ordinary_one_does_not(start):
    process = start("--exit-with-stdin")
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    ordinary = start()
    ordinary.stdin.close()
    ordinary.stdout.readline()
    assert ordinary.poll() is None


def test_a_source_that_refuses_is_a_line_in_the_form_asked_for(start):
    process = start("--format", "jsonl")
    lines = [json.loads(process.stdout.readline()) for _ in range(4)]
    levels = [line for line in lines if line["event"] == "level"]
    assert {line["source"] for line in levels} == {"jenkins", "kubernetes/eu"}
    assert all(line["level"] != "ok" and line["message"] for line in levels)
    alerts = [line for line in lines if line["event"] == "alert"]
    assert {(line["status"], line["labels"]["alertname"]) for line in alerts} == {("pending", "SourceDown")}
    assert {line["labels"]["source"] for line in alerts} == {"jenkins", "kubernetes/eu"}
    assert all(line["annotations"]["summary"] and line["fingerprint"] and line["startsAt"] for line in alerts)


def test_what_is_narrated_can_be_json(start):
    process = start("--log-format", "json")
    line = json.loads(process.stderr.readline())
    assert line["level"] == "info" and line["message"].startswith("collecting from kubernetes/eu, jenkins into ")


def test_once_with_sources_that_refuse_is_3_and_names_them(run):
    done = run("watch", "--once", "--format", "text")
    assert done.returncode == 3
    assert "source  jenkins" in done.stdout and "source  kubernetes/eu" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("now: 0 failing")


def test_once_leaves_a_store_that_others_can_read_and_a_free_directory(run, tmp_path):
    run("watch", "--once")
    assert run("status").returncode == 3
    with StateLock(tmp_path / "state"):
        assert (tmp_path / "state" / "statusdesk.db").stat().st_mode & 0o777 == 0o640


def test_a_secret_that_cannot_be_had_is_a_configuration_error(run, config, tmp_path):
    config.write_text(config.read_text().replace("[store]", 'user = "u"\ntoken_file = "gone"\n[store]'))
    done = run("watch")
    assert done.returncode == 2
    assert done.stderr == (
        f"statusdesk: {config}: jenkins.token_file: {tmp_path}/gone cannot be read: No such file or directory\n"
    )
    assert not (tmp_path / "state").exists()


NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}  # what is cut off at the limit would break every process after it


def _full(limit=0):
    """Let no file grow beyond so many bytes, as a full disk would."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.parametrize("bytes_left", [0, 4096])
def test_a_disk_that_is_full_from_the_beginning_is_an_end_with_a_sentence(run, bytes_left):
    done = run("watch", "--once", env=NO_BYTECODE, preexec_fn=_full(bytes_left))
    assert done.returncode == 3 and done.stderr.startswith("statusdesk: ") and "Traceback" not in done.stderr


def test_a_store_of_a_newer_statusdesk_is_left_as_it_is(run, put, tmp_path):
    put(alive=False)
    path = tmp_path / "state" / "statusdesk.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    done = run("watch", "--once")
    assert (
        done.returncode == 3 and "was written by a newer statusdesk" in done.stderr and "Traceback" not in done.stderr
    )
    assert path.read_bytes() == before


def test_what_only_a_person_can_mend_is_2_for_a_service_and_what_may_pass_is_3(run, put, tmp_path):
    """The unit starts it again after 3 and not after 2."""
    unit = (ROOT / "deploy" / "systemd" / "statusdesk.service").read_text()
    assert "\nRestartPreventExitStatus=2 75\n" in unit
    put()
    state = tmp_path / "state"
    assert run("watch", env=NO_BYTECODE, preexec_fn=_full()).returncode == 3, "a full disk may have room again"
    with contextlib.closing(sqlite3.connect(state / "statusdesk.db")) as db:
        db.execute("PRAGMA user_version = 99")
    done = run("watch")
    assert done.returncode == 2 and "was written by a newer statusdesk" in done.stderr
    for path in state.iterdir():
        path.unlink()
    state.rmdir()
    state.write_text("a file where the directory should be")
    assert run("watch").returncode == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("made", ["nothing", "a store", "a store of his own"])
def test_a_directory_that_may_not_be_written_is_2(tmp_path, made):
    from statusdesk.store.errors import StoreUnusable
    from statusdesk.store.opening import open_for_writing

    tmp_path.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    if made != "nothing":
        with StateLock(state, "watch"):
            open_for_writing(state / "statusdesk.db").close()
    if made == "a store of his own":
        for path in state.iterdir():
            os.chown(path, NOBODY, NOBODY)
    child = os.fork()
    if not child:
        code = 70
        try:
            os.chdir(state)
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with StateLock(Path(), "watch"):
                open_for_writing(Path("statusdesk.db"))
        except StoreUnusable:
            code = 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2


def test_a_state_directory_that_cannot_be_written_is_an_end_with_a_sentence(run, config, tmp_path):
    (tmp_path / "state").write_text("a file where the directory should be")
    done = run("watch", "--once")
    assert done.returncode == 3 and "is a file" in done.stderr and "Traceback" not in done.stderr
    config.write_text(config.read_text().replace('state_dir = "state"', 'state_dir = "/proc/1/statusdesk"'))
    done = run("watch", "--once")
    assert done.returncode == 3 and "/proc/1/statusdesk" in done.stderr and "Traceback" not in done.stderr
