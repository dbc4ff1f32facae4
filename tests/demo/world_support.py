"""Shared by the tests of the demo world: recorded answers, the comparison of shapes, and a server for one test."""

import contextlib
import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

DATA = Path(__file__).parent.parent / "data"


def recorded(area: str, name: str):
    return json.loads((DATA / area / f"{name}.json").read_text())


def differences(real, ours, at="") -> list[str]:
    """Tell where ``ours`` has other names, another order of names or other types than ``real``.

    None fits everything, because what is absent in one answer may be present in the other; of lists the first objects
    of each class are compared.
    """
    if real is None or ours is None:
        return []
    if isinstance(real, dict) and isinstance(ours, dict):
        found = [] if list(real) == list(ours) else [f"{at}: {list(real)} / {list(ours)}"]
        return found + [d for key in real if key in ours for d in differences(real[key], ours[key], f"{at}.{key}")]
    if isinstance(real, list) and isinstance(ours, list):
        by_class = {item.get("_class"): item for item in reversed(real) if isinstance(item, dict)}
        found = []
        for item in ours:
            if isinstance(item, dict) and item.get("_class") in by_class and (item or by_class[None] == item):
                found += differences(by_class[item.get("_class")], item, f"{at}[{item.get('_class')}]")
        return found
    return [] if type(real) is type(ours) else [f"{at}: {real!r} / {ours!r}"]


@contextlib.asynccontextmanager
async def served(app: web.Application):
    """Serve an application on a free loopback port; yields its address without a slash at the end."""
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()
