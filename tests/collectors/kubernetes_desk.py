"""The collector of a cluster, run against the server of a test; what it emits is kept."""

import json
import threading
import time
from pathlib import Path

from collectors.kubernetes_cluster import KubernetesCluster
from collectors.kubernetes_shared import Timing
from statusdesk.clock import system_clock
from statusdesk.config import AppSettings, ClusterSettings
from statusdesk.facts import Changed, Message, Swept, Visited
from tests.collectors.kubernetes_server import WAIT_S, Kube, wait_for

QUICK = Timing(
    backoff_first_s=0.02,
    backoff_limit_s=0.1,
    rouse_s=0.05,
    grace_s=0.05,
    silence_s=5.0,
    reprobe_s=0.2,
    names_s=0.1,
    watch_s=(240, 290),
    quick_s=0.1,
)


class Desk:
    """Runs the collector against the server and keeps what it emits."""

    def __init__(self, kube: Kube, directory: Path) -> None:
        self.kube = kube
        self.messages: list[Message] = []
        self.stop = threading.Event()
        self.kubeconfig = directory / "kubeconfig"
        self.write_kubeconfig("first")
        self.collector: KubernetesCluster | None = None
        self._thread: threading.Thread | None = None

    def write_kubeconfig(self, token: str) -> None:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{self.kube.port}"}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        self.kubeconfig.write_text(json.dumps(config))

    def settings(self, **settings: object) -> ClusterSettings:
        given = {"name": "c1", "kubeconfig": str(self.kubeconfig), "request_timeout_s": 2.0, "poll_interval_s": 0.1}
        return ClusterSettings(**(given | settings))

    def start(
        self,
        *namespaces: str,
        apps: tuple[AppSettings, ...] = (),
        timing: Timing = QUICK,
        **settings: object,
    ) -> "Desk":
        self.make(*namespaces, apps=apps, timing=timing, **settings)
        return self.run()

    def make(
        self,
        *namespaces: str,
        apps: tuple[AppSettings, ...] = (),
        timing: Timing = QUICK,
        **settings: object,
    ) -> KubernetesCluster:
        """Make the collector and leave it to the test to run it."""
        self.collector = KubernetesCluster(
            self.settings(**settings),
            namespaces or ("testing", "staging"),
            apps,
            self.messages.append,
            self.stop,
            system_clock,
            timing,
        )
        return self.collector

    def run(self) -> "Desk":
        self._thread = threading.Thread(target=self.collector.run)
        self._thread.start()
        return self

    def end(self) -> float:
        """Stop the collector and return how many seconds it took."""
        began_s = time.monotonic()
        self.stop.set()
        if self._thread is not None:
            self._thread.join(WAIT_S)
            assert not self._thread.is_alive()
        return time.monotonic() - began_s

    def sweeps(self, subkind: str = "", scope: str | None = None) -> list[Swept]:
        return [
            one
            for one in list(self.messages)
            if isinstance(one, Swept) and one.subkind == subkind and scope in (None, one.scope)
        ]

    def changes(self) -> list[Changed]:
        return [one for one in list(self.messages) if isinstance(one, Changed)]

    def visits(self, scope: str = "") -> list[Visited]:
        return [one for one in list(self.messages) if isinstance(one, Visited) and one.scope == scope]

    def wait_live(self, after: int = 0) -> None:
        """Wait for a visit that says that every stream is open, among those from ``after`` on."""
        wait_for(lambda: any(one.ok and one.live for one in self.visits()[after:]), "never live")

    def wait_problem(self, problem: str, scope: str = "", after: int = 0) -> Visited:
        wait_for(
            lambda: any(one.problem == problem for one in self.visits(scope)[after:]),
            f"no {problem}: {self.visits(scope)}",
        )
        return next(one for one in self.visits(scope)[after:] if one.problem == problem)
