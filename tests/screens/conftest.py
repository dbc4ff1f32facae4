"""The console's tests wait until the event loop has nothing left to do, not until the process has been idle for a time.

Textual's own wait takes at least 20 ms, twice for each key, and as long as the machine is busy with anything else.
"""

import asyncio

import pytest

QUIET_TURNS = 3
TURN_S = 0.001  # long enough for what a thread has handed to the loop


async def loop_is_quiet(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Return when the loop has been without work for some turns, or after ``max_sleep`` seconds."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + max_sleep
    quiet = 0
    while quiet < QUIET_TURNS and loop.time() < end_s:
        await asyncio.sleep(TURN_S if quiet else 0)
        quiet = 0 if loop._ready else quiet + 1


@pytest.fixture(autouse=True)
def quick_pilot(monkeypatch):
    """Let the pilot wait for the loop."""
    monkeypatch.setattr("textual.app.wait_for_idle", loop_is_quiet)
    monkeypatch.setattr("textual.pilot.wait_for_idle", loop_is_quiet)
