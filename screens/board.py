"""The board: which applications have something bad on its way to production, how far has it come, and why."""

import datetime
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize, ScreenResume
from textual.message import Message
from textual.screen import Screen

from screens.columns import LIST_BELOW
from screens.feed import Feed, FeedError
from screens.firing_strip import FiringStrip
from screens.footer import FooterLine
from screens.header import HeaderLine
from screens.ink import Ink
from screens.lens import Lens, select
from screens.matrix import Matrix
from screens.matter import Matter
from screens.notes import notes, tail
from screens.sources_line import SourcesLine
from statusdesk.board import Board
from statusdesk.config import Config
from statusdesk.text import age, stamp

if TYPE_CHECKING:
    from textual.widgets import Input

    from screens.app import DeskApp
    from screens.goto import Target

STRIP_FROM = 20
HELP = """
**The board** has one row per application and one column per stage, in the order of promotion. The worst comes first,
nearest to production first; what is well is dim. A row that is not well says why on its second line.

Equal versions in a row have the same tint. `1/3` in place of an age: so many new pods are ready.
The top line shows the age of the data; a source that does not answer says so in the second line and since when.

The mouse selects with a click and opens with a double click. Hold shift to select text with the terminal.
"""


class BoardScreen(Screen[None]):
    """One picture of everything: header, sources, matrix, what fires, keys; and a cell in detail."""

    AUTO_FOCUS = "#matrix"
    HELP = HELP
    BINDINGS = [
        Binding(
            "enter,d", "detail", "look", id="board.detail", tooltip="Open or close the detail of the selected cell"
        ),
        Binding("b", "build", "build", id="board.build", tooltip="Copy and show the link of the build"),
        Binding("y", "copy", "copy", id="board.copy", tooltip="Copy and show what is known about the cell"),
        Binding("slash", "filter", "filter", id="board.filter", tooltip="Show only rows with these words"),
        Binding("exclamation_mark", "only_bad", "not well", id="board.only_bad", tooltip="Show only what is not well"),
        Binding("o", "order", "order", id="board.order", tooltip="Worst first, or in the configured order"),
        Binding("colon", "go_to", "go to", id="board.go_to", tooltip="Go to an application or stage/application"),
        Binding("t", "as_of", "as of", id="board.as_of", tooltip="Show the board as of a time in the past"),
        Binding("T", "times", "times", id="board.times", tooltip="Ages or times of day", show=False),
        Binding(
            "escape", "back", "back", id="board.back", tooltip="Close the detail; back to now; show all", show=False
        ),
        Binding("question_mark", "help", "help", id="board.help", tooltip="This help"),
    ]
    app: "DeskApp"

    class PastRead(Message):
        """The board of a past moment has been read, or could not be."""

        def __init__(self, board: Board | None, problem: str = "") -> None:
            super().__init__()
            self.board, self.problem = board, problem

    def __init__(self, config: Config, feed: Feed, ink: Ink, zone: datetime.tzinfo, ascii_only: bool) -> None:
        super().__init__()
        self.feed, self.ink, self.zone, self.ascii = feed, ink, zone, ascii_only
        self.order = {app.name: place for place, app in enumerate(config.apps)}
        self.lens = Lens()
        self.past: Board | None = None
        self._header = HeaderLine(ink, zone, ascii_only)
        self._sources = SourcesLine(ink, ascii_only)
        self.matrix = Matrix(ink, ascii_only)
        self._strip = FiringStrip(ink)
        self._footer = FooterLine(ink)
        self._drawn_board: Board | None = None
        self._drawn_as: tuple[object, ...] = ()
        self._asking = threading.Lock()  # the feed is asked one question at a time
        self.matter = Matter(self.matrix, feed, ink, zone=zone, ascii_only=ascii_only, asking=self._asking)

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._sources
        yield self.matter
        yield self._strip
        yield self._footer

    def on_mount(self) -> None:
        self.watch(self.app, "board", self.show, init=False)
        self.watch(self.app, "now_ms", self.tick, init=False)
        self.watch(self.app, "problem", self.tick, init=False)
        self.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self._show_keys()

    # -- what is shown ------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The moment that is shown: now, or the moment in the past."""
        return self.past.at_ms if self.past is not None else self.app.now_ms

    @property
    def _past_ms(self) -> int | None:
        """The moment in the past that is shown; None when it is now."""
        return self.now_ms if self.past is not None or self.app.always_past else None

    @property
    def shown_board(self) -> Board | None:
        return self.past if self.past is not None else self.app.board

    def show(self, board: Board | None) -> None:
        """Show a new board: at once when this screen is in sight, else when it is again."""
        shown, request = self.shown_board, (self.lens, self.size, self.now_ms)
        if not self.is_active or not self.size.width or (shown is self._drawn_board and request == self._drawn_as):
            return
        self._drawn_board, self._drawn_as = shown, request
        self._show_lines(shown)
        self.matter.past_ms = self._past_ms
        if shown is not None:
            lens = self.lens
            if self.size.width and self.size.width < LIST_BELOW:
                lens = msgspec.structs.replace(lens, only_bad=True)
            rows = select(shown, lens, self.order)
            self.matrix.show_rows(rows, shown.stages, self._stamp(), 7 if self.lens.absolute else 4)
            texts, good = notes(shown, rows, self.lens, self.now_ms, self.zone)
            self.matrix.set_notes(texts, good, tail(rows, self.ascii))
        elif self.app.problem:
            self.matrix.set_notes(("", self.app.problem), False, "")
        self.matter.show_detail(self.now_ms, read=True)

    def tick(self, _value: object = None) -> None:
        """Let time pass: clock, ages, and nothing else."""
        if self.is_active:
            self._show_lines(self.shown_board)
            self.matrix.tick(self._stamp())
            if self.shown_board is None and self.app.problem:
                self.matrix.set_notes(("", self.app.problem), False, "")
            self.matter.show_detail(self.now_ms, read=False)

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        for line in (self._header, self._sources, self._strip, self._footer):
            line.set_ink(ink)
        self.matrix.set_ink(ink)
        self.matter.ink = ink
        self.matter.show_detail(self.now_ms, read=False)

    @on(ScreenResume)
    def _resumed(self) -> None:
        self.show(self.app.board)
        self._show_keys()

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        self._strip.display = event.size.height >= STRIP_FROM
        self.show(self.app.board)

    def _show_lines(self, board: Board | None) -> None:
        header = self._header
        header.board, header.lens = board, self.lens
        header.now_ms = 0 if self.app.always_past else self.app.now_ms  # a clock that stands still is no clock
        header.problem = self.app.problem if self.app.board is not None else ""
        header.past_ms, header.can_return = self._past_ms, self.past is not None
        self._sources.board, self._sources.now_ms = board, self.now_ms
        self._strip.board, self._strip.now_ms = board, self.now_ms
        for line in (header, self._sources, self._strip):
            line.redraw()

    def _show_keys(self) -> None:
        if self.is_current:
            self._footer.show_bindings(self.active_bindings)

    def _stamp(self) -> Callable[[int], str]:
        now = self.now_ms
        if self.lens.absolute:
            return lambda ms: stamp(ms, self.zone, now)
        return lambda ms: age(now - ms)

    def _set_lens(self, **changes: object) -> None:
        self.lens = msgspec.structs.replace(self.lens, **changes)
        self.show(self.app.board)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_only_bad(self) -> None:
        self._set_lens(only_bad=not self.lens.only_bad)

    def action_order(self) -> None:
        self._set_lens(by_name=not self.lens.by_name)

    def action_times(self) -> None:
        self._set_lens(absolute=not self.lens.absolute)

    async def action_back(self) -> None:
        """Undo one thing: the detail, the past, then what hides rows."""
        if self.matter.is_open:
            await self.matter.toggle_detail(self.now_ms)
        elif self.past is not None:
            self.past = None
            self.show(self.app.board)
        elif self.lens.text or self.lens.only_bad:
            self._set_lens(text="", only_bad=False)

    async def action_detail(self) -> None:
        await self.matter.toggle_detail(self.now_ms)

    def action_filter(self) -> None:
        from screens.prompts import FilterInput

        if not self.query("#filter"):
            self.mount(FilterInput(self.lens.text), before=self._footer)
        self.query_one("#filter").focus()

    def action_go_to(self) -> None:
        board = self.shown_board
        if board is not None:
            from screens.goto import GoTo

            self.app.push_screen(GoTo(board), self.go_to)

    def action_help(self) -> None:
        from screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.HELP, self.active_bindings, self.ink, self.ascii))

    def action_build(self) -> None:
        from screens.detail_text import build_of

        selected = self.matrix.selected
        build = build_of(*selected) if selected is not None else None
        if build is None or not build.url:
            self.app.notify("No build is known for this cell.", markup=False)
        else:
            self.app.copy(f"{build.job} #{build.number}", build.url)

    def action_copy(self) -> None:
        from screens.detail_text import Known, Scribe

        selected = self.matrix.selected
        if selected is not None:
            scribe = Scribe(self.ink, self.ascii, self.zone, self.now_ms)
            text = scribe.write(*selected, self.matrix.selected_stage, Known(read=False)).plain
            self.app.copy(selected[0].app, text.removesuffix("\nreading pods and history\n"))

    def action_as_of(self) -> None:
        from screens.moments import EXAMPLES, parse_moment
        from screens.prompts import Prompt

        def check(text: str) -> str:
            try:
                parse_moment(text, self.app.now_ms, self.zone)
            except ValueError as error:
                return str(error)
            return ""

        def answered(text: str | None) -> None:
            if text:
                ms = parse_moment(text, self.app.now_ms, self.zone)
                self.run_worker(partial(self._read_past, ms), thread=True, group="past", exit_on_error=False)

        self.app.push_screen(Prompt("The board as of", EXAMPLES, check), answered)

    def go_to(self, target: "Target | None") -> None:
        """Put the cursor on a place, taking away a filter that hides it."""
        if target is None:
            return
        if not self.matrix.select(target.app, target.stage):
            self._set_lens(text="", only_bad=False)
            self.matrix.select(target.app, target.stage)
        self.matter.show_detail(self.now_ms, read=True)

    # -- what was typed, clicked and read -------------------------------------------------------------------------

    def on_input_changed(self, event: "Input.Changed") -> None:
        self._set_lens(text=event.value.strip())

    def on_filter_input_done(self) -> None:
        self.query("#filter").remove()

    @on(Matrix.Selected)
    async def _opened(self, message: Matrix.Selected) -> None:
        if message.opened and not self.matter.is_open:
            await self.action_detail()

    def _read_past(self, ms: int) -> None:
        """Read the board of a past moment; runs on a thread."""
        try:
            with self._asking:
                board = self.feed.at(ms)
        except FeedError as error:
            self.post_message(self.PastRead(None, str(error)))
        else:
            self.post_message(self.PastRead(board))

    def on_board_screen_past_read(self, message: PastRead) -> None:
        if message.board is None:
            self.app.notify(message.problem, severity="error", markup=False)
        else:
            self.past = message.board
            self.show(self.app.board)
