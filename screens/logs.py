"""The logs screen: the right lines of the right pods, through restarts, at full speed, losing nothing silently."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.timer import Timer
from textual.widget import Widget

from screens.frame import Setup
from screens.ink import Ink
from screens.log_deeds import LogDeeds
from screens.log_filter import Filters
from screens.log_input import LogInput
from screens.log_lineview import LogLineView
from screens.log_pane import LogPane, Wish
from screens.log_request import Doors, LogRequest
from screens.log_rows import TIMES
from statusdesk.board import Board

if TYPE_CHECKING:
    from textual.widgets import Input

TICK_S, HURRY_S, PATIENT_HURRY_S, TYPING_S = 0.05, 0.012, 0.02, 0.15
OF_PODS = ("previous", "containers", "since", "side", "times", "widen", "jump")
BURST_S = 0.015  # a letter that comes so soon after another was waiting already
LETTER_S, MOST_PASSED = 0.06, 3  # so long after a letter no lines are taken, but for so many ticks at most
HELP = """
**Logs** of all containers of the pods that were chosen, merged by time. New pods join, a container that restarts goes
on, and both are told between the lines. Where lines are missing, it is said how many.

The view follows the end. Any key that moves up pauses it: what is in sight stays, and the line above counts what is
new. `f` or `G` goes to the end again.

What is read anew (`a`, `s`, `p`, `c`, `t`) has the lines that are here, too, as far as they belong to it: those of pods
that have gone, and of runs that are over, cannot be read again.

Filters look through all lines that are here, also those that came before; several includes must all be found in a line.
Small letters stand for both cases. `o` asks the source for lines from further back, those that the includes look for.
A stack trace is folded into the line that it belongs to: `[+12]`; `enter` unfolds it, `z` all. One inside of JSON is
shown by `enter`, with all of the line.

While a rollout fails, its logs open with those of the container that fails, and with the run before it: `failing:` in
the line above says so. What takes the place of those pods is followed too, and what fails later. `a` shows all pods,
and again only what fails.

