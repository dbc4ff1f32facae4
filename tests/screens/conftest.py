"""The console's tests wait until nothing is left to do, not until the process has been idle for a time.

Textual's own wait takes at least 20 ms, twice for each key, and as long as the machine is busy with anything else.
"""

import asyncio

import pytest
from textual._context import active_app

from screens.rollout import RolloutScreen

QUIET_TURNS = 3
TURN_S = 0.001  # long enough for what a thread has handed to the loop


async def nothing_is_left(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Return when the loop has been without work for some turns and the screen is drawn; after a second at most."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + max_sleep
    quiet = 0
    while quiet < QUIET_TURNS and loop.time() < end_s:
        await asyncio.sleep(TURN_S if quiet else 0)
        quiet = 0 if loop._ready or draws() else quiet + 1


def draws() -> bool:
    """Draw what the screen has to draw, now rather than at its next tick of 60 a second; tell whether there was any."""
    app = active_app.get()
    if app._exit or app._batch_count:
        return False
    screen = app.screen
    waiting = (
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
    if waiting:
        screen._on_timer_update()
    return bool(waiting)


@pytest.fixture(autouse=True)
def quick_pilot(monkeypatch):
    """Let the pilot wait for the loop and the screen."""
    monkeypatch.setattr("textual.app.wait_for_idle", nothing_is_left)
    monkeypatch.setattr("textual.pilot.wait_for_idle", nothing_is_left)


@pytest.fixture
def whole_text(monkeypatch):
    """Give the screen all its lines as text, those out of sight too."""
    whole = property(lambda screen: "\n".join(strip.text.rstrip() for strip in screen.body._lines))
    monkeypatch.setattr(RolloutScreen, "text", whole, raising=False)
