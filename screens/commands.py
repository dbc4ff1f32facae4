"""The palette's search over places: every application, and every stage of it.

Names are given as ``Text``: the palette takes strings for markup, and a name may hold brackets.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from screens.app import DeskApp
from screens.board import BoardScreen
from screens.goto import Target, leave_for, targets

DISCOVERED = 5


class Places(Provider):
    """Finds applications and puts the cursor on them."""

    async def discover(self) -> Hits:
        """Offer the worst rows first."""
        screen = self._board_screen()
        board = screen.shown_board if screen is not None else None
        for row in board.rows[:DISCOVERED] if board is not None else ():
            name = f"Go to {row.app}"
            yield DiscoveryHit(Text(name), self._goer(Target(row.app)), text=name)

    async def search(self, query: str) -> Hits:
        """Find applications and stages by name."""
        matcher = self.matcher(query)
        screen = self._board_screen()
        board = screen.shown_board if screen is not None else None
        if board is None:
            return
        for target in targets(board, "", limit=len(board.rows)) + targets(board, query):
            name = f"Go to {target}"
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, Text(name), self._goer(target), text=name)

    def _board_screen(self) -> BoardScreen | None:
        screens = cast(DeskApp, self.app).screen_stack
        return next((screen for screen in screens if isinstance(screen, BoardScreen)), None)

    def _goer(self, target: Target) -> Callable[[], None]:
        return partial(leave_for, cast(DeskApp, self.app), target)
