"""Clients that nobody here wrote, on the simulated Kubernetes: kubectl, and the Python client's raw calls."""

import asyncio
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from kube_support import served

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_cluster import Behaviour, KubeCluster

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def world() -> KubeCluster:
    cluster = KubeCluster(WorldClock(10.0), deadline_s=60)
    cluster.apply("testing", "orders", "1.0", settled=True)
    cluster.apply("testing", "crash", "1.0", behaviour=Behaviour.CRASH, replicas=1, settled=True, age_s=300)
    cluster.apply("testing", "db", "14", kind="StatefulSet", settled=True)
    cluster.apply("testing", "agent", "2", kind="DaemonSet", settled=True)
    return cluster


class Kubectl:
    """kubectl with nobody's configuration."""

    def __init__(self, url: str, home: Path) -> None:
        self._url = url
        self._env = {"HOME": str(home), "KUBECONFIG": str(home / "none"), "PATH": os.environ["PATH"]}

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            "kubectl", "--server", self._url, *words, stdout=pipe, stderr=pipe, env=self._env
        )

    async def __call__(self, *words: str) -> tuple[int | None, str, str]:
        process = await self.start(*words)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


@needs_kubectl
async def test_kubectl_get(tmp_path: Path):
    async with served(world()) as url:
        kubectl = Kubectl(url, tmp_path)
        code, out, err = await kubectl("get", "deploy,pods,sts,ds,rs", "-A")
        assert (code, err) == (0, "")
        rows = [line.split() for line in out.splitlines() if line]
        assert ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"] in rows
        assert ["testing", "deployment.apps/orders", "2/2", "2", "2", "24h"] in rows
        assert ["testing", "pod/db-0", "1/1", "Running", "0", "24h"] in rows
        assert ["testing", "daemonset.apps/agent", "3", "3", "3", "3", "3", "<none>", "24h"] in rows
        code, out, _ = await kubectl("get", "pods", "-n", "testing", "-o", "json")
        assert code == 0 and len(json.loads(out)["items"]) == 8
        code, out, _ = await kubectl("get", "deploy", "-n", "testing", "orders", "-o", "wide")
        assert code == 0 and "registry.local/orders:1.0" in out
        code, _, err = await kubectl("get", "pod", "-n", "testing", "nope")
        assert code == 1 and 'pods "nope" not found' in err


@needs_kubectl
async def test_kubectl_watches_pods(tmp_path: Path):
    cluster = world()
    async with served(cluster) as url:
        news = await watched_pods(Kubectl(url, tmp_path), cluster, "1.1")
    for text in ("Pending", "Init:0/1", "PodInitializing", "Running", "Terminating"):
        assert text in news


async def watched_pods(kubectl: Kubectl, cluster: KubeCluster, version: str) -> str:
    """Return what kubectl tells of pods from a change on until an old one ends."""
    process = await kubectl.start("get", "pods", "-n", "testing", "-w")
    assert process.stdout is not None and process.stderr is not None
    seen: list[str] = []

    async def see_line() -> None:
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended: {(await process.stderr.read()).decode()}; seen {seen}"
        seen.append(line)

    try:
        async with asyncio.timeout(25):
            while len(seen) < 9:  # the head and eight pods, before anything changes
                await see_line()
            cluster.apply("testing", "orders", version)
            while not any("Terminating" in line for line in seen[9:]):
                await see_line()
    finally:
        process.kill()
        await process.communicate()
    return "".join(seen[9:])


@needs_kubectl
async def test_kubectl_rollout_status(tmp_path: Path):
    cluster = world()
    async with served(cluster) as url:
        kubectl = Kubectl(url, tmp_path)
        cluster.apply("testing", "orders", "1.1")
        code, out, _ = await kubectl("rollout", "status", "-n", "testing", "deploy/orders")
        assert (code, out.splitlines()[-1]) == (0, 'deployment "orders" successfully rolled out')
        assert "Waiting for deployment" in out
        for other in ("sts/db", "ds/agent"):
            assert (await kubectl("rollout", "status", "-n", "testing", other))[0] == 0
        cluster.apply("testing", "orders", "1.2", behaviour=Behaviour.IMAGE_MISSING)
        code, _, err = await kubectl("rollout", "status", "-n", "testing", "deploy/orders")
        assert code == 1 and 'deployment "orders" exceeded its progress deadline' in err


