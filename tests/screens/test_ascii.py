"""ASCII mode draws nothing but ASCII: strips, lines, the palette, scroll bars."""

import pytest

from tests.screens import boards, rollouts
from tests.screens.desk import desk, text, until


def strange(app):
    return [char for char in text(app) if not char.isascii()]


@pytest.mark.parametrize("size", [(50, 20), (60, 20), (80, 24), (120, 30)])
@pytest.mark.parametrize("board", [boards.bad_rollout(), boards.many(100)], ids=["bad", "many"])
async def test_board_preview_and_palette(size, board):
    app = desk(board, ascii_only=True)
    async with app.run_test(size=size) as pilot:
        assert strange(app) == []
        await pilot.press("d")
        await until(pilot, lambda: "BEFORE" in str(app.screen.query_one("#detail-text").visual))
        assert strange(app) == []
        for typed in ("", "go to", "zzz"):
            await pilot.press("ctrl+p", *typed)
            await until(pilot, lambda: app.screen.id == "--command-palette")
            await until(pilot, lambda: "Search" in text(app) or "go to" in text(app) or "zzz" in text(app))
            await pilot.pause()
            assert strange(app) == []
            await pilot.press("escape")
            await until(pilot, lambda: app.screen.id != "--command-palette")


@pytest.mark.parametrize("key", ["enter", "w", "question_mark", "slash", "colon", "t"])
async def test_other_screens(key):
    app = desk(rollouts.failing_init(), readings=rollouts.READINGS, ascii_only=True)
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) > 1 or bool(app.screen.query("#filter")))
        await pilot.pause()
        assert strange(app) == []
