"""One writer and many readers in processes of their own: alive, killed, stopped cleanly, without rights."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statusdesk.clock import system_clock
from statusdesk.collecting import Supervision
from statusdesk.config import Config, StoreSettings
from statusdesk.feed import StoreFeed
from statusdesk.states import Collector, Level, RolloutState
from statusdesk.store.opening import wal_of
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.child import KEYS
from tests.store.conftest import Clock
from tests.store.rows import rollout

ROOT = Path(__file__).parents[2]
ROUNDS = 8
FOLLOWERS = 4

Start = Callable[[str, Path], subprocess.Popen]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a child; all are killed at the end."""
    children: list[subprocess.Popen] = []

    def begin(what: str, state_dir: Path) -> subprocess.Popen:
        argv = [sys.executable, "-m", "tests.store.child", what, str(state_dir)]
        child = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        children.append(child)
        return child

    yield begin
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory that every user can reach (pytest's own are for their owner only)."""
    directory = Path(tempfile.mkdtemp(prefix="statusdesk-test-"))
    directory.chmod(0o755)
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


def committed(writer: subprocess.Popen, turns: int) -> int:
    """Wait for so many commits of a writing child; return the last turn that it told."""
    assert writer.stdout is not None
    line = ""
    for _ in range(turns):
        line = writer.stdout.readline()
        assert line, "the writer has ended"
    return int(line)


def check_whole(path: Path, told: int) -> None:
    """Assert that everything told is there, every commit whole, every row once."""
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        numbers = [number for (number,) in db.execute("SELECT number FROM builds ORDER BY number")]
        last = numbers[-1]
        assert numbers == list(range(1, last + 1))
        assert last >= told
        assert db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone() == (last,)
        assert db.execute("SELECT count(*) FROM rollout_history").fetchone() == (KEYS * (last - 1),)
    with Reader(path) as reader:
        assert {row.version for row in reader.changes(0).rollouts} == {str(last)}
        for turn in {1, last // 2, told} - {0}:
            rows = reader.as_of(turn).rollouts
            assert [row.version for row in rows] == [str(turn)] * KEYS
        spans = [(row.since_ms, row.until_ms) for row in reader.periods(RolloutState, rollout("app-0").key, 0, 10**9)]
        assert spans == [(turn, turn + 1) for turn in range(1, last)] + [(last, None)]


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_told(tmp_path: Path, start: Start) -> None:
    followers: list[subprocess.Popen] = []
    chance = random.Random(7)
    for _ in range(ROUNDS):
        writer = start("write", tmp_path)
        told = committed(writer, chance.randint(1, 40))
        while len(followers) < FOLLOWERS:
            follower = start("follow", tmp_path)
            assert follower.stdout is not None
            assert follower.stdout.readline() == "following\n"
            followers.append(follower)
            told = committed(writer, 5)
        time.sleep(chance.random() / 100)  # not to wait for anything: to kill within a commit as well as between two
        writer.kill()
        assert writer.stdout is not None
        rest = writer.stdout.read().split()
        writer.wait()
        check_whole(tmp_path / "statusdesk.db", int(rest[-1]) if rest else told)
    for follower in followers:
        output, _ = follower.communicate(timeout=30)
        assert follower.returncode == 0
        assert int(output) > 0


def test_a_second_writer_ends_at_the_lock(tmp_path: Path, start: Start) -> None:
    first = start("write", tmp_path)
    committed(first, 1)
    argv = [sys.executable, "-m", "tests.store.child", "write", str(tmp_path)]
    second = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert second.returncode != 0
    assert f"LockHeld: process {first.pid} already collects" in second.stderr.replace("statusdesk.store.errors.", "")


def ask(child: subprocess.Popen) -> dict[str, object]:
    """Ask an answering child what it reads."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    answer = child.stdout.readline()
    assert answer, "the reader has ended"
    return json.loads(answer)


@pytest.fixture
def readable(state_dir: Path) -> Path:
    """A stopped store that everybody may read, in a directory that nobody but root can write into."""
    path = state_dir / "statusdesk.db"
    Writer(path, 1e6, lambda: 1_000).close()
    path.chmod(0o644)  # -wal and -shm follow
    return path


def put(writer: Writer, *names: str) -> None:
    writer.put([rollout(name) for name in names], 1_000)
    writer.commit()


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=oct)
def test_a_reader_without_rights_follows_the_store_through_all_its_states(
    readable: Path, start: Start, mode: int
) -> None:
    directory = readable.parent
    directory.chmod(mode)
    with Writer(readable, 1e6, lambda: 1_000) as writer:
        put(writer, "a")
        attached = start("answer", directory)
        assert ask(attached) == {"live": True, "reopened": False, "names": ["a"]}
        put(writer, "b")
        assert ask(attached) == {"live": True, "reopened": False, "names": ["a", "b"]}
        attached.kill()
        attached.wait()
    assert [file.name for file in directory.iterdir()] == ["statusdesk.db"]
    directory.chmod(mode if os.geteuid() == 0 else 0o555)
    late = start("answer", directory)
    assert ask(late) == {"live": False, "reopened": False, "names": ["a", "b"]}
    assert [file.name for file in directory.iterdir()] == ["statusdesk.db"]
    directory.chmod(mode)
    with Writer(readable, 1e6, lambda: 1_000) as writer:
        put(writer, "c")
        assert ask(late) == {"live": True, "reopened": True, "names": ["a", "b", "c"]}
        put(writer, "d")
        assert ask(late) == {"live": True, "reopened": False, "names": ["a", "b", "c", "d"]}


def test_a_reader_without_rights_reads_what_a_killed_writer_left(readable: Path, start: Start) -> None:
    directory = readable.parent
    writer = start("write", directory)
    committed(writer, 3)
    writer.kill()
    writer.wait()
    assert wal_of(readable).stat().st_size > 0
    directory.chmod(0o755 if os.geteuid() == 0 else 0o555)
    answered = ask(start("answer", directory))
    assert (answered["live"], len(answered["names"])) == (True, KEYS)


def test_another_file_in_the_same_place_is_noticed(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "statusdesk.db"
    with Writer(path, 1e6, clock) as writer:
        put(writer, "old")
    with Reader(path) as reader:
        version = reader.data_version()
        assert not reader.reopen_if_needed()
        other = tmp_path / "other" / "statusdesk.db"
        with Writer(other, 1e6, clock) as writer:
            writer.put([rollout("new", Level.FAILING)], 1_000)
        other.rename(path)
        assert reader.reopen_if_needed()
        assert not reader.reopen_if_needed()
        assert reader.data_version() != version
        assert [row.name for row in reader.changes(0).rollouts] == ["new"]
        path.unlink()
        assert not reader.reopen_if_needed()
        assert [row.name for row in reader.changes(0).rollouts] == ["new"]


def test_a_reader_that_stays_does_not_keep_the_next_writer_out(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "statusdesk.db"
    with Writer(path, 1e6, clock) as writer:
        put(writer, "a")
        reader = Reader(path)
        assert reader.live
    with Writer(path, 1e6, clock) as writer:
        put(writer, "b")
        assert {row.name for row in reader.changes(0).rollouts} == {"a", "b"}
    reader.close()


def say(writer: subprocess.Popen, version: str) -> None:
    assert writer.stdin is not None and writer.stdout is not None
    writer.stdin.write(version + "\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "said\n"


def stop_cleanly(writer: subprocess.Popen) -> None:
    writer.communicate(timeout=20)
    assert writer.returncode == 0


def versions(reader: Reader) -> set[str]:
    return {row.version for row in reader.changes(0).rollouts}


def test_a_second_look_from_the_same_process_does_not_cut_the_first_off(start: Start, state_dir: Path) -> None:
    """Closing any descriptor of the file drops the locks of the process: the next writer would remove the -wal file."""
    path = state_dir / "statusdesk.db"
    writer = start("say", state_dir)
    say(writer, "1")
    with Reader(path) as reader:
        with Reader(path) as second:  # as the details of a console ask
            assert versions(second) == {"1"}
        stop_cleanly(writer)
        assert wal_of(path).exists(), "the reader still holds it"
        writer = start("say", state_dir)
        say(writer, "2")
        assert versions(reader) == {"2"}, "without being opened anew"


def test_a_reader_whose_wal_was_removed_finds_the_new_one(start: Start, state_dir: Path) -> None:
    path = state_dir / "statusdesk.db"
    writer = start("say", state_dir)
    say(writer, "1")
    with Reader(path) as reader:
        with path.open("rb"):  # as whatever else in this process may do to it
            pass
        stop_cleanly(writer)
        assert not wal_of(path).exists()
        assert reader.reopen_if_needed() and versions(reader) == {"1"}
        writer = start("say", state_dir)
        say(writer, "2")
        assert reader.reopen_if_needed() and reader.live and versions(reader) == {"2"}
        assert not reader.reopen_if_needed()
        say(writer, "3")
        assert versions(reader) == {"3"}


def test_a_reader_that_missed_that_the_wal_was_replaced_finds_the_new_one(start: Start, state_dir: Path) -> None:
    path = state_dir / "statusdesk.db"
    writer = start("say", state_dir)
    say(writer, "1")
    with Reader(path) as reader:
        assert versions(reader) == {"1"}
        with path.open("rb"):
            pass
        stop_cleanly(writer)
        writer = start("say", state_dir)
        say(writer, "2")
        assert reader.reopen_if_needed() and versions(reader) == {"2"}
        say(writer, "3")
        assert versions(reader) == {"3"}


def test_a_console_that_asked_for_more_sees_a_collector_that_was_started_again(start: Start, state_dir: Path) -> None:
    path = state_dir / "statusdesk.db"
    writer = start("say", state_dir)
    say(writer, "1")
    feed = StoreFeed(
        Config(path="", stages=(), clusters=(), store=StoreSettings(state_dir=str(state_dir))), path, Supervision(None)
    )
    board = feed.poll(system_clock())
    assert board is not None and board.collector_lost_ms is None
    for _ in range(2):  # the screens of alerts and details, opened
        feed.alerts(board)
    stop_cleanly(writer)
    later = start("say", state_dir)
    say(later, "2")
    board = feed.poll(system_clock() + 1000)
    assert board is not None and board.collector is not None
    assert board.collector.pid == later.pid and board.collector_lost_ms is None
    feed.close()


def test_a_console_that_hears_no_collector_looks_with_other_eyes_once_a_second(
    writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.beat(Collector(pid=1, owner="watch", started_ms=1, beat_ms=10_000))
    writer.commit()
    opened = []
    monkeypatch.setattr(Reader, "reopen", lambda reader: opened.append(reader))
    feed = StoreFeed(
        Config(path="", stages=(), clusters=(), store=StoreSettings(state_dir=str(path.parent))),
        path,
        Supervision(None),
    )
    for now_ms in (10_000, 11_000, 12_000):
        feed.poll(now_ms)
    assert not opened
    for now_ms in (12_500, 13_000, 13_500, 14_000):
        feed.poll(now_ms)
    assert len(opened) == 2
    feed.close()