@needs_kubectl
async def test_kubectl_logs(tmp_path: Path):
    cluster = world()
    async with served(cluster) as url:
        kubectl = Kubectl(url, tmp_path)
        crash, orders = cluster.pods("testing", "crash")[0], cluster.pods("testing", "orders")[0]
        code, out, _ = await kubectl("logs", "-n", "testing", "--previous", crash)
        assert code == 0 and "Shutting down with exit code 1" in out
        code, out, _ = await kubectl("logs", "-n", "testing", orders, "-c", "vault-agent")
        assert code == 0 and "consul-template" in out
        process = await kubectl.start("logs", "-n", "testing", "-f", "--tail=1", orders)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() and await process.stdout.readline()
            cluster.delete_pod("testing", orders)
            rest, _ = await process.communicate()
        assert process.returncode == 0 and rest.decode().endswith("Stopped\n")


@needs_kubectl
async def test_kubectl_events_rights_and_refusals(tmp_path: Path):
    cluster = world()
    async with served(cluster) as url:
        kubectl = Kubectl(url, tmp_path)
        code, out, _ = await kubectl("get", "events", "-n", "testing")
        assert code == 0 and "Back-off restarting failed container app" in out
        assert out.split()[:4] == ["LAST", "SEEN", "TYPE", "REASON"]
        code, out, _ = await kubectl("describe", "pod", "-n", "testing", cluster.pods("testing", "crash")[0])
        assert code == 0 and "CrashLoopBackOff" in out and "BackOff" in out.split("Events:")[1]
        code, out, _ = await kubectl("auth", "can-i", "list", "pods", "-n", "testing")
        assert (code, out.strip()) == (0, "yes")
        code, out, _ = await kubectl("auth", "can-i", "delete", "pods", "-n", "testing")
        assert (code, out.strip()) == (1, "no")
        code, _, err = await kubectl("delete", "pod", "-n", "testing", "db-0")
        assert code == 1 and 'User "reader" cannot delete resource "pods"' in err


def raw(client: Any, path: str, query: list[tuple[str, str]]) -> Any:
    args = client.param_serialize(
        "GET", path, query_params=query, header_params={"Accept": "application/json"}, auth_settings=["BearerToken"]
    )
    return client.call_api(*args, _request_timeout=(5, 20)).response


async def test_raw_calls_of_the_python_client():
    kubernetes = pytest.importorskip("kubernetes.client", reason="the Kubernetes client is not installed")
    cluster = world()
    async with served(cluster) as url:
        configuration = kubernetes.Configuration(host=url)
        configuration.retries = False
        client = kubernetes.ApiClient(configuration)
        listed = json.loads(await asyncio.to_thread(lambda: raw(client, "/api/v1/pods", [("limit", "500")]).read()))
        version = listed["metadata"]["resourceVersion"]
        heard, seen = threading.Event(), []

        def watch() -> None:
            answer = raw(client, "/api/v1/pods", [("watch", "true"), ("resourceVersion", version)])
            for chunk in answer.stream(65536):
                seen.append(chunk)
                heard.set()
                break
            answer.close()

        watching = asyncio.create_task(asyncio.to_thread(watch))
        cluster.apply("testing", "orders", "1.1")
        async with asyncio.timeout(30):
            await watching
        refused = await asyncio.to_thread(lambda: raw(client, "/api/v1/namespaces/testing/pods/nope", []).status)
    assert len(listed["items"]) == 8 and refused == 404
    assert heard.is_set() and b'"type":"ADDED"' in seen[0]
