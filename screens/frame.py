"""What all screens have in common: the top line, the sources, the matter, the keys; now or as of a moment."""

import datetime
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Resize, ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from screens.footer import FooterLine
from screens.header import HeaderLine
from screens.ink import Ink
from screens.lens import Lens
from screens.linewidget import LineWidget
from screens.sources_line import SourcesLine
from statusdesk import faults
from statusdesk.board import Board
from statusdesk.board_feed import Feed, FeedError
from statusdesk.config import Config
from statusdesk.text import age, stamp

if TYPE_CHECKING:
    from screens.app import DeskApp

T = TypeVar("T")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What screens are made with. ``asking`` is held while the feed is asked on a thread: one question at a time."""

    config: Config
    feed: Feed
    zone: datetime.tzinfo
    ascii: bool
    asking: threading.Lock


# with priority: the letters that come fast behind it are meant for the dialog, not for the screen
GO_TO = Binding(
    "colon",
    "go_to",
    "go to",
    id="board.go_to",
    tooltip="Go to an application, stage or list",
    show=False,
    priority=True,
)


def filter_key(screen: str, what: str) -> Binding:
    """Return the key that begins a filter; with priority, as letters that come fast behind it belong to the filter."""
    tooltip = f"Show only {what} with these words"
    return Binding("slash", "filter", "filter", id=f"{screen}.filter", tooltip=tooltip, priority=True)


class Frame(Screen[None]):
    """A screen that draws from the board: at once when it is in sight, else when it is again.

    Subclasses give ``compose_matter``, ``draw`` and ``draw_time``.
    """

    HELP = ""
    BINDINGS = [GO_TO]
    app: "DeskApp"

    def __init__(self, setup: Setup, ink: Ink, past: Board | None = None) -> None:
        """``past``: the board of the moment that is shown, None for now."""
        super().__init__()
        self.setup, self.ink, self.past = setup, ink, past
        self.feed, self.zone, self.ascii = setup.feed, setup.zone, setup.ascii
        self.lens = Lens()
        self.header_line = HeaderLine(ink, setup.zone, setup.ascii)
        self.sources_line = SourcesLine(ink, setup.ascii)
        self.footer_line = FooterLine(ink)
        self._drawn_board: Board | None = None
        self._drawn_as: tuple[object, ...] = ()

    def asked(self, question: Callable[[], T]) -> tuple[T | None, str]:
        """Ask the feed on a thread; return its answer, or None and why there is none, whatever was raised."""
        try:
            with self.setup.asking:
                return question(), ""
        except FeedError as error:
            return None, str(error)
        except Exception as error:  # the edge of a thread: a screen that never hears of its end would wait for ever
            return None, faults.told(error)

    def compose(self) -> ComposeResult:
        yield self.header_line
        yield self.sources_line
        yield from self.compose_matter()
        yield self.footer_line

    def compose_matter(self) -> Iterable[Widget]:
        """Return what stands between the lines at the top and the keys."""
        raise NotImplementedError

    def draw(self, board: Board | None) -> None:
        """Draw the matter from a board; None before the first one."""
        raise NotImplementedError

    def draw_time(self) -> None:
        """Draw what the passing of time has changed."""
        raise NotImplementedError

    def ask_moment(self, title: str, taken: Callable[[int], None]) -> None:
        """Ask for a moment of the past, and hand it on in milliseconds of UTC if one is given."""
        from screens.moments import EXAMPLES, parse_moment
        from screens.prompts import Prompt

        def check(text: str) -> str:
            try:
                parse_moment(text, self.now_ms, self.zone)
            except ValueError as error:
                return str(error)
            return ""

        def answered(text: str | None) -> None:
            if text:
                taken(parse_moment(text, self.now_ms, self.zone))

        self.app.push_screen(Prompt(title, EXAMPLES, check), answered)

    def on_mount(self) -> None:
        self.watch(self.app, "board", self.show, init=False)
        self.watch(self.app, "now_ms", self.tick, init=False)
        self.watch(self.app, "problem", self.tick, init=False)
        self.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self._show_keys()

    @property
    def now_ms(self) -> int:
        """The moment that is shown: now, or the moment in the past."""
        return self.past.at_ms if self.past is not None else self.app.now_ms

    @property
    def past_ms(self) -> int | None:
        """The moment in the past that is shown; None when it is now."""
        return self.now_ms if self.past is not None or self.app.always_past else None

    @property
    def shown_board(self) -> Board | None:
        return self.past if self.past is not None else self.app.board

    def show(self, board: Board | None = None) -> None:
        """Show the newest board, unless it is shown already or this screen is out of sight."""
        shown, request = self.shown_board, (self.lens, self.size, self.now_ms)
        if not self.is_active or not self.size.width or (shown is self._drawn_board and request == self._drawn_as):
            return
        self._drawn_board, self._drawn_as = shown, request
        self.show_lines(shown)
        self.draw(shown)

    def tick(self, _value: object = None) -> None:
        """Let time pass: clock, ages, and nothing else."""
        if self.is_active:
            self.show_lines(self.shown_board)
            self.draw_time()

    def lines(self) -> tuple[LineWidget, ...]:
        """Return the lines around the matter."""
        return (self.header_line, self.sources_line, self.footer_line)

    def show_lines(self, board: Board | None) -> None:
        """Draw the lines at the top."""
        header = self.header_line
        header.board, header.lens = board, self.lens
        header.now_ms = 0 if self.app.always_past else self.app.now_ms  # a clock that stands still is no clock
        header.problem = self.app.problem if self.app.board is not None else ""
        header.past_ms, header.can_return = self.past_ms, self.past is not None
        self.sources_line.board, self.sources_line.now_ms = board, self.now_ms
        header.redraw()
        self.sources_line.redraw()

    def set_ink(self, ink: Ink) -> None:
        """Draw all with another ink."""
        self.ink = ink
        for line in self.lines():
            line.set_ink(ink)

    def set_lens(self, **changes: object) -> None:
        """Take what the reader asked for."""
        self.lens = msgspec.structs.replace(self.lens, **changes)
        self.show()

    def filter_by(self, text: str) -> None:
        """Show what a text finds that is typed, unless it does so already."""
        if self.lens.text != text.strip():
            self.set_lens(text=text.strip())

    def stamper(self) -> Callable[[int], str]:
        """Return what turns a moment into an age, or into a time of day where the reader wants those."""
        now = self.now_ms
        if self.lens.absolute:
            return lambda ms: stamp(ms, self.zone, now)
        return lambda ms: age(now - ms)

    @on(ScreenResume)
    def _resumed(self) -> None:
        self.show()
        self._show_keys()

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        self.sized(event)
        self.show()

    def sized(self, event: Resize) -> None:
        """Take a size before it is drawn for."""

    def _show_keys(self) -> None:
        if self.is_current:
            order = [each.action for each in self.BINDINGS if isinstance(each, Binding)]
            self.footer_line.show_bindings(self.active_bindings, order)

    def action_times(self) -> None:
        self.set_lens(absolute=not self.lens.absolute)

    def action_only_bad(self) -> None:
        self.set_lens(only_bad=not self.lens.only_bad)

    def action_help(self) -> None:
        from screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.HELP, self.active_bindings, self.ink, self.ascii))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys after which one types to the line in which one does already."""
        focused = self.focused
        typing = focused is not None and focused.check_consume_key("a", "a")
        return not (action in ("go_to", "filter") and typing)

    def action_go_to(self) -> None:
        board = self.shown_board
        if board is not None:
            from screens.goto import GoTo, leave_for

            self.app.push_screen(GoTo(board), partial(leave_for, self.app))

    def action_filter(self) -> None:
        from screens.prompts import FilterInput

        if not self.query("#filter"):
            self.mount(FilterInput(self.lens.text, self.filter_by), before=self.footer_line)
        self.set_focus(self.query_one("#filter"))  # at once: the next key may be there already
