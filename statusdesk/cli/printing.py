"""Lines to stdout from a thread of their own, so that a reader that does not read never holds the collector up."""

import os
import queue
import sys
import threading
from collections.abc import Callable

from statusdesk.text import counted

MAX_LINES = 10_000
LAST_LINES_S = 2.0


class LinePrinter:
    """Prints lines in order; what a slow reader leaves no room for is dropped, counted and told.

    ``narrate`` gets the sentence about dropped lines, ``gone`` is called once when the reader has closed the pipe,
    or stdout cannot be written for another reason, which ``failed`` tells.
    """

    def __init__(self, narrate: Callable[[str], None], gone: Callable[[], None], max_lines: int = MAX_LINES) -> None:
        self.failed = False
        self._narrate = narrate
        self._gone = gone
        self._lines: queue.Queue[str | None] = queue.Queue(max_lines)
        self._dropped = 0
        self._thread = threading.Thread(target=self._print, name="stdout", daemon=True)
        self._thread.start()

    def put(self, line: str) -> bool:
        """Take a line and tell whether there was room for it; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            if not self._dropped:
                self._narrate("the reader of stdout is too slow: lines are being dropped")
            self._dropped += 1
            return False
        if self._dropped:
            were = "was" if self._dropped == 1 else "were"
            self._narrate(f"{counted(self._dropped, 'line')} {were} not printed")
            self._dropped = 0
        return True

    def close(self) -> None:
        """Print what is left, waiting two seconds at most for a reader that may not read."""
        try:
            self._lines.put(None, timeout=LAST_LINES_S)
        except queue.Full:
            return
        self._thread.join(LAST_LINES_S)

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                sys.stdout.write(line + "\n")
                if self._lines.empty():
                    sys.stdout.flush()
            except OSError as error:
                if not isinstance(error, BrokenPipeError):
                    self.failed = True
                    self._narrate(f"stdout cannot be written: {error.strerror}")
                # What Python still holds must not raise again when it flushes stdout at the end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                self._gone()
                return
