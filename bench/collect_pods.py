"""CPU from HTTP to judged rows in the store for 10,000 pods, against the Kubernetes client's own list call.

Ours: a collector process on an empty store that was made before, from its first request until 2,000 Deployments and
10,000 pods are committed, its imports not counted. Theirs: ``CoreV1Api.list_pod_for_all_namespaces()`` of the same
server, which decodes the pods only. Each run is a process of its own; the sides take turns.
"""

import json
import resource
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

PODS, DEPLOYMENTS, RUNS = 10_000, 2_000, 5
TARGET_CPU = 1 / 20
TARGET_MEMORY = 1 / 4


def ours(config: Path, directory: Path) -> None:
    """Collect until all is committed; print CPU seconds and peak MiB."""
    # All imports come before the clock starts, as on their side.
    import kubernetes.config
    import requests  # noqa: F401
    import sqlite_utils  # noqa: F401

    from collectors import kubernetes_cluster  # noqa: F401
    from statusdesk.clock import system_clock
    from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
    from statusdesk.store.writer import Writer
    from statusdesk.watch import CollectorProcess

    settings = Config(
        path=str(directory / "config.toml"),
        stages=tuple(StageSettings(name=name, namespaces=(name,)) for name in NAMESPACES),
        clusters=(ClusterSettings(name="bench", kubeconfig=str(config)),),
        store=StoreSettings(state_dir=str(directory)),
    )
    kubernetes.config.new_client_from_config(str(config))
    Writer(directory / "statusdesk.db", 86_400.0, system_clock).close()
    stop = threading.Event()
    before = time.process_time()
    process = CollectorProcess(settings, owner="bench")
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    until_told()
    used = time.process_time() - before
    stop.set()
    thread.join()
    print(json.dumps({"cpu": used, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _complete(store: sqlite3.Connection) -> bool:
    pods = store.execute("select count(*) from pod_current").fetchone()[0]
    rollouts = store.execute("select count(*) from rollout_current").fetchone()[0]
    return bool(pods == PODS and rollouts == DEPLOYMENTS)


def theirs(config: Path) -> None:
    """List with the client's models; print CPU seconds and peak MiB."""
    import kubernetes
    from kubernetes.client import CoreV1Api

    client = kubernetes.config.new_client_from_config(str(config))
    api = CoreV1Api(client)
    before = time.process_time()
    pods = api.list_pod_for_all_namespaces()
    used = time.process_time() - before
    assert len(pods.items) == PODS
    print(json.dumps({"cpu": used, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measure() -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Run both sides in turn and return their figures."""
    figures: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    with serving(PODS, DEPLOYMENTS) as url:
        for _ in range(RUNS):
            for number, name in enumerate(("ours", "theirs")):
                with tempfile.TemporaryDirectory() as directory:
                    config = kubeconfig(url, Path(directory))
                    argv = [sys.executable, __file__, name, str(config), directory]
                    store = Path(directory) / "statusdesk.db"
                    run = measured(argv, store, _complete) if name == "ours" else subprocess.check_output(argv)
                    figures[number].append(run if isinstance(run, dict) else json.loads(run))
    return figures


def main(what: str) -> None:
    if what == "ours":
        ours(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    if what == "theirs":
        theirs(Path(sys.argv[2]))
        return
    mine, client = measure()
    if what == "memory":
        a = side("collector, 10,000 pods: peak memory", [run["mib"] for run in mine], "MiB")
        b = side("list_pod_for_all_namespaces: peak memory", [run["mib"] for run in client], "MiB")
        finish("peak memory of the collector / the client's models", a / b, TARGET_MEMORY)
    a = side("collector, 10,000 pods to judged rows: CPU", [run["cpu"] for run in mine], "s")
    b = side("list_pod_for_all_namespaces: CPU", [run["cpu"] for run in client], "s")
    finish("CPU from HTTP to the store / the client's list call", a / b, TARGET_CPU)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cpu")
