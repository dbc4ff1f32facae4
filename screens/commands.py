"""The palette's search over places: every application, and every stage of it.

Names are given as ``Text``: the palette takes strings for markup, and a name may hold brackets.
"""

from typing import cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from screens.app import DeskApp
from screens.board import BoardScreen
from screens.frame import Frame
from screens.goto import Target, targets

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

    def _goer(self, target: Target) -> "Goer":
        return Goer(self._board_screen(), target)


class Goer:
    """Goes to a place when it is called."""

    def __init__(self, screen: BoardScreen | None, target: Target) -> None:
        self._screen, self._target = screen, target

    def __call__(self) -> None:
        """Leave what is open over the board, and go there."""
        if self._screen is None:
            return
        app = self._screen.app
        while isinstance(app.screen, Frame) and app.screen is not self._screen:
            app.pop_screen()
        self._screen.go_to(self._target)
