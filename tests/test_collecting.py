"""How a console comes by a collector: attach, start, take over, give up when told to; and a child that always ends."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk import collecting
from statusdesk.collecting import CollectorChild, Supervision, lost_ms
from statusdesk.states import Collector

NOW = 1_795_348_800_000
READS_STDIN = "import sys; print('ready', file=sys.stderr, flush=True); sys.stdin.read()"
IGNORES_STDIN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', file=sys.stderr, flush=True); time.sleep(600)"
)


def beat(at_ms, stopped_ms=None):
    return Collector(pid=1, owner="watch", started_ms=NOW - 60_000, beat_ms=at_ms, stopped_ms=stopped_ms)


class FakeChild:
    def __init__(self):
        self.code = None
        self.words = ""
        self.stopped = False

    def exit_code(self):
        return self.code

    def last_words(self):
        return self.words

    def tidy(self):
        pass

    def stop(self):
        self.stopped = True


class Starter:
    def __init__(self):
        self.children = []

    def __call__(self):
        self.children.append(FakeChild())
        return self.children[-1]


@pytest.fixture
def starter():
    return Starter()


@pytest.mark.parametrize(
    ("collector", "lost"),
    [
        (None, 0),
        (beat(NOW), None),
        (beat(NOW - 2000), None),
        (beat(NOW - 2001), 2001),
        (beat(NOW + 500), None),
        (beat(NOW + 600_000), 600_000),
        (beat(NOW, stopped_ms=NOW), 0),
        (beat(NOW - 9000, stopped_ms=NOW - 8000), 8000),
    ],
)
def test_a_collector_is_lost_two_seconds_after_its_last_beat_or_when_it_has_stopped(collector, lost):
    assert lost_ms(collector, NOW) == lost


def test_a_console_attaches_to_a_collector_that_beats(starter):
    supervision = Supervision(starter)
    assert supervision.tick(NOW, beat(NOW)) is None
    assert starter.children == []


@pytest.mark.parametrize("collector", [None, beat(NOW - 60_000), beat(NOW, stopped_ms=NOW)])
def test_a_console_that_finds_none_starts_one_at_once_and_only_one(starter, collector):
    supervision = Supervision(starter)
    assert supervision.tick(NOW, collector) is not None
    supervision.tick(NOW + 1000, collector)
    assert len(starter.children) == 1 and supervision.starting


def test_a_console_takes_over_after_three_seconds_and_its_share_of_jitter(starter):
    supervision = Supervision(starter, jitter=lambda: 0.5)
    supervision.tick(NOW, beat(NOW))
    assert supervision.tick(NOW + 3400, beat(NOW)) == 3400
    assert starter.children == []
    supervision.tick(NOW + 3500, beat(NOW))
    assert len(starter.children) == 1


def test_a_console_leaves_a_watch_that_stopped_cleanly_the_time_of_a_restart(starter):
    supervision = Supervision(starter, jitter=lambda: 0.0)
    supervision.tick(NOW, beat(NOW))
    for now_ms in (NOW + 3000, NOW + 14_999):
        supervision.tick(now_ms, beat(NOW, stopped_ms=NOW))
    assert starter.children == []
    supervision.tick(NOW + 15_000, beat(NOW, stopped_ms=NOW))
    assert len(starter.children) == 1


def test_the_collector_of_another_board_that_left_is_followed_at_once(starter):
    supervision = Supervision(starter, jitter=lambda: 0.0)
    left = replace(beat(NOW, stopped_ms=NOW), owner="board")
    supervision.tick(NOW, replace(beat(NOW), owner="board"))
    supervision.tick(NOW + 2999, left)
    assert starter.children == []
    supervision.tick(NOW + 3000, left)
    assert len(starter.children) == 1


def test_a_child_that_stepped_down_is_no_problem_and_its_place_is_left_to_the_watch(starter):
    supervision = Supervision(starter, jitter=lambda: 0.0)
    left = replace(beat(NOW, stopped_ms=NOW), owner="board")
    supervision.tick(NOW, None)
    starter.children[0].code = 76
    supervision.tick(NOW + 1000, left)
    supervision.tick(NOW + 4000, left)
    assert supervision.problem == "" and len(starter.children) == 1 and not supervision.starting
    assert supervision.tick(NOW + 5000, beat(NOW + 5000)) is None
    # the watch never came to beat, or was killed at once
    supervision.tick(NOW + 16_000, left)
    assert len(starter.children) == 2


def test_a_console_that_only_attaches_never_starts_one(starter):
    supervision = Supervision(None)
    assert supervision.tick(NOW, None) == 0
    assert supervision.tick(NOW + 60_000, beat(NOW)) == 60_000
    assert not supervision.starting


def test_a_child_that_finds_the_directory_taken_is_no_problem_and_is_not_tried_again_at_once(starter):
    supervision = Supervision(starter)
    supervision.tick(NOW, None)
    starter.children[0].code = 75
    supervision.tick(NOW + 1000, None)
    assert supervision.problem == "" and len(starter.children) == 1
    supervision.tick(NOW + 1000 + collecting.BUSY_RETRY_MS, None)
    assert len(starter.children) == 2


def test_a_child_that_fails_is_told_and_tried_again_ever_more_seldom(starter):
    supervision = Supervision(starter)
    started = []
    for second in range(120):
        supervision.tick(NOW + second * 1000, None)
        if len(starter.children) > len(started):
            started.append(second)
            starter.children[-1].code = 2
            starter.children[-1].words = "statusdesk: jenkins.url: wrong"
    assert supervision.problem == "the collector ended with exit code 2: jenkins.url: wrong"
    pauses = [later - earlier for earlier, later in zip(started, started[1:], strict=False)]
    assert pauses == sorted(pauses) and pauses[0] <= 3 and max(pauses) <= 32
    supervision.tick(NOW + 200_000, beat(NOW + 200_000))
    assert supervision.problem == ""


def test_a_child_that_cannot_be_started_is_told():
    def start():
        raise PermissionError(13, "Permission denied")

    supervision = Supervision(start)
    supervision.tick(NOW, None)
    assert supervision.problem == "no collector can be started: Permission denied"


def test_a_directory_that_cannot_be_written_is_told_by_its_name(tmp_path):
    (tmp_path / "collector.log").mkdir()
    supervision = Supervision(lambda: CollectorChild([sys.executable, "-c", READS_STDIN], tmp_path))
    supervision.tick(NOW, None)
    assert supervision.problem == f"no collector can be started: {tmp_path}/collector.log: Is a directory"


def test_closing_ends_the_child_that_is_ours(starter):
    supervision = Supervision(starter)
    supervision.tick(NOW, None)
    supervision.close()
    assert starter.children[0].stopped


# -- the child process itself


def wait_for(condition, timeout_s=20.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path):
    children = []

    def start(script):
        child = CollectorChild([sys.executable, "-c", script], tmp_path / "state")
        children.append(child)
        wait_for(lambda: child.last_words() == "ready" or child.exit_code() is not None)
        return child

    yield start
    for child in children:
        child.stop()


def test_a_child_ends_when_its_stdin_does(start):
    child = start(READS_STDIN)
    assert child.exit_code() is None
    child.stop()
    assert child.exit_code() == 0


def test_a_child_that_does_not_listen_is_killed(start, monkeypatch):
    monkeypatch.setattr(collecting, "STOP_GRACE_S", 0.2)
    child = start(IGNORES_STDIN)
    child.stop()
    assert child.exit_code() == -signal.SIGKILL


def test_a_child_that_is_stopped_does_not_hold_up_the_console(start):
    child = start(READS_STDIN)
    os.kill(child.pid, signal.SIGSTOP)
    began = time.monotonic()
    child.stop()
    assert child.exit_code() == -signal.SIGKILL and time.monotonic() - began < 3.5


def test_what_a_child_says_last_is_kept_for_its_group_and_within_bounds(start, tmp_path, monkeypatch):
    child = start("import sys; print('first\\nready', file=sys.stderr); sys.exit(2)")
    log = tmp_path / "state" / "collector.log"
    assert child.last_words() == "ready"
    assert stat.S_IMODE(log.stat().st_mode) & 0o027 == 0
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o750
    monkeypatch.setattr(collecting, "LOG_BYTES", 4)
    child.tidy()
    assert log.stat().st_size == 0


def test_the_words_of_an_earlier_child_are_not_taken_for_those_of_this_one(start):
    start("import sys; print('old words', file=sys.stderr); sys.exit(2)")
    assert start("import sys; sys.exit(2)").last_words() == ""


def test_a_child_ends_when_the_console_is_killed(tmp_path):
    """Nothing of the console runs after kill -9: only the end of the pipe can tell the child."""
    console = (
        "import pathlib, sys, time; from statusdesk.collecting import CollectorChild;"
        f"child = CollectorChild([sys.executable, '-c', {READS_STDIN!r}], pathlib.Path(sys.argv[1]));"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    root = str(Path(__file__).parents[1])
    argv = [sys.executable, "-c", console, str(tmp_path / "state")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}) as process:
        pid = int(process.stdout.readline())
        process.kill()
    wait_for(lambda: not _alive(pid))


def _alive(pid):
    """A process that has ended and waits to be reaped by whoever adopted it is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_is_not_misled_by_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "statusdesk").mkdir()
    (tmp_path / "statusdesk" / "__main__.py").write_text("import sys; print('not ours', file=sys.stderr)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    child = CollectorChild([sys.executable, "-m", "statusdesk", "bord"], tmp_path / "state")
    wait_for(lambda: child.exit_code() is not None)
    assert child.last_words() == "statusdesk: unknown command 'bord'; did you mean `statusdesk board`?"
    child.stop()