What looks like a secret is hidden, also in what is copied and saved, until `R`; filters and the search look at what is
shown. All lines that are here stay, and `R` hides it again.
"""


def _typing(key: str, kind: str, tooltip: str) -> Binding:
    """Return a key after which one types: with priority, so that no letter that comes fast goes elsewhere."""
    return Binding(key, f"find('{kind}')", kind, id=f"logs.{kind}", tooltip=tooltip, priority=True)


class LogsScreen(LogDeeds):
    """Shows one log, or two side by side; the keys go to the one that has the focus."""

    DEFAULT_CSS = "LogsScreen #logs { height: 1fr; }"

    AUTO_FOCUS = "#log-0"
    HELP = HELP
    BINDINGS = [
        Binding("f", "follow", "follow", id="logs.follow", tooltip="Follow the end, or pause"),
        _typing("slash", "search", "Go to lines with a text or expression"),
        Binding("n", "next(1)", "next", id="logs.next", tooltip="The next line that was searched, down", show=False),
        Binding("N", "next(-1)", "before", id="logs.before", tooltip="The one before, up", show=False),
        _typing("i", "include", "Show only lines with this"),
        _typing("e", "exclude", "Leave out lines with this"),
        Binding("exclamation_mark", "only_bad", "not well", id="logs.only_bad", tooltip="Only warnings and errors"),
        Binding("p", "previous", "previous", id="logs.previous", tooltip="The run before, or this one again"),
        Binding("c", "containers", "containers", id="logs.containers", tooltip="Only one container or pod; init ones"),
        Binding("a", "widen", "all pods", id="logs.widen", tooltip="All pods, or only what fails", show=False),
        Binding("s", "since", "since", id="logs.since", tooltip="How far back"),
        Binding("x", "side", "side by side", id="logs.side", tooltip="Another pod, or the run before, beside this"),
        Binding("w", "wrap", "wrap", id="logs.wrap", tooltip="Long lines on several rows, or cut"),
        Binding("T", "times", "times", id="logs.times", tooltip="Times: of the zone, UTC, ages, none"),
        Binding("m", "mark", "mark", id="logs.mark", tooltip="Mark the line under the cursor, or take the mark away"),
        Binding("C", "copy_lines", "copy", id="logs.copy_lines", tooltip="Copy from the mark on, or what is in sight"),
        Binding("S", "save", "save", id="logs.save", tooltip="Save to a file"),
        Binding("escape", "back", "back", id="logs.back", tooltip="End the search; back to where you came from"),
        Binding("enter", "whole", "whole line", id="logs.whole", tooltip="All of a line; unfold a trace", show=False),
        Binding("y", "copy_line", "copy line", id="logs.copy_line", tooltip="Copy this line", show=False),
        Binding("o", "older", "older", id="logs.older", tooltip="Ask for lines from further back", show=False),
        Binding("t", "jump", "time", id="logs.jump", tooltip="Go to a time", show=False),
        Binding("z", "fold", "fold", id="logs.fold", tooltip="Fold stack traces, or show all lines", show=False),
        Binding("r", "raw", "raw", id="logs.raw", tooltip="JSON as it came, or readable", show=False),
        Binding(
            "R", "redact", "secrets", id="logs.redact", tooltip="Show what looks like secrets, or hide", show=False
        ),
        Binding("W", "wide", "wide", id="logs.wide", tooltip="Nothing but the text of the lines", show=False),
        Binding("backspace", "drop_last", "drop", id="logs.drop", tooltip="Take the last filter away", show=False),
        Binding("apostrophe", "to_mark", "to mark", id="logs.to_mark", tooltip="Go to the mark before", show=False),
        Binding("tab", "other", "other", id="logs.other", tooltip="The other log, where there are two", show=False),
        Binding("question_mark", "help", "help", id="logs.help", tooltip="This help"),
    ]

    def __init__(self, setup: Setup, ink: Ink, request: LogRequest, doors: Doors) -> None:
        super().__init__(setup, ink)
        self.request, self.doors = request, doors
        self.wish = Wish()
        self.panes = [LogPane(setup, ink, request, doors, self.wish, index=0)]
        self._beside = Horizontal(id="logs")
        self._hurry: Timer | None = None
        self._letter_s = self._typed_s = -LETTER_S
        self._typed_later: Timer | None = None
        self._passed = 0

    def begin(self) -> None:
        """Begin to follow; before the screen is shown, for that takes as long as the first answer."""
        self.panes[0].open()

    def compose_matter(self) -> Iterable[Widget]:
        return (self._beside,)

    def on_mount(self) -> None:
        super().on_mount()
        self._beside.mount(self.panes[0])
        self.set_interval(TICK_S, self._tick)
        self._hurry = self.set_timer(PATIENT_HURRY_S, self._hurried)

    def on_unmount(self) -> None:
        for pane in self.panes:
            pane.close()

    # -- the pace ---------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Let all logs take what has come; those out of sight too, so that nothing is missed behind a dialog."""
        if time.monotonic() - self._letter_s < LETTER_S and self._passed < MOST_PASSED:
            self._passed += 1  # a letter that was typed is painted first; lines wait where they are
            return
        self._passed = 0
        for pane in self.panes:
            if pane.is_attached:
                self.say(pane.tick())
        if len(self.panes[0].feed.ring):
            self.app.settle()
        if self._hurry is None and any(pane.hurried for pane in self.panes):
            self.hurry()

    def hurry(self) -> None:
        """Go on sooner than at the next tick: the reader waits for something."""
        working = any(pane.working for pane in self.panes)
        if self._hurry is None:
            self._hurry = self.set_timer(HURRY_S if working else PATIENT_HURRY_S, self._hurried)

    def _hurry_after_typing(self) -> None:
        """Look on when no letter has come for a moment: what is in sight was looked at with the letter."""
        if self._hurry is not None:
            self._hurry.stop()
        self._hurry = self.set_timer(TYPING_S, self._hurried)

    def _hurried(self) -> None:
        """Look on for what the reader waits for; lines that come can wait for the next tick."""
        self._hurry = None
        for pane in self.panes:
            if pane.is_attached and pane.working:
                self.say(pane.work())
            elif pane.is_attached and pane.hurried:
                self.say(pane.tick())
        if any(pane.hurried for pane in self.panes):
            self.hurry()

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def pane(self) -> LogPane:
        """The log that the keys go to."""
        return next((pane for pane in self.panes if pane.view.has_focus), self.panes[self.active_index])

    def draw(self, board: Board | None) -> None:
        self.draw_time()

    def draw_time(self) -> None:
        for pane in self.panes:
            if pane.is_attached:
                pane.redraw()

    def show_lines(self, board: Board | None) -> None:
        self.header_line.where = (*self.request.where, "logs" if not self.request.job else "console")
        super().show_lines(board)

    def set_ink(self, ink: Ink) -> None:
        super().set_ink(ink)
        for pane in self.panes:
            pane.set_ink(ink)

    @on(DescendantFocus)
    def _focused(self) -> None:
        for index, pane in enumerate(self.panes):
            if pane.view.has_focus:
                self.active_index = index
        self.draw_time()

    @on(LogLineView.Moved)
    def _moved(self, message: LogLineView.Moved) -> None:
        if message.opened:
            self.action_whole()
        self.draw_time()

    # -- how lines look ---------------------------------------------------------------------------------------------

    def _wish(self, **changes: object) -> None:
        self.wish = msgspec.structs.replace(self.wish, **changes)
        for pane in self.panes:
            pane.set_wish(self.wish)
        self.hurry()

    def action_wrap(self) -> None:
        self._wish(wrap=not self.wish.wrap)

    def action_raw(self) -> None:
        self._wish(raw=not self.wish.raw)

    def action_fold(self) -> None:
        self._wish(folded=not self.wish.folded)

    def action_times(self) -> None:
        """Show the next kind of times; that of UTC is left out where the zone is UTC."""
        kinds = [kind for kind in TIMES if kind != "UTC" or str(self.zone) != "UTC"]
        self._wish(times=kinds[(kinds.index(self.wish.times) + 1) % len(kinds)])
        self.say(f"Times: {str(self.zone) if self.wish.times == 'local' else self.wish.times}")

    def action_wide(self) -> None:
        """Leave all of the screen to the text of the lines."""
        self._wish(wide=not self.wish.wide)
        for line in (self.header_line, self.sources_line):
            line.display = not self.wish.wide

    # -- filters ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that begin to type to the line in which one types; a console has no pods to choose from."""
        if action in OF_PODS and self.request.job:
            return False
        typing = action == "find" and isinstance(self.focused, LogInput)
        return not typing and super().check_action(action, parameters)

    def action_find(self, kind: str) -> None:
        """Open the line in which one types what to search, to include or to exclude."""
        found = LogInput(kind, self._take_typed)
        self.mount(found, before=self.footer_line)
        self.refresh_bindings()
        self.set_focus(found)  # at once: the next key may be there already, and it is meant for the line

    def on_input_changed(self, event: "Input.Changed") -> None:
        """Show at once what the text that is being typed would let through; of letters that wait, only the last's."""
        if not isinstance(event.input, LogInput):
            return
        if time.monotonic() - self._typed_s > BURST_S:
            self._show_typed(event.input)
        elif self._typed_later is None:
            self._typed_later = self.set_timer(BURST_S, self._typed_on)
        self._letter_s = self._typed_s = time.monotonic()

    def _typed_on(self) -> None:
        """Show what has been typed when no letter waits any more."""
        self._typed_later = None
        if time.monotonic() - self._typed_s <= BURST_S:
            self._typed_later = self.set_timer(BURST_S, self._typed_on)
            return
        for box in self.query(LogInput):
            self._show_typed(box)

    def _show_typed(self, box: LogInput) -> None:
        pattern, pane = box.pattern, self.pane
        if box.kind == "search":
            pane.search = pattern
            pane.redraw()
        else:
            filters = pane.filters if pattern is None else with_pattern(pane.filters, box)
            pane.set_filters(filters, draft=True)
            self._hurry_after_typing()

    def _take_typed(self, box: LogInput) -> None:
        """Take what was typed: the next key is for what that shows."""
        pane, pattern = self.pane, box.pattern
        if pattern is not None and pattern.problem:
            self.say(f"{pattern.text}: {pattern.problem}.")
        if box.kind == "search":
            pane.search = pattern
            if pattern is not None:
                self.say(pane.seek(pane.feed.shown.finder(pattern), -1, f"/{pattern.words}", here=True))
        else:
            pane.set_filters(pane.filters if pattern is None else with_pattern(pane.filters, box))

    async def on_filter_input_done(self, event: LogInput.Done) -> None:
        if event.box is not self.focused:  # else one types in it again
            await event.box.remove()
        self.refresh_bindings()
        self.hurry()


def with_pattern(filters: Filters, box: LogInput) -> Filters:
    """Return the filters with what was typed."""
    field = "includes" if box.kind == "include" else "excludes"
    before = getattr(filters, field)
    if box.pattern is None or box.pattern in before:
        return filters
    return msgspec.structs.replace(filters, **{field: (*before, box.pattern)})
