"""What the tests of the simulated Kubernetes share: a cluster in stepped time, and one that is served."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from statusdesk.demo.clock import SteppedTime, WorldClock
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.kube_http import serve_cluster
from statusdesk.demo.kube_kinds import Kind

DATA = Path(__file__).parents[1] / "data" / "kubernetes"
START_MS = 1_795_000_000_000


def recorded(name: str) -> Any:
    return json.loads((DATA / name).read_text())


def stepped(**settings: Any) -> KubeCluster:
    """Return a cluster whose time stands still until ``pass_time``."""
    return KubeCluster(WorldClock(1.0, SteppedTime(START_MS)), **settings)


def objects(cluster: KubeCluster, kind: Kind, namespace: str = "") -> list[dict[str, Any]]:
    return [json.loads(kind.prefix + item.raw[1:]) for item in cluster.parts.store.items(kind, namespace)]


def changes(cluster: KubeCluster, kind: Kind, since: int) -> list[tuple[str, dict[str, Any]]]:
    found = cluster.parts.store.changes(kind, since)
    return [(change.type, json.loads(kind.prefix + change.item.raw[1:])) for change in found]


def rollout(cluster: KubeCluster, name: str, namespace: str = "testing") -> dict[str, Any]:
    """Return what the cluster itself knows about one workload."""
    found = [r for r in cluster.truth()["rollouts"] if (r["namespace"], r["name"]) == (namespace, name)]
    assert len(found) == 1
    return found[0]


@contextlib.asynccontextmanager
async def served(cluster: KubeCluster) -> AsyncIterator[str]:
    """Serve a cluster that lives, and yield its URL."""
    runner, url = await serve_cluster(cluster)
    life = asyncio.create_task(cluster.run())
    try:
        yield url
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life
        await runner.cleanup()


async def get(session: aiohttp.ClientSession, url: str, **options: Any) -> tuple[int, Any]:
    async with session.get(url, **options) as answer:
        return answer.status, json.loads(await answer.read())


async def lines(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Yield the lines of a watch."""
    async for line in answer.content:
        yield json.loads(line)
