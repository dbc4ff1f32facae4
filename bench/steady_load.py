"""A collector under steady load: 10,000 pods of 2,000 workloads, 50 changes a second, for ``--minutes``.

The changes are pods that are replaced (each some ten changes of pods and workloads, which are judged and stored), the
rollouts of the calm scenario, and pods that are only touched, until pods and workloads change 50 times a second. Beside
them one workload a second is scaled by the control endpoint: from its request to the row in the store is the latency.
CPU, memory and file descriptors are those of the ``watch`` process, from when the first lists have settled. Over half
an hour or more (``--minutes 60``) memory must stay flat too: once the first sixth is over (caches and the history of
the first minutes have grown by then), no sample may be further than 5 % from the median.
"""

import argparse
import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo_world import changes, collecting, order, store_of, world
from report import finish, side
from stored import Stored

APPS, PODS, CHANGES_PER_S, REPLACED_PER_S = 400, 10_000, 50.0, 2.0
CPU_SHARE, RSS_MIB, P95_MS, GROWTH_MS = 0.15, 250.0, 300.0, 50.0
SETTLE_S, WARM_S = 20.0, 15.0
FLAT_SHARE, FLAT_FROM_S, FILES_MORE = 0.05, 1800.0, 4
PROBED = tuple(f"probe-{number}" for number in range(10))
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mib(pid: int, what: str = "VmRSS") -> float:
    """Return the memory that a process holds, or held at its peak (``VmHWM``)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def open_files(pid: int) -> int:
    """Return how many file descriptors a process holds."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


