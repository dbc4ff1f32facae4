"""What the logs look like, at a fixed clock: small and large, hostile, filtered and paused, side by side, no colour."""

import pytest

from tests.screens import rollouts
from tests.screens.desk import desk, until
from tests.screens.log_hand import HOSTILE, STORY, HandDoors

SIZES = [(80, 24), (140, 40)]


def logs(lines=STORY, keys=(), **more):
    """Return a desk with its logs open, and what waits until they are and presses keys."""
    doors = HandDoors(lines)
    app = desk(rollouts.failing_init(), readings=rollouts.READINGS, logs=doors, **more)

    async def settled(pilot):
        await pilot.press("l")
        await until(pilot, lambda: bool(doors.opened) and not doors.last._lines and len(app.screen.pane.feed.shown) > 5)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: not any(pane.hurried for pane in app.screen.panes))
        await pilot.pause(0.1)

    return {"app": app, "run_before": settled}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_following(snap_compare, size):
    assert snap_compare(**logs(), terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_filtered_and_paused(snap_compare, size):
    keys = ("e", *"DEBUG", "enter", "exclamation_mark", "slash", *"no", "enter", "m", "up")
    assert snap_compare(**logs(keys=keys), terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_hostile(snap_compare, size):
    assert snap_compare(**logs(HOSTILE), terminal_size=size)


def test_wrapped_with_a_trace_unfolded(snap_compare):
    assert snap_compare(**logs(keys=("w", "z")), terminal_size=(80, 24))


def test_side_by_side(snap_compare):
    assert snap_compare(**logs(keys=("home", "x", "enter")), terminal_size=(140, 40))


def test_while_a_filter_is_typed(snap_compare):
    assert snap_compare(**logs(keys=("i", *"orders")), terminal_size=(80, 24))


def test_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(**logs(keys=("up",)), terminal_size=(80, 24))


def test_in_ascii(snap_compare):
    assert snap_compare(**logs(keys=("up", "i", *"o", "enter"), ascii_only=True), terminal_size=(80, 24))
