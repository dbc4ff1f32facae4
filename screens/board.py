"""The board: which applications have something bad on its way to production, how far has it come, and why."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual import on
from textual.binding import Binding
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget

from screens.columns import LIST_BELOW
from screens.firing_strip import FiringStrip
from screens.frame import GO_TO, Frame, Setup, filter_key
from screens.ink import Ink
from screens.lens import select
from screens.linewidget import LineWidget
from screens.matrix import Matrix
from screens.matter import Matter
from screens.notes import notes, tail
from screens.strips import ASCII_DOTS, DOTS, fold
from statusdesk.board import Board

if TYPE_CHECKING:
    from textual.widgets import Input

    from screens.goto import Target
    from screens.prompts import FilterInput

STRIP_FROM = 20
PROBLEM_LINES = 8
HELP = """
**The board** has one row per application and one column per stage, in the order of promotion. The worst comes first,
nearest to production first; what is well is dim. A row that is not well says why on its second line.

Equal versions in a row have the same tint. `1/3` in place of an age: so many new pods are ready.
Of a node that is lost one line at the top says how many pods are unknown with it; those rows say no more than `?`.

The top line shows the age of the data; a source that does not answer says so in the second line and since when.

`enter` opens the rollout in a cell: its pods, what happened, the proof. `d` or space previews it here and follows the
cursor. `y` copies what is known about the cell, while the preview is open with its pods.
`w` lists all workloads of the stage under the cursor, `b` the builds of the application, `a` all alerts. `l` opens the
logs of all pods of the cell, `p` those of the runs before. `K` shows the tokens, `E` the environments that are up; `:`
goes to any of these, here and on every other screen, `:builds staging` to the builds of a stage.

