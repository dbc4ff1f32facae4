"""From the start of the process to the first paint: ``statusdesk board`` on a filled store, against a trivial app.

Both on a pseudo-terminal of 140 × 40, alternately. The store holds 500 applications in 5 stages and its collector
beats; the board is read from it (``--attach``) and must show an application's row. The trivial app is one ``Static``.
"""

import compileall
import sys
import tempfile
import threading
import time
from pathlib import Path

import fill_store
from pty_driver import Terminal
from report import finish, side

from statusdesk.store.writer import Writer

ROUNDS, TARGET = 15, 2.0
ROOT = Path(__file__).parent.parent
MARKER = b"app-007"
TRIVIAL = """\
from textual.app import App
from textual.widgets import Static

class Trivial(App):
    def compose(self):
        yield Static("app-007")

Trivial().run()
"""


def paint_s(argv: list[str]) -> float:
    """Return the seconds from spawn to the marker on the terminal."""
    with Terminal(argv, ROOT) as terminal:
        return terminal.wait_for(MARKER) - terminal.started_s


def keep_beating(writer: Writer, stop: threading.Event) -> None:
    """Beat once a second, as a collector does."""
    while not stop.wait(1.0):
        fill_store.beat(writer, time.time_ns() // 1_000_000)
        writer.commit()


def main() -> None:
    """Measure alternately and print the result."""
    for package in ("statusdesk", "screens"):
        compileall.compile_dir(ROOT / package, quiet=1)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        trivial = directory / "trivial.py"
        trivial.write_text(TRIVIAL, encoding="utf-8")
        config = fill_store.write_config(directory, directory / "state")
        theirs = [sys.executable, str(trivial)]
        ours = [sys.executable, "-m", "statusdesk", "--config", str(config), "board", "--attach"]
        writer, stop = fill_store.fill(directory / "state"), threading.Event()
        beating = threading.Thread(target=keep_beating, args=(writer, stop))
        beating.start()
        try:
            figures: tuple[list[float], list[float]] = ([], [])
            for argv in (theirs, ours):
                paint_s(argv)  # the first run fills the page cache
            for _ in range(ROUNDS):
                figures[0].append(paint_s(theirs) * 1000)
                figures[1].append(paint_s(ours) * 1000)
        finally:
            stop.set()
            beating.join()
            writer.close()
    plain = side("a trivial Textual app", figures[0], "ms")
    board = side("statusdesk board, 500 apps x 5 stages", figures[1], "ms")
    finish("first paint: board / trivial", board / plain, TARGET)


if __name__ == "__main__":
    main()
