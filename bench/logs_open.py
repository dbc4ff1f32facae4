"""From the key ``l`` on the board to the first lines of the log, in the demo world; each board opens its first log.

The clients of the sources are loaded by the first log that is opened, so that is what is measured. The other side is
what the issue allows.
"""

from demo_world import argv_of, collecting, order, store_of, world
from logs_world import ROOT, select_app
from pty_driver import Terminal
from report import finish, side
from stored import Stored

RUNS, ALLOWED_MS = 9, 300.0
APP = "talks"


def main() -> None:
    """Measure and print the result."""
    took: list[float] = []
    again: list[float] = []
    with world("--control", "--scenario", "calm", "--apps", "8") as ready, collecting(ready):
        order(ready, "logs", namespace="testing", app=APP, per_s=20)
        order(ready, "apply", namespace="testing", app=APP, version="1.0.0", replicas=2)
        ask = f"select count(*) = 1 from rollout_current where app = '{APP}' and level = 'ok' and ready = 2"
        Stored(store_of(ready)).wait(ask, timeout_s=120)
        for _ in range(RUNS):
            with Terminal(argv_of(ready, "board", "--attach"), ROOT) as terminal:
                terminal.wait_for(APP.encode())
                select_app(terminal, APP)
                pressed_s = terminal.send(b"l")
                took.append((terminal.wait_for(b"INFO line ") - pressed_s) * 1000)
                terminal.send(b"\x1b")
                terminal.wait_for(b"APPLICATION")
                terminal.drain(quiet_s=0.3, longest_s=2.0)
                pressed_s = terminal.send(b"l")
                again.append((terminal.wait_for(b"INFO line ") - pressed_s) * 1000)
    side("the second log of a board", again, "ms")
    first = side("the first log of a board", took, "ms")
    side("allowed", [ALLOWED_MS], "ms")
    finish("from l to the first lines, median / allowed", first / ALLOWED_MS, 1.0)


if __name__ == "__main__":
    main()