The mouse selects with a click and opens with a double click. Hold shift to select text with the terminal.
"""


class BoardScreen(Frame):
    """One picture of everything: header, sources, matrix, what fires, keys; and a cell in detail."""

    AUTO_FOCUS = "#matrix"
    HELP = HELP
    BINDINGS = [
        Binding("enter", "open", "look", id="board.open", tooltip="Open the rollout of the selected cell"),
        Binding("l", "logs", "logs", id="board.logs", tooltip="Logs of all pods of the selected cell"),
        Binding("p", "logs(True)", "previous", id="board.previous", tooltip="Logs of the runs before", show=False),
        Binding("d,space", "detail", "preview", id="board.detail", tooltip="Preview the selected cell, or close that"),
        Binding("w", "workloads", "workloads", id="board.workloads", tooltip="All workloads of the selected stage"),
        Binding("a", "alerts", "alerts", id="board.alerts", tooltip="What fires, who is told, who has it"),
        Binding("b", "build", "builds", id="board.build", tooltip="The builds of the selected application"),
        Binding("y", "copy", "copy", id="board.copy", tooltip="Copy and show what is known about the cell"),
        filter_key("board", "rows"),
        Binding("exclamation_mark", "only_bad", "not well", id="board.only_bad", tooltip="Show only what is not well"),
        Binding("o", "order", "order", id="board.order", tooltip="Worst first, or in the configured order"),
        replace(GO_TO, show=True),
        Binding("t", "as_of", "as of", id="board.as_of", tooltip="Show the board as of a time in the past"),
        Binding("K", "tokens", "tokens", id="board.tokens", tooltip="The tokens of Vault", show=False),
        Binding("E", "environments", "environments", id="board.environments", tooltip="Environments", show=False),
        Binding("T", "times", "times", id="board.times", tooltip="Ages or times of day", show=False),
        Binding(
            "escape", "back", "back", id="board.back", tooltip="Close the preview; back to now; show all", show=False
        ),
        Binding("question_mark", "help", "help", id="board.help", tooltip="This help"),
    ]

    class PastRead(Message):
        """The board of a past moment has been read, or could not be."""

        def __init__(self, board: Board | None, problem: str = "") -> None:
            super().__init__()
            self.board, self.problem = board, problem

    def __init__(self, setup: Setup, ink: Ink) -> None:
        super().__init__(setup, ink)
        self.order = {app.name: place for place, app in enumerate(setup.config.apps)}
        self.matrix = Matrix(ink, setup.ascii)
        self._strip = FiringStrip(ink, setup.ascii)
        self.matter = Matter(self.matrix, setup.feed, ink, zone=setup.zone, ascii_only=setup.ascii, asking=setup.asking)

    def compose_matter(self) -> Iterable[Widget]:
        return (self.matter, self._strip)

    # -- what is shown ------------------------------------------------------------------------------------------

    def draw(self, board: Board | None) -> None:
        """Draw the matrix, the sentences in its middle, and the cell in detail."""
        self.matter.past_ms = self.past_ms
        if board is not None:
            lens = self.lens
            if self.size.width and self.size.width < LIST_BELOW:
                lens = msgspec.structs.replace(lens, only_bad=True)
            rows = select(board, lens, self.order)
            self.matrix.show_rows(rows, board.stages, self.stamper(), 7 if self.lens.absolute else 4)
            texts, good = notes(board, rows, self.lens, self.now_ms, self.zone)
            self.matrix.set_notes(texts, good, tail(rows, self.ascii), board.lost_nodes)
        else:
            self._tell_problem()
        self.matter.show_detail(self.now_ms, read=True)

    def _tell_problem(self) -> None:
        """Say in the middle, in full, why there is nothing to show."""
        if self.app.problem:
            dots = ASCII_DOTS if self.ascii else DOTS
            lines = fold(self.app.problem, max(20, self.size.width - 8), PROBLEM_LINES, dots)
            self.matrix.set_notes(("", *lines), False, "")

    def draw_time(self) -> None:
        """Draw the ages anew."""
        self.matrix.tick(self.stamper())
        if self.shown_board is None:
            self._tell_problem()
        self.matter.show_detail(self.now_ms, read=False)

    def lines(self) -> tuple[LineWidget, ...]:
        return (*super().lines(), self._strip)

    def show_lines(self, board: Board | None) -> None:
        super().show_lines(board)
        self._strip.board, self._strip.now_ms = board, self.now_ms
        self._strip.redraw()

    def set_ink(self, ink: Ink) -> None:
        super().set_ink(ink)
        self.matrix.set_ink(ink)
        self.matter.ink = ink
        self.matter.show_detail(self.now_ms, read=False)

    def sized(self, event: Resize) -> None:
        self._strip.display = event.size.height >= STRIP_FROM

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_order(self) -> None:
        self.set_lens(by_name=not self.lens.by_name)

    async def action_back(self) -> None:
        """Undo one thing: the detail, the past, then what hides rows."""
        if self.matter.is_open:
            await self.matter.toggle_detail(self.now_ms)
        elif self.past is not None:
            self.past = None
            self.show()
        elif self.lens.text or self.lens.only_bad:
            self.set_lens(text="", only_bad=False)

    def action_open(self) -> None:
        """Open the worst rollout of the selected cell."""
        selected, board = self.matrix.selected, self.shown_board
        if selected is None or board is None:
            return
        row, cell = selected
        self.matrix.held = True
        if cell is None or not cell.rollouts:
            self.app.notify(f"{row.app} has no workload in {self.matrix.selected_stage}.", markup=False)
            return
        # Imported here: most starts never open it, and the first paint does not wait for it.
        from screens.rollout import RolloutScreen

        self.app.push_screen(RolloutScreen(self.setup, self.ink, cell.rollouts[0].key, row.app, self.past))

    def action_logs(self, previous: bool = False) -> None:
        """Open the logs of all pods of the selected cell."""
        selected = self.matrix.selected
        if selected is None:
            return
        row, cell = selected
        self.matrix.held = True
        if cell is None or not cell.rollouts:
            self.app.notify(f"{row.app} has no workload in {self.matrix.selected_stage}.", markup=False)
            return
        from screens.log_request import of_cell

        self.app.open_logs(of_cell(row.app, cell.stage, cell.rollouts, previous=previous))

    def action_workloads(self) -> None:
        self.open_stage(self.matrix.selected_stage)

    def open_stage(self, stage: str) -> None:
        """List the workloads of a stage."""
        if stage:
            from screens.workloads import WorkloadsScreen

            self.app.push_screen(WorkloadsScreen(self.setup, self.ink, stage, self.past))

    def action_alerts(self) -> None:
        self.open_list("alerts")

    async def action_detail(self) -> None:
        self.matrix.held = True
        await self.matter.toggle_detail(self.now_ms)

    def action_build(self) -> None:
        selected = self.matrix.selected
        self.matrix.held = True
        app = selected[0].app if selected is not None else ""
        self.open_list("builds", app=app, begin=self.matrix.selected_stage)

    def action_tokens(self) -> None:
        self.open_list("tokens")

    def action_environments(self) -> None:
        self.open_list("environments")

    def open_list(self, name: str, place: str = "", app: str = "", begin: str = "") -> None:
        """Open the builds, the tokens, the environments or the alerts."""
        from screens.lists import make_list

        self.app.push_screen(make_list(name, self.setup, self.ink, self.past, place=place, app=app, begin=begin))

    def action_copy(self) -> None:
        from screens.detail_text import CellTold, Scribe

        selected = self.matrix.selected
        if selected is not None:
            scribe = Scribe(self.ink, self.ascii, self.zone, self.now_ms)
            stage = self.matrix.selected_stage
            known = self.matter.known((selected[0].app, stage)) or CellTold(read=False)
            text = scribe.write(*selected, stage, known).plain
            self.app.copy(selected[0].app, text.removesuffix("\nreading pods and history\n"))

    def action_as_of(self) -> None:
        def taken(ms: int) -> None:
            self.run_worker(partial(self._read_past, ms), thread=True, group="past", exit_on_error=False)

        self.ask_moment("The board as of", taken)

    def go_to(self, target: "Target") -> None:
        """Put the cursor on a place, taking away a filter that hides it."""
        if target.screen:
            self.open_list(target.screen, target.stage)
            return
        if not target.app:
            self.open_stage(target.stage)
            return
        if not self.matrix.select(target.app, target.stage):
            self.set_lens(text="", only_bad=False)
            self.matrix.select(target.app, target.stage)
        self.matter.show_detail(self.now_ms, read=True)

    # -- what was typed, clicked and read -------------------------------------------------------------------------

    def on_input_changed(self, event: "Input.Changed") -> None:
        self.filter_by(event.value)

    def on_filter_input_done(self, event: "FilterInput.Done") -> None:
        if event.box is not self.focused:  # else one types in it again
            event.box.remove()

    @on(Matrix.Selected)
    def _opened(self, message: Matrix.Selected) -> None:
        if message.opened:
            self.action_open()

    def _read_past(self, ms: int) -> None:
        """Read the board of a past moment; runs on a thread."""
        self.post_message(self.PastRead(*self.asked(lambda: self.feed.at(ms))))

    def on_board_screen_past_read(self, message: PastRead) -> None:
        if message.board is None:
            self.app.notify(message.problem, severity="error", markup=False)
        else:
            self.past = message.board
            self.show()
