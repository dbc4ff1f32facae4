"""Go to an application, one of its stages, a stage or a screen: ``orders``, ``testing/orders``, ``builds staging``.

A stage alone means the list of all its workloads.
"""

from typing import TYPE_CHECKING

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from screens.dialog import Dialog
from screens.frame import Frame
from screens.line_input import LineInput
from statusdesk.board import Board

if TYPE_CHECKING:
    from screens.app import DeskApp

SUGGESTIONS = 12
SCREENS = {"builds": "  all builds", "tokens": "  of Vault", "environments": "  that are up", "alerts": "  who is told"}


class Target(msgspec.Struct, frozen=True):
    """A place on the board; an empty stage means whichever is selected, an empty app all workloads of the stage.

    ``screen`` is one that is no board; ``stage`` then narrows it.
    """

    app: str
    stage: str = ""
    screen: str = ""

    def __str__(self) -> str:
        if self.screen:
            return f"{self.screen} {self.stage}".rstrip()
        return f"{self.stage}/{self.app}" if self.stage else self.app

    @property
    def label(self) -> str:
        if self.screen:
            return f"{self}{SCREENS[self.screen]}" if not self.stage else str(self)
        return str(self) if self.app else f"{self.stage}/  all workloads"


def targets(board: Board, text: str, limit: int = SUGGESTIONS) -> list[Target]:
    """Return the places that a text may mean, best first: exact, then beginning, then containing it."""
    wanted = text.strip().removeprefix(":").casefold()
    screens = _screens(board, wanted)
    if " " in wanted and screens:
        return screens[:limit]
    stage_part, slash, app_part = wanted.partition("/")
    stages = [stage for stage in board.stages if stage.casefold().startswith(stage_part)] if slash else [""]
    word = app_part if slash else wanted
    found: list[tuple[int, int, str, Target]] = []
    if not slash or not app_part:
        found += _stages(board, stage_part)
    for row in board.rows:
        name = row.app.casefold()
        if word not in name:
            continue
        closeness = 0 if name == word else 1 if name.startswith(word) else 2
        for order, stage in enumerate(stages):
            if not stage or row.cells[board.stages.index(stage)] is not None:
                found.append((closeness, order, name, Target(row.app, stage)))
    places = [target for *_, target in sorted(found, key=lambda item: item[:3])]
    exact = [target for target in screens if target.screen == wanted]
    return [*exact, *places[: limit - len(screens)], *(target for target in screens if target not in exact)][:limit]


def _screens(board: Board, text: str) -> list[Target]:
    """Return the screens that a text means: the beginning of a name, and behind ``builds`` that of a namespace."""
    name, _, place = text.partition(" ")
    meant = [screen for screen in SCREENS if name and screen.startswith(name)]
    place = place.strip()
    if not place:
        return [Target("", "", screen) for screen in meant]
    if "builds" not in meant:
        return []
    known = dict.fromkeys((*board.stages, *sorted({build.namespace for build in board.builds if build.namespace})))
    return [Target("", each, "builds") for each in known if each.casefold().startswith(place)]


def _stages(board: Board, word: str) -> list[tuple[int, int, str, Target]]:
    """Return the stages themselves that a word means; before applications that are equally close."""
    named = [stage for stage in board.stages if word and stage.casefold().startswith(word)]
    return [(0 if stage.casefold() == word else 1, -1, "", Target("", stage)) for stage in named]


def leave_for(app: "DeskApp", target: Target | None) -> None:
    """Leave what is open over the board, and go to a place; nowhere without one."""
    from screens.board import BoardScreen

    board = next((screen for screen in app.screen_stack if isinstance(screen, BoardScreen)), None)
    if target is None or board is None:
        return
    while isinstance(app.screen, Frame) and app.screen is not board:
        app.pop_screen()
    board.go_to(target)


class GoTo(Dialog[Target | None]):
    """Asks where to go; answers with a place that exists, or None."""

    TYPES = True

    BINDINGS = [
        Binding("escape", "leave", "back", id="goto.leave", tooltip="Stay where you are"),
        Binding("down", "suggestion(1)", "next", show=False, priority=True, tooltip="Next suggestion"),
        Binding("up", "suggestion(-1)", "previous", show=False, priority=True, tooltip="Previous suggestion"),
    ]

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self._found: list[Target] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Go to"), classes="dialog-title")
            yield LineInput(placeholder="application, stage, stage/application, builds, tokens, alerts", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._suggest("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._suggest(event.value)

    def on_input_submitted(self) -> None:
        index = self.query_one(OptionList).highlighted
        if index is not None and index < len(self._found):
            self.dismiss(self._found[index])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])

    def action_suggestion(self, step: int) -> None:
        options = self.query_one(OptionList)
        if self._found:
            options.highlighted = ((options.highlighted or 0) + step) % len(self._found)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _suggest(self, text: str) -> None:
        self._found = targets(self._board, text)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Content(target.label)) for target in self._found])
        if self._found:
            options.highlighted = 0
