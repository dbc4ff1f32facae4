"""CPU per watch event from HTTP to the store, against ``Watch().stream`` alone.

Both read the same 20,000 MODIFIED events of 10,000 pods, sent as fast as they are read; each event changes a pod's
readiness (some 250 pods are not ready at any time), so ours decodes, judges and stores what it touches. Ours is the
difference of two collector runs (with and without events), theirs the process time around the loop over the stream.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from collecting import measured, until_told
from kube_server import NAMESPACES, kubeconfig, serving
from report import finish, side

PODS, DEPLOYMENTS, EVENTS, RUNS = 10_000, 2_000, 20_000, 5
QUIET_LOOKS = 20
TARGET = 1 / 8


def ours(config: Path, directory: Path, events: int) -> None:
    """Collect until the last event's pod is committed; print CPU seconds."""
    # All imports come before the clock starts, as on their side.
    import kubernetes.config  # noqa: F401
    import requests  # noqa: F401
    import sqlite_utils  # noqa: F401

    from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
    from statusdesk.watch import CollectorProcess

    settings = Config(
        path=str(directory / "config.toml"),
        stages=tuple(StageSettings(name=name, namespaces=(name,)) for name in NAMESPACES),
        clusters=(ClusterSettings(name="bench", kubeconfig=str(config)),),
        store=StoreSettings(state_dir=str(directory)),
    )
    stop = threading.Event()
    before = time.process_time()
    process = CollectorProcess(settings, owner="bench")
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    until_told()
    used = time.process_time() - before
    stop.set()
    thread.join()
    print(json.dumps(used))


class Quiet:
    """All is stored when the pods have stopped changing."""

    def __init__(self) -> None:
        self._looks = 0
        self._seen: tuple[int, int] = (0, 0)

    def __call__(self, store: sqlite3.Connection) -> bool:
        seen = store.execute("select count(*), coalesce(max(change), 0) from pod_current").fetchone()
        self._looks = self._looks + 1 if seen[0] == PODS and seen == self._seen else 0
        self._seen = seen
        return self._looks >= QUIET_LOOKS


def theirs(config: Path) -> None:
    """Read the events with the client's watch; print CPU seconds."""
    import kubernetes
    from kubernetes.client import CoreV1Api

    api = CoreV1Api(kubernetes.config.new_client_from_config(str(config)))
    watch = kubernetes.watch.Watch()
    before = time.process_time()
    for count, _ in enumerate(watch.stream(api.list_pod_for_all_namespaces, resource_version="1000000"), 1):
        if count == EVENTS:
            break
    print(json.dumps(time.process_time() - before), flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        if sys.argv[1] == "theirs":
            theirs(Path(sys.argv[2]))
        else:
            ours(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        return
    mine, client = [], []
    with serving(PODS, DEPLOYMENTS) as idle, serving(PODS, DEPLOYMENTS, EVENTS) as busy:
        for _ in range(RUNS):
            without = _run("ours", idle, 0)
            mine.append((_run("ours", busy, EVENTS) - without) / EVENTS * 1e6)
            client.append(_run("theirs", busy, EVENTS) / EVENTS * 1e6)
    a = side("collector: CPU per watch event, HTTP to store", mine, "us")
    b = side("Watch().stream: CPU per watch event", client, "us")
    finish("CPU per watch event / Watch().stream", a / b, TARGET)


def _run(name: str, url: str, events: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        config = kubeconfig(url, Path(directory))
        argv = [sys.executable, __file__, name, str(config), directory, str(events)]
        if name == "theirs":
            return float(json.loads(subprocess.check_output(argv)))
        return float(measured(argv, Path(directory) / "statusdesk.db", Quiet()))


if __name__ == "__main__":
    main()
