"""The detail pane: everything that is known about the cell under the cursor."""

import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from screens.detail_text import CellTold, Scribe
from screens.ink import Ink
from statusdesk import faults
from statusdesk.board import Cell, Row
from statusdesk.board_feed import Feed, FeedError

Place = tuple[str, str]


class DetailPane(VerticalScroll, can_focus=False):
    """Says at once what the board knows, and fills in pods and history when a thread has read them."""

    # Read when the pane is first opened, so that the first paint does not wait for it.
    DEFAULT_CSS = """
    DetailPane {
        height: 45%; padding: 0 1; border-top: solid $panel; background: $background; scrollbar-size-vertical: 1;
        scrollbar-color: $panel; scrollbar-color-hover: $primary; scrollbar-color-active: $primary;
        scrollbar-background: $background; scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        &.-side {
            width: 38%; min-width: 50; max-width: 80; height: 1fr; border-top: none; border-left: solid $panel;
        }
        &.-ascii { scrollbar-size-vertical: 0; border-top: ascii $panel; }
        &.-side.-ascii { border-top: none; border-left: ascii $panel; }
    }
    """

    def __init__(self, ink: Ink, ascii_only: bool, zone: datetime.tzinfo) -> None:
        super().__init__(id="detail")
        self.set_class(ascii_only, "-ascii")
        self.ink, self.ascii, self.zone = ink, ascii_only, zone
        self.place: Place = ("", "")
        self._known = CellTold()
        self._body = Static(id="detail-text", markup=False)
        self._written = ""
        self._shown: tuple[Row | None, Cell | None, str, int] | None = None

    def compose(self) -> ComposeResult:
        yield self._body

    def show_cell(self, row: Row | None, cell: Cell | None, stage: str, now_ms: int) -> None:
        """Draw the cell; what was read for another place is forgotten."""
        self._shown = (row, cell, stage, now_ms)
        place = (row.app, stage) if row is not None else ("", "")
        if place != self.place:
            self.place, self._known = place, CellTold()
            self.scroll_to(y=0, animate=False)
        scribe = Scribe(self.ink, self.ascii, self.zone, now_ms, self.scrollable_content_region.width or 48)
        text = Text("nothing is selected") if row is None else scribe.write(row, cell, stage, self._known)
        if text.markup != self._written:
            self._written = text.markup
            self._body.update(text)

    def on_resize(self) -> None:
        """Wrap the text for the width that it has now: the first is written before there is any."""
        if self._shown is not None:
            self.show_cell(*self._shown)

    @property
    def known(self) -> CellTold:
        """What has been read for the cell that is shown."""
        return self._known

    def take(self, place: Place, known: CellTold) -> None:
        """Take what was read, unless the cursor has moved on."""
        if place == self.place:
            self._known = known


def read_cell(feed: Feed, row: Row, cell: Cell, past_ms: int | None) -> CellTold:
    """Ask the feed for pods and history of the cell's worst rollout; runs on a thread.

    ``past_ms``: the moment that is shown, None for now. Pods are kept as they are now only, so the past has none.
    """
    if not cell.rollouts:
        return CellTold(read=True)

    def before(ms: int) -> bool:
        return past_ms is None or ms < past_ms

    keys = {rollout.key for rollout in cell.rollouts}
    try:
        pods = feed.pods(cell.rollouts[0].key) if past_ms is None else ()
        periods = [period for period in feed.history(row.app) if period.key in keys and before(period.since_ms)]
    except FeedError as error:
        return CellTold(problem=str(error))
    except Exception as error:  # the edge of a thread: a screen that never hears of its end would wait for ever
        return CellTold(problem=faults.told(error))
    return CellTold(pods=tuple(pods), periods=tuple(periods), read=True, past=past_ms is not None)
