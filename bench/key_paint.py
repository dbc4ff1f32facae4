"""From a key press to its paint: the board while 50 rows a second change, against the same board idle.

The board runs on a pseudo-terminal of 140 × 40 and reads a store of 500 applications in 5 stages, whose writer is this
process. The cursor goes down and up between two rows; a press is painted when the name of the row that it goes to has
come. The rows that change are mostly in sight; the two that the cursor visits are left alone, so that nothing else can
paint their names. Idle and busy blocks alternate; pauses between presses are of random length.
"""

import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fill_store
from pty_driver import Terminal
from report import finish, side

from statusdesk.states import RolloutState
from statusdesk.store.writer import Writer

ROUNDS, KEYS, TARGET = 6, 50, 2.0
ROWS_PER_S, BATCH_S = 50, 0.06
ROOT = Path(__file__).parent.parent
UP, DOWN = b"\x1b[A", b"\x1b[B"
FIRST, SECOND = b"app-007", b"app-057"  # failing, and therefore the first two rows
CHANGING = [app for app in range(60) if app % 50 != 7]


class Collector(threading.Thread):
    """Beats once a second as a collector does, and changes rows while it is told to be ``busy``."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(daemon=True)
        self.busy, self.ended = threading.Event(), threading.Event()
        self.changed = 0
        self._writer = writer
        self._rows = self._changing_rows()

    def run(self) -> None:
        beaten_s = due = 0.0
        while not self.ended.wait(BATCH_S):
            now_ms = time.time_ns() // 1_000_000
            if self.busy.is_set():
                due += ROWS_PER_S * BATCH_S
                rows = list(itertools.islice(self._rows, int(due)))
                due -= len(rows)
                self._writer.put(rows, now_ms)
                self.changed += len(rows)
            if time.monotonic() - beaten_s >= 1:
                beaten_s = time.monotonic()
                fill_store.beat(self._writer, now_ms)
            self._writer.commit()

    def _changing_rows(self) -> Iterator[RolloutState]:
        """Yield rollouts with ever new versions, of all changing applications in turn."""
        now_ms = time.time_ns() // 1_000_000
        for number in itertools.count(1):
            for app in CHANGING:
                yield fill_store.renewed(fill_store.rollout(app, number % 5, now_ms), number)


def press_ms(terminal: Terminal, keys: int, dice: random.Random) -> list[float]:
    """Go down and up; return the milliseconds from each press to its paint."""
    took: list[float] = []
    for key, marker in itertools.islice(itertools.cycle(((DOWN, SECOND), (UP, FIRST))), keys):
        terminal.drain(quiet_s=0.002, longest_s=dice.uniform(0.03, 0.13))
        time.sleep(dice.uniform(0.0, 0.05))
        terminal.drain(quiet_s=0.0)
        pressed_s = terminal.send(key)
        took.append((terminal.wait_for(marker) - pressed_s) * 1000)
    return took


@contextmanager
def collecting(state_dir: Path) -> Iterator[Collector]:
    """Fill the store and keep a collector on it."""
    with fill_store.fill(state_dir) as writer:
        collector = Collector(writer)
        collector.start()
        try:
            yield collector
        finally:
            collector.ended.set()
            collector.join()


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    """Measure alternately and print the result."""
    dice = random.Random(1)
    idle: list[list[float]] = []
    busy: list[list[float]] = []
    with tempfile.TemporaryDirectory() as name, collecting(Path(name) / "state") as collector:
        config = fill_store.write_config(Path(name), Path(name) / "state")
        argv = [sys.executable, "-m", "statusdesk", "--config", str(config), "board", "--attach"]
        with Terminal(argv, ROOT) as terminal:
            terminal.wait_for(FIRST)
            terminal.drain(quiet_s=1.0)
            press_ms(terminal, 10, dice)
            for _ in range(ROUNDS):
                idle.append(press_ms(terminal, KEYS, dice))
                collector.busy.set()
                before, began_s = collector.changed, time.monotonic()
                busy.append(press_ms(terminal, KEYS, dice))
                rate = (collector.changed - before) / (time.monotonic() - began_s)
                collector.busy.clear()
                terminal.drain(quiet_s=0.3)
    print(f"{ROUNDS} rounds of {KEYS} keys on each side; {rate:.0f} rows changed a second in the last")
    for title, rounds in (("idle", idle), ("busy", busy)):
        side(f"{title}: median of a press", [statistics.median(took) for took in rounds], "ms")
    idle_all, busy_all = sum(idle, []), sum(busy, [])
    plain = side("idle: p95 of each round", [p95(took) for took in idle], "ms")
    loaded = side("busy: p95 of each round", [p95(took) for took in busy], "ms")
    print(
        f"p95 of all presses: idle {p95(idle_all):.2f} ms, busy {p95(busy_all):.2f} ms; of rounds {loaded / plain:.2f}"
    )
    finish("key to paint, p95: 50 rows a second / idle", p95(busy_all) / p95(idle_all), TARGET)


if __name__ == "__main__":
    main()
