"""``statusdesk demo --serve``: the world alone, until a signal or the end of stdin."""

import asyncio
import dataclasses
import os
import signal
import stat
import sys

from statusdesk.demo.world import Options, World
from statusdesk.demo.world_control import control_app
from statusdesk.demo.world_listener import Listener, jenkins_error


def serve(options: Options, *, control: bool) -> int:
    """Serve until SIGTERM, SIGINT or the end of stdin, where it is no terminal; returns the exit code."""
    if not (_is_pipe(0) or _is_terminal(0)):
        print("statusdesk: stdin is at its end, and the world ends with it; keep stdin open", file=sys.stderr)
        return 0
    asyncio.run(_serve(options, control=control))
    return 0


async def _serve(options: Options, *, control: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if _is_pipe(0):
        loop.add_reader(0, _read_on, ended)
    world = World(options)
    knobs = Listener(control_app(world), jenkins_error) if control else None
    try:
        addresses = await world.start()
        if knobs is not None:
            await knobs.start()
            addresses = dataclasses.replace(addresses, control=knobs.url)
        print(addresses.line(), flush=True)
        await ended.wait()
    finally:
        if knobs is not None:
            await knobs.stop()
        await world.stop()


def _is_pipe(descriptor: int) -> bool:
    if sys.stdin is None:  # it was closed; descriptor 0 may be any file that was opened since
        return False
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_terminal(descriptor: int) -> bool:
    return sys.stdin is not None and os.isatty(descriptor)


def _read_on(ended: asyncio.Event) -> None:
    """Throw away what comes on stdin; at its end whoever started us has gone."""
    if not os.read(0, 65536):
        asyncio.get_running_loop().remove_reader(0)
        ended.set()
