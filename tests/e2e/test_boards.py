"""Boards in a real terminal: attach, start a collector, lose it, take over, leave nothing behind."""

import contextlib
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.terminal import needs_tmux, terminal
from tests.e2e.world import PROGRAM, serving, wait_for

pytestmark = [needs_tmux, pytest.mark.slow]


@pytest.fixture
def world(tmp_path):
    with serving(tmp_path / "truth.json", "--speed", "2") as served:
        yield served


def _collector(world) -> int | None:
    """The pid of the collector whose heart beats, or None."""
    if not world.store.exists():
        return None
    with contextlib.closing(sqlite3.connect(f"file:{world.store}?mode=ro", uri=True)) as connection:
        try:
            row = connection.execute(
                "SELECT pid FROM collectors WHERE stopped_ms IS NULL ORDER BY beat_ms DESC LIMIT 1"
            ).fetchone()
        except sqlite3.OperationalError:
            return None
    return row[0] if row and _alive(row[0]) else None


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _descendants(pid: int) -> set[int]:
    """All processes below ``pid`` that live now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    frontier = {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def test_quitting_the_demo_leaves_no_process(tmp_path):
    with terminal([*PROGRAM, "demo", "--speed", "2"]) as screen:
        screen.wait_for("next stop performance")
        family = _descendants(screen.pid()) | {screen.pid()}
        assert len(family) >= 3
        screen.press("q")
        wait_for(lambda: not any(map(_alive, family)), 15, "all processes ended")


def test_killing_the_board_of_a_demo_leaves_no_process(tmp_path):
    with terminal([*PROGRAM, "demo", "--speed", "2"]) as screen:
        screen.wait_for("orders")
        family = _descendants(screen.pid()) | {screen.pid()}
        os.kill(screen.pid(), signal.SIGKILL)
        wait_for(lambda: not any(map(_alive, family)), 15, "all processes ended")


def test_two_boards_and_a_watch_share_one_collector_and_survive_its_death(world):
    board = world.command("board")
    with world.watch() as watch, terminal(board) as left, terminal(board) as right:
        for screen in (left, right):
            screen.wait_for("next stop performance")
        assert _collector(world) == watch.pid
        assert not _descendants(left.pid())
        before = _rows(world)

        watch.kill()
        for screen in (left, right):
            wait_for(lambda screen=screen: "collector" in screen.screen().splitlines()[0], 4, "the loss in the header")
        successor = wait_for(lambda: (pid := _collector(world)) != watch.pid and pid, 12, "a successor")
        assert successor in _descendants(left.pid()) | _descendants(right.pid())
        for screen in (left, right):
            wait_for(lambda screen=screen: "collector" not in screen.screen().splitlines()[0], 10, "the header well")
        assert before <= _rows(world)


def test_a_watch_that_is_started_again_takes_the_place_of_the_collector_of_a_board(world):
    with terminal(world.command("board")) as board:
        board.wait_for("next stop performance")
        own = wait_for(lambda: _collector(world), 10, "the board's collector")
        assert own in _descendants(board.pid()) and _owner(world) == "board"
        with world.watch() as watch:
            wait_for(lambda: _collector(world) == watch.pid, 10, "the watch in its place")
            wait_for(lambda: not _alive(own), 10, "the end of the board's collector")
            assert _owner(world) == "watch" and watch.poll() is None
            assert world.run("watch").returncode == 75
            wait_for(lambda: "collector" not in board.screen().splitlines()[0], 10, "the header well")
            wait_for(lambda: not _descendants(board.pid()), 10, "no collector of its own")
            board.press("a")  # what is asked for beside the board must not cut it off
            wait_for(lambda: "alerts" in board.screen().splitlines()[0], 10, "the alerts")
            watch.send_signal(signal.SIGTERM)
            assert watch.wait(10) == 0
        wait_for(lambda: "collector" in board.screen().splitlines()[0], 6, "the loss in the header")
        with world.watch() as again:
            wait_for(lambda: _collector(world) == again.pid, 10, "the watch that was started again")
            wait_for(lambda: "collector" not in board.screen().splitlines()[0], 10, "the header well")
            assert again.poll() is None and not _descendants(board.pid())


def _owner(world) -> str:
    return world.rows("SELECT owner FROM collectors WHERE stopped_ms IS NULL ORDER BY beat_ms DESC LIMIT 1")[0][0]


def _rows(world) -> set[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{world.store}?mode=ro", uri=True)) as connection:
        builds = connection.execute("SELECT source, job, number FROM builds").fetchall()
        periods = connection.execute("SELECT key, since_ms FROM rollout_history").fetchall()
    assert len(builds) == len(set(builds))
    return {*builds, *periods}


def test_an_attached_board_never_starts_a_collector(world):
    with terminal(world.command("board", "--attach")) as screen:
        wait_for(lambda: screen.screen().strip(), 20, "something on the screen")
        screen.wait_for("no store")
        assert _collector(world) is None
        screen.press("q")
        wait_for(screen.ended, 10, "the end")


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 60), (50, 20)])
def test_sizes(world, columns, lines):
    with world.watch(), terminal(world.command("board"), columns, lines) as screen:
        screen.wait_for("orders")
        assert all(len(line) <= columns for line in screen.screen().splitlines())
