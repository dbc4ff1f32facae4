"""From a change at the API server to its paint on the board: world, collector and board on this machine.

Through the demo world's control endpoint a new version is applied, which the API server tells its watches at once; it
is painted when the version has come on the pseudo-terminal of a board that is attached to the collector. The other side
is what the issue allows: 300 ms at the median, 600 ms for 95 of 100.
"""

import statistics
import time
from pathlib import Path

from demo_world import argv_of, collecting, order, store_of, world
from pty_driver import Terminal
from report import finish, side
from stored import Stored

CHANGES, MEDIAN_MS, P95_MS = 100, 300.0, 600.0
APPS = ("first", "second", "third", "fourth")
ROOT = Path(__file__).parent.parent


def main() -> None:
    painted: list[float] = []
    stored_ms: list[float] = []
    options = ("--control", "--scenario", "calm", "--apps", "8")
    with world(*options) as ready, collecting(ready):
        stored = Stored(store_of(ready))
        for app in APPS:
            order(ready, "apply", namespace="testing", app=app, version="1.0.0", replicas=1)
        stored.wait("select count(*) = 4 from rollout_current where version = '1.0.0' and level = 'ok'", timeout_s=60)
        with Terminal(argv_of(ready, "board", "--attach"), ROOT) as terminal:
            terminal.wait_for(b"first")
            terminal.drain(quiet_s=1.0)
            for number in range(CHANGES):
                app, version = APPS[number % len(APPS)], f"7.{number:03d}.9"
                terminal.drain(quiet_s=0.05 + 0.0041 * (number % 23), longest_s=1.0)
                began_s = time.perf_counter()
                order(ready, "apply", namespace="testing", app=app, version=version, replicas=1)
                painted.append((terminal.wait_for(version.encode()) - began_s) * 1000)
                stored_s = stored.one("select seen_ms from rollout_current where version = ?", version)
                assert isinstance(stored_s, int)
                stored_ms.append(stored_s - (time.time() - (time.perf_counter() - began_s)) * 1000)
                terminal.drain(quiet_s=0.3, longest_s=1.0)
    median = side("change at the API server to its paint", painted, "ms")
    p95 = statistics.quantiles(painted, n=20)[-1]
    side("of it, until it was judged", stored_ms, "ms")
    print(f"p95 {p95:.1f} ms, allowed {P95_MS:.0f} ms")
    side("allowed at the median", [MEDIAN_MS], "ms")
    worse = max(median / MEDIAN_MS, p95 / P95_MS)
    finish("change to paint, median and p95, the worse of the two / allowed", worse, 1.0)


if __name__ == "__main__":
    main()
