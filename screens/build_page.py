"""One build: how it went, why it was started, what was in it, and which rollouts it made."""

from functools import partial
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.message import Message

from screens.build_page_lines import ASKED_FOR, NOT_READ, draw_page
from screens.entries import Entry, EntryScreen
from screens.frame import Setup
from screens.ink import Ink
from screens.pen import Pen
from statusdesk.board import Board
from statusdesk.board_feed import FeedError
from statusdesk.build_view import BuildKey, BuildReading, rollouts_by, state_of
from statusdesk.console_requests import LookUpBuild

if TYPE_CHECKING:
    from screens.app import DeskApp

READ_AGAIN_MS = 2000
HELP = """
**A build**: its result, how long it took against how long it usually takes, who or what started it, the version and
the commit, and by which rule it was attributed to its namespace. Below are the rollouts that it made, its stages (of
a Pipeline, where Jenkins has the stage view), parameters and changes as far as they were looked up, and the builds
before.

`enter` opens a rollout or another build. `l` opens its console log.
"""


def open_console(app: "DeskApp", key: BuildKey) -> None:
    """Open the console log in the logs screen where the console has one."""
    door = getattr(app, "open_console", None)
    if door is None:
        app.notify("This console shows no logs of builds.", markup=False)
    else:
        door(key.job, key.number)


class BuildScreen(EntryScreen):
    """Shows one build; reads what the store has about it on a thread."""

    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="build.open", tooltip="Open the selected rollout or build"),
        Binding("l", "console", "console", id="build.console", tooltip="The console log of this build"),
        Binding("y", "copy", "copy", id="build.copy", tooltip="Copy and show the link of this build"),
        Binding("b", "builds", "builds", id="build.builds", tooltip="All builds of this job"),
        Binding("T", "times", "times", id="build.times", tooltip="Ages or times of day", show=False),
        Binding("escape", "back", "back", id="build.back", tooltip="Back to where you came from"),
        Binding("question_mark", "help", "help", id="build.help", tooltip="This help"),
    ]

    class Read(Message):
        """What belongs to a build has been read, or could not be."""

        def __init__(self, key: BuildKey, reading: BuildReading | None, problem: str = "") -> None:
            super().__init__()
            self.key, self.reading, self.problem = key, reading, problem

    class Refused(Message):
        """Nobody takes the request to look a build up."""

        def __init__(self, key: BuildKey, problem: str) -> None:
            super().__init__()
            self.key, self.problem = key, problem

    def __init__(self, setup: Setup, ink: Ink, key: BuildKey, past: Board | None = None) -> None:
        super().__init__(setup, ink, past)
        self.key = key
        self.reading: BuildReading | None = None
        self._reading = False
        self._read_change, self._read_ms = -1, 0
        self._asked_for = False
        self._unread = NOT_READ

    def where(self) -> tuple[str, ...]:
        return ("builds", str(self.key))

    def entries(self, board: Board, pen: Pen) -> list[Entry]:
        """Return the page as this board and the last reading have it."""
        state, rollouts = state_of(board, self.key), rollouts_by(board, self.key)
        return draw_page(self.key, state, self.reading, rollouts, pen, self._unread)

    # -- reading ------------------------------------------------------------------------------------------------

    def read_more(self) -> None:
        """Read when the store has changed, but not more often than every two seconds."""
        board = self.shown_board
        recent = self.reading is not None and 0 <= self.app.now_ms - self._read_ms < READ_AGAIN_MS
        waits = self._unread == ASKED_FOR and self.reading is not None and self.reading.details is None
        if board is None or self._reading or recent or (board.change == self._read_change and not waits):
            return
        self._reading, self._read_change, self._read_ms = True, board.change, self.app.now_ms
        self.run_worker(partial(self._read, self.key), thread=True, group="build", exit_on_error=False)

    def _read(self, key: BuildKey) -> None:
        """Ask the feed; runs on a thread."""
        self.post_message(self.Read(key, *self.asked(lambda: self.feed.build(key, self.past_ms))))

    def on_build_screen_read(self, message: Read) -> None:
        self._reading = False
        if message.key != self.key:
            self._read_change = -1
            return
        self._ask_for(message.reading)
        changed = message.problem != self.problem or (message.reading not in (None, self.reading))
        self.problem = message.problem
        self.reading = message.reading or self.reading
        if changed:
            self.draw_again()

    def _ask_for(self, reading: BuildReading | None) -> None:
        """Ask the collector, once, for what was not looked up of the build that is shown."""
        if reading is None or reading.build is None or reading.details is not None:
            return
        if self._asked_for or self.past_ms is not None:
            return
        self._asked_for, self._unread = True, ASKED_FOR
        self.run_worker(partial(self._request, self.key), thread=True, group="ask", exit_on_error=False)

    def _request(self, key: BuildKey) -> None:
        """Put the request; runs on a thread."""
        try:
            self.feed.request(LookUpBuild(source=key.source, job=key.job, number=key.number))
        except FeedError as error:
            self.post_message(self.Refused(key, str(error)))

    def on_build_screen_refused(self, message: Refused) -> None:
        if message.key == self.key:
            self._unread = f"{NOT_READ[:-1]}: {message.problem}."
            self.draw_again()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        self.dismiss(None)

    def action_open(self) -> None:
        """Open the rollout under the cursor, or show the build there in place of this one."""
        kind, _, rest = self.list.cursor.partition(":")
        board = self.shown_board
        if kind == "rollout" and board is not None:
            from screens.rollout import RolloutScreen

            [app] = [each.app for each in rollouts_by(board, self.key) if each.key == rest] or [""]
            self.app.push_screen(RolloutScreen(self.setup, self.ink, rest, app, self.past))
        elif kind == "build":
            self.go_to(BuildKey(self.key.source, self.key.job, int(rest)))

    def go_to(self, key: BuildKey) -> None:
        """Show another build."""
        if key == self.key:
            return
        self.key, self.reading, self.problem, self._read_change = key, None, "", -1
        self._asked_for, self._unread = False, NOT_READ
        self.list.cursor = ""
        self.list.scroll_to(y=0, animate=False)
        self.show_lines(self.shown_board)
        self.draw_again()

    def action_console(self) -> None:
        open_console(self.app, self.key)

    def action_copy(self) -> None:
        build = self.reading.build if self.reading is not None else None
        state = state_of(self.shown_board, self.key)
        if build is not None and build.url:
            self.app.copy(str(self.key), build.url)
        elif state is not None and state.url:
            self.app.copy(str(self.key), state.url if state.number == self.key.number else state.other_url)

    def action_builds(self) -> None:
        from screens.build_rows import Scope
        from screens.builds import BuildsScreen

        self.app.push_screen(BuildsScreen(self.setup, self.ink, Scope(job=self.key.job), self.past))
