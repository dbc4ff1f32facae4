"""One collector per state directory, however the last one ended."""

import errno
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from statusdesk.store import lock
from statusdesk.store.errors import LockHeld, StoreError
from statusdesk.store.lock import StateLock, holder

ROOT = Path(lock.__file__).parents[2]
HOLD = (
    "import sys; from pathlib import Path\n"
    "from statusdesk.store.lock import StateLock\n"
    "StateLock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_on_a_full_disk_names_the_file_and_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(StoreError, match="lock cannot be written: No space left"):
        patched.setattr(lock.os, "pwrite", full)
        StateLock(tmp_path).acquire()
    assert holder(tmp_path) is None
    with StateLock(tmp_path):
        assert holder(tmp_path) is not None


def test_a_lock_is_let_go_on_a_disk_that_has_turned_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched, pytest.raises(StoreError, match="why it ended"), StateLock(tmp_path):
        patched.setattr(lock.os, "ftruncate", read_only)
        raise StoreError("why it ended")
    assert holder(tmp_path) is None


def test_a_second_process_is_told_the_pid_of_the_first(tmp_path: Path, other: subprocess.Popen) -> None:
    with pytest.raises(LockHeld, match=str(other.pid)) as raised:
        StateLock(tmp_path).acquire()
    assert raised.value.pid == other.pid
    assert holder(tmp_path) == other.pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_is_free_when_its_holder_is_killed(tmp_path: Path, other: subprocess.Popen, how: int) -> None:
    other.send_signal(how)
    other.wait()
    assert holder(tmp_path) is None
    with StateLock(tmp_path):
        assert holder(tmp_path) is not None


def test_one_process_cannot_hold_it_twice_by_two_locks(tmp_path: Path) -> None:
    with StateLock(tmp_path), pytest.raises(LockHeld):
        StateLock(tmp_path).acquire()
    with StateLock(tmp_path) as again:
        again.acquire()


def test_looking_takes_nothing_and_makes_nothing(tmp_path: Path) -> None:
    assert holder(tmp_path / "state") is None
    assert not (tmp_path / "state").exists()
    with StateLock(tmp_path):
        pass
    assert [holder(tmp_path) for _ in range(3)] == [None] * 3


def test_the_pid_is_not_known_yet(tmp_path: Path) -> None:
    with StateLock(tmp_path):
        (tmp_path / "lock").write_text("")
        assert holder(tmp_path) == 0
        with pytest.raises(LockHeld, match="another process"):
            StateLock(tmp_path).acquire()


def test_the_directory_is_made(tmp_path: Path) -> None:
    with StateLock(tmp_path / "a" / "b"):
        assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o750


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        StateLock(tmp_path / "file" / "state").acquire()
