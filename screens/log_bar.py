"""The line above a log: whose it is, how it goes, and what the reader has filtered, each to be clicked away."""

from collections.abc import Sequence

import msgspec
from rich.style import Style
from textual.events import Click
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from collectors.log_lines import FollowStatus
from screens.ink import Ink
from screens.linewidget import LineWidget
from screens.log_filter import Filters
from screens.log_names import middle
from screens.log_rows import LEAST_NAME, WIDE_NAMES
from screens.strips import ASCII_DOTS, DOTS, Line, cells, fit, fold
from statusdesk.board import Mark

Chip = tuple[str, Style, str]
"""Words, how they are written, and what a click on them does."""
Spot = tuple[int, int, str]
MOST_CHIP_ROWS = 4
MOST_NOTE_ROWS = 8  # of one sentence: a remedy stands at its end, and has room on the smallest terminal


class BarState(msgspec.Struct, frozen=True, kw_only=True):
    """What the line says. ``new``: lines that came while the view was paused; ``since``: how far back it goes."""

    title: tuple[str, ...] = ()
    names: str = ""
    since: str = ""
    following: bool = True
    new: int = 0
    missed: int = 0
    opening: bool = False
    previous: bool = False
    redacted: bool = True
    failing: str = ""
    widened: bool = False
    filters: Filters = Filters()
    searching: str = ""
    busy: str = ""
    status: FollowStatus = FollowStatus()


class LogBar(LineWidget):
    """One line; what matters most is at the left, and chips are cut last."""

    def __init__(self, ink: Ink, ascii_only: bool, *, id: str) -> None:
        super().__init__(ink, id=id)
        self.ascii = ascii_only
        self.state = BarState()
        self.active = True
        self.below: tuple[Chip, ...] = ()
        """The chips that have no room here."""

    def show(self, state: BarState, *, active: bool) -> None:
        """Say this; ``active``: whether the keys go to this log."""
        if state != self.state or active is not self.active:
            self.state, self.active = state, active
            self.redraw()

    def draw(self, width: int) -> Line:
        line, state, ink = Line(), self.state, self.ink
        chips = self._chips()
        room = width - self._pace_cells() - 2
        # In one line if all that matters has room in it; else chips stand below, and a name is cut as far as it takes.
        one = sum(cells(words) + 2 for words, _, _ in chips) + sum(cells(each) + 1 for each in state.title) <= room
        self.below = () if one else tuple(chips)
        if state.title:
            line.put(f" {self._title(width - 2 if one else room)}", ink.strong if self.active else ink.quiet)
        self._put_pace(line)
        if state.busy:
            chips = [*chips, (state.busy, ink.quiet, "")] if one else [(state.busy, ink.quiet, "")]
        elif not one:
            chips = []
        room = width - line.x - sum(cells(words) + 3 for words, _, _ in chips)
        for words in (state.names, state.since):
            if words and cells(words) + 3 < room:
                line.put(f"  {words}", ink.quiet)
                room -= cells(words) + 3
        put_chips(line, chips, width, self, self.spots)
        hint = f"a: only {state.failing}" if state.widened else "a: all pods"
        if state.failing and line.x + cells(hint) + 3 < width:
            start = line.put("  ", ink.plain).x
            line.put(hint, ink.quiet)
            self.spots.append((start, line.x, "screen.widen"))
        return line

    @property
    def dots(self) -> str:
        return ASCII_DOTS if self.ascii else DOTS

    def _title(self, room: int) -> str:
        """Return which log this is; a pod's name without its middle where there is no room for all of it."""
        pod, *rest = self.state.title
        left = room - sum(cells(each) + 1 for each in rest)
        if rest and left < LEAST_NAME:
            rest[0] = middle(rest[0], max(LEAST_NAME, cells(rest[0]) + left - LEAST_NAME), self.dots)
        return " ".join([middle(pod, max(LEAST_NAME, left), self.dots), *rest])

    def _pace_cells(self) -> int:
        line, spots = Line(), len(self.spots)
        self._put_pace(line)
        del self.spots[spots:]
        return line.x

    def _put_pace(self, line: Line) -> None:
        """Append whether it follows, what has come meanwhile, and what is missing."""
        state, ink = self.state, self.ink
        line.put("  " if line.x else " ", ink.plain)
        start = line.x
        if state.opening:
            line.put("opening", ink.quiet)
        elif not state.following:
            line.put(" PAUSED ", ink.past).put(f" +{state.new:,} new", ink.plain)
            self.spots.append((start, line.x, "screen.follow"))
        elif state.status.ended:
            line.put("ended", ink.quiet)
        elif state.status.problems and not state.status.open:
            line.put("cannot read", ink.words[Mark.WARNING])
        else:
            line.put("following", ink.good)
        skipped = state.status.skipped + state.missed
        if skipped:
            flag = "!" if self.ascii else "\u2691"
            line.put(f"  {flag} {skipped:,} skipped", ink.words[Mark.WARNING])
        if state.status.waiting:
            line.put(f"  {state.status.waiting} waiting", ink.quiet)

    def _chips(self) -> list[Chip]:
        state, ink, filters = self.state, self.ink, self.state.filters
        cross = "x" if self.ascii else "\u2715"
        found: list[Chip] = []
        if state.previous:
            found.append(("previous run", ink.words[Mark.WARNING], "screen.previous"))
        if state.failing and not state.widened:
            found.append((f"failing: {state.failing} {cross}", ink.words[Mark.FAILING], "screen.widen"))
        if not state.redacted:
            found.append((" SECRETS SHOWN ", ink.alarm, "screen.redact"))
        if filters.grave:
            found.append((f"not well {cross}", ink.key, "screen.only_bad"))
        for index, pattern in enumerate(filters.includes):
            found.append((f"include: {pattern.words} {cross}", ink.key, f"screen.drop('include', {index})"))
        for index, pattern in enumerate(filters.excludes):
            found.append((f"exclude: {pattern.words} {cross}", ink.key, f"screen.drop('exclude', {index})"))
        if filters.pod or filters.container:
            only = middle(filters.container or filters.names[0], WIDE_NAMES, self.dots)
            found.append((f"only {only} {cross}", ink.key, "screen.everything"))
        if state.searching:
            found.append((f"/{state.searching}", ink.past, ""))
        return found


