"""What the board looks like, at a fixed clock: calm and with a bad rollout, small and large, with no colour."""

import pytest

from tests.screens import boards
from tests.screens.desk import desk

SIZES = [(80, 24), (140, 40)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
@pytest.mark.parametrize("picture", ["calm", "bad_rollout"])
def test_board(snap_compare, picture, size):
    assert snap_compare(desk(getattr(boards, picture)()), terminal_size=size)


def test_board_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(boards.bad_rollout()), terminal_size=(80, 24))


@pytest.mark.parametrize("theme", ["statusdesk-mono", "statusdesk-colourblind", "statusdesk-light"])
def test_board_in_other_themes(snap_compare, theme):
    assert snap_compare(desk(boards.bad_rollout(), theme=theme), terminal_size=(120, 30))


def test_board_in_ascii(snap_compare):
    assert snap_compare(desk(boards.bad_rollout(), ascii_only=True), terminal_size=(80, 24))


def test_board_below_sixty_columns(snap_compare):
    assert snap_compare(desk(boards.bad_rollout()), terminal_size=(50, 20))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_detail(snap_compare, size):
    async def settled(pilot):
        await pilot.press("d")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    assert snap_compare(desk(boards.bad_rollout()), terminal_size=size, run_before=settled)


def test_hostile(snap_compare):
    assert snap_compare(desk(boards.hostile()), terminal_size=(120, 30))
