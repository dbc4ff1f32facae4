"""A ``watch`` goes before the collector of a board, and before nobody else."""

import os
import threading
import time
from pathlib import Path

import pytest

from statusdesk.store.errors import LockHeld
from statusdesk.store.lock import StateLock, holder
from statusdesk.store.precedence import REQUEST_NAME, REQUEST_VALID_S, acquire, asked_to_step_down


def test_a_free_directory_is_taken_without_asking(tmp_path: Path) -> None:
    lock = StateLock(tmp_path, "watch")
    acquire(lock)
    assert holder(tmp_path) == os.getpid() and not (tmp_path / REQUEST_NAME).exists()
    lock.release()


@pytest.mark.parametrize("owner", ["watch", ""])
def test_who_is_no_board_is_not_asked(tmp_path: Path, owner: str) -> None:
    with StateLock(tmp_path, owner), pytest.raises(LockHeld, match=str(os.getpid())) as raised:
        acquire(StateLock(tmp_path, "watch"))
    assert raised.value.owner == owner and not (tmp_path / REQUEST_NAME).exists()


def test_the_collector_of_a_board_is_asked_and_waited_for(tmp_path: Path) -> None:
    board, watch = StateLock(tmp_path, "board"), StateLock(tmp_path, "watch")
    board.acquire()
    waiting = threading.Thread(target=acquire, args=(watch,))
    waiting.start()
    end = time.monotonic() + 10
    while not asked_to_step_down(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.01)
    board.release()
    waiting.join(10)
    with pytest.raises(LockHeld) as raised:
        StateLock(tmp_path).acquire()
    assert raised.value.owner == "watch" and not (tmp_path / REQUEST_NAME).exists()
    watch.release()


def test_one_that_does_not_step_down_is_told_in_the_end(tmp_path: Path) -> None:
    with StateLock(tmp_path, "board"), pytest.raises(LockHeld):
        acquire(StateLock(tmp_path, "watch"), wait_s=0.2)
    assert not (tmp_path / REQUEST_NAME).exists()


def test_a_request_that_was_left_behind_is_not_heeded(tmp_path: Path) -> None:
    (tmp_path / REQUEST_NAME).touch()
    assert asked_to_step_down(tmp_path)
    old_s = time.time() - REQUEST_VALID_S - 1
    os.utime(tmp_path / REQUEST_NAME, (old_s, old_s))
    assert not asked_to_step_down(tmp_path)