class LogChips(Widget):
    """Lines below for what the reader has chosen and filtered, where the first line has no room for it."""

    DEFAULT_CSS = "LogChips { height: auto; }"
    ALLOW_SELECT = False

    def __init__(self, ink: Ink, ascii_only: bool, *, id: str) -> None:
        super().__init__(id=id)
        self.ink, self.ascii = ink, ascii_only
        self.display = False
        self._chips: tuple[Chip, ...] = ()

    def show(self, chips: tuple[Chip, ...]) -> None:
        """Show these; none, and it is not there."""
        if chips != self._chips:
            self._chips, self.display = chips, bool(chips)
            self.refresh(layout=True)

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self.refresh()

    def _rows(self, width: int) -> list[list[Chip]]:
        """Return the chips in rows, as many of them in each as there is room for."""
        rows, room = list[list[Chip]](), 0
        for chip in self._chips:
            size = cells(chip[0]) + 2
            if size > room:
                rows.append([])
                room = width
            rows[-1].append(chip)
            room -= size
        return rows[:MOST_CHIP_ROWS]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows(width))

    def _line(self, y: int, spots: list[Spot]) -> Line:
        line, rows = Line(), self._rows(self.size.width)
        if y < len(rows):
            put_chips(line, rows[y], self.size.width, self, spots)
        return line

    def render_line(self, y: int) -> Strip:
        return self._line(y, []).strip(self.size.width, self.ink.plain)

    async def on_click(self, event: Click) -> None:
        spots = list[Spot]()
        self._line(event.y, spots)
        for start, end, action in spots:
            if start <= event.x < end:
                await self.run_action(action)


def put_chips(line: Line, chips: Sequence[Chip], width: int, widget: LogBar | LogChips, spots: list[Spot]) -> None:
    """Append chips as far as there is room; the last one is cut."""
    for words, style, action in chips:
        left = width - line.x - 2
        if left < 6:
            break
        start = line.put("  " if line.x else " ", widget.ink.plain).x
        line.put(fit(words, min(cells(words), left), ASCII_DOTS if widget.ascii else DOTS), style)
        if action:
            spots.append((start, line.x, action))


class LogNote(Widget):
    """What keeps lines from coming and where some are missing, as far as anything does; not there otherwise."""

    DEFAULT_CSS = "LogNote { height: auto; }"
    ALLOW_SELECT = False

    def __init__(self, ink: Ink, ascii_only: bool, *, id: str) -> None:
        super().__init__(id=id)
        self.ink, self.ascii = ink, ascii_only
        self.display = False
        self._told: tuple[str, ...] = ()

    def show(self, status: FollowStatus, *more: str) -> None:
        """Tell the first problem, else what is waited for; and what is to be said, as where lines are missing."""
        kept = [*status.problems, *(f"waiting for {what}" for what in status.waiting_for)]
        others = f"  (and {len(kept) - 1} more)" if len(kept) > 1 else ""
        told = tuple(words for words in (kept[0] + others if kept else "", *more) if words)
        if told != self._told:
            self._told, self.display = told, bool(told)
            self.refresh(layout=True)

    def set_ink(self, ink: Ink) -> None:
        self.ink = ink
        self.refresh()

    def _rows(self, width: int) -> list[str]:
        dots = ASCII_DOTS if self.ascii else DOTS
        return [row for words in self._told for row in fold(words, width - 2, MOST_NOTE_ROWS, dots)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        width, rows = self.size.width, self._rows(self.size.width)
        row = Line().put(f" {rows[y]}" if y < len(rows) else "", self.ink.words[Mark.WARNING])
        return row.strip(width, self.ink.plain)