@dataclass
class Samples:
    """What was measured while the load was on: a latency each second, the rest every five seconds."""

    latencies: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def unevenness(self) -> float:
        """Return by which share of its median the memory differed most, once the first sixth was over."""
        settled = self.memory[len(self.memory) // 6 :]
        median = statistics.median(settled)
        return max(abs(value - median) for value in settled) / median

    def files_more(self) -> float:
        """Return how many files more were open in the last third than in the first."""
        third = max(1, len(self.files) // 3)
        return statistics.median(self.files[-third:]) - statistics.median(self.files[:third])


class Churn(threading.Thread):
    """Keeps the rate of changes at the wanted one: pods that are touched make up for what is missing."""

    def __init__(self, ready: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._ready = ready
        self._over = threading.Event()
        self.rates: list[float] = []

    def run(self) -> None:
        touched, seen, at_s = 15.0, changes(self._ready), time.monotonic()
        order(self._ready, "churn", per_s=touched, replaced_per_s=REPLACED_PER_S)
        while not self._over.wait(5):
            now, now_s = changes(self._ready), time.monotonic()
            rate = (now - seen) / (now_s - at_s)
            seen, at_s = now, now_s
            self.rates.append(rate)
            touched = min(CHANGES_PER_S, max(1.0, touched + (CHANGES_PER_S - rate) / 2))
            order(self._ready, "churn", per_s=touched, replaced_per_s=REPLACED_PER_S)

    def end(self) -> None:
        """Stop changing things."""
        self._over.set()
        self.join()
        order(self._ready, "churn")


def probe(ready: dict[str, str], stored: Stored, number: int) -> float:
    """Scale a workload; return the milliseconds until its row says so."""
    app, replicas = PROBED[number % len(PROBED)], 2 + (number // len(PROBED)) % 2
    began_s = time.perf_counter()
    order(ready, "scale", namespace="testing", app=app, replicas=replicas)
    query = "select 1 from rollout_current where key = ? and desired = ?"
    return (stored.wait(query, f"demo/testing/Deployment/{app}", replicas) - began_s) * 1000


def load(ready: dict[str, str], pid: int, stored: Stored, seconds: float) -> Samples:
    """Return what ``seconds`` of load needed."""
    samples = Samples()
    began_s = at_s = time.monotonic()
    used_s = cpu_s(pid)
    for number in range(10**9):
        samples.latencies.append(probe(ready, stored, number))
        now_s = time.monotonic()
        if now_s - at_s >= 5:
            samples.shares.append((cpu_s(pid) - used_s) / (now_s - at_s))
            samples.memory.append(rss_mib(pid))
            samples.files.append(open_files(pid))
            used_s, at_s = cpu_s(pid), now_s
        if now_s - began_s >= seconds:
            break
        time.sleep(max(0.0, began_s + number + 1 - now_s))
    return samples


def hold(samples: Samples, pid: int, seconds: float) -> dict[str, float]:
    """Print what was measured, and return it as ratios to what is allowed."""
    share = statistics.fmean(samples.shares)
    side("collector: share of a core, of 5 s each", samples.shares, "cores")
    print(f"collector: share of a core, whole time {share:.3f}, allowed {CPU_SHARE}")
    side("collector: memory", samples.memory, "MiB")
    print(f"peak since its start {rss_mib(pid, 'VmHWM'):.0f} MiB, allowed {RSS_MIB:.0f} under load")
    tenth = max(1, len(samples.memory) // 10)
    tenths = (samples.memory[begin : begin + tenth] for begin in range(0, len(samples.memory), tenth))
    print("memory by tenths of the time: " + " ".join(f"{statistics.median(values):.1f}" for values in tenths) + " MiB")
    print(f"off its median by {samples.unevenness():.1%} at most; file descriptors {min(samples.files)} to "
          f"{max(samples.files)}, in the last third {samples.files_more():+.0f}")  # fmt: skip
    latencies = samples.latencies
    side("event to store", latencies, "ms")
    p95 = statistics.quantiles(latencies, n=20)[-1]
    third = len(latencies) // 3
    growth = statistics.median(latencies[-third:]) - statistics.median(latencies[:third])
    print(f"event to store: p95 {p95:.0f} ms, allowed {P95_MS:.0f}; last third later than the first by {growth:.0f} ms")
    ratios = {
        "CPU": share / CPU_SHARE,
        "memory": max(samples.memory) / RSS_MIB,
        "p95": p95 / P95_MS,
        "growth of lag": growth / GROWTH_MS,
        "file descriptors": samples.files_more() / FILES_MORE,
    }
    if seconds >= FLAT_FROM_S:
        ratios["flatness"] = samples.unevenness() / FLAT_SHARE
    return ratios


def measure(seconds: float, pods_wanted: int, child: subprocess.Popen[bytes], ready: dict[str, str]) -> float:
    """Load a collector and print what it needs; return the worst of the ratios to what is allowed."""
    stored = Stored(store_of(ready))
    stored.wait("select count(*) >= ? from pod_current", pods_wanted - 100, timeout_s=120)
    for app in PROBED:
        order(ready, "apply", namespace="testing", app=app, version="1.0.0", replicas=1)
    stored.settle(SETTLE_S, longest_s=2 * SETTLE_S)
    pods, workloads = (stored.one(f"select count(*) from {name}_current") for name in ("pod", "rollout"))
    print(f"{pods} pods, {workloads} workloads; first lists: {cpu_s(child.pid):.1f} s of CPU")
    churn = Churn(ready)
    churn.start()
    time.sleep(WARM_S)
    samples = load(ready, child.pid, stored, seconds)
    churn.end()
    side("changes a second", churn.rates, "1/s")
    ratios = hold(samples, child.pid, seconds)
    print(", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()) + " of what is allowed")
    return max(ratios.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--apps", type=int, default=APPS)
    parser.add_argument("--pods", type=int, default=PODS)
    args = parser.parse_args()
    options = ("--control", "--scenario", "calm", "--apps", str(args.apps), "--pods", str(args.pods))
    with world(*options) as ready, collecting(ready) as child:
        worst = measure(args.minutes * 60, args.pods, child, ready)
    finish("CPU, memory, lag and file descriptors under steady load, the worst / allowed", worst, 1.0)


if __name__ == "__main__":
    main()
