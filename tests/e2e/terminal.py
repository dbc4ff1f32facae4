"""A real terminal (tmux) of a stated size, in which a program runs, is typed at and read."""

import contextlib
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.world import wait_for

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """One tmux session on a server of its own."""

    def __init__(self, server: str) -> None:
        self._server = server

    def _tmux(self, *argv: str) -> str:
        done = subprocess.run(["tmux", "-L", self._server, *argv], capture_output=True, text=True, check=False)
        return done.stdout

    def screen(self) -> str:
        """Return what is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "main")

    def wait_for(self, text: str, timeout_s: float = 40.0) -> None:
        """Wait until ``text`` is on the screen; fail with the screen."""
        try:
            wait_for(lambda: text in self.screen(), timeout_s, f"{text!r} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's names."""
        self._tmux("send-keys", "-t", "main", *keys)

    def pid(self) -> int:
        """Return the process that runs in the terminal."""
        return int(self._tmux("display-message", "-p", "-t", "main", "#{pane_pid}"))

    def ended(self) -> bool:
        """Return whether the program has ended."""
        return self._tmux("display-message", "-p", "-t", "main", "#{pane_dead}").strip() in ("1", "")


@contextlib.contextmanager
def terminal(argv: list[str], columns: int = 140, lines: int = 40) -> Iterator[Terminal]:
    """Run a program in a terminal of this size."""
    server = f"statusdesk-{uuid.uuid4().hex[:8]}"
    start = ["tmux", "-L", server, "-f", "/dev/null", "new-session", "-d", "-s", "main"]
    start += ["-x", str(columns), "-y", str(lines), "exec env -u COLUMNS -u LINES " + shlex.join(argv)]
    subprocess.run([*start, ";", "set-option", "-g", "remain-on-exit", "on"], check=True)
    try:
        yield Terminal(server)
    finally:
        subprocess.run(["tmux", "-L", server, "kill-server"], capture_output=True, check=False)
