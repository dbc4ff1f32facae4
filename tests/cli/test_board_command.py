"""``board`` on a terminal: however it ends, the terminal is given back and the exit code tells how it ended."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import environment, rollout

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Console:
    """A program on a terminal of its own, and all that it has written."""

    def __init__(self, argv, env):
        self._leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            argv, stdin=follower, stdout=follower, stderr=follower, env=env, start_new_session=True
        )
        os.close(follower)
        self.written = b""

    def wait_for(self, text, timeout_s=40.0):
        end = time.monotonic() + timeout_s
        while text not in self.written:
            assert time.monotonic() < end, self.written[-2000:]
            if not self._read():
                assert text in self.written, self.written[-2000:]

    def end(self, timeout_s=20.0):
        """Read to the end and return the exit code."""
        end = time.monotonic() + timeout_s
        while self._read():
            assert time.monotonic() < end, "it does not end"
        return self.process.wait(timeout_s)

    def press(self, keys):
        os.write(self._leader, keys)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._leader)

    def _read(self):
        """Read what is there; False at the end, which is an error on Linux."""
        if not select.select([self._leader], [], [], 0.1)[0]:
            return True
        try:
            more = os.read(self._leader, 65_536)
        except OSError:
            return False
        self.written += more
        return bool(more)


@pytest.fixture
def board(config, put, tmp_path):
    """Start the board on a store that another collector keeps."""
    put(rollout("orders", "staging"))
    consoles = []

    def board(*argv):
        words = [sys.executable, "-m", "statusdesk", "-c", str(config), "board", *argv]
        consoles.append(Console(words, environment(tmp_path, {"COLUMNS": "120", "LINES": "30"})))
        return consoles[-1]

    yield board
    for console in consoles:
        console.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_a_signal_gives_the_terminal_back(board, number, code):
    console = board("--attach")
    console.wait_for(b"orders")
    assert ENTER in console.written and LEAVE not in console.written
    console.process.send_signal(number)
    assert console.end() == code
    assert LEAVE in console.written
    assert b"Traceback" not in console.written


def test_a_signal_at_the_very_start_gives_the_terminal_back_as_well(board):
    console = board("--attach")
    console.wait_for(ENTER)
    console.process.send_signal(signal.SIGTERM)
    assert console.end() == 0, console.written.decode()
    assert LEAVE in console.written


@pytest.mark.parametrize(("keys", "code"), [(b"q", 0), (b"\x03", 130)])
def test_keys_end_it_in_the_same_way(board, keys, code):
    console = board("--attach")
    console.wait_for(b"orders")
    console.press(keys)
    assert console.end() == code and LEAVE in console.written
