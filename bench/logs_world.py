"""A demo world whose containers write as many lines as asked for, and a board of it that shows their log."""

import contextlib
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from demo_world import argv_of, collecting, order, store_of, world
from pty_driver import Terminal
from stored import Stored

ROOT = Path(__file__).parent.parent
COUNTS, LOOK_S, LONGEST_S = 5, 0.02, 4.0
ROOM_LINES = 90_000  # a paused view has room for some more
APP = "loud"
_NEW = re.compile(rb"\+([\d,]+) new")


@contextlib.contextmanager
def loud_world(pods: int, lines_per_s: float, *, app: str = APP) -> Iterator[dict[str, str]]:
    """Serve a calm world in which an app of so many pods writes so many lines a second together; collect it."""
    with world("--control", "--scenario", "calm", "--apps", "8") as ready, collecting(ready):
        order(ready, "logs", namespace="testing", app=app, per_s=lines_per_s / pods)
        order(ready, "apply", namespace="testing", app=app, version="1.0.0", replicas=pods)
        query = f"select count(*) = 1 from rollout_current where app = '{app}' and level = 'ok' and ready = {pods}"
        Stored(store_of(ready)).wait(query, timeout_s=120)
        yield ready


def select_app(terminal: Terminal, app: str = APP) -> None:
    """Put the cursor of a board on an app in testing."""
    terminal.drain(quiet_s=0.5, longest_s=3.0)
    terminal.send(b":")
    terminal.drain(quiet_s=0.5, longest_s=2.0)
    terminal.send(f"testing/{app}\r".encode())
    terminal.drain(quiet_s=0.7, longest_s=2.0)


@contextlib.contextmanager
def log_of(ready: dict[str, str], app: str = APP) -> Iterator[Terminal]:
    """Open the log of an app on a board, at 140 × 40; it is left at its end."""
    with Terminal(argv_of(ready, "board", "--attach"), ROOT) as terminal:
        terminal.wait_for(app.encode())
        select_app(terminal, app)
        terminal.send(b"l")
        terminal.wait_for(b"following")
        terminal.drain(quiet_s=0.3, longest_s=4.0)
        yield terminal


def taken_per_s(terminal: Terminal, offered_per_s: float) -> list[float]:
    """Return how many lines a second the screen takes, several times over: how steeply what is new grows on it.

    The log is paused for that and follows again. Neither the lines that were on their way when it was paused count nor
    those that are when the reading ends, as they would if what is counted in the end were divided by the time.
    """
    return [_slope(terminal, min(LONGEST_S, ROOM_LINES / offered_per_s)) for _ in range(COUNTS)]


def _slope(terminal: Terminal, seconds: float) -> float:
    terminal.send(b"f")
    terminal.wait_for(b"PAUSED")
    began_s = time.perf_counter()
    terminal.drain(quiet_s=seconds / 4, longest_s=seconds / 4)
    at_s: list[float] = []
    counts: list[int] = []
    while (now_s := time.perf_counter()) < began_s + seconds:
        if found := _NEW.findall(terminal.read_for(LOOK_S)):
            at_s.append(now_s + LOOK_S)
            counts.append(int(found[-1].replace(b",", b"")))
    terminal.send(b"f")
    terminal.wait_for(b"following")
    terminal.read_for(seconds / 4)
    return statistics.linear_regression(at_s, counts).slope if len(at_s) > 1 else 0.0
