"""CPU per line of following 50 pods to a file, against ``kubectl logs -f --prefix -l ... --max-log-requests 50``.

Both follow the same pods of the demo world, which write 200 lines a second each, one program at a time, each from the
first line on. The time that it takes to start is counted on both sides. A line is one that has arrived in the file.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from demo_world import argv_of, order, world
from report import finish, side

PODS, PER_S, SECONDS, RUNS = 50, 200.0, 20.0, 3
NAMESPACE, APP = "load", "loud"
TARGET = 1.5


def running(ready: dict[str, str]) -> int:
    """Return how many of the pods run."""
    with urllib.request.urlopen(f"{ready['kubernetes']}/api/v1/namespaces/{NAMESPACE}/pods", timeout=30) as answer:
        return int(answer.read().count(b'"phase":"Running"'))


def follow(argv: list[str], ready: dict[str, str], out: Path) -> float:
    """Follow for a while and return the CPU of a line in microseconds."""
    environment = {**os.environ, "KUBECONFIG": ready["kubeconfig"], "NO_COLOR": "1"}
    with out.open("wb") as stdout:
        child = subprocess.Popen(argv, stdout=stdout, stderr=subprocess.DEVNULL, env=environment)
        time.sleep(SECONDS)
        child.send_signal(signal.SIGTERM)  # an interrupt is ignored by what a script started in the background
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    with out.open("rb") as lines:
        count = sum(piece.count(b"\n") for piece in iter(lambda: lines.read(1 << 20), b""))
    if count < PODS * PER_S * SECONDS * 0.8:
        sys.exit(f"{argv[0]}: only {count} lines in {SECONDS:g} s: this measures nothing")
    return (used.ru_utime + used.ru_stime) / count * 1e6


def main() -> None:
    if not shutil.which("kubectl"):
        sys.exit("kubectl is not installed: there is nothing to hold it against")
    mine: list[float] = []
    theirs: list[float] = []
    with world("--control", "--apps=2", "--scenario=calm") as ready, tempfile.TemporaryDirectory() as directory:
        order(ready, "logs", namespace=NAMESPACE, app=APP, per_s=PER_S)
        order(ready, "apply", namespace=NAMESPACE, app=APP, version="1", replicas=PODS)
        while running(ready) < PODS:
            time.sleep(0.2)
        out = Path(directory) / "lines"
        tail = ["--tail=1"]  # what was written before it starts is not part of the load
        ours = argv_of(ready, "logs", APP, "-n", NAMESPACE, "--container=app", f"--max-streams={PODS}", *tail)
        kubectl = ["kubectl", "logs", "-f", "-n", NAMESPACE, "--prefix", "-c", "app", *tail]
        kubectl += ["-l", f"app.kubernetes.io/name={APP}", f"--max-log-requests={PODS}"]
        for _ in range(RUNS):
            mine.append(follow(ours, ready, out))
            theirs.append(follow(kubectl, ready, out))
    a = side(f"statusdesk logs, {PODS} pods: CPU of a line", mine, "us")
    b = side("kubectl logs -f --prefix: CPU of a line", theirs, "us")
    finish("CPU of a followed line / kubectl's", a / b, TARGET)


if __name__ == "__main__":
    main()
