"""What is going to happen in a simulated cluster: its waiting ends when it is told to end."""

import asyncio
import contextlib

import pytest

from statusdesk.demo.clock import WorldClock
from statusdesk.demo.kube_agenda import Agenda


@pytest.mark.parametrize("turns", range(5))
async def test_it_ends_when_it_is_cancelled_as_something_becomes_due(turns: int) -> None:
    agenda = Agenda(WorldClock(1.0))
    agenda.after(3600, lambda: None)
    life = asyncio.create_task(agenda.run())
    await asyncio.sleep(0)
    agenda.after(1800, lambda: None)
    for _ in range(turns):
        await asyncio.sleep(0)
    life.cancel()
    done, _ = await asyncio.wait({life}, timeout=5)
    ended = bool(done)
    life.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await life
    assert ended
