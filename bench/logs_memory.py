"""Memory of a board whose logs screen holds 100,000 lines, over the same board before its first log was opened.

The lines come from a pod of the demo world that writes 25,000 of them a second, of an ordinary length. What the client
of Kubernetes takes that the first log loads is part of it.
"""

import time
from pathlib import Path

from demo_world import argv_of
from logs_world import APP, ROOT, loud_world, select_app
from pty_driver import Terminal
from report import finish, side

LINES, PER_S, ALLOWED_MIB = 100_000, 25_000, 60.0
RUNS = 3


def resident_mib(pid: int) -> float:
    """Return how much memory of a process is in use now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    """Measure and print the result."""
    idle, full = [], []
    with loud_world(1, PER_S) as ready:
        for _ in range(RUNS):
            with Terminal(argv_of(ready, "board", "--attach"), ROOT) as terminal:
                terminal.wait_for(APP.encode())
                terminal.drain(quiet_s=1.0, longest_s=3.0)
                idle.append(resident_mib(terminal.pid))
                select_app(terminal)
                terminal.send(b"l")
                terminal.wait_for(b"following")
                end = time.perf_counter() + LINES / PER_S * 1.6 + 2
                while time.perf_counter() < end:
                    terminal.read_for(0.2)
                full.append(resident_mib(terminal.pid))
    before = side("the board, idle", idle, "MiB")
    after = side(f"the same board with a log of {LINES:,} lines", full, "MiB")
    print(f"more by {after - before:.1f} MiB, allowed {ALLOWED_MIB:.0f} MiB")
    finish("memory of 100,000 lines over the idle board / allowed", (after - before) / ALLOWED_MIB, 1.0)


if __name__ == "__main__":
    main()
